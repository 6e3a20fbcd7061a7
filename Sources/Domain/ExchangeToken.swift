import Foundation

/// What one office gives another so that it may fetch and send: a secret, and how to know the box that made it.
///
/// `rollcall-exchange.<43 characters>.<SHA-256 of the box's own authority, or “system”>`
public struct ExchangeToken: Hashable, Sendable {
    public enum Trust: Hashable, Sendable {
        /// The authority's certificate has this SHA-256, in hex.
        case authority(String)
        /// The certificate is one that the system trusts, for the name in the address.
        case system
    }
    public var secret: String
    public var trust: Trust

    public init(secret: String, trust: Trust) {
        self.secret = secret
        self.trust = trust
    }

    public var text: String {
        switch trust {
        case .authority(let hash): "rollcall-exchange.\(secret).\(hash)"
        case .system: "rollcall-exchange.\(secret).system"
        }
    }

    /// - Throws: `UserError` for what is no token.
    public init(_ text: String) throws {
        let parts = text.trimmingCharacters(in: .whitespacesAndNewlines).split(separator: ".").map(
            String.init)
        guard parts.count == 3, parts[0] == "rollcall-exchange", parts[1].utf8.count == 43,
            parts[1].utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }),
            parts[2] == "system" || isHexadecimal(parts[2], bytes: 32)
        else {
            throw UserError(
                .invalid, "That is no token of another office.",
                advice: "Copy the whole of it: it begins with “rollcall-exchange.”.")
        }
        self.init(secret: parts[1], trust: parts[2] == "system" ? .system : .authority(parts[2]))
    }
}

/// Where another office is reached: `https://north.lan:8443`.
public struct ExchangeAddress: Hashable, Sendable {
    public var host: String
    public var port: Int

    /// - Throws: `UserError` for what is no such address; `http` is refused, too.
    public init(_ text: String) throws {
        let text = text.trimmingCharacters(in: .whitespacesAndNewlines)
        let whole = text.contains("://") ? text : "https://\(text)"
        guard whole.utf8.count <= 300, let parts = URLComponents(string: whole),
            parts.scheme?.lowercased() == "https", let host = parts.host, !host.isEmpty,
            parts.user == nil, parts.password == nil, parts.query == nil,
            parts.path.isEmpty || parts.path == "/", (1...65_535).contains(parts.port ?? 443)
        else {
            throw UserError(
                .invalid, "“\(text)” is no address of an office.",
                advice: "Give it as a browser there shows it: https://north.lan:8443, for example.")
        }
        self.host = host.trimmingCharacters(in: CharacterSet(charactersIn: "[]"))
        port = parts.port ?? 443
    }

    public var text: String { "https://\(authority)" }
    /// As the `Host` header has it.
    public var authority: String {
        (host.contains(":") ? "[\(host)]" : host) + (port == 443 ? "" : ":\(port)")
    }
}
