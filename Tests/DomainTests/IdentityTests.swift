import Domain
import Foundation
import Testing

@Suite struct IdentityTests {
    @Test func `an id is read and written as Foundation does a UUID`() throws {
        // Every byte, at every place.
        for byte in UInt8.min ... .max {
            let uuid = UUID(
                uuid: (
                    byte, byte &+ 1, byte &+ 2, byte &+ 3, byte &+ 4, byte &+ 5, byte &+ 6, byte &+ 7,
                    byte &+ 8,
                    byte &+ 9, byte &+ 10, byte &+ 11, byte &+ 12, byte &+ 13, byte &+ 14, byte &+ 15
                ))
            let id = ID<Person>(uuid)
            #expect(id.description == uuid.uuidString.lowercased())
            #expect(ID<Person>(uuid.uuidString) == id)
            #expect(ID<Person>(id.description) == id)
        }
    }

    @Test(arguments: [
        "", "-", "01a206fd-6700-79e1-97f2-09b1796e5c4", "01a206fd-6700-79e1-97f2-09b1796e5c400",
        "01a206fd67-00-79e1-97f2-09b1796e5c40", "01a206fd-6700-79e1-97f2-09b1796e5c4g",
        "01a206fd-6700-79e1-97f2-09b1796e5c4 ", "01a206fd-6700-79e1-97f2-09b1796e5c4é",
        "{01a206fd-6700-79e1-97f2-09b1796e5c4}", "01a206fd 6700 79e1 97f2 09b1796e5c40",
    ]) func `what is no id is none`(text: String) {
        #expect(ID<Person>(text) == nil)
    }
}
