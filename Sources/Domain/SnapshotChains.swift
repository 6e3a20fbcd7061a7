/// Follows the entries of a snapshot: each chain goes on where the reader's ends, without a gap, up to its signed head.
///
/// The entries of one chain come in their order; those of different chains in any.
public struct SnapshotChains: Sendable {
    private struct Standing: Sendable {
        var head: ChainHead
        var seq: Int64
        var hash: [UInt8]
    }

    private var standings: [Chain: Standing]

    /// - Parameter manifest: one whose `check` has been passed.
    public init(_ manifest: SnapshotManifest) {
        let held = Dictionary(manifest.since.map { ($0.chain, $0) }, uniquingKeysWith: { first, _ in first })
        standings = Dictionary(
            manifest.heads.map { signed in
                let start = held[signed.head.chain]
                return (
                    signed.head.chain,
                    Standing(
                        head: signed.head, seq: start?.seq ?? 0,
                        hash: start.flatMap { bytes(ofHexadecimal: $0.hash) }
                            ?? [UInt8](repeating: 0, count: 32))
                )
            }, uniquingKeysWith: { first, _ in first })
    }

    /// - Throws: `UserError` `invalid` for an entry that does not go on with its chain.
    public mutating func take(_ event: Event) throws {
        guard event.stream == .shared else {
            throw UserError.snapshotInvalid("an entry that never travels is among the shared ones")
        }
        let chain = Chain(office: event.office, incarnation: event.incarnation)
        guard var standing = standings[chain] else {
            throw UserError.snapshotInvalid("entry \(event.seq) is of a chain whose end nobody signed")
        }
        guard standing.seq < standing.head.seq, event.seq == standing.seq + 1,
            event.previousHash == standing.hash
        else {
            throw UserError.snapshotInvalid(
                "entry \(event.seq) does not go on after entry \(standing.seq) of its chain")
        }
        guard event.seq < standing.head.seq || hexadecimal(event.hash) == standing.head.hash else {
            throw UserError.snapshotInvalid("entry \(event.seq) is not the one that its office signed")
        }
        standing.seq = event.seq
        standing.hash = event.hash
        standings[chain] = standing
    }

    /// - Throws: `UserError` `invalid` where a chain ends before its head.
    public func finish() throws {
        guard
            let short = standings.values.filter({ $0.seq < $0.head.seq }).min(by: {
                $0.head.chain < $1.head.chain
            })
        else { return }
        throw UserError.snapshotInvalid(
            "a chain ends at entry \(short.seq), and entry \(short.head.seq) was signed as its last")
    }
}

/// A chain of which nothing is taken, and why.
public struct ChainNotTaken: Hashable, Codable, Sendable {
    public enum Reason: String, Hashable, Codable, Sendable {
        /// Nobody here compared the office's key.
        case unpaired
        case revoked
        /// Entries between what is here and what came are missing.
        case gap
        /// Two signed entries have one number.
        case fork
        /// It was sent without its office's signature, or with another's.
        case unsigned
    }
    public var office: ID<Office>
    public var incarnation: Int
    public var name: String
    public var reason: Reason
    public var entries: Int
    /// The first entry that is missing, or that is there twice.
    public var seq: Int64

    public init(
        office: ID<Office>, incarnation: Int, name: String, reason: Reason, entries: Int, seq: Int64
    ) {
        self.office = office
        self.incarnation = incarnation
        self.name = name
        self.reason = reason
        self.entries = entries
        self.seq = seq
    }
}
