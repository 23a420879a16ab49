import Diagnostics
import Testing

@testable import CloudStorage

@Test("lent keys do not print")
func lentKeys() {
    let keys = AWSCredential(
        accessKeyID: "ASIA1", secretAccessKey: Secret("whisper"), sessionToken: Secret("murmur"))
    #expect(!"\(keys)".contains("whisper") && !"\(keys)".contains("murmur"))
}
