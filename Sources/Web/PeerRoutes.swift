import Domain
import Hummingbird
import Ingest
import Storage

let peerRoutes: [Route] = [
    Route(.get, Paths.sync, needs: .viewOffices) { try await showOffices($0, problem: nil) },
    Route(.post, Paths.officeUnpair(":id"), needs: .manageOffices, endPairing),
]

func showOffices(_ context: SignedIn, problem: UserError?) async throws -> Response {
    let (store, viewer, format) = (context.store, context.viewer, context.format)
    let own = try await store.ownOffice(for: viewer)
    let peers = try await store.peers(for: viewer)
    let conflicts = try await store.openConflictsByOffice(for: viewer)
    let key = try await onOwnThread { try OfficeKey(of: store).words }
    let now = store.clock.now()
    return try context.page(
        OfficesPage(
            problem: problem.map(Problem.init),
            own: .init(
                name: own.name, keyWords: key, stateWords: checkWords(ofHex: own.stateHash.hex),
                facts: [
                    .init(
                        name: "Own entries", value: format.number(own.entries), href: nil, isBad: false),
                    .init(
                        name: "Calls of all offices here", value: format.number(own.stateHash.calls),
                        href: nil,
                        isBad: false),
                    .init(
                        name: "Release", value: "Rollcall \(context.site.version)", href: nil, isBad: false),
                ], isForked: own.isForked),
            others: peers.map {
                .init(
                    $0, conflicts: conflicts[$0.office] ?? 0, own: own, now: now,
                    mayManage: context.may(.manageOffices), mayDecide: context.may(.decideConflicts), format)
            }, isAlone: peers.isEmpty, mayManage: context.may(.manageOffices)),
        status: problem?.httpStatus ?? .ok)
}

@Sendable private func endPairing(_ context: SignedIn) async throws -> Response {
    let id: ID<Office> = try context.id()
    do {
        let name = try await context.store.peers(for: context.viewer).first { $0.office == id }?.name
        try await context.store.unpair(
            id, reason: context.form["reason"], for: context.viewer, by: context.actor)
        return context.redirect(
            to: Paths.sync,
            Notice(
                .success, "The pairing with “\(name ?? "")” is ended",
                "Nothing more of it is taken in; what came before stays."))
    } catch let error as UserError where error.code == .invalid {
        return try await showOffices(context, problem: error)
    }
}
