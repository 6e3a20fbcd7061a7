import Domain
import Foundation
import HTTPTypes
import Hummingbird
import Mustache
import NIOCore
import Resources
import Storage

/// What a template prints: text that is already formatted, in the template's own names.
///
/// Made of String, Bool, Int, optionals, arrays and nested structs of these. (`Decodable` is how a test learns
/// the names of its fields without a value.) Names that the frame has (`officeName`, `nav`, `user`, `csrf`,
/// `notice`, `version`, `assetVersion`, `lang`, `dir`) may be used in a template, but not as fields.
public protocol Page: Decodable, Sendable {
    /// The name of the file in `Resources/templates`, without `.mustache`.
    static var template: String { get }
    var title: String { get }
}

/// A sentence on top of the next page.
public struct Notice: Sendable, Decodable {
    public enum Kind: String, Sendable, Decodable { case success, warning, error, info }
    public var kind: String
    public var title: String
    public var text: String

    public init(_ kind: Kind, _ title: String, _ text: String = "") {
        self.kind = kind.rawValue
        self.title = title
        self.text = text
    }
}

/// What stands around every page.
struct Frame: Sendable, Decodable {
    struct Entry: Sendable, Decodable {
        var label: String
        var href: String
        var current: Bool
        var icon: String?
        var waiting: String?
    }
    struct Person: Sendable, Decodable {
        var name: String
        var role: String
    }
    struct Section: Sendable, Decodable {
        var label: String
        var pages: [Entry]
    }
    var officeName: String
    var nav: [Entry]
    var sectionTabs: Section?
    var offices: Offices?
    /// The same as a hidden field of forms that ask again; nil for the own office.
    var officeField: String?
    /// Whose it is that the page is about, where that is another office.
    var whose: String?
    /// Over all entries.
    var waitingInAll: String?
    var backupAlarm: BackupNotice?
    var backupAge: BackupNotice?
    var user: Person?
    var csrf: String
    var notice: Notice?
    var version: String
    var assetVersion: String
    var lang = "en"
    var dir = "ltr"
}

/// A page in its frame: its own fields first, then the frame's.
struct FramedPage: MustacheParent {
    let fields: [String: Any]

    init(_ page: some Page, in frame: Frame) {
        var fields: [String: Any] = ["title": page.title]
        for mirror in [Mirror(reflecting: frame), Mirror(reflecting: page)] {
            for child in mirror.children {
                guard let label = child.label else { continue }
                let value = Mirror(reflecting: child.value)
                fields[label] = value.displayStyle == .optional ? value.children.first?.value : child.value
            }
        }
        self.fields = fields
    }

    func child(named: String) -> Any? { fields[named] }
}

/// The files of Resources/ that are inside the program.
public struct EmbeddedFiles: Sendable {
    /// By path, for example `assets/rollcall.css`.
    public let files: [String: ByteBuffer]

    public init() {
        var files: [String: ByteBuffer] = [:]
        for index in 0..<rollcall_resource_count() {
            let file = rollcall_resource_at(index)
            files[String(cString: file.name)] = ByteBuffer(
                bytes: UnsafeBufferPointer(start: file.bytes, count: Int(file.size)))
        }
        self.files = files
    }

    /// Every template by its name, parsed.
    ///
    /// - Throws: when a template does not parse; a test sees to it that none is shipped.
    func templates() throws -> MustacheLibrary {
        var library = MustacheLibrary()
        for (path, bytes) in files where path.hasPrefix("templates/") && path.hasSuffix(".mustache") {
            let name = path.dropFirst("templates/".count).dropLast(".mustache".count)
            try library.register(String(buffer: bytes), named: String(name))
        }
        return library
    }
}

extension Site {
    func render(_ page: some Page, in frame: Frame) throws -> String {
        let name = type(of: page).template
        guard let text = templates.render(FramedPage(page, in: frame), withTemplate: name) else {
            throw MissingTemplate(name: name)
        }
        return text
    }
}

extension Visit {
    /// The page in its frame; whoever is signed in sees the site's menu.
    ///
    /// - Parameter whose: the name of another office that the page's subject is of.
    public func page(_ page: some Page, status: HTTPResponse.Status = .ok, whose: String? = nil) throws
        -> Response
    {
        var frame = frame()
        frame.whose = whose
        let text = try site.render(page, in: frame)
        return Response(
            status: status, headers: [.contentType: "text/html; charset=utf-8"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }

    /// The tabs of the menu's entry that the address is of; one alone would say nothing.
    private func section(_ viewer: Viewer) -> Frame.Section? {
        guard let entry = site.menu.first(where: { $0.holds(path) }) else { return nil }
        let pages = entry.pages.filter { viewer.may($0.needs) }
        guard pages.count > 1 else { return nil }
        // Of an address below another's, the longer one is meant.
        let current = pages.filter { $0.holds(path) }.max { $0.path.count < $1.path.count }?.path
        return Frame.Section(
            label: entry.label,
            pages: pages.map {
                Frame.Entry(
                    label: $0.label, href: ofOffice($0.path), current: $0.path == current, icon: nil,
                    waiting: $0.sharesWaiting ? waiting[entry.path].map { format.number($0) } : nil)
            })
    }

    func frame() -> Frame {
        let viewer = session?.viewer
        return Frame(
            officeName: office?.office.rules.name ?? "Rollcall",
            nav: viewer.map { viewer in
                site.menu.filter { viewer.may($0.needs) }.map { entry in
                    Frame.Entry(
                        label: entry.label, href: entry.path, current: entry.holds(path), icon: entry.icon,
                        waiting: waiting[entry.path].map { format.number($0) })
                }
            } ?? [],
            sectionTabs: viewer.flatMap { section($0) }, offices: viewer.flatMap { officeTabs($0) },
            officeField: offices.text,
            waitingInAll: waiting.isEmpty ? nil : format.number(waiting.values.reduce(0, +)),
            backupAlarm: path == Paths.backups ? nil : backups.flatMap { $0.isAlarm ? $0 : nil },
            backupAge: backups.flatMap { $0.isAlarm ? nil : $0 },
            user: session.map { Frame.Person(name: $0.user.name, role: $0.user.role.title) },
            csrf: formToken,
            notice: session.flatMap { site.notices.take(for: $0.id) },
            version: site.version, assetVersion: site.assets.version)
    }
}

extension SignedIn {
    public func page(_ page: some Page, status: HTTPResponse.Status = .ok, whose: String? = nil) throws
        -> Response
    {
        try visit.page(page, status: status, whose: whose)
    }

    /// Sends the browser on after a form was taken (303, so that a reload posts nothing), with a word on what was done.
    public func redirect(to path: String, _ notice: Notice? = nil) -> Response {
        if let notice, let session { visit.site.notices.leave(notice, for: session.id) }
        return .seeOther(path)
    }
}

extension Response {
    static func seeOther(_ path: String) -> Response {
        Response(status: .seeOther, headers: [.location: path])
    }
}

struct MissingTemplate: Error {
    var name: String
}
