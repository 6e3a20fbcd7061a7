import Domain
import Ingest
import Storage

let exchangePages: [any Page.Type] = [ExchangePage.self, ExchangeTokenPage.self]

/// How snapshots go to other offices and come from them by themselves, and what came of it last.
struct ExchangePage: Page {
    static let template = "exchange"
    struct Question: Decodable, Sendable {
        var text: String
        var advice: String
        var when: String
        var key: String
        var isOpen: Bool
    }
    struct Times: Decodable, Sendable {
        /// Begins the names of its fields' ids.
        var id: String
        var choices: [Choice]
        var minutes: String
        var at: String
    }
    /// How the last run of one way went.
    struct Last: Decodable, Sendable {
        var state: String
        var tone: String
        var when: String
        /// nil: it never ran.
        var what: String?
        var error: String?
        var advice: String?
        var lastGood: String?
        var next: String
        var isRunning: Bool
        var way: String
    }
    struct File: Decodable, Sendable {
        var name: String
        var office: String
        var size: String
        var state: String
        var tone: String
        var message: String?
        /// It lies open, and others do not.
        var isOpen: Bool
        var met: String
    }
    struct Partner: Decodable, Sendable {
        var name: String
        var id: String
        var token: String
        var hasToken: Bool
        var makeToken: String
        var revokeToken: String
        var address: String
        var hasAddress: Bool
        var trust: String
        var saveAddress: String
        var removeAddress: String
        var last: Last?
    }
    var title = "Exchange"
    var problem: Problem?
    var now = Paths.exchangeNow
    var mayRun: Bool
    var isRunning: Bool
    var questions: [Question]
    var hasQuestions: Bool
    var allow = Paths.exchangeAllow
    var saveFolder = Paths.exchangeFolder
    var folder: String
    var folderTimes: Times
    var folderLast: Last?
    var files: [File]
    var hasFiles: Bool
    var isSealed: Bool
    var savePassphrase = Paths.exchangePassphrase
    var saveNetwork = Paths.exchangeNetwork
    var networkTimes: Times
    var partners: [Partner]
    var hasPartners: Bool
    /// Why no token can be made here.
    var noToken: String?
}

extension ExchangePage.Times {
    init(_ id: String, _ times: ExchangeTimes, typed: Form?) {
        self.id = id
        let how: String
        (how, minutes, at) =
            switch times {
            case .byHand: ("hand", "10", "02:00")
            case .everyMinutes(let count): ("minutes", String(count), "02:00")
            case .daily(let minute):
                (
                    "daily", "10",
                    String(LocalTime(Day(number: 0), secondOfDay: minute * 60).clock.prefix(5))
                )
            }
        if let typed {
            minutes = typed["minutes"]
            at = typed["at"]
        }
        let chosen = typed?.text("how") ?? how
        choices = [("minutes", "Every so many minutes"), ("daily", "Every day at"), ("hand", "By hand only")]
            .map { Choice($0.0, $0.1, selected: $0.0 == chosen) }
    }
}

extension ExchangePage.Last {
    init(
        _ way: ExchangeWay, _ run: ExchangeRun?, next: Instant?, isRunning: Bool, now: Instant,
        _ format: OfficeFormat
    ) {
        self.isRunning = isRunning
        self.way = way.text
        (state, tone) =
            isRunning
            ? ("Going on", "neutral")
            : run == nil ? ("Not yet", "neutral") : run?.error == nil ? ("Good", "good") : ("Failed", "bad")
        self.next =
            next.map { $0 <= now ? "in a moment" : format.moment($0) } ?? "by hand only"
        when = run.map { format.moment($0.ended) } ?? "never"
        if let run {
            let seconds = max(0, run.ended.milliseconds - run.began.milliseconds) / 1000
            var parts: [String] = []
            if run.taken > 0 {
                parts.append(
                    "\(format.count(run.entries, "new entry", "new entries")) taken in (\(format.bytes(run.bytesIn)))"
                )
            }
            if run.sent > 0 {
                parts.append(
                    "\(format.count(run.sent, "snapshot", "snapshots")) sent (\(format.bytes(run.bytesOut)))")
            }
            if parts.isEmpty, run.error == nil { parts.append("nothing was new") }
            parts.append("it took \(format.duration(seconds: Int(seconds)))")
            what = parts.joined(separator: ", ")
            if run.error != nil {
                lastGood = run.lastGood.map { format.moment($0) } ?? "never"
            }
        }
        error = run?.error?.message
        advice = run?.error?.advice
    }
}

extension ExchangePage.File {
    /// - Parameter isSealed: files are to be.
    init(_ file: ExchangeFile, isSealed: Bool, _ format: OfficeFormat) {
        isOpen = isSealed && file.isSealed == false
        name = file.name
        office = file.office ?? "—"
        size = format.bytes(file.size)
        (state, tone) =
            switch file.state {
            case .taken: ("Taken in", "good")
            case .known: ("Nothing new", "good")
            case .waits: ("Waits", "neutral")
            case .unpaired: ("Not paired", "warn")
            case .asks: ("Asks", "warn")
            case .sealed: ("Sealed", "warn")
            case .damaged: ("Being copied, or damaged", "warn")
            case .refused: ("Not taken in", "neutral")
            }
        message = file.message
        met = format.moment(file.met)
    }
}

extension ExchangePage.Partner {
    init(_ partner: ExchangePartner, typed: Form?, last: ExchangePage.Last?, _ format: OfficeFormat) {
        name = partner.name
        id = partner.office.description
        hasToken = partner.tokenMade != nil
        token =
            partner.tokenMade.map {
                "Since \(format.moment($0)); "
                    + (partner.tokenUsed.map { "last used \(format.moment($0))" } ?? "not used yet")
            } ?? "\(partner.name) has no token of this box yet."
        makeToken = Paths.exchangeToken(id)
        revokeToken = Paths.exchangeTokenRevoke(id)
        address = typed?.text("address") ?? partner.address ?? ""
        hasAddress = partner.address != nil
        trust =
            partner.hasAuthority
            ? "Only that box is trusted: its certificate came with the token."
            : "Its certificate is one that this system trusts."
        saveAddress = Paths.exchangeAddress(id)
        removeAddress = Paths.exchangeAddressRemove(id)
        self.last = partner.address == nil ? nil : last
    }
}

struct ExchangeTokenPage: Page {
    static let template = "exchange.token"
    var title = "The token"
    var name: String
    var own: String
    var secret: String
    var words: String?
    var back = Paths.exchange
}
