import Foundation
import Testing

/// Rules of the house that a compiler does not hold.
@Suite struct HouseTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    /// Path below Sources and text of every Swift file, without comments and string literals.
    private static let sources: [(path: String, code: String)] = {
        let folder = root.appendingPathComponent("Sources").path
        let names = (try? FileManager.default.subpathsOfDirectory(atPath: folder)) ?? []
        return names.filter { $0.hasSuffix(".swift") }.sorted().map { name in
            (name, code((try? String(contentsOfFile: folder + "/" + name, encoding: .utf8)) ?? ""))
        }
    }()

    private static func code(_ text: String) -> String {
        var inText = false
        return text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            if line.contains("\"\"\"") {
                if line.components(separatedBy: "\"\"\"").count == 2 { inText.toggle() }
                return ""
            }
            if inText || line.trimmingCharacters(in: .whitespaces).hasPrefix("//") { return "" }
            let bare = line.replacing(#/"(?:\\.|[^"\\])*"/#, with: "\"\"")
            return String(bare.replacing(#/\/\/.*$/#, with: ""))
        }.joined(separator: "\n")
    }

    /// What each target may know of ours, and of others' packages.
    private static let allowed: [String: Set<String>] = [
        "Domain": ["Foundation"],
        "Formats": [
            "Domain", "CArchive", "Crypto", "CryptoExtras", "Foundation", "Glibc", "Synchronization",
        ],
        "Storage": [
            "Domain", "GRDB", "GRDBSQLite", "Crypto", "CryptoExtras", "Foundation", "Glibc",
            "Synchronization",
        ],
        "Ingest": [
            "Domain", "Formats", "Storage", "Crypto", "Logging", "Foundation", "Glibc", "Synchronization",
        ],
    ]

    @Test func `imports point one way`() {
        #expect(Self.sources.count > 50)
        for (path, code) in Self.sources {
            let target = path.split(separator: "/").first.map(String.init) ?? ""
            let imports = code.split(separator: "\n").compactMap { line -> String? in
                let words = line.split(separator: " ").map(String.init)
                guard let place = words.firstIndex(of: "import"), place <= 1 else { return nil }
                return words.last
            }
            #expect(!imports.isEmpty || !code.contains("import "), "\(path)")
            if let allowed = Self.allowed[target] {
                #expect(Set(imports).subtracting(allowed) == [], "\(path)")
            } else {
                #expect(!imports.contains("GRDB") && !imports.contains("GRDBSQLite"), "\(path)")
                #expect(target != "Web" || !imports.contains("rollcall"), "\(path)")
            }
        }
    }

    private func places(_ pattern: some RegexComponent) -> [String] {
        Self.sources.flatMap { path, code in
            code.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
                .filter { $0.element.contains(pattern) }
                .map { "\(path):\($0.offset + 1): \($0.element.trimmingCharacters(in: .whitespaces))" }
        }
    }

    @Test func `nothing in the sources traps by itself`() {
        let traps =
            #/\btry!|\bas!|\bfatalError\b|\bprecondition(?:Failure)?\(|\bassert(?:ionFailure)?\(|\bunowned\b/#
        #expect(places(traps) == [])
        // A mark after a value, and not before `=`: a forced unwrap.
        #expect(places(#/[\w\)\]\?"]!(?:[^=\w]|$)/#) == [])
        #expect(places(#/[\w\)\]]!\s*\.\w/#) == [])
    }

    @Test func `time and identity are handed in`() {
        let now = places(#/\bDate\(\)|\bDate\.now\b|\bUUID\(\)|\.timeIntervalSinceNow\b|\bInstant\(Date/#)
        #expect(now.map { String($0.split(separator: ":")[0]) } == ["Domain/Time.swift"], "\(now)")
        let random = places(#/\bSystemRandomNumberGenerator\b|\.random\(in:(?!.*using:)/#)
        for place in random {
            #expect(
                ["Domain/Identity.swift", "Storage/Password.swift", "Ingest/Demo"].contains {
                    place.hasPrefix($0)
                },
                "\(place)")
        }
    }

    @Test func `no page, script or style asks for anything from elsewhere`() {
        let folder = Self.root.appendingPathComponent("Resources").path
        for name in (try? FileManager.default.subpathsOfDirectory(atPath: folder)) ?? [] {
            guard ["css", "js", "mustache", "html"].contains(URL(fileURLWithPath: name).pathExtension) else {
                continue
            }
            let text = (try? String(contentsOfFile: folder + "/" + name, encoding: .utf8)) ?? ""
            #expect(
                !text.contains(#/(?:src|href|url|import|action)\s*[=(]\s*["']?(?:https?:)?\/\/\w/#), "\(name)"
            )
        }
    }
}
