import Domain
import Foundation
import HTTPTypes
import Hummingbird
import Storage

let userRoutes: [Route] = [
    Route(.get, Paths.users, needs: .manageUsers, listUsers),
    Route(.get, Paths.newUser, needs: .manageUsers) { try await showNewUser($0, problem: nil) },
    Route(.post, Paths.users, needs: .manageUsers, addUser),
    Route(.get, Paths.user(":id"), needs: .manageUsers) { try await showUser($0, problem: nil) },
    Route(.post, Paths.user(":id"), needs: .manageUsers, changeUser),
    Route(.get, Paths.userDisable(":id"), needs: .manageUsers, askDisable),
    Route(.post, Paths.userDisable(":id"), needs: .manageUsers, disableUser),
    Route(.post, Paths.userEnable(":id"), needs: .manageUsers, enableUser),
    Route(.get, Paths.userPassword(":id"), needs: .manageUsers, askPassword),
    Route(.post, Paths.userPassword(":id"), needs: .manageUsers, setPassword),
    Route(.post, Paths.userSessionsEnd(":id"), needs: .manageUsers, endSessions),
]

@Sendable private func listUsers(_ context: SignedIn) async throws -> Response {
    try context.page(UsersPage(try await context.store.accounts(), format: context.format))
}

@Sendable private func showNewUser(_ context: SignedIn, problem: UserError?) async throws -> Response {
    let form = context.form
    return try context.page(
        NewUserPage(
            problem: problem.map(Problem.init), username: form["username"], name: form["name"],
            roles: roleChoices(Role(rawValue: form["role"]) ?? .teamLeader),
            persons: personChoices(try await context.store.persons(), form.id("person"))),
        status: problem?.httpStatus ?? .ok)
}

@Sendable private func addUser(_ context: SignedIn) async throws -> Response {
    let form = context.form
    do {
        guard let role = Role(rawValue: form["role"]) else {
            throw UserError(.invalid, "That is no role.", advice: "Choose one of the list.")
        }
        let typed = form.raw("password").flatMap { $0.isEmpty ? nil : $0 }
        let password = typed ?? context.store.initialPassword()
        let user = try await context.store.addUser(
            username: form["username"], name: form.text("name") ?? form["username"], role: role,
            person: form.id("person"), password: password, by: context.actor)
        return try passwordGiven(context, user, typed == nil ? password : nil, isNew: true)
    } catch let error as UserError { return try await showNewUser(context, problem: error) }
}

@Sendable private func showUser(_ context: SignedIn, problem: UserError?) async throws -> Response {
    let account = try await context.store.account(try context.id())
    var persons = try await context.store.persons()
    // Somebody who came from another office stays chosen.
    if let person = account.user.person, !persons.contains(where: { $0.id == person }) {
        persons += try await context.store.persons(for: context.viewer.everywhere).filter { $0.id == person }
    }
    let page = UserPage(
        account, edited: problem == nil ? nil : context.form,
        sessions: try await context.store.sessions(of: account.user.id),
        persons: persons, current: context.session?.id, format: context.format,
        problem: problem.map(Problem.init))
    return try context.page(page, status: problem?.httpStatus ?? .ok)
}

@Sendable private func changeUser(_ context: SignedIn) async throws -> Response {
    var user = try await context.store.account(try context.id()).user
    do {
        guard let role = Role(rawValue: context.form["role"]) else {
            throw UserError(.invalid, "That is no role.", advice: "Choose one of the list.")
        }
        user.username = context.form["username"]
        user.name = context.form["name"]
        user.role = role
        user.person = context.form.id("person")
        try await context.store.changeUser(user, by: context.actor)
    } catch let error as UserError { return try await showUser(context, problem: error) }
    return context.redirect(to: Paths.users, Notice(.success, "Saved", "\(user.name), \(user.role.title)."))
}

@Sendable private func askDisable(_ context: SignedIn) async throws -> Response {
    let account = try await context.store.account(try context.id())
    return try context.page(
        UserDisablePage(
            name: account.user.name, action: Paths.userDisable(account.user.id.description),
            back: Paths.user(account.user.id.description)))
}

@Sendable private func disableUser(_ context: SignedIn) async throws -> Response {
    try await setDisabled(context, true, "is shut out, everywhere, from now on.")
}

@Sendable private func enableUser(_ context: SignedIn) async throws -> Response {
    try await setDisabled(context, false, "can sign in again.")
}

private func setDisabled(_ context: SignedIn, _ disabled: Bool, _ words: String) async throws -> Response {
    let account = try await context.store.account(try context.id())
    do { try await context.store.setDisabled(account.user.id, disabled, by: context.actor) } catch let error
        as UserError
    { return try await showUser(context, problem: error) }
    return context.redirect(
        to: Paths.users, Notice(.success, disabled ? "Disabled" : "Enabled", "\(account.user.name) \(words)"))
}

@Sendable private func askPassword(_ context: SignedIn) async throws -> Response {
    let account = try await context.store.account(try context.id())
    return try context.page(UserPasswordPage(account.user, problem: nil))
}

@Sendable private func setPassword(_ context: SignedIn) async throws -> Response {
    let account = try await context.store.account(try context.id())
    let typed = context.form.raw("password").flatMap { $0.isEmpty ? nil : $0 }
    let password = typed ?? context.store.initialPassword()
    do { try await context.store.setPassword(of: account.user.id, to: password, by: context.actor) } catch let
        error
        as UserError
    {
        return try context.page(
            UserPasswordPage(account.user, problem: Problem(error)), status: error.httpStatus)
    }
    return try passwordGiven(context, account.user, typed == nil ? password : nil, isNew: false)
}

/// Shows a password that the program made, this once; one that was typed is not repeated.
private func passwordGiven(
    _ context: SignedIn, _ user: User, _ password: String?, isNew: Bool
) throws -> Response {
    guard let password else {
        return context.redirect(
            to: Paths.users,
            Notice(
                .success, isNew ? "Added" : "The password is set",
                "\(user.name) signs in as \(user.username)."))
    }
    return try context.page(
        PasswordGivenPage(
            title: isNew ? "\(user.name) is added" : "A new password for \(user.name)",
            username: user.username, password: password, back: Paths.users))
}

@Sendable private func endSessions(_ context: SignedIn) async throws -> Response {
    let user: ID<User> = try context.id()
    let count = try await context.store.endSessions(
        of: user, except: context.session?.id, by: context.actor)
    return context.redirect(
        to: Paths.user(user.description),
        Notice(.success, count == 0 ? "There was no session to end" : "The sessions have ended"))
}
