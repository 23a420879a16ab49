import Testing

@testable import Scoring

@Suite struct ProgramOutlineTests {
    @Test("of a scaled column the middle, the fills and the thresholds behind it are landmarks, as the column has them")
    func landmarks() throws {
        let outline = try SampleModel.pipeline().outline()
        #expect(outline.columns.map(\.isUsed) == [true, true, true])
        #expect(outline.columns[0].texts == ["blue", "grün", "red"])
        #expect(outline.columns[0].landmarks.isEmpty)
        let age = outline.columns[1]
        #expect(age.thresholds.isEmpty)
        let fill = 40.0
        let threshold = Double(Float(0.1).nextDown) * 12 + 38
        #expect(age.landmarks.count == 7)
        for (found, wanted) in zip(age.landmarks, [14, 26, 38, threshold, fill, 50, 62]) {
            #expect(abs(found - wanted) < 1e-9, "\(found), not \(wanted)")
        }
        #expect(outline.steps.map(\.name).prefix(3) == ["impute", "oneHot", "impute"])
    }

    @Test("thresholds of trees belong to the columns that they read, also where gaps are filled before")
    func thresholds() throws {
        let columns = ["a", "b", "c"].map { InputColumn(name: $0, type: .double, required: true) }
        var builder = try ModelBuilder(inputs: InputSchema(columns: columns))
        let filled = try builder.impute([0], missing: .nan, fill: [7])
        var forest = TreeForest(
            featureCount: 2, leafWidth: 1, comparison: .less, inputWidth: .float64, missing: .never)
        for threshold in [2.5, -1, 2.5] {
            try forest.append(
                left: [1, -1, -1], right: [2, -1, -1], feature: [1, -1, -1], threshold: [threshold, 0, 0],
                missingGoesLeft: [], values: [0, 1, 2], firstOutput: 0)
        }
        let sums = try builder.trees([1] + filled, forest: forest, start: [0], sumWidth: .float32)
        try builder.requireFinite([2], width: .float64, allowsMissing: false)
        let outline = try builder.finish(answer: .rows(sums), source: SampleModel.source).outline()
        #expect(outline.columns[0].thresholds == [-1, 2.5].map { .init(value: $0, width: .float64) })
        #expect(outline.columns[0].landmarks == [7])
        // Checked but not read: the answer does not depend on it.
        #expect(!outline.columns[2].isUsed)
        #expect(
            outline.steps == [
                .init(name: "impute", width: nil), .init(name: "trees", width: .float32),
                .init(name: "requireFinite", width: .float64),
            ])
    }

    @Test("evenly spaced elements begin with the first and end with the last")
    func evenlySpaced() {
        #expect((0..<10).evenlySpaced(4) == [0, 3, 6, 9])
        #expect((0..<3).evenlySpaced(4) == [0, 1, 2])
        #expect((5..<9).evenlySpaced(1) == [5])
        #expect((5..<9).evenlySpaced(0) == [])
        #expect([Int]().evenlySpaced(3) == [])
    }
}
