/// How long a request waits for work that it began: what is quick is done when the page is asked for.
public struct Grace: Sendable {
    public var time: Duration

    public init(_ time: Duration = .milliseconds(1500)) { self.time = time }

    func wait(while isGoing: () -> Bool) async throws {
        let end = ContinuousClock.now + time
        while isGoing(), ContinuousClock.now < end { try await Task.sleep(for: .milliseconds(25)) }
    }
}
