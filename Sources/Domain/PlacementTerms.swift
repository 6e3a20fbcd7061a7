/// What a designation makes of a person in the order of who reports to whom.
public enum Rank: Int, Hashable, Codable, Sendable, CaseIterable {
    case agent
    /// Has a team of agents.
    case leader
    /// Has teams of leaders, and idle agents.
    case manager
}

/// The words that an office places people with, and what they mean: a designation or status that is not
/// named here is an agent's, and of somebody who belongs to the office.
public struct PlacementTerms: Hashable, Codable, Sendable {
    public var designations: [String]
    public var employments: [String]
    public var statuses: [String]
    /// Designations that lead a team.
    public var leading: [String]
    /// Designations that manage teams.
    public var managing: [String]
    /// Statuses with which somebody no longer belongs to the office.
    public var ending: [String]

    public init(
        designations: [String] = [Placement.coldCaller, Placement.teamLeader, Placement.teamManager],
        employments: [String] = [Placement.fullTimer, Placement.partTimer],
        statuses: [String] = [Placement.employee, Placement.onLeave, Placement.left],
        leading: [String] = [Placement.teamLeader], managing: [String] = [Placement.teamManager],
        ending: [String] = [Placement.left]
    ) {
        self.designations = designations
        self.employments = employments
        self.statuses = statuses
        self.leading = leading
        self.managing = managing
        self.ending = ending
    }

    public static let standard = PlacementTerms()

    public func check() throws {
        for (words, what) in [
            (designations, "designation"), (employments, "employment"), (statuses, "status"),
        ] {
            guard (1...50).contains(words.count),
                words.allSatisfy({ !$0.allSatisfy(\.isWhitespace) && $0.count <= 60 })
            else {
                throw UserError(
                    .invalid,
                    "Each \(what) needs a word of 1 to 60 characters, and there are 1 to 50 of them.",
                    advice: "Fill in what is empty, or take some away.")
            }
            var seen: Set<String> = []
            for word in words where !seen.insert(word.lowercased()).inserted {
                throw UserError(
                    .invalid, "The \(what) “\(word)” is there twice.", advice: "Take one of them away.")
            }
        }
        let isKnown = { (words: [String], of: [String]) in words.allSatisfy(of.contains) }
        guard isKnown(leading + managing, designations), isKnown(ending, statuses),
            Set(leading).isDisjoint(with: managing)
        else {
            throw UserError(
                .invalid, "A word that leads, manages or ends the membership is not among the words.",
                advice: "Add it to them.")
        }
        guard !leading.isEmpty, !managing.isEmpty, leading.count + managing.count < designations.count else {
            throw UserError(
                .invalid, "There must be a designation for agents, one that leads and one that manages.",
                advice: "Say of each designation what it does.")
        }
        guard !ending.isEmpty, ending.count < statuses.count else {
            throw UserError(
                .invalid, "There must be a status that ends the membership, and one that does not.",
                advice: "Say of each status whether it does.")
        }
    }

    public func rank(of designation: String) -> Rank {
        managing.contains(designation) ? .manager : leading.contains(designation) ? .leader : .agent
    }

    public func rank(of placement: Placement) -> Rank { rank(of: placement.designation) }

    public func hasLeft(_ placement: Placement) -> Bool { ending.contains(placement.status) }
}

extension Placement {
    public static let onLeave = "On leave"
    public static let left = "Left"

    /// The lawful shape of a single placement; how placements fit each other is the organization's business.
    public func check(_ terms: PlacementTerms = .standard) throws {
        guard !designation.isEmpty, !employment.isEmpty, !status.isEmpty, !group.isEmpty else {
            throw UserError(
                .invalid, "A placement needs a designation, an employment, a status and a group.",
                advice: "Fill in what is empty.")
        }
        guard leader != person, manager != person else {
            throw UserError(
                .invalid, "Nobody can report to himself.", advice: "Choose another leader or manager.")
        }
        guard !terms.hasLeft(self) || (leader == nil && manager == nil) else {
            throw UserError(
                .invalid, "Somebody with the status “\(status)” has no team leader and no team manager.",
                advice: "Leave both empty.")
        }
        let rank = terms.rank(of: self)
        guard leader == nil || rank == .agent else {
            throw UserError(
                .invalid, "Only an agent has a team leader.",
                advice: "Place a team leader under a team manager instead.")
        }
        guard rank != .manager || manager == nil else {
            throw UserError(
                .invalid, "A team manager has no team manager.", advice: "Leave the manager empty.")
        }
        guard rank != .leader || manager != nil || terms.hasLeft(self) else {
            throw UserError(
                .invalid, "A team leader needs a team manager.", advice: "Choose the team manager.")
        }
        guard leader == nil || manager == nil else {
            throw UserError(
                .invalid, "An agent in a team has the team manager of that team.",
                advice: "Leave the manager empty, or the leader for an agent without a team.")
        }
    }
}
