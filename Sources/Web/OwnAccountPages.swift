import Domain
import Storage

let ownAccountPages: [any Page.Type] = [OwnAccountPage.self, OwnPasswordPage.self, TokenMadePage.self]

/// A session as its owner or an admin sees it.
struct SessionRow: Decodable, Sendable {
    var browser: String
    var address: String
    var since: String
    var seen: String
    var isThis: Bool
    var end: String?

    init(_ session: Session, current: String?, end: String?, format: OfficeFormat) {
        browser = session.browserName
        address = session.address
        since = format.moment(session.created)
        seen = format.moment(session.seen)
        isThis = session.id == current
        self.end = end
    }
}

struct OwnAccountPage: Page {
    static let template = "me"
    struct TokenRow: Decodable, Sendable {
        var name: String
        var made: String
        var expires: String
        var isOver: Bool
        var used: String
        var revoke: String
    }
    var title = "My account"
    var problem: Problem?
    var name: String
    var username: String
    var role: String
    var person: String?
    var permissions = Paths.permissions
    /// For whoever decides requests.
    var standIns: String?
    var saveName = Paths.ownName
    var password = Paths.ownPassword
    var sessions: [SessionRow]
    var endOthers: String?
    var tokens: [TokenRow]
    var makeToken = Paths.ownTokens

    init(
        _ account: Account, sessions: [Session], tokens: [APIToken], current: String?, now: Instant,
        format: OfficeFormat, problem: Problem?
    ) {
        self.problem = problem
        name = account.user.name
        username = account.user.username
        role = account.user.role.title
        person = account.personName
        standIns =
            Permission.decideRequests.reach(of: account.user.role) > .none ? Paths.standIns : nil
        self.sessions = sessions.map {
            SessionRow($0, current: current, end: Paths.ownSessionEnd($0.id), format: format)
        }
        endOthers = sessions.count > 1 ? Paths.ownSessionsEnd : nil
        self.tokens = tokens.map { token in
            TokenRow(
                name: token.name, made: format.moment(token.created), expires: format.moment(token.expires),
                isOver: token.expires <= now, used: token.used.map(format.moment) ?? "never",
                revoke: Paths.ownTokenRevoke(token.id))
        }
    }
}

struct OwnPasswordPage: Page {
    static let template = "me.password"
    var title = "Change the password"
    var problem: Problem?
    var action = Paths.ownPassword
    var username: String
    /// Somebody else gave this password; nothing else is open before it is changed.
    var isFirst: Bool
    var back: String?

    init(_ context: SignedIn, problem: Problem?) {
        self.problem = problem
        username = context.session?.user.username ?? ""
        isFirst = context.session?.mustChangePassword ?? false
        back = isFirst ? nil : Paths.ownAccount
    }
}

struct TokenMadePage: Page {
    static let template = "me.token"
    var title = "The new token"
    var name: String
    var secret: String
    var back: String
}
