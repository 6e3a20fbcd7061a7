import Domain
import Formats
import Foundation
import Glibc
import Storage

/// The shared folder: each office writes its own files there and reads those of the others; nobody changes another's.
///
/// An office's file is a full snapshot, `<name>-<id>.rollcall`, which is written anew now and then. Beside it lies what
/// came since, `<name>-<id>-delta.rollcall`, written anew with each change. Two files that are whole in themselves need
/// no word about what others have read, nor an order in which they arrive, and the folder stays small: a delta beyond a
/// quarter of the full one makes way for a new full one.
public struct ExchangeFolder: Sendable {
    public struct Outcome: Sendable {
        public var bytesIn: Int64 = 0
        public var bytesOut: Int64 = 0
        public var taken = 0
        public var entries = 0
        public var sent = 0
        /// One sentence each, for a terminal.
        public var lines: [String] = []
    }

    public static let ending = ".rollcall"
    static let deltaEnding = "-delta.rollcall"
    static let partEnding = ".part"

    let store: OfficeStore
    let path: String
    let actor: Actor
    /// Whether files are remembered until the next run; false for a folder that is met once.
    let remembers: Bool
    /// What is written is sealed with it, and what others wrote opens with it; nil: the folder lies open.
    let seal: KeptSeal.Key?
    var opener: SealOpener { seal?.opener ?? .none }
    /// A delta up to this size never makes way.
    var smallDelta: Int64 = 16_000_000

    /// - Throws: `UserError` `damaged` where the folder is sealed, and the passphrase is not on this box.
    public init(_ path: String, of store: OfficeStore, by actor: Actor, remembers: Bool = true) throws {
        self.store = store
        self.path = path
        self.actor = actor
        self.remembers = remembers
        let isSealed = try store.officeStateNow()?.settings.exchange.isSealed ?? false
        seal = isSealed ? try KeptSeal.sharedFolder.read(in: store.folder) : nil
        // As after a backup that was not sealed was restored: it holds no passphrase.
        guard seal != nil || !isSealed else {
            throw UserError(
                .damaged,
                "The passphrase of the shared folder is not on this box; nothing is read or written there.",
                advice: "Set it again under Offices → Exchange, the same as at the other offices.")
        }
    }

    /// Takes in what is new, then writes what is new here. Blocks its thread.
    ///
    /// - Throws: `UserError` where the folder is not there, or cannot be read or written; a file that cannot be taken in
    ///   is no error of the run: see `OfficeStore.exchangeFiles`.
    public func run(isCancelled: () -> Bool = { false }) throws -> Outcome {
        var outcome = Outcome()
        do {
            try requireFolder()
            removeOldParts()
            try takeIn(&outcome, isCancelled)
            try writeOwn(&outcome, isCancelled)
        } catch let failure as FileFailure {
            throw failure.isDiskFull
                ? UserError(
                    .diskFull, "There is no room left in the shared folder, or on this box's disk.",
                    advice: "Make room. What is there already is kept.")
                : UserError(
                    .unreadable, "The shared folder cannot be used: \(failure.words).",
                    advice: "Check that it is connected, and that this user may write there.")
        }
        return outcome
    }

    /// What a quick look at the folder shows of others' files: it differs once something is worth a run.
    ///
    /// Polled, and not told by the system: folders on the network tell nobody.
    public func look() throws -> String {
        try requireFolder()
        let own = ownEnding(try store.exchangeVector().office)
        return try files().filter { !isOwn($0.name, own) }.map { "\($0.name) \($0.mark)" }
            .joined(separator: "\n")
    }

    func requireFolder() throws {
        var info = stat()
        guard stat(path, &info) == 0, info.st_mode & UInt32(S_IFMT) == UInt32(S_IFDIR) else {
            throw UserError(
                .unreadable, "The shared folder \(path) is not there.",
                advice: "Connect the share or the stick, or correct the path.")
        }
    }

    struct Found {
        var name: String
        var size: Int64
        /// Differs once the file is another, or was written to.
        var mark: String
        var modified: Int64
    }

    /// Ends the name of each file of the office, whatever the office is called.
    func ownEnding(_ office: ID<Office>) -> String { "-\(office.description.suffix(8))" }

    func isOwn(_ name: String, _ own: String) -> Bool {
        name.hasSuffix(own + Self.ending) || name.hasSuffix(own + Self.deltaEnding)
    }

    /// Regular files alone: a link would lead elsewhere.
    func files(ending: String = Self.ending) throws -> [Found] {
        let names: [String]
        do { names = try FileManager.default.contentsOfDirectory(atPath: path) } catch {
            throw UserError(
                .unreadable, "The shared folder \(path) cannot be read.",
                advice: "Check that it is connected, and who may read it.")
        }
        return names.filter { $0.hasSuffix(ending) && !$0.hasPrefix(".") }.compactMap { name in
            var info = stat()
            guard lstat("\(path)/\(name)", &info) == 0, info.st_mode & UInt32(S_IFMT) == UInt32(S_IFREG)
            else { return nil }
            return Found(
                name: name, size: Int64(info.st_size),
                mark: "\(info.st_size) \(info.st_mtim.tv_sec).\(info.st_mtim.tv_nsec) \(info.st_ino)",
                modified: Int64(info.st_mtim.tv_sec))
        }
        // What a delta goes on from comes before it.
        .sorted { a, b in
            let (first, second) = (a.name.hasSuffix(Self.deltaEnding), b.name.hasSuffix(Self.deltaEnding))
            return first == second ? a.name < b.name : second
        }
    }
}

extension UserError {
    public static let exchangeCancelled = UserError(
        .cancelled, "The exchange was stopped; what was done already is kept.",
        advice: "Start it again any time.")
}
