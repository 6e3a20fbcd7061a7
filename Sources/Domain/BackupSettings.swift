import Foundation

/// When this box makes backups, and where they go.
public struct BackupSettings: Hashable, Codable, Sendable {
    public enum Pace: String, Hashable, Codable, Sendable, CaseIterable {
        /// Where something changed since the last one; else after a day.
        case hourly
        case daily

        public var seconds: Int64 { self == .hourly ? 3600 : 86_400 }
    }

    public var isOn: Bool
    public var pace: Pace
    /// Once a week the last backup is restored for trial.
    public var drills: Bool
    /// An absolute path, of a stick or another box's disk; nil: `Backups` in the data folder.
    public var folder: String?

    public init(isOn: Bool = true, pace: Pace = .daily, drills: Bool = true, folder: String? = nil) {
        self.isOn = isOn
        self.pace = pace
        self.drills = drills
        self.folder = folder
    }

    public func check() throws {
        guard let folder else { return }
        guard folder.hasPrefix("/"), folder.utf8.count <= 1000,
            folder.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7f }),
            !folder.split(separator: "/").contains("..")
        else {
            throw UserError(
                .invalid, "“\(folder)” is no folder that backups can go to.",
                advice: "Write its whole path, /media/backups for example; empty for the data folder's own.")
        }
    }
}

/// The name of a backup's file: office and moment, so that it says what it is wherever it is carried.
public enum BackupName {
    public static let ending = ".rollcall"

    /// `north-branch-20261123T060000Z.rollcall`, of letters, digits and hyphens.
    ///
    /// - Parameter isTaken: whether there is a file of that name already.
    public static func make(office: String, at moment: Instant, isTaken: (String) -> Bool) -> String {
        let base = "\(fileNamePart(office))-\(stamp(moment))"
        var name = base + ending
        var number = 2
        while isTaken(name), number < 1000 {
            name = "\(base)-\(number)\(ending)"
            number += 1
        }
        return name
    }

    /// Safe for a folder's or a file's name: `20261123T060000Z`.
    public static func stamp(_ moment: Instant) -> String {
        let time = moment.local(in: .gmt)
        return time.day.iso.filter { $0 != "-" } + "T" + time.clock.filter { $0 != ":" } + "Z"
    }

    /// The moment of a stamp, which something may follow; nil: it is none.
    public static func moment(ofStamp text: String) -> Instant? {
        let digits = text.prefix(16).filter(\.isNumber)
        guard text.count >= 16, digits.count == 14, let number = Int64(digits),
            let day = Day(
                iso: "\(text.prefix(4))-\(text.dropFirst(4).prefix(2))-\(text.dropFirst(6).prefix(2))")
        else { return nil }
        let time = number % 1_000_000
        let seconds = time / 10_000 * 3600 + time / 100 % 100 * 60 + time % 100
        return Instant(milliseconds: (Int64(day.number) * 86_400 + seconds) * 1000)
    }

    /// Whether a backup could be called this; never a path.
    public static func isName(_ name: String) -> Bool {
        name.utf8.count <= 200 && name.hasSuffix(ending) && !name.hasPrefix(".")
            && name.unicodeScalars.allSatisfy {
                $0.value >= 0x20 && $0.value != 0x7f && $0 != "/" && $0 != "\\"
            }
    }
}
