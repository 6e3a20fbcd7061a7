import Domain
import Foundation
import Ingest
import Storage
import TestSupport
import Testing

/// Commands that a server performs, whose files lie where it sees something else: its `/tmp` is its own.
@Suite struct CallerFileTests {
    /// Where namespaces are allowed: in a container without rights they are not.
    static let hasNamespaces: Bool = {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/unshare")
        process.arguments = ["--mount", "/bin/true"]
        process.standardError = FileHandle.nullDevice
        do { try process.run() } catch { return false }
        process.waitUntilExit()
        return process.terminationStatus == 0
    }()

    /// A shell in which a folder is another one than the server's.
    private func apart(_ folder: String, _ script: String) async throws -> Child.Outcome {
        try await Child(
            [
                "--mount", "/bin/sh", "-ec",
                "mount -t tmpfs tmpfs '\(folder)'; cd '\(folder)'; r='\(Child.path)'; \(script)",
            ], program: "/usr/bin/unshare"
        ).wait()
    }

    @Test(.enabled(if: hasNamespaces))
    func `files are written and read where the caller says, and the server's folder keeps nothing`()
        async throws
    {
        let (a, b) = (
            try await ImportOffice(seed: 71, clock: .system), try await ImportOffice(seed: 72, clock: .system)
        )
        let upload = try a.take(oldCalls(50), file: "a.csv").upload
        let card = b.folder.path + "/card.rollcall"
        try exportCard(to: card, from: a.store)
        let c = try await ImportOffice(seed: 73, clock: .system)
        for office in [a, b, c] { try office.store.close() }
        let (data, other, third) = (a.folder.path, b.folder.path, c.folder.path)
        #expect(try await rollcall("snapshot", "pair", card, "--yes", "--data", other).status == 0)
        let servers = try [data, other].map { try Child(["serve", "--port", "0", "--data", $0]) }
        for server in servers { #expect(try await server.says("serves"), "\(server.text("err"))") }
        // A stick that the server does not see, and one where no server runs.
        let stick =
            "$r snapshot export --out /mnt/s.rollcall --data '\(data)'; $r snapshot inspect s.rollcall"
        for isServed in [true, false] {
            let taken = try await apart("/mnt", isServed ? stick : stick.replacing(data, with: third))
            #expect(taken.status == 0 && taken.out.contains("Every byte"), "\(taken.out)\(taken.err)")
            #expect(
                taken.err == "/mnt/s.rollcall was read back and is whole. You may take the stick out.\n")
        }
        let folder = FileManager.default.temporaryDirectory.path + "/rollcall-apart-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(atPath: folder) }

        let done = try await apart(
            folder,
            """
            $r backup --out b.rollcall --data '\(data)'
            $r verify b.rollcall
            $r snapshot export --out s.rollcall --data '\(data)'
            $r files extract a.csv --out a.csv --data '\(data)'
            sha256sum a.csv
            $r snapshot import s.rollcall --yes --data '\(other)'
            ls -A
            """)
        #expect(done.status == 0, "\(done.err)")
        #expect(done.out.contains("\(folder)/b.rollcall: 50 calls"), "\(done.out)")
        #expect(done.out.contains(upload.original), "\(done.out)")
        #expect(done.out.contains("Taken in:") && !done.out.contains("console-"), "\(done.out)")
        #expect(done.out.hasSuffix("\na.csv\nb.rollcall\ns.rollcall\n"), "\(done.out)")
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: folder) == [], "not where the server sees it")
        let again = try await apart(
            folder,
            "$r files extract a.csv --out a.csv --data '\(data)'; cp a.csv b.csv; "
                + "$r files extract a.csv --out b.csv --data '\(data)'")
        #expect(again.status == 65 && again.err.contains("exists already"), "\(again.err)")
        let nowhere = try await rollcall("backup", "--out", "/no/such/x.rollcall", "--data", data)
        #expect(nowhere.status == 65 && nowhere.err.contains("Nothing can be written"), "\(nowhere.err)")
        let silent = try await rollcall(
            "snapshot", "export", "--out", folder + "/x", "--passphrase", "--data", data)
        #expect(silent.status == 64 && silent.err.contains("--passphrase-stdin"), "\(silent.err)")
        let missing = try await rollcall("snapshot", "import", folder + "/none", "--yes", "--data", other)
        #expect(missing.status == 66, "\(missing.err)")
        for path in [data, other] {
            #expect(try FileManager.default.contentsOfDirectory(atPath: path + "/Incoming") == [])
        }
        // Where both see the same, nothing is copied: the server writes it there itself.
        let plain = try await rollcall("backup", "--out", folder + "/c.rollcall", "--data", data)
        #expect(plain.status == 0, "\(plain.err)")
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["c.rollcall"])
    }
}
