import Crypto
import Domain
import Foundation
import Hummingbird
import Storage

extension Site {
    /// Over TLS the prefix binds the cookie to this host and to TLS (RFC 6265bis, 4.1.3.2).
    var sessionCookie: String { isSecure ? "__Host-rollcall" : "rollcall" }
    /// Proves that a form of who is not signed in was made for this browser.
    var visitCookie: String { isSecure ? "__Host-rollcall-visit" : "rollcall-visit" }

    func cookie(_ name: String, _ value: String) -> Cookie {
        Cookie(name: name, value: value, path: "/", secure: isSecure, httpOnly: true, sameSite: .lax)
    }

    func deadCookie(_ name: String) -> Cookie {
        Cookie(name: name, value: "", maxAge: 0, path: "/", secure: isSecure, httpOnly: true, sameSite: .lax)
    }
}

extension Request {
    func cookie(_ name: String) -> String? {
        for header in headers[values: .cookie] {
            for pair in header.split(separator: ";") {
                let halves = pair.split(separator: "=", maxSplits: 1)
                guard halves.count == 2, halves[0].trimmingCharacters(in: .whitespaces) == name else {
                    continue
                }
                return halves[1].trimmingCharacters(in: .whitespaces)
            }
        }
        return nil
    }
}

/// The form token of a visit without a session: whoever can read a page of ours has it, and nobody else.
func visitFormToken(_ secret: String) -> String {
    hexadecimal(SHA256.hash(data: Data("rollcall-form:\(secret)".utf8)))
}

/// Compares without telling by its time where the first difference is.
func sameText(_ a: String, _ b: String) -> Bool {
    guard a.utf8.count == b.utf8.count else { return false }
    return zip(a.utf8, b.utf8).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
}
