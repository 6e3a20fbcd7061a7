/// Whose things somebody looks at where a folder holds those of several offices.
///
/// Only who may see other offices sees anything but his own, whatever he chooses.
public enum OfficeChoice: Hashable, Sendable {
    case own
    case all
    /// Identities or names, in the order asked for.
    case these([String])

    /// `own`, `all`, the name of an office, or identities with commas between; nothing is `own`.
    public init(text: String) {
        switch text {
        case "", "own": self = .own
        case "all": self = .all
        default:
            let parts = text.split(separator: ",").map(String.init)
            self = .these(parts.allSatisfy { ID<Office>($0) != nil } ? parts : [text])
        }
    }

    /// What an address carries; nil for the own office, which needs no saying.
    public var text: String? {
        switch self {
        case .own: nil
        case .all: "all"
        case .these(let offices): offices.joined(separator: ",")
        }
    }
}
