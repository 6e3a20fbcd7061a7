/// What each of two offices lacks that the other would give it, from what both say that they hold.
public struct ExchangeDifference: Sendable {
    /// What is told the other one: with what nothing is taken of from it, and the forks that are known here.
    public var ours: ExchangeVector
    public var theirs: ExchangeVector
    /// Chains of which the other one holds another entry than this one does in the same place.
    public var differing: Set<Chain>
    /// Chains of which the other one holds the side that somebody here has decided against.
    public var declined: Set<Chain>

    public init(
        ours: ExchangeVector, theirs: ExchangeVector, differing: Set<Chain>, declined: Set<Chain>
    ) {
        self.ours = ours
        self.theirs = theirs
        self.differing = differing
        self.declined = declined
    }

    /// The heads to ask the other one with for the rest; nil: it has nothing that is lacking here.
    public var wanted: [ChainHead]? {
        // Heads alone tell of a fork; the snapshot raises the alarm.
        let isAlarm = !differing.isSubset(of: Set((ours.forks ?? []).map(\.chain)))
        return Self.lacking(ours, of: theirs, unwanted: declined, anyway: isAlarm)
    }

    /// The heads after which to send the other one the rest; nil: it has all that it would take.
    ///
    /// Where it does not know of a fork yet, it is told: its own side of it is no reason to send.
    public var offered: [ChainHead]? { Self.lacking(theirs, of: ours, unwanted: differing, anyway: false) }

    /// Of what nothing is taken only the heads come along, and they are no reason to call.
    ///
    /// - Parameter unwanted: chains that the taker does not go on with, though it has settled their fork.
    private static func lacking(
        _ taker: ExchangeVector, of giver: ExchangeVector, unwanted: Set<Chain>, anyway: Bool
    ) -> [ChainHead]? {
        let leftOut = Set(taker.leftOut ?? [])
        let closed = Set(
            (taker.forks ?? []).filter { !$0.isSettled || unwanted.contains($0.chain) }.map(\.chain))
        let isComplete = giver.given.filter { !leftOut.contains($0.office) && !closed.contains($0.chain) }
            .isCovered(by: taker.held)
        return isComplete && !anyway ? nil : giver.given.filter { leftOut.contains($0.office) } + taker.held
    }
}
