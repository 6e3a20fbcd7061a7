import Foundation
import Ingest
import TestSupport
import Testing

/// The real program, as a child that never outlives its time.
final class Child: @unchecked Sendable {
    struct Outcome: Sendable {
        /// The exit status; 128 + n where signal n ended it.
        var status: Int32
        var out: String
        var err: String

        /// The output's lines as JSON objects.
        var json: [[String: Any]] {
            out.split(separator: "\n").compactMap {
                try? JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]
            }
        }
    }

    static let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent(".build/debug/rollcall").path

    let process = Process()
    private let folder: String

    /// - Parameter program: another one, which runs it.
    init(_ arguments: [String], input: String = "", program: String = Child.path) throws {
        folder = FileManager.default.temporaryDirectory.path + "/rollcall-child-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        for name in ["in", "out", "err"] {
            try Data((name == "in" ? input : "").utf8).write(to: URL(fileURLWithPath: folder + "/" + name))
        }
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.environment = ["PATH": "/usr/bin:/bin", "SWIFT_BACKTRACE": "enable=no"]
        process.currentDirectoryURL = URL(fileURLWithPath: folder)
        process.standardInput = FileHandle(forReadingAtPath: folder + "/in")
        process.standardOutput = FileHandle(forWritingAtPath: folder + "/out")
        process.standardError = FileHandle(forWritingAtPath: folder + "/err")
        try process.run()
    }

    deinit {
        kill()
        try? FileManager.default.removeItem(atPath: folder)
    }

    func kill() { if process.isRunning { Foundation.kill(process.processIdentifier, SIGKILL) } }

    func text(_ name: String) -> String {
        (try? String(contentsOfFile: folder + "/" + name, encoding: .utf8)) ?? ""
    }

    /// Seconds after which what does not end is taken for hung: far longer than anything takes on a busy box.
    static let patience = 600.0

    /// Waits for the end; after `patience` it is killed and the test fails.
    func wait() async throws -> Outcome {
        let deadline = Date().addingTimeInterval(Self.patience)
        while process.isRunning, Date() < deadline { try await Task.sleep(for: .milliseconds(5)) }
        if process.isRunning {
            kill()
            Issue.record(
                "\(process.arguments ?? []) did not end in \(Self.patience) s: \(text("out")) \(text("err"))")
        }
        process.waitUntilExit()
        let status = process.terminationStatus
        return Outcome(
            status: process.terminationReason == .exit ? status : 128 + status, out: text("out"),
            err: text("err"))
    }

    /// Waits until the output has these words; false when it ended or took too long.
    func says(_ words: String) async throws -> Bool {
        let deadline = Date().addingTimeInterval(Self.patience)
        while !text("out").contains(words) {
            guard process.isRunning, Date() < deadline else { return text("out").contains(words) }
            try await Task.sleep(for: .milliseconds(20))
        }
        return true
    }
}

func rollcall(_ arguments: String..., input: String = "") async throws -> Child.Outcome {
    try await Child(arguments, input: input).wait()
}

/// A ReadyMode file of calls in January 2024, which is past on any box.
func oldCalls(_ count: Int, seed: UInt64 = 1) -> String {
    var numbers = SeededNumbers(seed)
    var lines = [SampleCall.header]
    lines.reserveCapacity(count + 1)
    for id in 1...count {
        let time = 1_704_099_600 + Int64(id % 20) * 86_400 + Int64.random(in: 0..<30_000, using: &numbers)
        let state = ["Sale", "No Answer", "Callback"][Int.random(in: 0..<3, using: &numbers)]
        lines.append(
            "Agent \(Character(UnicodeScalar(UInt8(65 + id % 23)))),P\(id % 97),\(id),\(iso(time)),Outbound,\(state),Auto,North,North,"
        )
    }
    return lines.joined(separator: "\n") + "\n"
}

private func iso(_ seconds: Int64) -> String {
    let day = 1 + seconds % 2_678_400 / 86_400 % 20
    let clock = seconds % 86_400
    func two(_ value: Int64) -> String { value < 10 ? "0\(value)" : "\(value)" }
    return "2024-01-\(two(day)) \(two(clock / 3600)):\(two(clock / 60 % 60)):\(two(clock % 60))"
}

/// A file in a temporary folder, gone with the value.
final class TemporaryFile {
    let path: String

    init(_ text: String, name: String = "calls.csv") throws {
        let folder = FileManager.default.temporaryDirectory.path + "/rollcall-file-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        path = folder + "/" + name
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    }

    deinit {
        try? FileManager.default.removeItem(at: URL(fileURLWithPath: path).deletingLastPathComponent())
    }
}
