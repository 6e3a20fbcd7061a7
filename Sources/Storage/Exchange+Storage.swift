import Domain
import Foundation
import GRDB

/// A file of the shared folder, and what came of it.
public struct ExchangeFile: Hashable, Codable, Sendable {
    public enum State: String, Hashable, Codable, Sendable {
        /// Taken in.
        case taken
        /// Everything in it is here.
        case known
        /// What it goes on from is not here yet.
        case waits
        /// Its office is not paired.
        case unpaired
        /// It stopped to ask.
        case asks
        /// It does not open with the passphrase that is set here, or none is.
        case sealed
        /// Being copied, or damaged.
        case damaged
        /// Not taken in for another reason.
        case refused
    }
    public var name: String
    /// Size, time and number of the file when it was met: it is looked at again once they differ.
    public var mark: String
    public var state: State
    public var size: Int64
    public var office: String?
    /// nil: that was not told yet.
    public var isSealed: Bool?
    public var message: String?
    public var met: Instant

    public init(
        name: String, mark: String, state: State, size: Int64, office: String? = nil, message: String? = nil,
        met: Instant
    ) {
        self.name = name
        self.mark = mark
        self.state = state
        self.size = size
        self.office = office
        self.message = message
        self.met = met
    }
}

/// A question that an exchange stopped at.
public struct OpenQuestion: Hashable, Sendable {
    public var question: ExchangeQuestion
    public var found: Instant
    /// When somebody said that it may go on.
    public var allowed: Instant?
}

extension OfficeStore {
    /// What this office holds and hands on; `key` and `program` are the caller's to say.
    public func exchangeVector(key: String, program: String) throws -> ExchangeVector {
        let now = clock.now()
        return try pool.read { db in
            guard let state = try Self.officeState(db), let chain = try ChainIdentity.fetch(db) else {
                throw UserError.notSetUp
            }
            let heads = try Self.heads(db)
            let signed = try Set(
                Row.fetchAll(db, sql: "SELECT * FROM signedHead").compactMap { SignedHead($0)?.head })
            return ExchangeVector(
                office: chain.office, name: state.office.rules.name, incarnation: chain.incarnation, key: key,
                program: program, now: now, held: heads,
                given: heads.filter { $0.office == chain.office || signed.contains($0) })
        }
    }

    /// Whether exactly these entries are held: of a chain that two boxes wrote, the number alone says nothing.
    public func holds(_ heads: [ChainHead]) throws -> Bool {
        try pool.read { db in
            try heads.allSatisfy { head in
                try Self.heldHash(head.chain, head.seq, db).map { hexadecimal($0) } == head.hash
            }
        }
    }

    /// SHA-256 of every archive that is here and not erased.
    public func exchangedArchives() throws -> Set<String> {
        try pool.read { db in
            try String.fetchSet(
                db, sql: "SELECT archive FROM fileVersion WHERE state IN ('live', 'trashed')")
        }
    }

    /// The keys of paired offices.
    public func pairedKeys() throws -> [ID<Office>: String] {
        try pool.read { db in
            var keys: [ID<Office>: String] = [:]
            for row in try Row.fetchAll(db, sql: "SELECT office, key FROM peer WHERE revoked = 0") {
                if let office = ID<Office>(row["office"] as String) { keys[office] = row["key"] }
            }
            return keys
        }
    }

    /// Keeps what a paired office said of itself, where nothing of it was new.
    ///
    /// - Parameters:
    ///   - made: when it said so, on its clock.
    ///   - skew: of its clock, in seconds, where that can be told.
    public func noteHeard(
        of office: ID<Office>, made: Instant, heads: [ChainHead], program: String, skew: Int64? = nil
    ) throws {
        let now = clock.now()
        try pool.write { db in
            let isPaired = try Bool.fetchOne(
                db, sql: "SELECT 1 FROM peer WHERE office = ? AND revoked = 0",
                arguments: [office.description])
            guard isPaired == true else { return }
            try Self.savePeerState(office, db) { state in
                // An older file tells nothing about what it holds now; a call does, whatever its clock said before.
                guard skew != nil || state.made.map({ $0 <= made }) ?? true else { return }
                state.heard = now
                state.made = made
                state.heads = heads
                state.program = program
                if let skew { state.clockSkew = skew }
            }
        }
    }

    public func record(_ changed: ExchangePassphraseChanged, by actor: Actor) throws {
        try writeNow(as: actor) { tx in
            try tx.append(.exchangePassphraseChanged(changed))
            // What did not open is tried again at once.
            try tx.db.execute(sql: "DELETE FROM exchangeFile WHERE file ->> '$.state' = 'sealed'")
        }
    }

    // MARK: Runs

    public func exchangeRuns(for viewer: Viewer) async throws -> [ExchangeWay: ExchangeRun] {
        try viewer.require(.manageOffices)
        return try exchangeRunsNow()
    }

    /// For threads that may block.
    public func exchangeRunsNow() throws -> [ExchangeWay: ExchangeRun] {
        try pool.read { db in
            var runs: [ExchangeWay: ExchangeRun] = [:]
            for row in try Row.fetchAll(db, sql: "SELECT way, run FROM exchangeRun") {
                guard let way = ExchangeWay(row["way"] as String) else { continue }
                runs[way] = try fromJSON(ExchangeRun.self, row["run"])
            }
            return runs
        }
    }

    /// Keeps what came of a run, with the time of the next try where it failed.
    @discardableResult
    public func saveExchangeRun(_ run: ExchangeRun, of way: ExchangeWay) throws -> ExchangeRun {
        var run = run
        run.ended = clock.now()
        let noise = ids.random().first ?? 0
        return try pool.write { db in
            let last = try String.fetchOne(
                db, sql: "SELECT run FROM exchangeRun WHERE way = ?", arguments: [way.text]
            ).map { try fromJSON(ExchangeRun.self, $0) }
            if run.error == nil {
                (run.lastGood, run.failures, run.retry) = (run.ended, 0, nil)
            } else {
                run.lastGood = last?.lastGood
                run.failures = min((last?.failures ?? 0) + 1, 1000)
                run.retry = run.ended.adding(
                    seconds: ExchangeRun.pause(afterFailures: run.failures, noise: noise))
            }
            try db.execute(
                sql: "INSERT OR REPLACE INTO exchangeRun (way, run) VALUES (?, ?)",
                arguments: [way.text, try jsonText(run)])
            return run
        }
    }

    /// When each way runs next by itself; nil: it does not.
    public func nextExchanges() throws -> [ExchangeWay: Instant] {
        let now = clock.now()
        let runs = try exchangeRunsNow()
        let (state, offices): (OfficeState?, [String]) = try pool.read { db in
            (
                try Self.officeState(db),
                try String.fetchAll(
                    db,
                    sql: """
                        SELECT a.office FROM exchangeAddress a JOIN peer p ON p.office = a.office AND p.revoked = 0
                        """)
            )
        }
        guard let state else { return [:] }
        let settings = state.settings.exchange
        var next: [ExchangeWay: Instant] = [:]
        func plan(_ way: ExchangeWay, _ times: ExchangeTimes) {
            let due = times.next(after: runs[way]?.ended, now: now, in: state.timeZone)
            // By hand is by hand, also after a failure.
            next[way] = due == nil ? nil : runs[way]?.retry ?? due
        }
        if settings.folder != nil { plan(.folder, settings.folderTimes) }
        for office in offices.compactMap({ ID<Office>($0) }) { plan(.office(office), settings.networkTimes) }
        return next
    }

    // MARK: Files of the folder

    public func exchangeFiles(for viewer: Viewer) async throws -> [ExchangeFile] {
        try viewer.require(.manageOffices)
        return try exchangeFiles()
    }

    public func exchangeFiles() throws -> [ExchangeFile] {
        try pool.read { db in
            try String.fetchAll(db, sql: "SELECT file FROM exchangeFile ORDER BY name")
                .map { try fromJSON(ExchangeFile.self, $0) }
        }
    }

    public func save(_ file: ExchangeFile) throws {
        try pool.write { db in
            try db.execute(
                sql: "INSERT OR REPLACE INTO exchangeFile (name, file) VALUES (?, ?)",
                arguments: [file.name, try jsonText(file)])
        }
    }

    /// Forgets files that are no longer in the folder.
    public func forgetExchangeFiles(except names: Set<String>) throws {
        try pool.write { db in
            for name in try String.fetchAll(db, sql: "SELECT name FROM exchangeFile")
            where !names.contains(name) {
                try db.execute(sql: "DELETE FROM exchangeFile WHERE name = ?", arguments: [name])
            }
        }
    }
}

extension Transaction {
    func foldExchangePassphraseChanged(_ it: ExchangePassphraseChanged) throws {
        var settings = try OfficeStore.officeState(db)?.settings ?? BoxSettings()
        settings.exchange.isSealed = it.isSet
        try save(settings)
    }
}
