import Domain
import Foundation
import Ingest
import Storage
import TestSupport

/// A box of the simulation: an office's data folder with its clock.
final class SimulatedBox {
    let office: Int
    let id: ID<Office>
    let clock = TestSupport.TestClock()
    fileprivate(set) var it: ImportOffice
    /// What the system says of where the folder is.
    let place: String?
    /// Its chain is, or may be, written by another box too.
    var isForked = false

    init(_ office: Int, _ id: ID<Office>, path: String, seed: UInt64, place: String?) throws {
        self.office = office
        self.id = id
        self.place = place
        it = try ImportOffice(
            opening: path, seed: seed, clock: clock.clock, place: place,
            tallyMemory: seed % 3 == 0 ? 50 : 10_000_000)
    }

    var store: OfficeStore { it.store }
}

/// What one box wrote for others: a real file, or its entries alone.
enum SimulatedParcel {
    case file(path: String)
    case entries(SnapshotOffer, [Event])
}

/// Plays a plan, and holds every box against what must always be so.
final class Simulation {
    let plan: SimulationPlan
    let templates: [SimulatedOffices.Template]
    let folder: String
    var boxes: [SimulatedBox] = []
    var parcels: [SimulatedParcel] = []
    /// Copies of closed folders, to be put back in the place of the newer one.
    var copies: [(office: Int, path: String, time: Instant)] = []
    /// How often each kind of step was done, and refused by the rules.
    var done: [SimulationStep.Kind: Int] = [:]
    var refused: [SimulationStep.Kind: Int] = [:]
    /// What happened, for who reads a failure.
    var notes: [String] = []
    /// Files that were uploaded somewhere, to be uploaded elsewhere too.
    var texts: [(office: Int, name: String, text: String)] = []
    /// Of each entry of a plan with forks, by its hash, the hash of the one before it.
    var before: [String: String] = [:]
    /// How often a box met another one's part of a chain that was written twice.
    var forksMet = 0
    private var paths = 0

    init(_ plan: SimulationPlan) async throws {
        self.plan = plan
        let offices = try await SimulatedOffices.ready.value
        templates = Array((plan.hasFiles ? offices.filed : offices.all).prefix(plan.offices))
        let merged =
            plan.isMerged
            ? (plan.hasFiles ? offices.filedMerged : offices.merged)[plan.offices] ?? [] : []
        folder = "\(SimulatedOffices.place)/\(plan.seed)-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        for index in templates.indices {
            let path = merged.indices.contains(index) ? merged[index] : templates[index].path
            try addBox(index, copying: path, place: SimulatedOffices.firstPlace)
        }
        if plan.hasFiles {
            for index in templates.indices {
                texts += SimulatedOffices.texts(of: index).map { (index, $0.name, $0.text) }
            }
        }
        // Told that it is a copy, it goes on with a chain of its own.
        if plan.hasTwins { try addBox(0, copying: merged.first ?? templates[0].path) }
    }

    deinit {
        boxes = []
        try? FileManager.default.removeItem(atPath: folder)
    }

    func newPath(_ ending: String = "") -> String {
        paths += 1
        return "\(folder)/\(paths)\(ending)"
    }

    /// - Parameters:
    ///   - tells: whether the system tells that the folder is a copy.
    ///   - place: as it tells it; nil: another one than ever before.
    @discardableResult
    func addBox(
        _ office: Int, copying path: String, tells: Bool = true, place: String? = nil, at index: Int? = nil
    ) throws -> SimulatedBox {
        let copy = newPath()
        try FileManager.default.copyItem(atPath: path, toPath: copy)
        let box = try SimulatedBox(
            office, templates[office].id, path: copy, seed: plan.seed &* 1024 &+ UInt64(paths),
            place: plan.mayFork && !tells ? nil : place ?? copy)
        if let index { boxes[index] = box } else { boxes.append(box) }
        return box
    }

    /// Plays the plan to its end, then lets everybody exchange with everybody until nothing is new.
    func run() async throws {
        for (number, step) in plan.steps.enumerated() {
            do {
                try await perform(step)
            } catch let fault as SimulationFault {
                throw SimulationFault("step \(number + 1), \(step): \(fault)")
            } catch {
                throw SimulationFault("step \(number + 1), \(step): \(error)")
            }
        }
        do {
            try await settle()
            try await checkAll(isEnd: true)
            try await checkOrders()
        } catch let error where !(error is SimulationFault) {
            throw SimulationFault("at the end: \(error)")
        }
    }

    func perform(_ step: SimulationStep) async throws {
        guard !boxes.isEmpty else { return }
        var numbers = SeededNumbers(step.seed)
        do {
            try await act(step, &numbers)
            done[step.kind, default: 0] += 1
        } catch let error as UserError where error.code != .damaged {
            refused[step.kind, default: 0] += 1
            notes.append("\(step.kind.rawValue) refused: \(error.message)")
        } catch is NothingToDo {
            refused[step.kind, default: 0] += 1
        }
    }

    /// A step finds nothing that it could be about.
    struct NothingToDo: Error {}

    /// Somebody whom the rules refuse tries it otherwise a few times, as people do.
    func some<T>(
        of choices: some Collection<T>, tries: Int = 5, _ numbers: inout SeededNumbers,
        _ body: (T) async throws -> Void
    ) async throws {
        var last: any Error = NothingToDo()
        for choice in try picks(tries, of: choices, &numbers) {
            do { return try await body(choice) } catch let error as UserError where error.code != .damaged {
                last = error
            }
        }
        throw last
    }

    /// Different ones, the first ones more often.
    private func picks<T>(_ count: Int, of choices: some Collection<T>, _ numbers: inout SeededNumbers) throws
        -> [T]
    {
        var left = Array(choices)
        var picked: [T] = []
        while picked.count < count, !left.isEmpty {
            let place = try pick(left.indices, &numbers)
            picked.append(left.remove(at: place))
        }
        return picked
    }

    /// Does what a step needs where it finds nothing, or where all that there is was refused, and then the step.
    func orElse(_ first: () async throws -> Void, make: () async throws -> Void) async throws {
        do { return try await first() } catch is NothingToDo {} catch let error as UserError
            where error.code != .damaged
        {}
        try await make()
        try await first()
    }

    func pick<T>(_ choices: some Collection<T>, _ numbers: inout SeededNumbers) throws -> T {
        guard !choices.isEmpty else { throw NothingToDo() }
        // The first ones more often: where few are chosen from, things meet.
        let last = choices.count - 1
        var place = Int.random(in: 0...last, using: &numbers)
        if Int.random(in: 0..<3, using: &numbers) > 0 {
            place = min(place, Int.random(in: 0...min(2, last), using: &numbers))
        }
        return choices[choices.index(choices.startIndex, offsetBy: place)]
    }

    private func act(_ step: SimulationStep, _ numbers: inout SeededNumbers) async throws {
        let index = step.box % boxes.count
        let box = boxes[index]
        switch step.kind {
        case .addPerson, .place, .swap, .promote, .leave, .rejoin, .handOver, .rename, .link, .unlink,
            .mergePersons, .undoNames, .holdApart:
            try await actOnPeople(step.kind, box, &numbers)
        case .openTransfer, .decideTransfer, .delegate, .endDelegation:
            try await actOnTransfers(step.kind, box, &numbers)
        case .changeOffice, .changeSource, .changeHold, .decideConflict, .newerKind:
            try await actOnOffice(step.kind, box, &numbers)
        case .upload, .uploadNext, .uploadElsewhere, .readAgain, .askDeletion, .decideDeletion, .purge:
            try await actOnFiles(step.kind, box, &numbers)
        case .passMinutes:
            let minutes = Int64.random(in: 1...500, using: &numbers)
            for box in boxes { box.clock.pass(minutes: minutes) }
        case .passDays:
            let days = Int64.random(in: 1...12, using: &numbers)
            for box in boxes { box.clock.pass(minutes: days * 1440) }
        case .skew: box.clock.pass(minutes: Int64.random(in: -300...600, using: &numbers))
        case .keepCopy:
            try await keepCopy(index)
        case .restoreCopy:
            if copies.isEmpty {
                try await keepCopy(index)
                for _ in 0..<Int.random(in: 0...3, using: &numbers) {
                    try await perform(
                        SimulationStep(
                            kind: SimulationStep.Kind.clashing(hasFiles: plan.hasFiles).randomElement(
                                using: &numbers) ?? .rename, box: index, seed: numbers.next()))
                }
            }
            try restore(try pick(copies, &numbers))
        case .copyBox, .forkBox:
            guard boxes.count < plan.offices + 2 else { throw NothingToDo() }
            try copyBox(index, tells: step.kind == .copyBox)
            guard step.kind == .forkBox else { break }
            // Neither knows of the other, and they may well never write the same.
            for box in [index, boxes.count - 1] where Int.random(in: 0..<4, using: &numbers) > 0 {
                try await perform(
                    SimulationStep(kind: .rename, box: box, seed: numbers.next()))
            }
        case .check: try await checkAll(isEnd: false)
        case .rebuild: try await checkRebuild(box)
        case .send, .sendDelta, .deliver, .exchange, .clash, .damage, .pair, .unpair:
            try await exchange(step.kind, index, &numbers)
        }
    }

    // MARK: Folders

    private func closed(_ index: Int, _ body: (String) throws -> Void) throws {
        let office = boxes[index].it
        try office.store.close()
        try body(office.folder.path)
        try office.reopen()
    }

    private func keepCopy(_ index: Int) async throws {
        let path = newPath()
        try closed(index) { try FileManager.default.copyItem(atPath: $0, toPath: path) }
        copies.append((boxes[index].office, path, boxes[index].clock.time))
    }

    /// An old copy goes on in the place of what is there; what nobody else holds of the newer one is lost.
    private func restore(_ copy: (office: Int, path: String, time: Instant)) throws {
        guard let index = boxes.firstIndex(where: { $0.office == copy.office }) else { return }
        let now = boxes[index].clock.time
        let box = try addBox(copy.office, copying: copy.path, at: index)
        box.clock.set(now)
    }

    private func copyBox(_ index: Int, tells: Bool) throws {
        let path = newPath()
        try closed(index) { try FileManager.default.copyItem(atPath: $0, toPath: path) }
        let now = boxes[index].clock.time
        let box = try addBox(boxes[index].office, copying: path, tells: tells)
        box.clock.set(now)
        try FileManager.default.removeItem(atPath: path)
        if !tells { for box in boxes where box.office == boxes[index].office { box.isForked = true } }
    }
}
