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
        try append(.incarnationBegun(IncarnationBegun(reason: reason, heads: try OfficeStore.heads(db))))
    }
}

extension OfficeStore {
    /// Begins a new chain where the folder is not where it was: on another disk or box, or a copy of it.
    ///
    /// - Parameter place: what tells this folder from every other one; nil: the system does not say.
    func noticePlace(_ place: String?) throws {
        guard let place else { return }
        try writeNow(as: .program) { tx in
            guard let row = try Row.fetchOne(tx.db, sql: "SELECT place FROM folder") else { return }
            let known: String? = row["place"]
            guard known != place else { return }
            if known != nil { try tx.beginIncarnation(.moved) }
            try tx.db.execute(sql: "UPDATE folder SET place = ?", arguments: [place])
        }
    }
}

extension DataFolder {
    /// The machine, the disk and the number of the database's file on it: a copy has another one.
    var place: String? {
        var status = stat()
        guard stat(database, &status) == 0 else { return nil }
        let machine = (try? String(contentsOfFile: "/etc/machine-id", encoding: .utf8)) ?? ""
        return
            "\(machine.trimmingCharacters(in: .whitespacesAndNewlines)) \(status.st_dev) \(status.st_ino)"
    }
}
