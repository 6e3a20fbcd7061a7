import Domain
import Foundation
import GRDB
import TestSupport
import Testing

@testable import Storage

/// Calls of several offices in one database.
@Suite struct CallsChangeTests {
    @Test(arguments: 1...24)
    func `whatever comes and goes in any order, what counts is what the set says`(seed: Int) async throws {
        let offices = try await SeveralOffices(seed: UInt64(seed))
        for step in 1...14 {
            if step.isMultiple(of: 5) { try offices.changeRules() } else { try offices.change() }
            try await offices.check()
        }
        try await offices.checkPages()
        for what in ["elsewhere", "replaced", "rules"] {
            #expect(offices.done[what, default: 0] > 0, "\(what)")
        }
        #expect(offices.done["posted", default: 0] > 5)
    }

    @Test func `all counted again is what steps added up`() async throws {
        for seed in 50...55 {
            let offices = try await SeveralOffices(seed: UInt64(seed))
            for _ in 1...8 { try offices.change() }
            try offices.store.changingCalls {
                let change = try CallsChange(offices.store).recounted()
                try offices.store.writeNow(as: .program) { tx in try change.post(tx) }
                try change.sweepReplaced()
            }
            try await offices.check()
            try await offices.checkPages()
        }
    }
}
