import Domain
import Foundation
import GRDB

extension Transaction {
    /// Goes on with a new chain: two boxes must never write the same one.
    mutating func beginIncarnation(_ reason: IncarnationBegun.Reason) throws {
        guard let chain = try ChainIdentity.fetch(db) else { throw UserError.notSetUp }
        let taken = try Set(
            Int.fetchAll(
                db, sql: "SELECT DISTINCT incarnation FROM journal WHERE office = ?",
                arguments: [chain.office.description]))
        // By chance, not counted up: two boxes restored from one backup would count to the same.
        var incarnation = chain.incarnation
        while incarnation <= 1 || taken.contains(incarnation) {
            incarnation = ids.random().prefix(4).reduce(0) { $0 << 8 | Int($1) } & 0x7fff_ffff
        }
        try db.execute(sql: "UPDATE folder SET incarnation = ?", arguments: [incarnation])
        // They are numbers of the chain that ends here: of the new one others will have the same.
        try db.execute(sql: "UPDATE journal SET arrival = NULL WHERE arrival IS NOT NULL")
        try append(.incarnationBegun(IncarnationBegun(reason: reason, heads: try OfficeStore.heads(db))))
    }
}

/// What tells a data folder from every other one, as the system says it; handed in, so that a test can move one.
public struct FolderPlace: Sendable {
    /// nil: the system does not say.
    public var of: @Sendable (DataFolder) -> String?

    public init(of: @escaping @Sendable (DataFolder) -> String?) { self.of = of }

    /// The machine, the file system and the number of the database's file in it: a copy has others. Not the disk's
    /// number, which many systems give anew at each start.
    public static let system = FolderPlace { folder in
        var status = stat()
        var system = statvfs()
        guard stat(folder.database, &status) == 0, statvfs(folder.database, &system) == 0 else { return nil }
        let machine = (try? String(contentsOfFile: "/etc/machine-id", encoding: .utf8)) ?? ""
        return
            "\(machine.trimmingCharacters(in: .whitespacesAndNewlines)) \(system.f_fsid) \(status.st_ino)"
    }
}

extension OfficeStore {
    /// Begins a new chain where the folder is not where it was: on another disk or box, or a copy of it.
    func noticePlace() throws {
        guard let now = place.of(folder) else { return }
        let isKnown = try pool.read { db in
            try Bool.fetchOne(db, sql: "SELECT place IS ? FROM folder", arguments: [now])
        }
        guard isKnown == false else { return }
        try writeNow(as: .program) { tx in
            let known = try String.fetchOne(tx.db, sql: "SELECT place FROM folder")
            if known != nil { try tx.beginIncarnation(.moved) }
            try tx.db.execute(sql: "UPDATE folder SET place = ?", arguments: [now])
        }
    }
}
