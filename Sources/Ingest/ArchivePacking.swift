import Formats
import Foundation

/// The archive of an import, packed while its rows are still being read: the bytes as uploaded first, then
/// what became of them. Packing needs only files, so it shares the box's cores with the database's work.
final class ArchivePacking: Sendable {
    private let path: String
    private let manifest = Awaited<[UInt8]>()
    private let archive: Awaited<ArchiveSummary>

    init(
        of file: ReceivedFile, calls: String, rejects: String, to path: String,
        isCancelled: @escaping @Sendable () -> Bool
    ) {
        self.path = path
        let entries = [
            ArchiveEntry(name: "original.csv", content: .file(path: file.path, size: file.size)),
            ArchiveEntry(
                name: "calls.csv",
                content: .later { [manifest] in
                    // The rows are all there once the manifest is.
                    _ = try manifest.wait()
                    return .file(path: calls, size: nil)
                }),
            ArchiveEntry(name: "rejects.csv", content: .file(path: rejects, size: nil)),
            ArchiveEntry(
                name: "manifest.json", content: .later { [manifest] in .bytes(try manifest.wait()) }),
        ]
        archive = inBackground { [manifest] in
            try makeDirectory(Self.folder(of: path))
            return try writeArchive(
                entries, to: path,
                isCancelled: { isCancelled() || manifest.hasFailed })
        }
    }

    /// Says that calls and rejects are written to their end.
    func finish(manifest bytes: [UInt8]) { manifest.settle(.success(bytes)) }

    /// Waits until the archive is durable.
    func wait() throws -> ArchiveSummary { try archive.wait() }

    /// Stops, and removes what there is.
    func abandon() {
        manifest.settle(.failure(CancellationError()))
        _ = try? archive.wait()
        try? removeDurably(path)
        // Fails, as it should, where other versions are.
        rmdir(Self.folder(of: path))
    }

    private static func folder(of path: String) -> String {
        URL(fileURLWithPath: path).deletingLastPathComponent().path
    }
}
