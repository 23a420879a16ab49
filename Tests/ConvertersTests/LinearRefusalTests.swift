import Converters
import TestKit
import Testing

/// Linear and probabilistic models that cannot be reproduced exactly, as the generator made them.
@Suite("Refusals of linear and probabilistic models")
struct LinearRefusalTests {
    struct Case: CustomTestStringConvertible {
        var folder: String
        var path: String
        var reason: String
        var help: String
        var testDescription: String { folder }
    }

    @Test(
        "the parameter, the reason and what would help are named",
        arguments: [
            Case(
                folder: "sk172__coordinate__s1n4", path: "steps[1].Lasso(coef_)",
                reason: "it would sum float32 numbers in an order that depends on the processor",
                help: "fit the model on float64 columns"),
            Case(
                folder: "sk113__clusters__s3n9", path: "MiniBatchKMeans(cluster_centers_)",
                reason: "it would sum float32 numbers in an order that depends on the processor",
                help: "fit the model on float64 columns"),
            Case(
                folder: "sk191__mixtures__s2n0", path: "GaussianMixture(means_)",
                reason: "its means are so far from 0, compared with the spread, that its densities lose digits",
                help: "scale the columns before this step"),
        ])
    func refusal(_ row: Case) throws {
        let recorded = try ParityCase(folder: Checkout.fixture("sklearn/refused/\(row.folder)"))
        guard case .refused(let refusals) = try recorded.convert() else {
            Issue.record("\(row.folder) was converted")
            return
        }
        #expect(refusals.map(\.path) == [row.path])
        #expect(refusals.map(\.reason) == [row.reason])
        #expect(refusals.map(\.help) == [row.help])
    }
}
