import Domain
import Formats
import Foundation
import Ingest
import Storage
import TestSupport
import Testing

/// An office whose database is lost has its calls back from the archives alone.
@Suite struct RecoveryTests {
    private static let day: Int64 = 86_400_000
    private static let callCentre = """
        Call Id,Agent,Date,Time,Topic,Answered (Y/N),Resolved,Speed of answer in seconds,AvgTalkDuration
        A1,Diane,2026-11-01,09:12:58,Contract,Y,Y,109,00:02:23
        A2,Becky,2026-11-01,09:13:58,Payment,N,N,,

        """

    /// Two sources, four versions of three files, calls that later versions replace, part-timers.
    private func filled() async throws -> ImportOffice {
        let office = try await ImportOffice(clock: TickingClock().clock)
        var random = RandomFile(seed: 4)
        for (name, by) in [("a.csv", "Dan"), ("b.csv", "Ann"), ("a.csv", "Eve")] {
            let rows = RandomFile.text(random.rows(80, ids: 1...120))
            let mark =
                "\nTom Ash P,P1,\(9000 + name.count + by.count),2026-11-02 10:00:00,Outbound,Sale,Predictive,North,North,\n"
            try office.take(
                (rows + mark).utf8, file: name, by: Actor(user: nil, name: by, via: "web 10.0.0.9"))
        }
        try office.take(Self.callCentre, file: "centre.csv")
        return office
    }

    /// A new office: with the archives of the lost one in its folder, or with none.
    private func founded(_ archives: String? = nil, disk: Disk = .system) async throws -> ImportOffice {
        let office = try await ImportOffice(
            seed: 77, clock: TickingClock(Instant(milliseconds: 1_795_413_600_000 + 9 * Self.day)).clock,
            disk: disk)
        if let archives {
            for name in try FileManager.default.contentsOfDirectory(atPath: archives) {
                try FileManager.default.copyItem(
                    atPath: "\(archives)/\(name)", toPath: "\(office.folder.files)/\(name)")
            }
        }
        return office
    }

    private func versions(_ office: ImportOffice) async throws -> [String] {
        try await office.sql(
            """
            SELECT v.file, v.version, f.name, v.archive, v.original, v.uploadedBy, v.event ->> 'counts',
              v.event ->> 'mapping', v.event ->> 'digest', v.event ->> 'firstDay', v.event ->> 'lastDay',
              v.event ->> 'agents', v.event ->> 'bytes'
            FROM fileVersion v JOIN file f ON f.id = v.file ORDER BY v.time
            """)
    }

    private func employments(_ office: ImportOffice) async throws -> [String] {
        try await office.sql(
            "SELECT p.name, s.employment FROM person p JOIN placementSpan s ON s.person = p.id ORDER BY 1, 2")
    }

    private func bytes(_ folder: String) throws -> [String: Data] {
        var all: [String: Data] = [:]
        for name in try FileManager.default.subpathsOfDirectory(atPath: folder) where name.hasSuffix(".zst") {
            all[name] = FileManager.default.contents(atPath: "\(folder)/\(name)")
        }
        return all
    }

    @Test func `everything of the calls is had back, and a second run takes nothing twice`() async throws {
        let lost = try await filled()
        let office = try await founded(lost.folder.files)
        let summary = try await recoverFiles(into: office.store, by: .console)
        #expect(summary.archives.map(\.fate) == [.taken, .taken, .taken, .taken], "\(summary)")
        #expect(summary.archives.map(\.file) == ["a.csv", "b.csv", "a.csv", "centre.csv"])
        #expect(summary.sources == [], "the new office has sources of these names and layouts")
        let live = try await lost.store.archivedVersions()
        #expect(summary.calls == live.reduce(0) { $0 + $1.uploaded.counts.accepted })
        #expect(try await office.figures() == lost.figures())
        #expect(try await versions(office) == versions(lost))
        #expect(try await employments(office) == employments(lost))
        #expect(try await employments(office).contains { $0.hasPrefix("Tom Ash|Part") })
        #expect(try bytes(office.folder.files) == bytes(lost.folder.files))
        #expect(try await office.faults() == [])
        #expect(try await office.leftovers() == [])
        // The uploader and the time are those of the upload.
        let (then, now) = try await (
            lost.store.files(FileQuery(), for: .console).files,
            office.store.files(FileQuery(), for: .console).files
        )
        #expect(now.map(\.uploadedBy) == then.map(\.uploadedBy))
        for (before, after) in zip(then, now) {
            let apart = before.uploadedAt.milliseconds - after.uploadedAt.milliseconds
            #expect(abs(apart) < 600_000, "\(before.uploadedAt) \(after.uploadedAt)")
        }
        let state = try await office.state()
        let again = try await recoverFiles(into: office.store, by: .console)
        #expect(again.archives.map(\.fate) == [.known, .known, .known, .known])
        #expect(try await office.state() == state)
        // The journal carries it: a rebuild gives the same, and the office goes on.
        try office.rebuild()
        #expect(try await office.figures() == lost.figures())
        let next = try office.take(CallFileText.usual.text, file: "a.csv")
        #expect(next.upload.version == 3)
        #expect(try await office.faults() == [])
    }

    @Test func `days and versions that were deleted with approval stay out`() async throws {
        let lost = try await filled()
        let (clerk, admin) = (
            Viewer(user: EventIDs.user(2), name: "Bob", role: .dataEntry, person: nil),
            Viewer(user: EventIDs.user(3), name: "Cleo", role: .admin, person: nil)
        )
        func delete(_ scope: DeleteScope) throws {
            let plan = try lost.store.planDeletion(scope, for: clerk)
            let request = try lost.store.openDeleteRequest(plan, reason: "wrong", for: clerk, by: .console)
            try lost.store.decideDeleteRequest(request.id, .approve, for: admin, by: .console)
        }
        let files = try lost.store.archivedVersionsNow().map(\.uploaded)
        let a = try #require(files.last { $0.fileName == "a.csv" })
        let b = try #require(files.first { $0.fileName == "b.csv" })
        let before = try await lost.figures()
        try delete(.days(a.file, version: a.version, [try #require(a.firstDay)]))
        try delete(.version(b.file, b.version))
        #expect(try await lost.figures() != before)
        let office = try await founded(lost.folder.files)
        let summary = try await recoverFiles(into: office.store, by: .console)
        #expect(summary.count(.taken) == 3, "\(summary)")
        #expect(try await office.figures() == lost.figures())
        #expect(try await office.faults() == [])
        #expect(try await office.leftovers() == [])
        try office.rebuild()
        #expect(try await office.figures() == lost.figures())
        #expect(try await office.faults() == [])
    }

    @Test(arguments: [nil, "America/New_York"] as [String?])
    func `a version that was read again is had back, and the latest reading counts`(zone: String?)
        async throws
    {
        let lost = try await ImportOffice(clock: TickingClock().clock)
        let text = CallFileText([CallFileText.row(1, "Jane", "03/04/2026 09:00")]).text
        let first = try lost.take(text, file: "us.csv", dateOrder: .mdy).upload
        let version = try #require(try lost.store.versionsNow(of: first.file).first)
        var reading = FileReading(first.mapping)
        if let zone { reading.timeZone = zone } else { reading.dateOrder = .dmy }
        _ = try importFile(version.readAgain(reading, in: lost.store), into: lost.store, by: .console)
        let office = try await founded(lost.folder.files)
        let summary = try await recoverFiles(into: office.store, by: .console)
        #expect(summary.archives.map(\.fate) == [.taken, .taken], "\(summary)")
        #expect(try await versions(office) == versions(lost))
        #expect(try await office.figures() == lost.figures())
        let latest = try #require(try office.store.versionsNow(of: first.file).first).uploaded
        #expect(latest.version == 2 && latest.readAgain == ReadAgain(version: 1, mapping: first.mapping))
        #expect(try await office.faults() == [])
        #expect(try await office.leftovers() == [])
        try office.rebuild()
        #expect(try await office.figures() == lost.figures())
    }

    @Test func `both files of one name that two chains made are had back`() async throws {
        let before = try await ImportOffice(clock: TickingClock().clock)
        try before.take(CallFileText.usual.text, file: "a.csv")
        // The folder is moved to another place, and the office goes on there as a new chain.
        try before.store.close()
        let path = FileManager.default.temporaryDirectory.path + "/rollcall-moved-\(UUID().uuidString)"
        try FileManager.default.copyItem(atPath: before.folder.path, toPath: path)
        try before.reopen()
        let clock = TickingClock(Instant(milliseconds: 1_795_413_600_000 + Self.day)).clock
        let lost = try ImportOffice(opening: path, seed: 5, clock: clock, place: "elsewhere")
        let rows = [
            CallFileText.row(1, "Jane Doe", "2026-11-02 09:30:00"),
            CallFileText.row(9, "Tom Ash", "2026-11-03 09:00:00"),
        ]
        try lost.take(CallFileText(rows).text, file: "a.csv")
        #expect(try await lost.sql("SELECT count(*) FROM file WHERE name = 'a.csv'") == ["2"])
        let office = try await founded(lost.folder.files)
        let summary = try await recoverFiles(into: office.store, by: .console)
        #expect(summary.archives.map(\.fate) == [.taken, .taken], "\(summary)")
        #expect(try await versions(office) == versions(lost))
        #expect(try await office.figures() == lost.figures())
        #expect(try await office.faults() == [])
        #expect(try await office.leftovers() == [])
    }

    @Test func `archives of another folder are copied and stay as they are there`() async throws {
        let lost = try await filled()
        let office = try await founded()
        let before = try bytes(lost.folder.files)
        // The whole data folder does as well as its Files.
        let summary = try await recoverFiles(from: lost.folder.path, into: office.store, by: .console)
        #expect(summary.count(.taken) == 4, "\(summary)")
        #expect(try bytes(lost.folder.files) == before)
        #expect(try bytes(office.folder.files) == before)
        #expect(try await office.figures() == lost.figures())
        #expect(try await office.faults() == [])
        #expect(try await office.leftovers() == [])
        for version in try await office.store.archivedVersions() {
            let attributes = try FileManager.default.attributesOfItem(atPath: version.archivePath)
            #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o600)
        }
        await #expect(throws: UserError.self) {
            try await recoverFiles(from: "/no/such/folder", into: office.store, by: .console)
        }
    }

    @Test func `an office that has uploads already keeps them, and is told what stands in the way`()
        async throws
    {
        let lost = try await filled()
        let office = try await founded()
        let bytes = try #require(try original(lost, "b.csv"))
        try office.take(bytes, file: "copy of b.csv")
        try office.take(CallFileText.usual.text, file: "a.csv")
        let summary = try await recoverFiles(from: lost.folder.files, into: office.store, by: .console)
        let reasons = summary.archives.map { $0.reason ?? "" }
        #expect(summary.count(.taken) == 1 && summary.archives.last?.file == "centre.csv", "\(reasons)")
        #expect(reasons.count { $0.contains("another file named “a.csv”") } == 2)
        #expect(reasons.count { $0.contains("“copy of b.csv”, version 1") } == 1)
        #expect(try await office.faults() == [])
        #expect(try await office.leftovers() == [])
    }

    private func original(_ office: ImportOffice, _ name: String) throws -> [UInt8]? {
        let version = try office.store.archivedVersionsNow().first { $0.uploaded.fileName == name }
        return try version.map {
            try ArchiveReader(path: $0.archivePath).bytes(of: "original.csv", limit: 1 << 20)
        }
    }

    @Test func `a source that the office has not is made as the manifest says`() async throws {
        let lost = try await filled()
        var source = try #require(try lost.store.sourcesNow().first { $0.source.format == "readymode" })
            .source
        (source.name, source.timeZone) = ("Dialer Nord", "America/New_York")
        try await lost.store.saveSource(source, by: .console)
        try lost.take(CallFileText.usual.text, file: "later.csv")
        let office = try await founded(lost.folder.files)
        let summary = try await recoverFiles(into: office.store, by: .console)
        #expect(summary.count(.taken) == 5 && summary.sources == ["Dialer Nord"])
        let made = try #require(try office.store.sourcesNow().first { $0.source.name == "Dialer Nord" })
            .source
        #expect(made.id == source.id && made.format == "readymode" && made.timeZone == "America/New_York")
        #expect(try await office.figures() == lost.figures())
    }

    // MARK: What is not taken

    /// Puts an archive together again with other entries.
    private func repack(_ path: String, to other: String? = nil, _ change: (inout [String: [UInt8]]) -> Void)
        throws
    {
        let reader = ArchiveReader(path: path)
        var entries: [String: [UInt8]] = [:]
        for entry in try reader.list() {
            entries[entry.name] = try reader.bytes(of: entry.name, limit: 1 << 22)
        }
        change(&entries)
        let order = ["original.csv", "calls.csv", "rejects.csv", "manifest.json"]
        let names = order.filter { entries[$0] != nil } + entries.keys.filter { !order.contains($0) }.sorted()
        _ = try writeArchive(
            names.map { ArchiveEntry(name: $0, content: .bytes(entries[$0] ?? [])) }, to: other ?? path)
    }

    private static func replacing(_ old: String, _ new: String, in bytes: [UInt8]?) -> [UInt8] {
        Array(String(decoding: bytes ?? [], as: UTF8.self).replacing(old, with: new).utf8)
    }

    private static let damages: [(what: String, says: String)] = [
        ("cut", "damaged"), ("flipped", "damaged"), ("empty", "damaged"), ("no manifest", "no manifest.json"),
        ("no calls", "no calls.csv"), ("calls altered", "does not hold the rows"),
        ("call dropped", "does not hold the rows"), ("original altered", "original.csv is not what"),
        ("counts altered", "do not add up"), ("other file", "its manifest is of"),
        ("newer", "a newer release"), ("name with slashes", "cannot be kept"), ("stranger inside", "readme"),
        ("manifest broken", "cannot be read"), ("parent path", "name not allowed"),
        ("note broken", "note of its deleted calls"), ("link", "no archive of Rollcall"),
    ]

    private func damage(_ what: String, _ path: String) throws {
        let url = URL(fileURLWithPath: path)
        let note = URL(fileURLWithPath: path.replacing(".tar.zst", with: ".deleted.json"))
        var bytes = try Data(contentsOf: url)
        func manifest(_ old: String, _ new: String) throws {
            try repack(path) { entries in
                entries["manifest.json"] = Self.replacing(old, new, in: entries["manifest.json"])
            }
        }
        switch what {
        case "cut": try bytes.prefix(bytes.count / 2).write(to: url)
        case "flipped":
            for place in stride(from: 40, to: bytes.count, by: 97) { bytes[place] ^= 0xff }
            try bytes.write(to: url)
        case "empty": try Data().write(to: url)
        case "no manifest": try repack(path) { $0["manifest.json"] = nil }
        case "no calls": try repack(path) { $0["calls.csv"] = nil }
        case "calls altered":
            try repack(path) { $0["calls.csv"] = Self.replacing(",North", ",South", in: $0["calls.csv"]) }
        case "call dropped":
            try repack(path) { entries in
                let lines = String(decoding: entries["calls.csv"] ?? [], as: UTF8.self).split(
                    separator: "\r\n")
                entries["calls.csv"] = Array((lines.dropLast().joined(separator: "\r\n") + "\r\n").utf8)
            }
        case "original altered": try repack(path) { $0["original.csv"]?.append(0x0a) }
        case "counts altered": try manifest("\"rows\" : ", "\"rows\" : 9")
        case "other file": try manifest("\"version\" : 1", "\"version\" : 8")
        case "newer": try manifest("\"format\" : 1", "\"format\" : 2")
        case "name with slashes": try manifest("\"b.csv\"", "\"../../b.csv\"")
        case "stranger inside": try repack(path) { $0["readme.txt"] = [0x61] }
        case "manifest broken": try manifest("{", "")
        case "parent path":
            // Only the real tar writes such a name.
            let folder = FileManager.default.temporaryDirectory.path + "/rollcall-evil-\(UUID().uuidString)"
            defer { try? FileManager.default.removeItem(atPath: folder) }
            try FileManager.default.createDirectory(
                atPath: folder + "/in", withIntermediateDirectories: true)
            try Data("x".utf8).write(to: URL(fileURLWithPath: folder + "/evil.csv"))
            try run("cd \(folder)/in && tar --zstd -P -cf \(path) ../evil.csv")
        case "note broken": try Data("{}".utf8).write(to: note)
        case "link":
            try FileManager.default.moveItem(atPath: path, toPath: path + ".real")
            try FileManager.default.createSymbolicLink(
                atPath: path, withDestinationPath: path + ".real")
        default: Issue.record("no such damage: \(what)")
        }
    }

    @Test(arguments: damages)
    func `a damaged archive is named and left where it is, the others are taken`(what: String, says: String)
        async throws
    {
        let lost = try await filled()
        let office = try await founded(lost.folder.files)
        let victim = try #require(
            try lost.store.archivedVersionsNow().first { $0.uploaded.fileName == "b.csv" })
        let path = office.folder.archive(of: victim.uploaded.file, version: 1)
        try damage(what, path)
        let before = FileManager.default.contents(atPath: path)
        let summary = try await recoverFiles(into: office.store, by: .console)
        #expect(summary.count(.taken) == 3, "\(summary)")
        let skipped = summary.archives.filter { $0.fate == .skipped }
        #expect(
            skipped.contains { $0.reason?.contains(says) == true && path.contains($0.archive.prefix(36)) },
            "\(skipped)")
        #expect(FileManager.default.contents(atPath: path) == before)
        #expect(try await office.faults() == [])
        #expect(try await office.leftovers().filter { !$0.hasPrefix("Files/") } == [])
        #expect(try await office.sql("SELECT name FROM file ORDER BY name") == ["a.csv", "centre.csv"])
        // With the archive back, another run gives everything; the order of the total then differs.
        try? FileManager.default.removeItem(atPath: path.replacing(".tar.zst", with: ".deleted.json"))
        try? FileManager.default.removeItem(atPath: path)
        try FileManager.default.copyItem(atPath: victim.archivePath, toPath: path)
        let again = try await recoverFiles(into: office.store, by: .console)
        #expect(again.count(.taken) == 1 && again.count(.known) == 3, "\(again)")
        #expect(try await office.faults() == [])
    }

    @Test func `strangers in the folder are named, and nothing of theirs is read`() async throws {
        let lost = try await filled()
        let office = try await founded(lost.folder.files)
        let first = try #require(try lost.store.archivedVersionsNow().first).uploaded.file.description
        for name in [
            "notes.txt", "\(first)/v1.tar.zst", "\(first)/v00003.tar.zst", "\(first)/v0009.deleted.json",
        ] {
            try Data("x".utf8).write(to: URL(fileURLWithPath: "\(office.folder.files)/\(name)"))
        }
        try FileManager.default.createDirectory(
            atPath: office.folder.files + "/\(first.uppercased())", withIntermediateDirectories: true)
        let summary = try await recoverFiles(into: office.store, by: .console)
        #expect(summary.count(.taken) == 4)
        let skipped = Set(summary.archives.filter { $0.fate == .skipped }.map(\.archive))
        #expect(
            skipped == [
                "notes.txt", "\(first)/v1.tar.zst", "\(first)/v00003.tar.zst", "\(first)/v0009.deleted.json",
                first.uppercased(),
            ])
    }

    @Test func `an upload never takes the place of an archive that is not in the office`() async throws {
        let lost = try await filled()
        let office = try await founded(lost.folder.files)
        let file = try #require(
            try lost.store.archivedVersionsNow().first { $0.uploaded.fileName == "a.csv" }
        ).uploaded.file
        let second = office.folder.archive(of: file, version: 2)
        let bytes = try Data(contentsOf: URL(fileURLWithPath: second))
        try FileManager.default.removeItem(atPath: second)
        _ = try await recoverFiles(into: office.store, by: .console)
        try bytes.write(to: URL(fileURLWithPath: second))
        let next = try office.take(CallFileText.usual.text, file: "a.csv")
        #expect(next.upload.version == 3)
        #expect(try Data(contentsOf: URL(fileURLWithPath: second)) == bytes)
        #expect(try await recoverFiles(into: office.store, by: .console).count(.taken) == 1)
    }

    @Test func `without room on the disk nothing is taken, and with room again everything`() async throws {
        let lost = try await filled()
        let disk = TestDisk(freeMegabytes: 10)
        let office = try await founded(disk: disk.disk)
        let error = await #expect(throws: UserError.self) {
            try await recoverFiles(from: lost.folder.files, into: office.store, by: .console)
        }
        #expect(error?.code == .diskFull)
        #expect(try await office.leftovers() == [])
        disk.set(freeMegabytes: 9000)
        let summary = try await recoverFiles(from: lost.folder.files, into: office.store, by: .console)
        #expect(summary.count(.taken) == 4)
        #expect(try await office.figures() == lost.figures())
    }
}

/// Runs a line of shell and returns its output; a status other than 0 fails the test.
@discardableResult
func run(_ line: String) throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    process.arguments = ["-c", line]
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let output = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    #expect(process.terminationStatus == 0, "\(line)")
    return String(decoding: output, as: UTF8.self)
}
