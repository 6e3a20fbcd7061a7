/// What a multipart/form-data body is made of, in the order of its bytes.
public enum MultipartEvent: Hashable, Sendable {
    /// A field begins; `fileName` has no folder in it and is empty where no file was chosen.
    case part(name: String, fileName: String?, contentType: String?)
    case data(ArraySlice<UInt8>)
    case partEnd
}

public enum MultipartError: Error, Hashable, Sendable {
    /// The request is no multipart/form-data, or has no usable boundary.
    case notMultipart
    /// The body ended before its final boundary: the upload was cut off.
    case incomplete
    case malformed(String)
    case headersTooLarge
    case tooManyParts
}

/// A push parser for multipart/form-data (RFC 7578, RFC 2046 §5.1): feed it bytes as they come, in any pieces.
///
/// Memory is one piece plus one part's headers. A line that begins with the boundary ends a part, as RFC 2046
/// says. After an error every call throws that error again.
public struct MultipartForm {
    private enum State { case preamble, delimiter, headers, body, epilogue }

    private let dashBoundary: [UInt8]
    private let headerLimit: Int
    private let partLimit: Int
    private var state = State.preamble
    /// Bytes not decided yet: the beginning of what may be a delimiter.
    private var pending: [UInt8] = []
    /// At the start of the body and of each part, a delimiter needs no line end before it.
    private var atStart = true
    private var header: [UInt8] = []
    private var parts = 0
    private var failure: (any Error)?

    /// `contentType` is the request's header; throws `MultipartError.notMultipart`.
    public init(contentType: String, headerLimit: Int = 8192, partLimit: Int = 100) throws {
        guard let value = HeaderValue(contentType), value.word == "multipart/form-data",
            let boundary = value.parameters["boundary"], (1...70).contains(boundary.count),
            boundary.allSatisfy({ (0x20...0x7E).contains($0) }), boundary.last != 0x20
        else { throw MultipartError.notMultipart }
        dashBoundary = [0x2D, 0x2D] + boundary
        self.headerLimit = headerLimit
        self.partLimit = partLimit
    }

    public mutating func feed(_ bytes: ArraySlice<UInt8>, _ sink: (MultipartEvent) throws -> Void) throws {
        if let failure { throw failure }
        do {
            var rest = pending.isEmpty ? bytes : (pending + bytes)[...]
            pending = []
            while !rest.isEmpty {
                switch state {
                case .preamble, .body:
                    guard try scan(&rest, sink) else {
                        pending = Array(rest)
                        return
                    }
                case .delimiter: try readDelimiterEnd(&rest)
                case .headers: try readHeaders(&rest, sink)
                case .epilogue: return
                }
            }
        } catch {
            failure = error
            throw error
        }
    }

    /// To be called once, when the request has no more bytes.
    public mutating func finish() throws {
        if let failure { throw failure }
        guard state == .epilogue else {
            failure = MultipartError.incomplete
            throw MultipartError.incomplete
        }
    }

    /// Passes on data up to a delimiter; false where `rest` may be the beginning of one.
    private mutating func scan(
        _ rest: inout ArraySlice<UInt8>, _ sink: (MultipartEvent) throws -> Void
    ) throws -> Bool {
        if atStart {
            switch matches(dashBoundary[...], at: rest) {
            case .some(true):
                rest = rest.dropFirst(dashBoundary.count)
                return try enterDelimiter(sink)
            case .none: return false
            case .some(false): atStart = false
            }
        }
        var position = rest.startIndex
        while let found = rest[position...].firstIndex(of: 0x0D) {
            let line = rest[found...]
            let match =
                line.count == 1
                ? nil
                : line.dropFirst().first == 0x0A ? matches(dashBoundary[...], at: line.dropFirst(2)) : false
            switch match {
            case .some(false): position = found + 1
            case .some(true):
                try pass(rest[..<found], sink)
                rest = line.dropFirst(2 + dashBoundary.count)
                return try enterDelimiter(sink)
            case .none:
                try pass(rest[..<found], sink)
                rest = line
                return false
            }
        }
        try pass(rest, sink)
        rest = []
        return true
    }

    /// nil when `bytes` end before the question is decided.
    private func matches(_ pattern: ArraySlice<UInt8>, at bytes: ArraySlice<UInt8>) -> Bool? {
        guard bytes.prefix(pattern.count).elementsEqual(pattern.prefix(bytes.count)) else { return false }
        return bytes.count >= pattern.count ? true : nil
    }

    private func pass(_ bytes: ArraySlice<UInt8>, _ sink: (MultipartEvent) throws -> Void) throws {
        if state == .body, !bytes.isEmpty { try sink(.data(bytes)) }
    }

    private mutating func enterDelimiter(_ sink: (MultipartEvent) throws -> Void) throws -> Bool {
        if state == .body { try sink(.partEnd) }
        state = .delimiter
        header = []
        return true
    }

    /// Behind a boundary come `--`, or spaces and a line end (RFC 2046, transport padding).
    private mutating func readDelimiterEnd(_ rest: inout ArraySlice<UInt8>) throws {
        while let byte = rest.popFirst() {
            switch (header.last, byte) {
            case (nil, 0x2D), (0x20, 0x20), (0x20, 0x0D), (nil, 0x0D): header.append(byte)
            case (nil, 0x20), (nil, 0x09), (0x20, 0x09): header.append(0x20)
            case (0x2D, 0x2D):
                state = .epilogue
                return
            case (0x0D, 0x0A):
                parts += 1
                guard parts <= partLimit else { throw MultipartError.tooManyParts }
                state = .headers
                header = []
                return
            default: throw MultipartError.malformed("text behind a boundary")
            }
            guard header.count <= 256 else { throw MultipartError.malformed("text behind a boundary") }
        }
    }

    private mutating func readHeaders(
        _ rest: inout ArraySlice<UInt8>, _ sink: (MultipartEvent) throws -> Void
    ) throws {
        while let byte = rest.popFirst() {
            header.append(byte)
            guard header.count <= headerLimit else { throw MultipartError.headersTooLarge }
            guard byte == 0x0A, header == [0x0D, 0x0A] || header.suffix(4) == [0x0D, 0x0A, 0x0D, 0x0A] else {
                continue
            }
            try sink(try partEvent(header))
            header = []
            state = .body
            atStart = true
            return
        }
    }
}
