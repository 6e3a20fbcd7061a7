import Domain
import Formats
import Foundation
import Storage

/// Where a recovered archive belongs in the office's own folder, and how it comes there.
struct ArchivePlace {
    private let source: FoundArchive
    private let hash: String
    private let path: String
    /// Whether nothing lies there yet.
    let isNew: Bool

    /// - Throws: `ArchiveRefused` where something else lies there.
    init(_ source: FoundArchive, hash: String, in folder: DataFolder) throws {
        self.source = source
        self.hash = hash
        path = folder.archive(of: source.file, version: source.version)
        isNew = access(path, F_OK) != 0
        guard isNew || fileHash(path)?.hex == hash else {
            throw ArchiveRefused("another archive lies at \(path)")
        }
    }

    /// Puts the archive there byte for byte and durably; one that is there already is only made durable.
    func fill() throws {
        guard isNew else { return try makeDurable(path) }
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
        try makeDirectory(folder)
        if access(source.deletions, F_OK) == 0 {
            let note = folder + "/" + URL(fileURLWithPath: source.deletions).lastPathComponent
            try copy(source.deletions, to: note)
        }
        if try !(isOurs && linkDurably(source.path, to: path)) { try copy(source.path, to: path) }
        guard fileHash(path)?.hex == hash else {
            throw ArchiveRefused("it was changed while it was being taken")
        }
    }

    /// Takes away what `fill` put there.
    func empty() {
        guard isNew else { return }
        unlink(path)
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
        unlink(folder + "/" + URL(fileURLWithPath: source.deletions).lastPathComponent)
        // Fails, as it should, where other versions are.
        rmdir(folder)
    }

    /// A second name would keep the owner and the rights of the first.
    private var isOurs: Bool {
        var info = stat()
        return lstat(source.path, &info) == 0 && info.st_uid == geteuid() && info.st_mode & 0o7777 == 0o600
    }

    private func copy(_ source: String, to path: String) throws {
        let descriptor = open(source, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileFailure(.open, source, errno: errno) }
        defer { close(descriptor) }
        try writeFile(to: path) { sink in
            try withUnsafeTemporaryAllocation(byteCount: 1 << 18, alignment: 16) { buffer in
                while true {
                    let count = read(descriptor, buffer.baseAddress, buffer.count)
                    if count < 0, errno == EINTR { continue }
                    guard count >= 0 else { throw FileFailure(.read, source, errno: errno) }
                    if count == 0 { return }
                    try sink.write(
                        raw: UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer).prefix(count)))
                }
            }
        }
    }
}
