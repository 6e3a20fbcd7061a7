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
        switch route.access {
        case .needs(let permission):
            described["description"] = .text("Needs: \(permission.title.lowercased()).")
        case .office:
            described["description"] = "Needs: the token that an admin made for another office."
        default: break
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
                            "schema": failureSchema
                        ]
                    ],
                ]
            ],
        ],
    ]
}

let openAPIRoutes: [Route] = [Route(.get, Paths.openAPI, needs: .viewOwnAccount, sendOpenAPI)]

@Sendable private func sendOpenAPI(_ context: SignedIn) async throws -> Response {
    try context.json(openAPIDocument(siteRoutes, version: context.site.version))
}
