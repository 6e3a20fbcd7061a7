/// An account; the secret that opens it is kept elsewhere and never travels.
public struct User: Hashable, Codable, Sendable {
    public var id: ID<User>
    /// What is typed at sign-in: unique without regard to case.
    public var username: String
    public var name: String
    public var role: Role
    public var person: ID<Person>?

    public init(id: ID<User>, username: String, name: String, role: Role, person: ID<Person>? = nil) {
        self.id = id
        self.username = username
        self.name = name
        self.role = role
        self.person = person
    }

    /// Letters, digits, dot, dash and underscore, 2 to 64 of them.
    public static func checkUsername(_ text: String) throws {
        let allowed = text.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte)
                || byte == 0x2e || byte == 0x2d || byte == 0x5f
        }
        guard allowed, (2...64).contains(text.utf8.count) else {
            throw UserError(
                .invalid, "“\(text)” cannot be a user name.",
                advice: "Use 2 to 64 letters, digits, dots, dashes or underscores.")
        }
    }
}

/// What a new password must satisfy (NIST SP 800-63B, 5.1.1.2: length and a list of bad ones, no composition rules).
public func checkPassword(_ password: String, username: String, officeName: String) throws {
    guard password.count >= 10 else {
        throw UserError(
            .invalid, "The password is too short.",
            advice: "Use at least 10 characters; three or four words are easy to remember.")
    }
    guard password.utf8.count <= 1024 else {
        throw UserError(.invalid, "The password is too long.", advice: "Use at most 1,024 bytes.")
    }
    let folded = password.lowercased().filter { !$0.isWhitespace }
    let distinct = Set(folded).count
    let fed = [username, officeName, "rollcall"].map { $0.lowercased().filter { !$0.isWhitespace } }
    let padding = Set("0123456789!.?-_")
    let core = folded.filter { !padding.contains($0) }
    guard distinct >= 5, !commonPasswords.contains(folded), !commonPasswords.contains(core),
        !fed.contains(where: { !$0.isEmpty && (folded == $0 || core == $0) })
    else {
        throw UserError(
            .invalid, "That password is among the first that somebody would try.",
            advice: "Use three or four words that have nothing to do with you or the office.")
    }
}

private let commonPasswords: Set<String> = [
    "password", "passwort", "passw0rd", "qwerty", "qwertyuiop", "qwertzuiop", "azertyuiop", "asdfghjkl",
    "iloveyou", "welcome", "letmein", "administrator", "adminadmin", "callcenter", "callcentre", "dataentry",
    "teamleader", "teammanager", "sunshine", "football", "baseball", "princess", "superman", "1234567890",
    "0123456789", "1q2w3e4r5t", "1qaz2wsx3edc", "abcdefghij", "changeme", "default", "secret", "supersecret",
    "monkey", "dragon", "master", "michael", "jennifer", "trustno", "whatever", "starwars", "computer",
    "internet", "p@ssword", "p@ssw0rd", "correcthorsebatterystaple", "test", "guest", "readymode",
]
