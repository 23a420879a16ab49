import Diagnostics
import HTTPTransport
import Testing

@testable import Credentials

@Test("a fixed credential is given as it is and cannot be renewed")
func fixedLogin() throws {
    let origin = try HTTPURL("https://h.example").origin
    let credential = HTTPCredential(
        origin: origin, headerName: "Authorization", headerValue: Secret("Bearer x"), source: "`TOKEN`")
    let login = Login(fixed: credential, for: origin)
    #expect(try login.credential() == credential)
    #expect(try login.renew() == false)
    #expect(login.source == "`TOKEN`")
    #expect(try Login.none(for: origin).credential() == nil)
}
