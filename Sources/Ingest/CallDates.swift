import Domain
import Formats

/// Settles how a file's dates are to be read: by the whole column, or by a person, never by a guess.
struct CallDates {
    let file: String
    let dialect: CSVDialect
    let map: ColumnMap
    private let column: Int
    private let role: ColumnRole

    init(file: String, dialect: CSVDialect, map: ColumnMap) throws {
        self.file = file
        self.dialect = dialect
        self.map = map
        role = map.index(.logTime) != nil ? .logTime : .date
        guard let column = map.index(role) else {
            throw UserError(.unknownFormat, "The file has no date column.", advice: "Export it with one.")
        }
        self.column = column
    }

    /// - Parameter wholeColumn: false: a column that begins year first is taken to go on so, and the
    ///   cleaner stops where it does not.
    func settle(asked: DateOrder?, usual: String?, wholeColumn: Bool) throws -> DateOrder {
        let beginning = try read(rows: 1000)
        if !wholeColumn, beginning.values > 0, beginning.yearFirst + beginning.epochs == beginning.values {
            return .ymd
        }
        let whole = try read(rows: .max)
        switch whole.verdict {
        case .none where whole.values == 0:
            throw UserError(
                .noRows, "The file has a header and no rows.",
                advice: "Export a period that has calls. Nothing was kept.")
        case .none:
            throw UserError(
                .noRows, "No value under “\(map.heading(role))” is a date.",
                advice: "Check that the columns are under the right headings. Nothing was kept.")
        case .decided(let order):
            guard let asked, asked != order, order != .ymd else { return order }
            throw UserError(
                .invalid, "The dates of this file can only be read \(order.words).",
                advice: "Leave the date order open, or choose \(order.words).")
        case .ambiguous(let orders):
            if let asked, orders.contains(asked) { return asked }
            if let usual = usual.flatMap(DateOrder.init(rawValue:)), orders.contains(usual) { return usual }
            let (month, day, either) = (whole.onlyMonthFirst, whole.onlyDayFirst, whole.either)
            guard month == 0 || day == 0 else {
                throw UserError(
                    .dateOrder,
                    "The dates under “\(map.heading(role))” are mixed: \(month) can only be read month first, \(day) only day first, \(either) either way.",
                    advice:
                        "Say whether the day or the month comes first (--date-order dmy or mdy); lines that cannot be read so are rejected."
                )
            }
            throw UserError(
                .dateOrder,
                "The dates under “\(map.heading(role))” can be read in two ways, and nothing in the file decides: \(either) \(either == 1 ? "value fits" : "values fit") both.",
                advice: "Say whether the day or the month comes first (--date-order dmy or mdy).")
        }
    }

    private func read(rows limit: Int) throws -> DateColumn {
        var reader = try CSVReader(path: file, dialect: dialect)
        reader.doubtsQuotes = true
        var row = CSVRow()
        var dates = DateColumn()
        var seen = 0
        while seen < limit, try reader.next(&row) {
            guard row.line > map.headerLine, row.problem == nil else { continue }
            dates.add(row.bytes, row.range(column), line: row.line)
            seen += 1
        }
        return dates
    }
}

extension FileMapping {
    /// How the file was read before, for what its dates leave open; nil where `map` has them in another column.
    func dateOrder(under map: ColumnMap) -> String? {
        let role: ColumnRole = map.index(.logTime) != nil ? .logTime : .date
        return map.headings[role] == columns[role.rawValue] ? dateOrder : nil
    }
}

extension DateOrder {
    var words: String {
        switch self {
        case .ymd: "year first"
        case .mdy: "month first"
        case .dmy: "day first"
        }
    }
}
