import Domain
import Foundation
import TestSupport

/// The slow and obviously right way: every figure from the calls themselves, one at a time.
struct PerformanceModel {
    var calls: [SampleCall]
    var cutOver = 0
    var maxGap: Int64 = 600
    let mapping = OutcomeMapping.coldCalling

    func day(_ call: SampleCall) -> Day { call.time.businessDay(cutOver: cutOver) }

    func key(_ call: SampleCall, _ by: By) -> String {
        switch by {
        case .agent: call.agent
        case .campaign: call.campaign.isEmpty ? "(blank)" : call.campaign
        case .state: call.state.isEmpty ? "(blank)" : call.state
        case .type: call.type.isEmpty ? "(blank)" : call.type
        case .office: "Sample"
        case .source: "ReadyMode"
        case .day: day(call).iso
        case .weekday: ReportQuery.weekdayTitles[day(call).weekday]
        case .hour: call.time.hour < 10 ? "0\(call.time.hour)" : "\(call.time.hour)"
        case .leader: "(no leader)"
        case .manager: "(no manager)"
        case .group: Placement.unassigned
        case .employment: Placement.fullTimer
        }
    }

    func report(_ period: Period, by: [By]) -> [[String]: Figures] {
        let calls = calls.filter { period.contains(day($0)) }
        var rows: [[String]: Figures] = [:]
        let keeps = by.allSatisfy { $0.isOfAgentDay || $0 == .hour }
        for (key, group) in Dictionary(grouping: calls, by: { call in by.map { self.key(call, $0) } }) {
            var figures = Figures()
            for call in group {
                figures.add(
                    1, flags: mapping.flags(ofState: call.state), talkLogs: call.talk == nil ? 0 : 1,
                    talk: call.talk ?? 0)
            }
            if keeps {
                figures.activity =
                    by.contains(.hour) ? hourly(calls, by, key) : daily(group)
            }
            rows[key] = figures
        }
        return rows
    }

    private struct AgentDay: Hashable {
        var agent: String
        var day: Day
    }

    private func daily(_ calls: [SampleCall]) -> Figures.Activity {
        var activity = Figures.Activity()
        for group in Dictionary(grouping: calls, by: { AgentDay(agent: $0.agent, day: day($0)) }).values {
            let times = group.map(\.time.seconds).sorted()
            for (a, b) in zip(times, times.dropFirst()) {
                if b - a <= maxGap { activity.active += Int(b - a) } else { activity.idle? += Int(b - a) }
            }
            if group.count >= 5 { activity.presentDays? += 1 }
        }
        return activity
    }

    /// Active seconds, second by second.
    private func hourly(_ calls: [SampleCall], _ by: [By], _ key: [String]) -> Figures.Activity {
        var active = 0
        for group in Dictionary(grouping: calls, by: { AgentDay(agent: $0.agent, day: day($0)) }).values {
            let sorted = group.sorted { $0.time < $1.time }
            for (a, b) in zip(sorted, sorted.dropFirst()) where b.time.seconds - a.time.seconds <= maxGap {
                let parts = by.map { $0 == .hour ? "" : self.key(a, $0) }
                let wanted = zip(by, key).map { $0 == .hour ? "" : $1 }
                let hour = zip(by, key).first { $0.0 == .hour }.flatMap { Int($0.1) }
                guard parts == wanted else { continue }
                for second in a.time.seconds..<b.time.seconds
                where LocalTime(seconds: second).hour == hour { active += 1 }
            }
        }
        return Figures.Activity(active: active, idle: nil, presentDays: nil)
    }
}
