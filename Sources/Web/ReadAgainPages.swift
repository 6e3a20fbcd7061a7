import Domain
import Formats
import Ingest
import Storage

let readAgainPages: [any Page.Type] = [ReadAgainPage.self]

struct ReadAgainPage: Page {
    static let template = "file.readAgain"
    var title = "Read it again"

    struct Row: Sendable, Decodable {
        var line: String
        var call: Call?
        var rejected: Rejected?
    }
    struct Call: Sendable, Decodable {
        var id: String
        var agent: String
        var time: String
        var type: String
        var state: String
        var campaign: String
        var talk: String
    }
    struct Rejected: Sendable, Decodable {
        var reason: String
        var text: String
    }
    struct Preview: Sendable, Decodable {
        var summary: String
        var rows: [Row]
    }

    var files = Paths.files
    var file: String
    var fileName: String
    var versionHref: String
    var versionLabel: String
    var lede: String
    var later: String?
    var problem: Problem?
    var action: String
    var dateOrders: [Choice]
    var timeZones: [Choice]
    var encodings: [Choice]
    var delimiters: [Choice]
    var headerLine: String
    var columns: [ColumnChoice]
    var preview: Preview?

    /// - Parameter latest: the file's last version.
    init(_ version: FileVersion, latest: Int, _ form: Form, _ trial: ReadingTrial, _ format: OfficeFormat) {
        let upload = version.uploaded
        let (id, number) = (upload.file.description, String(upload.version))
        file = Paths.file(id)
        fileName = upload.fileName
        versionHref = Paths.fileVersion(id, number)
        versionLabel = "Version \(number)"
        lede =
            "The bytes of version \(number) of “\(upload.fileName)” are read once more, with these answers, and become the file's next version. A call counts once, as the latest version that holds it has it; calls that only an earlier version holds go on counting."
        later =
            latest > upload.version
            ? "Version \(latest) came after this one. Calls that both hold will be as version \(number) has them, for it will be the one read last."
            : nil
        problem = trial.problem.map(Problem.init)
        action = Paths.fileReadAgain(id, number)
        dateOrders =
            [Choice("", "Found in the file", selected: form.text("dateOrder") == nil)]
            + DateOrder.allCases.map {
                Choice($0.rawValue, $0.title, selected: $0.rawValue == form["dateOrder"])
            }
        timeZones = timeZoneChoices(selected: form["timeZone"])
        encodings = TextEncoding.allCases.map {
            Choice($0.rawValue, $0.title, selected: $0.rawValue == form["encoding"])
        }
        delimiters = FieldDelimiter.allCases.map {
            Choice($0.rawValue, $0.title, selected: $0.rawValue == form["delimiter"])
        }
        headerLine = form["headerLine"]
        columns = ColumnChoice.list(upload.mapping.format, form, headings: trial.headings)
        preview = trial.preview.map { Preview($0, format) }
    }
}

/// Which of a file's headings a role has, as a select.
struct ColumnChoice: Sendable, Decodable {
    var name: String
    var label: String
    var choices: [Choice]

    /// A select for each role of a format, with the file's own headings.
    static func list(_ format: String, _ form: Form, headings: [String]) -> [Self] {
        let roles = FileFormat.all.first { $0.key == format }?.columns ?? []
        var unique: [String] = []
        for heading in headings where !unique.contains(heading) { unique.append(heading) }
        return roles.map { column in
            let name = "column.\(column.role.rawValue)"
            let chosen = form[name]
            var choices = [
                Choice("", column.isRequired ? "Choose a column" : "No column", selected: chosen.isEmpty)
            ]
            choices += unique.map { Choice($0, $0, selected: $0 == chosen) }
            // What was chosen before stays, though the file does not have it read like this.
            if !chosen.isEmpty, !unique.contains(chosen) {
                choices.append(Choice(chosen, "\(chosen) (not in the file)", selected: true))
            }
            return Self(
                name: name, label: column.role.title + (column.isRequired ? "" : " (if there is one)"),
                choices: choices)
        }
    }
}

extension ReadAgainPage.Preview {
    init(_ preview: ReadingPreview, _ format: OfficeFormat) {
        let all = format.count(preview.accepted + preview.rejected, "row", "rows")
        summary =
            "\(preview.isWhole ? "All" : "The first") \(all): \(format.number(preview.accepted)) would be read, \(format.number(preview.rejected)) rejected."
            + (preview.rows.count < preview.accepted + preview.rejected
                ? " The first \(format.number(preview.rows.count)) are shown." : "")
        rows = preview.rows.map { row in
            ReadAgainPage.Row(
                line: format.number(row.line),
                call: row.call.map { call in
                    ReadAgainPage.Call(
                        id: call.id, agent: call.agent,
                        time: "\(format.day(call.time.day)), \(call.time.clock)", type: call.type,
                        state: call.state, campaign: call.campaign,
                        talk: format.duration(seconds: call.talk))
                },
                rejected: row.call == nil
                    ? ReadAgainPage.Rejected(reason: row.reason, text: String(row.text.prefix(200))) : nil)
        }
    }
}
