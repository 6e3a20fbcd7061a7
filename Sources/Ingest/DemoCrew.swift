import Domain

/// The invented people of the demo office, with what makes their calls differ.
struct DemoCrew: Sendable {
    struct Manager: Sendable {
        var name: String
        var group: String
    }

    struct Leader: Sendable {
        var name: String
        var manager: Int
        var campaigns: [String]
    }

    struct Agent: Sendable {
        var name: String
        /// As the dialer writes it.
        var spelling: String
        var isPartTimer: Bool
        /// Index of a leader; nil: nobody has placed him yet, or he is idle under a manager.
        var leader: Int?
        var idleUnder: Int?
        var isLateShift: Bool
        /// Seconds between two calls, times this.
        var pace: Double
        var luck: Double
        /// Chance of being away on a day.
        var absence: Double
        /// The demo's working days on which he is in the office.
        var days: Range<Int>
    }

    static let managers = [
        Manager(name: "Rachel Donovan", group: "Home energy"),
        Manager(name: "Marcus Webb", group: "Insurance"),
    ]

    static let leaders = [
        Leader(name: "Sarah Mitchell", manager: 0, campaigns: ["Solar North", "Solar South"]),
        Leader(name: "Tom Ashworth", manager: 0, campaigns: ["Solar South", "Heat Pumps"]),
        Leader(name: "Nadia Rahman", manager: 0, campaigns: ["Heat Pumps", "Windows Autumn"]),
        Leader(name: "Peter Lindqvist", manager: 1, campaigns: ["Home Cover", "Boiler Cover"]),
        Leader(name: "Denise Carter", manager: 1, campaigns: ["Home Cover", "Pet Cover"]),
        // Promoted on the way: was an agent of the team before.
        Leader(name: "Grace Okafor", manager: 1, campaigns: ["Pet Cover", "Life Cover"]),
    ]
    static let promotedLeader = 5

    private static let names = """
        Adam Kowalski,Aisha Begum,Alan Pritchard,Alice Turner,Amir Haddad,Amy Lockwood,Anne-Marie Weiss,Ben Ashby,
        Bianca Rossi,Callum Reid,Carla Mendes,Chloe Barnes,Connor O'Brien,Daniel Osei,David Llewellyn,Diego Fuentes,
        Elena Petrova,Ella Winters,Emeka Nwosu,Farah Siddiqui,Fiona McAllister,Gareth Bowen,Hannah Cole,Harry Dunn,
        Ines Carvalho,Isaac Boateng,Jade Simmons,James Holloway,Jonas Weber,José Núñez,Karen Whitfield,Kofi Mensah,
        Lauren Fox,Liam Gallagher-Hart,Lucy Chambers,Mark Eastwood,Megan Price,Mohammed Iqbal,Natalie Stone,
        Oliver Grant,Olivia Marsh,Owen Hughes,Priya Nair,Rosa Delgado,Samuel Adeyemi,Tessa Vaughan,Victor Almeida,
        Zoe Papadakis
        """.replacing("\n", with: "").split(separator: ",").map(String.init)

    let agents: [Agent]

    /// - Parameters:
    ///   - workingDays: how many working days the demo spans.
    ///   - promotion: the first working day on which the promoted agent no longer calls.
    ///   - leaving: the same of the one who left.
    init(workingDays: Int, promotion: Int, leaving: Int, random: inout DemoRandom) {
        var agents: [Agent] = []
        for (index, name) in Self.names.enumerated() {
            let isPartTimer = index % 5 == 3
            agents.append(
                Agent(
                    name: name, spelling: isPartTimer ? name + " P" : name, isPartTimer: isPartTimer,
                    leader: index % Self.leaders.count, idleUnder: nil, isLateShift: index % 2 == 1,
                    pace: Double.random(in: 0.9...1.5, using: &random),
                    luck: Double.random(in: 0.4...1.9, using: &random),
                    absence: Double.random(in: 0.01...0.08, using: &random), days: 0..<workingDays))
        }
        func change(_ name: String, _ body: (inout Agent) -> Void) {
            guard let index = agents.firstIndex(where: { $0.name == name }) else { return }
            body(&agents[index])
        }
        // Between two leaders: they report to a manager until somebody takes them in.
        change("Karen Whitfield") { ($0.leader, $0.idleUnder) = (nil, 0) }
        change("Victor Almeida") { ($0.leader, $0.idleUnder) = (nil, 1) }
        // New starters whom nobody has placed yet.
        change("Zoe Papadakis") { ($0.leader, $0.days) = (nil, (workingDays - 6)..<workingDays) }
        change("Kofi Mensah") { ($0.leader, $0.days) = (nil, (workingDays - 4)..<workingDays) }
        change(Self.leaver) { $0.days = 0..<leaving }
        // Off sick since three days.
        change("Ella Winters") { $0.days = 0..<(workingDays - 3) }
        change(Self.ownAgent) { ($0.luck, $0.pace, $0.leader, $0.absence) = (1.5, 0.9, 0, 0.02) }
        change("Diego Fuentes") { ($0.luck, $0.pace) = (2.3, 0.8) }
        agents.append(
            Agent(
                name: Self.leaders[Self.promotedLeader].name,
                spelling: Self.leaders[Self.promotedLeader].name, isPartTimer: false,
                leader: 4, idleUnder: nil, isLateShift: false, pace: 0.85, luck: 2.1, absence: 0.02,
                days: 0..<promotion))
        self.agents = agents
    }

    /// The agent who signs in as `agent`.
    static let ownAgent = "Hannah Cole"
    static let leaver = "Alan Pritchard"
    /// Changes teams on the way.
    static let mover = "Liam Gallagher-Hart"
    /// Answer the inbound desk too, in the other source.
    static let inboundDesk = ["Lucy Chambers", "Mark Eastwood", "MEGAN  PRICE", "Owen Hughes"]
}

/// A small generator whose results a seed repeats: SplitMix64 (Steele, Lea, Flood 2014).
struct DemoRandom: RandomNumberGenerator, Sendable {
    var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func chance(_ probability: Double) -> Bool {
        Double.random(in: 0..<1, using: &self) < probability
    }
}
