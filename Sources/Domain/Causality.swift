/// What an event of the shared stream is called: the same on every box.
public struct EventName: Hashable, Codable, Sendable, CustomStringConvertible {
    public var chain: Chain
    public var seq: Int64

    public init(chain: Chain, seq: Int64) {
        self.chain = chain
        self.seq = seq
    }

    public init(_ event: Event) {
        self.init(chain: Chain(office: event.office, incarnation: event.incarnation), seq: event.seq)
    }

    /// `office/incarnation/seq`.
    public init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 3, let office = ID<Office>(parts[0]), let incarnation = Int(parts[1]),
            let seq = Int64(parts[2])
        else { return nil }
        self.init(chain: Chain(office: office, incarnation: incarnation), seq: seq)
    }

    public var description: String { "\(chain.office)/\(chain.incarnation)/\(seq)" }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let name = EventName(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "no name of an entry")
        }
        self = name
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

/// How far somebody holds each chain.
public struct VersionVector: Hashable, Sendable {
    public private(set) var seqs: [Chain: Int64] = [:]

    public init() {}

    public init(_ heads: some Sequence<ChainHead>) {
        for head in heads { raise(Chain(office: head.office, incarnation: head.incarnation), to: head.seq) }
    }

    public subscript(_ chain: Chain) -> Int64 { seqs[chain] ?? 0 }

    public mutating func raise(_ chain: Chain, to seq: Int64) {
        if seq > self[chain] { seqs[chain] = seq }
    }

    public mutating func join(_ other: VersionVector) {
        for (chain, seq) in other.seqs { raise(chain, to: seq) }
    }

    public func holds(_ name: EventName) -> Bool { name.seq <= self[name.chain] }

    public func holds(_ other: VersionVector) -> Bool { other.seqs.allSatisfy { $0.value <= self[$0.key] } }
}

/// Who knew of what: an event's causal past is its own chain before it, and what its office had merged by then.
///
/// Two events of which neither is in the other's past are concurrent: their authors did not know of each other.
public struct CausalOrder: Sendable {
    /// By chain, in the order of seq: what its office held after each merge.
    private var merges: [Chain: [(seq: Int64, held: VersionVector)]] = [:]

    public init() {}

    /// Merges of one chain are added in their order.
    public mutating func add(_ merge: EventName, holding heads: [ChainHead]) {
        var held = merges[merge.chain]?.last?.held ?? VersionVector()
        held.join(VersionVector(heads))
        merges[merge.chain, default: []].append((merge.seq, held))
    }

    /// A merge that was taken back: its office knows no more than the heads from then on.
    public mutating func add(_ undo: EventName, holdingOnly heads: [ChainHead]) {
        merges[undo.chain, default: []].append((undo.seq, VersionVector(heads)))
    }

    /// Whether the author of an event knew of another one.
    public func knows(_ event: EventName, _ other: EventName) -> Bool {
        if event.chain == other.chain { return other.seq < event.seq }
        guard let own = merges[event.chain] else { return false }
        // The last merge before the event, by halving.
        var (low, high) = (0, own.count)
        while low < high {
            let middle = low + (high - low) / 2
            if own[middle].seq < event.seq { low = middle + 1 } else { high = middle }
        }
        return low > 0 && own[low - 1].held.holds(other)
    }

    public func areConcurrent(_ a: EventName, _ b: EventName) -> Bool {
        a != b && !knows(a, b) && !knows(b, a)
    }
}
