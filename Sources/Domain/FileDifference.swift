/// Something that two versions of a call can differ in.
public enum CallField: String, Sendable, Codable, Hashable, CaseIterable {
    case agent, time, type, state, campaign, originalCampaign, callType, profile, talk, wait

    /// In the words of a person.
    public var title: String {
        switch self {
        case .agent: "Agent"
        case .time: "Time"
        case .type: "Type"
        case .state: "State"
        case .campaign: "Campaign"
        case .originalCampaign: "Original campaign"
        case .callType: "Call type"
        case .profile: "Profile"
        case .talk: "Talk"
        case .wait: "Wait"
        }
    }

    /// Whether its values are seconds.
    public var isDuration: Bool { self == .talk || self == .wait }
}

/// How many calls two versions of a file share, and how many only one of them has.
public struct FileDifferenceCounts: Sendable, Codable, Hashable {
    /// Only in the later version.
    public var new: Int
    /// In both, with other content.
    public var changed: Int
    /// Only in the earlier version.
    public var gone: Int
    public var same: Int

    public init(new: Int, changed: Int, gone: Int, same: Int) {
        self.new = new
        self.changed = changed
        self.gone = gone
        self.same = same
    }

    public func count(_ kind: FileDifferenceKind) -> Int {
        switch kind {
        case .changed: changed
        case .new: new
        case .gone: gone
        }
    }

    public var areEqual: Bool { new + changed + gone == 0 }
}

/// In the order in which they matter: a change alters a figure that was looked at already.
public enum FileDifferenceKind: String, Sendable, Codable, Hashable, CaseIterable {
    case changed, new, gone

    public var title: String {
        switch self {
        case .changed: "Changed"
        case .new: "New"
        case .gone: "Gone"
        }
    }
}

/// A call as one version of a file has it.
public struct CallSide: Sendable, Hashable {
    public var line: Int
    /// Blank ones are left out.
    public var fields: [CallField: String]

    public init(line: Int, fields: [CallField: String]) {
        self.line = line
        self.fields = fields
    }
}

/// One field, before and after.
public struct FieldChange: Sendable, Hashable {
    public var field: CallField
    public var before: String?
    public var after: String?
}

/// What differs between two sides, in the order of the fields.
///
/// Empty for a name that is only spelt in another way, and for a current campaign that only repeats the original
/// one in one of the versions: what is kept of the calls is the same.
public func fieldChanges(_ before: CallSide, _ after: CallSide) -> [FieldChange] {
    CallField.allCases.compactMap { field in
        let (old, new) = (before.fields[field], after.fields[field])
        return old == new ? nil : FieldChange(field: field, before: old, after: new)
    }
}
