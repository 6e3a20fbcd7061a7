import Domain
import Foundation
import GRDB

extension OfficeStore {
    /// What a person can mend of an error below: a full disk, a busy writer; nil for everything else.
    public static func userError(for error: any Error) -> UserError? {
        if let error = error as? DatabaseError {
            switch error.resultCode {
            case .SQLITE_FULL: return diskFull
            case .SQLITE_BUSY, .SQLITE_LOCKED:
                return UserError(
                    .busy, "The office is busy. Nothing was changed.", advice: "Try again in a moment.")
            default: return nil
            }
        }
        let code = (error as? CocoaError)?.code
        return code == .fileWriteOutOfSpace ? diskFull : nil
    }

    private static let diskFull = UserError(
        .diskFull, "The disk is full. Nothing was changed.", advice: "Make room on the disk and try again.")
}
