import Domain
import Foundation
import HTTPTypes
import Testing

@testable import Web

@Suite struct OpenAPITests {
    @Test func `every route of the API is described, and nothing else`() {
        let routes = siteRoutes.filter { $0.path.hasPrefix("/api/v1/") && $0.path != Paths.openAPI }
            .map { "\($0.method.rawValue) \($0.path)" }
        #expect(Set(routes) == Set(apiWords.keys))
    }

    @Test func `the document has each path with its permission and its answer`() async throws {
        let office = try await TestSite()
        try await office.run { browser in
            try await browser.signIn("al")
            let answer = try await browser.get(Paths.openAPI)
            #expect(answer.status == 200)
            let document = try #require(
                try JSONSerialization.jsonObject(with: Data(answer.text.utf8)) as? [String: Any])
            #expect(document["openapi"] as? String == "3.1.0")
            let paths = try #require(document["paths"] as? [String: [String: Any]])
            let report = try #require(paths["/api/v1/reports/performance"]?["get"] as? [String: Any])
            #expect(report["description"] as? String == "Needs: see agents, figures and reports.")
            let parameters = try #require(report["parameters"] as? [[String: Any]])
            let names = parameters.compactMap { $0["name"] as? String }
            #expect(Set(names).count == names.count)
            // Every division may be filtered by, but the day, which is the period.
            #expect(Set(By.allCases.map(\.rawValue)).subtracting(names) == ["day"])
        }
    }
}
