import Domain

/// Every address of the site, written once: routes match on these, pages link to these.
public enum Paths {
    // Everybody.
    static let assets = "/assets/**"
    static func asset(_ name: String, version: String) -> String { "/assets/\(name)?v=\(version)" }
    static let health = "/healthz"
    static let metrics = "/metrics"
    static let trust = "/trust"
    static let trustCertificate = "/trust/rollcall-ca.crt"
    public static let setup = "/setup"
    static let login = "/auth/login"
    static let logout = "/auth/logout"

    static let home = "/"
}
