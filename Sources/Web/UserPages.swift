import Domain
import Storage

let userPages: [any Page.Type] = [
    UsersPage.self, NewUserPage.self, UserPage.self, UserDisablePage.self, UserPasswordPage.self,
    PasswordGivenPage.self,
]

struct UsersPage: Page {
    static let template = "users"
    struct Row: Decodable, Sendable {
        var name: String
        var href: String
        var username: String
        var role: String
        var person: String
        var seen: String
        var isDisabled: Bool
    }
    var title = "Users"
    var new = Paths.newUser
    var permissions = Paths.permissions
    var rows: [Row]

    init(_ accounts: [Account], format: OfficeFormat) {
        rows = accounts.map { account in
            Row(
                name: account.user.name, href: Paths.user(account.user.id.description),
                username: account.user.username, role: account.user.role.title,
                person: account.personName ?? OfficeFormat.none,
                seen: account.seen.map(format.moment) ?? OfficeFormat.none, isDisabled: account.isDisabled)
        }
    }
}

struct NewUserPage: Page {
    static let template = "users.new"
    var title = "Add a user"
    var problem: Problem?
    var action = Paths.users
    var username: String
    var name: String
    var roles: [Choice]
    var persons: [Choice]
}

struct UserPage: Page {
    static let template = "user"
    var title: String
    var problem: Problem?
    var list = Paths.users
    var action: String
    var heading: String
    var username: String
    var name: String
    var roles: [Choice]
    var persons: [Choice]
    var isDisabled: Bool
    var added: String
    var disable: String
    var enable: String
    var password: String
    var reach: String
    var sessions: [SessionRow]
    var endSessions: String?

    /// - Parameter edited: what was typed, where it was not taken.
    init(
        _ account: Account, edited: Form?, sessions: [Session], persons: [Person], current: String?,
        format: OfficeFormat, problem: Problem?
    ) {
        let user = account.user
        let id = user.id.description
        title = user.name
        heading = user.name
        self.problem = problem
        action = Paths.user(id)
        username = edited?["username"] ?? user.username
        name = edited?["name"] ?? user.name
        roles = roleChoices(edited.flatMap { Role(rawValue: $0["role"]) } ?? user.role)
        self.persons = personChoices(persons, edited.map { $0.id("person") } ?? user.person)
        isDisabled = account.isDisabled
        added = format.moment(account.added)
        disable = Paths.userDisable(id)
        enable = Paths.userEnable(id)
        password = Paths.userPassword(id)
        reach = Form([("user", id)]).link(Paths.permissions)
        self.sessions = sessions.map {
            SessionRow($0, current: current, end: nil, format: format)
        }
        endSessions = sessions.isEmpty ? nil : Paths.userSessionsEnd(id)
    }
}

struct UserDisablePage: Page {
    static let template = "user.disable"
    var title = "Disable a user"
    var name: String
    var action: String
    var back: String
}

struct UserPasswordPage: Page {
    static let template = "user.password"
    var title = "Give a new password"
    var problem: Problem?
    var name: String
    var action: String
    var back: String

    init(_ user: User, problem: Problem?) {
        self.problem = problem
        name = user.name
        action = Paths.userPassword(user.id.description)
        back = Paths.user(user.id.description)
    }
}

struct PasswordGivenPage: Page {
    static let template = "user.given"
    var title: String
    var username: String
    var password: String
    var back: String
}

func roleChoices(_ selected: Role?) -> [Choice] {
    Role.allCases.map { Choice($0.rawValue, $0.title, selected: $0 == selected) }
}

func personChoices(_ persons: [Person], _ selected: ID<Person>?, none: String = "Nobody") -> [Choice] {
    [Choice("", none, selected: selected == nil)]
        + persons.map { Choice($0.id.description, $0.name, selected: $0.id == selected) }
}
