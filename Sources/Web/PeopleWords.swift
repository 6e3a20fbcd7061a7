import Domain
import Storage

/// Who stands where, and what becomes of it, in words.
struct PeopleWords {
    var organization: Organization
    var format: OfficeFormat

    func name(_ person: ID<Person>?) -> String { person.map { organization.name(of: $0) } ?? "nobody" }

    /// `in the team of Lea Leader (Tom Manager)`, `idle under Tom Manager`, `under Tom Manager`, `unassigned`.
    func seat(_ it: Standing) -> String {
        if it.hasLeft { return "left" }
        if let leader = it.leader {
            return "in the team of \(name(leader))" + (it.manager.map { " (\(name($0)))" } ?? "")
        }
        guard let manager = it.manager else { return it.rank == .manager ? "manages teams" : "unassigned" }
        return it.rank == .agent ? "idle under \(name(manager))" : "under \(name(manager))"
    }

    /// `Cold Caller, Full-Timer, group North`.
    func terms(_ placement: Placement) -> String {
        let isUsual = organization.terms.statuses.first == placement.status
        return [
            placement.designation, placement.employment, isUsual ? nil : placement.status,
            placement.group == Placement.unassigned ? nil : "group \(placement.group)",
        ].compactMap { $0 }.joined(separator: ", ")
    }

    // MARK: A person's steps

    func title(_ step: TimelineStep) -> String {
        let sentences = step.changes.map { words($0, step) }
        return sentences.joined(separator: "; ").capitalizedFirst + "."
    }

    private func words(_ change: TimelineStep.Change, _ step: TimelineStep) -> String {
        let (new, old) = (step.after.placement, step.before?.placement)
        func was(_ text: String?) -> String { text.map { "from \($0) " } ?? "" }
        switch change {
        case .joined:
            return organization.terms.hasLeft(new)
                ? "has left" : "joined as \(new.designation), \(seat(step.after))"
        case .returned: return "returned as \(new.designation), \(seat(step.after))"
        case .left: return new.status == Placement.left ? "left" : "left (\(new.status))"
        case .promoted: return "promoted \(was(old?.designation))to \(new.designation), \(seat(step.after))"
        case .demoted: return "moved down \(was(old?.designation))to \(new.designation), \(seat(step.after))"
        case .movedTeam, .movedManager:
            if step.changes.contains(.promoted) || step.changes.contains(.demoted)
                || step.changes.contains(.returned)
            {
                return "before \(step.before.map(seat) ?? "unassigned")"
            }
            return change == .movedTeam
                ? "moved \(was(step.before.map(place)))to \(place(step.after))"
                : "came under \(name(step.after.manager)), before under \(name(step.before?.manager))"
        case .changedDesignation: return "designation \(new.designation), before \(old?.designation ?? "")"
        case .changedEmployment: return "employment \(new.employment), before \(old?.employment ?? "")"
        case .changedStatus: return "status \(new.status), before \(old?.status ?? "")"
        case .changedGroup: return "group \(new.group), before \(old?.group ?? "")"
        case .confirmed: return "placed again as before"
        }
    }

    private func place(_ span: PlacementSpan) -> String {
        if let leader = span.placement.leader { return "the team of \(name(leader))" }
        return span.manager.map { "\(name($0)), without a team" } ?? "no team"
    }

    func seat(_ span: PlacementSpan) -> String {
        seat(organization.standing(in: span))
    }

    /// A placement that was planned or superseded, as it was written.
    func sentence(_ placement: Placement) -> String {
        let seat: String
        if let leader = placement.leader {
            seat = "in the team of \(name(leader))"
        } else if let manager = placement.manager {
            seat = "under \(name(manager))"
        } else {
            seat = organization.terms.rank(of: placement) == .manager ? "" : "under nobody"
        }
        return [terms(placement), seat].filter { !$0.isEmpty }.joined(separator: ", ")
    }

    /// By whom, when and why; `entered Mon 23 Nov 2026, 09:12 by Ann Admin: “asked for it”`.
    func cause(_ known: KnownPlacement) -> String {
        let how =
            switch known.cause.kind {
            case PersonAdded.kind: "Added"
            case FileUploaded.kind: "First seen in a file, uploaded"
            case TeamHandedOver.kind: "Handed over"
            case TransferRequestDecided.kind: "By a request, decided"
            default: "Entered"
            }
        return "\(how) \(format.moment(known.time.instant)) by \(known.cause.actor)"
            + (known.cause.reason.isEmpty ? "" : ": “\(known.cause.reason)”")
    }
}

extension String {
    var capitalizedFirst: String { prefix(1).uppercased() + dropFirst() }
}

/// What a change of people would do, for `people.look`.
struct PeopleLook {
    struct Change: Decodable, Sendable {
        var what: String
        var before: String?
        var after: String
    }
    struct Line: Decodable, Sendable {
        var who: String
        var day: String
        var changes: [Change]
    }
    var heading: String
    var confirm: String
    var sentences: [String] = []
    var lines: [Line] = []
    var more: String?
    var warnings: [String] = []

    /// Tells whether what is done is what was looked at (FNV-1a).
    var digest: String {
        let text =
            sentences + warnings
            + lines.map {
                "\($0.who)\($0.day)" + $0.changes.map { "\($0.what)\($0.before ?? "")\($0.after)" }.joined()
            }
        let hash = text.joined(separator: "\n").utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) {
            ($0 ^ UInt64($1)) &* 0x100_0000_01b3
        }
        return String(hash, radix: 16)
    }

    init(heading: String, confirm: String, sentences: [String] = []) {
        self.heading = heading
        self.confirm = confirm
        self.sentences = sentences
    }

    /// - Parameter day: the one that was asked for; who joined later is placed from that day.
    init(_ preview: PlacementPreview, heading: String, confirm: String, from day: Day, format: OfficeFormat) {
        self.init(heading: heading, confirm: confirm)
        let placed = Set(preview.placements.map(\.person))
        let ordered = preview.placements.sorted {
            (preview.before.name(of: $0.person), $0.person, $0.from)
                < (preview.before.name(of: $1.person), $1.person, $1.from)
        }
        lines = ordered.prefix(100).compactMap { placement in
            guard let new = preview.after.standing(of: placement.person, on: placement.from) else {
                return nil
            }
            return Line(
                who: new.name, day: format.day(placement.from),
                changes: Self.changes(
                    preview.before.standing(of: placement.person, on: placement.from), new, preview))
        }
        if ordered.count > lines.count { more = "… and \(format.number(ordered.count - lines.count)) more." }
        sentences = [
            "\(format.count(placed.count, "person is", "people are")) placed. Days before stay as they are."
        ]
        let carried = preview.after.persons.filter { person in
            !placed.contains(person) && preview.after.merged[person] == nil
                && preview.before.standing(of: person, on: day)?.manager
                    != preview.after.standing(of: person, on: day)?.manager
        }
        if !carried.isEmpty {
            sentences.append(
                "\(format.count(carried.count, "agent comes", "agents come")) under another team manager with the team leader."
            )
        }
        let last = Dictionary(grouping: preview.placements, by: \.person)
        let standing = last.keys.sorted().flatMap { person in
            preview.after.later(of: person, after: last[person]?.map(\.from).max() ?? day)
        }
        if !standing.isEmpty {
            let words = PeopleWords(organization: preview.after, format: format)
            warnings += standing.prefix(5).map {
                "A later change stands: \(preview.after.name(of: $0.placement.person)), from \(format.day($0.placement.from)): \(words.sentence($0.placement))."
            }
            if standing.count > 5 { warnings.append("… and \(standing.count - 5) more later changes.") }
        }
    }

    private static func changes(_ old: Standing?, _ new: Standing, _ preview: PlacementPreview) -> [Change] {
        func name(_ person: ID<Person>?) -> String { person.map { preview.after.name(of: $0) } ?? "nobody" }
        let now = new.placement
        let all: [(String, String?, String)] = [
            ("Team leader", old.map { name($0.leader) }, name(new.leader)),
            ("Team manager", old.map { name($0.manager) }, name(new.manager)),
            ("Designation", old?.placement.designation, now.designation),
            ("Employment", old?.placement.employment, now.employment),
            ("Status", old?.placement.status, now.status), ("Group", old?.placement.group, now.group),
        ]
        let changes = all.filter { $0.1 != $0.2 }.map { Change(what: $0.0, before: $0.1, after: $0.2) }
        return changes.isEmpty ? [Change(what: "As before", before: nil, after: "")] : changes
    }
}

/// A person's steps, a line each, for the command line.
public func timelineText(_ steps: [TimelineStep], _ organization: Organization, _ format: OfficeFormat)
    -> [String]
{
    let words = PeopleWords(organization: organization, format: format)
    return steps.map { step in
        "\(step.from.iso)  \(words.title(step))" + (step.known.map { " \(words.cause($0))." } ?? "")
    }
}
