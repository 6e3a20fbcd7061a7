extension EventBody {
    /// What the event sets.
    ///
    /// - Parameter office: of the event.
    public func writes(of office: ID<Office>) throws -> [RegisterWrite] {
        switch self {
        case .officeChanged(let it): [RegisterWrite("office \(office)", try canonicalText(it.after))]
        case .sourceChanged(let it): [RegisterWrite("source \(it.after.id)", try canonicalText(it.after))]
        case .fileUploaded(let it):
            try it.newNames.map { new in
                RegisterWrite(
                    "name \(office) \(new.folded)",
                    try canonicalText([AliasLink(person: new.person, from: new.from)]))
            }
        case .personsPlaced(let it): try Self.writes(it.placements)
        case .teamHandedOver(let it): try Self.writes(it.placements)
        case .personRenamed(let it): [RegisterWrite("person \(it.person)", it.after)]
        case .aliasChanged(let it):
            try it.changes.map {
                RegisterWrite("name \($0.office) \($0.folded)", try canonicalText($0.after))
            }
                + (it.merge.map { [RegisterWrite("same \($0.person)", $0.undone ? "" : $0.into.description)] }
                    ?? [])
        case .transferRequestDecided(let it):
            [RegisterWrite("request \(it.request)", it.action.goesOn ? "on" : "stopped")]
                + (try Self.writes(it.placements))
        case .delegationChanged(let it):
            try (it.after ?? it.before).map {
                [RegisterWrite("stand-in \($0.id)", try canonicalText(it.after))]
            } ?? []
        case .deleteRequestDecided(let it):
            it.action == .comment
                ? [] : [RegisterWrite("deletion \(it.request)", it.action == .approve ? "deleted" : "kept")]
        case .deleteRequestPurged(let it): [RegisterWrite("purge \(it.request)", "purged")]
        case .deleteHoldChanged(let it):
            try (it.after ?? it.before).map { [RegisterWrite("hold \($0.id)", try canonicalText(it.after))] }
                ?? []
        case .conflictDecided(let it):
            [RegisterWrite("conflict \(it.conflict)", it.choice.rawValue)]
                + (try it.change?.body().writes(of: office) ?? [])
        default: []
        }
    }

    /// A person's placements are one register, whatever their days: whoever places somebody must know where he is.
    private static func writes(_ placements: [Placement]) throws -> [RegisterWrite] {
        let byPerson = Dictionary(grouping: placements, by: \.person)
        return try byPerson.sorted { $0.key < $1.key }.map { person, placements in
            RegisterWrite("placement \(person)", try canonicalText(placements.sorted { $0.from < $1.from }))
        }
    }
}

extension RequestAction {
    /// Towards the placements; a step that stops the request wins over one that was made at the same time.
    public var goesOn: Bool { self == .accept || self == .approve || self == .override }
}
