import Domain
import GRDB

extension OfficeStore {
    /// Leaves out chains that go on from others of their office of which not all is here: what they say of a file or a
    /// source may be told by those alone, and would have no effect without.
    ///
    /// A chain that was written twice is waited for by nobody; nor is one of which the sender himself holds less, for it
    /// was written twice where he is, and he will never have more of it.
    func withholdEarly(_ reception: inout Reception, _ came: [IncomingChain], _ number: Int) throws {
        let (needs, forked) = try pool.read { db in (try Self.needs(db), try Self.forkedChains(db)) }
        var isComplete = false
        while !isComplete {
            isComplete = true
            let taken = Set(reception.heads.map(\.head.chain))
            for need in needs where taken.contains(need.chain) && !forked.contains(need.other) {
                let held = try pool.read { db in try Self.heldSeq(need.other, db) }
                let last = came.first { $0.chain == need.other && taken.contains($0.chain) }?.last ?? 0
                let theirs = reception.offer.heads.first { $0.head.chain == need.other }?.head.seq
                guard max(held, last) < need.seq, theirs.map({ $0 >= need.seq }) ?? true,
                    let head = reception.heads.first(where: { $0.head.chain == need.chain })
                else { continue }
                reception.heads.removeAll { $0.head.chain == need.chain }
                reception.notTaken.append(
                    ChainNotTaken(
                        office: need.chain.office, incarnation: need.chain.incarnation, name: head.name,
                        reason: .gap, entries: came.first { $0.chain == need.chain }?.entries ?? 0,
                        seq: max(held, last) + 1))
                try drop(need.chain, number)
                isComplete = false
                break
            }
        }
    }

    /// How far each chain that came, as far as it is new, goes on from others of its office.
    private static func needs(_ db: Database) throws -> [(chain: Chain, other: Chain, seq: Int64)] {
        let rows = try Row.fetchCursor(
            db.cachedStatement(
                sql: """
                    SELECT office, incarnation, seq, kind, payload FROM incomingEvent i
                    WHERE kind IN ('incarnationBegun', 'snapshotMerged')
                      AND NOT EXISTS (SELECT 1 FROM journal j WHERE j.stream = 'shared' AND j.office = i.office
                        AND j.incarnation = i.incarnation AND j.seq = i.seq)
                      AND NOT EXISTS (SELECT 1 FROM incomingEvent u WHERE u.office = i.office
                        AND u.incarnation = i.incarnation AND u.seq = i.seq + 1 AND u.kind = 'mergeUndone')
                    """))
        var needs: [Chain: [Chain: Int64]] = [:]
        while let row = try rows.next() {
            guard let chain = EventName(row)?.chain else { continue }
            // One that cannot be read tells nothing.
            let heads: [ChainHead]
            switch try? EventBody(kind: row["kind"], payload: row["payload"]) {
            case .incarnationBegun(let it): heads = it.heads
            case .snapshotMerged(let it): heads = it.heads
            default: continue
            }
            for head in heads where head.office == chain.office && head.chain != chain {
                let last = needs[chain]?[head.chain] ?? 0
                needs[chain, default: [:]][head.chain] = max(last, head.seq)
            }
        }
        return needs.flatMap { chain, others in others.map { (chain, $0.key, $0.value) } }
    }
}
