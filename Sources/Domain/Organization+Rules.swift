/// What does not fit in an office: who, since when, and why.
public struct PlacementFault: Hashable, Sendable {
    public enum Reason: Hashable, Sendable {
        /// There is no such leader or manager.
        case unknown(ID<Person>)
        /// He has no team on that day, or teams of leaders: not the rank that is needed, or he has left.
        case noLeader(ID<Person>)
        case noManager(ID<Person>)
        /// He leads, but has no team manager on that day.
        case leaderWithoutManager(ID<Person>)
    }
    public var person: ID<Person>
    public var day: Day
    public var reason: Reason

    public var superior: ID<Person> {
        switch reason {
        case .unknown(let it), .noLeader(let it), .noManager(let it), .leaderWithoutManager(let it): it
        }
    }
}

extension Organization {
    /// Everything that is not lawful, by person; empty for every office whose placements went through `place`.
    public func faults() -> [PlacementFault] { persons.sorted().compactMap { fault(of: $0) } }

    /// The first day on which one of a person's placements does not fit those above him.
    ///
    /// From his first placement on; what held before it never obliges anybody.
    func fault(of person: ID<Person>, from first: Day = Day(number: .min)) -> PlacementFault? {
        guard let history = histories[person] else { return nil }
        for (index, known) in history.standing.enumerated() {
            let placement = known.placement
            let end = history.end(afterIndex: index)
            guard end > first else { continue }
            guard let superior = placement.leader ?? placement.manager else { continue }
            guard histories[superior] != nil else {
                return PlacementFault(person: person, day: placement.from, reason: .unknown(superior))
            }
            for day in [placement.from] + cuts(in: placement, from: placement.from, until: end) {
                if let reason = reason(against: placement, on: day) {
                    return PlacementFault(person: person, day: day, reason: reason)
                }
            }
        }
        return nil
    }

    private func reason(against placement: Placement, on day: Day) -> PlacementFault.Reason? {
        if let leader = placement.leader {
            guard holds(leader, .leader, on: day) else { return .noLeader(leader) }
            return manager(ofLeader: leader, on: day) == nil ? .leaderWithoutManager(leader) : nil
        }
        guard let manager = placement.manager, !holds(manager, .manager, on: day) else { return nil }
        return .noManager(manager)
    }

    /// What can be said of the new placements without looking at others.
    func checkShape(_ placements: [Placement]) throws {
        guard !placements.isEmpty else {
            throw UserError(
                .invalid, "Nobody would be placed by this.", advice: "Choose at least one person.")
        }
        var seen: [ID<Person>: Set<Day>] = [:]
        for placement in placements {
            try placement.check(terms(of: placement.person))
            guard names[placement.person] != nil else { throw UserError.notHere }
            if let above = placement.leader ?? placement.manager, let same = merged[above] {
                throw UserError(
                    .conflict, "\(name(of: above)) is the same person as \(name(of: same)).",
                    advice: "Choose \(name(of: same)) instead.")
            }
            guard seen[placement.person, default: []].insert(placement.from).inserted else {
                throw UserError(
                    .invalid,
                    "\(name(of: placement.person)) would be placed twice on \(placement.from.iso).",
                    advice: "Give one placement for a person and day.")
            }
        }
    }

    /// Nobody may stand under somebody who does not lead or manage on each of the days.
    ///
    /// - Parameter first: nothing changed before it.
    func checkFit(_ affected: Set<ID<Person>>, changed: Set<ID<Person>>, from first: Day) throws {
        let faults = affected.compactMap { fault(of: $0, from: first) }.sorted {
            (name(of: $0.person), $0.person) < (name(of: $1.person), $1.person)
        }
        if let own = faults.first(where: { changed.contains($0.person) }) { throw words(own) }
        // Agents of a leader who is left alone himself are named only where there is nobody else to name.
        let direct = faults.filter { fault in
            if case .leaderWithoutManager = fault.reason { false } else { true }
        }
        if !faults.isEmpty { throw orphans(direct.isEmpty ? faults : direct) }
    }

    private func words(_ fault: PlacementFault) -> UserError {
        let (who, above, day) = (name(of: fault.person), name(of: fault.superior), fault.day.iso)
        switch fault.reason {
        case .unknown: return .notHere
        case .noLeader:
            return UserError(
                .conflict, "\(above) leads no team on \(day), so \(who) cannot be in that team then.",
                advice: "Choose another team leader, or a day from which \(above) leads a team.")
        case .noManager:
            return UserError(
                .conflict, "\(above) is no team manager on \(day), so \(who) cannot report there then.",
                advice: "Choose another team manager, or a day from which \(above) is one.")
        case .leaderWithoutManager:
            return UserError(
                .conflict,
                "\(above) has no team manager on \(day), so \(who) cannot be in that team then.",
                advice: "Place \(above) under a team manager from that day first.")
        }
    }

    /// - Parameter faults: of persons who were not placed themselves, by name.
    private func orphans(_ faults: [PlacementFault]) -> UserError {
        let first = faults.map(\.day).min() ?? Day(number: 0)
        let shown = faults.prefix(5).map { name(of: $0.person) }.joined(separator: ", ")
        let more = faults.count > 5 ? " and \(faults.count - 5) more" : ""
        let above = Set(faults.map(\.superior)).map { name(of: $0) }.sorted().prefix(3).joined(
            separator: ", ")
        let people = faults.count == 1 ? "1 person" : "\(faults.count) people"
        return UserError(
            .conflict,
            "\(people) under \(above) would be left without a team leader or manager from \(first.iso): "
                + shown + more + ".",
            advice: "Hand them over to somebody else from that day first, or in the same step.")
    }
}
