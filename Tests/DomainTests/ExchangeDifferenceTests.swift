import Domain
import Testing

/// What two offices ask each other for, and send each other, without a network between them.
@Suite struct ExchangeDifferenceTests {
    private static let north: ID<Office> = numbered(1)
    private static let south: ID<Office> = numbered(2)
    private static let west: ID<Office> = numbered(3)

    private func head(_ office: ID<Office>, _ seq: Int64, hash: String = "a") -> ChainHead {
        ChainHead(office: office, incarnation: 1, seq: seq, hash: String(repeating: hash, count: 64))
    }

    private func vector(_ office: ID<Office>, _ held: [ChainHead], given: [ChainHead]? = nil)
        -> ExchangeVector
    {
        ExchangeVector(
            office: office, name: "Office", incarnation: 1, key: String(repeating: "0", count: 64),
            program: "1", now: Instant(milliseconds: 0), held: held, given: given ?? held)
    }

    private func difference(
        _ ours: ExchangeVector, _ theirs: ExchangeVector, differing: Set<Chain> = [],
        declined: Set<Chain> = []
    ) -> ExchangeDifference {
        ExchangeDifference(ours: ours, theirs: theirs, differing: differing, declined: declined)
    }

    @Test func `who holds the same asks for nothing and sends nothing`() {
        let held = [head(Self.north, 5), head(Self.south, 3)]
        let same = difference(vector(Self.north, held), vector(Self.south, held))
        #expect(same.wanted == nil && same.offered == nil)
    }

    @Test func `each gets what it lacks, and says what it holds`() {
        let (ours, theirs) = (
            [head(Self.north, 5), head(Self.south, 2)], [head(Self.north, 4), head(Self.south, 3)]
        )
        let both = difference(vector(Self.north, ours), vector(Self.south, theirs))
        #expect(both.wanted == ours)
        #expect(both.offered == theirs)
        let one = difference(vector(Self.north, ours), vector(Self.south, [head(Self.south, 2)]))
        #expect(one.wanted == nil && one.offered == [head(Self.south, 2)])
    }

    @Test func `what is held and not handed on is asked of nobody`() {
        let ours = vector(Self.north, [head(Self.north, 5)])
        let theirs = vector(
            Self.south, [head(Self.north, 5), head(Self.west, 9)], given: [head(Self.north, 5)])
        #expect(difference(ours, theirs).wanted == nil)
        #expect(difference(theirs, ours).offered == nil)
    }

    @Test func `of an office that is left out only the head comes along`() {
        var ours = vector(Self.north, [head(Self.north, 5)])
        ours.leftOut = [Self.west]
        let theirs = vector(
            Self.south, [head(Self.north, 5), head(Self.south, 1), head(Self.west, 9)])
        #expect(difference(ours, theirs).wanted == [head(Self.west, 9), head(Self.north, 5)])
        // Nor is it sent to who leaves it out.
        #expect(difference(theirs, ours).offered == [head(Self.west, 9), head(Self.north, 5)])
        let alone = vector(Self.south, [head(Self.north, 5), head(Self.west, 9)])
        #expect(difference(ours, alone).wanted == nil)
        #expect(difference(alone, ours).offered == nil)
    }

    @Test func `another side of a chain is fetched once, for the alarm, and sent to who does not know of it`()
    {
        let chain = head(Self.west, 4).chain
        var ours = vector(Self.north, [head(Self.north, 5), head(Self.west, 4)])
        var theirs = vector(Self.south, [head(Self.north, 5), head(Self.west, 4, hash: "b")])
        #expect(difference(ours, theirs, differing: [chain]).wanted == ours.held)
        ours.forks = [ExchangeFork(chain, isSettled: false)]
        let known = difference(ours, theirs, differing: [chain])
        #expect(known.wanted == nil && known.offered == nil)
        // Its own entries of that chain go on; ours is the other side, and longer.
        ours = vector(Self.north, [head(Self.north, 5), head(Self.west, 6)])
        #expect(difference(ours, theirs, differing: [chain]).offered == theirs.held)
        for isSettled in [false, true] {
            theirs.forks = [ExchangeFork(chain, isSettled: isSettled)]
            #expect(difference(ours, theirs, differing: [chain]).offered == nil, "\(isSettled)")
        }
    }

    @Test func `a settled chain goes on with the side that was chosen, and not with the other`() {
        let chain = head(Self.west, 4).chain
        var ours = vector(Self.north, [head(Self.north, 5), head(Self.west, 4)])
        ours.forks = [ExchangeFork(chain, isSettled: true)]
        let theirs = vector(Self.south, [head(Self.north, 5), head(Self.west, 7)])
        #expect(difference(ours, theirs).wanted == ours.held)
        #expect(difference(ours, theirs, declined: [chain]).wanted == nil)
        ours.forks = [ExchangeFork(chain, isSettled: false)]
        #expect(difference(ours, theirs).wanted == nil)
    }
}
