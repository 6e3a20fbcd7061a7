import Domain

/// Exchange with other offices by itself, in words.
extension ActivityWriter {
    /// Of the kinds of entries that are about it; anything else has none.
    func exchangeWords(_ body: EventBody) -> ActivityWords {
        switch body {
        case .exchangeTokenMade(let it):
            ActivityWords("made a token to fetch and send for", it.name, href: Paths.exchange)
        case .exchangeTokenRevoked(let it):
            ActivityWords("revoked the token to fetch and send of", it.name, href: Paths.exchange)
        case .exchangeAddressChanged(let it):
            ActivityWords(
                it.address == nil ? "stopped the exchange over the network with" : "set up the exchange with",
                it.name, href: Paths.exchange, note: it.address.map { "At \($0)" })
        case .exchangePassphraseChanged(let it):
            ActivityWords(
                it.isSet
                    ? "set a passphrase for the shared folder"
                    : "took the passphrase for the shared folder away")
        case .exchangeAllowed(let it):
            ActivityWords(
                it.isTakenBack == true
                    ? "has the exchange ask again about" : "let the exchange go on with",
                it.question.name, href: Paths.exchange,
                note: it.isTakenBack == true ? it.question.message : "Despite: \(it.question.message)")
        default: ActivityWords("")
        }
    }
}

extension ExchangeTimes {
    /// As the activity has it.
    var words: String {
        switch self {
        case .byHand: "by hand"
        case .everyMinutes(let count): "every \(count) min"
        case .daily(let minute):
            "daily at \(LocalTime(Day(number: 0), secondOfDay: minute * 60).clock.prefix(5))"
        }
    }
}

extension ActivityWriter {
    func words(_ it: ForkDecided) -> ActivityWords {
        ActivityWords(
            it.isSettled
                ? "went on with the entries that are held here of" : "raised the alarm again about", it.name,
            href: Paths.forks, note: "Two boxes wrote entry \(it.seq) of it.")
    }
}
