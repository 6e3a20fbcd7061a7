import Domain
import GRDB

/// When business days begin, office by office: a call's day is that of its own office's clock.
struct CutOvers: Sendable {
    /// Seconds past midnight; of the own office.
    let own: Int
    /// Seconds, of offices where the day begins at another time than in the own one.
    private let others: [String: Int]
    /// Seconds by the number of a dialer's name, of those same offices.
    private var names: [Int64: Int] = [:]

    init(_ db: Database) throws {
        let rows = try Row.fetchAll(
            db,
            sql: """
                SELECT id, 60 * coalesce(rules ->> '$.cutOverMinutes', 0), id = (SELECT office FROM folder)
                FROM office
                """)
        let own: Int = rows.first { $0[2] as Bool }.map { $0[1] } ?? 0
        self.own = own
        others = Dictionary(rows.map { ($0[0] as String, $0[1] as Int) }) { first, _ in first }
            .filter { $0.value != own }
        for (office, seconds) in others {
            let numbers = try Int64.fetchAll(
                db, sql: "SELECT number FROM agentName WHERE office = ?", arguments: [office])
            for number in numbers { names[number] = seconds }
        }
    }

    func seconds(ofName name: Int64) -> Int { names[name] ?? own }

    func seconds(of office: String) -> Int { others[office] ?? own }

    /// The same as SQL, on a column with the number of a dialer's name; a number where all offices agree.
    func ofName(_ column: String) -> String {
        guard !others.isEmpty else { return String(own) }
        let cases = others.sorted { $0.key < $1.key }.map { "WHEN '\($0.key)' THEN \($0.value)" }
        return """
            (SELECT CASE x.office \(cases.joined(separator: " ")) ELSE \(own) END
              FROM agentName x WHERE x.number = \(column))
            """
    }
}
