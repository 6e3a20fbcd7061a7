import Domain
import Formats
import Foundation
import Logging
import Storage

/// An import as somebody watches it.
public struct ImportJob: Sendable, Hashable {
    public enum State: String, Sendable, Codable {
        case queued, reading, saving, question, done, refused, cancelled

        public var isOver: Bool { self == .done || self == .refused || self == .cancelled }
    }

    public var id: ID<ImportJob>
    public var fileName: String
    /// The version that is read again, and what was said about how.
    public var readsAgain: VersionPlace?
    public var reading: FileReading
    public var owner: ID<User>
    public var state: State
    public var rowsDone = 0
    public var rowsEstimated = 0
    public var rowsPerSecond = 0
    /// nil: not known yet.
    public var secondsLeft: Int?
    public var result: ImportResult?
    public var problem: UserError?
    public var queuedAt: Instant
    var startedAt: Instant?
    var endedAt: Instant?
}

/// The imports of a running server, one at a time, in the order they came.
///
/// Kept in memory only: what was not live when the server stopped is not in the office, and says so by
/// not being there. A file that waits for an answer is the exception: its question lies beside it in
/// `Incoming/` and is asked again after a restart.
public final class ImportQueue: @unchecked Sendable {
    // Everything below `lock` is touched only while it is held.
    private let lock = NSLock()
    private var jobs: [ID<ImportJob>: ImportJob] = [:]
    private var requests: [ID<ImportJob>: (request: ImportRequest, actor: Actor)] = [:]
    private var cancelled: Set<ID<ImportJob>> = []

    private let store: OfficeStore
    private let logger: Logger
    private let worker = DispatchQueue(label: "imports")

    /// A person drops a folder at most; more is a mistake or an attack.
    private static let longestQueue = 200

    public init(store: OfficeStore, logger: Logger) {
        self.store = store
        self.logger = logger
        for question in openQuestions() {
            jobs[question.id] = ImportJob(
                id: question.id, fileName: question.request.fileName, readsAgain: question.request.readsAgain,
                reading: question.request.reading, owner: question.owner, state: .question,
                problem: question.problem, queuedAt: question.queuedAt)
            requests[question.id] = (question.request, question.actor)
        }
    }

    /// Puts a received file in line.
    ///
    /// - Throws: `UserError` `tooMany`; the received file is removed then.
    public func add(_ request: ImportRequest, owner: Viewer, by actor: Actor) throws -> ID<ImportJob> {
        let now = store.clock.now()
        let id: ID<ImportJob> = store.ids.next(at: now)
        let isFull = lock.withLock { () -> Bool in
            forgetOld(now)
            guard jobs.values.count(where: { !$0.state.isOver }) < Self.longestQueue else { return true }
            jobs[id] = ImportJob(
                id: id, fileName: request.fileName, readsAgain: request.readsAgain, reading: request.reading,
                owner: owner.user, state: .queued, queuedAt: now)
            requests[id] = (request, actor)
            return false
        }
        guard !isFull else {
            unlink(request.file.path)
            throw UserError(
                .tooMany, "\(Self.longestQueue) files are waiting already.",
                advice: "Wait until some are done.")
        }
        worker.async { [self] in run(id) }
        return id
    }

    /// nil: unknown, or not this viewer's to see.
    public func job(_ id: ID<ImportJob>, for viewer: Viewer) -> ImportJob? {
        guard viewer.reach(.uploadFiles) == .office else { return nil }
        return lock.withLock { jobs[id] }
    }

    /// Newest first; those that ended longer than an hour ago are forgotten.
    public func jobs(for viewer: Viewer) -> [ImportJob] {
        guard viewer.reach(.uploadFiles) == .office else { return [] }
        let now = store.clock.now()
        return lock.withLock {
            forgetOld(now)
            return jobs.values.sorted { ($0.queuedAt, $0.id) > ($1.queuedAt, $1.id) }
        }
    }

    /// Stops an import that is not live yet; nothing of it stays.
    public func cancel(_ id: ID<ImportJob>, by viewer: Viewer) throws {
        guard job(id, for: viewer) != nil else { throw UserError.notHere }
        let waiting = lock.withLock { () -> ImportRequest? in
            guard let job = jobs[id], !job.state.isOver else { return nil }
            cancelled.insert(id)
            guard job.state == .question || job.state == .queued else { return nil }
            jobs[id]?.state = .cancelled
            jobs[id]?.endedAt = store.clock.now()
            jobs[id]?.problem = .cancelledImport
            return requests.removeValue(forKey: id)?.request
        }
        if let waiting { forget(waiting) }
    }

    /// What is asked about the columns of a waiting file; nil: nothing is. Blocks its thread.
    public func columnQuestion(_ id: ID<ImportJob>, for viewer: Viewer) throws -> ColumnQuestion? {
        guard let job = job(id, for: viewer) else { throw UserError.notHere }
        guard job.state == .question, job.problem?.code == .columns,
            let request = lock.withLock({ requests[id]?.request })
        else { return nil }
        return ColumnQuestion(
            try FileLayout(path: request.file.path, fileName: request.fileName, reading: request.reading))
    }

    /// Answers what is asked about a waiting file, and puts it in line again.
    public func answer(
        _ id: ID<ImportJob>, by viewer: Viewer, _ answer: (inout FileReading) -> Void
    ) throws {
        guard job(id, for: viewer) != nil else { throw UserError.notHere }
        let isWaiting = lock.withLock { () -> Bool in
            guard jobs[id]?.state == .question, requests[id] != nil else { return false }
            if var reading = requests[id]?.request.reading {
                answer(&reading)
                requests[id]?.request.reading = reading
                jobs[id]?.reading = reading
            }
            jobs[id]?.state = .queued
            jobs[id]?.problem = nil
            return true
        }
        guard isWaiting else {
            throw UserError(
                .stale, "This import is not waiting for an answer any more.", advice: "Look at its state.")
        }
        worker.async { [self] in run(id) }
    }

    private func run(_ id: ID<ImportJob>) {
        let start = store.clock.now()
        let work = lock.withLock { () -> (request: ImportRequest, actor: Actor)? in
            guard jobs[id]?.state == .queued, let work = requests[id] else { return nil }
            jobs[id]?.state = .reading
            jobs[id]?.startedAt = start
            return work
        }
        guard let work else { return }
        do {
            let result = try importFile(
                work.request, into: store, by: work.actor, progress: { self.note($0, of: id) },
                isCancelled: { self.lock.withLock { self.cancelled.contains(id) } })
            end(id, .done) { $0.result = result }
        } catch let error as UserError where error.code.isQuestion {
            let job = lock.withLock { () -> ImportJob? in
                jobs[id]?.state = .question
                jobs[id]?.problem = error
                return jobs[id]
            }
            if let job { keep(job, work.request, work.actor, error) }
        } catch let error as UserError {
            record(error, work.request.fileName, work.actor)
            end(id, error.code == .cancelled ? .cancelled : .refused) { $0.problem = error }
        } catch {
            logger.error("Import \(id) of \(work.request.fileName) failed: \(error)")
            let problem = UserError(
                .damaged, "Something went wrong inside Rollcall (error \(id)); nothing of the file was kept.",
                advice: "Try again; if it happens again, give this number to whoever looks after the box.")
            record(problem, work.request.fileName, work.actor)
            end(id, .refused) { $0.problem = problem }
        }
    }

    private func record(_ error: UserError, _ fileName: String, _ actor: Actor) {
        do { try store.recordRefusal(of: fileName, error, by: actor) } catch {
            logger.error("A refused upload could not be written to the activity: \(error)")
        }
    }

    private func note(_ progress: ImportProgress, of id: ID<ImportJob>) {
        let now = store.clock.now()
        lock.withLock {
            guard var job = jobs[id] else { return }
            job.state = progress.stage == .reading ? .reading : .saving
            job.rowsDone = progress.rowsDone
            job.rowsEstimated = progress.rowsEstimated
            let elapsed = now.milliseconds - (job.startedAt ?? now).milliseconds
            if elapsed > 200, progress.rowsDone > 0 {
                job.rowsPerSecond = Int(Int64(progress.rowsDone) * 1000 / elapsed)
                let left = max(0, progress.rowsEstimated - progress.rowsDone)
                job.secondsLeft =
                    job.rowsPerSecond > 0 ? (left + job.rowsPerSecond - 1) / job.rowsPerSecond : nil
            }
            jobs[id] = job
        }
    }

    private func end(_ id: ID<ImportJob>, _ state: ImportJob.State, _ change: (inout ImportJob) -> Void) {
        lock.withLock {
            guard var job = jobs[id] else { return }
            if let request = requests[id]?.request { unlink(request.file.path + DataFolder.questionEnding) }
            job.state = state
            job.endedAt = store.clock.now()
            job.secondsLeft = nil
            change(&job)
            jobs[id] = job
            requests[id] = nil
            cancelled.remove(id)
        }
    }

    // MARK: Questions

    /// What the file beside a waiting file says.
    private struct Question: Codable {
        var id: ID<ImportJob>
        var request: ImportRequest
        var actor: Actor
        var owner: ID<User>
        var problem: UserError
        var queuedAt: Instant
    }

    private func keep(_ job: ImportJob, _ request: ImportRequest, _ actor: Actor, _ problem: UserError) {
        let question = Question(
            id: job.id, request: request, actor: actor, owner: job.owner, problem: problem,
            queuedAt: job.queuedAt)
        do {
            let bytes = [UInt8](try JSONEncoder().encode(question))
            try writeFile(bytes, to: request.file.path + DataFolder.questionEnding)
        } catch {
            logger.warning("The question about \(request.fileName) will not outlive a restart: \(error)")
        }
        // Cancelled meanwhile: nothing of it stays.
        if lock.withLock({ requests[job.id] == nil }) { forget(request) }
    }

    private func forget(_ request: ImportRequest) {
        unlink(request.file.path)
        unlink(request.file.path + DataFolder.questionEnding)
    }

    private func openQuestions() -> [Question] {
        let folder = store.folder.incoming
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.filter { $0.hasSuffix(DataFolder.questionEnding) }.compactMap { name in
            do {
                let data = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name)"))
                var question = try JSONDecoder().decode(Question.self, from: data)
                // The folder may have been moved.
                question.request.file.path = "\(folder)/\(name.dropLast(DataFolder.questionEnding.count))"
                return question
            } catch {
                logger.warning("The question \(name) cannot be read: \(error)")
                return nil
            }
        }
    }

    /// Call with the lock held.
    private func forgetOld(_ now: Instant) {
        let limit = now.adding(seconds: -3600)
        jobs = jobs.filter { !$0.value.state.isOver || ($0.value.endedAt ?? $0.value.queuedAt) > limit }
    }
}
