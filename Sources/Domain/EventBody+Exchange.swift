/// Another office may fetch and send from now on; its token is kept as a hash alone.
public struct ExchangeTokenMade: EventPayload {
    public static let kind = "exchangeTokenMade"
    public static let stream = EventStream.local
    public var body: EventBody { .exchangeTokenMade(self) }
    public var subject: String? { office.description }
    public var office: ID<Office>
    public var name: String

    public init(office: ID<Office>, name: String) {
        self.office = office
        self.name = name
    }
}

/// Another office may no longer fetch and send.
public struct ExchangeTokenRevoked: EventPayload {
    public static let kind = "exchangeTokenRevoked"
    public static let stream = EventStream.local
    public var body: EventBody { .exchangeTokenRevoked(self) }
    public var subject: String? { office.description }
    public var office: ID<Office>
    public var name: String

    public init(office: ID<Office>, name: String) {
        self.office = office
        self.name = name
    }
}

/// This box fetches from another office, and sends to it, at this address.
public struct ExchangeAddressChanged: EventPayload {
    public static let kind = "exchangeAddressChanged"
    public static let stream = EventStream.local
    public var body: EventBody { .exchangeAddressChanged(self) }
    public var subject: String? { office.description }
    public var office: ID<Office>
    public var name: String
    /// nil: no longer.
    public var address: String?

    public init(office: ID<Office>, name: String, address: String?) {
        self.office = office
        self.name = name
        self.address = address
    }
}

/// What this box writes into the shared folder is sealed with another passphrase from now on, or with none.
public struct ExchangePassphraseChanged: EventPayload {
    public static let kind = "exchangePassphraseChanged"
    public static let stream = EventStream.local
    public var body: EventBody { .exchangePassphraseChanged(self) }
    /// false: it is no longer sealed.
    public var isSet: Bool

    public init(isSet: Bool) { self.isSet = isSet }
}

/// Somebody said that an exchange may go on although it had stopped to ask, or took that back.
public struct ExchangeAllowed: EventPayload {
    public static let kind = "exchangeAllowed"
    public static let stream = EventStream.local
    public var body: EventBody { .exchangeAllowed(self) }
    public var subject: String? { question.from.description }
    public var question: ExchangeQuestion
    /// true: it stops and asks again; nil: it may go on.
    public var isTakenBack: Bool?

    public init(question: ExchangeQuestion, isTakenBack: Bool = false) {
        self.question = question
        self.isTakenBack = isTakenBack ? true : nil
    }
}

/// Two boxes wrote one chain of an office differently, and somebody said that this office goes on with what it holds.
public struct ForkDecided: EventPayload {
    public static let kind = "forkDecided"
    public static let stream = EventStream.local
    public var body: EventBody { .forkDecided(self) }
    public var subject: String? { office.description }
    public var office: ID<Office>
    public var incarnation: Int
    public var name: String
    /// The first entry of which there are two.
    public var seq: Int64
    /// false: the alarm is raised again.
    public var isSettled: Bool

    public init(office: ID<Office>, incarnation: Int, name: String, seq: Int64, isSettled: Bool) {
        self.office = office
        self.incarnation = incarnation
        self.name = name
        self.seq = seq
        self.isSettled = isSettled
    }
}
