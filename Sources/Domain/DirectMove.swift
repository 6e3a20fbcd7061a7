extension Organization {
    /// Whether somebody may place persons without asking anyone.
    ///
    /// An admin may. A team manager may within his own teams: whom he has on the first day of each placement (or
    /// whom nobody has), to be under him afterwards or to have left.
    public func checkDirect(_ placements: [Placement], by party: RequestParty) throws {
        if party.role == .admin { return }
        guard party.role == .teamManager, let manager = party.person else { throw UserError.notHere }
        for placement in placements {
            guard let now = standing(of: placement.person, on: placement.from), now.rank != .manager,
                terms.rank(of: placement) != .manager,
                now.isUnassigned || now.hasLeft || now.manager == manager
            else { throw UserError.notHere }
            let after =
                placement.leader.map { self.manager(ofLeader: $0, on: placement.from) } ?? placement.manager
            // A leader who is made in the same step is under this manager by his own placement.
            let isNewLeader = placements.contains {
                $0.person == placement.leader && terms.rank(of: $0) == .leader && $0.manager == manager
            }
            guard terms.hasLeft(placement) || after == manager || isNewLeader else {
                throw UserError(
                    .notAllowed,
                    "\(name(of: placement.person)) would come under another team manager.",
                    advice: "Open a request: the other team manager decides.")
            }
        }
    }
}
