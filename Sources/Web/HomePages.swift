import Domain

/// The office's morning: what came in, what is missing, today against the last day like it.
struct OfficeHomePage: Page {
    static let template = "home.office"
    struct Head: Decodable, Sendable {
        var weekday: String
        var number: String
    }
    struct Cell: Decodable, Sendable {
        var kind: String
        var words: String
        var href: String
    }
    struct SourceRow: Decodable, Sendable {
        var name: String
        var cells: [Cell]
    }
    struct KeyEntry: Decodable, Sendable {
        var kind: String
        var label: String
    }
    struct Gap: Decodable, Sendable {
        var words: String
        var isMissing: Bool
    }
    struct Upload: Decodable, Sendable {
        var name: String
        var href: String
        var when: String
        var whenMachine: String
        var by: String
        var outcome: String
        var isClean: Bool
    }
    struct Unmapped: Decodable, Sendable {
        /// Leads whoever may change it to its page.
        var source: FigureCell
        var state: String
        var logs: String
        var href: String
    }
    var title = "Home"
    var lede: String
    var hasCalls: Bool
    /// Whose work uploading is has the form here; an admin has the way to it.
    var upload: UploadForm?
    var disk: DiskNotice?
    var mayUpload: Bool
    var inbox: [InboxLine]
    var dayName: String
    var reportHref: String
    var tiles: [FigureTile]
    var gaps: [Gap]
    var hasGaps: Bool
    var moreGaps: String?
    var calendarDays: [Head]
    var calendar: [SourceRow]
    var key: [KeyEntry]
    var uploads: [Upload]
    var unmapped: [Unmapped]
    var hasUnmapped: Bool
    var badge: String
    var badgeIsGood: Bool
    var checksHref: String
}

/// Something that waits, in a sentence.
struct InboxLine: Decodable, Sendable {
    var text: String
    var link: TextLink?

    init(_ text: String, href: String?) {
        self.text = text
        link = href.map { TextLink(text: text, href: $0) }
    }
}

/// An agent's morning: the last day, the own best, the line of the day.
struct OwnHomePage: Page {
    static let template = "home.own"
    struct Best: Decodable, Sendable {
        var what: String
        var value: String
        var day: FigureCell
    }
    var title = "Home"
    var lede: String
    var hasCalls: Bool
    var isLinked: Bool
    var dayName: String
    var agentHref: String
    var tiles: [FigureTile]
    var timeline: String?
    var best: [Best]
    var days: [AgentPage.DayRow]
    var own: OwnTeam?
}
