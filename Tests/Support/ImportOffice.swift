import Domain
import Formats
import Foundation
import GRDB
import Ingest
import Storage

/// A new office in a temporary folder, with every source that an office starts with, to upload bytes to.
public final class ImportOffice: @unchecked Sendable {
    /// Replaced by `reopen` only, which a test calls while nothing else uses the office.
    public private(set) var store: OfficeStore
    public let folder: DataFolder
    public let ids: IDs
    private let clock: Clock
    private let disk: Disk
    private let place: FolderPlace
    private let tallyMemory: Int

    /// The clock stands at 2026-11-23 06:00 UTC.
    public init(
        rules: OfficeRules = OfficeRules(name: "Sample", timeZone: "Europe/Berlin"), seed: UInt64 = 1,
        path: String? = nil, clock: Clock = Clock { Instant(milliseconds: 1_795_413_600_000) },
        tallyMemory: Int = 10_000_000, disk: Disk = .system
    ) async throws {
        let path =
            path ?? FileManager.default.temporaryDirectory.path + "/rollcall-import-\(UUID().uuidString)"
        folder = DataFolder(path: path)
        let numbers = LockedNumbers(seed)
        ids = IDs { numbers.bytes(16) }
        self.clock = clock
        self.disk = disk
        place = .system
        self.tallyMemory = tallyMemory
        store = try OfficeStore(
            folder: folder, clock: clock, ids: ids, passwords: PasswordCost(rounds: 16),
            tallyMemory: tallyMemory, disk: disk)
        try await store.foundOffice(
            rules: rules, sources: defaultSources, username: "ann", name: "Ann",
            password: "three brown horses",
            by: .console)
    }

    /// An office that is there already, as the next start of the program finds it.
    public init(opening path: String, seed: UInt64 = 99) throws {
        folder = DataFolder(path: path)
        let numbers = LockedNumbers(seed)
        ids = IDs { numbers.bytes(16) }
        clock = .system
        disk = .system
        place = .system
        tallyMemory = 10_000_000
        store = try OfficeStore(folder: folder, clock: clock, ids: ids, passwords: PasswordCost(rounds: 16))
    }

    deinit {
        try? store.close()
        try? FileManager.default.removeItem(atPath: folder.path)
    }

    /// A folder that a test copied, as another start of the program finds it.
    ///
    /// - Parameter place: what the system says of where the folder is; nil: nothing.
    public init(
        opening path: String, seed: UInt64, clock: Clock, place: String?, tallyMemory: Int = 10_000_000
    ) throws {
        folder = DataFolder(path: path)
        let numbers = LockedNumbers(seed)
        ids = IDs { numbers.bytes(16) }
        self.clock = clock
        disk = .system
        self.place = FolderPlace { _ in place }
        self.tallyMemory = tallyMemory
        store = try OfficeStore(
            folder: folder, clock: clock, ids: ids, passwords: PasswordCost(rounds: 16),
            tallyMemory: tallyMemory, place: self.place)
    }

    /// What a restart of the program does.
    public func reopen() throws {
        try store.close()
        store = try OfficeStore(
            folder: folder, clock: clock, ids: ids, passwords: PasswordCost(rounds: 16),
            tallyMemory: tallyMemory, disk: disk, place: place)
    }

    /// Throws the projections away and makes them again from the journal and the archives.
    public func rebuild() throws { try store.rebuildFromArchives() }

    /// Uploads bytes as a file, through the real import.
    @discardableResult
    public func take(
        _ bytes: some Sequence<UInt8>, file name: String = "calls.csv", source: String? = nil,
        dateOrder: DateOrder? = nil, isDryRun: Bool = false, by actor: Actor = .console,
        progress: (ImportProgress) -> Void = { _ in },
        isCancelled: @escaping @Sendable () -> Bool = { false }
    ) throws -> ImportResult {
        let incoming = try IncomingFile(folder: folder, ids: ids, clock: clock, limit: .max)
        try Array(bytes).withUnsafeBytes { try incoming.append($0) }
        return try importFile(
            ImportRequest(
                file: try incoming.finish(), fileName: name, source: source, dateOrder: dateOrder,
                isDryRun: isDryRun), into: store, by: actor, progress: progress, isCancelled: isCancelled)
    }

    @discardableResult
    public func take(
        _ text: String, file name: String = "calls.csv", source: String? = nil, dateOrder: DateOrder? = nil,
        isDryRun: Bool = false
    ) throws -> ImportResult {
        try take(text.utf8, file: name, source: source, dateOrder: dateOrder, isDryRun: isDryRun)
    }

    /// Rows as text, their columns joined by |.
    public func sql(_ query: String) async throws -> [String] {
        try await store.read { db in
            try Row.fetchAll(db.cachedStatement(sql: query)).map { row in
                row.databaseValues.map { value in
                    switch value.storage {
                    case .null: "-"
                    case .int64(let number): String(number)
                    case .double(let number): String(number)
                    case .string(let text): text
                    case .blob(let data): hexadecimal(data)
                    }
                }.joined(separator: "|")
            }
        }
    }

    /// The shared entries in the total order, with why one has no effect.
    public func sharedJournal() async throws -> [(event: Event, refusal: String?)] {
        let lines: [JournalLine] = try await store.read { db in
            try Row.fetchAll(
                db,
                sql: "SELECT * FROM journal WHERE stream = 'shared' ORDER BY time, office, incarnation, seq"
            ).compactMap { row in
                guard let office = ID<Office>(row["office"] as String) else { return nil }
                return JournalLine(
                    event: Event(
                        stream: .shared, office: office, incarnation: row["incarnation"], seq: row["seq"],
                        time: HybridTime(bits: row["time"]),
                        actor: Actor(user: nil, name: row["actor"], via: row["via"]), kind: row["kind"],
                        payload: row["payload"], previousHash: Array(row["previousHash"] as Data),
                        hash: Array(row["hash"] as Data)), refusal: row["refusal"])
            }
        }
        return lines.map { ($0.event, $0.refusal) }
    }

    private struct JournalLine: Sendable {
        var event: Event
        var refusal: String?
    }

    /// What somebody does to the database behind the program's back.
    public func damage(_ sql: String) throws {
        let queue = try DatabaseQueue(path: folder.database)
        try queue.write { db in try db.execute(sql: sql) }
        try queue.close()
    }

    /// Every figure in force, in words: agent-days, tallies by outcome, tallies by hour.
    public func figures() async throws -> [String] {
        let latest = """
            agentDay t JOIN agentName n ON n.number = t.name AND t.change = (SELECT max(change) FROM agentDay d
            WHERE d.day = t.day AND d.name = t.name AND d.change <= (SELECT postedChange FROM folder))
            """
        let days = try await sql(
            """
            SELECT 'day', t.day, n.folded, logs, first, last, active, idle, longestGap, longestGapStart, pace,
              hex(activeByHour) FROM \(latest) WHERE logs > 0
            """)
        let outcomes = try await sql(
            """
            SELECT 'outcome', t.day, n.folded, o.type, o.state, c.logs, talkLogs, talk
            FROM \(latest) JOIN dayTally c ON c.number >> 20 = t.number JOIN outcome o ON o.number = c.outcome
            """)
        let always = Period(from: Day(number: 0), to: Day(number: 0).adding(200 * 366))
        let by: [By] = [.agent, .day, .hour, .campaign, .type, .state]
        let folded = Dictionary(
            try await sql("SELECT s.person, n.folded FROM agentName n JOIN aliasSpan s ON s.name = n.number")
                .map { line in
                    let parts = line.split(separator: "|", maxSplits: 1).map(String.init)
                    return (parts.first ?? "", parts.last ?? "")
                }
        ) { first, _ in first }
        let hours = try await store.report(ReportQuery(period: always, by: by), for: .console.everywhere).rows
            .map {
                let values = $0.slices.map(\.value)
                let day = Day(iso: values[1])?.number ?? 0
                let figures = "\($0.figures.logs)|\($0.figures.talkLogs)|\($0.figures.talk)"
                return (["hour", "\(day)", folded[values[0]] ?? ""] + values[2...] + [figures]).joined(
                    separator: "|")
            }
        return (days + outcomes + hours).sorted()
    }

    /// What should not be there after anything that did not become live; empty: nothing.
    public func leftovers() async throws -> [String] {
        var found = try await sql("SELECT 'staged version', number FROM fileVersion WHERE state = 'staged'")
        found += try await sql("SELECT 'unsettled version', number FROM fileVersion WHERE unsettled = 1")
        found += try await sql(
            "SELECT 'row of a purged version', version FROM call WHERE version IN (SELECT number FROM fileVersion WHERE state = 'purged') LIMIT 1"
        )
        found += try await sql(
            "SELECT 'rows of no version', count(*) FROM call WHERE version NOT IN (SELECT number FROM fileVersion) HAVING count(*) > 0"
        )
        found += try await sql(
            "SELECT DISTINCT 'change', change FROM agentDay WHERE change > (SELECT postedChange FROM folder)")
        for (table, day) in [("dayTally", "number >> 20"), ("agentDayCells", "number")] {
            found += try await sql(
                "SELECT '\(table) of no day', number FROM \(table) WHERE \(day) NOT IN (SELECT number FROM agentDay)"
            )
        }
        for (table, version) in [("rejectedLine", "number >> 32"), ("versionDay", "version")] {
            found += try await sql(
                "SELECT DISTINCT '\(table) of no version', \(version) FROM \(table) WHERE \(version) NOT IN (SELECT number FROM fileVersion)"
            )
        }
        found += try await sql("SELECT 'nobody''s name', folded FROM agentName WHERE links IS NULL")
        let files = FileManager.default
        found += try files.contentsOfDirectory(atPath: folder.incoming).map { "Incoming/" + $0 }
        var kept = Set(try await store.archivedVersions().map(\.archivePath))
        for line in try await sql("SELECT file, version FROM fileVersion WHERE state = 'live' AND cut = 1") {
            let parts = line.split(separator: "|")
            guard let file = parts.first.flatMap({ ID<CallFile>($0) }), let version = Int(parts.last ?? "")
            else { continue }
            kept.insert(folder.deletedDays(of: file, version: version))
        }
        for place in [folder.files, folder.trash] {
            for name in try files.subpathsOfDirectory(atPath: place) {
                let path = place + "/" + name
                var isFolder: ObjCBool = false
                _ = files.fileExists(atPath: path, isDirectory: &isFolder)
                let isKept =
                    isFolder.boolValue ? kept.contains { $0.hasPrefix(path + "/") } : kept.contains(path)
                if !isKept { found.append(path.dropFirst(folder.path.count + 1).description) }
            }
        }
        return found
    }

    /// Names of the checks that fail.
    public func faults() async throws -> [String] {
        try await store.verifyAll().filter { !$0.ok }.map { "\($0.name): \($0.detail)" }
    }

    /// Everything an upload could change, to see that it did not.
    public func state() async throws -> [String] {
        try await figures() + [store.stateHash().hex]
            + sql("SELECT file, version, state, event FROM fileVersion ORDER BY number")
            + sql("SELECT folded, name, links FROM agentName ORDER BY folded")
            + sql("SELECT id, name FROM person ORDER BY id") + leftovers()
    }
}

/// A disk of a terabyte that a test fills.
public final class TestDisk: @unchecked Sendable {
    private let lock = NSLock()
    private var free: Int64

    public init(freeMegabytes: Int64 = 500_000) { free = freeMegabytes * 1_000_000 }

    public func set(freeMegabytes: Int64) { lock.withLock { free = freeMegabytes * 1_000_000 } }

    public var disk: Disk {
        Disk { [self] _ in lock.withLock { DiskSpace(free: free, total: 1_000_000_000_000) } }
    }
}

/// A clock that goes on by a second whenever somebody looks.
public final class TickingClock: @unchecked Sendable {
    private let lock = NSLock()
    private var now: Instant

    public init(_ start: Instant = Instant(milliseconds: 1_795_413_600_000)) { now = start }

    public func pass(days: Int64) { lock.withLock { now = now.adding(seconds: days * 86_400) } }

    public var clock: Clock {
        Clock { [self] in
            lock.withLock {
                now = now.adding(seconds: 1)
                return now
            }
        }
    }
}

/// Seeded numbers that several threads may draw from.
public final class LockedNumbers: @unchecked Sendable {
    private let lock = NSLock()
    private var numbers: SeededNumbers

    public init(_ seed: UInt64) { numbers = SeededNumbers(seed) }

    public func bytes(_ count: Int) -> [UInt8] {
        lock.withLock { (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &numbers) } }
    }
}

/// The folder of real files beside the checkout; nil where it is not there.
public let sampleFolder: String? = {
    let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("shared/samples").path
    return FileManager.default.fileExists(atPath: path) ? path : nil
}()
