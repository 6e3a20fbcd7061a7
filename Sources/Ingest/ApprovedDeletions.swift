import Domain
import Foundation
import Storage

/// What lies beside an archive of which calls were deleted with approval.
enum ApprovedDeletions {
    /// `vNNNN.deleted.json`: `{"spans":[{"from":"2026-11-02 00:00:00","until":"2026-11-03 00:00:00"}]}`.
    private struct Note: Decodable {
        struct Span: Decodable {
            var from: String
            var until: String
        }
        var spans: [Span]
    }

    /// The spans beside an archive; none where no note lies there.
    ///
    /// - Throws: `ArchiveRefused` for a note that cannot be read: rather no calls than deleted ones.
    static func spans(at path: String) throws -> [ClockSpan] {
        guard access(path, F_OK) == 0 else { return [] }
        let unreadable = ArchiveRefused("the note of its deleted calls, \(path), cannot be read")
        guard let data = FileManager.default.contents(atPath: path), data.count < 16 << 20,
            let note = try? JSONDecoder().decode(Note.self, from: data)
        else { throw unreadable }
        return try note.spans.map { span in
            guard let from = LocalTime(iso: span.from), let until = LocalTime(iso: span.until), from < until
            else { throw unreadable }
            return ClockSpan(from: from.seconds, until: until.seconds)
        }
    }
}

extension LocalTime {
    /// Reads `2026-11-23 09:05:00` and nothing else.
    init?(iso text: String) {
        let halves = text.split(separator: " ", omittingEmptySubsequences: false)
        guard halves.count == 2, let day = Day(iso: halves[0]) else { return nil }
        let parts = halves[1].split(separator: ":", omittingEmptySubsequences: false).map { Int($0) }
        guard parts.count == 3, let hour = parts[0], let minute = parts[1], let second = parts[2],
            (0..<24).contains(hour), (0..<60).contains(minute), (0..<60).contains(second)
        else { return nil }
        self.init(day, secondOfDay: hour * 3600 + minute * 60 + second)
        guard iso == text else { return nil }
    }
}
