extension EventBody {
    /// What the event sets.
    ///
    /// - Parameter office: of the event.
    public func writes(of office: ID<Office>) throws -> [RegisterWrite] {
        switch self {
        case .officeChanged(let it): [RegisterWrite("office \(office)", of: it.after)]
        case .sourceChanged(let it): [RegisterWrite("source \(it.after.id)", of: it.after)]
        case .fileUploaded(let it):
            it.newNames.map { new in
                RegisterWrite(
                    "name \(office) \(new.folded)",
                    of: [AliasLink(person: new.person, from: new.from)])
            }
        case .personAdded(let it):
            Self.writes([it.person], [it.folded ?? ""], [it.placement], of: office)
        case .personsPlaced(let it):
            Self.writes(it.placements) + Self.writes(it.added, it.folded, it.placements, of: office)
        case .teamHandedOver(let it): Self.writes(it.placements)
        case .personRenamed(let it): [RegisterWrite("person \(it.person)", it.after)]
        case .aliasChanged(let it):
            it.changes.map { change in
                RegisterWrite("name \(change.office) \(change.folded)", of: change.after)
            }
                + (it.merge.map { [RegisterWrite("same \($0.person)", $0.undone ? "" : $0.into.description)] }
                    ?? [])
        case .transferRequestDecided(let it):
            [RegisterWrite("request \(it.request)", it.action.goesOn ? "on" : "stopped")]
                + Self.writes(it.placements)
        case .delegationChanged(let it):
            (it.after ?? it.before).map {
                [RegisterWrite("stand-in \($0.id)", of: it.after)]
            } ?? []
        case .deleteRequestDecided(let it):
            it.action == .comment
                ? [] : [RegisterWrite("deletion \(it.request)", it.action == .approve ? "deleted" : "kept")]
        case .deleteRequestPurged(let it): [RegisterWrite("purge \(it.request)", "purged")]
        case .deleteHoldChanged(let it):
            (it.after ?? it.before).map { [RegisterWrite("hold \(office) \($0.id)", of: it.after)] }
                ?? []
        case .conflictDecided(let it):
            [RegisterWrite("conflict \(it.conflict)", it.choice.rawValue)]
                + (try it.change?.body().writes(of: office) ?? [])
        default: []
        }
    }

    /// Names that files will call people by who were added by hand; those without one are not written.
    private static func writes(
        _ added: [Person], _ folded: [String], _ placements: [Placement], of office: ID<Office>
    ) -> [RegisterWrite] {
        zip(added, folded).compactMap { person, folded in
            let from = placements.filter { $0.person == person.id }.map(\.from).min()
            guard !folded.isEmpty, let from else { return nil }
            return RegisterWrite("name \(office) \(folded)", of: [AliasLink(person: person.id, from: from)])
        }
    }

    /// A person's placements are one register, whatever their days: whoever places somebody must know where he is.
    private static func writes(_ placements: [Placement]) -> [RegisterWrite] {
        let byPerson = Dictionary(grouping: placements, by: \.person)
        return byPerson.sorted { $0.key < $1.key }.map { person, placements in
            RegisterWrite("placement \(person)", of: placements.sorted { $0.from < $1.from })
        }
    }
}

extension RequestAction {
    /// Towards the placements; a step that stops the request wins over one that was made at the same time.
    public var goesOn: Bool { self == .accept || self == .approve || self == .override }
}
