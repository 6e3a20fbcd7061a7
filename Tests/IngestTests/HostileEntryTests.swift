import Domain
import Formats
import Foundation
import Ingest
import Storage
import TestSupport
import Testing

/// A paired office, damaged or hostile, signs entries that no office writes: they have no effect, or some effect, and
/// never stop the program, or what else comes.
@Suite struct HostileEntryTests {
    private static let numbers = [
        "9223372036854775807", "-9223372036854775808", "-1", "4611686018427387904", "2147483648", "1e300",
    ]
    private static let others = ["7", "null", "{}", "[[]]", "\"\"", "true"]
    private static let days = ["9999-12-31", "0001-01-01", "0000-00-00", "2026-99-99"]

    @Test(arguments: [8, 16, 40, 48, 3, 5] as [UInt64])
    func `entries that cannot be are folded, and trap nowhere`(seed: UInt64) async throws {
        let simulation = try await Simulation(SimulationPlan(seed: seed))
        try await simulation.run()
        let box = try #require(simulation.boxes.first)
        // As they are with files, and all signed anew.
        let place = simulation.newPath()
        try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: false)
        let parcel = try Simulation.entries(of: box.store, linkingInto: place)
        guard case .entries(let offer, let events) = parcel else { return }
        let key = try OfficeKey(of: box.store)
        let reader = try simulation.addBox(1, copying: simulation.templates[1].path)
        let kinds = Dictionary(grouping: events.indices.filter { events[$0].office == box.id }) {
            events[$0].kind
        }
        var random = SeededNumbers(seed)
        var altered: Set<String> = []
        for _ in 0..<60 {
            var forged = events
            for _ in 0..<3 {
                let kind = kinds.keys.sorted().randomElement(using: &random)
                guard let index = kinds[kind ?? ""]?.randomElement(using: &random) else { continue }
                let places = Self.values(in: forged[index].payload)
                guard let place = places.randomElement(using: &random) else { continue }
                forged[index].payload.replaceSubrange(
                    place.range, with: place.choices.randomElement(using: &random) ?? "0")
                if Int.random(in: 0..<12, using: &random) == 0 { forged[index].payload = "no JSON" }
                altered.insert(forged[index].kind)
            }
            let heads = try Self.chain(&forged, of: box.id)
            var offer = offer
            offer.heads = try offer.heads.map { head in
                guard let new = heads[head.head.chain] else { return head }
                return try SignedHead(new, name: head.name, key: key.publicKey, sign: key.sign)
            }
            let received = try reader.store.receive(offer, ownKey: OfficeKey(of: reader.store).publicKey) {
                body in for event in forged { try body(event) }
            }
            _ = try reader.store.previewMerge(received)
        }
        #expect(altered.count > 3, "\(altered.sorted())")
        #expect(try await reader.it.faults() == [])
    }

    @Test func `what an office signs of the deletion of another one's files has no effect`() async throws {
        let network = try await OfficeNetwork()
        let (north, south) = (network[0], network[1])
        let upload = try north.take(CallFileText.usual.text, file: "a.csv").upload
        network.pass(minutes: 1)
        try network.send(0, to: 1)
        let figures = try await north.figures()

        let target = DeleteTarget(
            file: upload.file, fileName: upload.fileName, version: 1, firstDay: upload.firstDay,
            lastDay: upload.lastDay)
        let request = DeleteRequest(
            id: north.ids.next(at: Instant(milliseconds: 5)), kind: .version, targets: [target],
            cutOverMinutes: 0, reason: "wrong", preview: DeletePreview(rows: 3, gone: 3),
            opener: RequestParty(DeletionWalk.bob), isSingleAdmin: false,
            opened: HybridTime.next(after: nil, now: network.clocks[0].time))
        let approval = DeleteRequestDecided(
            request, .approve, comment: "", by: RequestParty(DeletionWalk.cleo), calls: 3)
        // It knows the archive's hash, and says that nothing of it is left.
        let kept = KeptVersion(
            archive: upload.archive, original: upload.original, bytes: 0, counts: RowCounts(),
            digest: "0000000000000000")
        let bodies: [EventBody] = [
            .deleteRequestOpened(DeleteRequestOpened(request: request)), .deleteRequestDecided(approval),
            .deleteRequestPurged(
                DeleteRequestPurged(
                    request: request.id, by: nil, comment: "",
                    versions: [PurgedVersion(upload, rows: .max, digest: "00", kept: kept)])),
            .archiveRewritten(ArchiveRewritten(upload, requests: [request.id], rows: 3, kept: kept)),
        ]
        try Self.sign(bodies, as: south, for: north, network)
        #expect(try await north.sql("SELECT state FROM fileVersion") == ["live"])
        #expect(try await north.figures() == figures)
        let refusals = try await north.sharedJournal().filter {
            $0.event.kind.hasPrefix("deleteRequest") || $0.event.kind == ArchiveRewritten.kind
        }.compactMap { $0.refusal }
        #expect(refusals.count == 4, "\(refusals)")
        #expect(refusals.first?.contains("another office's files") == true, "\(refusals)")
        #expect(refusals.last?.contains("another office's files") == true, "\(refusals)")
        try north.rebuild()
        #expect(try await north.figures() == figures)
        #expect(try await network[0].faults() == [])
        #expect(try await network[0].leftovers() == [])
        // Nor does a backup of it come back with less.
        try drillBackup(try backUp(north.store, by: .console).path, in: north.store, by: .program)
    }

    @Test(arguments: [false, true])
    func `what an office signs of another one's hold neither changes nor lifts nor keeps it`(isLifted: Bool)
        async throws
    {
        let network = try await OfficeNetwork()
        let (north, south) = (network[0], network[1])
        let hold = DeleteHold(id: north.ids.next(at: network.clocks[0].time), reason: "a lawsuit")
        try await north.store.changeHold(nil, to: hold, for: DeletionWalk.dan, by: .console)
        network.pass(minutes: 1)
        try network.send(0, to: 1)
        var over = hold
        over.reason = "none"
        let changes = [
            DeleteHoldChanged(before: hold, after: over, comment: ""),
            DeleteHoldChanged(before: hold, after: nil, comment: "over"),
            // As one of its own, of the same name, that it then lifts.
            DeleteHoldChanged(before: nil, after: over, comment: ""),
            DeleteHoldChanged(before: over, after: nil, comment: "over"),
        ]
        if isLifted {
            network.pass(minutes: 1)
            try await north.store.changeHold(
                hold, to: nil, comment: "over", for: DeletionWalk.dan, by: .console)
        }
        try Self.sign(changes.map { .deleteHoldChanged($0) }, as: south, for: north, network)
        for _ in 0..<2 {
            #expect(
                try await north.sql("SELECT hold ->> '$.reason' FROM deleteHold")
                    == (isLifted ? [] : ["a lawsuit"]))
            let refusals = try await north.sharedJournal().filter {
                $0.event.kind == DeleteHoldChanged.kind
            }.map { $0.refusal?.contains("another office's") }
            // What it set under the same name is its own, and it lifted that itself.
            #expect(refusals == [nil, true, true, nil, nil] + (isLifted ? [nil] : []))
            #expect(try await north.faults() == [])
            try north.rebuild()
        }
    }

    /// Signs entries that an office's program would not write, and has another one take them in.
    private static func sign(
        _ bodies: [EventBody], as office: ImportOffice, for other: ImportOffice, _ network: OfficeNetwork
    ) throws {
        let place = network.newPath()
        try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: false)
        let contents = try office.store.snapshotContents(linkingInto: place)
        var cursor = office.store.entries(of: contents)
        var events: [Event] = []
        while let event = try cursor.next() {
            if event.office == contents.office { events.append(event) }
        }
        for body in bodies {
            let last = try #require(events.last)
            var forged = Event(
                stream: .shared, office: last.office, incarnation: last.incarnation, seq: last.seq + 1,
                time: HybridTime(bits: last.time.bits + 1), actor: .console, kind: body.kind,
                payload: try body.canonicalPayload(), previousHash: last.hash)
            forged.hash = forged.computedHash
            events.append(forged)
        }
        let (key, last) = (try OfficeKey(of: office.store), try #require(events.last))
        var head = try #require(contents.own.first)
        (head.seq, head.hash) = (last.seq, hexadecimal(last.hash))
        let offer = SnapshotOffer(
            fileName: "forged", office: contents.office, name: contents.name, key: key.publicKey,
            made: contents.made, program: "test",
            heads: [try SignedHead(head, name: contents.name, key: key.publicKey, sign: key.sign)])
        let received = try other.store.receive(offer, ownKey: OfficeKey(of: other.store).publicKey) { body in
            for event in events { try body(event) }
        }
        _ = try other.store.merge(received, by: .console) { _, _ in }
    }

    /// Where a payload has numbers, days, and texts, and what comes in their place.
    private static func values(in payload: String) -> [(range: Range<String.Index>, choices: [String])] {
        func places(_ pattern: some RegexComponent<(Substring, Substring)>, _ choices: [String]) -> [(
            Range<String.Index>, [String]
        )] {
            payload.matches(of: pattern).map { ($0.1.startIndex..<$0.1.endIndex, choices) }
        }
        return places(/[:,\[](-?\d+)/, numbers) + places(/"(\d{4}-\d{2}-\d{2})"/, days)
            + places(/:("[^"\\]*")/, others)
    }

    /// Hashes the chains of an office anew; returns their last entries.
    private static func chain(_ events: inout [Event], of office: ID<Office>) throws -> [Chain: ChainHead] {
        var heads: [Chain: ChainHead] = [:]
        var last: [Chain: [UInt8]] = [:]
        for index in events.indices where events[index].office == office {
            let chain = Chain(office: office, incarnation: events[index].incarnation)
            events[index].previousHash = last[chain] ?? [UInt8](repeating: 0, count: 32)
            events[index].hash = events[index].computedHash
            last[chain] = events[index].hash
            heads[chain] = ChainHead(
                office: office, incarnation: chain.incarnation, seq: events[index].seq,
                hash: hexadecimal(events[index].hash))
        }
        return heads
    }
}
