import Domain
import Formats
import Foundation
import Storage

/// What came of a snapshot that nobody looked at before it was taken in.
public enum ExchangeIntake: Sendable {
    case taken(MergeOutcome)
    /// Nothing was changed: somebody must say first whether it may go on.
    case asks([ExchangeQuestion])

    /// Takes a snapshot in without anybody's look, or stops to ask. Blocks its thread.
    ///
    /// - Parameters:
    ///   - path: on the box's own disk; nobody changes it meanwhile.
    ///   - sender: whose it must be; nil: any paired office's.
    /// - Throws: `UserError` as `ReceivedSnapshot` does.
    public init(
        of path: String, fileName: String, opener: SealOpener = .none, from sender: ID<Office>? = nil,
        in store: OfficeStore, by actor: Actor, isCancelled: () -> Bool = { false }
    ) throws {
        self = try store.exchanging.takingIn {
            let received = try ReceivedSnapshot(
                path: path, fileName: fileName, opener: opener, in: store, isCancelled: isCancelled)
            let office = received.manifest.office
            guard sender == nil || sender == office else {
                throw UserError(
                    .notAllowed, "“\(fileName)” is a snapshot of another office than the one that sent it.",
                    advice: "Nothing was taken in. Each office sends its own.")
            }
            let open = try store.ask(received.questions, of: office)
            guard open.isEmpty else { return .asks(open) }
            let merged = try received.merge(by: actor, isCancelled: isCancelled)
            try store.forgetClockQuestion(of: office)
            return .taken(merged)
        }
    }
}

extension ReceivedSnapshot {
    /// What a person has to look at before it is taken in by itself.
    var questions: [ExchangeQuestion] {
        var questions: [ExchangeQuestion] = []
        func ask(_ kind: ExchangeQuestion.Kind, _ about: ID<Office>, _ message: String, _ advice: String) {
            let question = ExchangeQuestion(
                kind, from: manifest.office, name: manifest.officeName, about: about, message: message,
                advice: advice)
            if !questions.contains(where: { $0.key == question.key }) { questions.append(question) }
        }
        if reception.ahead > Self.mostAhead {
            ask(
                .clock, manifest.office,
                "The clock of “\(manifest.officeName)” is \(reception.ahead / 3600) hours ahead of this one.",
                "Set the clocks right. Where entries were already made with the wrong time, let it go on: new entries here are then dated after them."
            )
        }
        for chain in reception.notTaken {
            switch chain.reason {
            case .fork:
                ask(
                    .fork, chain.office,
                    "Two boxes wrote as “\(chain.name)”: entry \(chain.seq) is there twice, with different contents.",
                    "Offices → All offices shows what each wrote and what to do. What else “\(manifest.officeName)” sends can go on; nothing more of that chain is taken until somebody decides."
                )
            case .unpaired:
                ask(
                    .unpaired, chain.office,
                    "“\(manifest.officeName)” hands on entries of “\(chain.name)”, which is not paired with this office.",
                    "Pair with “\(chain.name)” to take them in, or let it go on without them.")
            case .unsigned:
                ask(
                    .unsigned, chain.office,
                    "“\(manifest.officeName)” hands on entries of “\(chain.name)” that “\(chain.name)” did not sign.",
                    "Ask both offices, and pair again if a box was replaced. Or let it go on without them.")
            // The pairing was ended on purpose; what is missing comes with the next snapshot.
            case .revoked, .gap: break
            }
        }
        return questions
    }
}

extension OfficeStore {
    /// What this office holds and hands on, with its key.
    public func exchangeVector() throws -> ExchangeVector {
        try exchangeVector(key: OfficeKey(of: self).publicKey, program: Version.text)
    }

    /// The same, as it is told another office.
    public func exchangeVector(for office: ID<Office>) throws -> ExchangeVector {
        var vector = try exchangeVector()
        vector.leftOut = try leftOut(from: office).sorted()
        vector.forks = try exchangeForks()
        return vector
    }

    /// Whether no archive of a snapshot that was written here was purged since.
    public func stillHolds(_ manifest: SnapshotManifest) throws -> Bool {
        let here = try exchangedArchives()
        return manifest.entries.allSatisfy { entry in
            SnapshotManifest.fileDigest(ofEntry: entry.name).map { here.contains($0) } ?? true
        }
    }
}

extension SnapshotOrder {
    /// What somebody lacks who holds these; all of it where he holds nothing of what this office has.
    public init(
        to office: ID<Office>?, holding heads: [ChainHead], of vector: ExchangeVector
    ) {
        let chains = Set(vector.held.map(\.chain))
        self.init(to: office, since: heads.filter { chains.contains($0.chain) })
    }
}
