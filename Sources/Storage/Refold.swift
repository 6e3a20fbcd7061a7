import Crypto
import Domain
import Foundation
import GRDB

/// What folding the shared journal again carries from event to event.
final class Refold {
    var rules: KnownOffices
    let order: CausalOrder
    /// Events that a safer one, made at the same time, keeps from having effect: why, in words.
    let overruled: [EventName: String]
    /// Of each purge the holds that were set at the same time, too late for what it erased.
    let lateHolds: [EventName: [(set: EventName, hold: ID<DeleteHold>)]]
    /// Purges and the steps that they rest on.
    let sealed: Set<EventName>
    var ledger: ConflictLedger
    /// Names of the present event's new people that were somebody's already.
    var takenNames: [NewName] = []
    /// Everybody, as folded so far; nil: to be read anew, for an event failed that had changed it.
    var organization: Organization? = Organization(persons: [], placements: [])
    private var offices: [ID<Person>: ID<Office>] = [:]
    /// Whose spans are to be written when all is folded.
    private(set) var unwritten: Set<ID<Person>> = []
    /// The present event has changed what is at hand.
    var isTouched = false
    var delegations: [Delegation]?
    /// There is one chain alone, so nothing can have happened at the same time.
    let isAlone: Bool

    init(_ db: Database) throws {
        rules = try KnownOffices(db)
        rules.forget()
        order = try CausalOrder(db)
        isAlone = try !hasSeveralChains(db)
        let joins = isAlone ? SafeJoins(order) : try SafeJoins(db, order)
        overruled = joins.overruled
        lateHolds = joins.lateHolds
        sealed = joins.sealed
        ledger = ConflictLedger(order)
    }

    // MARK: The organization

    /// Everybody: more than a rule looks at does no harm.
    func organization(_ db: Database) throws -> Organization {
        if let organization { return organization }
        let organization = try Organization.load(db, rules)
        self.organization = organization
        return organization
    }

    func add(_ person: Person, of office: ID<Office>, _ db: Database) throws {
        _ = try organization(db)
        isTouched = true
        offices[person.id] = office
        organization?.add(person)
        organization?.otherTerms[person.id] = rules.otherTerms(of: office)
    }

    func merge(_ person: ID<Person>, into other: ID<Person>?, _ db: Database) throws {
        _ = try organization(db)
        isTouched = true
        organization?.merge(person, into: other)
    }

    func rename(_ person: ID<Person>, _ name: String, _ db: Database) throws {
        _ = try organization(db)
        isTouched = true
        organization?.add(Person(id: person, name: name))
    }

    func place(_ placements: [KnownPlacement], _ check: (Organization) throws -> Void, _ db: Database) throws
    {
        _ = try organization(db)
        // In place: a copy of everybody for every event would cost more than all else.
        let affected = try organization?.place(placements) ?? []
        isTouched = true
        unwritten.formUnion(affected)
        if let organization { try check(organization) }
    }

    /// An office has other rules from now on; its words may be others too.
    func set(_ new: OfficeRules, of office: ID<Office>, _ db: Database) throws {
        _ = try organization(db)
        isTouched = true
        rules[office] = new
        organization?.terms = rules.ownTerms
        organization?.otherTerms = offices.compactMapValues { rules.otherTerms(of: $0) }
        if let organization { unwritten.formUnion(organization.persons) }
    }

    /// The present event has no effect.
    func takeBack() {
        if isTouched { organization = nil }
        isTouched = false
        delegations = nil
    }
}

private func hasSeveralChains(_ db: Database) throws -> Bool {
    try Int.fetchOne(
        db.cachedStatement(
            sql: """
                SELECT count(*) FROM (SELECT DISTINCT office, incarnation FROM journal WHERE stream = 'shared' LIMIT 2)
                """)) == 2
}

extension CausalOrder {
    /// As the journal's merges tell it.
    init(_ db: Database) throws {
        self.init()
        let rows = try Row.fetchCursor(
            db.cachedStatement(
                sql: """
                    SELECT office, incarnation, seq, kind, payload FROM journal
                    WHERE stream = 'shared' AND kind IN ('snapshotMerged', 'mergeUndone', 'incarnationBegun')
                    ORDER BY office, incarnation, seq
                    """))
        while let row = try rows.next() {
            guard let name = EventName(row) else { continue }
            // One that cannot be read tells nothing of what its office knew.
            let body = try? EventBody(kind: row["kind"], payload: row["payload"])
            switch body {
            case .snapshotMerged(let it): add(name, holding: it.heads)
            case .incarnationBegun(let it): add(name, holding: it.heads)
            case .mergeUndone(let it): add(name, holdingOnly: it.heads)
            default: break
            }
        }
    }
}

extension EventName {
    /// Of the columns office, incarnation and seq.
    init?(_ row: Row) {
        guard let office = ID<Office>(row["office"] as String) else { return nil }
        self.init(chain: Chain(office: office, incarnation: row["incarnation"]), seq: row["seq"])
    }
}

extension Transaction {
    /// Folds every shared event again in the total order, over the rows of versions that are there; finds what
    /// conflicts. Posts no figures: which rows are live may differ afterwards.
    mutating func refoldShared() throws {
        let refold = try Refold(db)
        self.refold = refold
        defer { self.refold = nil }
        let versions = try standings()
        let calls = try Row.fetchAll(db.cachedStatement(sql: "SELECT id, calls FROM office WHERE calls <> 0"))
        for table in Schema.foldedShared { try db.run(sql: "DELETE FROM \(table)") }
        try db.run(sql: "UPDATE agentName SET links = NULL")
        // Calls are numbered by them; those that no entry makes any more are told by it.
        try db.run(sql: "UPDATE source SET staged = 1")
        try db.run(sql: "UPDATE fileVersion SET state = 'staged', cut = 0")
        let rows = try Row.fetchCursor(
            db.cachedStatement(
                sql: "SELECT * FROM journal WHERE stream = 'shared' ORDER BY time, office, incarnation, seq"))
        var refusals: [(EventName, String?)] = []
        while let row = try rows.next() {
            let event = try Event(row)
            let refusal = try foldAgain(event, refold)
            if refusal != row["refusal"] { refusals.append((EventName(event), refusal)) }
        }
        for (name, refusal) in refusals {
            try db.run(
                sql: """
                    UPDATE journal SET refusal = ?
                    WHERE stream = 'shared' AND office = ? AND incarnation = ? AND seq = ?
                    """,
                arguments: [refusal, name.chain.office.description, name.chain.incarnation, name.seq])
        }
        for conflict in refold.ledger.conflicts(id: conflictID) { try save(conflict) }
        // No entry makes these: changes of calls add them up.
        for row in calls {
            try db.run(
                sql: "UPDATE office SET calls = ? WHERE id = ?",
                arguments: [row["calls"] as Int64, row["id"] as String])
        }
        try saveSpans(of: refold.unwritten, refold.organization(db))
        try settleVersions(versions)
        // Of entries that have no effect any more.
        try db.run(sql: OfficeStore.forgetNobodysNames)
    }

    /// Folds one event; returns why it has no effect, nil where it has.
    private func foldAgain(_ event: Event, _ refold: Refold) throws -> String? {
        let name = EventName(event)
        let body: EventBody
        do {
            body = try EventBody(kind: event.kind, payload: event.payload)
        } catch let error as UserError {
            // Of a newer release: nobody here can decide it.
            return error.message
        } catch is DecodingError {
            return "The entry cannot be read."
        }
        if let words = refold.overruled[name] {
            try refold.ledger.refuse(name, try body.writes(of: event.office), words)
            return words
        }
        refold.takenNames = []
        refold.isTouched = false
        try db.run(sql: "SAVEPOINT event")
        do {
            try fold(event, body)
            try db.run(sql: "RELEASE event")
        } catch {
            try db.run(sql: "ROLLBACK TO event")
            try db.run(sql: "RELEASE event")
            refold.takeBack()
            let words: String
            switch error {
            case let error as UserError: words = error.message
            // What no entry of ours would do: to make a person twice, for example.
            case let error as DatabaseError where error.resultCode == .SQLITE_CONSTRAINT:
                words = "It contradicts an earlier entry."
            default: throw error
            }
            try refold.ledger.refuse(name, (try? body.writes(of: event.office)) ?? [], words)
            return words
        }
        guard !refold.isAlone else { return nil }
        var writes = try body.writes(of: event.office)
        for new in refold.takenNames {
            let register = "name \(event.office) \(new.folded)"
            writes.removeAll { $0.register == register }
            // Whoever adds somebody by hand may know that the name is another's; an upload would have taken that one.
            let isUpload = event.kind == FileUploaded.kind
            guard isUpload || refold.ledger.hasNews(for: name, in: register) else { continue }
            refold.ledger.dispute(
                register, loser: name, winner: nil,
                "The name “\(new.name)” was somebody's already; it made a second person of that name.")
        }
        try refold.ledger.apply(name, writes)
        for late in refold.lateHolds[name] ?? [] {
            refold.ledger.dispute(
                "hold \(late.set.chain.office) \(late.hold)", loser: late.set, winner: name,
                "Some of what it should keep was erased at the same time.")
        }
        return nil
    }

    /// What decides where a version's archive belongs.
    private struct Standing: Hashable {
        var state: String
        var isCut: Bool
        /// The stretches that are deleted of it, as one text.
        var spans: String?
    }

    /// By the version's number. Not in a table: to make one would have SQLite prepare every statement anew after each
    /// entry that has no effect.
    private func standings() throws -> [Int64: Standing] {
        let rows = try Row.fetchCursor(
            db.cachedStatement(
                sql: """
                    SELECT number, state, cut, (SELECT group_concat(fromTime || ' ' || untilTime || ' ' || purged) FROM
                      (SELECT fromTime, untilTime, purged FROM deletedSpan d WHERE d.version = fileVersion.number
                        ORDER BY fromTime, untilTime, purged)) AS spans
                    FROM fileVersion
                    """))
        var standings: [Int64: Standing] = [:]
        while let row = try rows.next() {
            standings[row["number"]] = Standing(state: row["state"], isCut: row["cut"], spans: row["spans"])
        }
        return standings
    }

    /// A version that changed its state may have its archive elsewhere than its new state wants it.
    private func settleVersions(_ before: [Int64: Standing]) throws {
        for (number, standing) in try standings() {
            guard let old = before[number], old != standing else { continue }
            try db.run(
                sql: "UPDATE fileVersion SET unsettled = 1 WHERE number = ?", arguments: [number])
        }
    }
}

/// The name of a conflict: SHA-256 over register and loser, the first 32 digits.
func conflictID(_ register: String, _ loser: EventName) -> String {
    String(hexadecimal(SHA256.hash(data: Data("\(register)\n\(loser)".utf8))).prefix(32))
}
