import Domain
import Foundation

extension DataFolder {
    /// A command about this folder, as somebody types it on this box: as the user who owns the folder.
    public func command(_ verb: String) -> String {
        let place = URL(fileURLWithPath: path).standardizedFileURL.path
        let owner = owner.flatMap { $0.id == 0 ? nil : $0.name }
        return (owner.map { "sudo -u \($0) " } ?? "") + "rollcall \(verb) --data \(place)"
    }

    /// - Throws: `UserError` where the folder is somebody else's, root's own commands too: what they made in it, its owner
    ///   could not read.
    public func requireOwner(of verb: String) throws {
        guard let owner, owner.id != geteuid() else { return }
        throw UserError(
            .notAllowed, "The data folder \(path) belongs to “\(owner.name)”. Nothing was changed.",
            advice: "Run it as that user: \(command(verb)) …")
    }

    /// What root made for the folder's owner is his from now on.
    public func handOver(_ path: String) {
        var status = stat()
        guard geteuid() == 0, stat(self.path, &status) == 0 else { return }
        chown(path, status.st_uid, status.st_gid)
    }

    /// nil: the folder is not there.
    private var owner: (id: uid_t, name: String)? {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        let name = getpwuid(status.st_uid).flatMap { String(validatingCString: $0.pointee.pw_name) }
        return (status.st_uid, name ?? String(status.st_uid))
    }
}
