import Domain
import Storage

private let text: JSONText = ["type": "string"]
private let whole: JSONText = ["type": "integer"]
private let day: JSONText = ["type": "string", "format": "date"]
private func maybe(_ type: String) -> JSONText { ["type": [.text(type), "null"]] }
private func list(_ items: JSONText) -> JSONText { ["type": "array", "items": items] }
private func object(_ fields: [(String, JSONText)]) -> JSONText { fieldSchema(fields) }

private let deleteState: JSONText = [
    "type": "string", "enum": .list(DeleteRequest.State.allCases.map { .text($0.rawValue) }),
]
private let deleteTarget = object([
    ("file", text), ("name", text), ("version", whole), ("days?", list(day)),
])
private let deleteTotals = object([
    ("logs", whole), ("contacts?", whole), ("successes?", whole), ("talk?", whole), ("active?", whole),
])
private let deleteShare = object([("id?", text), ("name", text), ("before", whole), ("after", whole)])
private let deletePreview = object([
    ("narrowed", ["type": "boolean"]), ("rows?", whole), ("gone", whole), ("stays?", whole),
    ("returns?", whole), ("from?", day), ("to?", day), ("days", whole), ("before", deleteTotals),
    ("after", deleteTotals), ("agents", list(deleteShare)), ("teams", list(deleteShare)),
    (
        "holders?",
        list(object([("file", text), ("name", text), ("version", whole), ("calls", whole)]))
    ), ("digest?", text),
])
private let deleteRequest = object([
    ("id", text), ("kind", text), ("state", deleteState), ("outOfDate", ["type": "boolean"]),
    ("targets", list(deleteTarget)), ("reason", text), ("by", text), ("opened", text), ("expires?", text),
    ("singleAdmin", ["type": "boolean"]), ("singleAdminFrom?", text), ("awaitsYou", ["type": "boolean"]),
    ("actions", list(text)), ("holds", list(text)), ("preview", deletePreview),
    ("steps", list(object([("action", text), ("by", text), ("comment", text), ("at", text)]))),
    ("deleted?", text), ("trashUntil?", text), ("purged?", text), ("certificate?", ["type": "object"]),
])
private let deleteHoldFields: [(String, JSONText)] = [
    ("file?", text), ("person?", text), ("from?", day), ("to?", day), ("reason", text), ("until?", day),
]
private let deleteHold = object(
    [("id", text), ("fileName?", text), ("personName?", text), ("holds", ["type": "boolean"])]
        + deleteHoldFields)

private func deleteStepWords(_ summary: String) -> APIWords {
    APIWords(
        summary: summary,
        body: (
            "application/json", object([("comment?", maybe("string")), ("typedName?", maybe("string"))])
        ), answer: object([("request", text), ("href", text), ("state", deleteState)]))
}

/// The words of the API of deletions and holds.
let deletionWords: [String: APIWords] = [
    "GET \(Paths.apiDeletions)": APIWords(
        summary: "Delete requests; those that wait for the caller first",
        parameters: [
            (
                "state", "Only those that are open, or in the trash; all where none is given.",
                ["type": "string", "enum": .list(DeleteQuery.Part.allCases.map { .text($0.rawValue) })]
            ),
            ("offset", "Requests to leave out.", whole), ("limit", "At most so many; 50, up to 500.", whole),
            officeParameter,
        ], answer: object([("total", whole), ("requests", list(deleteRequest))])),
    "POST \(Paths.apiDeletions)": APIWords(
        summary:
            "Ask for a deletion: of a version, of every version, or of days; dryRun (answered with 200) only says what it would do",
        body: (
            "application/json",
            object([
                ("file", text), ("version?", maybe("integer")), ("days?", list(day)),
                ("reason?", maybe("string")), ("dryRun?", ["type": "boolean"]),
            ])
        ), status: 201,
        answer: object([
            ("request?", text), ("href?", text), ("kind", text), ("targets", list(deleteTarget)),
            ("preview", deletePreview),
        ])),
    "GET \(Paths.apiDeletion(":id"))": APIWords(
        summary: "One delete request with its frozen preview and all its steps", answer: deleteRequest),
    "POST \(Paths.apiDeletionStep(":id", "approve"))": deleteStepWords(
        "Approve it as an admin who did not ask for it: its calls leave every figure"),
    "POST \(Paths.apiDeletionStep(":id", "reject"))": deleteStepWords("Reject it, with a comment"),
    "POST \(Paths.apiDeletionStep(":id", "withdraw"))": deleteStepWords("Withdraw one's own"),
    "POST \(Paths.apiDeletionStep(":id", "restore"))": deleteStepWords(
        "Bring it back out of the trash, with a comment"),
    "POST \(Paths.apiDeletionStep(":id", "comment"))": deleteStepWords("Comment on it"),
    "POST \(Paths.apiDeletionStep(":id", "purge"))": deleteStepWords(
        "Erase it for good before its time, with a comment"),
    "GET \(Paths.apiHolds)": APIWords(
        summary: "What must not be deleted", parameters: [officeParameter],
        answer: object([("holds", list(deleteHold))])),
    "POST \(Paths.apiHolds)": APIWords(
        summary: "Set a hold on a file, days, an agent, or all three at once; what is left out is any",
        body: ("application/json", object(deleteHoldFields)), status: 201, answer: deleteHold),
    "POST \(Paths.apiHoldLift(":id"))": APIWords(
        summary: "Lift a hold, with a comment",
        body: ("application/json", object([("comment", text)])), answer: object([("lifted", text)])),
]
