import Domain
import Hummingbird

/// JSON that is written here by hand.
indirect enum JSONText: Encodable, Sendable, ExpressibleByStringLiteral, ExpressibleByDictionaryLiteral,
    ExpressibleByArrayLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral
{
    case text(String)
    case number(Int)
    case yes(Bool)
    case list([JSONText])
    case object([String: JSONText])

    init(stringLiteral value: String) { self = .text(value) }
    init(integerLiteral value: Int) { self = .number(value) }
    init(booleanLiteral value: Bool) { self = .yes(value) }
    init(arrayLiteral elements: JSONText...) { self = .list(elements) }
    init(dictionaryLiteral elements: (String, JSONText)...) {
        self = .object(Dictionary(elements) { _, last in last })
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .text(let value): try container.encode(value)
        case .number(let value): try container.encode(value)
        case .yes(let value): try container.encode(value)
        case .list(let values): try container.encode(values)
        case .object(let fields): try container.encode(fields)
        }
    }
}

/// One route of the API in words; `openAPIDocument` joins it with the route's own line in the site's table.
struct APIWords: Sendable {
    var summary: String
    var parameters: [(name: String, about: String, schema: JSONText)] = []
    /// The media type and schema of what is sent.
    var body: (type: String, schema: JSONText)?
    var status = 200
    var answer: JSONText
}

/// The OpenAPI 3.1 document of every `/api/v1` route, made from the site's table.
///
/// - Parameter version: the release.
func openAPIDocument(_ routes: [Route], words: [String: APIWords] = apiWords, version: String) -> JSONText {
    var paths: [String: [String: JSONText]] = [:]
    for route in routes where route.path.hasPrefix("/api/v1/") {
        guard let operation = words["\(route.method.rawValue) \(route.path)"] else { continue }
        let parts = route.path.split(separator: "/").map {
            $0.hasPrefix(":") ? "{\($0.dropFirst())}" : String($0)
        }
        let inPath = route.path.split(separator: "/").filter { $0.hasPrefix(":") }.map { part -> JSONText in
            [
                "name": .text(String(part.dropFirst())), "in": "path", "required": true,
                "schema": ["type": "string"],
            ]
        }
        let inQuery = operation.parameters.map { name, about, schema -> JSONText in
            ["name": .text(name), "in": "query", "description": .text(about), "schema": schema]
        }
        let failure: JSONText = ["$ref": "#/components/responses/Failure"]
        var described: [String: JSONText] = [
            "summary": .text(operation.summary), "parameters": .list(inPath + inQuery),
            "responses": .object([
                String(operation.status): [
                    "description": "Done", "content": ["application/json": ["schema": operation.answer]],
                ],
                "400": failure, "401": failure, "404": failure, "429": failure,
            ]),
        ]
        if case .needs(let permission) = route.access {
            described["description"] = .text("Needs: \(permission.title.lowercased()).")
        }
        if let body = operation.body {
            described["requestBody"] = [
                "required": true, "content": .object([body.type: ["schema": body.schema]]),
            ]
        }
        paths["/" + parts.joined(separator: "/"), default: [:]][route.method.rawValue.lowercased()] =
            .object(described)
    }
    return [
        "openapi": "3.1.0",
        "info": [
            "title": "Rollcall", "version": .text(version),
            "description":
                "The same figures as the pages, with the same permissions. Out of one's reach is 404.",
        ],
        "servers": [["url": "/"]],
        "security": [["token": []]],
        "paths": .object(paths.mapValues { .object($0) }),
        "components": [
            "securitySchemes": [
                "token": [
                    "type": "http", "scheme": "bearer",
                    "description": "Made on the page of one's own account.",
                ]
            ],
            "responses": [
                "Failure": [
                    "description": "What happened, and what to do",
                    "content": [
                        "application/json": [
                            "schema": object([
                                ("error", object([("code", text), ("message", text), ("advice", text)]))
                            ])
                        ]
                    ],
                ]
            ],
        ],
    ]
}

private let text: JSONText = ["type": "string"]
private let whole: JSONText = ["type": "integer"]
private let day: JSONText = ["type": "string", "format": "date"]
private func maybe(_ type: String) -> JSONText { ["type": [.text(type), "null"]] }
private func list(_ items: JSONText) -> JSONText { ["type": "array", "items": items] }

/// Fields that may be missing or null end in `?`.
private func object(_ fields: [(String, JSONText)]) -> JSONText {
    let names = fields.map(\.0)
    return [
        "type": "object",
        "required": .list(names.filter { !$0.hasSuffix("?") }.map { .text($0) }),
        "properties": .object(
            Dictionary(fields.map { ($0.0.hasSuffix("?") ? String($0.0.dropLast()) : $0.0, $0.1) }) { $1 }),
    ]
}

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
            ("teams?", text),
            (
                "rows",
                list(object([("key", ["oneOf": [text, list(text)]])] + reportRow))
            ),
            ("total", object(reportRow)),
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
                        ("id", text), ("name", text), ("alsoNamed", list(text)), ("designation", text),
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
            ("q", "Part of a file's name.", text), ("from", "Files with calls from this day on.", day),
            ("to", "Files with calls up to this day.", day), ("offset", "Files to leave out.", whole),
        ],
        answer: object([
            ("total", whole),
            (
                "files",
                list(
                    object([
                        ("file", text), ("name", text), ("source", text), ("version", whole), ("rows", whole),
                        ("accepted", whole), ("duplicate", whole), ("changed", whole), ("rejected", whole),
                        ("blank", whole), ("agents", whole), ("from?", day), ("to?", day),
                        ("uploaded", whole),
                        ("by", text),
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
            ("text", text), ("href?", text), ("result?", ["type": "object"]), ("error?", ["type": "object"]),
        ])),
    "GET \(Paths.namesAPI)": APIWords(
        summary: "Names as dialers write them, and whose they are from which day on",
        parameters: [("q", "Part of a name, or of what one of its persons is called.", text)],
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
            ("q", "Part of a name.", text),
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
]

let openAPIRoutes: [Route] = [Route(.get, Paths.openAPI, needs: .viewOwnAccount, sendOpenAPI)]

@Sendable private func sendOpenAPI(_ context: SignedIn) async throws -> Response {
    try context.json(openAPIDocument(siteRoutes, version: context.site.version))
}
