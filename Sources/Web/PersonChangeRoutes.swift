import Domain
import Formats
import HTTPTypes
import Hummingbird
import Storage

let personChangeRoutes: [Route] =
    [
        Route(.get, Paths.newPerson, needs: .managePeople) { try await askNew($0, nil) },
        Route(.post, Paths.newPerson, needs: .managePeople, addPerson),
        Route(.post, Paths.placePeople, needs: .managePeople, body: .form(512 * 1024), placeMany),
    ]
    + personChange(Paths.personPlace(":id"), askPlace, placeOne)
    + personChange(Paths.personPromote(":id"), askPromote, promote)
    + personChange(Paths.personLeave(":id"), askLeave, leave)
    + personChange(Paths.personReturn(":id"), askReturn, letReturn)
    + personChange(Paths.personCancel(":id"), askCancel, cancel)
    + personChange(Paths.personName(":id"), askName, rename)
    + personChange(Paths.personHandOver(":id"), askHandOver, handOver)

/// A form about a person whom the viewer may place, and what takes it.
private func personChange(
    _ path: String, _ ask: @escaping @Sendable (PersonContext, UserError?) async throws -> Response,
    _ act: @escaping @Sendable (PersonContext) async throws -> Response
) -> [Route] {
    [
        Route(.get, path, needs: .managePeople) { try await ask(PersonContext($0), nil) },
        Route(.post, path, needs: .managePeople) { try await act(PersonContext($0)) },
    ]
}

/// A change of one person: the request, the person, and the day that the form is about.
struct PersonContext: Sendable {
    let request: SignedIn
    let managed: ManagedPerson
    let today: Day
    /// As typed; today before anything is.
    let day: Day

    init(_ request: SignedIn) async throws {
        self.request = request
        today = try await request.store.today()
        managed = try await request.store.managedPerson(try request.id(), from: today, for: request.viewer)
        day = request.form.day("from") ?? today
    }

    var id: ID<Person> { managed.person.id }
    var name: String { managed.person.name }
    var path: String { Paths.person(id.description) }
    var form: Form { request.form }
    var organization: Organization { managed.organization }
    var choices: PeopleChoices {
        // Whom he reports to now stays offered, whoever's that is.
        let now = organization.standing(of: id, on: day)
        return PeopleChoices(
            context: request, organization: organization, day: day, terms: managed.terms,
            outsiders: managed.outsiders.subtracting([now?.leader, now?.manager].compactMap { $0 }))
    }

    func standing() throws -> Standing {
        guard let standing = organization.standing(of: id, on: day) else { throw UserError.notHere }
        return standing
    }

    func page(
        _ title: String, lede: String? = nil, parts: [PersonFormPage.Part], hidden: [HiddenField] = [],
        submit: String = "Look at it first", action: String, _ problem: UserError?
    ) throws -> Response {
        try request.page(
            PersonFormPage(
                title: title, lede: lede,
                crumbs: [.init(label: "People", href: Paths.people), .init(label: name, href: path)],
                problem: problem.map(Problem.init), action: action, back: path, hidden: hidden, parts: parts,
                submit: submit), status: problem?.httpStatus ?? .ok,
            whose: request.may(.viewOffices) ? managed.otherOffice : nil)
    }

    /// Places through the form's steps: `plan` is looked at first and done then.
    func place(
        _ heading: String, confirm: String, notice: String, ask: (UserError?) async throws -> Response,
        warnings: [String] = [], plan: @escaping @Sendable (Organization) throws -> [Placement],
        involved: [ID<Person>] = []
    ) async throws -> Response {
        try await request.inSteps(ask: ask) {
            let asked = try request.day("from")
            let preview = try await request.store.previewPlacing(for: request.viewer, plan: plan)
            let day = begin(of: preview.placements) ?? asked
            var look = PeopleLook(
                preview, heading: heading + " from \(request.format.day(day))?", confirm: confirm, from: day,
                format: request.format)
            look.warnings += warnings
            return look
        } act: {
            let placements = try await request.store.placePersons(
                [id] + involved, naming: named, reason: form["reason"], for: request.viewer,
                by: request.actor, plan: plan)
            let from = request.format.day(begin(of: placements) ?? day)
            return request.redirect(to: path, Notice(.success, notice, "From \(from) on."))
        }
    }

    /// The person's first day in them: whoever was added later than the day that was asked for begins with that.
    private func begin(of placements: [Placement]) -> Day? {
        placements.filter { $0.person == id }.map(\.from).min()
    }

    /// Whoever the form names as a leader or manager.
    private var named: [ID<Person>] {
        form.fields.compactMap { field in
            field.value.split(separator: ":").last.flatMap { ID<Person>(String($0)) }
        }
    }
}

// MARK: Adding

@Sendable private func askNew(_ context: SignedIn, _ problem: UserError?) async throws -> Response {
    let today = try await context.store.today()
    let form = context.form
    let choices = PeopleChoices(
        context: context, organization: try await context.store.organization(),
        day: form.day("from") ?? today, outsiders: try await context.store.outsiders())
    let terms = choices.terms
    let designation =
        form.text("designation") ?? context.query.text("designation") ?? terms.designations.first ?? ""
    let isOffice = context.viewer.reach(.managePeople) == .office
    var parts: [PersonFormPage.Part] = [
        .text("name", "Name", form["name"], required: true),
        .day("from", "From", form.text("from") ?? today.iso, hint: "The first day here."),
        choices.words("designation", "Designation", terms.designations, designation),
        choices.seats(
            form["seat"],
            first: isOffice
                ? [Choice("", "Nobody yet (for a team manager: nobody)", selected: form["seat"].isEmpty)] : []
        ),
        choices.group(form["group"], hint: "Empty: the group of whom he reports to."),
        choices.words(
            "employment", "Employment", terms.employments,
            form.text("employment") ?? terms.employments.first ?? ""),
    ]
    if problem?.code == .conflict || form.has("again") {
        parts.append(
            .checks(
                "again", "The same name",
                [Choice("yes", "This is somebody else", selected: form.has("again"))]))
    }
    return try context.page(
        PersonFormPage(
            title: "Add a person", lede: "Agents come by themselves with the first file that names them.",
            crumbs: [.init(label: "People", href: Paths.people)], problem: problem.map(Problem.init),
            action: Paths.newPerson, back: Paths.people, hidden: [], parts: parts, submit: "Add"),
        status: problem?.httpStatus ?? .ok)
}

@Sendable private func addPerson(_ context: SignedIn) async throws -> Response {
    let form = context.form
    do {
        let day = try context.day("from")
        let organization = try await context.store.organization()
        let name = form["name"]
        let today = try await context.store.today()
        let outsiders = try await context.store.outsiders()
        let same = organization.persons.first {
            !outsiders.contains($0) && foldedName(organization.name(of: $0)) == foldedName(name)
                && organization.merged[$0] == nil
                && organization.isManaged($0, by: context.viewer, from: today)
        }
        if let same, !form.has("again") {
            throw UserError(
                .conflict, "There is somebody called \(organization.name(of: same)) already.",
                advice: "Say below that this is somebody else, or place that person instead.")
        }
        let (leader, manager): (ID<Person>?, ID<Person>?) =
            switch try context.seat() {
            case .leader(let id): (id, nil)
            case .manager(let id): (nil, id)
            case .nobody, nil: (nil, nil)
            }
        let above = (leader ?? manager).flatMap { organization.standing(of: $0, on: day)?.placement.group }
        let person = try await context.store.addPerson(
            name: name, folded: foldedName(name),
            placement: { id in
                Placement(
                    person: id, from: day, designation: form["designation"], employment: form["employment"],
                    status: organization.terms.statuses.first { !organization.terms.ending.contains($0) }
                        ?? Placement.employee,
                    group: form.text("group") ?? above ?? Placement.unassigned, leader: leader,
                    manager: manager)
            }, for: context.viewer, by: context.actor)
        return context.redirect(
            to: Paths.person(person.id.description),
            Notice(.success, "Added", "\(person.name) is here from \(context.format.day(day)) on."))
    } catch let error as UserError where error.code != .notFound { return try await askNew(context, error) }
}

// MARK: Placing

@Sendable private func askPlace(_ it: PersonContext, _ problem: UserError?) async throws -> Response {
    let now = try it.standing()
    let (form, choices) = (it.form, it.choices)
    let seat = now.placement.leader.map { "leader:\($0)" } ?? now.placement.manager.map { "manager:\($0)" }
    var parts: [PersonFormPage.Part] = [
        .day(
            "from", "From", form.text("from") ?? it.today.iso,
            hint: "Also a day that is over, or to come. Days before stay as they are.")
    ]
    if now.rank != .manager {
        let selected = form.has("seat") ? form["seat"] : seat ?? "nobody"
        parts.append(
            choices.seats(
                selected, except: it.id, leaders: now.rank == .agent,
                first: now.rank == .agent && it.request.reach == .office
                    ? [Choice("nobody", "Nobody (unassigned)", selected: selected == "nobody")] : []))
    }
    parts += [
        choices.group(form.has("group") ? form["group"] : now.placement.group),
        choices.words(
            "designation", "Designation", choices.terms.designations,
            form.text("designation") ?? now.placement.designation),
        choices.words(
            "employment", "Employment", choices.terms.employments,
            form.text("employment") ?? now.placement.employment),
        choices.words(
            "status", "Status", choices.terms.statuses, form.text("status") ?? now.placement.status),
    ]
    parts += choices.later(of: [it.id], replace: "are off: it stays as chosen here")
    parts.append(choices.reason)
    return try it.page(
        "Place \(it.name)", lede: "Now: \(choices.words(now)).", parts: parts,
        action: Paths.personPlace(it.id.description), problem)
}

extension PeopleChoices {
    fileprivate func words(_ it: Standing) -> String {
        let words = PeopleWords(organization: organization, format: context.format)
        return "\(words.terms(it.placement)), \(words.seat(it))"
    }
}

@Sendable private func placeOne(_ it: PersonContext) async throws -> Response {
    try await it.place(
        "Place \(it.name)", confirm: "Place", notice: "\(it.name) is placed",
        ask: { try await askPlace(it, $0) },
        plan: { organization in
            let day = try it.request.day("from")
            let terms = organization.terms
            var change = PlacementChange(
                designation: it.form.text("designation"), employment: it.form.text("employment"),
                status: it.form.text("status"), group: it.form.text("group"), seat: try it.request.seat())
            // Whoever leaves, or manages, is under nobody whatever the list above says.
            let isManager = change.designation.map { terms.rank(of: $0) == .manager } ?? false
            if isManager || change.status.map(terms.ending.contains) == true { change.seat = nil }
            return try organization.change(
                it.id, from: day, by: change, replacingLater: it.form["later"] == "replace")
        })
}
