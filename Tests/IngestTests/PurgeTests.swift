import Domain
import Formats
import Foundation
import Ingest
import Storage
import TestSupport
import Testing

/// What is purged is in no byte any more, and everything else is as it was.
@Suite struct PurgeTests {
    struct Layout: Sendable, CustomTestStringConvertible {
        var encoding: TextEncoding
        var lineEnd: String
        var hasLastEnd: Bool

        var testDescription: String {
            "\(encoding) \(lineEnd.utf8.map { String($0) }.joined(separator: "+")) \(hasLastEnd)"
        }

        func bytes(_ text: String) -> [UInt8] {
            switch encoding {
            case .utf16le: [0xff, 0xfe] + text.utf16.flatMap { [UInt8($0 & 255), UInt8($0 >> 8)] }
            case .utf16be: [0xfe, 0xff] + text.utf16.flatMap { [UInt8($0 >> 8), UInt8($0 & 255)] }
            case .utf8: Array(text.utf8)
            default: text.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }
            }
        }

        func text(_ bytes: Data) -> String {
            switch encoding {
            case .utf16le, .utf16be:
                String(data: bytes, encoding: .utf16) ?? ""
            case .utf8: String(decoding: bytes, as: UTF8.self)
            default: String(String.UnicodeScalarView(bytes.map { Unicode.Scalar($0) }))
            }
        }
    }

    static let layouts: [Layout] = [.utf8, .utf16le, .utf16be, .windows1252].flatMap { encoding in
        [("\n", true), ("\n", false), ("\r\n", true), ("\r\n", false), ("\r", true), ("\r", false)].map {
            Layout(encoding: encoding, lineEnd: $0, hasLastEnd: $1)
        }
    }

    static let purgedDay = Day(iso: "2026-10-21") ?? Day(number: 0)

    /// A file of three days; every line of a call of the middle one says “secret”.
    static func lines(_ random: inout RandomFile, count: Int) -> [String] {
        var lines = [SampleCall.header]
        let states = ["Sale", "No Answer"]
        func row(_ id: Int, day: Int, _ mark: String, state: String = "Sale") -> String {
            "Zoë \(mark.hasPrefix("secret") ? "secret" : "keep"),P1,\(id),2026-10-\(20 + day) 09:0\(id % 10):00,Outbound,\(state),Auto,\"\(mark)\",North,"
        }
        for id in 1...count {
            let day = Int.random(in: 0..<3, using: &random.numbers)
            let mark = day == 1 ? "secret\(id)" : "keep\(id)"
            // Some fields have a line feed in them, some a quotation mark.
            let state = states.randomElement(using: &random.numbers) ?? ""
            let own = row(id, day: day, mark, state: state)
            switch Int.random(in: 0..<10, using: &random.numbers) {
            case 0: lines.append(row(id, day: day, mark + "\nin, two " + mark, state: state))
            case 1: lines.append(row(id, day: day, mark + "\r\nthree\n\n" + mark, state: state))
            case 2: lines.append(row(id, day: day, mark + " \"\"quoted\"\"", state: state))
            case 3: lines += [own, own]
            // The same call with other content, on a day that stays.
            case 4: lines += [own, row(id, day: 2, mark + "changed", state: "Callback"), own]
            case 5: lines += [own, "", ",,,,,,,,,"]
            case 6: lines += ["rubbish\(id),P1,,2026-10-21 09:00:00,Outbound,Sale,Auto,North,North,", own]
            default: lines.append(own)
            }
        }
        lines.append(row(count + 1, day: 1, "secret\(count + 1)"))
        return lines
    }

    private func unpacked(_ path: String) throws -> [String: Data] {
        let folder = FileManager.default.temporaryDirectory.path + "/rollcall-tar-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let tar = Process()
        tar.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        tar.arguments = ["tar", "-x", "--zstd", "-f", path, "-C", folder]
        try tar.run()
        tar.waitUntilExit()
        #expect(tar.terminationStatus == 0)
        var files: [String: Data] = [:]
        for name in try FileManager.default.contentsOfDirectory(atPath: folder) {
            files[name] = try Data(contentsOf: URL(fileURLWithPath: folder + "/" + name))
        }
        return files
    }

    private func physicalLines(_ text: String) -> [String] {
        var lines: [String] = [""]
        var afterReturn = false
        for scalar in text.unicodeScalars {
            if scalar == "\n", afterReturn {
                afterReturn = false
                continue
            }
            afterReturn = scalar == "\r"
            if scalar == "\n" || scalar == "\r" {
                lines.append("")
            } else {
                lines[lines.count - 1].unicodeScalars.append(scalar)
            }
        }
        return lines
    }

    @discardableResult
    private func delete(_ scope: DeleteScope, in office: ImportOffice) throws -> ID<DeleteRequest> {
        let plan = try office.store.planDeletion(scope, for: DeletionWalk.bob)
        let request = try office.store.openDeleteRequest(
            plan, reason: "wrong", for: DeletionWalk.bob, by: .console)
        try office.store.decideDeleteRequest(request.id, .approve, for: DeletionWalk.cleo, by: .console)
        return request.id
    }

    @Test(arguments: layouts.enumerated().map { ($0, $1) })
    func `a purged day is in no byte, and every other line keeps number and bytes`(seed: Int, layout: Layout)
        async throws
    {
        let office = try await ImportOffice(seed: UInt64(seed) + 1)
        var random = RandomFile(seed: UInt64(seed) + 7)
        let lines = Self.lines(&random, count: 60)
        let text = lines.joined(separator: layout.lineEnd) + (layout.hasLastEnd ? layout.lineEnd : "")
        let first = try office.take(layout.bytes(text), file: "a.csv").upload
        #expect(first.mapping.encoding == layout.encoding.rawValue)
        #expect(first.counts.accepted == 61 && first.counts.rejected > 0 && first.counts.changed > 0)
        let figuresBefore = try await office.figures()
        let request = try delete(
            .days(first.file, version: 1, [Self.purgedDay]), in: office)
        let figures = try await office.figures()
        let path = try #require(office.store.folder.existingArchive(of: first.file, version: 1))
        let before = try unpacked(path)
        try purgeDeletion(request, in: office.store, comment: "room", for: DeletionWalk.cleo, by: .console)
        let after = try unpacked(path)

        #expect(Set(after.keys) == ["original.csv", "calls.csv", "rejects.csv", "manifest.json"])
        for (name, data) in after {
            #expect(
                !layout.text(data).contains("secret")
                    && !String(decoding: data, as: UTF8.self).contains("secret"), "\(name)")
        }
        let original = try #require(after["original.csv"])
        let (was, now) = (
            physicalLines(text), physicalLines(layout.text(original).replacing("\u{feff}", with: ""))
        )
        #expect(was.count == now.count)
        // Of a call over several lines all are emptied.
        var erased = 0
        for (a, b) in zip(was, now) {
            if b.allSatisfy({ $0 == " " }), !a.isEmpty { erased += 1 } else { #expect(a == b) }
        }
        #expect(!now.joined().contains("rubbish") || was.joined().contains("rubbish"))
        #expect(was.filter { $0.contains("keep") } == now.filter { $0.contains("keep") })
        #expect(erased >= was.filter { $0.contains("secret") }.count)
        #expect(was.filter { $0.contains("rubbish") } == now.filter { $0.contains("rubbish") })
        // What stays is in the same order, byte for byte.
        for name in ["calls.csv", "rejects.csv"] {
            let (old, new) = (try #require(before[name]), try #require(after[name]))
            let kept = String(decoding: old, as: UTF8.self).components(separatedBy: "\r\n")
            let left = String(decoding: new, as: UTF8.self).components(separatedBy: "\r\n")
            #expect(left == kept.filter { line in left.contains(line) })
            #expect(kept.filter { $0.contains("keep") || $0.contains("rubbish") }.allSatisfy(left.contains))
        }

        #expect(try await office.figures() == figures && figures != figuresBefore)
        #expect(try await office.faults() == [])
        #expect(try await office.leftovers() == [])
        let hash = try await office.store.stateHash()
        try office.rebuild()
        #expect(try await office.store.stateHash() == hash)
        #expect(try await office.figures() == figures)
        #expect(try await office.faults() == [])

        // The trimmed file, read like any other.
        let event = try #require(
            try await office.store.versions(of: first.file, for: DeletionWalk.bob).first?.uploaded)
        let fresh = try await ImportOffice(seed: 3)
        let again = try fresh.take(original, file: "a.csv").upload
        #expect(
            again.counts == event.counts && again.digest == event.digest && again.original == event.original)
        #expect(event.counts.isBalanced && event.bytes == original.count)
        #expect(try await fresh.figures() == figures)
        #expect(event.newNames.isEmpty == false)

        // The bytes as they were are somebody's to upload again, as the next version.
        let next = try office.take(layout.bytes(text), file: "a.csv").upload
        #expect(
            next.version == 2
                && next.counts
                    == {
                        var counts = first.counts
                        counts.overlapping = event.counts.accepted
                        return counts
                    }()
        )
        #expect(try await office.figures() == figuresBefore)
        #expect(try await office.faults() == [])
    }

    @Test func `a version that is purged whole leaves nothing but its certificate`() async throws {
        let office = try await ImportOffice()
        var random = RandomFile(seed: 5)
        let text = Self.lines(&random, count: 40).joined(separator: "\n")
        let upload = try office.take(text, file: "a.csv").upload
        try office.take(CallFileText.usual.text, file: "b.csv")
        let request = try delete(.file(upload.file), in: office)
        #expect(throws: UserError.self) { try office.take(text, file: "c.csv") }
        let archive = try #require(office.store.folder.existingArchive(of: upload.file, version: 1))
        #expect(archive.contains("/Trash/"))
        try purgeDeletion(request, in: office.store, comment: "room", for: DeletionWalk.cleo, by: .console)
        #expect(office.store.folder.existingArchive(of: upload.file, version: 1) == nil)
        #expect(try await office.sql("SELECT count(*) FROM call WHERE version = 1") == ["0"])
        #expect(try FileManager.default.subpathsOfDirectory(atPath: office.folder.trash) == [])
        #expect(try FileManager.default.subpathsOfDirectory(atPath: office.folder.files).count == 2)
        #expect(try await office.leftovers() == [])
        #expect(try await office.faults() == [])
        let row = try await office.store.deleteRequest(request, for: DeletionWalk.cleo)
        #expect(row.certificate?.versions.map(\.rows) == [upload.counts.accepted])
        #expect(row.certificate?.versions.map(\.digest) == [upload.digest])
        #expect(row.certificate?.versions.map(\.original) == [upload.original])
        let hash = try await office.store.stateHash()
        try office.rebuild()
        #expect(try await office.store.stateHash() == hash)
        #expect(try office.take(text, file: "a.csv").upload.version == 2)
    }

    @Test func `days that are purged one after the other, also out of a version in the trash`() async throws {
        let office = try await ImportOffice()
        var random = RandomFile(seed: 6)
        let text = Self.lines(&random, count: 60).joined(separator: "\n")
        let file = try office.take(text, file: "a.csv").upload.file
        let first = try delete(.days(file, version: nil, [Self.purgedDay]), in: office)
        let second = try delete(.days(file, version: nil, [Self.purgedDay.adding(1)]), in: office)
        let figures = try await office.figures()
        let whole = try delete(.file(file), in: office)
        #expect(try await office.figures() == [])
        for request in [second, first] {
            try purgeDeletion(
                request, in: office.store, comment: "room", for: DeletionWalk.cleo, by: .console)
            #expect(try await office.faults() == [])
            #expect(try await office.leftovers() == [])
        }
        try office.store.decideDeleteRequest(
            whole, .restore, comment: "back", for: DeletionWalk.cleo, by: .console)
        #expect(try await office.figures() == figures)
        let path = try #require(office.store.folder.existingArchive(of: file, version: 1))
        #expect(path.contains("/Files/"))
        let calls = try unpacked(path)["calls.csv"].map { String(decoding: $0, as: UTF8.self) } ?? ""
        #expect(!calls.contains("secret") && !calls.contains("2026-10-22") && calls.contains("2026-10-20"))
        let hash = try await office.store.stateHash()
        try office.rebuild()
        #expect(try await office.store.stateHash() == hash)
        #expect(try await office.faults() == [])
        #expect(try await office.leftovers() == [])
    }

    @Test func `what a purge that was cut off left in the trash is swept at the next start`() async throws {
        let office = try await ImportOffice()
        let file = try office.take(CallFileText.usual.text, file: "a.csv").upload.file
        let request = try delete(.version(file, 1), in: office)
        let other = try office.take("\n" + CallFileText.usual.text, file: "b.csv").upload.file
        try office.store.close()
        // In a folder of its own, and beside an archive that stays.
        for name in ["\(other)/v0001.tar.zst.kept", "\(other)/.part-1", "\(file)/v0001.tar.zst.kept"] {
            let path = office.folder.trash + "/" + name
            try FileManager.default.createDirectory(
                atPath: URL(fileURLWithPath: path).deletingLastPathComponent().path,
                withIntermediateDirectories: true)
            try Data("half".utf8).write(to: URL(fileURLWithPath: path))
        }
        try office.reopen()
        #expect(try await office.leftovers() == [])
        #expect(try await office.faults() == [])
        try office.store.decideDeleteRequest(
            request, .restore, comment: "back", for: DeletionWalk.cleo, by: .console)
        #expect(try await office.leftovers() == [])
        #expect(try await office.faults() == [])
    }

    @Test func `a half written archive of a purge that failed takes no archive's place`() async throws {
        let office = try await ImportOffice()
        let file = try office.take(CallFileText.usual.text, file: "a.csv").upload.file
        for restores in [true, false] {
            let kept = office.store.folder.keptArchive(of: file, version: 1)
            try FileManager.default.createDirectory(
                atPath: URL(fileURLWithPath: kept).deletingLastPathComponent().path,
                withIntermediateDirectories: true)
            try Data("half".utf8).write(to: URL(fileURLWithPath: kept))
            let request = try delete(.version(file, 1), in: office)
            #expect(try await office.faults() == [])
            #expect(try await office.leftovers() == [])
            if restores {
                try office.store.decideDeleteRequest(
                    request, .restore, comment: "back", for: DeletionWalk.cleo, by: .console)
            }
        }
    }
}
