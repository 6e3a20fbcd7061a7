import Domain
import Storage

/// Pages of figures and lists, on which who may see other offices chooses whose they are.
private let officePaths: Set<String> = [
    Paths.home, Paths.agents, Paths.people, Paths.distribution, Paths.names, Paths.allNames, Paths.requests,
    Paths.standIns, Paths.calls, Paths.performance, Paths.checks, Paths.files, Paths.fileDays,
    Paths.rejectedLines, Paths.storage, Paths.deletions, Paths.deletionTrash, Paths.deleteHolds,
    Paths.activity, Paths.sources, Paths.permissions,
]

/// What means the same in every office, and stays when another one is chosen.
private let keptItems: Set<String> = [
    "from", "to", "p", "by", "sort", "on", "known", "teams", "as-known", "weekday", "hour", "counting",
    "month",
    "q", "state", "kind",
]

extension Frame {
    /// Whose things the page shows, with a link to each other choice.
    struct Offices: Sendable, Decodable {
        var choices: [Entry]
    }
}

extension Visit {
    /// nil: one office is known, the page is of no office, or whoever looks sees no other.
    func officeTabs(_ viewer: Viewer) -> Frame.Offices? {
        guard let office, office.known.count > 1, viewer.may(.viewOffices), officePaths.contains(path) else {
            return nil
        }
        let kept = Form(query.fields.filter { keptItems.contains($0.name) })
        func entry(_ label: String, _ choice: OfficeChoice) -> Frame.Entry {
            Frame.Entry(
                label: label, href: kept.with(["office": choice.text]).link(path), current: choice == offices,
                icon: nil, waiting: nil)
        }
        var choices = office.known.map { known in
            entry(known.name, known.isOwn ? .own : .these([known.id.description]))
        }
        choices.append(entry("All offices", .all))
        // Several, as an address may name them, are no choice of the list.
        if !choices.contains(where: \.current), let words = office.words(offices) {
            choices.append(entry(words.prefix(1).uppercased() + words.dropFirst(), offices))
        }
        return Frame.Offices(choices: choices)
    }

    /// An address of the same office, where it is a page that knows of offices.
    func ofOffice(_ path: String) -> String {
        guard let text = offices.text, officePaths.contains(path) else { return path }
        return Form([("office", text)]).link(path)
    }
}

extension SignedIn {
    /// What keeps the office in a link; nothing for the own.
    var officeItems: [(name: String, value: String)] {
        visit.offices.text.map { [(name: "office", value: $0)] } ?? []
    }

    /// `office Leipzig`, `all offices`; nil for the own, which is not said.
    var officeWords: String? { visit.offices == .own ? nil : office.words(visit.offices) }

    /// `-all-offices`, `-leipzig` for the name of an export.
    var officeFileName: String {
        guard let words = officeWords else { return "" }
        return "-"
            + words.lowercased().split { !$0.isLetter && !$0.isNumber }.joined(separator: "-")
    }

    /// Of one person whoever's he is: where several offices are known, links say so.
    var everyOffice: OfficeChoice { may(.viewOffices) && office.known.count > 1 ? .all : .own }
}
