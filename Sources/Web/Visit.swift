import Domain
import Foundation
import HTTPTypes
import Hummingbird
import Logging
import Storage

/// A request of anybody, with what every handler needs.
public struct Visit: Sendable {
    public let site: Site
    /// Its body is empty: see `form`, `json`, `SignedIn.upload` and `SignedIn.readForm`.
    public internal(set) var request: Request
    /// Names the request in the log.
    public let id: String
    public let address: String
    public let logger: Logger
    let hangUp: @Sendable () -> Void
    public internal(set) var parameters = Parameters()
    public internal(set) var office: OfficeState?
    /// Whose things are asked for: `office` in the query.
    public internal(set) var offices = OfficeChoice.own
    public internal(set) var session: Session?
    /// What waits for whoever is signed in, by path of a menu entry.
    public internal(set) var waiting: [String: Int] = [:]
    /// On every page of who looks after the backups.
    var backups: BackupNotice?
    /// What forms on the answer must carry; bound to the session, or to a cookie before there is one.
    public internal(set) var formToken = ""
    /// The same for a browser that nobody is signed in at.
    var guestToken = ""
    /// The fields of the form that was sent; empty unless the route says `.form`.
    public internal(set) var form = Form()
    /// The bytes of a body that was sent as JSON.
    public internal(set) var json: [UInt8] = []
    /// The body of a `.stream` route, where the form token is proven or needs no proof.
    ///
    /// Beside `request.body`, because a body that was taken out of a request cannot be put back.
    var streamedBody: RequestBody?
    /// The body of a `.stream` route that `readForm` gives out once it has proven the form token.
    var sealedBody: RequestBody?

    public var store: OfficeStore { site.store }
    public var query: Form { Form(urlEncoded: request.uri.query ?? "") }
    public var path: String { request.uri.path }
    public var format: OfficeFormat { OfficeFormat(zone: office?.timeZone ?? .gmt) }
    public var browser: Browser {
        Browser(address: address, userAgent: request.headers[.userAgent] ?? "")
    }
    public var isSecure: Bool { site.isSecure }

    /// An id from the path; what is none names nothing.
    public func id<Entity>(_ name: String = "id") throws -> ID<Entity> {
        guard let id = parameters.get(name).flatMap({ ID<Entity>($0) }) else { throw UserError.notHere }
        return id
    }

    /// Programs get JSON instead of pages.
    var wantsJSON: Bool {
        path.hasPrefix("/api/") || request.headers[.accept]?.hasPrefix("application/json") == true
    }
}

/// A request of somebody who is signed in, and whose role has any reach for what the route needs.
///
/// A handler that takes this cannot run for anybody else. (A value of our own rather than a Hummingbird
/// child context: those must be makeable from nothing.)
@dynamicMemberLookup
public struct SignedIn: Sendable {
    public let visit: Visit
    public let viewer: Viewer
    public let office: OfficeState
    /// nil for a bearer token.
    public let session: Session?
    public let permission: Permission

    public subscript<T>(dynamicMember path: KeyPath<Visit, T>) -> T { visit[keyPath: path] }

    /// How far the route's permission reaches for this viewer; never `.none`.
    public var reach: Reach { viewer.reach(permission) }

    /// The office's business day now.
    public var today: Day { office.businessDay(at: visit.store.clock.now()) }

    /// Who the journal says it was.
    public var actor: Actor {
        Actor(
            user: viewer.user, name: viewer.name,
            via: (session == nil ? "api " : "web ") + visit.address)
    }

    public func id<Entity>(_ name: String = "id") throws -> ID<Entity> { try visit.id(name) }

    public func may(_ permission: Permission) -> Bool { viewer.may(permission) }
}
