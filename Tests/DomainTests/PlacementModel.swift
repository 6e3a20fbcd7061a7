import Domain

/// The rules told again, slowly, a day at a time, to hold the quick ones against.
struct PlacementModel {
    struct Row {
        var from: Day
        var placement: Placement
        var time: HybridTime
    }
    private var rows: [ID<Person>: [Row]] = [:]

    init(_ facts: [KnownPlacement]) {
        for fact in facts {
            var list = rows[fact.placement.person] ?? []
            if let same = list.firstIndex(where: { $0.from == fact.placement.from }) {
                if list[same].time < fact.time {
                    list[same] = Row(from: fact.placement.from, placement: fact.placement, time: fact.time)
                }
            } else {
                list.append(Row(from: fact.placement.from, placement: fact.placement, time: fact.time))
            }
            rows[fact.placement.person] = list
        }
        rows = rows.mapValues { $0.sorted { $0.from < $1.from } }
    }

    func placement(_ person: ID<Person>, _ day: Day) -> Placement? {
        let list = rows[person] ?? []
        return (list.last { $0.from <= day } ?? list.first)?.placement
    }

    func begins(_ person: ID<Person>) -> Day? { rows[person]?.first?.from }

    private func isLeader(_ person: ID<Person>, _ day: Day) -> Bool {
        placement(person, day).map { $0.designation == "Team Leader" && $0.status != "Left" } ?? false
    }

    private func isManager(_ person: ID<Person>, _ day: Day) -> Bool {
        placement(person, day).map { $0.designation == "Team Manager" && $0.status != "Left" } ?? false
    }

    /// Leader and manager of a person on a day.
    func above(_ person: ID<Person>, _ day: Day) -> (leader: ID<Person>?, manager: ID<Person>?) {
        guard let placement = placement(person, day) else { return (nil, nil) }
        if let leader = placement.leader {
            guard isLeader(leader, day) else { return (nil, nil) }
            let manager = self.placement(leader, day)?.manager
            return (leader, manager.flatMap { isManager($0, day) ? $0 : nil })
        }
        return (nil, placement.manager.flatMap { isManager($0, day) ? $0 : nil })
    }

    /// What is unlawful about a person on a day, from his first placement on; nil: nothing.
    func fault(_ person: ID<Person>, _ day: Day) -> String? {
        guard let placement = placement(person, day), let begin = begins(person), begin <= day else {
            return nil
        }
        let above = above(person, day)
        if placement.status == "Left" {
            return placement.leader == nil && placement.manager == nil ? nil : "left and under somebody"
        }
        switch placement.designation {
        case "Team Manager":
            return placement.leader == nil && placement.manager == nil ? nil : "manager under"
        case "Team Leader":
            return placement.leader == nil && above.manager != nil ? nil : "leader without manager"
        default:
            if placement.leader != nil {
                return above.leader != nil && above.manager != nil ? nil : "agent without leader or manager"
            }
            return placement.manager == nil || above.manager != nil ? nil : "idle under nobody"
        }
    }
}
