import Foundation

/// Runs one test in a process that does nothing else, and gives what it printed.
///
/// - Parameter test: part of its name; it runs only where `variable` is set.
func runAlone(_ test: String, _ variable: String, _ value: String) throws -> String {
    let process = Process()
    process.executableURL = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
    process.arguments = ["--testing-library", "swift-testing", "--filter", test]
    process.environment = ProcessInfo.processInfo.environment.merging([variable: value]) { $1 }
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return output
}

/// By how many bytes this process's memory grows at most while it does something; only where it does nothing else.
func memoryPeak(while body: () throws -> Void) throws -> Int {
    func peak() throws -> Int {
        let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
        return (line.flatMap { Int($0.filter(\.isNumber)) } ?? .max / 1024) * 1024
    }
    // Forgets the peak so far (proc_pid_clear_refs(5)).
    try "5".write(toFile: "/proc/self/clear_refs", atomically: false, encoding: .utf8)
    let before = try peak()
    try body()
    return try peak() - before
}
