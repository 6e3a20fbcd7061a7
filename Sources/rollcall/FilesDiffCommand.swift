import ArgumentParser
import Domain
import Storage
import Web

struct FilesDiffCommand: OfficeCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff", abstract: "Compare two versions of a file: calls that are changed, new or gone.")

    @OptionGroup var office: OfficeOptions
    @Argument(help: "The file's name or id.") var file: String
    @Option(help: "The version before; else the one before the other.") var from: Int?
    @Option(help: "The version after; else the latest.") var to: Int?
    @Option(help: "At most so many calls of each kind.") var limit = 20

    func perform(_ session: OfficeSession) async throws {
        let after = try await fileVersion(to, of: file, session.store)
        let before: FileVersion
        if let from {
            before = try await fileVersion(from, of: file, session.store)
        } else {
            let all = try await fileVersions(of: file, session.store)
            guard
                let earlier = all.first(where: {
                    $0.uploaded.version < after.uploaded.version && $0.state != .purged
                })
            else {
                throw UserError(
                    .invalid,
                    "“\(after.uploaded.fileName)” has no version before \(after.uploaded.version).",
                    advice: "Say with --from which version to compare it with.")
            }
            before = earlier
        }
        let pair = (from: before.uploaded.version, to: after.uploaded.version)
        guard pair.from != pair.to else {
            throw UserError(
                .invalid, "Both are version \(pair.to).", advice: "Name two versions with --from and --to.")
        }
        for (index, kind) in FileDifferenceKind.allCases.enumerated() {
            let difference = try await session.store.fileDifference(
                of: after.uploaded.file, from: pair.from, to: pair.to, kind: kind, limit: max(1, limit),
                for: .console)
            var shown = difference
            shown.calls = Array(difference.calls.prefix(max(0, limit)))
            if office.json {
                session.print(
                    try machineJSON(FileDifferenceListing(after.uploaded.fileName, pair, shown)))
                continue
            }
            let counts = difference.counts
            if index == 0 {
                session.print(
                    "\(after.uploaded.fileName), version \(pair.from) to \(pair.to): \(counts.changed) changed, \(counts.new) new, \(counts.gone) gone, \(counts.same) the same"
                )
            }
            for call in shown.calls { session.print("  " + call.line(kind)) }
            let left = counts.count(kind) - shown.calls.count
            if left > 0, !shown.calls.isEmpty { session.print("  … and \(left) more \(kind.rawValue)") }
        }
    }
}

extension CallDifference {
    fileprivate func line(_ kind: FileDifferenceKind) -> String {
        let side = after ?? before
        let place = [before.map { "line \($0.line)" }, after.map { "line \($0.line)" }].compactMap { $0 }
        var text = "\(kind.rawValue) \(place.joined(separator: " → ")): "
        text += [CallField.time, .agent, .state].compactMap { side?.fields[$0] }.joined(separator: ", ")
        guard let changes else { return text }
        let words = changes.map { "\($0.field.title) \($0.before ?? "—") → \($0.after ?? "—")" }
        return text + "; "
            + (words.isEmpty ? "only how it is written" : words.joined(separator: ", "))
    }
}
