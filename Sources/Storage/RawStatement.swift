import Foundation
import GRDB
import GRDBSQLite

/// A cached statement bound and stepped without a detour, for what is done once a row of a file.
struct RawStatement {
    private let handle: OpaquePointer

    init(_ db: Database, _ sql: String) throws { handle = try db.cachedStatement(sql: sql).sqliteStatement }

    func bind(_ number: Int64, at index: Int32) { sqlite3_bind_int64(handle, index, number) }

    func bind(_ number: Int64?, at index: Int32) {
        if let number { bind(number, at: index) } else { sqlite3_bind_null(handle, index) }
    }

    func bind(_ text: String?, at index: Int32) {
        guard var text else {
            sqlite3_bind_null(handle, index)
            return
        }
        text.withUTF8 { utf8 in
            utf8.withMemoryRebound(to: CChar.self) { characters in
                _ = sqlite3_bind_text(
                    handle, index, characters.baseAddress, Int32(clamping: characters.count), Self.transient)
            }
        }
    }

    func bind(_ bytes: [UInt8], at index: Int32) {
        sqlite3_bind_blob(handle, index, bytes, Int32(clamping: bytes.count), Self.transient)
    }

    /// Binds a column of another statement's present row, whatever its type.
    func bind(column: Int32, of other: RawStatement, at index: Int32) {
        sqlite3_bind_value(handle, index, sqlite3_column_value(other.handle, column))
    }

    /// The next row is there; its columns may be read until the next step.
    ///
    /// - Throws: `DatabaseError`.
    func step() throws -> Bool {
        switch sqlite3_step(handle) {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        case let code:
            throw DatabaseError(
                resultCode: ResultCode(rawValue: code),
                message: String(cString: sqlite3_errmsg(sqlite3_db_handle(handle))))
        }
    }

    /// For statements without rows, and before the next use.
    func run() throws {
        defer { reset() }
        while try step() {}
    }

    func reset() { sqlite3_reset(handle) }

    /// Rows that the last statement wrote.
    var changes: Int { Int(sqlite3_changes(sqlite3_db_handle(handle))) }

    func number(_ column: Int32) -> Int64 { sqlite3_column_int64(handle, column) }
    func isNull(_ column: Int32) -> Bool { sqlite3_column_type(handle, column) == SQLITE_NULL }

    /// SQLite copies the value before the call returns.
    private static let transient = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
}

extension Database {
    /// Runs a statement that is prepared once, and not anew each time.
    func run(sql: String, arguments: StatementArguments = StatementArguments()) throws {
        try cachedStatement(sql: sql).execute(arguments: arguments)
    }
}
