import Domain
import Foundation
import HTTPTypes
import Hummingbird
import Storage

let permissionRoutes: [Route] = [
    Route(.get, Paths.permissions, needs: .viewPermissions, showPermissions)
]

let permissionPages: [any Page.Type] = [PermissionsPage.self]

struct PermissionsPage: Page {
    static let template = "permissions"
    struct Cell: Decodable, Sendable {
        var text: String
        var isNone: Bool
        var isMine: Bool
    }
    struct Row: Decodable, Sendable {
        var title: String
        var cells: [Cell]
    }
    struct Column: Decodable, Sendable {
        var title: String
        var isMine: Bool
    }
    struct Answer: Decodable, Sendable {
        var heading: String
        var sentences: [String]
    }
    var title = "Who may do what"
    var columns: [Column]
    var rows: [Row]
    /// Empty for who may ask about himself alone.
    var users: [Choice]
    var persons: [Choice]
    var canAsk: Bool
    var day: String
    var action = Paths.permissions
    var answer: Answer
}

@Sendable private func showPermissions(_ context: SignedIn) async throws -> Response {
    let store = context.store
    let canAsk = context.may(.manageUsers)
    let own = context.viewer.user
    // Whoever may not manage users asks about himself, whatever the address says.
    let asked: ID<User> = canAsk ? context.query.id("user") ?? own : own
    let account = try await store.account(asked)
    let day = context.query.day("day") ?? context.today
    var target: Person?
    if canAsk, let id: ID<Person> = context.query.id("person") {
        target = try await store.persons(for: context.viewer.everywhere).first { $0.id == id }
    }
    let mine = account.user.role
    return try context.page(
        PermissionsPage(
            columns: Role.allCases.map { .init(title: $0.title, isMine: $0 == mine) },
            rows: Permission.allCases.map { permission in
                .init(
                    title: permission.title,
                    cells: Role.allCases.map { role in
                        let reach = permission.reach(of: role)
                        return .init(text: reach.title, isNone: reach == .none, isMine: role == mine)
                    })
            },
            users: canAsk
                ? try await store.accounts().map {
                    Choice($0.user.id.description, $0.user.name, selected: $0.user.id == asked)
                } : [],
            persons: canAsk
                ? personChoices(
                    try await store.persons(for: context.viewer), target?.id, none: "Choose a person") : [],
            canAsk: canAsk, day: day.iso,
            answer: .init(
                heading: asked == own ? "What you see" : "What \(account.user.name) sees",
                sentences: try await reachInWords(account, target, day, store, context.format))))
}

/// Why an account sees what it sees on a day, and whether it sees one person.
private func reachInWords(
    _ account: Account, _ target: Person?, _ day: Day, _ store: OfficeStore, _ format: OfficeFormat
) async throws -> [String] {
    let (user, role) = (account.user, account.user.role)
    let on = "On \(format.day(day))"
    var words = ["\(user.name) is \(role == .admin || role == .agent ? "an" : "a") \(role.title)."]
    if account.isDisabled { words.append("The account is disabled, so it sees nothing now.") }
    let reach = Permission.viewFigures.reach(of: role)
    switch reach {
    case .none: words.append("This role sees no figures.")
    case .office: words.append("This role sees the figures of the whole office, on every day.")
    case .own, .team, .teams:
        guard let person = user.person, let personName = account.personName else {
            words.append(
                "This role sees what its person may see, but no person is behind the account: it sees nothing."
            )
            return words
        }
        words.append("The person behind the account is \(personName).")
        switch reach {
        case .own: words.append("This role sees the figures of that person alone.")
        case .team:
            let size = try await store.teamSize(leader: person, on: day)
            words.append("This role sees who has \(personName) as team leader on the day of the call.")
            words.append("\(on) that is \(format.count(size, "agent", "agents")).")
        default:
            let size = try await store.teamSize(manager: person, on: day)
            words.append("This role sees who has \(personName) as team manager on the day of the call.")
            words.append("\(on) that is \(format.count(size, "person", "people")).")
        }
    }
    if let offices = try await store.officeState(), offices.known.count > 1 {
        words.append(
            Permission.viewOffices.reach(of: role) > .none
                ? "This role sees the other offices, too: \(offices.known.filter { !$0.isOwn }.map(\.name).joined(separator: ", "))."
                : reach == .office
                    ? "It sees nothing of the other offices."
                    : "Nothing else of the other offices is seen.")
    }
    guard let target else { return words }
    let otherOffice = try await store.otherOffice(of: target.id)
    if let otherOffice { words.append("\(target.name) is of the office \(otherOffice).") }
    guard let standing = try await store.standing(of: target.id, on: day) else {
        words.append("\(target.name) has no placement, so only roles with the whole office see this person.")
        return words
    }
    var place = "\(on) \(target.name) is \(standing.designation) in the group \(standing.group)"
    place += standing.leader.map { ", team leader \($0.name)" } ?? ", without a team leader"
    place += standing.manager.map { ", team manager \($0.name)." } ?? ", without a team manager."
    words.append(place)
    let sees =
        switch reach {
        case .none: false
        case .office: otherOffice == nil || Permission.viewOffices.reach(of: role) > .none
        case .own, .team, .teams:
            try await store.seesFigures(
                of: target.id, on: day,
                as: Viewer(user: user.id, name: user.name, role: role, person: user.person))
        }
    words.append(
        sees && !account.isDisabled
            ? "So \(user.name) sees \(target.name)'s figures of that day."
            : "So \(user.name) does not see \(target.name)'s figures of that day.")
    return words
}
