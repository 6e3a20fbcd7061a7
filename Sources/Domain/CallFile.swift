/// A file that somebody uploaded, by name and source; each upload of it is a version.
public struct CallFile: Hashable, Codable, Sendable {
    public var id: ID<CallFile>
    public var name: String
    public var source: ID<Source>

    public init(id: ID<CallFile>, name: String, source: ID<Source>) {
        self.id = id
        self.name = name
        self.source = source
    }

    /// What the download of a file's rejected lines is called: under that name they find back, mended.
    public static func rejectsName(of name: String) -> String { rejectsPrefix + name }

    /// The names of the files that mended lines of this name may belong to, the likeliest first; none where
    /// it is no such name. Browsers write “ (1)” before the ending where the name was taken.
    public static func mendedNames(_ name: String) -> [String] {
        guard name.lowercased().hasPrefix(rejectsPrefix) else { return [] }
        let whole = String(name.dropFirst(rejectsPrefix.count))
        guard !whole.isEmpty else { return [] }
        guard let dot = whole.lastIndex(of: "."), let numbered = whole[..<dot].last, numbered == ")",
            let opening = whole[..<dot].lastIndex(of: "("), opening > whole.startIndex
        else { return [whole] }
        let digits = whole[whole.index(after: opening)..<dot].dropLast()
        guard !digits.isEmpty, digits.allSatisfy(\.isNumber) else { return [whole] }
        var stem = whole[..<opening]
        while stem.last == " " { stem.removeLast() }
        return stem.isEmpty ? [whole] : [whole, stem + String(whole[dot...])]
    }

    private static let rejectsPrefix = "rejects of "
}

/// What became of the rows of one version: `rows` is always the sum of the rest.
public struct RowCounts: Hashable, Codable, Sendable {
    public var rows = 0
    /// Valid, and the first of its key in the file.
    public var accepted = 0
    /// A later row with a key and content met before in the file.
    public var duplicate = 0
    /// A later row with a key met before in the file, but other content.
    public var changed = 0
    public var rejected = 0
    public var blank = 0
    /// Accepted rows whose key another live file holds too; they count once.
    public var overlapping = 0
    /// Accepted rows without a call id of their own, keyed by their content and occurrence.
    public var keyless = 0
    /// Accepted rows whose duration was unreadable, negative or over four hours.
    public var badDurations = 0

    public init() {}

    /// Whether they can be the counts of one file, and add up.
    public var isBalanced: Bool {
        let parts = [accepted, duplicate, changed, rejected, blank]
        let possible = 0...Int(Int32.max)
        return (parts + [rows, overlapping, keyless, badDurations]).allSatisfy(possible.contains)
            && rows == parts.reduce(0, +)
    }
}

/// How a version was read: enough to read it the same way again.
public struct FileMapping: Hashable, Codable, Sendable {
    public var format: String
    public var encoding: String
    /// A one-character text.
    public var delimiter: String
    public var headerLine: Int
    /// Role to the column's heading as it stands in the file.
    public var columns: [String: String]
    public var ignoredColumns: [String]
    /// `ymd`, `mdy` or `dmy`.
    public var dateOrder: String
    /// The zone that the file's log times are in.
    public var timeZone: String

    public init(
        format: String, encoding: String, delimiter: String, headerLine: Int, columns: [String: String],
        ignoredColumns: [String], dateOrder: String, timeZone: String
    ) {
        self.format = format
        self.encoding = encoding
        self.delimiter = delimiter
        self.headerLine = headerLine
        self.columns = columns
        self.ignoredColumns = ignoredColumns
        self.dateOrder = dateOrder
        self.timeZone = timeZone
    }
}

/// A version's place: what an error or a page leads to.
public struct VersionPlace: Hashable, Codable, Sendable {
    public var file: ID<CallFile>
    public var version: Int

    public init(file: ID<CallFile>, version: Int) {
        self.file = file
        self.version = version
    }
}

/// The version whose bytes were read again, and how it had read them.
public struct ReadAgain: Hashable, Codable, Sendable {
    public var version: Int
    public var mapping: FileMapping

    public init(version: Int, mapping: FileMapping) {
        self.version = version
        self.mapping = mapping
    }
}

/// What a call is identified by within its source.
public enum CallKey: Hashable, Sendable {
    /// A plain decimal id without leading zeros: stored small and in order.
    case number(Int64)
    case text(String)
    /// Digest of the row and its occurrence, for sources without ids.
    case digest([UInt8])
}

/// One row of a file, cleaned: what is stored of a call.
public struct CallRecord: Sendable {
    public var line: Int
    public var key: CallKey
    /// The dialer's spelling, cleaned but not folded.
    public var agent: String
    public var time: LocalTime
    public var profile: String?
    public var type: String
    public var state: String
    public var callType: String
    public var originalCampaign: String
    public var currentCampaign: String
    /// Seconds; nil where the file has none.
    public var talk: Int?
    public var wait: Int?
    /// First eight bytes of SHA-256 over the canonical fields.
    public var fingerprint: UInt64

    public init(
        line: Int, key: CallKey, agent: String, time: LocalTime, profile: String?, type: String,
        state: String,
        callType: String, originalCampaign: String, currentCampaign: String, talk: Int?, wait: Int?,
        fingerprint: UInt64
    ) {
        self.line = line
        self.key = key
        self.agent = agent
        self.time = time
        self.profile = profile
        self.type = type
        self.state = state
        self.callType = callType
        self.originalCampaign = originalCampaign
        self.currentCampaign = currentCampaign
        self.talk = talk
        self.wait = wait
        self.fingerprint = fingerprint
    }
}
