import Diagnostics
import HTTPTransport
import Platform
import Testing

@testable import Credentials

@Suite struct LoginTests {
    static func origin() throws -> HTTPOrigin { try HTTPURL("https://h.example").origin }

    @Test("a fixed credential is given as it is and cannot be renewed")
    func fixed() throws {
        let origin = try Self.origin()
        let credential = HTTPCredential(
            origin: origin, headerName: "Authorization", headerValue: Secret("Bearer x"), source: "`TOKEN`")
        let login = Login(fixed: credential, for: origin)
        #expect(try login.credential() == credential)
        #expect(try login.renew() == false)
        #expect(login.source == "`TOKEN`")
        #expect(try Login.none(for: origin).credential() == nil)
    }

    /// A login whose tokens live for `lives` seconds, one after the other; then it fails. It counts the exchanges.
    private final class Exchanges {
        var lives: [Double?]
        /// How many seconds ago each token was issued.
        let age: Double
        var count = 0
        init(_ lives: [Double?], age: Double = 0) {
            self.lives = lives
            self.age = age
        }

        func login() throws -> Login {
            Login(origin: try LoginTests.origin(), source: "test") { [self] () throws(CredentialsError) in
                guard !lives.isEmpty else { throw CredentialsError(.server, "cannot go on: no more tokens") }
                count += 1
                let issued = MonotonicClock.nanoseconds &- UInt64(age * 1e9)
                return .init(
                    AccessToken(Secret("token-\(count)"), lifeSeconds: lives.removeFirst(), obtained: issued))
            }
        }
    }

    @Test(
        "a token is kept until 40 seconds before its end, half the life of a short one",
        arguments: [(3600.0, true), (41.0, true), (39.0, true), (0.0, false), (nil, true)] as [(Double?, Bool)])
    func margin(life: Double?, isKept: Bool) throws {
        let exchanges = Exchanges([life, 3600])
        let login = try exchanges.login()
        _ = try login.credential()
        _ = try login.credential()
        #expect(exchanges.count == (isKept ? 1 : 2))
    }

    @Test(
        "what is left of a token decides, by a clock that only runs forward",
        arguments: [(3600.0, 3559.0, true), (3600.0, 3561.0, false), (60.0, 29.0, true), (60.0, 31.0, false)])
    func age(life: Double, elapsed: Double, isFresh: Bool) {
        let obtained = MonotonicClock.nanoseconds &- UInt64(elapsed * 1e9)
        #expect(AccessToken(Secret("t"), lifeSeconds: life, obtained: obtained).isFresh == isFresh)
    }

    @Test("nothing is asked for before it is needed, and a failure is not remembered")
    func failure() throws {
        let exchanges = Exchanges([])
        let login = try exchanges.login()
        #expect(exchanges.count == 0)
        #expect(throws: CredentialsError.self) { try login.credential() }
        exchanges.lives = [3600]
        #expect(try login.credential()?.headers.first?.value.revealed == "Bearer token-1")
    }

    @Test("a token that is still good is used on when no other can be had")
    func outage() throws {
        let exchanges = Exchanges([60], age: 31)
        let login = try exchanges.login()
        let first = try login.credential()
        #expect(try login.credential() == first)
        #expect(try login.renew())
        #expect(throws: CredentialsError.self) { try login.credential() }
    }

    @Test("a login shows no token")
    func printing() throws {
        let login = try Exchanges([3600]).login()
        let credential = try login.credential()
        var dumped = ""
        dump(credential, to: &dumped)
        dump(login, to: &dumped)
        #expect("\(String(describing: credential))\(dumped)".contains("token-1") == false)
    }
}
