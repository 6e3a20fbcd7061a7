import Domain
import Foundation
import GRDB

extension OfficeStore {
    /// Keeps the questions that a snapshot of `office` raises; those that it no longer raises are gone.
    ///
    /// - Returns: those that nobody has allowed.
    public func ask(_ questions: [ExchangeQuestion], of office: ID<Office>) throws -> [ExchangeQuestion] {
        let now = clock.now()
        return try pool.write { db in
            let keys = Set(questions.map(\.key))
            for row in try Row.fetchAll(db, sql: "SELECT key, question, allowed FROM exchangeQuestion") {
                let known = try fromJSON(ExchangeQuestion.self, row["question"])
                // A delta need not have entries of an office that is left out; the next full one has.
                if known.from == office, !keys.contains(known.key), try !isLeftOut(known, row, db) {
                    try db.execute(
                        sql: "DELETE FROM exchangeQuestion WHERE key = ?", arguments: [known.key])
                }
            }
            for question in questions {
                try db.execute(
                    sql: """
                        INSERT INTO exchangeQuestion (key, question, found) VALUES (?, ?, ?)
                        ON CONFLICT (key) DO UPDATE SET question = excluded.question
                        """, arguments: [question.key, try jsonText(question), now.milliseconds])
            }
            let allowed = try String.fetchSet(
                db, sql: "SELECT key FROM exchangeQuestion WHERE allowed IS NOT NULL")
            return questions.filter { !allowed.contains($0.key) }
        }
    }

    /// Whether somebody has allowed that an office's entries are left out, and it is not paired yet.
    private func isLeftOut(_ question: ExchangeQuestion, _ row: Row, _ db: Database) throws -> Bool {
        guard question.kind == .unpaired, row["allowed"] as Int64? != nil else { return false }
        return try Bool.fetchOne(
            db, sql: "SELECT 1 FROM peer WHERE office = ?", arguments: [question.about.description]) == nil
    }

    /// Offices of which nothing is taken that `office` hands on: their pairing was ended, or somebody has said that it
    /// goes on without them.
    public func leftOut(from office: ID<Office>) throws -> Set<ID<Office>> {
        try pool.read { db in
            var offices = try Set(
                String.fetchAll(db, sql: "SELECT office FROM peer WHERE revoked = 1").compactMap {
                    ID<Office>($0)
                })
            let rows = try Row.fetchAll(
                db, sql: "SELECT question, allowed FROM exchangeQuestion WHERE allowed IS NOT NULL")
            for row in rows {
                let question = try fromJSON(ExchangeQuestion.self, row["question"])
                if question.from == office, try isLeftOut(question, row, db) {
                    offices.insert(question.about)
                }
            }
            return offices
        }
    }

    /// Once what was allowed was done: a clock is asked about each time.
    public func forgetClockQuestion(of office: ID<Office>) throws {
        try pool.write { db in
            for row in try Row.fetchAll(db, sql: "SELECT key, question FROM exchangeQuestion") {
                let known = try fromJSON(ExchangeQuestion.self, row["question"])
                if known.from == office, known.kind == .clock {
                    try db.execute(
                        sql: "DELETE FROM exchangeQuestion WHERE key = ?", arguments: [known.key])
                }
            }
        }
    }

    /// What exchanges stopped at, the latest first.
    public func exchangeQuestions(for viewer: Viewer) async throws -> [OpenQuestion] {
        try viewer.require(.manageOffices)
        return try await read { db in
            try Row.fetchAll(
                db, sql: "SELECT question, found, allowed FROM exchangeQuestion ORDER BY found DESC, key"
            ).map { row in
                OpenQuestion(
                    question: try fromJSON(ExchangeQuestion.self, row["question"]),
                    found: Instant(milliseconds: row["found"]),
                    allowed: (row["allowed"] as Int64?).map(Instant.init(milliseconds:)))
            }
        }
    }

    /// How many wait for an answer.
    public func exchangeQuestionCount(for viewer: Viewer) async throws -> Int {
        guard viewer.may(.manageOffices) else { return 0 }
        return try await read { db in
            try Int.fetchOne(db, sql: "SELECT count(*) FROM exchangeQuestion WHERE allowed IS NULL") ?? 0
        }
    }

    /// Lets exchanges go on despite what a question says, or has them stop and ask again.
    ///
    /// - Throws: `UserError` `stale` where that is so already, or it is no longer asked.
    public func allowExchange(_ key: String, isAllowed: Bool = true, for viewer: Viewer, by actor: Actor)
        async throws
    {
        try viewer.require(.manageOffices)
        try await write(as: actor) { tx in
            let text = try String.fetchOne(
                tx.db,
                sql: "SELECT question FROM exchangeQuestion WHERE key = ? AND (allowed IS NULL) = ?",
                arguments: [key, isAllowed])
            guard let text else {
                throw UserError(
                    .stale, "This question is answered already, or no longer asked.",
                    advice: "Look at the page Exchange again.")
            }
            try tx.db.execute(
                sql: "UPDATE exchangeQuestion SET allowed = ? WHERE key = ?",
                arguments: [isAllowed ? tx.now.milliseconds : nil, key])
            // What stopped is tried again at once.
            try tx.db.execute(sql: "DELETE FROM exchangeFile WHERE file ->> '$.state' = 'asks'")
            try tx.append(
                .exchangeAllowed(
                    ExchangeAllowed(
                        question: try fromJSON(ExchangeQuestion.self, text), isTakenBack: !isAllowed)))
        }
    }
}
