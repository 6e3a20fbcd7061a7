import Domain
import Storage

private let text: JSONText = ["type": "string"]
private let whole: JSONText = ["type": "integer"]
private let yes: JSONText = ["type": "boolean"]
private func list(_ items: JSONText) -> JSONText { ["type": "array", "items": items] }
private func object(_ fields: [(String, JSONText)]) -> JSONText { fieldSchema(fields) }

private let choice: JSONText = [
    "type": "string", "enum": .list(ConflictChoice.allCases.map { .text($0.rawValue) }),
]
private let side = object([
    ("entry", text), ("kind", text), ("office", text), ("by", text), ("at", text), ("text", text),
])
private let conflict = object([
    ("id", text), ("open", yes), ("about", text), ("register", text), ("stands?", side), ("lost", side),
    ("why", text), ("consequence?", text), ("canTakeOther", yes),
    ("decision?", object([("choice", choice), ("comment", text), ("by", text), ("at", text)])),
])

/// The words of the API of other offices.
let officeWords: [String: APIWords] = [
    "GET \(Paths.officesAPI)": APIWords(
        summary:
            "This office with its check words, and the others with what each last sent; the same stateHash means that both hold the same",
        answer: object([
            (
                "own",
                object([
                    ("id", text), ("name", text), ("entries", whole), ("calls", whole), ("stateHash", text),
                    ("checkWords", list(text)), ("keyWords", list(text)), ("forked", yes),
                ])
            ),
            (
                "offices",
                list(
                    object([
                        ("id", text), ("name", text),
                        ("trust", ["type": "string", "enum": ["paired", "revoked", "unknown"]]),
                        ("heard?", text), ("made?", text), ("sent?", text), ("entries", whole),
                        ("heldUntil?", text), ("gaps", whole), ("clockSkew?", whole), ("release?", text),
                        ("stateHash?", text),
                        ("openConflicts", whole), ("forked", yes),
                    ]))
            ),
        ])),
    "GET \(Paths.snapshotsAPI)": APIWords(
        summary: "Snapshots taken in, written and refused, and pairings, newest first",
        parameters: [
            ("offset", "Entries to leave out.", whole), ("limit", "At most so many; 50, up to 500.", whole),
        ],
        answer: object([
            ("total", whole),
            (
                "snapshots",
                list(
                    object([
                        ("id", text), ("kind", text), ("at", text), ("by", text), ("text", text),
                        ("canBeUndone", yes),
                    ]))
            ),
        ])),
    "GET \(Paths.conflictsAPI)": APIWords(
        summary: "What offices did without knowing of each other; open ones first",
        parameters: [
            (
                "state", "Only these; all where none is given.",
                ["type": "string", "enum": ["open", "decided"]]
            ),
            ("limit", "At most so many; 200, up to 1000.", whole),
        ], answer: object([("open", whole), ("conflicts", list(conflict))])),
    "POST \(Paths.conflictDecideAPI(":id"))": APIWords(
        summary:
            "Decide a conflict: keep what stands, do the other after all (where canTakeOther), or reopen it",
        body: (
            "application/json", object([("choice", choice), ("comment?", ["type": ["string", "null"]])])
        ),
        answer: conflict),
]
