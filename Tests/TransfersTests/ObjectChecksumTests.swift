import Testing

@testable import Transfers

@Test("checksums of different kinds are never equal")
func checksums() {
    #expect(ObjectChecksum.md5([1]) != ObjectChecksum.sha256([1]))
}
