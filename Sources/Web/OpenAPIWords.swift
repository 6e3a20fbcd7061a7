import Domain
import Ingest
import Storage

private let text: JSONText = ["type": "string"]
private let whole: JSONText = ["type": "integer"]
private let day: JSONText = ["type": "string", "format": "date"]
private let callTexts: JSONText = ["type": "object", "additionalProperties": text]
private func maybe(_ type: String) -> JSONText { ["type": [.text(type), "null"]] }
private func list(_ items: JSONText) -> JSONText { ["type": "array", "items": items] }

private func object(_ fields: [(String, JSONText)]) -> JSONText { fieldSchema(fields) }

/// Fields that may be missing or null end in `?`.
func fieldSchema(_ fields: [(String, JSONText)]) -> JSONText {
    let names = fields.map(\.0)
    return [
        "type": "object",
        "required": .list(names.filter { !$0.hasSuffix("?") }.map { .text($0) }),
        "properties": .object(
            Dictionary(fields.map { ($0.0.hasSuffix("?") ? String($0.0.dropLast()) : $0.0, $0.1) }) { $1 }),
    ]
}

let officeParameter: (name: String, about: String, schema: JSONText) = (
    "office", "An office's identity or name, or all; without it the own. For who may see other offices.", text
)

/// Query items of figures; each filter may be repeated.
private let figureParameters: [(name: String, about: String, schema: JSONText)] =
    [
        ("from", "First business day; without a period the last one that has calls.", day),
        ("to", "Last business day.", day),
        (
            "p", "A period by name, in place of from and to.",
            ["type": "string", "enum": .list(ReportQuery.presets.map { .text($0.key) })]
        ),
    ]
    + ["agent", "leader", "manager"].map { ($0, "Identity or name; - for nobody. May be repeated.", text) }
    + ["group", "employment", "source"].map { ($0, "May be repeated.", text) }
    + ["campaign", "state", "type"].map { ($0, "- for the blank. May be repeated.", text) }
    + [
        (
            "weekday", "May be repeated.",
            ["type": "string", "enum": .list(ReportQuery.weekdayKeys.map { .text($0) })]
        ),
        ("hour", "Hour of the clock. May be repeated.", ["type": "integer", "minimum": 0, "maximum": 23]),
        (
            "counting", "Only the calls that a figure counts.",
            ["type": "string", "enum": .list(Counting.allCases.map { .text($0.rawValue) })]
        ),
        officeParameter,
    ]

private let teamParameters: [(name: String, about: String, schema: JSONText)] = [
    (
        "teams",
        "Everybody's team of one day on all days: today, or a day. Without it the team on each call's day.",
        text
    ),
    ("as-known", "The team on each call's day, as it was known at the end of this day; not with teams.", day),
]

private let reportRow: [(String, JSONText)] =
    Metric.all.map { metric in
        ("\(metric.key)?", maybe(metric.isWhole ? "integer" : "number"))
    } + [("rank?", maybe("integer"))]

private let personFields: [(String, JSONText)] = [
    ("id", text), ("name", text), ("designation?", text), ("employment?", text), ("status?", text),
    ("group?", text), ("rank?", text), ("hasLeft?", ["type": "boolean"]), ("leader?", text),
    ("leaderId?", text), ("manager?", text), ("managerId?", text),
]

let apiWords: [String: APIWords] = [
    "GET \(Paths.performanceAPI)": APIWords(
        summary: "The performance report",
        parameters: figureParameters + teamParameters + [
            (
                "by",
                "What to divide by; several nest, with commas: "
                    + By.allCases.map(\.rawValue).joined(separator: ", ") + ".", text
            ),
            ("sort", "key, rank or a column; a leading - is descending.", text),
        ],
        answer: object([
            ("columns", list(text)), ("from", day), ("to", day), ("by", list(text)),
            ("teams?", text), ("offices?", text),
            (
                "rows",
                list(object([("key", ["oneOf": [text, list(text)]])] + reportRow))
            ),
            ("total", object(reportRow)), ("elsewhere?", whole),
            ("outcomeMappings", ["type": "object", "additionalProperties": whole]),
        ])),
    "GET \(Paths.agentsAPI)": APIWords(
        summary: "Agents, with what they did in a period (28 days where none is given)",
        parameters: figureParameters + teamParameters + [("q", "Part of a name.", text)],
        answer: object([
            ("from", day), ("to", day), ("teams?", text),
            (
                "agents",
                list(
                    object([
                        ("id", text), ("name", text), ("alsoNamed", list(text)), ("office?", text),
                        ("designation", text),
                        ("employment", text), ("status", text), ("group", text), ("leader?", text),
                        ("manager?", text), ("logs", whole), ("contacts", whole), ("successes", whole),
                    ]))
            ),
        ])),
    "GET \(Paths.callsAPI)": APIWords(
        summary: "Calls that count, latest day first",
        parameters: figureParameters + [
            ("offset", "Calls to leave out.", ["type": "integer", "minimum": 0]),
            (
                "limit", "At most so many; 100 where none is given.",
                ["type": "integer", "minimum": 1, "maximum": 1000]
            ),
        ],
        answer: object([
            ("total", whole), ("offset", whole),
            (
                "calls",
                list(
                    object([
                        ("call", text), ("day", day), ("time", text), ("agent", text), ("agentId", text),
                        ("nameInFile", text), ("type", text), ("state", text), ("campaign", text),
                        ("originalCampaign", text), ("callType", text), ("profile?", text), ("talk?", whole),
                        ("wait?", whole), ("source", text), ("file", text), ("version", whole),
                        ("line", whole),
                    ]))
            ),
        ])),
    "GET \(Paths.apiFiles)": APIWords(
        summary: "Files, latest upload first",
        parameters: [
            ("q", "Part of a file's name, its source's or who uploaded it.", text),
            ("from", "Files with calls from this day on.", day),
            ("to", "Files with calls up to this day.", day), ("offset", "Files to leave out.", whole),
            officeParameter,
        ],
        answer: object([
            ("total", whole),
            (
                "files",
                list(
                    object([
                        ("file", text), ("name", text), ("source", text), ("office?", text),
                        ("version", whole),
                        ("rows", whole), ("accepted", whole), ("duplicate", whole), ("changed", whole),
                        ("rejected", whole),
                        ("blank", whole), ("agents", whole), ("from?", day), ("to?", day),
                        ("uploaded", whole),
                        ("by", text), ("state", text),
                    ]))
            ),
        ])),
    "GET \(Paths.fileLinesAPI(":id", ":version"))": APIWords(
        summary: "Lines of a version as it was uploaded, each with its fate; id is the file's",
        parameters: [
            (
                "fate", "Only lines with this fate; not-accepted: rejected, duplicate and changed ones.",
                ["type": "string", "enum": .list(FileLineQuery.Filter.allCases.map { .text($0.rawValue) })]
            ),
            ("from", "The first line that is wanted.", ["type": "integer", "minimum": 1]),
            (
                "limit",
                "So many lines of the file, or, with a fate, so many of that; 100 where none is given.",
                ["type": "integer", "minimum": 1, "maximum": 1000]
            ),
        ],
        answer: object([
            ("previous?", whole), ("next?", whole),
            (
                "lines",
                list(
                    object([
                        ("line", whole), ("lastLine", whole),
                        (
                            "fate",
                            ["type": "string", "enum": .list(LineFate.allCases.map { .text($0.rawValue) })]
                        ),
                        ("other?", whole), ("reason?", text), ("call?", text),
                        ("counts?", ["type": "boolean"]), ("text", text),
                    ]))
            ),
        ])),
    "GET \(Paths.fileDifferenceAPI(":id"))": APIWords(
        summary: "Calls that two versions of a file do not share, compared by their ids",
        parameters: [
            ("from", "The version before; the one before “to” where none is given.", whole),
            ("to", "The version after; the latest where none is given.", whole),
            (
                "kind", "Which calls to list; the first kind that there are any of where none is given.",
                ["type": "string", "enum": .list(FileDifferenceKind.allCases.map { .text($0.rawValue) })]
            ),
            ("offset", "Calls to leave out.", whole),
            (
                "limit", "At most so many calls; 100 where none is given.",
                ["type": "integer", "minimum": 1, "maximum": 1000]
            ),
        ],
        answer: object([
            ("file", text), ("from", whole), ("to", whole), ("new", whole), ("changed", whole),
            ("gone", whole), ("same", whole), ("kind", text), ("offset", whole),
            (
                "calls",
                list(
                    object([
                        ("call", text), ("lineBefore?", whole), ("lineAfter?", whole), ("before?", callTexts),
                        ("after?", callTexts),
                        (
                            "changes?",
                            list(object([("field", text), ("before?", text), ("after?", text)]))
                        ),
                    ]))
            ),
        ])),
    "GET \(Paths.fileDaysAPI)": APIWords(
        summary: "The days of a month by source, with the files that have calls of them",
        parameters: [
            ("month", "2026-11 for example; that of the last day with calls where none is given.", text),
            officeParameter,
        ],
        answer: object([
            ("month", text),
            (
                "days",
                list(
                    object([
                        ("day", day), ("source", text), ("calls", whole), ("usual?", whole),
                        (
                            "state",
                            [
                                "type": "string",
                                "enum": .list(UploadState.allCases.map { .text($0.rawValue) }),
                            ]
                        ),
                        (
                            "files",
                            list(
                                object([
                                    ("file", text), ("name", text), ("version", whole), ("rows", whole),
                                    ("counted", whole), ("agents", whole),
                                ]))
                        ),
                    ]))
            ),
        ])),
    "GET \(Paths.versionDaysAPI(":id", ":version"))": APIWords(
        summary: "The days of a version: rows, those that count, agents; id is the file's",
        answer: object([
            (
                "days",
                list(object([("day", day), ("rows", whole), ("counted", whole), ("agents", whole)]))
            )
        ])),
    "GET \(Paths.rejectedLinesAPI)": APIWords(
        summary: "Rejected lines of all files that hold a text",
        parameters: [
            ("q", "Part of a line; the marks of a phone number make no difference.", text), officeParameter,
            ("offset", "Lines to leave out.", whole),
            (
                "limit", "At most so many; 100 where none is given.",
                ["type": "integer", "minimum": 1, "maximum": 1000]
            ),
        ],
        answer: object([
            ("total", whole), ("offset", whole), ("searched", whole), ("notSearched", whole),
            (
                "lines",
                list(
                    object([
                        ("file", text), ("name", text), ("source", text), ("version", whole), ("line", whole),
                        ("reason", text), ("text", text),
                    ]))
            ),
        ])),
    "POST \(Paths.apiFiles)": APIWords(
        summary: "Upload a file; it is taken in while the answer names the import",
        parameters: [
            ("name", "The file's name.", text),
            (
                "date_order", "For dates that can be read both ways.",
                ["type": "string", "enum": ["ymd", "mdy", "dmy"]]
            ),
            ("source", "Name or identity of a source, where the header does not tell.", text),
            (
                "column.state",
                "The heading of the state, where it is another than usual; so for each role of a column.",
                text
            ),
        ],
        body: ("text/csv", ["type": "string", "format": "binary"]), status: 202,
        answer: object([("import", text), ("href", text)])),
    "GET \(Paths.apiImport(":id"))": APIWords(
        summary: "How far an import is",
        answer: object([
            (
                "state",
                [
                    "type": "string",
                    "enum": ["queued", "reading", "saving", "question", "done", "refused", "cancelled"],
                ]
            ),
            ("rowsDone", whole), ("rowsEstimated", whole), ("rowsPerSecond", whole), ("secondsLeft?", whole),
            ("text", text), ("href?", text), ("result?", ["type": "object"]),
            (
                "error?",
                // `href`: the version that holds the same bytes.
                object([("code", text), ("message", text), ("advice", text), ("href?", text)])
            ),
        ])),
    "GET \(Paths.namesAPI)": APIWords(
        summary: "Names as dialers write them, and whose they are from which day on",
        parameters: [
            ("q", "Part of a name, or of what one of its persons is called.", text), officeParameter,
        ],
        answer: object([
            (
                "names",
                list(
                    object([
                        ("office", text), ("name", text), ("isUnmatched", ["type": "boolean"]),
                        ("links", list(object([("person", text), ("name", text), ("from?", day)]))),
                    ]))
            )
        ])),
    "GET \(Paths.peopleAPI)": APIWords(
        summary: "Everybody within reach and whom he reports to, on a day",
        parameters: [
            ("on", "The day; today where none is given.", day),
            ("known", "As it was known at the end of this day; now where none is given.", day),
            ("q", "Part of a name.", text), officeParameter,
        ], answer: object([("on", day), ("people", list(object(personFields)))])),
    "GET \(Paths.personAPI(":id"))": APIWords(
        summary: "One person with all steps within reach",
        parameters: [
            ("on", "The day; today where none is given.", day),
            ("known", "As it was known at the end of this day; now where none is given.", day),
        ],
        answer: object(
            personFields + [
                ("names", list(text)),
                (
                    "timeline",
                    list(
                        object([
                            ("from", day), ("until?", day), ("changes", list(text)), ("text", text),
                            ("by?", text), ("reason?", text),
                        ]))
                ),
            ])),
    "GET \(Paths.requestsAPI)": APIWords(
        summary: "Requests to remove, transfer or swap agents; those that wait for the caller first",
        parameters: [
            (
                "state", "Only those in this state.",
                requestState
            ),
            ("open", "1: only those that somebody can still decide.", ["type": "string", "enum": ["1"]]),
            officeParameter,
        ], answer: object([("today", day), ("requests", list(object(requestFields)))])),
    "GET \(Paths.requestAPI(":id"))": APIWords(
        summary: "One request with all its steps", answer: object(requestFields)),
    "POST \(Paths.requestsAPI)": APIWords(
        summary: "Open a request; a form with the same fields is taken, too",
        body: (
            "application/json",
            object([
                ("kind", requestKind), ("agent", text), ("otherAgent?", maybe("string")),
                ("to?", maybe("string")), ("manager?", maybe("string")), ("effective", day), ("reason", text),
            ])
        ), status: 201, answer: object([("request", text), ("href", text)])),
    "POST \(Paths.requestStepAPI(":id", ":action"))": APIWords(
        summary: "Take a step: " + RequestAction.allCases.map(\.rawValue).joined(separator: ", ")
            + ". Which of them the caller may take, the request says",
        body: (
            "application/json",
            object([("comment?", maybe("string")), ("actingFor?", maybe("string"))])
        ), answer: object([("request", text), ("href", text), ("state?", requestState)])),
].merging(deletionWords) { first, _ in first }.merging(backupWords) { first, _ in first }
    .merging(officeWords) { first, _ in first }
    .merging(exchangeAPIWords) { first, _ in first }

private let requestKind: JSONText = [
    "type": "string", "enum": .list(TransferRequest.Kind.allCases.map { .text($0.rawValue) }),
]
private let requestState: JSONText = [
    "type": "string", "enum": .list(TransferRequest.State.allCases.map { .text($0.rawValue) }),
]
private let namedPerson = object([("id", text), ("name", text)])
private let requestSeat = object([("leader?", namedPerson), ("manager?", namedPerson)])
private let requestFields: [(String, JSONText)] = [
    ("id", text), ("kind", requestKind), ("agent", namedPerson), ("otherAgent?", namedPerson),
    ("from", requestSeat), ("to", requestSeat), ("effective", day), ("reason", text), ("by", text),
    ("actingFor?", namedPerson), ("opened", text), ("expires?", text), ("state", requestState),
    ("staleness?", text), ("waitingFor", list(namedPerson)), ("actions", list(text)),
    (
        "steps",
        list(
            object([
                ("action", text), ("by", text), ("actingFor?", namedPerson),
                ("override", ["type": "boolean"]),
                ("comment", text), ("at", text),
            ]))
    ),
]

/// What every error looks like.
let failureSchema = object([
    ("error", object([("code", text), ("message", text), ("advice", text), ("href?", text)]))
])
