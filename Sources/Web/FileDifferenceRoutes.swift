import Domain
import Hummingbird
import Storage

let fileDifferenceRoutes: [Route] = [
    Route(.get, Paths.fileDifference(":id"), needs: .viewFiles, showDifference),
    Route(.get, Paths.fileDifferenceAPI(":id"), needs: .viewFiles, sendDifference),
]
let fileDifferencePages: [any Page.Type] = [FileDifferencePage.self]

private let callsPerPage = 100

extension SignedIn {
    /// The versions of the file that the address names which have calls, newest first.
    fileprivate func versions() async throws -> [FileVersion] {
        let versions = try await self.store.versions(of: try id(), for: viewer)
        let there = versions.filter { $0.state != .purged }
        // Of a file that was purged whole, its last one: there is nothing to compare.
        guard let last = versions.first else { throw UserError.notHere }
        return there.isEmpty ? [last] : there
    }

    /// The two versions to compare: those that are asked for, else the latest and the one before it.
    fileprivate func pair(of versions: [FileVersion]) -> (from: Int, to: Int)? {
        let numbers = versions.map(\.uploaded.version)
        func asked(_ name: String) -> Int? {
            self.query.integer(name).flatMap { numbers.contains($0) ? $0 : nil }
        }
        guard let to = asked("to") ?? numbers.first(where: { $0 != asked("from") }),
            let from = asked("from") ?? numbers.first(where: { $0 < to })
                ?? numbers.first(where: { $0 != to })
        else { return nil }
        return (from, to)
    }

    fileprivate func difference(_ file: FileVersion, _ pair: (from: Int, to: Int), limit: Int) async throws
        -> FileDifference
    {
        try await self.store.fileDifference(
            of: file.uploaded.file, from: pair.from, to: pair.to,
            kind: FileDifferenceKind(rawValue: self.query["kind"]),
            offset: max(0, min(100_000_000, self.query.integer("offset") ?? 0)), limit: limit, for: viewer)
    }
}

@Sendable private func showDifference(_ context: SignedIn) async throws -> Response {
    let versions = try await context.versions()
    guard let latest = versions.first else { throw UserError.notHere }
    let pair = context.pair(of: versions)
    var difference: FileDifference?
    if let pair, pair.from != pair.to {
        difference = try await context.difference(latest, pair, limit: callsPerPage)
    }
    return try context.page(
        FileDifferencePage(
            versions, latest, pair, difference, perPage: callsPerPage, showsCalls: context.may(.viewCalls),
            context.format), whose: latest.otherOffice)
}

@Sendable private func sendDifference(_ context: SignedIn) async throws -> Response {
    let versions = try await context.versions()
    guard let latest = versions.first, let pair = context.pair(of: versions) else {
        throw UserError(
            .invalid, "The file has only one version.", advice: "There is nothing to compare it with yet.")
    }
    let limit = min(max(1, context.query.integer("limit") ?? callsPerPage), 1000)
    let difference = try await context.difference(latest, pair, limit: limit)
    return try context.json(FileDifferenceListing(latest.uploaded.fileName, pair, difference))
}

/// A difference as programs read it.
public struct FileDifferenceListing: Encodable, Sendable {
    struct Call: Encodable {
        var call: String
        var lineBefore: Int?
        var lineAfter: Int?
        var before: [String: String]?
        var after: [String: String]?
        var changes: [Change]?
    }
    struct Change: Encodable {
        var field: String
        var before: String?
        var after: String?
    }

    var file: String
    var from: Int
    var to: Int
    var new: Int
    var changed: Int
    var gone: Int
    var same: Int
    var kind: String
    var offset: Int
    var calls: [Call]

    public init(_ file: String, _ pair: (from: Int, to: Int), _ difference: FileDifference) {
        self.file = file
        (from, to) = pair
        new = difference.counts.new
        changed = difference.counts.changed
        gone = difference.counts.gone
        same = difference.counts.same
        kind = difference.kind.rawValue
        offset = difference.offset
        calls = difference.calls.map { call in
            func words(_ side: CallSide?) -> [String: String]? {
                side.map { Dictionary($0.fields.map { ($0.key.rawValue, $0.value) }) { $1 } }
            }
            return Call(
                call: call.reference.text, lineBefore: call.before?.line, lineAfter: call.after?.line,
                before: words(call.before), after: words(call.after),
                changes: call.changes.map { changes in
                    changes.map { Change(field: $0.field.rawValue, before: $0.before, after: $0.after) }
                })
        }
    }
}

extension CallDifference {
    /// nil where only one side is there.
    public var changes: [FieldChange]? {
        guard let before, let after else { return nil }
        return fieldChanges(before, after)
    }
}
