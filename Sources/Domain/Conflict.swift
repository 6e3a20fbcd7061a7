/// What is decided of two things that were done at the same time.
public enum ConflictChoice: String, Hashable, Codable, Sendable, CaseIterable {
    /// What stands goes on standing.
    case keep
    /// What lost is done after all.
    case other
    /// An earlier decision is taken back: the question is open again.
    case reopen
}

/// Two events whose authors did not know of each other, and of which only one can stand; or one that has no effect
/// because of others.
///
/// It follows from the events alone, so every office that holds the same events has the same conflicts.
public struct Conflict: Hashable, Codable, Sendable {
    /// 32 hex digits over register and loser.
    public var id: String
    /// What both set, for example `placement <person>`.
    public var register: String
    /// What has no effect, or no longer.
    public var loser: EventName
    /// What stands instead; nil: nothing does, the rules refused the loser.
    public var winner: EventName?
    /// Why the loser has no effect, in words; nil: the later one stands.
    public var refusal: String?

    public init(id: String, register: String, loser: EventName, winner: EventName?, refusal: String?) {
        self.id = id
        self.register = register
        self.loser = loser
        self.winner = winner
        self.refusal = refusal
    }
}

/// What an event sets: events that set the same register to different values cannot both stand.
public struct RegisterWrite: Sendable {
    public var register: String
    /// As one text; worked out where somebody asks, for few writes ever meet another.
    public var value: @Sendable () throws -> String

    public init(_ register: String, _ value: String) {
        self.register = register
        self.value = { value }
    }

    /// - Parameter value: compared in its canonical spelling.
    public init(_ register: String, of value: some Encodable & Sendable) {
        self.register = register
        self.value = { try canonicalText(value) }
    }
}

/// What stands in a register, and what was written to it at the same time: the last writes that do not know of each
/// other.
public struct ConflictLedger: Sendable {
    private struct Applied: Sendable {
        var event: EventName
        var write: RegisterWrite
    }
    private struct Key: Hashable {
        var register: String
        var loser: EventName
    }

    /// What is against an event in a register.
    private struct Loss: Sendable {
        /// What won against it, in the total order.
        var winners: [EventName] = []
        /// Where the rules refused it, or it stands with a question: what was against it, and why in words.
        var refusal: (winner: EventName?, words: String)?
    }

    private let order: CausalOrder
    private var standing: [String: [Applied]] = [:]
    private var losses: [Key: Loss] = [:]

    public init(_ order: CausalOrder) { self.order = order }

    /// Takes the writes of an event that has effect; events come in the total order.
    public mutating func apply(_ event: EventName, _ writes: [RegisterWrite]) throws {
        for write in writes {
            var last: [Applied] = []
            for earlier in standing[write.register] ?? [] {
                let key = Key(register: write.register, loser: earlier.event)
                if order.knows(event, earlier.event) {
                    // Whoever goes on from the loser without knowing what won only moves the question on. Whoever
                    // knew both leaves it open: nobody decided it in so many words.
                    losses[key]?.winners.removeAll { !order.knows(event, $0) }
                } else {
                    last.append(earlier)
                    if try earlier.write.value() == write.value() {
                        losses[key]?.winners = []
                    } else {
                        losses[key, default: Loss()].winners.append(event)
                    }
                }
            }
            last.append(Applied(event: event, write: write))
            standing[write.register] = last
        }
    }

    /// Takes an event that has no effect; where all that it would set is so already, nobody need decide anything.
    public mutating func refuse(_ event: EventName, _ writes: [RegisterWrite], _ words: String) throws {
        let isSo =
            try !writes.isEmpty
            && writes.allSatisfy { write in
                let value = try write.value()
                return try standing[write.register]?.contains { try $0.write.value() == value } == true
            }
        guard !isSo else { return }
        let other = writes.compactMap { standing[$0.register]?.last?.event }.first
        dispute(writes.first?.register ?? "event \(event)", loser: event, winner: other, words)
    }

    /// Whether a register was set by somebody of whom the author of an event did not know.
    public func hasNews(for event: EventName, in register: String) -> Bool {
        standing[register]?.contains { !order.knows(event, $0.event) } == true
    }

    /// Takes something that stands although another event, at the same time, was against it.
    public mutating func dispute(_ register: String, loser: EventName, winner: EventName?, _ words: String) {
        losses[Key(register: register, loser: loser), default: Loss()].refusal = (winner, words)
    }

    /// In the order of their ids.
    ///
    /// - Parameter id: of a register and a loser.
    public func conflicts(id: (String, EventName) -> String) -> [Conflict] {
        losses.compactMap { key, loss -> Conflict? in
            // What lost to another write and was disputed too is one question: that write stands in its place.
            let stands = loss.winners.last
            guard stands != nil || loss.refusal != nil else { return nil }
            let words = loss.refusal.map {
                $0.words + (stands == nil ? "" : " Something else was set at the same time, too.")
            }
            return Conflict(
                id: id(key.register, key.loser), register: key.register, loser: key.loser,
                winner: stands ?? loss.refusal?.winner, refusal: words)
        }.sorted { $0.id < $1.id }
    }
}
