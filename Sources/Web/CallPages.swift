import Domain
import Storage

struct CallsPage: Page {
    static let template = "call.list"
    struct Row: Decodable, Sendable {
        var day: String
        var time: String
        var href: String
        var agent: String
        var agentHref: String
        var type: String
        var state: String
        var isUnmapped: Bool
        var campaign: String
        var talk: String
        var place: String
    }
    var title = "Calls"
    var lede: String
    var filter: FilterForm
    var csvHref: String?
    var reportHref: String
    var rows: [Row]
    var hasRows: Bool
    var allHref: String
    var shown: String
    var previousHref: String?
    var nextHref: String?
}

struct CallPage: Page {
    static let template = "call.page"
    struct Fact: Decodable, Sendable {
        var name: String
        var value: String
    }
    struct Sighting: Decodable, Sendable {
        var file: FigureCell
        var version: String
        var line: FigureCell
        var counts: Bool
        var agent: String
        var state: String
        var time: String
        /// nil: whoever looks may not ask.
        var deleteHref: String?
        var original: String?
        var problem: String?
    }
    var title = "Call"
    var lede: String
    var agentHref: String
    var agent: String
    var facts: [Fact]
    var heading: String?
    var sightings: [Sighting]
}
