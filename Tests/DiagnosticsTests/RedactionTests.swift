import Diagnostics
import Testing

@Suite struct RedactionTests {
    @Test("a secret is blotted out as it is, in base 64 at any place, percent-encoded and in JSON")
    func forms() {
        let secret = Secret("q7/+ä\"secret&more=1")
        let forms = [
            secret.revealed, "q7%2F%2B%C3%A4%22secret%26more%3D1", "q7%2f%2b%c3%a4%22secret%26more%3d1",
            #"q7/+ä\"secret&more=1"#,
        ]
        for form in forms { #expect(Redaction.clean("before \(form) after") == "before [hidden] after") }
        // "x", "xx", "xxx:" and the secret, then "y": what base 64 makes of it in every position.
        let encoded = [
            "eHE3LyvDpCJzZWNyZXQmbW9yZT0xeQ==", "eHhxNy8rw6Qic2VjcmV0Jm1vcmU9MXk=",
            "eHh4OnE3LyvDpCJzZWNyZXQmbW9yZT0xeQ==",
        ]
        for text in encoded {
            let cleaned = Redaction.clean(text)
            #expect(cleaned.contains("[hidden]"), "\(text)")
            #expect(cleaned.utf8.count < 24, "\(cleaned)")
        }
    }

    @Test("the second word of a header is the secret; what surrounds it stays")
    func header() {
        _ = Secret("Bearer header-token-1")
        #expect(
            Redaction.clean("curl -H 'Authorization: Bearer header-token-1' x")
                == "curl -H 'Authorization: Bearer [hidden]' x")
    }

    @Test("several secrets, one inside the other, next to each other, at both ends")
    func several() {
        _ = Secret("inner-secret-2")
        _ = Secret("outer-inner-secret-2-outer")
        #expect(
            Redaction.clean("inner-secret-2outer-inner-secret-2-outer|inner-secret-")
                == "[hidden][hidden]|inner-secret-")
    }

    @Test("short secrets and texts without any are left alone; bytes that are no text too")
    func untouched() {
        _ = Secret("short-3")
        #expect(Redaction.clean("short-3 stays") == "short-3 stays")
        let bytes: [UInt8] = [0xff, 0, 0x80] + Array("nothing here".utf8)
        #expect(Redaction.clean(bytes) == bytes)
        #expect(Redaction.clean([]) == [])
    }
}
