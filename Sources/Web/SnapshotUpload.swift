import Domain
import Formats
import Foundation
import HTTPTypes
import Hummingbird
import Ingest
import Storage

extension SignedIn {
    /// The file of a form, streamed to the disk; as large as the disk has room for. The caller removes it.
    ///
    /// - Throws: `UserError` where none was chosen, where it broke off, or where there is no room: nothing is kept then.
    func receiveSnapshot() async throws -> (file: ReceivedFile, name: String) {
        let space = try self.store.diskSpace()
        let marks = office.settings.disk
        try marks.requireRoom(on: space)
        let limit = max(1, space.free - marks.refuseBelow)
        if let declared = visit.request.headers[.contentLength].flatMap({ Int64($0) }), declared > limit {
            throw Self.noRoom(declared, limit)
        }
        var incoming: IncomingFile?
        var whole: (ReceivedFile, String)?
        var name = ""
        do {
            try await readForm { event in
                switch event {
                case .part(_, let fileName, _):
                    guard let fileName, !fileName.isEmpty, whole == nil else { return }
                    name = String(fileName.split(whereSeparator: { $0 == "/" || $0 == "\\" }).last ?? "file")
                    incoming = try IncomingFile(
                        folder: self.store.folder, ids: self.store.ids, clock: self.store.clock, limit: limit,
                        ending: "rollcall")
                case .data(let bytes):
                    if let incoming { try bytes.withUnsafeBytes { try incoming.append($0) } }
                case .partEnd:
                    if let file = incoming { whole = (try file.finish(), String(name.prefix(200))) }
                    incoming = nil
                }
            }
        } catch {
            incoming?.discard()
            if let whole { unlink(whole.0.path) }
            if let failure = error as? FileFailure, failure.isDiskFull { throw UserError.diskFull }
            if let error = error as? UserError, error.code == .tooLarge { throw Self.noRoom(limit, limit) }
            throw error
        }
        guard let whole, whole.0.size > 0 else {
            if let whole { unlink(whole.0.path) }
            throw UserError(
                .invalid, "No file was chosen, or an empty one.",
                advice: "Choose the file that the other office wrote; its name ends in .rollcall.")
        }
        return whole
    }

    private static func noRoom(_ size: Int64, _ limit: Int64) -> UserError {
        UserError(
            .diskFull,
            "The file does not fit: it has \(size / 1_000_000) MB or more, and this box takes \(limit / 1_000_000) MB. Nothing was kept.",
            advice: "Make room on the disk; the page Storage, under Files, shows what takes it.")
    }
}
