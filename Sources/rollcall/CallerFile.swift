import Domain
import Foundation
import Ingest
import Storage

/// A file of whoever calls a command, given as its first input: a server that performs the command may not see it, for
/// its `/tmp` is its own, homes are closed to it, and other users' files are not its to read.
enum CallerFile {
    /// Absolute paths.
    case reads(String)
    case writes(String)

    private var path: String {
        switch self {
        case .reads(let path), .writes(let path): path
        }
    }

    /// Where the server finds the file, or leaves it.
    struct Place: Codable {
        /// In a folder of its own in `Incoming/`, so that it has its real name.
        var path: String
        /// Where the caller wants it, and a file there that tells the server whether it is the same folder; nil: it reads.
        var wanted: String?
        var probe: String?

        /// What the server works with.
        var chosen: String {
            guard let wanted, let probe, access(probe, F_OK) == 0,
                access(URL(fileURLWithPath: wanted).deletingLastPathComponent().path, W_OK) == 0
            else { return path }
            return wanted
        }
    }

    static func unwritable(_ folder: String) -> UserError {
        UserError(
            .unreadable, "Nothing can be written in \(folder).",
            advice: "Check that the folder is there, and that you may write in it.")
    }

    /// What was written onto a stick is read back, and the stick may be taken out then.
    func finish() throws {
        guard case .writes(let path) = self, access(path, F_OK) == 0, isRemovable(path) else { return }
        try readBack(fromStick: path)
        writeError("\(path) was read back and is whole. You may take the stick out.\n")
    }

    /// Has a server perform something with the file, and brings what it wrote to where the caller wants it.
    ///
    /// - Parameter perform: with the place; returns an exit status, nil where no server listens.
    /// - Throws: `UserError` where the caller himself cannot read or write there.
    func lend(to folder: DataFolder, _ perform: (Place) throws -> Int32?) throws -> Int32? {
        let id: ID<CallerFile> = IDs.system.next(at: Clock.system.now())
        let own = "\(folder.incoming)/console-\(id)"
        var place = Place(path: "\(own)/\(URL(fileURLWithPath: path).lastPathComponent)")
        let files = FileManager.default
        try files.createDirectory(
            atPath: own, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
        defer { try? files.removeItem(atPath: own) }
        folder.handOver(own)
        switch self {
        case .reads(let path):
            // What is not there, the server says in the words of its command.
            guard access(path, F_OK) == 0 else { break }
            do { try files.copyItem(atPath: path, toPath: place.path) } catch {
                throw UserError(
                    .unreadable, "\(path) cannot be read, or there is no room for a copy of it.",
                    advice: "Check whose file it is, and the room on the box's disk.")
            }
            folder.handOver(place.path)
            return try perform(place)
        case .writes(let path):
            let wanted = URL(fileURLWithPath: path).deletingLastPathComponent().path
            let probe = "\(wanted)/.rollcall-\(id)"
            guard files.createFile(atPath: probe, contents: nil) else { throw Self.unwritable(wanted) }
            defer { unlink(probe) }
            (place.wanted, place.probe) = (path, probe)
            let status = try perform(place)
            if status == 0, access(place.path, F_OK) == 0 {
                do {
                    try copyToStick(
                        place.path, into: wanted, named: URL(fileURLWithPath: path).lastPathComponent)
                } catch let error as UserError {
                    throw UserError(
                        error.code, "It was written, and could not be brought to \(path). \(error.message)",
                        advice: error.advice)
                }
            }
            return status
        }
        return try perform(Place(path: path))
    }
}
