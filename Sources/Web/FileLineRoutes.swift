import Domain
import Foundation
import Hummingbird
import Ingest
import Storage

let fileLineRoutes: [Route] = [
    Route(.get, Paths.fileLines(":id", ":version"), needs: .viewFiles, showLines),
    Route(.get, Paths.rejectedLines, needs: .viewFiles, showRejectedLines),
    Route(.get, Paths.fileLinesAPI(":id", ":version"), needs: .viewFiles, sendLines),
    Route(.get, Paths.rejectedLinesAPI, needs: .viewFiles, sendRejectedLines),
]
let fileLinePages: [any Page.Type] = [FileLinesPage.self, RejectedLinesPage.self]

private let linesPerPage = 100
/// Lines above the one that was asked for, so that it is seen where it stands.
private let linesAbove = 5

extension SignedIn {
    /// The version that the address names.
    func fileVersion() async throws -> FileVersion {
        let versions = try await self.store.versions(of: try id(), for: viewer)
        guard let number = self.parameters.get("version").flatMap({ Int($0) }),
            let version = versions.first(where: { $0.uploaded.version == number })
        else { throw UserError.notHere }
        return version
    }

    fileprivate func lines(_ query: FileLineQuery, of version: FileVersion) async throws -> FileLinePage {
        try await onOwnThread { [store = self.store, viewer] in
            try version.lines(query, in: store, for: viewer)
        }
    }

    fileprivate var lineFilter: FileLineQuery.Filter? { FileLineQuery.Filter(rawValue: self.query["fate"]) }
}

@Sendable private func showLines(_ context: SignedIn) async throws -> Response {
    let version = try await context.fileVersion()
    try version.requireBytes()
    let typed = context.query["line"]
    let asked = typed.isEmpty ? nil : Int(typed.filter { $0 != "," && $0 != "\u{a0}" && $0 != " " })
    let first = asked.map { context.lineFilter == nil ? max(1, $0) - linesAbove : $0 }
    let query = FileLineQuery(
        filter: context.lineFilter, from: first ?? context.query.integer("from") ?? 1, limit: linesPerPage)
    var page = FileLinePage()
    var problem: UserError?
    do {
        guard typed.isEmpty || asked.map({ $0 > 0 }) == true else {
            throw UserError(.invalid, "“\(typed)” is no line number.", advice: "Type digits only.")
        }
        page = try await context.lines(query, of: version)
    } catch let error as UserError where error.code == .damaged || error.code == .invalid {
        problem = error
    }
    return try context.page(
        FileLinesPage(
            version, page, query, asked: asked, typed: typed, problem: problem,
            showsCalls: context.may(.viewCalls), context.format),
        whose: version.otherOffice)
}

@Sendable private func sendLines(_ context: SignedIn) async throws -> Response {
    let version = try await context.fileVersion()
    try version.requireBytes()
    let query = FileLineQuery(
        filter: context.lineFilter, from: context.query.integer("from") ?? 1,
        limit: context.query.integer("limit") ?? linesPerPage)
    let page = try await context.lines(query, of: version)
    return try context.json(
        LinesJSON(
            previous: page.previous, next: page.next,
            lines: page.lines.map { line in
                .init(
                    line: line.line, lastLine: line.lastLine, fate: line.fate.rawValue, other: line.other,
                    reason: line.reason.isEmpty ? nil : line.reason, call: line.call?.reference.text,
                    counts: line.call?.counts, text: line.text)
            }))
}

private struct LinesJSON: Encodable {
    struct Line: Encodable {
        var line: Int
        var lastLine: Int
        var fate: String
        var other: Int?
        var reason: String?
        var call: String?
        var counts: Bool?
        var text: String
    }
    var previous: Int?
    var next: Int?
    var lines: [Line]
}

// MARK: The search in rejected lines

private func search(_ context: SignedIn, limit: Int) async throws -> (
    text: String, offset: Int, found: FoundLines
) {
    let text = String(context.query["q"].prefix(200))
    let offset = max(0, min(100_000_000, context.query.integer("offset") ?? 0))
    let found = try await context.store.rejectedLines(
        holding: text, offset: offset, limit: limit, for: context.viewer)
    return (text, offset, found)
}

@Sendable private func showRejectedLines(_ context: SignedIn) async throws -> Response {
    let (text, offset, found) = try await search(context, limit: linesPerPage)
    return try context.page(
        RejectedLinesPage(
            found, text, offset: offset, perPage: linesPerPage, kept: context.officeItems, context.format))
}

@Sendable private func sendRejectedLines(_ context: SignedIn) async throws -> Response {
    let limit = min(max(1, context.query.integer("limit") ?? linesPerPage), 1000)
    let (_, offset, found) = try await search(context, limit: limit)
    return try context.json(
        RejectedJSON(
            total: found.total, offset: offset, searched: found.searched,
            notSearched: found.cutLines - found.cutVersions * RejectedLine.mostSearched,
            lines: found.lines.map { line in
                .init(
                    file: line.file.description, name: line.fileName, source: line.sourceName,
                    version: line.version, line: line.rejected.line, reason: line.rejected.reason,
                    text: line.rejected.text)
            }))
}

private struct RejectedJSON: Encodable {
    struct Line: Encodable {
        var file: String
        var name: String
        var source: String
        var version: Int
        var line: Int
        var reason: String
        var text: String
    }
    var total: Int
    var offset: Int
    var searched: Int
    var notSearched: Int
    var lines: [Line]
}
