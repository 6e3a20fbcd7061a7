import ArgumentParser
import Domain
import Foundation
import Storage
import Web

/// Which versions of files somebody wants to see.
enum FileStateChoice: String, ExpressibleByArgument, CaseIterable {
    case live
    case trashed
    case purged
    case all

    /// nil: any.
    var state: VersionState? { VersionState(rawValue: rawValue) }

    func holds(_ version: FileVersion) -> Bool { state.map { $0 == version.state } ?? true }
}

extension OfficeSession {
    func format() async throws -> OfficeFormat {
        OfficeFormat(zone: try await store.officeState()?.timeZone ?? .gmt)
    }

    /// How a version stands, with the deletions that are in force on it.
    func standing(of version: FileVersion) async throws -> FileStanding {
        var rows: [DeleteRequestRow] = []
        for id in version.deletions { rows.append(try await store.deleteRequest(id, for: .console)) }
        return FileStanding(version, deletions: rows)
    }

    func printLine(of version: FileVersion, json: Bool) async throws {
        let (standing, format) = (try await standing(of: version), try await format())
        print(
            try json
                ? machineJSON(FileListing.Entry(standing, format))
                : "\(version.line); \(standing.words(format))")
    }
}
