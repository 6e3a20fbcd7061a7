import Domain

/// Records on their way into a staged version, with their repeated texts as codes.
public struct CallBatch: Sendable {
    public var records: [CallRecord] = []
    var codes: [Codes] = []
    var newNames: [(name: String, folded: String)] = []
    var newOutcomes: [CallDictionary.Outcome] = []
    var newLabels: [String] = []

    struct Codes: Sendable {
        var name: Int
        var outcome: Int
        var campaign: Int
        var original: Int
        var callType: Int
    }

    public init() {}
}

/// The repeated texts of one file, each known by the order in which it was met.
///
/// Interning is most of the work on a row that is not the database's, so it belongs on the parsing thread.
public struct CallDictionary: Sendable {
    struct Outcome: Hashable, Sendable {
        var type: String
        var state: String
    }

    private var names: [String: Int] = [:]
    private var outcomes: [Outcome: Int] = [:]
    private var labels: [String: Int] = [:]
    private var lastCallType: (text: String, code: Int)?

    /// Far above any office; more means that a column of ids or of free text is under the wrong heading.
    private static let limit = 200_000

    public init() {}

    /// - Throws: `UserError` `tooMany` for a file with more than 200,000 different names, states or campaigns.
    public mutating func batch(_ records: [CallRecord], folded: [String]) throws -> CallBatch {
        var batch = CallBatch()
        batch.codes.reserveCapacity(records.count)
        for (record, folded) in zip(records, folded) { try add(record, folded: folded, to: &batch) }
        return batch
    }

    public mutating func add(_ record: CallRecord, folded: String, to batch: inout CallBatch) throws {
        let name: Int
        if let known = names[folded] {
            name = known
        } else {
            name = names.count
            names[folded] = name
            batch.newNames.append((record.agent, folded))
        }
        let key = Outcome(type: record.type, state: record.state)
        let outcome: Int
        if let known = outcomes[key] {
            outcome = known
        } else {
            outcome = outcomes.count
            outcomes[key] = outcome
            batch.newOutcomes.append(key)
        }
        let original = label(record.originalCampaign, &batch)
        // The campaign that counts is the current one, and the original where there is none.
        let campaign =
            record.currentCampaign.isEmpty || record.currentCampaign == record.originalCampaign
            ? original : label(record.currentCampaign, &batch)
        let callType: Int
        // Most files have one in nearly every row.
        if let last = lastCallType, last.text == record.callType {
            callType = last.code
        } else {
            callType = label(record.callType, &batch)
            lastCallType = (record.callType, callType)
        }
        guard names.count <= Self.limit, outcomes.count <= Self.limit, labels.count <= Self.limit else {
            throw UserError(
                .tooMany,
                "The file has more than 200,000 different agents, states or campaigns (line \(record.line)).",
                advice: "Check that the columns are under the right headings. Nothing was kept.")
        }
        batch.codes.append(
            CallBatch.Codes(
                name: name, outcome: outcome, campaign: campaign, original: original, callType: callType))
        batch.records.append(record)
    }

    private mutating func label(_ text: String, _ batch: inout CallBatch) -> Int {
        if let known = labels[text] { return known }
        let code = labels.count
        labels[text] = code
        batch.newLabels.append(text)
        return code
    }
}
