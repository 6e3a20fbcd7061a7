import Domain
import HTTPTypes

/// What is wrong with a form, above its fields; printed by the partial `problem`.
public struct Problem: Decodable, Sendable {
    public var text: String
    public var advice: String

    public init(_ error: UserError) {
        text = error.message
        advice = error.advice
    }
}

extension UserError {
    /// For an answer that shows the form again.
    var httpStatus: HTTPResponse.Status { HTTPResponse.Status(code: code.status) }
}

/// One line of a select.
public struct Choice: Decodable, Sendable, Hashable {
    public var value: String
    public var label: String
    public var selected: Bool

    public init(_ value: String, _ label: String, selected: Bool) {
        self.value = value
        self.label = label
        self.selected = selected
    }
}
