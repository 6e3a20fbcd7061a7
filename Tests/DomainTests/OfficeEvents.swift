import Domain

/// One of each kind of event about several offices and backups, as `EventFormatTests` has the others.
enum OfficeEvents {
    private static func id<T>(_ last: Int) -> ID<T> { EventFormatTests.id(last) }
    private static let admin = RequestParty(user: id(6), name: "Mo", role: .admin, person: id(7))
    private static let heads = [
        ChainHead(office: id(1), incarnation: 1, seq: 12, hash: "aa"),
        ChainHead(office: id(2), incarnation: 3, seq: 4, hash: "bb"),
    ]
    private static let made = Instant(milliseconds: 1_700_000_000_000)
    private static let renamed = EventBody.personRenamed(
        PersonRenamed(person: id(3), before: "A", after: "B"))

    static let golden: [(EventBody, String)] = [
        (
            .snapshotMerged(
                SnapshotMerged(
                    from: id(2), name: "North", made: made, heads: heads, entries: 9, files: 2, calls: 800,
                    conflicts: 1, stateHash: "cc")),
            #"shared snapshotMerged {"calls":800,"conflicts":1,"entries":9,"files":2,"from":"@002","heads":[{"hash":"aa","incarnation":1,"office":"@001","seq":12},{"hash":"bb","incarnation":3,"office":"@002","seq":4}],"made":1700000000000,"name":"North","stateHash":"cc"}"#
        ),
        (
            .mergeUndone(
                MergeUndone(
                    merge: EventName(chain: Chain(office: id(1), incarnation: 1), seq: 7), from: id(2),
                    name: "North", heads: Array(heads.prefix(1)), entries: 9, reason: "wrong stick")),
            #"shared mergeUndone {"entries":9,"from":"@002","heads":[{"hash":"aa","incarnation":1,"office":"@001","seq":12}],"merge":"@001/1/7","name":"North","reason":"wrong stick"}"#
        ),
        (
            .incarnationBegun(IncarnationBegun(reason: .restored, heads: [])),
            #"shared incarnationBegun {"heads":[],"reason":"restored"}"#
        ),
        (
            .conflictDecided(
                ConflictDecided(
                    conflict: "c1", choice: .other, comment: "ours", by: admin,
                    change: try? NestedChange(renamed))),
            #"shared conflictDecided {"by":{"name":"Mo","person":"@007","role":"admin","user":"@006"},"change":{"kind":"personRenamed","payload":"{\"after\":\"B\",\"before\":\"A\",\"person\":\"@003\"}"},"choice":"other","comment":"ours","conflict":"c1"}"#
        ),
        (
            .officePaired(OfficePaired(office: id(2), name: "North", key: "kk")),
            #"local officePaired {"key":"kk","name":"North","office":"@002"}"#
        ),
        (
            .officeUnpaired(OfficeUnpaired(office: id(2), name: "North", key: "kk", reason: "sold")),
            #"local officeUnpaired {"key":"kk","name":"North","office":"@002","reason":"sold"}"#
        ),
        (
            .snapshotExported(
                SnapshotExported(
                    to: id(2), name: "a.rollcall", isDelta: true, isSealed: false, entries: 3, files: 1,
                    bytes: 99)),
            #"local snapshotExported {"bytes":99,"entries":3,"files":1,"isDelta":true,"isSealed":false,"name":"a.rollcall","to":"@002"}"#
        ),
        (
            .snapshotRefused(SnapshotRefused(fileName: "a.rollcall", code: .damaged, message: "m")),
            #"local snapshotRefused {"code":"damaged","fileName":"a.rollcall","message":"m"}"#
        ),
        (
            .backupMade(
                BackupMade(name: "b.rollcall", bytes: 99, entries: 3, files: 1, calls: 80, isSealed: true)),
            #"local backupMade {"bytes":99,"calls":80,"entries":3,"files":1,"isSealed":true,"name":"b.rollcall"}"#
        ),
        (
            .backupFailed(BackupFailed(step: .drill, message: "m")),
            #"local backupFailed {"message":"m","step":"drill"}"#
        ),
        (
            .backupDrilled(BackupDrilled(name: "b.rollcall", calls: 80, seconds: 2)),
            #"local backupDrilled {"calls":80,"name":"b.rollcall","seconds":2}"#
        ),
        (
            .backupRestored(BackupRestored(name: "b.rollcall", made: made, replaced: "Replaced/1")),
            #"local backupRestored {"made":1700000000000,"name":"b.rollcall","replaced":"Replaced/1"}"#
        ),
        (
            .backupPassphraseChanged(BackupPassphraseChanged(isSet: true)),
            #"local backupPassphraseChanged {"isSet":true}"#
        ),
        (
            .exchangePassphraseChanged(ExchangePassphraseChanged(isSet: true)),
            #"local exchangePassphraseChanged {"isSet":true}"#
        ),
        (
            .backupDownloaded(BackupDownloaded(name: "b.rollcall", bytes: 99, isSealed: true)),
            #"local backupDownloaded {"bytes":99,"isSealed":true,"name":"b.rollcall"}"#
        ),
        (
            .replacedRemoved(ReplacedRemoved(names: ["20261123T060000Z"], bytes: 99)),
            #"local replacedRemoved {"bytes":99,"names":["20261123T060000Z"]}"#
        ),
        (
            .forkDecided(
                ForkDecided(office: id(2), incarnation: 1, name: "North", seq: 9, isSettled: true)),
            #"local forkDecided {"incarnation":1,"isSettled":true,"name":"North","office":"@002","seq":9}"#
        ),
        (
            .exchangeTokenMade(ExchangeTokenMade(office: id(2), name: "North")),
            #"local exchangeTokenMade {"name":"North","office":"@002"}"#
        ),
        (
            .exchangeTokenRevoked(ExchangeTokenRevoked(office: id(2), name: "North")),
            #"local exchangeTokenRevoked {"name":"North","office":"@002"}"#
        ),
        (
            .exchangeAddressChanged(
                ExchangeAddressChanged(office: id(2), name: "North", address: "https://north.lan:8443")),
            #"local exchangeAddressChanged {"address":"https://north.lan:8443","name":"North","office":"@002"}"#
        ),
        (
            .exchangeAllowed(
                ExchangeAllowed(
                    question: ExchangeQuestion(
                        .clock, from: id(2), name: "North", about: id(2), message: "m", advice: "a"))),
            #"local exchangeAllowed {"question":{"about":"@002","advice":"a","from":"@002","kind":"clock","message":"m","name":"North"}}"#
        ),
        (
            .exchangeAllowed(
                ExchangeAllowed(
                    question: ExchangeQuestion(
                        .clock, from: id(2), name: "North", about: id(2), message: "m", advice: "a"),
                    isTakenBack: true)),
            #"local exchangeAllowed {"isTakenBack":true,"question":{"about":"@002","advice":"a","from":"@002","kind":"clock","message":"m","name":"North"}}"#
        ),
        (
            .boxSettingsChanged(
                BoxSettingsChanged(
                    before: BoxSettings(),
                    after: BoxSettings(
                        exchange: ExchangeSettings(
                            folder: "/mnt/x", folderTimes: .daily(120), networkTimes: .byHand)))),
            #"local boxSettingsChanged {"after":{"exchange":{"folder":"/mnt/x","folderTimes":{"dailyAt":120},"networkTimes":{}},"sessionHours":12,"sessionIdleMinutes":30,"uploadLimitMegabytes":200},"before":{"sessionHours":12,"sessionIdleMinutes":30,"uploadLimitMegabytes":200}}"#
        ),
    ]
}
