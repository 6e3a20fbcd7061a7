import Domain
import Foundation
import GRDB
import Synchronization

/// What a snapshot says of itself, once its bytes were found to be whole and signed with `key`.
public struct SnapshotOffer: Sendable {
    public var fileName: String
    public var office: ID<Office>
    public var name: String
    /// Hex of the Ed25519 public key that signed it.
    public var key: String
    public var made: Instant
    public var program: String
    public var heads: [SignedHead]
    public var stateHash: String?
    /// Whether it comes straight from its office now, so that its clock can be compared with ours.
    public var isFresh = false

    public init(
        fileName: String, office: ID<Office>, name: String, key: String, made: Instant, program: String,
        heads: [SignedHead], stateHash: String? = nil, isFresh: Bool = false
    ) {
        self.fileName = fileName
        self.office = office
        self.name = name
        self.key = key
        self.made = made
        self.program = program
        self.heads = heads
        self.stateHash = stateHash
        self.isFresh = isFresh
    }
}

/// What came in with a snapshot, checked and waiting in `incomingEvent`.
public struct Reception: Sendable {
    public var offer: SnapshotOffer
    /// Entries that are new here.
    public var entries = 0
    /// Uploads among them, in the total order.
    public var uploads: [(event: EventName, upload: FileUploaded)] = []
    public var notTaken: [ChainNotTaken] = []
    /// How far the latest new entry's time lies ahead of our clock, in seconds; 0: it does not.
    public var ahead: Int64 = 0
    /// Our own chain came back longer than it is here: this folder is an older state of the office.
    public var knowsMoreOfUs = false
    /// Heads of the chains that are taken, to be kept.
    var heads: [SignedHead] = []
    /// Which one it is since the start: there is one quarantine, and the next one takes its place in it.
    var number = 0
}

extension UserError {
    static let otherReception = UserError(
        .stale, "Another snapshot came in meanwhile; nothing of this one was taken in.",
        advice: "Check this one again.")

    public static let otherOffice = UserError(
        .stale, "The office has changed since this snapshot was looked at; nothing of it was taken in.",
        advice: "Check it again.")

    static func notPaired(_ name: String) -> UserError {
        UserError(
            .notAllowed, "“\(name)” is not paired with this office; nothing was taken in.",
            advice: "Pair the two offices first: compare the six words of its key.")
    }
}

extension OfficeStore {
    /// Takes a snapshot's entries into quarantine and checks them: trust, signatures, chains, gaps, forks. Nothing of
    /// the office changes.
    ///
    /// - Parameters:
    ///   - ownKey: hex of this office's public key: what it signed itself it takes back.
    ///   - events: hands over every entry; in any order of chains, each chain by seq.
    /// - Throws: `UserError` `notAllowed` for a sender who is not trusted, `damaged` where a chain does not fit
    ///   together: nothing of the snapshot is taken then.
    public func receive(
        _ offer: SnapshotOffer, ownKey: String, events: ((Event) throws -> Void) throws -> Void
    ) throws -> Reception {
        let own = try pool.read { db in try ChainIdentity.fetch(db) }
        guard let own else { throw UserError.notSetUp }
        let trust = try pool.read { db in try Trust(db, own: own.office, ownKey: ownKey) }
        switch trust.keys[offer.office] {
        case .some(let key) where key == offer.key: break
        case .some:
            throw UserError(
                .notAllowed, "“\(offer.name)” is signed with another key than the one that was compared.",
                advice: "Nothing was taken in. Ask that office, and pair again if its box was replaced.")
        case nil where trust.revoked.contains(offer.office):
            throw UserError(
                .notAllowed, "The pairing with “\(offer.name)” was ended; nothing was taken in.",
                advice: "Pair again if that was a mistake.")
        case nil: throw UserError.notPaired(offer.name)
        }
        let number = receptions.withLock { last in
            last += 1
            return last
        }
        try forgetIncoming(number)
        var batch: [Event] = []
        var bytes = 0
        func keep() throws {
            let events = batch
            (batch, bytes) = ([], 0)
            try writeStaged { db in
                try requireWaiting(number)
                for event in events { try Self.keepIncoming(event, db) }
            }
        }
        try events { event in
            guard event.stream == .shared, event.hash == event.computedHash else {
                throw Self.brokenChain(offer.name, event.seq)
            }
            batch.append(event)
            bytes += event.payload.utf8.count
            if batch.count == 1000 || bytes > Event.batchBytes { try keep() }
        }
        if !batch.isEmpty { try keep() }
        return try sort(offer, trust, own, number)
    }

    /// Whether what was received still waits in the quarantine.
    public func isWaiting(_ reception: Reception) -> Bool { receptions.withLock { $0 == reception.number } }

    func requireWaiting(_ reception: Reception) throws { try requireWaiting(reception.number) }

    func requireWaiting(_ number: Int) throws {
        guard receptions.withLock({ $0 == number }) else { throw UserError.otherReception }
    }

    /// Removes what was received, unless another has taken its place.
    public func discard(_ reception: Reception) throws {
        do { try forgetIncoming(reception.number) } catch let error as UserError where error.code == .stale {}
    }

    /// At the start, when nobody waits for anything.
    func forgetIncoming() throws {
        try writeStaged { db in try db.run(sql: "DELETE FROM incomingEvent") }
    }

    private func forgetIncoming(_ number: Int) throws {
        try writeStaged { db in
            try requireWaiting(number)
            try db.run(sql: "DELETE FROM incomingEvent")
        }
    }

    private static func keepIncoming(_ event: Event, _ db: Database) throws {
        // Of a newer release's kinds no subject is known.
        let subject = (try? EventBody(event))?.payload.subject
        try db.cachedStatement(
            sql: """
                INSERT INTO incomingEvent (office, incarnation, seq, time, user, actor, via, kind, subject, payload,
                  previousHash, hash) VALUES (?,?,?,?,?,?,?,?,?,?,?,?)
                """
        ).execute(arguments: [
            event.office.description, event.incarnation, event.seq, event.time.bits,
            event.actor.user?.description, event.actor.name, event.actor.via, event.kind, subject,
            event.payload, Data(event.previousHash), Data(event.hash),
        ])
    }

    // MARK: Sorting what came

    private func sort(_ offer: SnapshotOffer, _ trust: Trust, _ own: ChainIdentity, _ number: Int) throws
        -> Reception
    {
        var reception = Reception(offer: offer)
        reception.number = number
        let came: [IncomingChain] = try pool.read { db in
            try Row.fetchAll(
                db.cachedStatement(
                    sql: """
                        SELECT office, incarnation, min(seq) AS first, max(seq) AS last, count(*) AS entries
                        FROM incomingEvent GROUP BY office, incarnation ORDER BY office, incarnation
                        """)
            ).compactMap { row in
                ID<Office>(row["office"] as String).map {
                    IncomingChain(
                        chain: Chain(office: $0, incarnation: row["incarnation"]), first: row["first"],
                        last: row["last"], entries: row["entries"])
                }
            }
        }
        let byChain = Dictionary(offer.heads.map { ($0.head.chain, $0) }) { first, _ in first }
        var forks: [ChainNotTaken] = []
        for head in offer.heads {
            let chain = head.head.chain
            let it = came.first { $0.chain == chain }
            let refusal = try pool.read { db in
                try Self.refusal(of: it, chain, head, trust, db)
            }
            if let refusal {
                if refusal.reason == .fork { try keepOtherSide(of: chain, from: refusal.seq, number) }
                let isSettled = try refusal.reason == .fork && isSettled(chain)
                if refusal.reason == .fork, !isSettled { forks.append(refusal) }
                // Nothing of it came, or somebody has decided about it, and nothing need be said of it.
                if !isSettled, it != nil || refusal.reason == .fork { reception.notTaken.append(refusal) }
                try drop(chain, number)
            } else {
                reception.heads.append(head)
            }
        }
        // A chain without a signed head is nobody's word.
        for it in came where byChain[it.chain] == nil {
            reception.notTaken.append(
                ChainNotTaken(
                    office: it.chain.office, incarnation: it.chain.incarnation,
                    name: trust.names[it.chain.office] ?? "an unknown office", reason: .unsigned,
                    entries: it.entries, seq: it.first))
            try drop(it.chain, number)
        }
        // A chain that was written twice is waited for by nobody.
        try raiseAlarm(forks, offer, own)
        try withholdEarly(&reception, came, number)
        for head in reception.heads.map(\.head) {
            let held = try pool.read { db in try Self.heldSeq(head.chain, db) }
            if let it = came.first(where: { $0.chain == head.chain }), it.last > held {
                reception.entries += Int(it.last - max(held, it.first - 1))
            }
            if head.office == own.office, head.incarnation == own.incarnation, head.seq > held {
                reception.knowsMoreOfUs = true
            }
        }
        try look(at: &reception)
        return reception
    }

    func drop(_ chain: Chain, _ number: Int) throws {
        try writeStaged { db in
            try requireWaiting(number)
            try db.run(
                sql: "DELETE FROM incomingEvent WHERE office = ? AND incarnation = ?",
                arguments: [chain.office.description, chain.incarnation])
        }
    }

    /// Neither of two boxes that wrote one chain is believed any further.
    ///
    /// Where it is the one that this folder writes, it goes on with a new one, or nobody would take what is done here.
    private func raiseAlarm(_ forks: [ChainNotTaken], _ offer: SnapshotOffer, _ own: ChainIdentity) throws {
        guard !forks.isEmpty else { return }
        let now = clock.now()
        try writeNow(as: .program) { tx in
            let db = tx.db
            for fork in forks {
                let chain = Chain(office: fork.office, incarnation: fork.incarnation)
                let theirs = offer.heads.first { $0.head.chain == chain }?.head.hash ?? ""
                try db.run(
                    sql: """
                        INSERT INTO fork (office, incarnation, seq, ours, theirs, found) VALUES (?, ?, ?, ?, ?, ?)
                        ON CONFLICT DO NOTHING
                        """,
                    arguments: [
                        fork.office.description, fork.incarnation, fork.seq,
                        try Self.heldHash(chain, fork.seq, db).map { hexadecimal($0) } ?? "", theirs,
                        now.milliseconds,
                    ])
                if chain == Chain(office: own.office, incarnation: own.incarnation) {
                    try tx.beginIncarnation(.forked)
                }
            }
        }
    }

    /// What is new among what is left.
    private func look(at reception: inout Reception) throws {
        let now = clock.now()
        let (uploads, latest): ([(EventName, FileUploaded)], Int64?) = try pool.read { db in
            let isNew = """
                NOT EXISTS (SELECT 1 FROM journal j WHERE j.stream = 'shared' AND j.office = i.office
                  AND j.incarnation = i.incarnation AND j.seq = i.seq)
                """
            let rows = try Row.fetchAll(
                db.cachedStatement(
                    sql: """
                        SELECT office, incarnation, seq, payload FROM incomingEvent i
                        WHERE kind = 'fileUploaded' AND \(isNew) ORDER BY time, office, incarnation, seq
                        """))
            // One that cannot be read has no effect.
            let uploads = rows.compactMap { row -> (EventName, FileUploaded)? in
                guard let name = EventName(row), let it = try? fromJSON(FileUploaded.self, row["payload"])
                else { return nil }
                return (name, it)
            }
            let latest = try Int64.fetchOne(
                db.cachedStatement(sql: "SELECT max(time) FROM incomingEvent i WHERE \(isNew)"))
            return (uploads, latest)
        }
        reception.uploads = uploads.map { (event: $0.0, upload: $0.1) }
        if let latest {
            reception.ahead = max(
                0, (HybridTime(bits: latest).instant.milliseconds - now.milliseconds) / 1000)
        }
    }
}
