import ArgumentParser
import Domain
import Foundation
import Ingest
import Storage
import Web

struct DeleteRequestCommand: OfficeCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete-request",
        abstract: "Say what a deletion would do, and ask for it.",
        discussion:
            "Nothing is deleted by asking: an admin's account other than the one that asked has to approve it, so it "
            + "is asked for under an account (--user); --dry-run needs none. "
            + "With days and without --version it is about every version of the file.")

    @OptionGroup var office: OfficeOptions
    @OptionGroup var account: AccountOptions
    @Argument(help: "The file's name or id.") var file: String
    @Option(name: .customLong("version"), help: "This version alone.") var number: Int?
    @Flag(help: "Every version of the file that is there.") var allVersions = false
    @Option(help: "Business days, with commas between: 2026-11-02,2026-11-03.") var days: String?
    @Option(help: "First of several days.") var from: String?
    @Option(help: "Last of them.") var to: String?
    @Option(help: "Why; whoever approves it reads it.") var reason: String?
    @Flag(help: "Only say what it would do.") var dryRun = false

    func validate() throws {
        guard number == nil || !allVersions else {
            throw ValidationError("Give --version or --all-versions, not both.")
        }
        guard days == nil || (from == nil && to == nil) else {
            throw ValidationError("Give --days, or --from and --to, not both.")
        }
        guard (from == nil) == (to == nil) else { throw ValidationError("Give both --from and --to.") }
        guard dryRun || reason != nil else {
            throw ValidationError("A delete request needs a --reason; --dry-run needs none.")
        }
        _ = try chosenDays()
    }

    func collectInput(_ folder: DataFolder) throws -> [String] { try account.collectInput() }

    private struct Planned: Encodable {
        var dryRun = true
        var kind: DeleteRequest.Kind
        var targets: [DeleteTargetJSON]
        var preview: DeletePreviewJSON
    }

    func perform(_ session: OfficeSession) async throws {
        let party = try await account.party(session)
        let scope = try await scope(session.store)
        let format = try await session.format()
        let work = session.watchedWork()
        let plan = try await onOwnThread { [store = session.store] in
            try store.planDeletion(scope, for: party.viewer, work: work)
        }
        let preview = try await session.store.narrowed(plan.preview, for: party.viewer)
        if !office.json {
            session.print(deleteHeadline(plan.kind, plan.targets, format))
            for line in deletePreviewText(preview, format) { session.print(line) }
        }
        if dryRun {
            guard office.json else { return session.print("Nothing was asked for.") }
            return session.print(
                try machineJSON(
                    Planned(
                        kind: plan.kind, targets: plan.targets.map(DeleteTargetJSON.init),
                        preview: DeletePreviewJSON(
                            preview, isNarrowed: party.viewer.reach(.requestDeletions) < .office))))
        }
        let request = try await onOwnThread { [store = session.store, reason] in
            try store.openDeleteRequest(plan, reason: reason ?? "", for: party.viewer, by: party.actor)
        }
        guard office.json else {
            return session.print(
                "Asked for: \(request.id)\nNothing is deleted yet. Another admin approves it: rollcall files approve \(request.id) --user NAME"
            )
        }
        let row = try await session.store.deleteRequest(request.id, for: party.viewer)
        session.print(try machineJSON(DeleteRequestJSON(row, format)))
    }

    private func scope(_ store: OfficeStore) async throws -> DeleteScope {
        let all = try await fileVersions(of: file, store)
        guard let id = all.first?.uploaded.file else { throw UserError.notHere }
        if let number {
            guard let version = all.first(where: { $0.uploaded.version == number }) else {
                throw UserError(
                    .notFound, "“\(file)” has no version \(number).",
                    advice: "See “rollcall files history \(file)”.")
            }
            try refuse([version])
        }
        let live = all.filter { $0.state == .live }
        if live.isEmpty { try refuse(all) }
        if let days = try chosenDays() { return .days(id, version: number, days) }
        if let number { return .version(id, number) }
        if allVersions { return .file(id) }
        guard live.count == 1, let only = live.first else {
            throw UserError(
                .invalid, "“\(file)” has \(live.count) versions that are there.",
                advice: "Say which with --version N, or --all-versions.")
        }
        return .version(id, only.uploaded.version)
    }

    /// Where nothing of them is there any more.
    private func refuse(_ versions: [FileVersion]) throws {
        guard let first = versions.first, !versions.contains(where: { $0.state == .live }) else { return }
        throw UserError(
            .conflict,
            "“\(first.uploaded.fileName)” is \(first.state == .purged ? "purged" : "in the trash") already.",
            advice: "See “rollcall files history \(first.uploaded.file)”.")
    }

    private func chosenDays() throws -> [Day]? {
        func day(_ text: some StringProtocol) throws -> Day {
            guard let day = Day(iso: text.trimmingCharacters(in: .whitespaces)) else {
                throw ValidationError("“\(text)” is no day; write it like 2026-11-02.")
            }
            return day
        }
        if let days { return try days.split(separator: ",").map { try day($0) } }
        guard let from, let to else { return nil }
        let (first, last) = (try day(from), try day(to))
        guard first <= last, last.days(since: first) < 3660 else {
            throw ValidationError("--to must be on or after --from, within ten years.")
        }
        return (0...last.days(since: first)).map { first.adding($0) }
    }
}

struct DeleteRequestsCommand: OfficeCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete-requests",
        abstract:
            "List delete requests, those that are open first; with an identity, show one with its steps.")

    @OptionGroup var office: OfficeOptions
    @Argument(help: "The identity of one.") var request: String?
    @Flag(help: "Only those that wait to be decided.") var open = false
    @Flag(help: "Only those whose files are in the trash.") var trash = false
    @Option(help: "At most so many.") var limit = 50

    func validate() throws {
        guard !(open && trash) else { throw ValidationError("Give --open or --trash, not both.") }
    }

    func perform(_ session: OfficeSession) async throws {
        let (format, now) = (try await session.format(), session.store.clock.now())
        if let request {
            let row = try await session.deleteRequest(request)
            if office.json { return session.print(try machineJSON(DeleteRequestJSON(row, format))) }
            for line in deleteRequestText(row, now: now, format) { session.print(line) }
            return
        }
        var query = DeleteQuery(open ? .open : trash ? .trash : .all)
        query.limit = limit
        let (rows, total) = try await session.store.deleteRequests(query, for: .console)
        for row in rows {
            session.print(
                try office.json
                    ? machineJSON(DeleteRequestJSON(row, format))
                    : deleteRequestText(row, now: now, format).first ?? "")
        }
        if !office.json {
            session.print(
                total == rows.count
                    ? format.count(total, "request", "requests") : "\(rows.count) of \(total) requests")
        }
    }
}
