import Domain
import Formats
import Foundation
import HTTPTypes
import Hummingbird
import Ingest
import NIOCore
import Storage

let pairingRoutes: [Route] = [
    Route(.get, Paths.pairing, needs: .manageOffices) { try await showPairing($0, problem: nil) },
    Route(.post, Paths.pairing, needs: .manageOffices, body: .stream, lookAtCard),
    Route(.get, Paths.ownCard, needs: .manageOffices, sendCard),
    Route(.get, Paths.seenCard(":id"), needs: .manageOffices) { try await showWords($0, problem: nil) },
    Route(.post, Paths.seenCard(":id"), needs: .manageOffices, answerWords),
]

let pairingPages: [any Page.Type] = [PairingPage.self, PairingWordsPage.self]

struct PairingPage: Page {
    static let template = "pairing"
    var title = "Pair with another office"
    var problem: Problem?
    var action = Paths.pairing
    var card = Paths.ownCard
    var words: [String]
}

/// Six words of the other office, and the question.
struct PairingWordsPage: Page {
    static let template = "pairing.words"
    var title: String
    var list = Paths.sync
    var problem: Problem?
    var action: String
    var name: String
    var words: [String]
    /// It was paired with another key before.
    var before: String?
}

func showPairing(_ context: SignedIn, problem: UserError?) async throws -> Response {
    let store = context.store
    let words = try await onOwnThread { try OfficeKey(of: store).words }
    return try context.page(
        PairingPage(problem: problem.map(Problem.init), words: words), status: problem?.httpStatus ?? .ok)
}

/// A card, or any snapshot: its name and key are read and nothing of it is kept.
@Sendable private func lookAtCard(_ context: SignedIn) async throws -> Response {
    do {
        let (file, _) = try await context.receiveSnapshot()
        let manifest = try await offLoop {
            defer { unlink(file.path) }
            return try SnapshotReader(path: file.path).manifest
        }
        guard manifest.office != context.office.office.id else {
            throw UserError(
                .invalid, "This is a file of this office itself.",
                advice: "Choose the card of the other office.")
        }
        return context.redirect(to: Paths.seenCard(context.site.desk.see(manifest).description))
    } catch let error as UserError where error == SealedFile.needsPassphrase {
        return try await showPairing(
            context,
            problem: UserError(
                .invalid, "This file is sealed with a passphrase.",
                advice: "Ask the other office for its card, which is not sealed."))
    } catch let error as UserError where error.code != .formToken {
        return try await showPairing(context, problem: error)
    }
}

@Sendable private func sendCard(_ context: SignedIn) async throws -> Response {
    let store = context.store
    let id: ID<SeenCard> = store.ids.next(at: store.clock.now())
    let path = "\(store.folder.incoming)/\(id).download"
    try await onOwnThread { _ = try exportCard(to: path, from: store) }
    return try context.download(
        name: "\(fileNamePart(context.office.office.rules.name))-card.rollcall",
        type: "application/octet-stream", temporaryFile: path)
}

private func showWords(_ context: SignedIn, problem: UserError?) async throws -> Response {
    let card = try context.site.desk.card(try context.id())
    let peer = try await context.store.peers(for: context.viewer).first { $0.office == card.office }
    // Also of one with which the pairing was ended: there another key deserves the most suspicion.
    let isOther = peer?.key != nil && peer?.key != card.key
    return try context.page(
        PairingWordsPage(
            title: "Is this “\(card.name)”?", problem: problem.map(Problem.init),
            action: Paths.seenCard(card.id.description), name: card.name, words: checkWords(ofKey: card.key),
            before: isOther ? peer?.key.map { checkWords(ofKey: $0).joined(separator: " ") } : nil),
        status: problem?.httpStatus ?? .ok)
}

@Sendable private func answerWords(_ context: SignedIn) async throws -> Response {
    let desk = context.site.desk
    let card = try desk.card(try context.id())
    switch context.form["answer"] {
    case "yes":
        do {
            try await context.store.pair(
                card.office, name: card.name, key: card.key, for: context.viewer, by: context.actor)
        } catch let error as UserError where error.code != .notFound {
            return try await showWords(context, problem: error)
        }
        desk.forget(card.id)
        // A snapshot of that office that was refused for this alone can be looked at now.
        if let arrival = desk.arrival, arrival.manifest?.office == card.office, arrival.isOver {
            let work = try await desk.check(arrival.id, for: context.viewer, by: context.actor)
            return context.redirect(
                to: Paths.snapshotWork(work.description),
                Notice(.success, "Paired with “\(card.name)”", "Its snapshot is looked at again."))
        }
        return context.redirect(
            to: Paths.sync,
            Notice(
                .success, "Paired with “\(card.name)”",
                "The other office pairs with this one in the same way. Then exchange snapshots."))
    case "no":
        desk.forget(card.id)
        return context.redirect(
            to: Paths.pairing,
            Notice(
                .warning, "Not paired",
                "Other words mean another key: the file is of another box, or somebody changed it on its way. Ask for the card again, by another way."
            ))
    default:
        return try await showWords(
            context,
            problem: UserError(
                .invalid, "Nothing was answered.", advice: "Compare the words, then choose yes or no."))
    }
}
