import Domain
import Formats
import Ingest

extension ReadAgain {
    /// What was read in another way, before and after.
    func changes(to now: FileMapping) -> [ActivityWords.Change] {
        var list: [ActivityWords.Change] = []
        func add(_ what: String, _ before: String?, _ after: String?) {
            if before != after { list.append(.init(what: what, before: before, after: after)) }
        }
        add("Dates", Self.order(mapping), Self.order(now))
        add("Time zone", mapping.timeZone, now.timeZone)
        add("Text", Self.encoding(mapping), Self.encoding(now))
        add("Delimiter", Self.delimiter(mapping), Self.delimiter(now))
        add("Line of the headings", String(mapping.headerLine), String(now.headerLine))
        for role in Set(mapping.columns.keys).union(now.columns.keys).sorted() {
            add(
                ColumnRole(rawValue: role)?.title ?? role, mapping.columns[role] ?? "no column",
                now.columns[role] ?? "no column")
        }
        return list
    }

    private static func order(_ mapping: FileMapping) -> String {
        ["ymd": "year first", "mdy": "month first", "dmy": "day first"][mapping.dateOrder]
            ?? mapping.dateOrder
    }

    private static func encoding(_ mapping: FileMapping) -> String {
        TextEncoding(rawValue: mapping.encoding)?.title ?? mapping.encoding
    }

    private static func delimiter(_ mapping: FileMapping) -> String {
        FieldDelimiter(text: mapping.delimiter)?.title.lowercased() ?? mapping.delimiter
    }
}

extension FileUploaded {
    /// How this version came to be, where it is no plain upload.
    var origin: String? {
        if let readAgain {
            let changes = readAgain.changes(to: mapping).map {
                "\($0.what): \($0.after ?? "") (before: \($0.before ?? ""))"
            }
            return "Read again from version \(readAgain.version) with other answers. "
                + changes.joined(separator: "; ") + "."
        }
        return uploadedAs.map {
            "Uploaded as “\($0)”: its lines joined this file. Lines of the other versions go on counting."
        }
    }
}
