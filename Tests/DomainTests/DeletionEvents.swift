import Domain

/// One of each kind of event about deletions, as `EventFormatTests` has the others.
enum DeletionEvents {
    private static let day = Day(iso: "2026-11-02") ?? Day(number: 0)
    private static func id<T>(_ last: Int) -> ID<T> { EventFormatTests.id(last) }
    private static let opener = RequestParty(user: id(5), name: "Ann", role: .dataEntry, person: nil)
    private static let admin = RequestParty(user: id(6), name: "Mo", role: .admin, person: id(7))
    private static let target = DeleteTarget(
        file: id(1), fileName: "a.csv", version: 2, days: [day], firstDay: day, lastDay: day.adding(1))
    private static let preview = DeletePreview(
        rows: 9, gone: 7, stays: 2, returns: 1, period: Period(from: day, to: day), days: 1,
        before: DeleteTotals(logs: 20, contacts: 5, successes: 2, talk: 300, active: 4000),
        after: DeleteTotals(logs: 13, contacts: 4, successes: 1, talk: 200, active: 3000),
        agents: [.init(person: id(3), name: "Jane Doe", before: 20, after: 13)],
        teams: [.init(person: nil, name: "(no leader)", before: 20, after: 13)],
        holders: [.init(file: id(2), fileName: "b.csv", version: 1, calls: 2)], figures: "ab", digest: "cd")
    private static let request = DeleteRequest(
        id: id(4), kind: .days, targets: [target], cutOverMinutes: 240, reason: "wrong day",
        preview: preview, opener: opener, isSingleAdmin: false, opened: HybridTime(bits: 77))
    private static let hold = DeleteHold(
        id: id(9), file: id(1), period: Period(from: day, to: day.adding(2)), person: id(3),
        reason: "court", until: day.adding(90))
    private static var upload: FileUploaded {
        FileUploaded(
            file: id(1), fileName: "a.csv", source: id(2), version: 2, archive: "aa", original: "bb",
            bytes: 99, counts: RowCounts(),
            mapping: FileMapping(
                format: "readymode", encoding: "utf8", delimiter: ",", headerLine: 1, columns: [:],
                ignoredColumns: [], dateOrder: "ymd", timeZone: "UTC"), firstDay: day, lastDay: day,
            agents: 1,
            digest: "00ff", newNames: [])
    }

    static let golden: [(EventBody, String)] = [
        (.deleteRequestOpened(DeleteRequestOpened(request: request)), #"@1"#),
        (
            .deleteRequestDecided(
                DeleteRequestDecided(request, .approve, comment: "yes", by: admin, calls: 7)),
            #"@2"#
        ),
        (
            .deleteRequestDecided(
                DeleteRequestDecided(
                    request, .approve, comment: "", by: opener, typedName: "a.csv", calls: 7)),
            #"@3"#
        ),
        (
            .deleteRequestPurged(
                DeleteRequestPurged(
                    request: id(4), by: nil, comment: "",
                    versions: [PurgedVersion(upload, rows: 7, digest: "ee", kept: nil)])),
            #"@4"#
        ),
        (
            .deleteRequestPurged(
                DeleteRequestPurged(
                    request: id(4), by: admin, comment: "room",
                    versions: [
                        PurgedVersion(
                            upload, rows: 7, digest: "ee",
                            kept: KeptVersion(
                                archive: "a2", original: "b2", bytes: 50, counts: RowCounts(), digest: "11"))
                    ])),
            #"@5"#
        ),
        (.deleteHoldChanged(DeleteHoldChanged(before: nil, after: hold)), #"@6"#),
        (.deleteHoldChanged(DeleteHoldChanged(before: hold, after: nil, comment: "over")), #"@7"#),
    ]
}
