import Boosters
import Bytes
import Platform
import TestKit
import Testing

/// A recorded file of XGBoost; `Tests/Fixtures/boosters/xgboost/make.py` made it.
func xgboostFile(_ name: String) throws -> [UInt8] {
    try readFile(Checkout.fixture("boosters/xgboost/\(name)"), limit: 1 << 20)
}

@Suite("Models of XGBoost")
struct XGBoostModelTests {
    private func model(_ name: String) throws -> XGBoostModel {
        try XGBoostModel.read(ByteRegion(try xgboostFile(name)))
    }

    private func forest(_ model: XGBoostModel) throws -> XGBoostForest {
        guard case .trees(let forest) = model.booster else { throw BoostersError(.malformed, "no trees") }
        return forest
    }

    private func expectSame(_ one: XGBoostForest, _ two: XGBoostForest) {
        #expect(one.groups == two.groups)
        #expect(one.iterationStarts == two.iterationStarts)
        for (left, right) in zip(one.trees, two.trees) {
            #expect(left.left == right.left)
            #expect(left.right == right.right)
            #expect(left.condition == right.condition)
            for node in left.left.indices where left.left[node] != -1 {
                #expect(left.feature[node] == right.feature[node])
                #expect(left.defaultLeft[node] == right.defaultLeft[node])
            }
        }
    }

    @Test(
        "every format of every version is found by its bytes",
        arguments: [
            "trees-17.bin", "trees-17.json", "trees-17.ubj", "trees-21.json", "trees-21.ubj", "trees-32.json",
            "trees-32.ubj", "snapshot-17.ubj", "snapshot-21.ubj", "snapshot-32.ubj",
        ])
    func formats(_ name: String) throws {
        let model = try model(name)
        #expect(model.objective == "binary:logistic")
        #expect(model.baseScores == [0.25])
        #expect(model.featureCount == 3)
        #expect(model.outputCount == 1)
        #expect(model.featureNames == (name.hasSuffix(".bin") ? [] : ["a", "größe", "c"]))
        let digits = name.drop { !$0.isNumber }.prefix(2)
        #expect("\(model.version.major)\(model.version.minor)" == digits)
        let forest = try forest(model)
        #expect(forest.trees.count == 2)
        #expect(forest.iterationStarts == [0, 1, 2])
        #expect(forest.weights == nil)
    }

    @Test("the old binary format, JSON and UBJSON hold the same trees, and so does the snapshot of a pickle")
    func sameTrees() throws {
        let json = try forest(try model("trees-17.json"))
        for name in ["trees-17.bin", "trees-17.ubj", "snapshot-17.ubj"] {
            expectSame(try forest(try model(name)), json)
        }
        expectSame(try forest(try model("trees-32.ubj")), try forest(try model("trees-32.json")))
    }

    @Test("the old binary format is read without its magic word")
    func headless() throws {
        let bytes = Array(try xgboostFile("trees-17.bin").dropFirst(4))
        expectSame(
            try forest(try XGBoostModel.read(ByteRegion(bytes))), try forest(try model("trees-17.bin")))
    }

    @Test("a range of a larger file is read, with offsets of the file")
    func range() throws {
        let bytes = try xgboostFile("trees-32.ubj")
        let region = ByteRegion([7, 7, 7] + bytes + [9])
        #expect(try XGBoostModel.read(region, range: 3..<(3 + bytes.count)).featureCount == 3)
        let error = try #require(throws: BoostersError.self) {
            try XGBoostModel.read(region, range: 3..<(4 + bytes.count))
        }
        #expect(error.reason == "bytes follow the document")
        #expect(error.offset == 3 + bytes.count)
    }

    @Test("weights of trees and weights of features are read")
    func weights() throws {
        let dart = try forest(try model("dart-17.bin"))
        #expect(dart.weights?.count == 2)
        for name in ["linear-17.bin", "linear-21.json", "linear-32.json"] {
            let model = try model(name)
            guard case .linear(let weights) = model.booster else {
                Issue.record("\(name) has no weights")
                continue
            }
            #expect(weights.count == 4)
        }
    }

    @Test(
        "a split on categories has those that go right", arguments: ["codes-17.json", "codes-21.json", "codes-32.json"])
    func categories(_ name: String) throws {
        let forest = try forest(try model(name))
        #expect(forest.hasCategories)
        for tree in forest.trees {
            for (node, categories) in tree.categories {
                #expect(tree.feature[Int(node)] == 2)
                #expect(!categories.isEmpty && categories.allSatisfy { (0..<3).contains($0) })
            }
        }
    }

    @Test(
        "leaves may be vectors, in the nodes' table or in one of their own",
        arguments: ["vectors-21.ubj", "vectors-32.ubj"])
    func vectors(_ name: String) throws {
        let model = try model(name)
        #expect(model.outputCount == 2)
        let forest = try forest(model)
        #expect(forest.trees.allSatisfy { $0.leafWidth == 2 })
        // The targets are y and 1 - y, so the leaves are each other's opposites.
        let tree = forest.trees[0]
        for node in tree.left.indices where tree.left[node] == -1 {
            let values = Array(tree.leafValues(node))
            #expect(abs(values[0] + values[1]) < 1e-4)
        }
    }

    @Test(
        "three classes have three trees an iteration",
        arguments: ["classes-17.ubj", "classes-21.ubj", "classes-32.ubj"])
    func classes(_ name: String) throws {
        let model = try model(name)
        #expect(model.outputCount == 3)
        #expect(model.baseScores.count == (model.version < .init(3, 1) ? 1 : 3))
        let forest = try forest(model)
        #expect(forest.groups == [0, 1, 2, 0, 1, 2])
        #expect(forest.iterationStarts == [0, 3, 6])
    }
}
