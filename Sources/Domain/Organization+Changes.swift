/// What shall be otherwise in a placement; nil: as it was.
public struct PlacementChange: Hashable, Sendable {
    public enum Seat: Hashable, Sendable {
        case leader(ID<Person>)
        case manager(ID<Person>)
        case nobody
    }
    public var designation: String?
    public var employment: String?
    public var status: String?
    public var group: String?
    public var seat: Seat?

    public init(
        designation: String? = nil, employment: String? = nil, status: String? = nil, group: String? = nil,
        seat: Seat? = nil
    ) {
        self.designation = designation
        self.employment = employment
        self.status = status
        self.group = group
        self.seat = seat
    }
}

extension Organization {
    /// Places one person anew from a day, with what changes and everything else as it was.
    ///
    /// Where no seat is given, a new designation or status takes the person out of the seat that it cannot have:
    /// an agent who rises stays under the manager he had, who leaves is under nobody.
    /// - Parameter replacingLater: every placement after the day becomes the same, so what was scheduled is off.
    public func change(
        _ person: ID<Person>, from day: Day, by change: PlacementChange, replacingLater: Bool = false
    ) throws -> [Placement] {
        let now = try placed(person, on: day)
        var new = now
        new.from = max(day, histories[person]?.firstDay ?? day)
        apply(change, to: &new)
        let later = (histories[person]?.begun(from: new.from.adding(1)) ?? []).map(\.placement)
        var placements = new.isLike(now) ? [] : [new]
        for placement in later where replacingLater && !placement.isLike(new) {
            var same = new
            same.from = placement.from
            placements.append(same)
        }
        guard !placements.isEmpty else {
            throw UserError(
                .invalid, "That is how \(name(of: person)) is placed on \(day.iso) already.",
                advice: "Change something, or choose another day.")
        }
        return placements
    }

    private func apply(_ change: PlacementChange, to placement: inout Placement) {
        placement.designation = change.designation ?? placement.designation
        placement.employment = change.employment ?? placement.employment
        placement.status = change.status ?? placement.status
        placement.group = change.group ?? placement.group
        switch change.seat {
        case .leader(let leader): (placement.leader, placement.manager) = (leader, nil)
        case .manager(let manager): (placement.leader, placement.manager) = (nil, manager)
        case .nobody: (placement.leader, placement.manager) = (nil, nil)
        case nil: unseat(&placement)
        }
    }

    /// Takes a placement out of a seat that its designation or status forbids.
    private func unseat(_ placement: inout Placement) {
        if hasLeft(placement) || rank(of: placement) == .manager {
            (placement.leader, placement.manager) = (nil, nil)
        } else if rank(of: placement) == .leader, let leader = placement.leader {
            (placement.leader, placement.manager) = (nil, manager(ofLeader: leader, on: placement.from))
        }
    }

    /// What somebody is in a span.
    public func standing(in span: PlacementSpan) -> Standing {
        Standing(
            person: span.placement.person, name: name(of: span.placement.person), placement: span.placement,
            rank: rank(of: span.placement), hasLeft: hasLeft(span.placement),
            leader: span.placement.leader, manager: span.manager, hasBegun: true)
    }

    /// Somebody's placements that begin after a day.
    public func later(of person: ID<Person>, after day: Day) -> [KnownPlacement] {
        Array(histories[person]?.begun(from: day.adding(1)) ?? [])
    }

    public func firstDay(of person: ID<Person>) -> Day? { histories[person]?.firstDay }

    /// Who leads or manages on a day, or is scheduled to, by name.
    public func superiors(_ rank: Rank, from day: Day) -> [Person] {
        persons.filter { person in
            guard merged[person] == nil, let now = histories[person]?.inForce(on: day) else { return false }
            return ([now] + later(of: person, after: day)).contains {
                self.rank(of: $0.placement) == rank && !hasLeft($0.placement)
            }
        }
        .map { Person(id: $0, name: name(of: $0)) }
        .sorted { ($0.name, $0.id) < ($1.name, $1.id) }
    }
}
