import Domain
import Storage

let peoplePages: [any Page.Type] = [PeoplePage.self, PersonPage.self]

/// A field that a form carries along unseen.
struct HiddenField: Decodable, Sendable {
    var name: String
    var value: String
}

struct PeoplePage: Page {
    static let template = "people.chart"
    struct Member: Decodable, Sendable {
        var id: String
        var name: String
        var href: String?
        var badges: [String]
        /// May be placed together with others.
        var canChoose: Bool
    }
    struct Team: Decodable, Sendable {
        var name: String
        var href: String?
        var count: String
        var badges: [String]
        var members: [Member]
        var isEmpty: Bool
    }
    /// People outside of teams.
    struct Loose: Decodable, Sendable {
        var name: String
        var count: String
        var members: [Member]
    }
    struct Branch: Decodable, Sendable {
        var id: String
        var name: String
        var href: String?
        var count: String
        var teams: [Team]
    }
    struct Scheduled: Decodable, Sendable {
        var day: String
        var name: String
        var href: String
        var text: String
        var cause: String
        var cancel: String
    }
    var title = "People"
    var lede: String
    var action = Paths.people
    var place = Paths.placePeople
    var search: String
    var on: String
    var known: String
    var asKnown: String?
    var canManage: Bool
    var add: String?
    var roster: String?
    var export: String
    var begin: Bool
    var newManager: String
    var newLeader: String
    var takeRoster = Paths.roster
    var users: String?
    var isEmpty: Bool
    var emptyText: String
    var hasPeople: Bool
    var branches: [Branch]
    var unassigned: Loose?
    var left: Loose?
    var scheduled: [Scheduled]
    var hasScheduled: Bool
}

struct PersonPage: Page {
    static let template = "person"
    struct Fact: Decodable, Sendable {
        var name: String
        var value: String
        var href: String?
    }
    struct Name: Decodable, Sendable {
        var name: String
        var days: String
    }
    struct Step: Decodable, Sendable {
        var day: String
        var until: String?
        var title: String
        var isScheduled: Bool
        var cause: String?
        var superseded: [String]
        var hasSuperseded: Bool
        var cancel: String?
    }
    struct Action: Decodable, Sendable {
        var label: String
        var href: String
    }
    struct Account: Decodable, Sendable {
        var text: String
        var href: String
        var disable: String?
    }
    var title: String
    var conflict: ConflictNote?
    var lede: String
    var list = Paths.people
    var path: String
    var on: String
    var known: String
    var asKnown: String?
    var merged: Action?
    var facts: [Fact]
    /// Why there are no facts.
    var outside: String?
    var figures: String
    var actions: [Action]
    var accounts: [Account]
    var steps: [Step]
    var names: [Name]
    var hasNames: Bool
    var today: String
}
