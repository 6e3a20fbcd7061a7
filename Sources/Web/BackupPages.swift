import Domain
import Ingest
import Storage

struct BackupsPage: Page {
    static let template = "backup.list"
    var title = "Backups"

    struct Row: Decodable, Sendable {
        var name: String
        var href: String
        var when: String
        var whenMachine: String
        var age: String
        var size: String
        var calls: String
        /// Read again after it was written.
        var isVerified: Bool
        var drilled: String?
        var sealed: String
    }
    struct Work: Decodable, Sendable {
        var title: String
        var text: String
        /// Hundredths; nil: not known.
        var percent: String?
    }

    var problem: Problem?
    var standing: String
    var tone: String
    var stands: String
    var next: String
    var nextDrill: String
    var work: Work?
    var rows: [Row]
    var hasRows: Bool
    /// One is there that this office made and read again.
    var canTry: Bool
    var folder: String
    var folderProblem: Problem?
    var make = Paths.backups
    var cancel = Paths.backupCancel
    var drill = Paths.backupDrill
    var save = Paths.backupSettings
    var isOn: Bool
    var paces: [Choice]
    var drills: Bool
    var chosenFolder: String
    var savePassphrase = Paths.backupPassphrase
    var isSealed: Bool
    var activity = Paths.activity + "?kind=backups"
    /// The commands as somebody types them on this box.
    var restore: String
    var undoRestore: String

    init(
        _ state: BackupState, files: [BackupFile], folder: String, folderProblem: UserError?,
        data: DataFolder,
        isSealed: Bool, work: BackupWork, typed: Form?, problem: UserError?, at now: Instant,
        _ format: OfficeFormat
    ) {
        self.problem = problem.map(Problem.init)
        restore = data.command("restore FILE")
        undoRestore = data.command("restore --undo")
        let alarm = state.alarm(at: now)
        (tone, stands) =
            alarm != nil
            ? ("bad", "Look here") : state.last != nil ? ("good", "Well") : ("neutral", "None yet")
        standing =
            alarm?.words(at: now, format)
            ?? state.last.map { "The last backup is \(format.age(of: $0.made, at: now)) old, and was whole." }
            ?? "The first one is made soon after the server starts."
        next =
            state.next(started: work.started).map {
                $0 <= now ? "in a moment" : format.moment($0)
            } ?? "none by itself"
        nextDrill =
            state.nextDrill(started: work.started).map {
                $0 <= now ? "in a moment" : format.moment($0)
            } ?? (state.last == nil && state.settings.drills ? "after the first backup" : "none by itself")
        self.work = work.progress.map { progress in
            Work(
                title: progress.kind == .backup ? "A backup is being made" : "A backup is being tried",
                text: progress.all > 0
                    ? "\(format.bytes(progress.done)) of \(format.bytes(progress.all)), written and read again"
                    : progress.words.isEmpty ? "It begins." : progress.words,
                percent: progress.all > 0 ? String(progress.done * 100 / max(1, progress.all)) : nil)
        }
        rows = files.prefix(200).map { file in
            Row(
                name: file.name, href: Paths.backupFile(file.name), when: format.moment(file.made),
                whenMachine: format.machine(file.made), age: format.age(of: file.made, at: now),
                size: format.bytes(file.size),
                calls: file.record.map { format.number($0.calls) } ?? OfficeFormat.none,
                isVerified: file.record != nil, drilled: file.record?.drilled.map { format.moment($0) },
                sealed: file.isSealed.map { $0 ? "Yes" : "No" } ?? OfficeFormat.none)
        }
        hasRows = !files.isEmpty
        canTry = files.contains { $0.record != nil }
        self.folder = folder
        self.folderProblem = folderProblem.map(Problem.init)
        isOn = typed.map { $0.has("isOn") } ?? state.settings.isOn
        let pace = typed?.text("pace") ?? state.settings.pace.rawValue
        paces = [
            Choice("daily", "Once a day", selected: pace == "daily"),
            Choice("hourly", "Every hour in which something changed", selected: pace == "hourly"),
        ]
        drills = typed.map { $0.has("drills") } ?? state.settings.drills
        chosenFolder = typed?["folder"] ?? state.settings.folder ?? ""
        self.isSealed = isSealed
    }
}
