import Domain
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import Storage
import Synchronization

let plainRoutes: [Route] = [
    Route(.get, Paths.assets, file: { visit in try visit.site.assets.answer(visit) }),
    Route(.get, Paths.health, file: showHealth),
    Route(.get, Paths.metrics, boxOr: .verifyOffice, showMetrics),
]

let plainPages: [any Page.Type] = [FailurePage.self]

/// Alive, and the database answers.
@Sendable private func showHealth(_ visit: Visit) async throws -> Response {
    _ = try await visit.store.officeState()
    return try visit.json(["status": "ok", "version": visit.site.version])
}

/// Prometheus text format, version 0.0.4.
@Sendable private func showMetrics(_ visit: Visit) async throws -> Response {
    let site = visit.site
    let counts = try await site.store.vitalSigns()
    var text = ""
    func gauge(_ name: String, _ help: String, _ value: String, type: String = "gauge") {
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(type)\n\(name) \(value)\n"
    }
    let up = site.store.clock.now().milliseconds - site.counters.started.milliseconds
    gauge("rollcall_uptime_seconds", "Seconds since start.", String(Double(up) / 1000))
    gauge("rollcall_writer_wait_seconds", "How long a write waits now.", String(counts.writerWait))
    gauge("rollcall_calls", "Calls that count.", String(counts.calls))
    gauge("rollcall_versions", "Live versions of files.", String(counts.versions))
    gauge("rollcall_entries", "Entries of the journal.", String(counts.entries))
    gauge("rollcall_sessions", "Sessions.", String(counts.sessions))
    if let office = visit.office, let state = try? await site.store.backupState(for: .console) {
        // Without one since the office began.
        let last = state.last?.made ?? state.founded ?? site.counters.started
        let age = (site.store.clock.now().milliseconds - last.milliseconds) / 1000
        gauge(
            "rollcall_backup_age_seconds", "Since the last backup that was written and read again.",
            String(age))
        gauge(
            "rollcall_backup_failed", "1: the last attempt at a backup or a trial failed.",
            state.failures.isEmpty ? "0" : "1")
        gauge(
            "rollcall_backup_on", "1: backups are made by themselves.",
            office.settings.backups.isOn ? "1" : "0")
    }
    if let space = try? site.store.diskSpace() {
        let marks = visit.office?.settings.disk ?? DiskMarks()
        let level = DiskMarks.Level.allCases.firstIndex(of: marks.level(of: space)) ?? 0
        gauge("rollcall_disk_free_bytes", "Free space of the data folder's disk.", String(space.free))
        gauge("rollcall_disk_size_bytes", "Size of the data folder's disk.", String(space.total))
        gauge(
            "rollcall_disk_level", "0: enough room, 1: below the warning, 2: uploads are refused.",
            String(level))
    }
    let requests = site.counters.snapshot()
    gauge(
        "rollcall_request_seconds_sum", "Seconds spent answering.", String(requests.seconds), type: "counter")
    text += "# HELP rollcall_requests_total Requests by status.\n# TYPE rollcall_requests_total counter\n"
    for (status, count) in requests.byStatus.sorted(by: { $0.key < $1.key }) {
        text += "rollcall_requests_total{status=\"\(status)\"} \(count)\n"
    }
    return Response(
        status: .ok, headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
        body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
}

/// What the process has done since it started.
final class Counters: Sendable {
    struct Snapshot: Sendable {
        var byStatus: [Int: Int] = [:]
        var seconds = 0.0
    }
    let started: Instant
    private let state = Mutex(Snapshot())

    init(started: Instant) { self.started = started }

    func count(_ status: Int, _ elapsed: Duration) {
        state.withLock { state in
            state.byStatus[status, default: 0] += 1
            state.seconds +=
                Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) / 1e18
        }
    }

    func snapshot() -> Snapshot { state.withLock { $0 } }
}
