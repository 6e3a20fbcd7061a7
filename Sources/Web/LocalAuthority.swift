import Crypto
import Domain
import Foundation
import SwiftASN1
import X509

/// The box's own certificate authority and the certificate it gave the box (RFC 5280).
///
/// The authority lives ten years and may speak for names and addresses of a local network only, so that trusting
/// it trusts nothing on the internet. The leaf lives 397 days, and is made anew at start when less than 30 days
/// remain or the box has other names.
struct LocalAuthority {
    let certificatePEM: String
    let leafFile: String
    let leafKeyFile: String
    let names: [String]

    private static let day: TimeInterval = 86_400

    init(
        folder: String, now: Instant, names: [String] = localNames(), addresses: [[UInt8]] = localAddresses()
    ) throws {
        let authorityFile = folder + "/rollcall-ca.crt"
        let authorityKeyFile = folder + "/rollcall-ca.key"
        leafFile = folder + "/rollcall.crt"
        leafKeyFile = folder + "/rollcall.key"
        let authority: Certificate
        let key: P256.Signing.PrivateKey
        if let pem = readText(authorityFile), let keyPEM = readText(authorityKeyFile),
            let known = try? Certificate(pemEncoded: pem),
            let knownKey = try? P256.Signing.PrivateKey(pemRepresentation: keyPEM),
            known.notValidAfter > now.date
        {
            (authority, key) = (known, knownKey)
            certificatePEM = pem
        } else {
            key = P256.Signing.PrivateKey()
            authority = try Self.makeAuthority(key, now: now, names: names)
            certificatePEM = try authority.serializeAsPEM().pemString + "\n"
            try writePrivately(key.pemRepresentation + "\n", to: authorityKeyFile)
            try writePrivately(certificatePEM, to: authorityFile)
            try? FileManager.default.removeItem(atPath: leafFile)
        }

        // A box that was renamed keeps its authority, which may not speak for the new name.
        let permitted = try authority.extensions.nameConstraints?.permittedDNSDomains.map { $0 } ?? []
        let names = names.filter { name in permitted.contains { name == $0 || name.hasSuffix("." + $0) } }
        let wanted =
            names.map { GeneralName.dnsName($0) }
            + addresses.map { GeneralName.ipAddress(ASN1OctetString(contentBytes: $0[...])) }
        self.names = names + addresses.map(addressText)
        if let pem = readText(leafFile), readText(leafKeyFile) != nil,
            let leaf = try? Certificate(pemEncoded: pem),
            leaf.notValidAfter > now.date.addingTimeInterval(30 * Self.day),
            let known = try? leaf.extensions.subjectAlternativeNames, Set(known) == Set(wanted),
            authority.publicKey.isValidSignature(leaf.signature, for: leaf)
        {
            return
        }
        let leafKey = P256.Signing.PrivateKey()
        let leaf = try Certificate(
            version: .v3, serialNumber: Certificate.SerialNumber(),
            publicKey: .init(leafKey.publicKey), notValidBefore: now.date.addingTimeInterval(-Self.day),
            notValidAfter: now.date.addingTimeInterval(396 * Self.day), issuer: authority.subject,
            subject: try DistinguishedName { CommonName(names.first ?? "rollcall") },
            signatureAlgorithm: .ecdsaWithSHA256,
            extensions: try Certificate.Extensions {
                Critical(BasicConstraints.notCertificateAuthority)
                Critical(KeyUsage(digitalSignature: true))
                try ExtendedKeyUsage([.serverAuth])
                SubjectAlternativeNames(wanted)
                SubjectKeyIdentifier(hash: Certificate.PublicKey(leafKey.publicKey))
                AuthorityKeyIdentifier(
                    keyIdentifier: SubjectKeyIdentifier(hash: Certificate.PublicKey(key.publicKey))
                        .keyIdentifier)
            }, issuerPrivateKey: .init(key))
        try writePrivately(leafKey.pemRepresentation + "\n", to: leafKeyFile)
        try writePrivately(try leaf.serializeAsPEM().pemString + "\n", to: leafFile)
    }

    private static func makeAuthority(
        _ key: P256.Signing.PrivateKey, now: Instant, names: [String]
    ) throws -> Certificate {
        // The box's own name tells one branch's authority from another's in a list of trusted ones.
        let subject = try DistinguishedName {
            OrganizationName("Rollcall")
            CommonName("Rollcall on \(names.first ?? "this box")")
        }
        func range(_ address: [UInt8], _ mask: [UInt8]) -> ASN1OctetString {
            ASN1OctetString(contentBytes: (address + mask)[...])
        }
        return try Certificate(
            version: .v3, serialNumber: Certificate.SerialNumber(),
            publicKey: .init(key.publicKey), notValidBefore: now.date.addingTimeInterval(-day),
            notValidAfter: now.date.addingTimeInterval(3650 * day), issuer: subject, subject: subject,
            signatureAlgorithm: .ecdsaWithSHA256,
            extensions: try Certificate.Extensions {
                Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
                Critical(KeyUsage(keyCertSign: true, cRLSign: true))
                SubjectKeyIdentifier(hash: Certificate.PublicKey(key.publicKey))
                Critical(
                    NameConstraints(
                        permittedDNSDomains: ["localhost", "local", "lan", "home.arpa", "internal"]
                            + names.filter { !$0.hasSuffix(".local") && $0 != "localhost" },
                        permittedIPRanges: [
                            range([127, 0, 0, 0], [255, 0, 0, 0]), range([10, 0, 0, 0], [255, 0, 0, 0]),
                            range([172, 16, 0, 0], [255, 240, 0, 0]),
                            range([192, 168, 0, 0], [255, 255, 0, 0]),
                            range([169, 254, 0, 0], [255, 255, 0, 0]),
                            range([100, 64, 0, 0], [255, 192, 0, 0]),
                            range(
                                [UInt8](repeating: 0, count: 15) + [1], [UInt8](repeating: 255, count: 16)),
                            range(
                                [0xfc] + [UInt8](repeating: 0, count: 15),
                                [0xfe] + [UInt8](repeating: 0, count: 15)),
                            range(
                                [0xfe, 0x80] + [UInt8](repeating: 0, count: 14),
                                [0xff, 0xc0] + [UInt8](repeating: 0, count: 14)),
                        ]))
            }, issuerPrivateKey: .init(key))
    }
}

/// This box's names on its network.
func localNames() -> [String] {
    var buffer = [CChar](repeating: 0, count: 256)
    guard gethostname(&buffer, buffer.count - 1) == 0 else { return ["localhost"] }
    let host = String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        .lowercased()
    let short = host.split(separator: ".").first.map(String.init) ?? host
    var names: [String] = []
    for name in [host, short, short + ".local", "localhost"] where !name.isEmpty && !names.contains(name) {
        names.append(name)
    }
    return names
}

/// This box's addresses on local networks, and loopback; public ones are no business of a local authority.
func localAddresses() -> [[UInt8]] {
    var result: [[UInt8]] = [[127, 0, 0, 1], [UInt8](repeating: 0, count: 15) + [1]]
    var list: UnsafeMutablePointer<ifaddrs>?
    guard getifaddrs(&list) == 0 else { return result }
    defer { freeifaddrs(list) }
    var entry = list
    while let current = entry {
        entry = current.pointee.ifa_next
        guard let address = current.pointee.ifa_addr, address.pointee.sa_family == sa_family_t(AF_INET) else {
            continue
        }
        let number = address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
            $0.pointee.sin_addr.s_addr
        }
        let bytes = withUnsafeBytes(of: number) { Array($0) }
        if isLocal(bytes), !result.contains(bytes) { result.append(bytes) }
    }
    return result
}

func isLocal(_ b: [UInt8]) -> Bool {
    guard b.count == 4 else { return false }
    return b[0] == 10 || b[0] == 127 || (b[0] == 172 && b[1] & 0xf0 == 16) || (b[0] == 192 && b[1] == 168)
        || (b[0] == 169 && b[1] == 254) || (b[0] == 100 && b[1] & 0xc0 == 64)
}

private func addressText(_ bytes: [UInt8]) -> String {
    bytes.count == 4 ? bytes.map(String.init).joined(separator: ".") : "::1"
}

private func readText(_ path: String) -> String? { try? String(contentsOfFile: path, encoding: .utf8) }

/// Temporary file, sync, rename: a key is wholly there or not at all, and never readable by others.
private func writePrivately(_ text: String, to path: String) throws {
    let part = path + ".part"
    let descriptor = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    let bytes = Array(text.utf8)
    guard descriptor >= 0 else { throw unwritable(path) }
    let written = write(descriptor, bytes, bytes.count)
    let synced = fsync(descriptor)
    close(descriptor)
    guard written == bytes.count, synced == 0, rename(part, path) == 0 else { throw unwritable(path) }
    let folder = open((path as NSString).deletingLastPathComponent, O_RDONLY | O_CLOEXEC)
    if folder >= 0 {
        fsync(folder)
        close(folder)
    }
}

private func unwritable(_ path: String) -> UserError {
    UserError(
        .unreadable, "The key \(path) cannot be written.", advice: "Check the folder's owner and the disk.")
}
