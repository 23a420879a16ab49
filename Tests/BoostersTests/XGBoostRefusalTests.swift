import Boosters
import Bytes
import TestKit
import Testing

@Suite("Damaged models of XGBoost")
struct XGBoostRefusalTests {
    private func error(_ bytes: [UInt8], limits: BoosterLimits = .standard) throws -> BoostersError {
        try #require(throws: BoostersError.self) { try XGBoostModel.read(ByteRegion(bytes), limits: limits) }
    }

    /// A change of the JSON of two trees: node 0 of the first compares feature 0, its children are nodes 1 and 2.
    struct Change: CustomTestStringConvertible, Sendable {
        var old: String
        var new: String
        var reason: String
        var testDescription: String { reason }
    }

    @Test(
        "what is no tree, or names what does not exist, is refused with its reason",
        arguments: [
            Change(
                old: "\"left_children\":[1,", new: "\"left_children\":[0,",
                reason: "tree 0: node 0 has children that do not exist, are not neighbours, or have two parents"),
            Change(
                old: "\"right_children\":[2,4,", new: "\"right_children\":[2,3,",
                reason: "tree 0: node 1 has children that do not exist, are not neighbours, or have two parents"),
            Change(
                old: "\"left_children\":[1,3,", new: "\"left_children\":[1,9,",
                reason: "tree 0: node 1 has children that do not exist, are not neighbours, or have two parents"),
            Change(
                old: "\"split_indices\":[0,2,", new: "\"split_indices\":[3,2,",
                reason: "tree 0: node 0 tests feature 3 of 3"),
            Change(
                old: "\"tree_info\":[0,0]", new: "\"tree_info\":[0,1]",
                reason: "its `tree_info` names an output that is not one of its 1"),
            Change(
                old: "\"tree_info\":[0,0]", new: "\"tree_info\":[0]",
                reason: "it has 2 trees and 1 entries of `tree_info`"),
            Change(
                old: "\"iteration_indptr\":[0,1,2]", new: "\"iteration_indptr\":[0,2,1]",
                reason: "its iterations do not cover its 2 trees"),
            Change(
                old: "\"num_trees\":\"2\"", new: "\"num_trees\":\"3\"", reason: "it has 2 trees instead of 3"),
            Change(
                old: "\"num_feature\":\"3\",\"num_target\"", new: "\"num_feature\":\"2\",\"num_target\"",
                reason: "tree 0: node 1 tests feature 2 of 2"),
            Change(
                old: "\"default_left\":[0,", new: "\"default_left\":[2,",
                reason: "its `default_left` is not a list of truth values"),
            Change(
                old: "\"base_score\":\"[2.5E-1]\"", new: "\"base_score\":\"[2.5E-1,1]\"",
                reason: "its `base_score` does not suit its 1 outputs"),
            Change(
                old: "\"base_score\":\"[2.5E-1]\"", new: "\"base_score\":\"[x]\"",
                reason: "its `base_score` is not a number or a list of numbers"),
            Change(
                old: "\"name\":\"gbtree\"", new: "\"name\":\"gbforest\"", reason: "its booster `gbforest` is not known"),
            Change(
                old: "\"attributes\":{},", new: "\"attributes\":{\"a\":\"\",\"a\":\"\"},",
                reason: "the key `a` appears twice in one object"),
            Change(
                old: "\"attributes\":{},", new: "\"attributes\":{\"a\":1},", reason: "an attribute is not a text"),
            Change(old: "\"version\":[3,2,0]", new: "\"version\":[3,2]", reason: "its `version` is not three numbers"),
        ])
    func changes(_ change: Change) throws {
        var text = String(decoding: try xgboostFile("trees-32.json"), as: UTF8.self)
        text.replaceSubrange(try #require(text.firstRange(of: change.old), "\(change.old)"), with: change.new)
        let error = try error(Array(text.utf8))
        #expect(error.reason == change.reason)
    }

    @Test(
        "a file that ends early is refused with the byte where it ends",
        arguments: ["trees-17.bin", "trees-32.json", "trees-32.ubj", "dart-17.bin", "linear-17.bin"])
    func truncated(_ name: String) throws {
        let bytes = try xgboostFile(name)
        for length in stride(from: 5, to: bytes.count, by: 7) {
            let error = try error(Array(bytes[..<length]))
            #expect(error.kind == .truncated, "\(length) bytes: \(error.reason)")
            #expect((error.offset ?? -1) <= length)
        }
        #expect(try error([]).reason == "it is empty")
    }

    @Test("sizes beyond a limit are refused with the limit's name")
    func limits() throws {
        let bytes = try xgboostFile("trees-32.ubj")
        var limits = BoosterLimits(maxBytes: 100)
        #expect(try error(bytes, limits: limits).kind == .limit(name: "maxBytes", value: 100))
        limits = BoosterLimits(maxDepth: 3)
        #expect(try error(bytes, limits: limits).kind == .limit(name: "maxDepth", value: 3))
        limits = BoosterLimits(maxValues: 20)
        #expect(try error(bytes, limits: limits).kind == .limit(name: "maxValues", value: 20))
        limits = BoosterLimits(maxTrees: 1)
        #expect(try error(bytes, limits: limits).reason == "its `num_trees` is not a whole number from 0 to 1")
        limits = BoosterLimits(maxFeatures: 2)
        #expect(try error(bytes, limits: limits).reason == "its `num_feature` is not a whole number from 1 to 2")
    }

    @Test("a deep or long array cannot exhaust memory or the stack")
    func hostile() throws {
        let deep = Array(repeating: UInt8(ascii: "["), count: 1 << 20)
        #expect(
            try error([UInt8(ascii: "{")] + Array("i\u{1}a".utf8) + deep).kind == .limit(name: "maxDepth", value: 64))
        let json = Array("{\"a\":".utf8) + deep
        #expect(try error(json).kind == .limit(name: "maxDepth", value: 64))
        let long = Array("{i\u{1}a[$d#L".utf8) + [0x7f, 255, 255, 255, 255, 255, 255, 255]
        #expect(try error(long).kind == .truncated)
        let nulls = Array("{i\u{1}a[".utf8) + Array(repeating: UInt8(ascii: "Z"), count: 600_000)
        #expect(try error(nulls).kind == .limit(name: "maxParts", value: 500_000))
        let lists =
            Array("{\"a\":[".utf8) + Array(repeating: Array("[],".utf8), count: 600_000).joined() + Array("1]}".utf8)
        #expect(try error(lists).kind == .limit(name: "maxParts", value: 500_000))
        #expect(try error(Array("{i\u{1}a[$d#i".utf8) + [0x80]).reason == "a length is not a whole number from 0")
    }

    @Test("formats that XGBoost itself no longer reads are refused by name")
    func old() throws {
        #expect(
            try error(Array("bs64\tAAAA".utf8)).reason
                == "it is in the base64 text of old versions, which XGBoost itself no longer reads")
        #expect(try error(Array("CONFIG-offset:12".utf8)).reason == "it is a snapshot of XGBoost before 1.6")
        let zeros = [UInt8](repeating: 0, count: 200)
        #expect(try error(zeros).reason == "it is no model of XGBoost 1.0 or newer")
    }
}
