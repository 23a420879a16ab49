import Boosters
import Diagnostics
import Testing

@Suite("Errors of boosters")
struct BoostersErrorTests {
    @Test("an error says what is wrong and where")
    func words() {
        let error = BoostersError(.truncated, "it ends inside of tree 3", offset: 1_234)
        #expect(error.diagnostic.summary == "cannot read the booster: it ends inside of tree 3")
        #expect(error.diagnostic.place?.byteOffset == 1_234)
    }
}
