import Domain
import Formats
import Storage

func newPersonLink(_ designation: String?) -> String {
    Form([("designation", designation ?? "")]).link(Paths.newPerson)
}

/// The chart as the page prints it.
struct ChartBuilder {
    let context: SignedIn
    let canChoose: Bool
    /// Which days the links keep.
    let days: Form

    func href(_ it: Standing) -> String? {
        context.sees(it) ? days.link(Paths.person(it.person.description)) : nil
    }

    func counts(_ chart: OrganizationChart, on day: Day) -> String {
        let format = context.format
        let teams = chart.branches.flatMap(\.teams)
        let idle = chart.branches.reduce(0) { $0 + $1.idle.count }
        let agents = teams.reduce(0) { $0 + $1.agents.count } + idle
        let parts = [
            (chart.branches.count, "team manager", "team managers"),
            (teams.count, "team leader", "team leaders"), (agents, "agent", "agents"),
            (idle, "of them idle", "of them idle"), (chart.unassigned.count, "unassigned", "unassigned"),
            (chart.left.count, "left", "left"),
        ]
        return "\(format.day(day)): "
            + parts.filter { $0.0 > 0 || $0.1 == "agent" }.map { format.count($0.0, $0.1, $0.2) }
            .joined(separator: ", ") + "."
    }

    private func badges(_ it: Standing) -> [String] {
        let terms = context.office.office.rules.terms
        return [
            terms.employments.first == it.placement.employment ? nil : it.placement.employment,
            terms.statuses.first == it.placement.status || it.hasLeft ? nil : it.placement.status,
        ].compactMap { $0 }
    }

    private func member(_ it: Standing) -> PeoplePage.Member {
        .init(
            id: it.person.description, name: it.name, href: href(it), badges: badges(it),
            canChoose: canChoose && it.rank == .agent && !it.hasLeft)
    }

    func loose(_ name: String, _ members: [Standing]) -> PeoplePage.Loose? {
        members.isEmpty
            ? nil
            : .init(name: name, count: context.format.number(members.count), members: members.map(member))
    }

    func branch(_ branch: OrganizationChart.Branch) -> PeoplePage.Branch {
        let format = context.format
        var teams = branch.teams.map { team in
            PeoplePage.Team(
                name: team.leader.name, href: href(team.leader),
                count: format.count(team.agents.count, "agent", "agents"), badges: badges(team.leader),
                members: team.agents.map(member), isEmpty: team.agents.isEmpty)
        }
        if !branch.idle.isEmpty {
            teams.insert(
                .init(
                    name: "Idle, without a team", href: nil, count: format.number(branch.idle.count),
                    badges: [], members: branch.idle.map(member), isEmpty: false), at: 0)
        }
        let agents = branch.teams.reduce(branch.idle.count) { $0 + $1.agents.count }
        return .init(
            id: branch.manager.person.description, name: branch.manager.name, href: href(branch.manager),
            count: "\(format.count(branch.teams.count, "team", "teams")), "
                + format.count(agents, "agent", "agents"), teams: teams)
    }
}

extension OrganizationChart {
    /// Whoever has all the words in the name, with those above; a leader or manager who fits brings all of his.
    func matching(_ search: String) -> OrganizationChart {
        let words = search.split(whereSeparator: \.isWhitespace).map { foldedName(String($0)) }
        guard !words.isEmpty else { return self }
        let fits = { (it: Standing) in
            let name = foldedName(it.name)
            return words.allSatisfy(name.contains)
        }
        var chart = self
        chart.branches = branches.compactMap { branch in
            if fits(branch.manager) { return branch }
            var branch = branch
            branch.idle = branch.idle.filter(fits)
            branch.teams = branch.teams.compactMap { team in
                if fits(team.leader) { return team }
                var team = team
                team.agents = team.agents.filter(fits)
                return team.agents.isEmpty ? nil : team
            }
            return branch.teams.isEmpty && branch.idle.isEmpty ? nil : branch
        }
        chart.unassigned = unassigned.filter(fits)
        chart.left = left.filter(fits)
        return chart
    }
}
