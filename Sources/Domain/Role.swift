import Foundation

/// What a person signs in as.
public enum Role: String, CaseIterable, Codable, Sendable, Hashable {
    case admin
    case dataEntry = "data-entry"
    case teamManager = "team-manager"
    case teamLeader = "team-leader"
    case agent

    public var title: String {
        switch self {
        case .admin: "Admin"
        case .dataEntry: "Data Entry"
        case .teamManager: "Team Manager"
        case .teamLeader: "Team Leader"
        case .agent: "Agent"
        }
    }

    /// Whether the role's reach comes from the person behind the account.
    public var needsPerson: Bool { self == .teamManager || self == .teamLeader || self == .agent }
}

/// How far a permission reaches for a role.
public enum Reach: String, Codable, Sendable, Comparable, CaseIterable {
    case none
    case own
    case team
    case teams
    case office

    public var title: String {
        switch self {
        case .none: "—"
        case .own: "own"
        case .team: "own team"
        case .teams: "own teams"
        case .office: "whole office"
        }
    }

    public static func < (a: Reach, b: Reach) -> Bool {
        (allCases.firstIndex(of: a) ?? 0) < (allCases.firstIndex(of: b) ?? 0)
    }
}

/// Everything that can be allowed; a route names exactly one.
public enum Permission: String, CaseIterable, Codable, Sendable, Hashable {
    case viewFirstScreen = "view-first-screen"
    case viewOwnAccount = "view-own-account"
    case viewFigures = "view-figures"
    case viewCalls = "view-calls"
    case exportFigures = "export-figures"
    case viewPeople = "view-people"
    case managePeople = "manage-people"
    case matchNames = "match-names"
    case viewRequests = "view-requests"
    case decideRequests = "decide-requests"
    case viewFiles = "view-files"
    case uploadFiles = "upload-files"
    case requestDeletions = "request-deletions"
    case decideDeletions = "decide-deletions"
    case viewActivity = "view-activity"
    case viewPermissions = "view-permissions"
    case manageUsers = "manage-users"
    case manageSettings = "manage-settings"
    case verifyOffice = "verify-office"
    case viewOffices = "view-offices"
    case manageOffices = "manage-offices"
    case decideConflicts = "decide-conflicts"
    case manageBackups = "manage-backups"

    /// In the words of the permissions page.
    public var title: String {
        switch self {
        case .viewFirstScreen: "See the first screen"
        case .viewOwnAccount: "See and change the own account"
        case .viewFigures: "See agents, figures and reports"
        case .viewCalls: "See single calls and their lines"
        case .exportFigures: "Export figures and calls"
        case .viewPeople: "See people and who reports to whom"
        case .managePeople: "Add, place, rename and hand over people"
        case .matchNames: "Say whose a dialer's name is"
        case .viewRequests: "See transfer requests"
        case .decideRequests: "Open transfer requests and decide them"
        case .viewFiles: "See files and what was rejected"
        case .uploadFiles: "Upload files"
        case .requestDeletions: "Ask for calls to be deleted"
        case .decideDeletions: "Approve deletions, restore, purge, and set holds"
        case .viewActivity: "See and export the activity"
        case .viewPermissions: "See who may do what"
        case .manageUsers: "Add, change and disable users"
        case .manageSettings: "Change office and source settings"
        case .verifyOffice: "Verify the office's data"
        case .viewOffices: "See other offices and what they sent"
        case .manageOffices: "Pair offices, and send and take snapshots"
        case .decideConflicts: "Decide conflicts between offices"
        case .manageBackups: "Make, check and restore backups"
        }
    }

    /// The whole table: a role that is not named has no reach.
    public func reach(of role: Role) -> Reach {
        switch (self, role) {
        case (.viewFirstScreen, _), (.viewOwnAccount, _): .own
        case (.viewPermissions, _): .own
        case (.viewFigures, .admin), (.viewFigures, .dataEntry): .office
        case (.viewFigures, .teamManager): .teams
        case (.viewFigures, .teamLeader): .team
        case (.viewFigures, .agent): .own
        case (.viewCalls, _), (.exportFigures, _): Permission.viewFigures.reach(of: role)
        case (.viewPeople, _): Permission.viewFigures.reach(of: role)
        case (.managePeople, .admin): .office
        case (.managePeople, .teamManager): .teams
        case (.matchNames, .admin), (.matchNames, .dataEntry): .office
        case (.viewRequests, .dataEntry): .none
        case (.viewRequests, _): Permission.viewFigures.reach(of: role)
        case (.decideRequests, .admin): .office
        case (.decideRequests, .teamManager): .teams
        case (.decideRequests, .teamLeader): .team
        case (.viewFiles, .admin), (.viewFiles, .dataEntry): .office
        case (.uploadFiles, .admin), (.uploadFiles, .dataEntry): .office
        case (.requestDeletions, .admin), (.requestDeletions, .dataEntry): .office
        case (.requestDeletions, .teamManager): .teams
        case (.decideDeletions, .admin): .office
        case (.viewActivity, .admin): .office
        case (.manageUsers, .admin), (.manageSettings, .admin), (.verifyOffice, .admin): .office
        case (.viewOffices, .admin), (.manageOffices, .admin), (.decideConflicts, .admin),
            (.manageBackups, .admin):
            .office
        default: .none
        }
    }
}

/// Who asks: the account, its role, and the person whose teams it sees.
///
/// Every query that returns something of the office takes a viewer and narrows to its reach.
public struct Viewer: Hashable, Sendable {
    public var user: ID<User>
    public var name: String
    public var role: Role
    public var person: ID<Person>?

    public init(user: ID<User>, name: String, role: Role, person: ID<Person>?) {
        self.user = user
        self.name = name
        self.role = role
        self.person = person
    }

    /// Whoever may open the data folder itself: he could read the database without us.
    public static let console = Viewer(
        user: ID(UUID(uuid: (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0))), name: "Console", role: .admin,
        person: nil)

    public func reach(_ permission: Permission) -> Reach { permission.reach(of: role) }

    public func may(_ permission: Permission) -> Bool { reach(permission) > .none }

    /// Throws the error of something that does not exist, as seen by this viewer.
    public func require(_ permission: Permission) throws {
        guard may(permission) else { throw UserError.notHere }
    }
}

extension UserError {
    /// One text for what does not exist and for what is out of reach, so that neither tells on the other.
    public static let notHere = UserError(
        .notFound, "There is nothing here for you.",
        advice: "Check the address, or go back to the first screen. An admin can see who may do what.")
}
