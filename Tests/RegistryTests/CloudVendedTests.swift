import CloudStorage
import Diagnostics
import JSONText
import TestKit
import Testing

@testable import Registry

/// A registry that lends numbered tokens, each for `life` milliseconds.
final class Lender {
    var now = 1_000_000_000
    private(set) var count = 0
    let life: Int?

    init(life: Int?) {
        self.life = life
    }

    var credentials: VendedCredentials {
        VendedCredentials(now: { self.now }) { () throws(RegistryError) in
            self.count += 1
            return CloudCredential(
                .googleToken(Secret("token-\(self.count)")), expiration: self.life.map { self.now + $0 })
        }
    }
}

@Suite struct CloudVendedTests {
    @Test("a credential is asked for once, and again two minutes before its end")
    func expiry() throws {
        let lender = Lender(life: 3_600_000)
        let credentials = lender.credentials
        #expect(lender.count == 0)
        _ = try credentials.current()
        lender.now += 3_600_000 - 120_001
        _ = try credentials.current()
        #expect(lender.count == 1)
        lender.now += 1
        #expect(try credentials.current().keys == .googleToken(Secret("token-2")))
        #expect(lender.count == 2)
    }

    @Test("one that is lent for a short time is used for half of it")
    func shortLife() throws {
        let lender = Lender(life: 60_000)
        let credentials = lender.credentials
        _ = try credentials.current()
        lender.now += 29_999
        _ = try credentials.current()
        #expect(lender.count == 1)
        lender.now += 1
        _ = try credentials.current()
        #expect(lender.count == 2)
    }

    @Test(
        "one without an end, or that ended before it began, is used until it is refused",
        arguments: [nil, -1, 0] as [Int?])
    func noExpiry(life: Int?) throws {
        let lender = Lender(life: life)
        let credentials = lender.credentials
        _ = try credentials.current()
        lender.now += 100_000_000
        _ = try credentials.current()
        #expect(lender.count == 1)
        credentials.renew()
        _ = try credentials.current()
        #expect(lender.count == 2)
    }

    @Test("many files that are refused with the same credential ask for one new one")
    func singleFlight() throws {
        let lender = Lender(life: 3_600_000)
        let credentials = lender.credentials
        let old = try credentials.current()
        for _ in 0..<8 {
            credentials.renew(old)
            _ = try credentials.current()
        }
        #expect(lender.count == 2)
    }

    @Test("the registry's answer is read for each cloud")
    func answers() throws {
        func read(_ text: String) throws -> CloudCredential? {
            CloudCredential(answer: try #require(try JSONText.parse(text).objectValue))
        }
        let keys = "{\"access_key_id\":\"A\",\"secret_access_key\":\"B\",\"session_token\":\"C\"}"
        let expected = AWSCredential(accessKeyID: "A", secretAccessKey: Secret("B"), sessionToken: Secret("C"))
        #expect(
            try read("{\"expiration_time\":1700,\"storage_mode\":\"CUSTOMER_HOSTED\",\"aws_temp_credentials\":\(keys)}")
                == CloudCredential(.aws(expected), expiration: 1700))
        #expect(
            try read("{\"expiration_time\":\"1700\",\"r2_temp_credentials\":\(keys)}")
                == CloudCredential(.r2(expected), expiration: 1700))
        #expect(
            try read("{\"azure_user_delegation_sas\":{\"sas_token\":\"?sv=1&sig=a%2F\"}}")
                == CloudCredential(.azureSAS(Secret("sv=1&sig=a%2F")), expiration: nil))
        #expect(
            try read("{\"gcp_oauth_token\":{\"oauth_token\":\"ya29\"}}")
                == CloudCredential(.googleToken(Secret("ya29")), expiration: nil))
        #expect(try read("{\"storage_mode\":\"DEFAULT_STORAGE\"}") == nil)
        #expect(try read("{\"aws_temp_credentials\":{\"access_key_id\":\"A\",\"secret_access_key\":\"B\"}}") == nil)
        #expect(try read("{\"gcp_oauth_token\":{\"oauth_token\":\"\"}}") == nil)
        #expect(try read("{\"gcp_oauth_token\":\"x\"}") == nil)
    }

    @Test("no credential prints what it is")
    func printing() {
        let all: [CloudCredential.Keys] = [
            .aws(AWSCredential(accessKeyID: "A", secretAccessKey: Secret("whisper"), sessionToken: Secret("whisper"))),
            .azureSAS(Secret("sig=whisper")), .googleToken(Secret("whisper")),
        ]
        for keys in all {
            var dumped = ""
            dump(CloudCredential(keys, expiration: nil), to: &dumped)
            #expect(!"\(CloudCredential(keys, expiration: nil))\(dumped)".contains("whisper"))
        }
    }
}
