import Domain
import Foundation
import HTTPTypes
import Storage
import TestSupport
import Testing

@testable import Web

@Suite struct NameTests {
    private static let from = Day(iso: "2026-11-02") ?? Day(number: 0)

    /// The test site with calls of two spellings of one name, and of somebody else.
    private func filled() async throws -> TestSite {
        let office = try await TestSite()
        var id = 0
        let calls = ["Carla Mendes", "Carla Mendez", "Zoe Papas"].flatMap { name in
            (0..<6).map { index in
                id += 1
                return SampleCall(
                    id: id, agent: name,
                    time: LocalTime(Self.from.adding(index), secondOfDay: 36_000 + id * 60))
            }
        }
        try takeIn(calls, into: office.store)
        return office
    }

    private func person(_ name: String, _ office: TestSite) async throws -> ID<Person> {
        try #require(try await office.store.persons().first { $0.name == name }?.id)
    }

    private func reference(_ name: String, _ office: TestSite) async throws -> NameReference {
        let book = try await office.store.nameBook(for: .console)
        return NameReference(try #require(book.aliases.first { $0.name == name }))
    }

    @Test(arguments: ["ann", "dan"])
    func `the queue has what is unmatched with near spellings, and one press links`(user: String) async throws
    {
        let office = try await filled()
        let (mendes, mendez) = (
            try await person("Carla Mendes", office), try await person("Carla Mendez", office)
        )
        try await office.run { browser in
            try await browser.signIn(user)
            let home = try await browser.get(Paths.home)
            #expect(home.text.contains(">3 names of dialers"))
            let page = try await browser.get(Paths.names)
            #expect(page.status == 200)
            for words in ["Carla Mendes", "Carla Mendez", "Zoe Papas", "one letter differs", "6 logs"] {
                #expect(page.text.contains(words), "\(words)")
            }
            let linked = try await browser.post(
                Paths.namesMerge, ["person": mendez.description, "into": mendes.description])
            #expect(linked.status == 303 && linked.location == Paths.names)
            let after = try await browser.get(Paths.names)
            #expect(after.text.contains("All names of Carla Mendez are Carla Mendes now."))
            #expect(!after.text.contains("one letter differs"))
            // Once more, as on a page that another has open still.
            let twice = try await browser.post(
                Paths.namesMerge, ["person": mendez.description, "into": mendes.description])
            #expect(twice.status == 409 && twice.text.contains("no longer two persons"))
            let changes = try await browser.get(Paths.nameChanges)
            #expect(changes.text.contains("Carla Mendez is the same person as Carla Mendes"))
            let undo = try #require(changes.text.firstMatch(of: /action="(\/names\/changes\/\d+\/undo)"/))
            let undone = try await browser.post(String(undo.1))
            #expect(undone.status == 303)
            let again = try await browser.post(String(undo.1))
            #expect(again.status == 409, "what is undone cannot be undone again")
            let nothing = try await browser.post(Paths.nameChangeUndo("999999"))
            #expect(nothing.status == 404)
            let restored = try await browser.get(Paths.names)
            #expect(restored.text.contains("one letter differs"))
        }
        #expect(try await office.peopleEvents().filter { $0 == "aliasChanged" }.count == 2)
    }

    @Test func `two who are held apart are not suggested again`() async throws {
        let office = try await filled()
        let (mendes, mendez) = (
            try await person("Carla Mendes", office), try await person("Carla Mendez", office)
        )
        try await office.run { browser in
            try await browser.signIn("ann")
            let apart = try await browser.post(
                Paths.namesApart, ["first": mendez.description, "second": mendes.description])
            #expect(apart.status == 303)
            let page = try await browser.get(Paths.names)
            #expect(
                page.text.contains("are not suggested again") && !page.text.contains("one letter differs"))
            let wrong = try await browser.post(Paths.namesApart, ["first": mendez.description])
            #expect(wrong.status == 409)
        }
        #expect(try await office.peopleEvents().last == "namesHeldApart")
    }

    @Test func `a name goes to another person from a day on, and back`() async throws {
        let office = try await filled()
        let reference = try await reference("Zoe Papas", office)
        let mendes = try await person("Carla Mendes", office)
        let day = Self.from.adding(3)
        try await office.run { browser in
            try await browser.signIn("ann")
            let path = Paths.nameLink(reference.text)
            // What was typed stays, and what is wrong is said.
            for (fields, says) in [
                (["person": "", "days": "all", "reason": "typed reason"], "Choose a person of the list"),
                (
                    [
                        "person": mendes.description, "days": "from", "from": "30 Nov",
                        "reason": "typed reason",
                    ], "From which day on?"
                ),
                (["person": "new", "newName": "Zed", "days": "all", "reason": "typed reason"], "new person"),
                (
                    [
                        "person": "new", "newName": " ", "days": "from", "from": day.iso,
                        "reason": "typed reason",
                    ],
                    "needs a name"
                ),
            ] {
                let wrong = try await browser.post(path, fields)
                #expect(wrong.status == 400 && wrong.text.contains(says), "\(says)")
                #expect(wrong.text.contains("typed reason"), "\(says)")
            }
            let linked = try await browser.post(
                path,
                ["person": mendes.description, "days": "from", "from": day.iso, "reason": "Shared login"])
            #expect(linked.status == 303 && linked.location == reference.path)
            let page = try await browser.get(reference.path)
            #expect(page.text.contains("is Carla Mendes from \(OfficeFormat(zone: .gmt).day(day)) on"))
            #expect(page.text.contains("until Wed 4 Nov 2026") && page.text.contains("from Thu 5 Nov 2026"))
            let list = try await browser.get(Paths.allNames + "?q=papas")
            #expect(list.text.contains("By dates") && !list.text.contains("Carla Mendez"))
            let byPerson = try await browser.get(Paths.allNames + "?q=carla+mendes")
            #expect(byPerson.text.contains("Zoe Papas"))
            let added = try await browser.post(
                path, ["person": "new", "newName": "Zed Papas", "days": "from", "from": "2026-11-06"])
            #expect(added.status == 303)
            let unlinked = try await browser.post(
                Paths.nameUnlink(reference.text), ["from": day.iso])
            #expect(unlinked.status == 303)
            let wrong = try await browser.post(Paths.nameUnlink(reference.text), ["from": "soon"])
            #expect(wrong.status == 400)
            let answer = try await browser.get(Paths.namesAPI + "?q=papas")
            let json = try #require(
                try JSONSerialization.jsonObject(with: Data(answer.text.utf8)) as? [String: Any])
            let names = try #require(json["names"] as? [[String: Any]])
            let links = try #require(names.first?["links"] as? [[String: Any]])
            #expect(links.map { $0["name"] as? String } == ["Zoe Papas", "Zed Papas"])
            #expect(links.map { $0["from"] as? String } == [nil, "2026-11-06"])
        }
        #expect(
            try await office.peopleEvents().suffix(4) == [
                "aliasChanged", "personAdded", "aliasChanged", "aliasChanged",
            ])
    }

    @Test func `data entry links, but adds nobody; a team manager finds no names`() async throws {
        let office = try await filled()
        let reference = try await reference("Zoe Papas", office)
        try await office.run { browser in
            try await browser.signIn("dan")
            let page = try await browser.get(reference.path)
            #expect(page.status == 200 && !page.text.contains("A new person"))
            let added = try await browser.post(
                Paths.nameLink(reference.text),
                ["person": "new", "newName": "Zed", "days": "from", "from": "2026-11-06"])
            #expect(added.status == 404)
            let other = browser.another()
            try await other.signIn("tom")
            for path in [Paths.names, Paths.allNames, Paths.nameChanges, reference.path, Paths.namesAPI] {
                #expect(try await other.get(path).status == 404, "\(path)")
            }
        }
    }

    @Test func `an office without names says where they come from, and when all are matched`() async throws {
        let office = try await TestSite()
        try await office.run { browser in
            try await browser.signIn("ann")
            #expect(try await browser.get(Paths.names).text.contains("No names yet"))
            #expect(try await browser.get(Paths.allNames).text.contains("No names here"))
            #expect(try await browser.get(Paths.nameChanges).text.contains("No name was changed yet"))
            try takeIn(
                [SampleCall(id: 1, agent: "Zoe Papas", time: LocalTime(Self.from, secondOfDay: 36_000))],
                into: office.store)
            let zoe = try await person("Zoe Papas", office)
            try await office.store.place(
                [Placement(person: zoe, from: Self.from, group: "North")], reason: "", by: .console)
            #expect(try await browser.get(Paths.names).text.contains("Every name is matched"))
        }
    }
}

extension TestSite {
    /// Kinds of the entries about people and names, the earliest first.
    func peopleEvents() async throws -> [String] {
        var filter = ActivityFilter()
        filter.kinds = ["personAdded", "personsPlaced", "aliasChanged", "namesHeldApart"]
        return try await store.activity(filter, for: .console, limit: 1000).entries.map(\.event.kind)
            .reversed()
    }
}
