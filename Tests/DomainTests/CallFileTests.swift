import Domain
import Testing

@Suite struct CallFileTests {
    @Test func `the download of rejects finds back to its file`() {
        #expect(CallFile.mendedNames(CallFile.rejectsName(of: "a b.csv")) == ["a b.csv"])
        #expect(CallFile.mendedNames("rejects of a (1).csv") == ["a (1).csv", "a.csv"])
        #expect(CallFile.mendedNames("rejects of a(2).txt") == ["a(2).txt", "a.txt"])
        #expect(CallFile.mendedNames("rejects of a (b).csv") == ["a (b).csv"])
        #expect(CallFile.mendedNames("rejects of (1).csv") == ["(1).csv"])
        #expect(CallFile.mendedNames("rejects of a") == ["a"])
        #expect(CallFile.mendedNames("rejects of ") == [])
        #expect(CallFile.mendedNames("my rejects of a.csv") == [])
    }
}
