import Domain
import Foundation
import GRDB
import Testing

@testable import Storage

@Suite struct OfficeStoreTests {
    @Test func `what was answered done is on disk: the writer syncs each commit, and caches 40 MB`()
        async throws
    {
        let folder = DataFolder(path: FileManager.default.temporaryDirectory.path + "/rollcall-\(UUID())")
        defer { try? FileManager.default.removeItem(atPath: folder.path) }
        let store = try OfficeStore(folder: folder)
        let (synchronous, journal, cache) = try await store.pool.writeWithoutTransaction { db in
            (
                try Int.fetchOne(db, sql: "PRAGMA synchronous"),
                try String.fetchOne(db, sql: "PRAGMA journal_mode"),
                try Int.fetchOne(db, sql: "PRAGMA cache_size")
            )
        }
        #expect(synchronous == 2)
        #expect(journal == "wal")
        #expect(cache == -40000)
        try store.close()
    }
}
