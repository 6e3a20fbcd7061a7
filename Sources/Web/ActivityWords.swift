import Domain
import Foundation
import Ingest

/// An entry of the journal in words: who did what, and what it was before.
struct ActivityWords: Sendable, Hashable {
    struct Change: Sendable, Hashable {
        var what: String
        var before: String?
        var after: String?
    }
    /// What was done, without who did it: `signed in`.
    var deed: String
    /// Whom or what it was done to, with the page of it where there is one.
    var subject: String?
    var href: String?
    var changes: [Change] = []
    var note: String?

    init(
        _ deed: String, _ subject: String? = nil, href: String? = nil, changes: [Change] = [],
        note: String? = nil
    ) {
        self.deed = deed
        self.subject = subject
        self.href = href
        self.changes = changes
        self.note = note
    }

    /// One line of plain text, for exports.
    var line: String {
        let parts = changes.map { change in
            "\(change.what): \(change.before ?? OfficeFormat.none) → \(change.after ?? OfficeFormat.none)"
        }
        return ([deed + (subject.map { " " + $0 } ?? "")] + parts + [note].compactMap { $0 })
            .joined(separator: "; ")
    }
}

/// Says entries in words; knows what identities are called now.
struct ActivityWriter: Sendable {
    var names: [String: String]
    var format: OfficeFormat

    func name<Entity>(_ id: ID<Entity>?) -> String? { id.map { names[$0.description] ?? "somebody unknown" } }

    func words(_ body: EventBody) -> ActivityWords {
        switch body {
        case .officeFounded(let it):
            return ActivityWords(
                "opened the office", it.rules.name,
                note: "Sources: " + it.sources.map(\.name).joined(separator: ", "))
        case .officeChanged(let it):
            return ActivityWords("changed the office's settings", changes: changes(it.before, it.after))
        case .sourceChanged(let it): return words(it)
        case .fileUploaded(let it):
            let c = it.counts
            let again = it.readAgain
            return ActivityWords(
                it.recovered != nil ? "recovered" : again == nil ? "uploaded" : "read again",
                "\(it.fileName), version \(again?.version ?? it.version)", href: "/files/\(it.file)",
                changes: again?.changes(to: it.mapping) ?? [],
                note: (again == nil ? "" : "As version \(it.version). ")
                    + (it.uploadedAs.map { "It came as “\($0)”. " } ?? "")
                    + "\(format.count(c.rows, "row", "rows")): \(format.number(c.accepted)) accepted, "
                    + "\(format.number(c.duplicate)) duplicate, \(format.number(c.changed)) changed, "
                    + "\(format.number(c.rejected)) rejected, \(format.number(c.blank)) blank"
                    + (it.newNames.isEmpty
                        ? "" : "; \(format.count(it.newNames.count, "new agent", "new agents"))")
                    + (it.recovered.map { "; uploaded \(format.moment($0.time)) by \($0.by)" } ?? ""))
        case .personAdded(let it):
            return ActivityWords(
                "added", it.person.name, href: Paths.person(it.person.id.description),
                changes: changes(nil, it.placement))
        case .personsPlaced(let it): return words(it)
        case .personRenamed(let it):
            return ActivityWords(
                "renamed", it.before, href: Paths.person(it.person.description),
                changes: [.init(what: "Name", before: it.before, after: it.after)])
        case .teamHandedOver(let it): return words(it)
        case .aliasChanged(let it): return words(it)
        case .namesHeldApart(let it):
            let both = [it.first, it.second].compactMap { name($0) }.joined(separator: " and ")
            return ActivityWords("said that these are two people:", both, href: "/names")
        case .transferRequestOpened(let it): return words(it.request)
        case .transferRequestDecided(let it): return words(it)
        case .transferRequestCommented(let it):
            return ActivityWords(
                "commented on the request about", name(it.agent), href: "/requests/\(it.request)",
                note: it.comment)
        case .delegationChanged(let it): return words(it)
        case .deleteRequestOpened(let it): return words(it)
        case .deleteRequestDecided(let it): return words(it)
        case .deleteRequestPurged(let it): return words(it)
        case .archiveRewritten(let it): return words(it)
        case .deleteHoldChanged(let it): return words(it)
        case .userAdded(let it):
            return ActivityWords(
                "added the user", it.user.name, href: Paths.user(it.user.id.description),
                changes: changes(nil, it.user))
        case .userChanged(let it):
            return ActivityWords(
                "changed the user", it.after.name, href: Paths.user(it.after.id.description),
                changes: changes(it.before, it.after))
        case .userDisabled(let it):
            return ActivityWords(
                it.disabled ? "disabled the user" : "enabled the user", it.username,
                href: Paths.user(it.user.description))
        case .passwordSet(let it):
            return ActivityWords("set the password of", it.username, href: Paths.user(it.user.description))
        case .signedIn: return ActivityWords("signed in")
        case .signInRefused(let it):
            let why =
                switch it.reason {
                case "unknown": "there is no such user"
                case "password": "the password was wrong"
                case "disabled": "the account is disabled"
                case "locked": "there had been too many wrong passwords"
                default: it.reason
                }
            return ActivityWords("was not let in as", it.username, note: "Because \(why).")
        case .signedOut: return ActivityWords("signed out")
        case .sessionsEnded(let it):
            return ActivityWords(
                "ended \(format.count(it.count, "session", "sessions")) of", it.username,
                href: Paths.user(it.user.description))
        case .tokenMade(let it):
            return ActivityWords("made the token", it.token, note: "Acts as \(it.username).")
        case .tokenRevoked(let it):
            return ActivityWords("revoked the token", it.token, note: "It acted as \(it.username).")
        case .boxSettingsChanged(let it):
            return words(it)
        case .uploadRefused(let it):
            return ActivityWords("could not upload", it.fileName, note: it.message)
        case .snapshotMerged(let it): return words(it)
        case .incarnationBegun(let it): return words(it)
        case .conflictDecided(let it): return words(it)
        case .officePaired(let it):
            return ActivityWords(
                "paired with", it.name, note: "Its words: " + checkWords(ofKey: it.key).joined(separator: " ")
            )
        case .officeUnpaired(let it):
            return ActivityWords("ended the pairing with", it.name, note: "Reason: \(it.reason)")
        case .mergeUndone(let it):
            return ActivityWords(
                "took back the merge of the snapshot of", it.name,
                note: "\(format.count(it.entries, "entry", "entries")) gone from here. Reason: \(it.reason)")
        case .exchangeTokenMade, .exchangeTokenRevoked, .exchangeAddressChanged,
            .exchangePassphraseChanged, .exchangeAllowed:
            return exchangeWords(body)
        case .backupMade(let it): return words(it)
        case .backupFailed(let it):
            return ActivityWords(
                it.step == .drill ? "could not restore a backup for trial" : "could not make a backup",
                note: it.message)
        case .backupDrilled(let it):
            return ActivityWords(
                "restored a backup for trial", it.name,
                note: "\(format.count(it.calls, "call", "calls")), the same as when it was made")
        case .backupRestored(let it):
            return ActivityWords(
                "restored the backup", it.name,
                note: "Made \(format.moment(it.made)). "
                    + (it.replaced.map { "What was there before is kept in \($0)." } ?? ""))
        case .backupPassphraseChanged(let it):
            return ActivityWords(
                it.isSet ? "set a passphrase for backups" : "took the passphrase for backups away")
        case .backupDownloaded(let it):
            return ActivityWords(
                "downloaded the backup", it.name, note: it.isSealed ? nil : "It is not sealed.")
        case .replacedRemoved(let it):
            return ActivityWords(
                "removed", format.count(it.names.count, "replaced office", "replaced offices"),
                note: "\(format.bytes(it.bytes)): \(it.names.joined(separator: ", "))")
        case .forkDecided(let it): return words(it)
        case .snapshotExported(let it): return words(it)
        case .snapshotRefused(let it):
            return ActivityWords("refused the snapshot", it.fileName, note: it.message)
        case .figuresExported(let it):
            return ActivityWords(
                "exported", it.what,
                note: format.count(it.rows, "row", "rows") + (it.filter.isEmpty ? "" : "; \(it.filter)"))
        }
    }

    private func words(_ columns: [String: String]?) -> String? {
        columns?.sorted { $0.key < $1.key }
            .map { "\(ColumnRole(rawValue: $0.key)?.title ?? $0.key) is “\($0.value)”" }
            .joined(separator: ", ")
    }

    private func words(_ it: SourceChanged) -> ActivityWords {
        var list: [ActivityWords.Change] = []
        func add(_ what: String, _ before: String?, _ after: String?) {
            if before != after { list.append(.init(what: what, before: before, after: after)) }
        }
        func yes(_ value: Bool?) -> String? { value.map { $0 ? "yes" : "no" } }
        let (before, after) = (it.before, it.after)
        add("Name", before?.name, after.name)
        add("Format", before?.format, after.format)
        add("Time zone", before.map { $0.timeZone ?? "the office's" }, after.timeZone ?? "the office's")
        add("Part-timer suffix", yes(before?.partTimerSuffix), yes(after.partTimerSuffix))
        let known = before?.knownHeaders ?? [:]
        for (key, columns) in (after.knownHeaders ?? [:]).sorted(by: { $0.key < $1.key }) {
            add("Headings of its files", words(known[key]), words(columns))
        }
        add("Order of dates", before.map { $0.dateOrder ?? "asked" }, after.dateOrder ?? "asked")
        if let before {
            for state in Set(before.outcomes.states.keys).union(after.outcomes.states.keys).sorted() {
                add(
                    "State “\(state)”", flags(before.outcomes.states[state]),
                    flags(after.outcomes.states[state]))
            }
        }
        return ActivityWords(
            before == nil ? "added the source" : "changed the source", after.name,
            href: Paths.source(after.id.description), changes: list)
    }

    private func flags(_ flags: OutcomeFlags?) -> String {
        guard let flags else { return "unmapped" }
        let titles = OutcomeFlags.named.filter { flags.contains($0.flag) }.map(\.title)
        return titles.isEmpty ? "nothing" : titles.joined(separator: ", ")
    }

    private func words(_ it: TeamHandedOver) -> ActivityWords {
        let people = Set(it.placements.map(\.person)).subtracting([it.person, it.successor]).count
        var notes = [format.count(people, "person", "people") + " from \(format.day(it.from)) on"]
        if !it.requests.isEmpty { notes.append(format.count(it.requests.count, "request", "requests")) }
        if it.deactivates { notes.append("\(name(it.person) ?? "") left") }
        if !it.reason.isEmpty { notes.append("Reason: \(it.reason)") }
        return ActivityWords(
            "handed over the people of", name(it.person), href: Paths.person(it.person.description),
            changes: [.init(what: "Reports to", before: name(it.person), after: name(it.successor))],
            note: notes.joined(separator: "; "))
    }

    private func words(_ it: AliasChanged) -> ActivityWords {
        func owners(_ links: [AliasLink]) -> String {
            links.enumerated().map { index, link in
                (name(link.person) ?? "") + (index == 0 ? "" : " from \(format.day(link.from))")
            }.joined(separator: ", ")
        }
        let changes = it.changes.prefix(20).map { change in
            ActivityWords.Change(
                what: "Name “\(change.name)”", before: owners(change.before), after: owners(change.after))
        }
        let note = it.reason.isEmpty ? nil : "Reason: \(it.reason)"
        if let merge = it.merge {
            let both = [merge.person, merge.into].compactMap { name($0) }.joined(separator: " and ")
            return ActivityWords(
                merge.undone ? "set apart again" : "merged", both, href: "/agents/\(merge.into)",
                changes: changes, note: note)
        }
        return ActivityWords(
            "changed whose name is", it.changes.map { "“\($0.name)”" }.joined(separator: ", "),
            href: it.subject.map { "/agents/\($0)" }, changes: changes, note: note)
    }

    private func words(_ it: TransferRequest) -> ActivityWords {
        func place(_ seat: Seat) -> String? { name(seat.leader ?? seat.manager) }
        var changes = [
            ActivityWords.Change(
                what: "\(name(it.agent) ?? "") under", before: place(it.from), after: place(it.to))
        ]
        if let other = it.otherAgent {
            changes.append(
                .init(what: "\(name(other) ?? "") under", before: place(it.to), after: place(it.from)))
        }
        let deed =
            switch it.kind {
            case .remove: "asked to take out of the team"
            case .transfer: "asked to transfer"
            case .swap: "asked to swap"
            }
        return ActivityWords(
            deed, it.agents.compactMap { name($0) }.joined(separator: " and "), href: "/requests/\(it.id)",
            changes: changes,
            note: "From \(format.day(it.effective)) on. "
                + (it.openedFor.flatMap { name($0) }.map { "For \($0). " } ?? "") + "Reason: \(it.reason)")
    }

    private func words(_ it: TransferRequestDecided) -> ActivityWords {
        let deed =
            switch it.action {
            case .accept: "accepted"
            case .approve: "approved"
            case .reject: "rejected"
            case .withdraw: "withdrew"
            case .revoke: "revoked"
            case .override: "approved by override"
            case .comment: "commented on"
            }
        var notes: [String] = []
        if let person = it.actingFor { notes.append("For \(name(person) ?? "")") }
        if it.override { notes.append("As an admin, in place of those involved") }
        if !it.comment.isEmpty { notes.append("Comment: \(it.comment)") }
        return ActivityWords(
            "\(deed) the request about", name(it.agent), href: "/requests/\(it.request)",
            changes: it.placements.map { placement in
                .init(
                    what: "\(name(placement.person) ?? "") from \(format.day(placement.from))", before: nil,
                    after: name(placement.leader ?? placement.manager) ?? placement.group)
            }, note: notes.isEmpty ? nil : notes.joined(separator: "; "))
    }

    private func words(_ it: DelegationChanged) -> ActivityWords {
        guard let delegation = it.after ?? it.before else { return ActivityWords("changed a delegation") }
        func line(_ delegation: Delegation?) -> String? {
            delegation.map {
                "\(name($0.delegate) ?? "") from \(format.day($0.from)) to "
                    + format.day($0.until.adding(-1))
            }
        }
        return ActivityWords(
            it.after == nil ? "ended the delegation of" : "set who stands in for", name(delegation.person),
            href: "/agents/\(delegation.person)",
            changes: [.init(what: "Stands in", before: line(it.before), after: line(it.after))])
    }

    private func words(_ it: PersonsPlaced) -> ActivityWords {
        let reason = it.reason.isEmpty ? nil : "Reason: \(it.reason)"
        if let placement = it.placements.first, it.placements.count == 1 {
            return ActivityWords(
                it.added.isEmpty ? "placed" : "added", name(placement.person),
                href: Paths.person(placement.person.description),
                changes: changes(nil, placement), note: reason)
        }
        let people = Set(it.placements.map(\.person)).count
        let added = it.added.isEmpty ? "" : ", \(format.number(it.added.count)) of them new"
        return ActivityWords(
            "placed", format.count(people, "person", "people") + added,
            changes: it.placements.prefix(20).map { placement in
                .init(
                    what: name(placement.person) ?? "",
                    before: nil,
                    after: changes(nil, placement).compactMap { change in
                        change.after.map { "\(change.what) \($0)" }
                    }.joined(separator: ", "))
            }, note: reason)
    }

    private func changes(_ before: OfficeRules, _ after: OfficeRules) -> [ActivityWords.Change] {
        func clock(_ minutes: Int) -> String {
            String(LocalTime(Day(number: 0), secondOfDay: minutes * 60).clock.prefix(5))
        }
        return differences([
            ("Name", before.name, after.name), ("Time zone", before.timeZone, after.timeZone),
            ("Business day begins", clock(before.cutOverMinutes), clock(after.cutOverMinutes)),
            ("Longest active pause", "\(before.maxGapMinutes) min", "\(after.maxGapMinutes) min"),
            (
                "Files proposed for deletion", before.retentionMonths.map { "after \($0) months" } ?? "never",
                after.retentionMonths.map { "after \($0) months" } ?? "never"
            ),
            ("Requests end after", "\(before.requests.expiryDays) days", "\(after.requests.expiryDays) days"),
            (
                "Delete requests end after", "\(before.deletions.expiryDays) days",
                "\(after.deletions.expiryDays) days"
            ),
            ("Trash", "\(before.deletions.trashDays) days", "\(after.deletions.trashDays) days"),
            (
                "An only admin waits", "\(before.deletions.singleAdminHours) h",
                "\(after.deletions.singleAdminHours) h"
            ),
            (
                "Past days of who moved on", before.keepsPastDays ? "stay visible" : "are hidden",
                after.keepsPastDays ? "stay visible" : "are hidden"
            ),
            ("Designations", designations(before.terms), designations(after.terms)),
            (
                "Employments", before.terms.employments.joined(separator: ", "),
                after.terms.employments.joined(separator: ", ")
            ),
            ("Statuses", statuses(before.terms), statuses(after.terms)),
        ])
    }

    private func designations(_ terms: PlacementTerms) -> String {
        terms.designations.map {
            switch terms.rank(of: $0) {
            case .agent: $0
            case .leader: "\($0) (leads)"
            case .manager: "\($0) (manages)"
            }
        }.joined(separator: ", ")
    }

    private func statuses(_ terms: PlacementTerms) -> String {
        terms.statuses.map { terms.ending.contains($0) ? "\($0) (ends)" : $0 }.joined(separator: ", ")
    }

    private func changes(_ before: User?, _ after: User) -> [ActivityWords.Change] {
        differences([
            ("User name", before?.username, after.username), ("Name", before?.name, after.name),
            ("Role", before?.role.title, after.role.title),
            ("Person", name(before?.person), name(after.person)),
        ])
    }

    private func changes(_ before: Placement?, _ after: Placement) -> [ActivityWords.Change] {
        differences([
            ("From", before.map { format.day($0.from) }, format.day(after.from)),
            ("Designation", before?.designation, after.designation),
            ("Employment", before?.employment, after.employment), ("Status", before?.status, after.status),
            ("Group", before?.group, after.group), ("Team leader", name(before?.leader), name(after.leader)),
            ("Team manager", name(before?.manager), name(after.manager)),
        ])
    }

    func differences(_ rows: [(String, String?, String?)]) -> [ActivityWords.Change] {
        rows.filter { $0.1 != $0.2 }.map { .init(what: $0.0, before: $0.1, after: $0.2) }
    }
}

/// What kinds of entries there are, in groups that somebody would look for.
let activityKinds: [(key: String, title: String, kinds: [any EventPayload.Type])] = [
    ("files", "Files", [FileUploaded.self, UploadRefused.self]),
    (
        "deletions", "Deletions and holds",
        [
            DeleteRequestOpened.self, DeleteRequestDecided.self, DeleteRequestPurged.self,
            ArchiveRewritten.self, DeleteHoldChanged.self,
        ]
    ),
    (
        "people", "People and placements",
        [
            PersonAdded.self, PersonsPlaced.self, PersonRenamed.self, TeamHandedOver.self, AliasChanged.self,
            NamesHeldApart.self,
        ]
    ),
    (
        "requests", "Requests",
        [
            TransferRequestOpened.self, TransferRequestDecided.self, TransferRequestCommented.self,
            DelegationChanged.self,
        ]
    ),
    (
        "users", "Users and passwords",
        [
            UserAdded.self, UserChanged.self, UserDisabled.self, PasswordSet.self, TokenMade.self,
            TokenRevoked.self,
        ]
    ),
    ("sign-ins", "Sign-ins", [Domain.SignedIn.self, SignInRefused.self, SignedOut.self, SessionsEnded.self]),
    ("exports", "Exports", [FiguresExported.self]),
    (
        "offices", "Other offices",
        [
            SnapshotMerged.self, SnapshotExported.self, SnapshotRefused.self, ConflictDecided.self,
            OfficePaired.self, OfficeUnpaired.self, IncarnationBegun.self, MergeUndone.self,
            ExchangeTokenMade.self, ExchangeTokenRevoked.self, ExchangeAddressChanged.self,
            ExchangePassphraseChanged.self, ExchangeAllowed.self, ForkDecided.self,
        ]
    ),
    (
        "backups", "Backups",
        [
            BackupMade.self, BackupFailed.self, BackupDrilled.self, BackupRestored.self,
            BackupPassphraseChanged.self, BackupDownloaded.self, ReplacedRemoved.self,
        ]
    ),
    (
        "settings", "Settings",
        [OfficeFounded.self, OfficeChanged.self, SourceChanged.self, BoxSettingsChanged.self]
    ),
]
