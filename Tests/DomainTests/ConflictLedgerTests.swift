import Domain
import Testing

@Suite struct ConflictLedgerTests {
    @Test func `what lost to another write and was disputed, too, is one conflict`() throws {
        let offices = try ["01890a5d-ac96-774b-bcce-b302099a8057", "01890a5d-ac96-774b-bcce-b302099a8058"]
            .map { try #require(ID<Office>($0)) }
        func event(_ office: Int, _ seq: Int64) -> EventName {
            EventName(chain: Chain(office: offices[office], incarnation: 1), seq: seq)
        }
        var ledger = ConflictLedger(CausalOrder())
        try ledger.apply(event(0, 1), [RegisterWrite("hold x", "one")])
        ledger.dispute("hold x", loser: event(0, 1), winner: event(1, 1), "It is erased.")
        try ledger.apply(event(1, 2), [RegisterWrite("hold x", "two")])
        let conflicts = ledger.conflicts { "\($0) \($1)" }
        #expect(conflicts.map(\.refusal) == ["It is erased. Something else was set at the same time, too."])
        #expect(conflicts.map(\.winner) == [event(1, 2)], "what stands in its place, and can be set again")
    }
}
