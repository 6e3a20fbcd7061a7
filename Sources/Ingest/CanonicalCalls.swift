import Crypto
import Domain
import Formats
import Foundation

/// `calls.csv` of an archive: what was accepted, in one spelling, with line numbers.
///
/// Columns: line, id, digest, agent, time (`YYYY-MM-DD HH:MM:SS` of the source's clock), profile, type,
/// state, call_type, original_campaign, current_campaign, talk, wait (seconds). RFC 4180, UTF-8.
enum CanonicalCalls {
    static let header =
        "line,id,digest,agent,time,profile,type,state,call_type,original_campaign,current_campaign,talk,wait\r\n"
    static let columnCount = 13

    /// Reads a record back; nil for a line that this program did not write.
    ///
    /// - Parameter row: with its raw text, which the fingerprint is of: in another spelling it would be another call.
    static func record(_ row: CSVRow) -> CallRecord? {
        guard row.problem == nil, row.count == columnCount, let line = parseInteger(row.bytes, row.range(0)),
            let time = parseTime(row.bytes, row.range(4), order: .ymd),
            let comma = row.raw.firstIndex(of: 0x2c)
        else { return nil }
        let digest = row.string(2)
        var key = CallKey(id: row.string(1))
        if !digest.isEmpty {
            guard let bytes = bytes(hexadecimal: digest) else { return nil }
            key = .digest(bytes)
        }
        let profile = row.string(5)
        let (talk, wait) = (parseInteger(row.bytes, row.range(11)), parseInteger(row.bytes, row.range(12)))
        // An import keeps no others, and sums of them must not overflow.
        let possible = 0...Int64(longestDuration)
        guard [talk, wait].allSatisfy({ $0.map(possible.contains) ?? true }) else { return nil }
        return CallRecord(
            line: Int(clamping: line), key: key, agent: row.string(3), time: time.local,
            profile: profile.isEmpty ? nil : profile, type: row.string(6), state: row.string(7),
            callType: row.string(8), originalCampaign: row.string(9), currentCampaign: row.string(10),
            talk: talk.map { Int(clamping: $0) }, wait: wait.map { Int(clamping: $0) },
            fingerprint: fingerprint(of: row.raw[(comma + 1)...]))
    }

    /// First eight bytes of SHA-256 over a canonical line without its number and end.
    static func fingerprint(of line: ArraySlice<UInt8>) -> UInt64 {
        var hasher = SHA256()
        line.withUnsafeBytes { hasher.update(bufferPointer: $0) }
        return hasher.finalize().withUnsafeBytes { UInt64(bigEndian: $0.loadUnaligned(as: UInt64.self)) }
    }

    private static func bytes(hexadecimal text: String) -> [UInt8]? {
        let digits = text.utf8.compactMap { Character(UnicodeScalar($0)).hexDigitValue }
        guard digits.count == text.utf8.count, digits.count.isMultiple(of: 2) else { return nil }
        return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    }
}

extension CallRecord {
    /// Appends the canonical line (without line number and end) and returns the record with its fingerprint.
    func sealed(into canonical: inout [UInt8]) -> CallRecord {
        let start = canonical.count
        canonical.appendField(key.idText)
        canonical.append(0x2c)
        canonical.append(contentsOf: key.digestText.utf8)
        canonical.append(0x2c)
        canonical.appendField(agent)
        canonical.append(0x2c)
        canonical.append(time)
        for text in [profile ?? "", type, state, callType, originalCampaign, currentCampaign] {
            canonical.append(0x2c)
            canonical.appendField(text)
        }
        canonical.append(0x2c)
        if let talk { canonical.appendDigits(talk) }
        canonical.append(0x2c)
        if let wait { canonical.appendDigits(wait) }
        var sealed = self
        sealed.fingerprint = CanonicalCalls.fingerprint(of: canonical[start...])
        return sealed
    }
}

extension [UInt8] {
    /// One CSV field, quoted where RFC 4180 asks for it.
    mutating func appendField(_ text: String) {
        let needsQuotes = text.utf8.contains { $0 == 0x2c || $0 == 0x22 || $0 == 0x0a || $0 == 0x0d }
        guard needsQuotes else {
            append(contentsOf: text.utf8)
            return
        }
        append(0x22)
        for byte in text.utf8 {
            if byte == 0x22 { append(0x22) }
            append(byte)
        }
        append(0x22)
    }

    mutating func appendDigits(_ value: Int, width: Int = 1) {
        if value < 0 { append(0x2d) }
        let start = count
        var rest = value.magnitude
        repeat {
            append(0x30 + UInt8(truncatingIfNeeded: rest % 10))
            rest /= 10
        } while rest > 0
        while count - start < width { append(0x30) }
        self[start...].reverse()
    }

    mutating func append(_ time: LocalTime) {
        let (year, month, day) = time.day.civil
        let second = time.secondOfDay
        appendDigits(year, width: 4)
        append(0x2d)
        appendTwoDigits(month)
        append(0x2d)
        appendTwoDigits(day)
        append(0x20)
        appendTwoDigits(second / 3600)
        append(0x3a)
        appendTwoDigits(second / 60 % 60)
        append(0x3a)
        appendTwoDigits(second % 60)
    }

    private mutating func appendTwoDigits(_ value: Int) {
        append(0x30 + UInt8(truncatingIfNeeded: value / 10 % 10))
        append(0x30 + UInt8(truncatingIfNeeded: value % 10))
    }
}
