import Domain
import Formats
import Foundation
import HTTPTypes
import Hummingbird
import Ingest
import NIOCore
import Storage

let snapshotExportRoutes: [Route] = [
    Route(.get, Paths.snapshotExport, needs: .manageOffices) { try await showExport($0, problem: nil) },
    Route(.post, Paths.snapshotExport, needs: .manageOffices, writeSnapshot),
    Route(.get, Paths.writtenSnapshot(":id"), needs: .manageOffices) {
        try await showWritten($0, problem: nil)
    },
    Route(.get, Paths.writtenFile(":id"), needs: .manageOffices, sendWritten),
    Route(.post, Paths.writtenToStick(":id"), needs: .manageOffices, copyWritten),
]

let snapshotExportPages: [any Page.Type] = [SnapshotExportPage.self, WrittenSnapshotPage.self]

struct SnapshotExportPage: Page {
    static let template = "snapshot.export"
    struct Ready: Decodable, Sendable {
        var name: String
        var href: String
        var words: String
    }
    var title = "Write a snapshot"
    var problem: Problem?
    var action = Paths.snapshotExport
    var readers: [Choice]
    var isFull: Bool
    /// Where nobody else is known.
    var pairing: String?
    var ready: [Ready]
    var hasReady: Bool
}

struct WrittenSnapshotPage: Page {
    static let template = "snapshot.written"
    struct Fact: Decodable, Sendable {
        var name: String
        var value: String
    }
    var title: String
    var list = Paths.snapshotExport
    var problem: Problem?
    var file: String
    var facts: [Fact]
    var isSealed: Bool
    var until: String
    var toStick: String
    var sticks: [String]
    var hasSticks: Bool
}

private func showExport(_ context: SignedIn, problem: UserError?) async throws -> Response {
    let format = context.format
    let form = problem == nil ? context.query : context.form
    let peers = try await context.store.peers(for: context.viewer).filter { $0.trust == .paired }
    let asked = form["to"]
    let ready = context.site.desk.written()
    return try context.page(
        SnapshotExportPage(
            problem: problem.map(Problem.init),
            readers: peers.map { peer in
                let id = peer.office.description
                let note =
                    peer.state.heard.map { "last heard \(format.moment($0))" }
                    ?? "never heard, gets all of it"
                return Choice(id, "\(peer.name) (\(note))", selected: id == asked)
            } + [Choice("", "Any office", selected: asked.isEmpty && (peers.isEmpty || problem != nil))],
            isFull: form["extent"] == "full", pairing: peers.isEmpty ? Paths.pairing : nil,
            ready: ready.map {
                .init(
                    name: $0.name, href: Paths.writtenSnapshot($0.id.description),
                    words:
                        "\(format.bytes($0.summary.bytes)), \($0.reader.map { "for \($0)" } ?? "for any office")"
                )
            }, hasReady: !ready.isEmpty),
        status: problem?.httpStatus ?? .ok)
}

@Sendable private func writeSnapshot(_ context: SignedIn) async throws -> Response {
    do {
        let form = context.form
        var order = SnapshotOrder()
        var reader: String?
        if form.text("to") != nil {
            let peers = try await context.store.peers(for: context.viewer)
            guard let peer = peers.first(where: { $0.office == form.id("to") }) else {
                throw UserError(
                    .invalid, "That office is not known here.", advice: "Choose one from the list.")
            }
            order.to = peer.office
            reader = peer.name
            if form["extent"] != "full" { order.since = peer.state.heads }
        }
        let passphrase = try passphrase(form)
        let name = snapshotFileName(
            context.office.office.rules.name, at: context.store.clock.now(), in: context.office.timeZone)
        let work = try await context.site.desk.write(
            order, for: reader, named: name, passphrase: passphrase, to: context.viewer, by: context.actor)
        return context.redirect(to: Paths.snapshotWork(work.description))
    } catch let error as UserError where error.code != .notFound {
        return try await showExport(context, problem: error)
    }
}

/// Empty: none.
private func passphrase(_ form: Form) throws -> String {
    let (first, second) = (form.raw("passphrase") ?? "", form.raw("again") ?? "")
    guard first == second else {
        throw UserError(
            .invalid, "The two passphrases differ. Nothing was written.", advice: "Type the same one twice.")
    }
    if !first.isEmpty { try SealingKey.requireLong(first) }
    return first
}

func showWritten(_ context: SignedIn, problem: UserError?) async throws -> Response {
    let format = context.format
    let written = try context.site.desk.written(try context.id())
    let counts = written.summary.manifest.counts
    let id = written.id.description
    let sticks = try await offLoop { [desk = context.site.desk] in desk.sticks() }
    return try context.page(
        WrittenSnapshotPage(
            title: written.name, problem: problem.map(Problem.init), file: Paths.writtenFile(id),
            facts: [
                .init(name: "For", value: written.reader ?? "any office"),
                .init(
                    name: "Holds",
                    value: written.summary.manifest.kind == .delta ? "what that office lacks" : "all of it"),
                .init(name: "Entries", value: format.number(counts.events)),
                .init(name: "Files with calls", value: format.number(counts.files)),
                .init(name: "Size", value: format.bytes(written.summary.bytes)),
                .init(name: "Passphrase", value: written.isSealed ? "yes" : "no"),
                .init(
                    name: "Check words of this file",
                    value: checkWords(ofHex: written.summary.digest).joined(separator: " ")),
            ], isSealed: written.isSealed,
            until: format.time(written.made.adding(seconds: WrittenSnapshot.kept)),
            toStick: Paths.writtenToStick(id), sticks: sticks, hasSticks: !sticks.isEmpty),
        status: problem?.httpStatus ?? .ok)
}

@Sendable private func sendWritten(_ context: SignedIn) async throws -> Response {
    let written = try context.site.desk.written(try context.id())
    guard let handle = FileHandle(forReadingAtPath: written.path) else { throw UserError.notHere }
    return try context.download(name: written.name, type: "application/octet-stream", handle: handle)
}

@Sendable private func copyWritten(_ context: SignedIn) async throws -> Response {
    do {
        let work = try await context.site.desk.copy(
            try context.id(), to: context.form["place"], for: context.viewer)
        return context.redirect(to: Paths.snapshotWork(work.description))
    } catch let error as UserError where error.code != .notFound {
        return try await showWritten(context, problem: error)
    }
}
