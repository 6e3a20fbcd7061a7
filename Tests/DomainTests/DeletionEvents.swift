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
        (
            .deleteRequestOpened(DeleteRequestOpened(request: request)),
            #"shared deleteRequestOpened {"request":{"cutOverMinutes":240,"id":"@004","isSingleAdmin":false,"kind":"days","opened":77,"opener":{"name":"Ann","role":"data-entry","user":"@005"},"preview":{"after":{"active":3000,"contacts":4,"logs":13,"successes":1,"talk":200},"agents":[{"after":13,"before":20,"name":"Jane Doe","person":"@003"}],"before":{"active":4000,"contacts":5,"logs":20,"successes":2,"talk":300},"days":1,"digest":"cd","figures":"ab","gone":7,"holders":[{"calls":2,"file":"@002","fileName":"b.csv","version":1}],"period":{"from":"2026-11-02","to":"2026-11-02"},"returns":1,"rows":9,"stays":2,"teams":[{"after":13,"before":20,"name":"(no leader)"}]},"reason":"wrong day","stage":"open","steps":[],"targets":[{"days":["2026-11-02"],"file":"@001","fileName":"a.csv","firstDay":"2026-11-02","lastDay":"2026-11-03","version":2}]}}"#
        ),
        (
            .deleteRequestDecided(
                DeleteRequestDecided(request, .approve, comment: "yes", by: admin, calls: 7)),
            #"shared deleteRequestDecided {"action":"approve","by":{"name":"Mo","person":"@007","role":"admin","user":"@006"},"calls":7,"comment":"yes","file":"@001","fileName":"a.csv","request":"@004"}"#
        ),
        (
            .deleteRequestDecided(
                DeleteRequestDecided(
                    request, .approve, comment: "", by: opener, typedName: "a.csv", calls: 7)),
            #"shared deleteRequestDecided {"action":"approve","by":{"name":"Ann","role":"data-entry","user":"@005"},"calls":7,"comment":"","file":"@001","fileName":"a.csv","request":"@004","typedName":"a.csv"}"#
        ),
        (
            .deleteRequestPurged(
                DeleteRequestPurged(
                    request: id(4), by: nil, comment: "",
                    versions: [PurgedVersion(upload, rows: 7, digest: "ee", kept: nil)])),
            #"shared deleteRequestPurged {"comment":"","request":"@004","versions":[{"archive":"aa","bytes":99,"digest":"ee","file":"@001","fileName":"a.csv","firstDay":"2026-11-02","lastDay":"2026-11-02","original":"bb","rows":7,"version":2}]}"#
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
            #"shared deleteRequestPurged {"by":{"name":"Mo","person":"@007","role":"admin","user":"@006"},"comment":"room","request":"@004","versions":[{"archive":"aa","bytes":99,"digest":"ee","file":"@001","fileName":"a.csv","firstDay":"2026-11-02","kept":{"archive":"a2","bytes":50,"counts":{"accepted":0,"badDurations":0,"blank":0,"changed":0,"duplicate":0,"keyless":0,"overlapping":0,"rejected":0,"rows":0},"digest":"11","original":"b2"},"lastDay":"2026-11-02","original":"bb","rows":7,"version":2}]}"#
        ),
        (
            .archiveRewritten(
                ArchiveRewritten(
                    upload, requests: [id(4), id(8)], rows: 3,
                    kept: KeptVersion(
                        archive: "cc", original: "dd", bytes: 9, counts: RowCounts(), digest: "ff"))),
            #"shared archiveRewritten {"file":"@001","fileName":"a.csv","kept":{"archive":"cc","bytes":9,"counts":{"accepted":0,"badDurations":0,"blank":0,"changed":0,"duplicate":0,"keyless":0,"overlapping":0,"rejected":0,"rows":0},"digest":"ff","original":"dd"},"requests":["@004","@008"],"rows":3,"version":2}"#
        ),
        (
            .deleteHoldChanged(DeleteHoldChanged(before: nil, after: hold)),
            #"shared deleteHoldChanged {"after":{"file":"@001","id":"@009","period":{"from":"2026-11-02","to":"2026-11-04"},"person":"@003","reason":"court","until":"2027-01-31"},"comment":""}"#
        ),
        (
            .deleteHoldChanged(DeleteHoldChanged(before: hold, after: nil, comment: "over")),
            #"shared deleteHoldChanged {"before":{"file":"@001","id":"@009","period":{"from":"2026-11-02","to":"2026-11-04"},"person":"@003","reason":"court","until":"2027-01-31"},"comment":"over"}"#
        ),
    ]
}
