/// One step of a person's timeline, ready to be said in words.
public struct TimelineStep: Hashable, Sendable {
    public enum Change: String, Hashable, Sendable, CaseIterable {
        case joined
        case returned
        case left
        case promoted
        case demoted
        /// Another leader, or to or from a team.
        case movedTeam
        /// The leader, or the agent himself, came under another manager.
        case movedManager
        case changedDesignation
        case changedEmployment
        case changedStatus
        case changedGroup
        /// Placed again as he was.
        case confirmed
    }
    public var from: Day
    /// The first day after; nil: until further notice.
    public var until: Day?
    /// At least one.
    public var changes: [Change]
    /// nil: this is the first.
    public var before: PlacementSpan?
    public var after: PlacementSpan
    /// Who and why; nil where only something above him changed.
    public var known: KnownPlacement?
    /// What was known of this day before, the latest first.
    public var superseded: [KnownPlacement]
}

extension Organization {
    /// A person's steps in order of days; what happened above him is a step too, made by nobody's placing him.
    public func timeline(of person: ID<Person>) -> [TimelineStep] {
        guard let history = histories[person] else { return [] }
        let known = Dictionary(history.standing.map { ($0.placement.from, $0) }) { first, _ in first }
        let old = Dictionary(grouping: history.superseded, by: \.placement.from)
        let start = history.firstDay ?? Day(number: .min)
        var steps: [TimelineStep] = []
        var before: PlacementSpan?
        // Before the first placement nothing happened: the span that reaches into it begins with it.
        for var span in spans(of: person) where span.until > start {
            span.from = max(span.from, start)
            let own = known[span.from]
            let changes = changes(before, span)
            steps.append(
                TimelineStep(
                    from: span.from, until: span.until == Day(number: .max) ? nil : span.until,
                    changes: changes.isEmpty ? [.confirmed] : changes, before: before, after: span,
                    known: own, superseded: (old[span.from] ?? []).reversed()))
            before = span
        }
        return steps
    }

    private func changes(_ before: PlacementSpan?, _ after: PlacementSpan) -> [TimelineStep.Change] {
        guard let before else { return [.joined] }
        var changes: [TimelineStep.Change] = []
        let (old, new) = (before.placement, after.placement)
        switch (hasLeft(old), hasLeft(new)) {
        case (false, true): return [.left]
        case (true, false): changes.append(.returned)
        default: if old.status != new.status { changes.append(.changedStatus) }
        }
        let (was, becomes) = (rank(of: old).rawValue, rank(of: new).rawValue)
        if was != becomes {
            changes.append(was < becomes ? .promoted : .demoted)
        } else if old.designation != new.designation {
            changes.append(.changedDesignation)
        }
        if old.leader != new.leader {
            changes.append(.movedTeam)
        } else if before.manager != after.manager {
            changes.append(.movedManager)
        }
        if old.employment != new.employment { changes.append(.changedEmployment) }
        if old.group != new.group { changes.append(.changedGroup) }
        return changes
    }
}
