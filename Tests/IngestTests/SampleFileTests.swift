import Domain
import Formats
import Foundation
import Ingest
import Storage
import TestSupport
import Testing

/// Real exports that nobody of the project wrote; they are not in the repository.
@Suite(.enabled(if: sampleFolder != nil, "the folder of samples is not beside the checkout"))
struct SampleFileTests {
    private static let callCentre = ["call-centre-mixed-dates.csv", "call-centre-dotted-times.csv"]

    @Test(arguments: callCentre)
    func `the call-centre set gives its known totals`(name: String) async throws {
        let office = try await ImportOffice()
        let result = try office.take(try bytes("pwc-call-centre/" + name), file: name)
        let upload = result.upload
        #expect(upload.counts.rows == 5000 && upload.counts.accepted == 5000)
        #expect(upload.counts.badDurations == 0)
        #expect(upload.agents == 8)
        #expect(upload.firstDay?.iso == "2021-01-01" && upload.lastDay?.iso == "2021-03-31")
        #expect(try await office.sql("SELECT count(DISTINCT day) FROM agentDay") == ["90"])
        #expect(
            try await office.sql(
                """
                SELECT n.name, sum(d.logs), sum(d.talk) FROM dayTally d
                JOIN agentDay a ON a.number = d.number >> 20 JOIN agentName n ON n.number = a.name GROUP BY n.name ORDER BY n.name
                """) == [
                    "Becky|631|113745", "Dan|633|120912", "Diane|633|109696", "Greg|624|113855",
                    "Jim|666|122269", "Joe|593|108465", "Martha|638|114995", "Stewart|582|107900",
                ])
        #expect(
            try await office.sql(
                """
                SELECT o.state, sum(d.logs) FROM dayTally d JOIN outcome o ON o.number = d.outcome
                GROUP BY o.state ORDER BY o.state
                """) == ["Answered, not resolved|408", "Answered, resolved|3646", "Not answered|946"])
        #expect(try await office.faults() == [])
    }

    @Test func `both spellings of the call-centre set are the same calls`() async throws {
        let office = try await ImportOffice()
        try office.take(try bytes("pwc-call-centre/" + Self.callCentre[0]), file: "one.csv")
        // Calls that nobody answered have 0 s of talk in one file and none in the other.
        let before = try await office.figures().filter { !$0.contains("Not answered") }
        let second = try office.take(try bytes("pwc-call-centre/" + Self.callCentre[1]), file: "two.csv")
        #expect(second.upload.counts.overlapping == 5000)
        #expect(try await office.figures().filter { !$0.contains("Not answered") } == before)
    }

    @Test func `every other sample is refused in words and leaves nothing`() async throws {
        let office = try await ImportOffice()
        let before = try await office.state()
        let root = try #require(sampleFolder)
        var refused = 0
        for name in try FileManager.default.subpathsOfDirectory(atPath: root).sorted() {
            let last = URL(fileURLWithPath: name).lastPathComponent
            guard last.contains("."), !last.hasSuffix(".md"), !name.hasPrefix("pwc-call-centre/") else {
                continue
            }
            let error = #expect(throws: UserError.self, "\(name)") {
                try office.take(try bytes(name), file: last)
            }
            let code = try #require(error?.code)
            #expect([.notCallLog, .unknownFormat, .columns, .emptyFile].contains(code), "\(name): \(code)")
            #expect(error?.message.isEmpty == false && error?.advice.isEmpty == false, "\(name)")
            if code == .unknownFormat || code == .columns {
                #expect(error?.message.contains("missing") == true, "\(name): \(error?.message ?? "")")
            }
            refused += 1
        }
        #expect(refused > 30)
        #expect(try await office.state() == before)
    }

    private func bytes(_ name: String) throws -> Data {
        try Data(contentsOf: URL(fileURLWithPath: try #require(sampleFolder) + "/" + name))
    }
}
