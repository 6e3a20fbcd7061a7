extension Organization {
    /// The placements with which everybody under a leader or manager gets another one from a day.
    ///
    /// For each it is the placement in force on the day, and every one that begins later, as far as it names
    /// the person: scheduled ones are handed over too. Days before keep the old name.
    func handing(subjectsOf person: ID<Person>, to fate: TeamFate, from day: Day) throws -> [Placement] {
        var placements: [Placement] = []
        for subject in (subjects[person] ?? []).sorted() {
            guard let history = histories[subject] else { continue }
            var under: [Placement] = []
            if var now = history.inForce(on: day)?.placement, now.from <= day {
                now.from = day
                under.append(now)
            }
            under += history.begun(from: day.adding(1)).map(\.placement)
            for var placement in under where placement.leader == person || placement.manager == person {
                switch fate {
                case .handedTo(let successor) where placement.leader == person: placement.leader = successor
                case .handedTo(let successor): placement.manager = successor
                case .idleUnder(let manager): (placement.leader, placement.manager) = (nil, manager)
                }
                // The successor himself stays where he is, or rises, in a placement of its own.
                if case .handedTo(subject) = fate { continue }
                placements.append(placement)
            }
        }
        return placements
    }

    /// Hands everybody under a leader or manager to a successor from a day, as one event's placements.
    ///
    /// - Parameters:
    ///   - promoting: the successor takes the person's designation and place from the day, as where an agent
    ///     takes over his own team; otherwise he must hold that rank already.
    ///   - status: what the person becomes from the day: with one that ends his membership all that was scheduled
    ///     for him is off, with another he keeps his place; nil: he stays as he is, with nobody under him.
    /// - Throws: `UserError` where nobody would move, where the successor is not eligible, or where anyone would
    ///   be left without a leader or manager.
    public func handOver(
        _ person: ID<Person>, to successor: ID<Person>, from day: Day, promoting: Bool = false,
        status: String? = nil
    ) throws -> [Placement] {
        let now = try placed(person, on: day)
        let rank = self.rank(of: now)
        guard rank != .agent else {
            throw UserError(
                .conflict, "\(name(of: person)) leads nobody on \(day.iso).",
                advice: "Only a team leader or a team manager can hand over.")
        }
        guard person != successor, merged[successor] == nil else {
            throw UserError(
                .invalid, "The successor must be somebody else.", advice: "Choose another person.")
        }
        let heir = try placed(successor, on: day)
        guard !hasLeft(heir), promoting || self.rank(of: heir) == rank else {
            throw UserError(
                .conflict,
                "\(name(of: successor)) is no \(now.designation) on \(day.iso) and cannot take over.",
                advice: "Choose a \(now.designation), or promote \(name(of: successor)) in the same step.")
        }
        var placements: [Placement] = []
        if promoting, self.rank(of: heir) != rank {
            placements = try promote(
                successor, to: now.designation, under: now.manager, from: day, group: now.group,
                replacingLater: true)
        }
        placements += try handing(subjectsOf: person, to: .handedTo(successor), from: day)
        if let status, terms(of: person).ending.contains(status) {
            placements += try leave(person, from: day, status: status)
        } else if let status, status != now.status {
            placements += try change(person, from: day, by: PlacementChange(status: status))
        }
        guard !placements.isEmpty else {
            throw UserError(
                .invalid, "There is nobody to hand over from \(day.iso) on.", advice: "Choose an earlier day."
            )
        }
        try check(placements)
        return placements
    }
}
