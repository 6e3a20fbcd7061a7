import Domain
import Ingest
import Storage

let peerPages: [any Page.Type] = [OfficesPage.self]

/// The offices and what each last sent.
///
/// Settings of a way by which snapshots pass by themselves are sections of their own between the offices and the foot.
struct OfficesPage: Page {
    static let template = "peer.list"
    struct Fact: Decodable, Sendable {
        var name: String
        var value: String
        var href: String?
        /// Somebody should look at it.
        var isBad: Bool
    }
    struct Own: Decodable, Sendable {
        var name: String
        var keyWords: [String]
        var stateWords: [String]
        var facts: [Fact]
        var isForked: Bool
    }
    struct Office: Decodable, Sendable {
        var id: String
        var name: String
        var state: String
        var tone: String
        /// Whether it held the same; nil: not known.
        var same: String?
        var isSame: Bool
        var facts: [Fact]
        var isForked: Bool
        var pair: String?
        var export: String?
        var unpair: String?
    }
    var title = "Offices"
    var problem: Problem?
    var own: Own
    var others: [Office]
    var isAlone: Bool
    var mayManage: Bool
    var pairing = Paths.pairing
    var export = Paths.snapshotExport
    var take = Paths.snapshotImport
    var forks = Paths.forks
}

extension OfficesPage.Office {
    init(
        _ peer: Peer, conflicts: Int, own: OwnOffice, now: Instant, mayManage: Bool, mayDecide: Bool,
        _ format: OfficeFormat
    ) {
        id = peer.office.description
        name = peer.name
        isForked = peer.isForked
        switch (peer.isForked, peer.trust) {
        case (true, _): (state, tone) = ("Alarm", "bad")
        case (_, .paired): (state, tone) = ("Paired", "good")
        case (_, .revoked): (state, tone) = ("Pairing ended", "neutral")
        case (_, .unknown): (state, tone) = ("Not paired", "warn")
        }
        let holdsTheSame = peer.state.stateHash == own.stateHash.hex
        isSame = holdsTheSame
        same = peer.state.stateHash.map { _ in
            holdsTheSame
                ? "It held the same as this office holds now."
                : "This office holds something else now than it did then. Exchange again to come to the same."
        }
        var facts: [OfficesPage.Fact] = []
        func add(_ name: String, _ value: String, href: String? = nil, isBad: Bool = false) {
            facts.append(.init(name: name, value: value, href: href, isBad: isBad))
        }
        let state = peer.state
        add(
            "Last heard",
            state.heard.map { heard in
                let days = max(0, now.milliseconds - heard.milliseconds) / 86_400_000
                let ago = days == 0 ? "" : " (\(format.count(Int(days), "day", "days")) ago)"
                return "\(format.moment(heard))\(ago)"
            } ?? "Never")
        if let made = state.made { add("What it sent was made", format.moment(made)) }
        add(
            "Held of it here",
            format.count(Int(clamping: peer.heads.reduce(0) { $0 + $1.seq }), "entry", "entries")
                + (peer.heldUntil.map { ", up to \(format.moment($0))" } ?? ""))
        if peer.gaps > 0 {
            add(
                "Missing here",
                "\(format.count(Int(clamping: peer.gaps), "entry", "entries")) that others hold. Its next snapshot, or theirs, brings them.",
                isBad: true)
        }
        if let skew = state.clockSkew, skew.magnitude > 60 {
            add(
                "Its clock", "\(format.span(seconds: skew)) \(skew > 0 ? "ahead of" : "behind") this one",
                isBad: skew.magnitude > 3600)
        }
        if !state.program.isEmpty { add("Release", "Rollcall \(state.program)") }
        if conflicts > 0 {
            add(
                "Open conflicts with it", format.number(conflicts), href: mayDecide ? Paths.conflicts : nil,
                isBad: true)
        }
        if let sent = state.sent { add("Last written for it", format.moment(sent)) }
        let isPaired = peer.trust == .paired
        pair = mayManage && !isPaired ? Paths.pairing : nil
        export = mayManage && isPaired ? Form([("to", id)]).link(Paths.snapshotExport) : nil
        unpair = mayManage && isPaired ? Paths.officeUnpair(id) : nil
        self.facts = facts
    }
}
