import Foundation
import NIOCore
import Testing

@testable import Web

/// Mustache prints nothing for a misspelt tag: so every tag of every template is held against the page's struct,
/// and every field of the struct against the template.
@Suite struct TemplateTests {
    let templates: [String: String]

    init() {
        var templates: [String: String] = [:]
        for (path, bytes) in EmbeddedFiles().files where path.hasPrefix("templates/") {
            templates[String(path.dropFirst("templates/".count).dropLast(".mustache".count))] =
                String(buffer: bytes)
        }
        self.templates = templates
    }

    @Test func `every tag is a field and every field is printed`() throws {
        guard case .object(let frame) = try PageShape(of: Frame.self) else {
            Issue.record("the frame has no fields")
            return
        }
        for page in sitePages {
            guard let template = templates[page.template] else {
                Issue.record("\(page): there is no template \(page.template)")
                continue
            }
            guard case .object(var fields) = try PageShape(of: page) else { continue }
            let clashes = Set(fields.keys).intersection(frame.keys)
            #expect(clashes.isEmpty, "\(page): the frame has fields of these names: \(clashes)")
            fields["title"] = .text
            var reader = TagReader(templates: templates, page: "\(page.template)")
            reader.read(template, [.object(frame), .object(fields)])
            for problem in reader.problems { Issue.record("\(problem)") }
            let unused = fieldPaths(.object(fields)).subtracting(reader.used).subtracting(["title"])
            #expect(unused.isEmpty, "\(page.template): never printed: \(unused.sorted())")
        }
    }

    @Test func `every template belongs to a page or is included by one`() {
        var reached = Set(sitePages.map { $0.template })
        for _ in 0..<5 {
            for name in reached {
                for tag in TagReader.tags(templates[name] ?? "") where tag.kind == ">" || tag.kind == "<" {
                    reached.insert(tag.name)
                }
            }
        }
        let lonely = Set(templates.keys).subtracting(reached)
        #expect(lonely.isEmpty, "no page prints these templates: \(lonely.sorted())")
    }

    @Test func `the table of embedded files is the folder`() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("Resources")
        var onDisk: [String: Data] = [:]
        for part in ["assets", "templates"] {
            let folder = root.appendingPathComponent(part)
            for name in try FileManager.default.contentsOfDirectory(atPath: folder.path)
            where !name.hasPrefix(".") {
                onDisk["\(part)/\(name)"] = try Data(contentsOf: folder.appendingPathComponent(name))
            }
        }
        let embedded = EmbeddedFiles().files
        #expect(Set(onDisk.keys) == Set(embedded.keys), "run .ci/embed")
        for (path, bytes) in onDisk {
            #expect(embedded[path].map { Data($0.readableBytesView) } == bytes, "\(path) is old: build again")
        }
    }

    @Test func `no template has inline style or script`() {
        for (name, text) in templates {
            for pattern in [#"\sstyle\s*="#, #"\son[a-z]+\s*=""#, #"<script(?![^>]*\ssrc=)"#, "javascript:"] {
                #expect(
                    text.range(of: pattern, options: [.regularExpression, .caseInsensitive]) == nil,
                    "\(name): the content security policy forbids \(pattern)")
            }
        }
    }

    @Test func `every form that changes something carries the form token`() {
        for (name, text) in templates {
            for form in text.components(separatedBy: "<form").dropFirst() {
                let body = form.components(separatedBy: "</form>")[0]
                guard body.lowercased().contains("method=\"post\"") else { continue }
                #expect(body.contains(#"name="csrf" value="{{csrf}}""#), "\(name): a form has no token")
            }
        }
    }

    private func fieldPaths(_ shape: PageShape, _ prefix: String = "") -> Set<String> {
        switch shape {
        case .text, .flag: prefix.isEmpty ? [] : [prefix]
        case .list(let element): Set([prefix]).union(fieldPaths(element, prefix))
        case .object(let fields):
            fields.reduce(into: prefix.isEmpty ? [] : [prefix]) { paths, field in
                paths.formUnion(
                    fieldPaths(field.value, prefix.isEmpty ? field.key : "\(prefix).\(field.key)"))
            }
        }
    }
}

/// Walks a template's tags with the types that Mustache would meet.
struct TagReader {
    struct Tag {
        /// `#`, `^`, `/`, `>`, `<`, `$`, `{`, `&`, or a blank for a variable.
        var kind: Character
        var name: String
    }

    let templates: [String: String]
    let page: String
    var problems: [String] = []
    var used: Set<String> = []
    private var depth = 0

    init(templates: [String: String], page: String) {
        self.templates = templates
        self.page = page
    }

    static func tags(_ text: String) -> [Tag] {
        text.matches(of: /\{\{\{?\s*([#^\/><$&!]?)\s*([^}\s]*)\s*\}?\}\}/).compactMap { match in
            guard match.1 != "!" else { return nil }
            return Tag(kind: match.1.first ?? " ", name: String(match.2))
        }
    }

    mutating func read(_ text: String, _ stack: [PageShape], paths: [String] = ["", ""]) {
        guard depth < 12 else { return }
        depth += 1
        defer { depth -= 1 }
        var open: [(name: String, stack: [PageShape], paths: [String])] = [("", stack, paths)]
        for tag in Self.tags(text) {
            guard let here = open.last else { return }
            switch tag.kind {
            case "#", "^":
                guard let (shape, path) = find(tag.name, here.stack, here.paths) else {
                    open.append((tag.name, here.stack, here.paths))
                    continue
                }
                switch (tag.kind, shape) {
                case ("#", .list(let element)):
                    open.append((tag.name, here.stack + [element], here.paths + [path]))
                case ("#", .object), ("#", .text):
                    open.append((tag.name, here.stack + [shape], here.paths + [path]))
                default: open.append((tag.name, here.stack, here.paths))
                }
            case "/": if open.count > 1 { open.removeLast() }
            case "$": open.append((tag.name, here.stack, here.paths))
            case "<", ">":
                guard let text = templates[tag.name] else {
                    problems.append("\(page): there is no partial “\(tag.name)”")
                    continue
                }
                read(text, here.stack, paths: here.paths)
                if tag.kind == "<" { open.append((tag.name, here.stack, here.paths)) }
            default: _ = find(tag.name, here.stack, here.paths)
            }
        }
    }

    private mutating func find(
        _ name: String, _ stack: [PageShape], _ paths: [String]
    ) -> (PageShape, String)? {
        if name == "." {
            used.insert(paths.last ?? "")
            return stack.last.map { ($0, paths.last ?? "") }
        }
        let isHere = name.hasPrefix(".")
        let parts = name.split(separator: ".").map(String.init)
        for (shape, path) in zip(stack, paths).reversed() {
            if let found = follow(parts[...], shape, path) { return found }
            if isHere { break }
        }
        problems.append("\(page): the tag “\(name)” is no field")
        return nil
    }

    private mutating func follow(
        _ parts: ArraySlice<String>, _ shape: PageShape, _ path: String
    ) -> (PageShape, String)? {
        guard let name = parts.first else { return (shape, path) }
        guard case .object(let fields) = shape, let field = fields[name] else { return nil }
        let here = path.isEmpty ? name : "\(path).\(name)"
        used.insert(here)
        return follow(parts.dropFirst(), field, here)
    }
}
