import ArgumentParser
import Domain
import Foundation
import Logging
import ServiceLifecycle
import Storage

/// One message between a command and the server that runs it: a JSON object on a line.
private struct ConsoleMessage: Codable {
    var arguments: [String]?
    var input: [String]?
    /// What stands in the place of the first input.
    var file: CallerFile.Place?
    /// Only whether the command may begin.
    var asks: Bool?
    var out: String?
    var err: String?
    var exit: Int32?
}

/// The calling side of the server's local socket.
enum ConsoleClient {
    /// Has the running server perform a command, or (`asks`) say whether it may begin.
    ///
    /// - Returns: its exit status; nil when no server listens.
    static func send(
        _ arguments: [String], input: @autoclosure () throws -> [String] = [], file: CallerFile.Place? = nil,
        asks: Bool = false, to folder: DataFolder, out: (String) -> Void = { writeOutput($0 + "\n") }
    ) throws -> Int32? {
        let descriptor = try unixSocket()
        defer { close(descriptor) }
        guard withSocketAddress(folder.socket, { connect(descriptor, $0, $1) }) == 0 else { return nil }
        guard let stream = fdopen(dup(descriptor), "r+") else { return nil }
        defer { fclose(stream) }
        let message = ConsoleMessage(
            arguments: arguments, input: try input(), file: file, asks: asks ? true : nil)
        try write(message, to: descriptor)
        while let message = try read(from: stream) {
            if let line = message.out { out(line) }
            if let err = message.err { writeError(err + "\n") }
            if let exit = message.exit { return exit }
        }
        throw UserError(
            .busy, "The server ended before the command did.",
            advice: "Look at the activity to see what was done.")
    }
}

/// The server's side: performs commands of whoever may open the socket, which is the folder's owner.
struct ConsoleService: Service {
    let store: OfficeStore
    let logger: Logger

    func run() async throws {
        let path = store.folder.socket
        unlink(path)
        let listener = try unixSocket()
        guard withSocketAddress(path, { bind(listener, $0, $1) }) == 0, chmod(path, 0o600) == 0,
            listen(listener, 8) == 0
        else {
            close(listener)
            throw UserError(
                .unreadable, "The socket \(path) cannot be made.", advice: "Choose a shorter --data path.")
        }
        defer { unlink(path) }
        // Told to stop, or another service failed: both end the wait for callers.
        await cancelWhenGracefulShutdown {
            await withTaskCancellationHandler {
                while let connection = await acceptNext(listener) {
                    Task { await serve(connection) }
                }
            } onCancel: {
                shutdown(listener, Int32(SHUT_RDWR))
            }
        }
        close(listener)
    }

    /// Waits on a thread of its own; nil when the socket was shut.
    private func acceptNext(_ listener: Int32) async -> Int32? {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                let connection = accept(listener, nil, nil)
                continuation.resume(returning: connection >= 0 ? connection : nil)
            }
        }
    }

    private func serve(_ connection: Int32) async {
        defer { close(connection) }
        do {
            let request: ConsoleMessage? = try await withCheckedThrowingContinuation { continuation in
                Thread.detachNewThread {
                    continuation.resume(
                        with: Result {
                            guard let stream = fdopen(dup(connection), "r") else { return nil }
                            defer { fclose(stream) }
                            return try read(from: stream)
                        })
                }
            }
            guard let request, let arguments = request.arguments else { return }
            var input = request.input ?? []
            if let file = request.file, !input.isEmpty { input[0] = file.chosen }
            let status = await perform(arguments, input, onlyAsked: request.asks == true, connection)
            try write(ConsoleMessage(exit: status), to: connection)
        } catch {
            logger.debug("The console connection ended: \(error)")
        }
    }

    private func perform(
        _ arguments: [String], _ input: [String], onlyAsked: Bool, _ connection: Int32
    ) async -> Int32 {
        do {
            guard let command = try Rollcall.parseAsRoot(arguments) as? any OfficeCommand else { return 64 }
            let session = OfficeSession(
                store: store, input: input,
                print: { try? write(ConsoleMessage(out: $0), to: connection) },
                complain: { try? write(ConsoleMessage(err: $0), to: connection) })
            if onlyAsked { try await command.admit(session) } else { try await command.perform(session) }
            return 0
        } catch let error as UserError {
            try? write(ConsoleMessage(err: "\(error.message)\n\(error.advice)"), to: connection)
            return error.code.exitCode
        } catch let exit as ExitCode {
            return exit.rawValue
        } catch {
            if let known = programError(for: error) {
                try? write(ConsoleMessage(err: "\(known.message)\n\(known.advice)"), to: connection)
                return known.code.exitCode
            }
            logger.error("A console command failed: \(error)")
            try? write(ConsoleMessage(err: "Internal error: \(error)"), to: connection)
            return 70
        }
    }
}

private func unixSocket() throws -> Int32 {
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    guard descriptor >= 0 else {
        throw UserError(.busy, "No more sockets can be opened.", advice: "Try again in a moment.")
    }
    return descriptor
}

func withSocketAddress(_ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let bytes = Array(path.utf8)
    let room = MemoryLayout.size(ofValue: address.sun_path)
    guard bytes.count < room else { return -1 }
    withUnsafeMutableBytes(of: &address.sun_path) { path in
        path.copyBytes(from: bytes)
        // systemd writes a socket without a file with a leading @ (unix(7), abstract).
        if bytes.first == 0x40 { path[0] = 0 }
    }
    return withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            body(
                $0,
                socklen_t(MemoryLayout<sockaddr_un>.size - room + bytes.count + (bytes.first == 0x40 ? 0 : 1))
            )
        }
    }
}

private func write(_ message: ConsoleMessage, to descriptor: Int32) throws {
    let data = try JSONEncoder().encode(message) + [0x0a]
    var sent = 0
    while sent < data.count {
        let count = data.withUnsafeBytes { bytes in
            send(
                descriptor, bytes.baseAddress?.advanced(by: sent), data.count - sent,
                Int32(MSG_NOSIGNAL))
        }
        guard count > 0 else { throw UserError(.cancelled, "The caller went away.", advice: "") }
        sent += count
    }
}

private func read(from stream: UnsafeMutablePointer<FILE>) throws -> ConsoleMessage? {
    var line: UnsafeMutablePointer<CChar>?
    var room = 0
    defer { free(line) }
    let count = getline(&line, &room, stream)
    guard count > 0, let line else { return nil }
    return try JSONDecoder().decode(ConsoleMessage.self, from: Data(bytes: line, count: count))
}
