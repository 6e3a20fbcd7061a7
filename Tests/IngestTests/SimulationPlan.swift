import TestSupport

/// One thing that happens in a simulated history; which persons, files and answers it takes its own numbers say, so
/// that it means the same when steps before it are left out.
struct SimulationStep: Hashable, CustomStringConvertible {
    enum Kind: String, CaseIterable {
        case addPerson, place, swap, promote, leave, rejoin, handOver, rename, link, unlink, mergePersons,
            undoNames, holdApart
        case openTransfer, decideTransfer, delegate, endDelegation
        case changeOffice, changeSource, changeHold, decideConflict, newerKind
        case upload, uploadNext, uploadElsewhere, readAgain, askDeletion, decideDeletion, purge
        case passMinutes, passDays, skew
        case send, sendDelta, deliver, exchange, clash, damage, pair, unpair
        case keepCopy, restoreCopy, copyBox, forkBox, check, rebuild

        /// What two boxes may do at the same time.
        static func clashing(hasFiles: Bool) -> [Kind] {
            let people: [Kind] = [
                .decideTransfer, .rename, .place, .link, .swap, .decideConflict, .changeHold, .leave,
                .handOver, .mergePersons, .openTransfer, .undoNames, .promote, .endDelegation, .changeSource,
                .addPerson, .rejoin, .delegate,
            ]
            let files: [Kind] = [.decideDeletion, .uploadNext, .purge, .askDeletion, .readAgain, .changeHold]
            return hasFiles ? files + files + files + people : people
        }
    }
    var kind: Kind
    /// Which box does it, counted round.
    var box: Int
    var seed: UInt64

    var description: String { "\(kind.rawValue) box \(box) numbers \(seed)" }
}

/// A whole history, from one number.
struct SimulationPlan: CustomStringConvertible {
    enum Topology: String, CaseIterable { case mesh, star, ring, line, random }

    var seed: UInt64
    var offices: Int
    var topology: Topology
    /// The offices knew of each other before it began.
    var isMerged: Bool
    /// Files are uploaded, and snapshots are real files; else entries alone pass from office to office.
    var hasFiles: Bool
    /// An office has two boxes from the beginning: only they decide about the same files.
    var hasTwins: Bool
    /// Copies of folders may go on in the same chain, for the system does not tell that they are copies.
    var mayFork: Bool
    var steps: [SimulationStep]

    init(seed: UInt64) {
        var numbers = SeededNumbers(seed)
        self.seed = seed
        hasFiles = seed % 8 == 0
        mayFork = seed % 16 == 5
        let most = seed % 10 == 3 ? 6 : 3
        offices = Int.random(in: 2...most, using: &numbers)
        isMerged = Int.random(in: 0..<3, using: &numbers) > 0
        hasTwins = hasFiles && Int.random(in: 0..<3, using: &numbers) > 0
        topology = Topology.allCases.randomElement(using: &numbers) ?? .mesh
        let isLong = seed % 50 == 4
        let count = Int.random(in: isLong ? 50...90 : 6...18, using: &numbers)
        steps = []
        for _ in 0..<count {
            steps.append(
                SimulationStep(
                    kind: Self.kind(hasFiles, mayFork, &numbers),
                    box: Int.random(in: 0..<8, using: &numbers), seed: numbers.next()))
        }
    }

    private static func kind(_ hasFiles: Bool, _ mayFork: Bool, _ numbers: inout SeededNumbers)
        -> SimulationStep.Kind
    {
        var total = 0
        let weights = SimulationStep.Kind.allCases.map { kind -> Int in
            total += weight(of: kind, hasFiles, mayFork)
            return total
        }
        let number = Int.random(in: 0..<total, using: &numbers)
        return zip(SimulationStep.Kind.allCases, weights).first { number < $0.1 }?.0 ?? .check
    }

    private static func weight(of kind: SimulationStep.Kind, _ hasFiles: Bool, _ mayFork: Bool) -> Int {
        switch kind {
        case .upload, .uploadNext, .askDeletion, .decideDeletion: hasFiles ? 8 : 0
        case .purge: hasFiles ? 6 : 0
        case .uploadElsewhere, .readAgain: hasFiles ? 4 : 0
        case .changeHold: hasFiles ? 4 : 2
        case .forkBox: mayFork ? 6 : 0
        case .place, .swap, .rename, .link, .openTransfer: 4
        case .decideTransfer: 6
        case .addPerson, .promote, .leave, .rejoin, .handOver, .unlink, .mergePersons, .undoNames,
            .delegate, .decideConflict, .passMinutes:
            3
        case .holdApart, .endDelegation, .changeOffice, .changeSource, .passDays, .skew: 2
        case .send, .sendDelta: 4
        case .deliver: 8
        case .exchange: 5
        case .clash: 22
        case .restoreCopy: 2
        case .damage, .pair, .unpair, .newerKind, .keepCopy, .copyBox, .check, .rebuild: 1
        }
    }

    var description: String {
        ([
            "seed \(seed): \(offices) offices, \(topology.rawValue)\(isMerged ? ", merged" : "")\(hasFiles ? ", files" : "")\(hasTwins ? ", twins" : "")\(mayFork ? ", forks" : "")"
        ]
            + steps.enumerated().map { "  \($0.offset + 1). \($0.element)" }).joined(separator: "\n")
    }
}

/// What a history came to that must never be.
struct SimulationFault: Error, CustomStringConvertible {
    var words: String

    init(_ words: String) { self.words = words }

    var description: String { words }
}
