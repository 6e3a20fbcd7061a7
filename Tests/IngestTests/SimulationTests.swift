import Foundation
import TestSupport
import Testing

/// Offices that do everything at once, exchange in every order, lose, copy and restore: they come to one truth.
@Suite struct SimulationTests {
    /// `ROLLCALL_SIMULATIONS=100000` plays so many, `ROLLCALL_SIMULATION_FROM` says from which seed.
    private static func setting(_ name: String) -> UInt64? {
        ProcessInfo.processInfo.environment[name].flatMap { UInt64($0) }
    }

    @Test func `offices that hold the same entries are the same, whatever happened to each`() async throws {
        let first = Self.setting("ROLLCALL_SIMULATION_FROM") ?? 1
        let count = Self.setting("ROLLCALL_SIMULATIONS") ?? 100
        let seeds = keptSimulationSeeds + Array(first..<first + count)
        let tally = SimulationTally()
        defer { try? FileManager.default.removeItem(atPath: SimulatedOffices.place) }
        await withTaskGroup(of: Void.self) { group in
            var next = seeds.makeIterator()
            // One more than there are processors: each waits for its database now and then.
            for _ in 0...ProcessInfo.processInfo.activeProcessorCount {
                if let seed = next.next() { group.addTask { await tally.play(seed) } }
            }
            while await group.next() != nil {
                if await tally.failures.count < 20, let seed = next.next() {
                    group.addTask { await tally.play(seed) }
                }
            }
        }
        let failures = await tally.failures
        for failure in failures.prefix(3) { Issue.record("\(await Self.shrunk(failure))") }
        #expect(
            failures.isEmpty, "seeds \(failures.map(\.seed).sorted()); keep them in SimulationSeeds.swift")
        print(await tally.summary)
        // A history in which the rules refuse everything proves nothing.
        if count >= 1000 {
            for kind in SimulationStep.Kind.allCases {
                let (done, refused) = (
                    await tally.done[kind, default: 0], await tally.refused[kind, default: 0]
                )
                #expect(done >= 20 && refused < done, "\(kind.rawValue): \(done) done, \(refused) refused")
            }
            #expect(await tally.forksMet >= 5, "hardly ever a box meets a chain that was written twice")
        }
    }

    /// As few steps as still fail, for who reads it.
    private static func shrunk(_ failure: SimulationTally.Failure) async -> String {
        var plan = SimulationPlan(seed: failure.seed)
        var words = failure.words
        var size = max(1, plan.steps.count / 2)
        var tries = 0
        while size >= 1, tries < 200 {
            var at = 0
            while at < plan.steps.count, tries < 200 {
                var fewer = plan
                fewer.steps.removeSubrange(at..<min(at + size, plan.steps.count))
                tries += 1
                if let found = await SimulationTally.fault(of: fewer) {
                    (plan, words) = (fewer, found.words)
                } else {
                    at += size
                }
            }
            size /= 2
        }
        let notes = await SimulationTally.fault(of: plan)?.notes ?? []
        return "\(plan)\n\(words)\n" + notes.joined(separator: "\n")
    }
}

/// What came of the histories that were played.
actor SimulationTally {
    struct Failure {
        var seed: UInt64
        var words: String
    }
    private(set) var failures: [Failure] = []
    private(set) var done: [SimulationStep.Kind: Int] = [:]
    private(set) var refused: [SimulationStep.Kind: Int] = [:]
    private var played = 0
    private(set) var forksMet = 0

    nonisolated func play(_ seed: UInt64) async {
        do {
            let simulation = try await Simulation(SimulationPlan(seed: seed))
            do {
                try await simulation.run()
                await add(simulation)
            } catch { await add(Failure(seed: seed, words: "\(error)")) }
        } catch { await add(Failure(seed: seed, words: "cannot begin: \(error)")) }
    }

    /// nil: none.
    static func fault(of plan: SimulationPlan) async -> (words: String, notes: [String])? {
        do {
            let simulation = try await Simulation(plan)
            do {
                try await simulation.run()
                return nil
            } catch { return ("\(error)", simulation.notes) }
        } catch { return ("\(error)", []) }
    }

    private func add(_ failure: Failure) {
        failures.append(failure)
        print("seed \(failure.seed): \(failure.words)")
    }

    private func add(_ simulation: sending Simulation) {
        played += 1
        forksMet += simulation.forksMet
        done.merge(simulation.done, uniquingKeysWith: +)
        refused.merge(simulation.refused, uniquingKeysWith: +)
    }

    var summary: String {
        "\(played) histories: "
            + SimulationStep.Kind.allCases.map {
                "\($0.rawValue) \(done[$0, default: 0])/\(refused[$0, default: 0])"
            }.joined(separator: ", ") + "; forks met \(forksMet)"
    }
}
