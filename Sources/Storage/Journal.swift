import Crypto
import Domain
import Foundation
import GRDB

extension Transaction {
    /// Appends one event to this office's chain and folds it: the only way anything changes.
    ///
    /// - Throws: `UserError` where the rules forbid it; nothing is written then.
    @discardableResult
    mutating func append(_ body: EventBody) throws -> Event {
        guard let chain = try ChainIdentity.fetch(db) else { throw UserError.notSetUp }
        let last = try Row.fetchOne(
            db.cachedStatement(
                sql: """
                    SELECT seq, hash FROM journal WHERE stream = ? AND office = ? AND incarnation = ?
                    ORDER BY seq DESC LIMIT 1
                    """),
            arguments: [body.stream.rawValue, chain.office.description, chain.incarnation])
        var event = Event(
            stream: body.stream, office: chain.office, incarnation: chain.incarnation,
            seq: (last.map { $0["seq"] as Int64 } ?? 0) + 1,
            time: try nextTime(),
            actor: actor, kind: body.kind, payload: try body.canonicalPayload(),
            previousHash: last.map { Array($0["hash"] as Data) } ?? Event.rootHash)
        // What cannot be read again would have effect now, and none after the next merge, rebuild or restore.
        guard (try? EventBody(event)) != nil else {
            throw UserError(
                .invalid, "A day or a figure in it is beyond what can be kept; nothing was changed.",
                advice: "Choose a day before the year 10000.")
        }
        event.hash = event.computedHash
        try db.run(
            sql: """
                INSERT INTO journal (stream, office, incarnation, seq, time, user, actor, via, kind, subject,
                  payload, previousHash, hash) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)
                """,
            arguments: [
                event.stream.rawValue, event.office.description, event.incarnation, event.seq,
                event.time.bits,
                actor.user?.description, actor.name, actor.via, event.kind, body.payload.subject,
                event.payload, Data(event.previousHash), Data(event.hash),
            ])
        try fold(event, body)
        return event
    }

    /// The time of the next event of this transaction.
    func nextTime() throws -> HybridTime {
        let latest = try Int64.fetchOne(db.cachedStatement(sql: "SELECT max(time) FROM journal"))
        return .next(after: latest.map(HybridTime.init(bits:)), now: now)
    }
}

/// Which chain this folder writes.
struct ChainIdentity: Sendable {
    var office: ID<Office>
    var incarnation: Int

    static func fetch(_ db: Database) throws -> ChainIdentity? {
        guard let row = try Row.fetchOne(db.cachedStatement(sql: "SELECT office, incarnation FROM folder")),
            let office = ID<Office>(row["office"] as String)
        else { return nil }
        return ChainIdentity(office: office, incarnation: row["incarnation"])
    }
}

extension UserError {
    static let notSetUp = UserError(
        .conflict, "This data folder has no office yet.",
        advice: "Open the address that “rollcall serve” prints, or run “rollcall setup”.")
}

extension Event {
    static let rootHash = [UInt8](repeating: 0, count: 32)

    public var computedHash: [UInt8] { Array(SHA256.hash(data: Data(hashedText.utf8))) }

    /// - Throws: `UserError` `damaged` for columns that no event could have written.
    init(_ row: Row) throws {
        func value<T: DatabaseValueConvertible>(_ column: String) throws -> T {
            guard let value = T.fromDatabaseValue(row[column]) else { throw Self.damaged(row) }
            return value
        }
        /// In the one spelling that is hashed.
        func id<Entity>(_ text: String) throws -> ID<Entity> {
            guard let id = ID<Entity>(text), id.description == text else { throw Self.damaged(row) }
            return id
        }
        guard let stream = EventStream(rawValue: try value("stream")) else { throw Self.damaged(row) }
        let user: DatabaseValue = row["user"]
        self.init(
            stream: stream, office: try id(value("office")), incarnation: try value("incarnation"),
            seq: try value("seq"), time: HybridTime(bits: try value("time")),
            actor: Actor(
                user: user.isNull ? nil : try id(value("user")), name: try value("actor"),
                via: try value("via")), kind: try value("kind"), payload: try value("payload"),
            previousHash: Array(try value("previousHash") as Data), hash: Array(try value("hash") as Data))
    }

    private static func damaged(_ row: Row) -> UserError {
        let seq = Int64.fromDatabaseValue(row["seq"]).map { "\($0)" } ?? "?"
        return UserError(
            .damaged, "Entry \(seq) of the journal is damaged.",
            advice: "Run “rollcall verify” and restore the last backup.")
    }
}

/// Where a chain first stops being what was written.
public struct ChainFault: Hashable, Sendable {
    public var stream: EventStream
    public var seq: Int64
    public var words: String
}

extension OfficeStore {
    /// Recomputes every chain; returns the entries checked and the first fault.
    public func verifyChains() async throws -> (entries: Int, fault: ChainFault?) {
        let result: ChainCheck = try await read { db in
            var check = ChainCheck()
            let rows = try Row.fetchCursor(
                db, sql: "SELECT * FROM journal ORDER BY stream, office, incarnation, seq")
            var previous: Event?
            while let row = try rows.next() {
                check.entries += 1
                guard let event = try? Event(row) else {
                    let seq = Int64.fromDatabaseValue(row["seq"]) ?? (previous?.seq ?? 0) + 1
                    check.fault = ChainFault(
                        stream: EventStream(rawValue: row["stream"]) ?? previous?.stream ?? .shared, seq: seq,
                        words: "entry \(seq) cannot be read")
                    break
                }
                let continues =
                    previous?.stream == event.stream && previous?.office == event.office
                    && previous?.incarnation == event.incarnation
                let expectedSeq = continues ? (previous?.seq ?? 0) + 1 : 1
                let expectedHash = continues ? (previous?.hash ?? Event.rootHash) : Event.rootHash
                var words: String?
                if event.seq != expectedSeq {
                    words = "entry \(expectedSeq) is missing"
                } else if event.previousHash != expectedHash {
                    words = "entry \(event.seq) does not continue the one before it"
                } else if event.hash != event.computedHash || !Self.hasRightSubject(row, event) {
                    words = "entry \(event.seq) (\(event.kind), \(event.actor.name)) was altered"
                }
                if let words {
                    check.fault = ChainFault(stream: event.stream, seq: event.seq, words: words)
                    break
                }
                previous = event
            }
            return check
        }
        return (result.entries, result.fault)
    }

    /// The subject is a copy from the payload, for filters, and in no hash. A newer release's kinds are let be.
    private static func hasRightSubject(_ row: Row, _ event: Event) -> Bool {
        guard let body = try? EventBody(kind: event.kind, payload: event.payload) else { return true }
        return body.payload.subject.databaseValue == row["subject"]
    }

    private struct ChainCheck: Sendable {
        var entries = 0
        var fault: ChainFault?
    }
}
