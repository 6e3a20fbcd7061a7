import Foundation

/// By whom and why a placement was made, as the journal tells it.
public struct PlacementCause: Hashable, Codable, Sendable {
    /// Kind of the event.
    public var kind: String
    /// As he was called then.
    public var actor: String
    public var reason: String
    public var request: ID<TransferRequest>?

    public init(
        kind: String, actor: String = "", reason: String = "", request: ID<TransferRequest>? = nil
    ) {
        self.kind = kind
        self.actor = actor
        self.reason = reason
        self.request = request
    }
}

/// A placement and the entry that made it; (time, office, incarnation) is its place in the total order.
public struct KnownPlacement: Hashable, Codable, Sendable {
    public var placement: Placement
    public var time: HybridTime
    public var office: ID<Office>
    /// Of the office's chain.
    public var incarnation: Int
    public var cause: PlacementCause

    public init(
        _ placement: Placement, time: HybridTime, office: ID<Office>, incarnation: Int = 1,
        cause: PlacementCause
    ) {
        self.placement = placement
        self.time = time
        self.office = office
        self.incarnation = incarnation
        self.cause = cause
    }

    /// For placements that no entry made yet.
    static let nowhere = ID<Office>(UUID(uuid: (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)))

    /// Whether this one stands where both are of one person and day.
    func supersedes(_ other: KnownPlacement) -> Bool {
        guard time == other.time else { return time > other.time }
        return office == other.office ? incarnation > other.incarnation : office > other.office
    }
}

/// All that is known of one person's placements: those that stand, and those that did before.
struct PlacementHistory: Hashable, Sendable {
    /// By first day, one a day.
    private(set) var standing: [KnownPlacement] = []
    /// By first day, then by the total order.
    private(set) var superseded: [KnownPlacement] = []

    var all: [KnownPlacement] { standing + superseded }

    /// Keeps the same history in whatever order placements come, and however often.
    mutating func add(_ known: KnownPlacement) {
        let index = firstIndex { $0 >= known.placement.from }
        guard standing.indices.contains(index), standing[index].placement.from == known.placement.from else {
            standing.insert(known, at: index)
            return
        }
        let other = standing[index]
        guard other != known else { return }
        let loser = known.supersedes(other) ? other : known
        if known.supersedes(other) { standing[index] = known }
        guard !superseded.contains(loser) else { return }
        let place = superseded.firstIndex { later in
            later.placement.from != loser.placement.from
                ? later.placement.from > loser.placement.from : later.supersedes(loser)
        }
        superseded.insert(loser, at: place ?? superseded.endIndex)
    }

    /// The first placement that begins as `isLate` says, by halving.
    private func firstIndex(where isLate: (Day) -> Bool) -> Int {
        var (low, high) = (0, standing.count)
        while low < high {
            let middle = low + (high - low) / 2
            if isLate(standing[middle].placement.from) { high = middle } else { low = middle + 1 }
        }
        return low
    }

    /// What stands on a day; before the first placement, the first.
    func inForce(on day: Day) -> KnownPlacement? {
        let index = max(0, firstIndex { $0 > day } - 1)
        return standing.indices.contains(index) ? standing[index] : nil
    }

    /// Placements that begin on `day` or later.
    func begun(from day: Day) -> ArraySlice<KnownPlacement> {
        standing[firstIndex { $0 >= day }...]
    }

    var firstDay: Day? { standing.first?.placement.from }

    /// The first day after a placement's own: where the next begins.
    func end(afterIndex index: Int) -> Day {
        standing.indices.contains(index + 1) ? standing[index + 1].placement.from : Day(number: .max)
    }

    var superiors: Set<ID<Person>> {
        var found: Set<ID<Person>> = []
        for known in standing {
            if let leader = known.placement.leader { found.insert(leader) }
            if let manager = known.placement.manager { found.insert(manager) }
        }
        return found
    }
}
