import Domain

/// Invented calls: a crew's working days, and the dialers' files of them.
struct DemoCalls {
    struct Call {
        var agent: Int
        var spelling: String
        var id: Int
        var profile: String
        var time: LocalTime
        var type: String
        var state: String
        var campaign: String
        var currentCampaign: String
        var talk: Int
    }

    let crew: DemoCrew
    private(set) var nextID = 48_210_000
    private var nextInbound = 1
    private var random: DemoRandom

    init(crew: DemoCrew, random: DemoRandom) {
        self.crew = crew
        self.random = random
    }

    /// Everybody's calls of one day, in the order of their times, as a dialer numbers them.
    mutating func day(_ day: Day, index: Int) -> [Call] {
        var calls: [Call] = []
        for (number, agent) in crew.agents.enumerated() where agent.days.contains(index) {
            guard !random.chance(agent.absence) else { continue }
            addShift(of: agent, number, on: day, index, to: &calls)
        }
        calls.sort { $0.time == $1.time ? $0.agent < $1.agent : $0.time < $1.time }
        for position in calls.indices {
            calls[position].id = nextID
            nextID += Int.random(in: 1...3, using: &random)
        }
        return calls
    }

    private mutating func addShift(
        of agent: DemoCrew.Agent, _ number: Int, on day: Day, _ index: Int, to calls: inout [Call]
    ) {
        let jitter = Int.random(in: -300...900, using: &random)
        // Households are at home in the evening: most of the office works late.
        let begin = (agent.isPartTimer ? 17 : agent.isLateShift ? 14 : 10) * 3600 + jitter
        let hours = agent.isPartTimer ? 2.25 : day.weekday == 4 ? 3.75 : 4.75
        let end = begin + Int(hours * 3600)
        let pause = begin + Int((agent.isPartTimer ? 1.1 : 2.3) * 3600)
        let pauseEnd = pause + (agent.isPartTimer ? 600 : 2100) + Int.random(in: 0...600, using: &random)
        let leader = agent.leader ?? (agent.idleUnder ?? 0) * 3
        let campaigns = DemoCrew.leaders[min(leader, DemoCrew.leaders.count - 1)].campaigns
        var second = begin
        while second < end {
            if second >= pause, second < pauseEnd { second = pauseEnd }
            // People call at different hours with different luck; luck itself drifts over the weeks.
            let evening = second >= 17 * 3600 ? 1.45 : second < 12 * 3600 ? 0.75 : 1
            let drift = 1 + 0.25 * Double((index + number) % 15) / 15
            let outcome = self.outcome(reach: evening, luck: agent.luck * drift)
            let campaign = campaigns[random.chance(0.7) ? 0 : min(1, campaigns.count - 1)]
            calls.append(
                Call(
                    agent: number, spelling: spelling(of: agent), id: 0,
                    profile: random.chance(0.004)
                        ? "" : "P\(1_040_000 + Int.random(in: 0..<26_000, using: &random))",
                    time: LocalTime(day, secondOfDay: min(second, 86_399)), type: outcome.type,
                    state: outcome.state, campaign: campaign,
                    currentCampaign: random.chance(0.05) ? campaigns[0] : campaign, talk: outcome.talk))
            let draw = Double.random(in: 0..<1, using: &random)
            let minutes =
                draw < 0.5
                ? Double.random(in: 1.5..<5.5, using: &random)
                : draw < 0.9
                    ? Double.random(in: 5..<9.5, using: &random) : Double.random(in: 10..<24, using: &random)
            second += outcome.talk + Int(minutes * 60 * agent.pace)
        }
    }

    /// Dialers are not tidy: now and then a name comes in other letters or with another space.
    private mutating func spelling(of agent: DemoCrew.Agent) -> String {
        guard random.chance(0.006) else { return agent.spelling }
        switch Int.random(in: 0...2, using: &random) {
        case 0: return agent.spelling.uppercased()
        case 1: return agent.spelling.replacing(" ", with: "  ")
        default: return agent.spelling.lowercased() + " "
        }
    }

    /// Each with its weight; `lift` says what the weight rises with.
    private struct Outcome {
        enum Lift { case nothing, reach, luck }
        var state: String
        var weight: Double
        var lift: Lift
        var talk: ClosedRange<Int>
    }

    /// A state that the office has not said the meaning of.
    static let unmappedState = "Quote Sent"

    private static let outcomes = [
        Outcome(state: "No Answer", weight: 40, lift: .nothing, talk: 0...0),
        Outcome(state: "Answering Machine", weight: 21, lift: .nothing, talk: 6...24),
        Outcome(state: "Busy", weight: 4, lift: .nothing, talk: 0...0),
        Outcome(state: "Disconnected", weight: 3, lift: .nothing, talk: 0...0),
        Outcome(state: "Wrong Number", weight: 2, lift: .nothing, talk: 4...20),
        Outcome(state: "Hung Up", weight: 8, lift: .nothing, talk: 3...15),
        Outcome(state: "Not Interested", weight: 13, lift: .reach, talk: 20...120),
        Outcome(state: "Callback", weight: 4, lift: .reach, talk: 30...150),
        Outcome(state: "Not Qualified", weight: 2, lift: .reach, talk: 60...200),
        Outcome(state: "Follow Up", weight: 1.4, lift: .reach, talk: 60...240),
        Outcome(state: "Do Not Call", weight: 0.7, lift: .reach, talk: 8...40),
        Outcome(state: "Appointment Set", weight: 2.1, lift: .luck, talk: 180...520),
        Outcome(state: "Lead", weight: 1.1, lift: .luck, talk: 140...420),
        Outcome(state: "Sale", weight: 0.4, lift: .luck, talk: 300...900),
        Outcome(state: unmappedState, weight: 0.35, lift: .luck, talk: 120...400),
    ]
    private static let weights = outcomes.reduce(into: (nothing: 0.0, reach: 0.0, luck: 0.0)) {
        switch $1.lift {
        case .nothing: $0.nothing += $1.weight
        case .reach: $0.reach += $1.weight
        case .luck: $0.luck += $1.weight
        }
    }

    private mutating func outcome(reach: Double, luck: Double) -> (type: String, state: String, talk: Int) {
        let type = random.chance(0.9) ? "Outbound" : random.chance(0.75) ? "Manual" : "Inbound"
        let weights = Self.weights
        var draw =
            Double.random(in: 0..<1, using: &random)
            * (weights.nothing + weights.reach * reach + weights.luck * reach * luck)
        for outcome in Self.outcomes {
            switch outcome.lift {
            case .nothing: draw -= outcome.weight
            case .reach: draw -= outcome.weight * reach
            case .luck: draw -= outcome.weight * reach * luck
            }
            if draw < 0 { return (type, outcome.state, Int.random(in: outcome.talk, using: &random)) }
        }
        return (type, "No Answer", 0)
    }

    // MARK: Files

    /// ReadyMode's export, with the recordings' length where `hasTalk`.
    static func readyMode(_ calls: [Call], hasTalk: Bool) -> [UInt8] {
        var bytes = Array(
            "Agent name,Profile ID,Call Log ID,Log Time,Log Type,State,Call Type,Original Campaign,Current Campaign,Ember"
                .utf8)
        if hasTalk { bytes += Array(",Recording Length (Seconds)".utf8) }
        bytes += [0x0d, 0x0a]
        for call in calls { bytes.appendCall(call, hasTalk: hasTalk) }
        return bytes
    }

    /// The inbound desk's log of some days, in the call-centre layout.
    mutating func callCentre(_ days: [Day]) -> [UInt8] {
        let topics = ["Contract", "Payment", "Admin support", "Technical support", "Move of house"]
        var text =
            "Call Id,Agent,Date,Time,Topic,Answered (Y/N),Resolved,Speed of answer in seconds,AvgTalkDuration,Satisfaction rating\r\n"
        for day in days {
            var second = 9 * 3600
            while second < 17 * 3600 {
                second += Int.random(in: 240...1500, using: &random)
                let answered = random.chance(0.82)
                let resolved = answered && random.chance(0.88)
                let agent = DemoCrew.inboundDesk.randomElement(using: &random) ?? ""
                let talk = Int.random(in: 40...590, using: &random)
                let digits = String(nextInbound)
                let id = "IN" + String(repeating: "0", count: max(0, 5 - digits.count)) + digits
                let tail =
                    answered
                    ? "Y,\(resolved ? "Y" : "N"),\(Int.random(in: 8...120, using: &random)),0:0\(talk / 60 % 10):\(twoDigits(talk % 60)),\(Int.random(in: 1...5, using: &random))"
                    : "N,N,,,"
                text +=
                    "\(id),\(agent),\(day.iso),\(LocalTime(day, secondOfDay: min(second, 86_399)).clock),\(topics.randomElement(using: &random) ?? ""),\(tail)\r\n"
                nextInbound += 1
            }
        }
        return Array(text.utf8)
    }

    private func twoDigits(_ value: Int) -> String { value < 10 ? "0\(value)" : String(value) }
}

extension [UInt8] {
    /// One row of a ReadyMode file, with its line end.
    mutating func appendCall(_ call: DemoCalls.Call, hasTalk: Bool) {
        for text in [call.spelling, call.profile] {
            appendField(text)
            append(0x2c)
        }
        appendDigits(call.id)
        append(0x2c)
        append(call.time)
        for text in [call.type, call.state, "Predictive", call.campaign, call.currentCampaign, ""] {
            append(0x2c)
            appendField(text)
        }
        if hasTalk {
            append(0x2c)
            if call.talk > 0 { appendDigits(call.talk) }
        }
        append(contentsOf: [0x0d, 0x0a])
    }
}
