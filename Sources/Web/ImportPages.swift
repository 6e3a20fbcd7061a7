import Domain
import Foundation
import Ingest
import Storage

let importPages: [any Page.Type] = [ImportPage.self]

/// What the script and programs read of an import.
struct ImportStatus: Encodable, Sendable {
    var state: ImportJob.State
    var rowsDone: Int
    var rowsEstimated: Int
    var rowsPerSecond: Int
    var secondsLeft: Int?
    var text: String
    var href: String?
    var result: ImportLine?
    var error: Refusal?

    struct Refusal: Encodable, Sendable {
        var code: UserError.Code
        var message: String
        var advice: String
        /// The version that the words speak of.
        var href: String?
    }

    init(_ job: ImportJob, _ format: OfficeFormat) {
        state = job.state
        rowsDone = job.rowsDone
        rowsEstimated = job.rowsEstimated
        rowsPerSecond = job.rowsPerSecond
        secondsLeft = job.secondsLeft
        text = job.words(format)
        result = job.result.map(ImportLine.init)
        error = job.problem.map {
            Refusal(code: $0.code, message: $0.message, advice: $0.advice, href: $0.place?.href)
        }
        if let upload = job.result?.upload {
            href = Paths.fileVersion(upload.file.description, String(upload.version))
        } else if job.state == .question {
            href = Paths.importPage(job.id.description)
        }
    }
}

extension ImportJob {
    func words(_ format: OfficeFormat) -> String {
        switch state {
        case .queued: return "Waiting for its turn."
        case .reading:
            var text = "\(format.number(rowsDone)) of about \(format.number(rowsEstimated)) rows"
            if rowsPerSecond > 0 { text += " · \(format.number(rowsPerSecond)) a second" }
            if let secondsLeft { text += " · \(format.number(secondsLeft)) s left" }
            return text
        case .saving: return "All \(format.number(rowsDone)) rows are read; counting and packing."
        case .question:
            return [problem?.message, "Open it to answer."].compactMap { $0 }.joined(separator: " ")
        case .done: return result?.upload.summary(format) ?? ""
        case .refused, .cancelled: return problem.map { "\($0.message) \($0.advice)" } ?? ""
        }
    }

    var stateWords: String {
        switch state {
        case .queued: "waiting"
        case .reading: "reading"
        case .saving: "saving"
        case .question: "question"
        case .done: "done"
        case .refused: "refused"
        case .cancelled: "cancelled"
        }
    }

    var badge: String {
        switch state {
        case .done: "good"
        case .refused: "bad"
        case .question: "warn"
        case .cancelled: "neutral"
        default: "info"
        }
    }
}

extension VersionPlace {
    var href: String { Paths.fileVersion(file.description, String(version)) }
}

extension FileUploaded {
    /// One line on what came in.
    func summary(_ format: OfficeFormat) -> String {
        var text = uploadedAs == nil ? "" : "Joined “\(fileName)” as version \(version): "
        text += format.count(counts.accepted, "call", "calls")
        if let firstDay, let lastDay {
            text += ", \(format.period(Period(from: firstDay, to: lastDay)))"
        }
        text += ", \(format.count(agents, "agent", "agents"))"
        for (count, name) in [
            (counts.rejected, "rejected"), (counts.duplicate, "duplicate"), (counts.changed, "changed"),
        ] where count > 0 {
            text += "; \(format.number(count)) \(name)"
        }
        return text
    }
}

/// An import in a list; the script attaches to those that are not over.
struct ImportRow: Sendable, Decodable {
    var id: String
    var name: String
    var href: String
    var state: String
    var badge: String
    var text: String
    var isRunning: Bool
    var failed: Bool
    /// The version that holds the same bytes.
    var holder: String?
    /// Hundredths; nil: not known.
    var percent: String?

    init(_ job: ImportJob, _ format: OfficeFormat) {
        id = job.id.description
        name = job.fileName
        href =
            job.result.map { Paths.fileVersion($0.upload.file.description, String($0.upload.version)) }
            ?? Paths.importPage(job.id.description)
        state = job.stateWords
        badge = job.badge
        text = job.words(format)
        isRunning = !job.state.isOver && job.state != .question
        failed = job.state == .refused
        holder = job.problem?.place?.href
        if job.state == .reading, job.rowsEstimated > 0 {
            percent = String(min(99, job.rowsDone * 100 / max(1, job.rowsEstimated)))
        }
    }
}

struct ImportPage: Page {
    static let template = "import.show"

    /// The import while it goes on.
    struct Row: Sendable, Decodable {
        var id: String
        var name: String
        var href: String
        var state: String
        var badge: String
        var text: String
        var isRunning: Bool
        var percent: String?
        var cancelPath: String
    }

    var title: String
    var row: Row
    var files = Paths.files
    var asksDates: Bool
    var asksColumns: Bool
    var question: String
    /// What is wrong with the answer.
    var problem: Problem?
    var columns: [ColumnChoice]
    var answerPath: String
    var isDone: Bool
    /// A delete request of what came in, filled in.
    var undoHref: String?
    var doneTitle: String
    var isRefused: Bool
    var message: String
    var advice: String
    /// Where the disk's space is, for who needs some.
    var storage: String?
    var result: String
    /// The version that the refusal speaks of.
    var holder: Holder?
    /// The form that the answers came from, with them.
    var retry: String?

    struct Holder: Sendable, Decodable {
        var label: String
        var href: String
        var readAgain: String
    }

    init(_ job: ImportJob, columns: [ColumnChoice], problem: Problem?, _ format: OfficeFormat) {
        title = job.fileName
        self.columns = columns
        self.problem = problem
        let listed = ImportRow(job, format)
        row = Row(
            id: listed.id, name: listed.name, href: listed.href, state: listed.state, badge: listed.badge,
            text: listed.text, isRunning: listed.isRunning, percent: listed.percent,
            cancelPath: Paths.importCancel(listed.id))
        asksColumns = job.state == .question && !columns.isEmpty
        asksDates = job.state == .question && columns.isEmpty
        question = job.problem?.message ?? ""
        answerPath = Paths.importAnswer(job.id.description)
        isDone = job.state == .done
        undoHref = job.result.map {
            Form([
                ("file", $0.upload.file.description), ("version", String($0.upload.version)),
                ("reason", "Undo the import of \(job.fileName)"),
            ]).link(Paths.newDeletion)
        }
        isRefused = job.state == .refused || job.state == .cancelled
        message = job.problem?.message ?? ""
        advice = job.problem?.advice ?? ""
        storage = job.problem?.code == .diskFull ? Paths.storage : nil
        result = job.result?.upload.summary(format) ?? ""
        let upload = job.result?.upload
        doneTitle =
            upload?.readAgain.map {
                "Version \($0.version) is read again: this is version \(upload?.version ?? 0)"
            }
            ?? (upload?.uploadedAs == nil ? "The file is in" : "The mended lines are in")
        if isRefused, let place = job.problem?.place {
            holder = Holder(
                label: "Open version \(place.version)", href: place.href,
                readAgain: Paths.fileReadAgain(place.file.description, String(place.version)))
        }
        if isRefused, let place = job.readsAgain {
            retry = Form(job.reading).link(
                Paths.fileReadAgain(place.file.description, String(place.version)))
        }
    }
}
