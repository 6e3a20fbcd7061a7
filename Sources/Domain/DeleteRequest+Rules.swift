/// What a delete request is judged by.
public struct DeleteContext: Sendable {
    public var now: Instant
    /// The business day of `now`.
    public var today: Day
    public var rules: DeleteRules
    public var holds: [DeleteHold]
    /// Everybody with calls among what would go, as names belong to people now.
    public var agents: Set<ID<Person>>
    /// What is judged led to a purge: it is done, whatever was asked or set elsewhere at the same time.
    public var isDone: Bool

    public init(
        now: Instant, today: Day, rules: DeleteRules, holds: [DeleteHold], agents: Set<ID<Person>>,
        isDone: Bool = false
    ) {
        self.now = now
        self.today = today
        self.rules = rules
        self.holds = holds
        self.agents = agents
        self.isDone = isDone
        // Whoever erases asks the holds and the times that he knows; what is erased, others cannot hold any more. What a
        // request keeps of the rules, its days in the trash, stays.
        if isDone {
            self.holds = []
            (self.rules.expiryDays, self.rules.singleAdminHours) = (36_500, 0)
        }
    }
}

extension DeleteRequest {
    /// Whether a request may be opened as it is; the same when it is made and when it is folded again.
    public func checkOpening(in context: DeleteContext) throws {
        let places = Set(targets.map { "\($0.file) \($0.version)" })
        guard stage == .open, steps.isEmpty, deleted == nil, purged == nil, !targets.isEmpty,
            targets.count <= 5000, places.count == targets.count, (0..<1440).contains(cutOverMinutes)
        else {
            throw UserError(.invalid, "This is no new request.", advice: "Open it again.")
        }
        guard !reason.allSatisfy(\.isWhitespace), reason.count <= 2000 else {
            throw UserError(
                .invalid, "A delete request needs a reason of at most 2,000 characters.", advice: "Say why.")
        }
        guard Permission.requestDeletions.reach(of: opener.role) > .none else { throw UserError.notHere }
        guard targets.allSatisfy({ $0.days?.isEmpty != true }) else {
            throw UserError(.invalid, "No day was chosen.", advice: "Choose one or more days.")
        }
        guard preview.rows > 0 else {
            throw UserError(
                .conflict, "There is nothing to delete: what you chose has no calls that are still there.",
                advice: "Choose another version or other days.")
        }
        try checkHolds(in: context)
    }

    /// - Throws: `UserError` naming the hold that forbids it.
    public func checkHolds(in context: DeleteContext) throws {
        let agents = context.agents.union(preview.agents.compactMap(\.person))
        let holds = context.holds.filter { $0.holds(on: context.today) }
        guard let hold = holds.first(where: { $0.blocks(targets, agents: agents, touched: preview.period) })
        else { return }
        throw UserError(
            .conflict,
            "A hold keeps some of these calls: \(hold.reason)"
                + (hold.until.map { " (until \($0.iso))" } ?? ""),
            advice: "Nothing was deleted. An admin can lift the hold under Deletions, Holds.")
    }

    /// Whether somebody asked for it, under whichever account.
    public func isOwn(_ party: RequestParty) -> Bool {
        party.user == opener.user || (party.person != nil && party.person == opener.person)
    }

    /// What somebody may do with the request now; that a hold stands against it is said when he tries.
    public func allowedActions(for party: RequestParty, in context: DeleteContext) -> Set<DeleteAction> {
        let isAdmin = Permission.decideDeletions.reach(of: party.role) > .none
        var actions: Set<DeleteAction> = []
        if isAdmin || isOwn(party) { actions.insert(.comment) }
        switch state(now: context.now, rules: context.rules) {
        case .open:
            if isAdmin, !isOwn(party) { actions.formUnion([.approve, .reject]) }
            if isOwn(party) { actions.insert(.withdraw) }
            if isAdmin, isSingleAdmin, party.user == opener.user,
                context.now >= singleAdminTime(context.rules)
            {
                actions.insert(.approve)
            }
        case .deleted: if isAdmin { actions.insert(.restore) }
        case .expired, .stale, .rejected, .withdrawn, .restored, .purged: break
        }
        return actions
    }

    /// The request after somebody's step; the same function when the step is made and when it is folded again.
    ///
    /// - Parameters:
    ///   - comment: required to reject, restore and comment.
    ///   - typedName: of a single admin's approval, the file's name.
    public func deciding(
        _ action: DeleteAction, comment: String, typedName: String? = nil, by party: RequestParty,
        at time: HybridTime, in context: DeleteContext
    ) throws -> DeleteRequest {
        let state = state(now: context.now, rules: context.rules)
        if action == .lapse {
            guard state == .open else { throw decided(state) }
        } else if !allowedActions(for: party, in: context).contains(action) {
            throw refusal(of: action, to: party, state, in: context)
        }
        let needsWords = [.reject, .restore, .comment].contains(action)
        guard comment.count <= 2000, !needsWords || !comment.allSatisfy(\.isWhitespace) else {
            throw UserError(
                .invalid, "This needs a comment of at most 2,000 characters.",
                advice: "Say why, so that the others understand.")
        }
        var request = self
        request.steps.append(DeleteStep(action: action, by: party, comment: comment, time: time))
        switch action {
        case .comment: break
        case .approve:
            if isOwn(party), typedName != self.typedName {
                throw UserError(
                    .invalid, "The name that was typed is not “\(self.typedName)”.",
                    advice: "Type the file's name exactly, to show that you mean this one.")
            }
            try checkHolds(in: context)
            request.stage = .deleted
            request.deleted = time
            request.trashDays = context.rules.trashDays
        case .reject: request.stage = .rejected
        case .withdraw: request.stage = .withdrawn
        case .lapse: request.stage = .stale
        case .restore: request.stage = .restored
        }
        return request
    }

    /// The request after its purge.
    ///
    /// Before its time only an admin who did not ask for it may, with a comment; at its time the program does.
    /// - Parameters:
    ///   - party: nil: the program.
    ///   - versions: what is erased, where it is known already.
    public func purging(
        _ versions: [PurgedVersion] = [], by party: RequestParty?, comment: String, at time: HybridTime,
        in context: DeleteContext
    ) throws -> DeleteRequest {
        guard stage == .deleted, var due = purgeTime else {
            throw decided(state(now: context.now, rules: context.rules))
        }
        if context.isDone { due = min(due, context.now) }
        if let party {
            guard Permission.decideDeletions.reach(of: party.role) > .none else { throw UserError.notHere }
            if context.now < due {
                guard !isOwn(party) else {
                    throw UserError(
                        .notAllowed, "Nobody purges early what he asked to delete.",
                        advice: "Ask another admin, or wait until its time is up.")
                }
                guard !comment.allSatisfy(\.isWhitespace), comment.count <= 2000 else {
                    throw UserError(
                        .invalid, "A purge before its time needs a comment of at most 2,000 characters.",
                        advice: "Say why.")
                }
            }
        } else if context.now < due {
            throw UserError(
                .conflict, "Its time in the trash is not over.", advice: "It is purged by itself then.")
        }
        try checkHolds(in: context)
        try checkPurged(versions)
        var request = self
        request.stage = .purged
        request.purged = time
        return request
    }

    /// What a purge erased is what the request is about.
    public func checkPurged(_ versions: [PurgedVersion]) throws {
        for version in versions {
            let target = targets.first { $0.file == version.file && $0.version == version.version }
            guard let target, (target.days == nil) == (version.kept == nil) else {
                throw UserError(
                    .invalid, "The purge is of other calls than were deleted.", advice: "Purge it again.")
            }
        }
    }

    private func decided(_ state: State) -> UserError {
        UserError(
            .conflict, "The request is \(state.words) already. Nothing was changed.",
            advice: "See its history.")
    }

    private func refusal(
        of action: DeleteAction, to party: RequestParty, _ state: State, in context: DeleteContext
    ) -> UserError {
        let isAdmin = Permission.decideDeletions.reach(of: party.role) > .none
        guard isAdmin || isOwn(party) else { return .notHere }
        if action == .restore, state != .deleted { return decided(state) }
        guard state == .open || action == .restore else { return decided(state) }
        if action == .approve, isOwn(party) {
            guard isSingleAdmin, party.user == opener.user else {
                return UserError(
                    .notAllowed, "Nobody approves his own delete request.",
                    advice: "Another admin has to look at it.")
            }
            return UserError(
                .notAllowed,
                "As the office's only admin you can approve this \(context.rules.singleAdminHours) hours after you asked for it.",
                advice: "Come back then, or have another admin look at it.")
        }
        return UserError(
            .notAllowed, "This step is not yours to take.", advice: "See whose word is waited for.")
    }
}

extension DeleteRequest.State {
    /// As sentences have it: “is … already”.
    public var words: String {
        switch self {
        case .open: "open"
        case .expired: "expired"
        case .rejected: "rejected"
        case .withdrawn: "withdrawn"
        case .stale: "out of date"
        case .deleted: "in the trash"
        case .restored: "restored"
        case .purged: "purged"
        }
    }
}
