import Foundation

/// A line between two programs that breaks: passes bytes on, and hangs up after so many of them.
public final class CuttingProxy: @unchecked Sendable {
    public private(set) var port = 0
    private let listener: Int32
    private let target: Int
    private let lock = NSLock()
    private var limits: [Int]
    private var passed = 0

    /// - Parameters:
    ///   - target: a port of this box.
    ///   - limits: of the first connections, bytes in both directions together; later ones are not cut.
    public init(to target: Int, limits: [Int]) throws {
        self.target = target
        self.limits = limits
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        self.listener = listener
        var address = loopback(0)
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, size) == 0 && listen(listener, 16) == 0
                    && getsockname(listener, $0, &size) == 0
            }
        }
        guard bound else { throw POSIXError(.EADDRINUSE) }
        port = Int(UInt16(bigEndian: address.sin_port))
        Thread.detachNewThread { [weak self] in
            while true {
                let connection = accept(listener, nil, nil)
                guard connection >= 0 else { return }
                guard let self else {
                    close(connection)
                    return
                }
                self.serve(connection)
            }
        }
    }

    deinit { stop() }

    public func stop() { shutdown(listener, Int32(SHUT_RDWR)) }

    /// Bytes that went through, both ways.
    public var bytes: Int { lock.withLock { passed } }
    /// Limits that no connection has met yet.
    public var left: Int { lock.withLock { limits.count } }

    private func serve(_ near: Int32) {
        let far = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = loopback(UInt16(clamping: target))
        let size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let connected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(far, $0, size) }
        }
        guard connected == 0 else {
            close(near)
            close(far)
            return
        }
        let room = Room(lock.withLock { limits.isEmpty ? .max : limits.removeFirst() })
        for (from, to) in [(near, far), (far, near)] {
            Thread.detachNewThread { [self] in
                var bytes = [UInt8](repeating: 0, count: 16_384)
                while true {
                    let count = recv(from, &bytes, bytes.count, 0)
                    guard count > 0, room.take(count), send(to, bytes, count, Int32(MSG_NOSIGNAL)) == count
                    else { break }
                    lock.withLock { passed += count }
                }
                shutdown(near, Int32(SHUT_RDWR))
                shutdown(far, Int32(SHUT_RDWR))
                if room.isLast {
                    close(near)
                    close(far)
                }
            }
        }
    }

    private final class Room: @unchecked Sendable {
        private let lock = NSLock()
        private var left: Int
        private var ended = 0

        init(_ left: Int) { self.left = left }

        func take(_ count: Int) -> Bool {
            lock.withLock {
                guard left >= count else { return false }
                left -= count
                return true
            }
        }

        /// Whether both directions have ended.
        var isLast: Bool {
            lock.withLock {
                ended += 1
                return ended == 2
            }
        }
    }
}

private func loopback(_ port: UInt16) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    return address
}

/// A port of this box that nothing listens on now.
public func freePort() throws -> Int {
    let proxy = try CuttingProxy(to: 1, limits: [])
    defer { proxy.stop() }
    return proxy.port
}
