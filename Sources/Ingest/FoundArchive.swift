import Crypto
import Domain
import Formats
import Foundation
import Storage

/// An archive as it lies in a folder of `Files/`, named after its file and version.
struct FoundArchive: Sendable {
    var path: String
    /// `<file-id>/vNNNN.tar.zst`.
    var name: String
    var file: ID<CallFile>
    var version: Int

    /// Where the calls that were deleted from the version with approval are written down.
    var deletions: String { String(path.dropLast(".tar.zst".count)) + ".deleted.json" }
}

/// Why an archive was left where it is.
struct ArchiveRefused: Error {
    var reason: String

    init(_ reason: String) { self.reason = reason }
}

/// Everything below a `Files/` folder: archives by their names, and what has no name of ours.
///
/// - Parameter folder: `Files/` itself, or a data folder that holds one.
/// - Throws: `UserError` `notFound`.
func findArchives(in folder: String) throws -> (archives: [FoundArchive], strangers: [String]) {
    var root = URL(fileURLWithPath: folder).standardizedFileURL.path
    if isPlain(root + "/Files", S_IFDIR) { root += "/Files" }
    guard let names = try? FileManager.default.contentsOfDirectory(atPath: root) else {
        throw UserError(
            .notFound, "The folder \(root) cannot be read.",
            advice: "Name the folder Files of a data folder, or a copy of it, with --from.")
    }
    var archives: [FoundArchive] = []
    var strangers: [String] = []
    for name in names.sorted() where !name.hasPrefix(unfinishedPrefix) {
        guard let file = ID<CallFile>(name), file.description == name, isPlain("\(root)/\(name)", S_IFDIR)
        else {
            strangers.append(name)
            continue
        }
        let inside = try FileManager.default.contentsOfDirectory(atPath: "\(root)/\(name)")
        for part in inside.sorted() where !part.hasPrefix(unfinishedPrefix) {
            let path = "\(root)/\(name)/\(part)"
            guard let version = versionNumber(part), isPlain(path, S_IFREG) else {
                let isNote = part.hasSuffix(".deleted.json")
                let ofArchive = String(part.dropLast(".deleted.json".count)) + ".tar.zst"
                if !isNote || !inside.contains(ofArchive) { strangers.append("\(name)/\(part)") }
                continue
            }
            archives.append(FoundArchive(path: path, name: "\(name)/\(part)", file: file, version: version))
        }
    }
    return (archives, strangers)
}

/// Of exactly that kind, and no link to one.
private func isPlain(_ path: String, _ kind: mode_t) -> Bool {
    var info = stat()
    return lstat(path, &info) == 0 && info.st_mode & S_IFMT == kind
}

/// 3 of `v0003.tar.zst`, in the one spelling that the data folder uses.
private func versionNumber(_ name: String) -> Int? {
    guard name.hasPrefix("v"), name.hasSuffix(".tar.zst") else { return nil }
    let digits = name.dropFirst().dropLast(".tar.zst".count)
    guard digits.count >= 4, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
        let version = Int(digits), version > 0, digits.count == 4 || digits.first != "0"
    else { return nil }
    return version
}

extension FoundArchive {
    /// Reads the whole archive: its manifest, and whether what it holds is what the manifest says.
    ///
    /// - Throws: `ArchiveRefused`.
    func manifest() throws -> ArchiveManifest {
        var manifest: [UInt8]?
        var original = SHA256()
        var size: Int64 = 0
        var names: Set<String> = []
        do {
            try ArchiveReader(path: path).forEachEntry { entry in
                names.insert(entry.name)
                switch entry.name {
                case "original.csv":
                    size = entry.size
                    try entry.read {
                        original.update(data: $0)
                        return true
                    }
                case "manifest.json":
                    guard entry.size <= 4 << 20 else { throw ArchiveRefused("its manifest is too large") }
                    var bytes: [UInt8] = []
                    try entry.read {
                        bytes += $0
                        return true
                    }
                    manifest = bytes
                case "calls.csv", "rejects.csv": break
                default: throw ArchiveRefused("it holds “\(entry.name)”, which is not Rollcall's")
                }
                return true
            }
        } catch let failure as ArchiveFailure {
            throw ArchiveRefused("it is damaged: \(failure.detail)")
        } catch let failure as FileFailure {
            throw ArchiveRefused(failure.words)
        }
        guard let manifest else { throw ArchiveRefused("it has no manifest.json") }
        for name in ["original.csv", "calls.csv", "rejects.csv"] where !names.contains(name) {
            throw ArchiveRefused("it has no \(name)")
        }
        guard let read = try? JSONDecoder().decode(ArchiveManifest.self, from: Data(manifest)) else {
            throw ArchiveRefused("its manifest.json cannot be read")
        }
        guard read.original == hexadecimal(original.finalize()), read.bytes == size else {
            throw ArchiveRefused("its original.csv is not what its manifest says")
        }
        try check(read)
        return read
    }

    private func check(_ manifest: ArchiveManifest) throws {
        guard manifest.format == 1 else {
            throw ArchiveRefused("a newer release made it (format \(manifest.format))")
        }
        guard manifest.file == file, manifest.version == version else {
            throw ArchiveRefused("its manifest is of \(manifest.file), version \(manifest.version)")
        }
        do { try checkFileName(manifest.fileName) } catch {
            throw ArchiveRefused("its manifest names a file that cannot be kept")
        }
        let counts = manifest.counts
        guard counts.isBalanced, counts.accepted > 0,
            [counts.rows, counts.duplicate, counts.changed, counts.rejected, counts.blank].allSatisfy({
                $0 >= 0
            })
        else { throw ArchiveRefused("the rows in its manifest do not add up") }
        guard FileFormat.all.contains(where: { $0.key == manifest.mapping.format }) else {
            throw ArchiveRefused("its format “\(manifest.mapping.format)” is not known to this release")
        }
        guard !manifest.by.isEmpty, manifest.by.utf8.count <= 400, !manifest.sourceName.isEmpty,
            manifest.sourceName.count <= 60,
            (manifest.by + manifest.sourceName).unicodeScalars.allSatisfy({
                $0.properties.generalCategory != .control
            })
        else { throw ArchiveRefused("its manifest names nobody, or no source") }
    }
}
