import ArgumentParser
import Domain
import Foundation
import Storage

struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Look at the box and the data folder, and say what is amiss.")

    @OptionGroup var office: OfficeOptions

    private struct Report: Encodable {
        var ok: Bool
        var version: String
        var checks: [CheckResult]
    }

    func run() async throws {
        let folder = office.folder
        var checks: [CheckResult] = [folderCheck(folder)]
        if FileManager.default.fileExists(atPath: folder.path) {
            let (check, marks, backups) = try await officeCheck(folder)
            checks.append(spaceCheck(folder, marks))
            checks.append(check)
            if let backups {
                checks.append(CheckResult(name: "backups", ok: backups.ok, detail: backups.standing))
            }
            checks += certificateCheck(folder)
        }
        checks.append(clockCheck())
        let isWell = checks.allSatisfy(\.ok)
        if office.json {
            writeOutput(try machineJSON(Report(ok: isWell, version: Version.text, checks: checks)) + "\n")
        } else {
            writeOutput("Rollcall \(Version.text)\n")
            for check in checks {
                writeOutput("\(check.ok ? "ok    " : "AMISS ") \(check.name): \(check.detail)\n")
            }
        }
        if !isWell { throw ExitCode(UserError.Code.damaged.exitCode) }
    }

    private func folderCheck(_ folder: DataFolder) -> CheckResult {
        guard let attributes = try? FileManager.default.attributesOfItem(atPath: folder.path) else {
            return CheckResult(
                name: "data folder", ok: false,
                detail:
                    "\(folder.path) does not exist or cannot be read; “rollcall serve --data \(folder.path)” makes it"
            )
        }
        let mode = (attributes[.posixPermissions] as? NSNumber)?.intValue ?? 0
        let isPrivate = mode & 0o077 == 0
        return CheckResult(
            name: "data folder", ok: isPrivate,
            detail: isPrivate
                ? folder.path : "others can look into \(folder.path); run “chmod 700 \(folder.path)”")
    }

    private func spaceCheck(_ folder: DataFolder, _ marks: DiskMarks) -> CheckResult {
        guard let space = try? Disk.system.space(folder.path) else {
            return CheckResult(name: "disk", ok: false, detail: "the free space cannot be told")
        }
        let free = "\(space.free / 1_000_000) of \(space.total / 1_000_000) MB free"
        let words =
            switch marks.level(of: space) {
            case .plenty: free
            case .low:
                "\(free); the warning is at \(marks.warnBelow(of: space) / 1_000_000) MB, uploads end below \(marks.refuseMegabytes) MB"
            case .full:
                "\(free); uploads are refused below \(marks.refuseMegabytes) MB. “rollcall files storage” shows what takes the space"
            }
        return CheckResult(name: "disk", ok: marks.level(of: space) == .plenty, detail: words)
    }

    /// Also the marks of the disk and how the backups stand, which a running server is asked for.
    private func officeCheck(_ folder: DataFolder) async throws -> (
        CheckResult, DiskMarks, BackupCommand.Standing?
    ) {
        do {
            let store = try OfficeStore(folder: folder)
            let state = try await store.officeState()
            let backups = state == nil ? nil : try await BackupCommand.standing(store)
            try store.close()
            let check = CheckResult(
                name: "office", ok: true,
                detail: state.map { "“\($0.office.rules.name)”, no server is running" }
                    ?? "none yet; “rollcall serve” prints how to begin")
            return (check, state?.settings.disk ?? DiskMarks(), backups)
        } catch let error as UserError where error.code == .busy {
            let check = CheckResult(
                name: "office", ok: true, detail: "a server is running (\(error.message))")
            return (
                check, FilesStorageCommand.marks(ofServerAt: folder) ?? DiskMarks(),
                BackupCommand.standing(ofServerAt: folder)
            )
        } catch let error as UserError {
            let check = CheckResult(name: "office", ok: false, detail: "\(error.message) \(error.advice)")
            return (check, DiskMarks(), nil)
        }
    }

    private func certificateCheck(_ folder: DataFolder) -> [CheckResult] {
        let keys = (try? FileManager.default.contentsOfDirectory(atPath: folder.keys)) ?? []
        return keys.sorted().compactMap { name in
            let attributes = try? FileManager.default.attributesOfItem(atPath: folder.keys + "/" + name)
            let mode = (attributes?[.posixPermissions] as? NSNumber)?.intValue ?? 0
            guard mode & 0o077 != 0 else { return nil }
            return CheckResult(
                name: "keys", ok: false,
                detail: "others can read \(name); run “chmod 600 \(folder.keys)/\(name)”")
        }
    }

    /// A clock before this release was made has stopped or was never set.
    private func clockCheck() -> CheckResult {
        let day = Clock.system.now().local(in: .gmt).day
        let isSane = day >= (Day(year: 2026, month: 1, day: 1) ?? day)
        return CheckResult(
            name: "clock", ok: isSane,
            detail: isSane ? "\(day.iso) UTC" : "\(day.iso) cannot be right; set the box's clock")
    }
}
