import Bytes
import FileTrees
import JSONText
import MLmodelFormat
import Scoring
import TestKit
import Testing

@testable import Contexts

@Suite struct ParityRowsTests {
    static func json(_ path: RelativePath, of tree: FileTree) throws -> JSONValue {
        try JSONText.parse(#require(tree[path]).region())
    }

    static func rows(_ name: String) throws -> (rows: [[JSONValue]], answers: [JSONValue], BuildContext) {
        let context = try Workbench.context(GoldenContextTests.example(name))
        let request = try json("deploy/parity-request.json", of: context.tree)
        let response = try json("deploy/parity-response.json", of: context.tree)
        return (
            try #require(request["dataframe_split"]?["data"]?.arrayValue).compactMap(\.arrayValue),
            try #require(response["predictions"]?.arrayValue), context
        )
    }

    @Test(
        "the rows are the example's and then boundary rows, each once, with one answer each",
        arguments: ["credit-default", "credit-probability"])
    func rows(_ name: String) throws {
        let (rows, answers, context) = try Self.rows(name)
        #expect(rows.count > 100 && rows.count <= BoundaryRows.rowLimit)
        #expect(rows.count == answers.count)
        #expect(Set(rows.map { JSONWriter.text(.array($0), style: .compact) }).count == rows.count)
        let sample = try Self.json("deploy/sample-request.json", of: context.tree)
        let example = try #require(sample["dataframe_split"]?["data"]?.arrayValue).compactMap(\.arrayValue)
        #expect(Array(rows.prefix(example.count)) == example)
        #expect(try #require(context.tree["deploy/parity-request.json"]).size < BoundaryRows.byteLimit + 4096)
    }

    @Test("known texts, unknown ones, gaps, and numbers beside a threshold occur")
    func boundaries() throws {
        let (rows, _, _) = try Self.rows("credit-default")
        let texts = Set(rows.compactMap { $0[1].stringValue })
        #expect(texts.isSuperset(of: ["graduate_school", "high_school", "other", "university", "never seen", ""]))
        #expect(rows.contains { $0[1].isNull })
        let numbers = Set(rows.compactMap { $0[9].doubleValue })
        let neighbours = numbers.filter { value in
            numbers.contains(Double(Float(value).nextUp)) && numbers.contains(Double(Float(value).nextDown))
        }
        #expect(neighbours.count >= 10, "\(neighbours)")
        #expect(numbers.contains(Double(Float.greatestFiniteMagnitude)))
    }

    @Test("the self-test holds some of the rows with the answers of the whole, within its limit")
    func selfTest() throws {
        let (rows, answers, context) = try Self.rows("credit-probability")
        let test = try Self.json("app/self-test.json", of: context.tree)
        let some = try #require(test["request"]?["dataframe_split"]?["data"]?.arrayValue).compactMap(\.arrayValue)
        let recorded = try #require(test["response"]?["predictions"]?.arrayValue)
        #expect(some.count > 20 && some.count == recorded.count)
        for (row, answer) in zip(some, recorded) {
            #expect(rows.firstIndex(of: row).map { answers[$0] } == answer)
        }
        #expect(try #require(context.tree["app/self-test.json"]).size <= ParityRows.selfTestByteLimit)
        #expect(try Self.json("app/serving.json", of: context.tree)["self_test_file"] == "self-test.json")
    }

    @Test("what the model refuses is left out: trees without an imputer take no gaps and nothing too large")
    func refused() throws {
        let columns = ["a", "b"].map { InputColumn(name: $0, type: .double, required: true) }
        var builder = try ModelBuilder(inputs: InputSchema(columns: columns))
        try builder.requireFinite(builder.inputSlots, width: .float32, allowsMissing: false)
        var forest = TreeForest(
            featureCount: 2, leafWidth: 1, comparison: .lessOrEqual, inputWidth: .float32, missing: .never)
        try forest.append(
            left: [1, -1, -1], right: [2, -1, -1], feature: [0, -1, -1], threshold: [0.1, 0, 0],
            missingGoesLeft: [], values: [0, 1, 2], firstOutput: 0)
        let sums = try builder.trees(builder.inputSlots, forest: forest, start: [0], sumWidth: .float64)
        let source = SourceArtefact(sha256: [UInt8](0..<32), name: "m", library: "l")
        let model = try builder.finish(answer: .numbers(sums[0]), source: source)
        let schema = Schema.columns(["a", "b"].map { ColumnSpec(name: $0, type: .double, required: true) })
        let outline = try model.outline()
        let found = try #require(
            BoundaryRows(
                model, schema: schema, outline: outline, tolerance: ParityTolerance(outline.steps), example: nil))
        let numbers = found.rows.compactMap { $0[0].doubleValue }
        #expect(numbers.count == found.rows.count)
        #expect(numbers.allSatisfy { abs($0) <= Double(Float.greatestFiniteMagnitude) })
        let below = Double(Float(0.1).nextDown)
        #expect(numbers.contains(below) && numbers.contains(Double(Float(0.1))))
        // Half-way between two float32: a number that only the float64 column can hold.
        #expect(numbers.contains((below + Double(Float(0.1))) / 2))
    }

    @Test("a column that the answer does not depend on keeps a plain value; whole numbers have no gaps")
    func unused() throws {
        let inputs = [("a", ValueType.double), ("b", .long), ("c", .long)].map {
            InputColumn(name: $0, type: $1, required: true)
        }
        var builder = try ModelBuilder(inputs: InputSchema(columns: inputs))
        let sums = try builder.linear([0, 1], weights: [1, 2], intercepts: [0], width: .float64)
        let source = SourceArtefact(sha256: [UInt8](0..<32), name: "m", library: "l")
        let model = try builder.finish(answer: .numbers(sums[0]), source: source)
        let columns = [("a", ColumnType.double), ("when", .datetime), ("c", .long), ("b", .long)].map {
            ColumnSpec(name: $0, type: $1, required: true)
        }
        let outline = try model.outline()
        let found = try #require(
            BoundaryRows(
                model, schema: .columns(columns), outline: outline, tolerance: ParityTolerance(outline.steps),
                example: ["dataframe_records": [["a": 2.5, "when": "2024-05-06", "c": 7, "b": 8]]]))
        #expect(found.exampleCount == 1 && found.rows.count > 20)
        #expect(found.rows.allSatisfy { $0[1] == "2024-05-06" && $0[2] == 7 })
        #expect(found.rows.allSatisfy { $0[3].intValue != nil })
        #expect(Set(found.rows.compactMap { $0[3].intValue }).count > 8)
    }

    @Test("texts whose words count: those of the example, terms in several spellings, all scripts, none, and no gap")
    func sentences() throws {
        let columns = [InputColumn(name: "text", type: .string, required: true)]
        var builder = try ModelBuilder(inputs: InputSchema(columns: columns))
        let vocabulary = (0..<40).map { "wörd\($0)" }
        let counts = try builder.tokens(0, rules: TermRules(), terms: .known(vocabulary))
        let source = SourceArtefact(sha256: [UInt8](0..<32), name: "m", library: "l")
        let model = try builder.finish(answer: .rows(counts), source: source)
        let outline = try model.outline()
        let found = try #require(
            BoundaryRows(
                model, schema: .columns([ColumnSpec(name: "text", type: .string, required: true)]), outline: outline,
                tolerance: ParityTolerance(outline.steps),
                example: ["dataframe_records": [["text": "An example of its own"]]]))
        #expect(ParityTolerance(outline.steps).isExact)
        let texts = found.rows.compactMap { $0[0].stringValue }
        #expect(texts.count == found.rows.count)
        #expect(texts.first == "An example of its own" && texts.contains("") && texts.contains("never seen"))
        for term in vocabulary { #expect(texts.contains { $0.lowercased().contains(term) }) }
        #expect(texts.contains { $0.contains("WÖRD") } && texts.contains { $0.contains("İstanbul") })
    }

    @Test("a row that rounding alone decides is left out")
    func unsettled() throws {
        let columns = ["a", "b"].map { InputColumn(name: $0, type: .double, required: true) }
        var builder = try ModelBuilder(inputs: InputSchema(columns: columns))
        let sums = try builder.linear(
            builder.inputSlots, weights: [1, -1], intercepts: [0], width: .float64)
        let source = SourceArtefact(sha256: [UInt8](0..<32), name: "m", library: "l")
        let model = try builder.finish(answer: .numbers(sums[0]), source: source)
        let outline = try model.outline()
        let judge = RowJudge(model, targets: [0, 1], outline: outline, tolerance: ParityTolerance(outline.steps))
        func isAnswered(_ row: [JSONValue]) -> Bool {
            if case .answered = judge.judge(row) { true } else { false }
        }
        #expect(isAnswered([3.0, 1.0]))
        #expect(!isAnswered([1e9, 1000000000.000001]))
        #expect(!isAnswered([3.0, "text"]))
    }

    @Test("the tolerance is that of the least exact operator")
    func tolerance() {
        func tolerance(_ steps: [ProgramOutline.Step]) -> ParityTolerance {
            ParityTolerance(steps)
        }
        let exact = tolerance([.init(name: "impute", width: nil), .init(name: "trees", width: .float32)])
        #expect(exact.isExact)
        #expect(exact.words == "bit-equal")
        let linear = tolerance([.init(name: "link", width: .float64), .init(name: "linear", width: .float64)])
        #expect(linear.relative == 1e-12)
        #expect(linear.words == "within 1e-12 of the row's largest number (linear, link)")
        let single = tolerance([.init(name: "trees", width: .float32), .init(name: "link", width: .float32)])
        #expect(single.relative == 0x1p-23)
        #expect(tolerance([.init(name: "an operator of tomorrow", width: nil)]).relative == 1e-12)
    }
}

@Suite struct ParityBundleTests {
    @Test(
        "`--parity` adds a build context with the original model, its requirements and the rows, and nothing else changes"
    )
    func bundle() throws {
        let model = try GoldenContextTests.example("credit-default")
        var options = Workbench.options()
        let without = try Workbench.context(model, options)
        options.hasParityCheck = true
        let context = try Workbench.context(model, options)
        let added = context.tree.filter { $0.components.first == "parity" }
        #expect(
            context.tree.filter { $0.components.first != "parity" && $0 != Manifest.path }
                == without.tree.filter { $0 != Manifest.path })
        try Workbench.expectGolden(GoldenContextTests.listing(added), "parity-context.txt")
        try Workbench.expectGolden(Workbench.text("parity/Dockerfile", of: context.tree), "parity.Dockerfile")
        try Workbench.expectGolden(Workbench.text("parity/check.json", of: context.tree), "parity-check.json")
        #expect(try Workbench.text("parity/requirements.lock", of: context.tree).contains("scikit-learn==1.9.1\n"))
        let manifest = try ParityRowsTests.json(Manifest.path, of: context.tree)
        #expect(manifest["parity"]?["check"] == "parity")
        #expect(manifest["parity"]?["tolerance"] == ["because": [], "relative": 0.0])
        #expect(manifest["decisions"]?["parity"]?["original"]?["base_image"] == "docker.io/library/python:3.11.7-slim")
    }

    @Test("the base image of the check can be chosen; without a check a converted model needs none")
    func baseImage() throws {
        let model = try GoldenContextTests.example("credit-default")
        var options = Workbench.options()
        options.baseImage = try ImageReference("registry.example/python:3.11")
        #expect(
            message { try ServingPlanner.plan(model, options: options) } == """
                error: cannot use `--base-image`: a converted model needs no base image
                hint: add `--runtime python` to serve this model with its Python libraries

                """)
        options.hasParityCheck = true
        let plan = try ServingPlanner.plan(model, options: options)
        #expect(plan.parity?.original?.baseImage.text == "registry.example/python:3.11")
        #expect(
            plan.text.contains("parity        bit-equal\noriginal      registry.example/python:3.11\n"), "\(plan.text)")
    }

    @Test("a model that Python serves has nothing to compare, and the plan says so")
    func python() throws {
        var options = Workbench.options(.python)
        options.hasParityCheck = true
        let model = try Workbench.model(Workbench.files())
        let plan = try ServingPlanner.plan(model, options: options)
        #expect(plan.notes.last == "`--parity` adds nothing: the model is served by its own libraries")
        let context = try Workbench.context(model, options)
        #expect(!context.tree.paths.contains { $0.text.contains("parity") || $0.text.contains("self-test") })
    }
}
