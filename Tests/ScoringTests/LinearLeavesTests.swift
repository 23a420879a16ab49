import Bytes
import Diagnostics
import Glibc
import TestKit
import Testing

@testable import Scoring

/// What LightGBM needs beside trees.
@Suite struct LinearLeavesTests {
    /// Two trees of two leaves each over the columns a and b; the trees' leaf numbers are the columns t and u.
    private func model(zero: Double?) throws -> CompiledModel {
        let names = ["a", "b", "t", "u"]
        var builder = try ModelBuilder(
            inputs: InputSchema(columns: names.map { InputColumn(name: $0, type: .double, required: true) }))
        var table = LinearLeafTable()
        _ = table.append(constant: 0.1, terms: [(0, 2), (1, -0.3)], fallback: 7)
        _ = table.append(constant: 0.2, terms: [(1, 5)], fallback: 8)
        _ = table.append(constant: -1, terms: [], fallback: -1)
        let slots = try builder.linearLeaves(
            [0, 1], leaves: [2, 3], table: table, treeOutputs: [0, 1], outputCount: 2, zero: zero)
        return try builder.finish(answer: .rows(slots), source: SampleModel.source)
    }

    @Test("a leaf's terms are added in order, and a missing column of a term gives the fallback")
    func values() throws {
        let rows = [[0.7, 0.9, 0, 2], [.nan, 0.9, 0, 1], [.nan, 0.5, 1, 2], [1, .nan, 1, 1]]
        let expected = [
            (0.1 + 2 * 0.7) + -0.3 * 0.9, -1, 7, 0.2 + 5 * 0.9, 0.2 + 5 * 0.5, -1, 8, 8,
        ]
        #expect(try OperatorBench.score(rows, model(zero: nil)) == expected)
    }

    @Test("numbers near zero count as zero when they shall")
    func zero() throws {
        let rows = [[1e-36, 1e-35, 0, 2], [1e-30, 0, 0, 2]]
        let limit = Double(Float(1e-35))
        #expect(try OperatorBench.score(rows, model(zero: limit))[0] == 0.1)
        #expect(try OperatorBench.score(rows, model(zero: limit))[2] == 0.1 + 2 * 1e-30)
    }

    @Test("a leaf that does not exist gives no number", arguments: [-1, 3, 0.5, .nan, .infinity, 1e300])
    func unknownLeaf(number: Double) throws {
        #expect(try OperatorBench.score([[1, 1, number, 2]], model(zero: nil))[0].isNaN)
    }

    @Test(
        "an unsound description is refused",
        arguments: [
            ("\"features\":2", "\"features\":4", "it has no trees"),
            ("\"features\":2", "\"features\":1", "the array `treeOutputs` has 2 elements instead of 3"),
            ("\"zero\":\"nan\"", "\"zero\":-1", "`zero` is negative"),
            ("\"out\":[4,2]", "\"out\":[4,1]", "`treeOutputs` holds a number that is not below 1"),
        ])
    func unsound(old: String, new: String, reason: String) throws {
        let bytes = try model(zero: nil).serialized()
        let parts = try FileSurgery.program(of: bytes).split(
            separator: old, maxSplits: 1, omittingEmptySubsequences: false)
        try #require(parts.count == 2)
        let file = try FileSurgery.replacingProgram(of: bytes, with: parts.joined(separator: new))
        let error = #expect(throws: ScoringError.self) { try CompiledModel.load(file, file: "m.skiff") }
        #expect(error?.diagnostic.summary == "cannot read `m.skiff`: operator 0 (linearLeaves): \(reason)")
    }

    @Test("softplus and the signed square are LightGBM's")
    func links() throws {
        var builder = try ModelBuilder(
            inputs: InputSchema(columns: [InputColumn(name: "x", type: .double, required: true)]))
        let one = try builder.link(.softplus, [0], width: .float64)
        let two = try builder.link(.signedSquare, [0], width: .float64)
        let model = try builder.finish(answer: .rows(one + two), source: SampleModel.source)
        let cells = [-3.3, 0, 0.1, 30]
        #expect(
            try OperatorBench.score(cells.map { [$0] }, model)
                == cells.flatMap { [log1p(exp($0)), $0 < 0 ? -$0 * $0 : $0 * $0] })
    }
}
