import Domain
import Storage

private let text: JSONText = ["type": "string"]
private let whole: JSONText = ["type": "integer"]
private func maybe(_ type: String) -> JSONText { ["type": [.text(type), "null"]] }
private func list(_ items: JSONText) -> JSONText { ["type": "array", "items": items] }
private func object(_ fields: [(String, JSONText)]) -> JSONText { fieldSchema(fields) }

private let head = object([("office", text), ("incarnation", whole), ("seq", whole), ("hash", text)])
private let upload = object([
    ("state", ["type": "string", "enum": ["receiving", "taking", "taken", "refused"]]), ("offset", whole),
    ("entries?", maybe("integer")), ("message?", maybe("string")), ("advice?", maybe("string")),
])

/// The words of the exchange between two offices' programs; a token of a person's account opens none of it.
let exchangeAPIWords: [String: APIWords] = [
    "GET \(Paths.exchangeAPI)": APIWords(
        summary: "Who the office is, and the last entry of every chain that it holds, and hands on",
        answer: object([
            ("office", text), ("name", text), ("incarnation", whole), ("key", text), ("program", text),
            ("now", whole), ("held", list(head)), ("given", list(head)), ("leftOut?", list(text)),
            (
                "forks?",
                list(object([("office", text), ("incarnation", whole), ("isSettled", ["type": "boolean"])]))
            ),
        ])),
    "POST \(Paths.exchangeDownloadsAPI)": APIWords(
        summary:
            "Makes a snapshot of what a reader lacks who holds these; it is kept for an hour after it was fetched last",
        body: ("application/json", object([("heads", list(head))])),
        answer: object([("digest", text), ("bytes", whole)])),
    "GET \(Paths.exchangeDownloadAPI(":digest"))": APIWords(
        summary: "The snapshot's bytes; Range: bytes=N- goes on after N bytes",
        answer: ["type": "string", "contentMediaType": "application/octet-stream"]),
    "GET \(Paths.exchangeUploadAPI(":digest"))": APIWords(
        summary: "How much of a snapshot with this SHA-256 is here, and what became of it", answer: upload),
    "PUT \(Paths.exchangeUploadAPI(":digest"))": APIWords(
        summary: "Appends to a snapshot; once it is whole, it is taken in",
        parameters: [
            ("offset", "How many bytes are here already.", whole),
            ("bytes", "How many there are in all.", whole),
        ],
        body: (
            "application/octet-stream", ["type": "string", "contentMediaType": "application/octet-stream"]
        ),
        answer: upload),
]
