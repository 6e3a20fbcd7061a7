import Domain

/// The sources that a new office starts with: one for each known format.
public let defaultSources: [(name: String, format: String, outcomes: OutcomeMapping)] = FileFormat.all.map {
    ($0.title, $0.key, .coldCalling)
}
