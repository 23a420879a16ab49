import Bytes
import Diagnostics
import TestKit
import Testing

@testable import Scoring

/// Programs that do not fit together are refused when the file is read.
@Suite struct ProgramTests {
    enum Source { case pipeline, operators }

    struct Change: CustomTestStringConvertible {
        var source: Source
        var old: String
        var new: String
        var reason: String
        var testDescription: String { "\(old) → \(new)" }

        init(_ source: Source, _ old: String, _ new: String, _ reason: String) {
            (self.source, self.old, self.new, self.reason) = (source, old, new, reason)
        }
    }

    @Test("an unsound program is refused with the operator and the reason", arguments: Self.changes)
    func unsound(_ row: Change) throws {
        let model = try row.source == .pipeline ? SampleModel.pipeline() : SampleModel.allOperators()
        let bytes = model.serialized()
        let parts = try FileSurgery.program(of: bytes).split(
            separator: row.old, maxSplits: 1, omittingEmptySubsequences: false)
        try #require(parts.count == 2, "the program does not hold this text")
        let changed = try FileSurgery.replacingProgram(of: bytes, with: parts.joined(separator: row.new))
        let error = #expect(throws: ScoringError.self) { try CompiledModel.load(changed, file: "m.skiff") }
        #expect(error?.diagnostic.summary == "cannot read `m.skiff`: \(row.reason)")
    }

    static let changes: [Change] = head + wiring + operators + trees

    private static let head = [
        Change(
            .pipeline, "{\"columns\"", "{\"columns", "the program is not JSON: expected `:`, found `n`"),
        Change(.pipeline, "\"tensor\":null", "\"tensor\":null,\"x\":1", "the program's field `x` is not known"),
        Change(.pipeline, "\"required\":true", "\"required\":true,\"y\":1", "the program's field `y` is not known"),
        Change(.pipeline, "\"tensor\":null", "\"tensor\":1", "the program's field `tensor` is neither a text nor null"),
        Change(.pipeline, "\"age\"", "\"colour\"", "two columns have the name `colour`"),
        Change(
            .pipeline, "\"type\":\"double\"", "\"type\":\"datetime\"",
            "the program's column 1 has no name, type or `required`"),
        Change(
            .pipeline, "\"type\":\"string\"", "\"type\":\"long\"",
            "the program's column 0 has texts but is not of type string"),
        Change(
            .pipeline, "\"type\":\"double\"", "\"type\":\"double\",\"missing\":\"unknown\"",
            "the program's column 1 has `missing` but is not of type string, or says something else"),
        Change(
            .pipeline, "\"type\":\"string\"", "\"type\":\"string\",\"missing\":\"known\"",
            "the program's column 0 has `missing` but is not of type string, or says something else"),
        Change(.pipeline, "\"strings\":16", "\"strings\":15", "section 15 is not of kind strings"),
        Change(.pipeline, "\"strings\":16", "\"strings\":17", "section 17 does not exist"),
        Change(.pipeline, "\"slots\":15", "\"slots\":16", "the program does not have 15 slots as it should"),
        Change(.pipeline, "\"rows\"", "\"flat\"", "a flat answer has one slot, not 2"),
        Change(.pipeline, "[13,14]", "[13,15]", "the answer names slot 15, but there are only 15"),
        Change(.pipeline, "[13,14]", "[]", "the answer is empty"),
        Change(.operators, "\"widths\":[1,1]", "\"widths\":[1,2]", "the groups of the answer do not add up to 2 slots"),
        Change(.operators, "\"widths\":[1,1]", "\"widths\":[2,0]", "a group of the answer has no slots"),
        Change(.operators, ",{\"booleans\":[false,true]}", "", "there are 1 label tables for 2 slots"),
        Change(.operators, ",\"f\"]", "]", "slot 25 is not an index into its 5 labels"),
        Change(.operators, "\"slots\":[25,", "\"slots\":[24,", "slot 24 is not an index into its 6 labels"),
        Change(.operators, "[false,true]", "[false,1]", "the program's answer has no layout, slots or labels"),
    ]

    private static let wiring = [
        Change(
            .pipeline, "\"op\":\"oneHot\"", "\"op\":\"twoHot\"",
            "operator 1 is `twoHot`, which this version does not know"),
        Change(.pipeline, "\"in\":[3,1]", "\"in\":[4,1]", "the inputs of operator 1 name slots outside 0..<4"),
        Change(.pipeline, "\"in\":[3,1]", "\"in\":[-1,1]", "the inputs of operator 1 name slots outside 0..<4"),
        Change(
            .pipeline, "\"in\":[3,1]", "\"in\":[1,9223372036854775807]",
            "the inputs of operator 1 name slots outside 0..<4"),
        Change(.pipeline, "\"in\":[3,1]", "\"in\":[3]", "the inputs of operator 1 are not a list of runs"),
        Change(
            .pipeline, "\"out\":[4,3]", "\"out\":[5,3]", "the outputs of operator 1 (oneHot) do not follow slot 4"),
        Change(
            .pipeline, "\"out\":[4,3]", "\"out\":[4,9223372036854775807]",
            "the outputs of operator 1 (oneHot) do not follow slot 4"),
        Change(
            .pipeline, "\"allowsMissing\":false", "\"allowsMissing\":false,\"z\":0",
            "operator 4 (requireFinite): the field `z` is not known"),
    ]

    private static let operators = [
        Change(
            .pipeline, "\"missing\":\"nan\"", "\"missing\":\"none\"", "operator 0 (impute): `missing` is not a number"),
        Change(
            .pipeline, "\"fill\":1", "\"fill\":4", "operator 0 (impute): the array `fill` has 2 elements instead of 1"),
        Change(
            .pipeline, "\"fill\":1", "\"fill\":0", "operator 0 (impute): `fill` is not a whole number from 1 to 65536"),
        Change(.pipeline, "\"fill\":1", "\"fill\":2", "section 2 is not of kind float64"),
        Change(
            .pipeline, "\"out\":[4,3]", "\"out\":[4,2]",
            "operator 1 (oneHot): `targets` names an output that is not below 2"),
        Change(
            .pipeline, "\"codes\":2,\"targets\":3", "\"codes\":3,\"targets\":3",
            "operator 1 (oneHot): `codes` holds a number that is not below 5"),
        Change(
            .pipeline, "\"unknown\":\"value\"", "\"unknown\":\"zeros\"",
            "operator 1 (oneHot): `unknown` is not one of `value`, `refuse`"),
        Change(
            .pipeline, "\"columns\":[0]", "\"columns\":[3]",
            "operator 1 (oneHot): `columns` holds something that is not a column number"),
        Change(
            .pipeline, "\"do\":\"subtract\"", "\"do\":\"power\"",
            "operator 3 (scale): a step is not one of the known ones"),
        Change(
            .pipeline, "\"with\":5", "\"with\":1", "operator 3 (scale): a step has 1 constants for 2 slots"),
        Change(
            .pipeline, "\"allowsMissing\":false", "\"allowsMissing\":0",
            "operator 4 (requireFinite): `allowsMissing` is not true or false"),
        Change(.operators, "\"values\":6", "\"values\":2", "operator 4 (match): `values` are not ascending numbers"),
        Change(
            .operators, "\"weights\":10", "\"weights\":11",
            "operator 7 (linear): the array `weights` has 2 elements instead of 14"),
        Change(
            .operators, "\"softmax\"", "\"complement\"", "operator 8 (link): it has 2 inputs instead of 1"),
        Change(.operators, "\"out\":[25,1]", "\"out\":[25,2]", "operator 13 (argmax): it has 2 outputs instead of 1"),
    ]

    private static let trees = [
        Change(
            .pipeline, "\"laneBits\":2", "\"laneBits\":1",
            "operator 5 (trees): its node words are too narrow for its features or thresholds"),
        Change(
            .pipeline, "\"laneBits\":2", "\"laneBits\":3",
            "operator 5 (trees): tree 0 has a node with a child, feature, threshold or leaf out of range"),
        Change(
            .pipeline, "\"deltaBits\":3", "\"deltaBits\":30",
            "operator 5 (trees): a node has no room for ranks"),
        Change(
            .pipeline, "\"deltaBits\":3", "\"deltaBits\":2",
            "operator 5 (trees): `deltaBits` is not a whole number from 3 to 31"),
        Change(.pipeline, "\"wordBits\":32", "\"wordBits\":33", "operator 5 (trees): `wordBits` is neither 32 nor 64"),
        Change(.pipeline, "\"wordBits\":32", "\"wordBits\":64", "section 14 is not of kind uint64"),
        Change(
            .pipeline, "\"leafWidth\":2", "\"leafWidth\":3",
            "operator 5 (trees): tree 0 adds to outputs that do not exist"),
        Change(
            .pipeline, "\"treeStarts\":10", "\"treeStarts\":8",
            "operator 5 (trees): the array `firstOutputs` has 2 elements instead of 7"),
        Change(
            .pipeline, "\"inputWidth\":\"float32\"", "\"inputWidth\":\"float16\"",
            "operator 5 (trees): `inputWidth` is not one of `float32`, `float64`"),
        Change(
            .pipeline, "\"inputWidth\":\"float32\"", "\"inputWidth\":\"float64\"", "section 9 is not of kind float64"),
        Change(
            .pipeline, "\"features\":8", "\"features\":10", "operator 5 (trees): `features` are not whole rows"),
    ]

    @Test("a program that is not an object, or too deep, is refused", arguments: ["[]", "null", ""])
    func notAnObject(program: String) throws {
        let file = try FileSurgery.replacingProgram(of: SampleModel.pipeline().serialized(), with: program)
        #expect(throws: ScoringError.self) { try CompiledModel.load(file, file: nil) }
        let deep = String(repeating: "[", count: 100_000)
        let other = try FileSurgery.replacingProgram(of: SampleModel.pipeline().serialized(), with: deep)
        #expect(throws: ScoringError.self) { try CompiledModel.load(other, file: nil) }
    }

    @Test("inputs that are repeated beyond the limit are refused")
    func inputLimit() throws {
        var builder = try ModelBuilder(
            inputs: InputSchema(columns: [InputColumn(name: "x", type: .double, required: true)]))
        let many = try builder.oneHot(
            0, width: 900_000, codes: [0], columns: [0], unknown: .zeros, missing: .zeros)
        for _ in 0..<5 { _ = try builder.argmax(many) }
        let error = #expect(throws: ScoringError.self) {
            try builder.finish(answer: .numbers(0), source: SampleModel.source)
        }
        #expect(error?.reason == "its operators have more than 4194304 inputs together")
    }
}
