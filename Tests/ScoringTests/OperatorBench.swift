import Testing

@testable import Scoring

/// Runs an operator alone, on rows of float64 columns x0, x1, ….
enum OperatorBench {
    /// A model whose answer is what `build` gives.
    static func model(
        columns: Int, _ build: (inout ModelBuilder, [Slot]) throws -> [Slot]
    ) throws -> CompiledModel {
        let columns = (0..<columns).map { InputColumn(name: "x\($0)", type: .double, required: true) }
        var builder = try ModelBuilder(inputs: InputSchema(columns: columns))
        let outputs = try build(&builder, builder.inputSlots)
        return try builder.finish(answer: .rows(outputs), source: SampleModel.source)
    }

    /// The outputs, row-major.
    static func score(
        _ rows: [[Double]], _ build: (inout ModelBuilder, [Slot]) throws -> [Slot]
    ) throws -> [Double] {
        try score(rows, model(columns: rows[0].count, build))
    }

    /// The answers of a model, row-major.
    static func score(_ rows: [[Double]], _ model: CompiledModel) throws -> [Double] {
        var block = InputBlock(model: model)
        block.appendRows(rows.count)
        for (row, cells) in rows.enumerated() {
            for (column, cell) in cells.enumerated() { block.set(cell, row: row, column: column) }
        }
        var answers = AnswerBlock(model: model)
        try Evaluator(model: model).evaluate(block, into: &answers)
        return answers.values
    }

    /// Within 1e-14 of what a library answered, relative to the largest number.
    static func isNear(_ values: [Double], _ expected: [Double]) -> Bool {
        let size = expected.map(abs).max() ?? 1
        return values.count == expected.count && zip(values, expected).allSatisfy { abs($0 - $1) <= 1e-14 * size }
    }

    /// The reason why a model's file is refused after a change of its program's text.
    static func refusal(of model: CompiledModel, replacing old: String, with new: String) throws -> String? {
        let bytes = model.serialized()
        let program = try FileSurgery.program(of: bytes)
        try #require(program.contains(old), "\(program)")
        let changed = try FileSurgery.replacingProgram(of: bytes, with: program.replacing(old, with: new))
        do {
            _ = try CompiledModel.load(changed, file: nil)
            return nil
        } catch {
            return error.reason
        }
    }
}

/// Equal bits, but any NaN equals any other.
func expectSame(_ values: [Double], _ expected: [Double], sourceLocation: SourceLocation = #_sourceLocation) {
    let isSame =
        values.count == expected.count
        && zip(values, expected).allSatisfy { $0.bitPattern == $1.bitPattern || $0.isNaN && $1.isNaN }
    #expect(isSame, "\(values) instead of \(expected)", sourceLocation: sourceLocation)
}

extension SampleModel {
    /// A model of support vectors and neighbours.
    static func measures() throws -> CompiledModel {
        try OperatorBench.model(columns: 3) { builder, slots in
            let decisions = try builder.kernels(
                slots, kernel: .radial(gamma: 0.5), vectors: (0..<12).map { Double($0 % 4) - 1 },
                weights: [0.5, -1, 1, 0.25, -0.75, 1, 0.5, -0.5], groups: [1, 1, 2],
                targets: [[0, 1], [0, 2], [1, 2]],
                intercepts: [0.1, -0.2, 0])
            let coupled = try builder.pairProbabilities(
                decisions, classCount: 3, slopes: [-1, -2, -1.5], offsets: [0, 0.25, 0])
            let near = try builder.neighbors(
                slots, count: 2,
                points: NeighborPoints(
                    coordinates: (0..<12).map { Double($0 % 5) }, metric: .minkowski(1.5),
                    index: .balls(middles: [1, 2, 1, 0.5, 1, 2, 3, 1, 0], radii: [4, 2, 3]),
                    nodes: [
                        .init(points: 0..<4, isLeaf: false), .init(points: 0..<2, isLeaf: true),
                        .init(points: 2..<4, isLeaf: true),
                    ]), weighted: true, answer: .votes(classes: [0, 1, 1, 0], count: 2, pairwise: true))
            return try coupled + near + builder.link(.tanh, near, width: .float64)
        }
    }
}
