extension Organization {
    /// Whether a superior has a rank on a day and has not left; one who is not loaded is taken at his word.
    func holds(_ person: ID<Person>, _ rank: Rank, on day: Day) -> Bool {
        guard let placement = histories[person]?.inForce(on: day)?.placement else { return true }
        return self.rank(of: placement) == rank && !hasLeft(placement)
    }

    /// The manager, on a day, of somebody who leads then.
    public func manager(ofLeader leader: ID<Person>, on day: Day) -> ID<Person>? {
        guard let manager = histories[leader]?.inForce(on: day)?.placement.manager,
            holds(manager, .manager, on: day)
        else { return nil }
        return manager
    }

    /// Who stands above somebody placed like this; both nil where the one named does not lead or manage then.
    func superiors(of placement: Placement, on day: Day) -> (leader: ID<Person>?, manager: ID<Person>?) {
        if let leader = placement.leader {
            guard holds(leader, .leader, on: day) else { return (nil, nil) }
            return (leader, manager(ofLeader: leader, on: day))
        }
        guard let manager = placement.manager, holds(manager, .manager, on: day) else { return (nil, nil) }
        return (nil, manager)
    }

    /// Days inside a stretch on which what is above a placement may change, in order.
    func cuts(in placement: Placement, from: Day, until: Day) -> [Day] {
        var days: Set<Day> = []
        func add(_ person: ID<Person>) {
            for known in (histories[person]?.standing ?? []).dropFirst() {
                let day = known.placement.from
                if from < day, day < until { days.insert(day) }
            }
        }
        if let leader = placement.leader {
            add(leader)
            for manager in histories[leader]?.superiors ?? [] { add(manager) }
        }
        if let manager = placement.manager { add(manager) }
        return days.sorted()
    }

    /// A person's days cut so that nothing changes within a span: no gap and no overlap, from the first day
    /// that there is to the last; empty for somebody without placements.
    public func spans(of person: ID<Person>) -> [PlacementSpan] {
        guard let history = histories[person] else { return [] }
        var spans: [PlacementSpan] = []
        for (index, known) in history.standing.enumerated() {
            let start = index == 0 ? Day(number: .min) : known.placement.from
            let end = history.end(afterIndex: index)
            let own = spans.count
            let cuts = cuts(in: known.placement, from: start, until: end)
            for (from, until) in zip([start] + cuts, cuts + [end]) {
                let span = span(of: known.placement, on: from, from: from, until: until)
                if spans.count > own, let last = spans.last, last.placement == span.placement,
                    last.manager == span.manager
                {
                    spans[spans.count - 1].until = until
                } else {
                    spans.append(span)
                }
            }
        }
        return spans
    }

    private func span(of placement: Placement, on day: Day, from: Day, until: Day) -> PlacementSpan {
        var placement = placement
        let above = superiors(of: placement, on: day)
        placement.leader = above.leader
        if above.leader == nil { placement.manager = above.manager }
        return PlacementSpan(placement: placement, from: from, until: until, manager: above.manager)
    }

    /// Spans of these persons or of everybody, by person and day.
    public func spans(of persons: Set<ID<Person>>? = nil) -> [PlacementSpan] {
        (persons.map(Array.init) ?? self.persons).sorted().flatMap { spans(of: $0) }
    }

    /// “Today's teams”: everybody as he is placed on `day`, for all days.
    public func spans(asOf day: Day) -> [PlacementSpan] {
        persons.sorted().compactMap { person in
            histories[person]?.inForce(on: day).map {
                span(of: $0.placement, on: day, from: Day(number: .min), until: Day(number: .max))
            }
        }
    }
}
