import Bytes
import Diagnostics
import FileTrees
import Platform
import Scoring
import TestKit
import Testing

@testable import Converters

@Suite("Formats of model files")
struct FormatTests {
    static let models = [
        "columns_forest", "columns_lightgbm", "columns_logistic", "columns_xgboost", "descent", "gradient_boosting",
        "grid",
        "histogram_boosting", "logarithm", "neighbours", "support_vectors", "target", "tree_missing",
    ]
    static let writers = [
        "pickle.2", "pickle.5", "cloudpickle", "skops", "skops.stored", "joblib", "joblib.zlib", "joblib.gzip",
        "joblib.bz2",
        "joblib.xz", "joblib.lzma", "joblib.lz4",
    ]

    @Test("the same model gives the same program, or the same reasons, whoever has saved it", arguments: models)
    func same(_ name: String) throws {
        let file = try ModelFile(name)
        let first = file.convert(try file.bytes("pickle.4"))
        var others = 0
        for writer in FormatTests.writers {
            guard let bytes = try? file.bytes(writer) else { continue }
            others += 1
            switch (first, file.convert(bytes)) {
            case (.converted(let one, _), .converted(let two, _)):
                #expect(one.serialized() == two.serialized(), "\(writer)")
            case (.refused(let one), .refused(let two)):
                #expect(one.map(\.path) == two.map(\.path), "\(writer)")
                #expect(one.map(\.reason) == two.map(\.reason), "\(writer)")
            case (_, let second): Issue.record("\(writer): \(second)")
            }
        }
        #expect(others == (name == "columns_logistic" ? 11 : name == "tree_missing" ? 3 : 2))
    }

    @Test("the models that are converted answer their example rows")
    func answers() throws {
        for name in ["columns_forest", "columns_logistic", "tree_missing"] {
            let file = try ModelFile(name)
            guard case .converted(let model, _) = file.convert(try file.bytes("skops")) else {
                Issue.record("\(name)")
                continue
            }
            #expect(try file.score(model).count == 5)
        }
    }

    @Test(
        "what `MLmodel` says otherwise of the file is a remark",
        arguments: [
            ("pickle.4", nil), ("cloudpickle", nil),
            (
                "skops",
                "`MLmodel` says that `model` is serialised by cloudpickle; by its bytes it is skops, and was read as that"
            ),
            (
                "joblib",
                "`MLmodel` says that `model` is serialised by cloudpickle; by its bytes it is joblib, and was read as that"
            ),
            (
                "joblib.lz4",
                "`MLmodel` says that `model` is serialised by cloudpickle; by its bytes it is joblib, compressed with LZ4, and was read as that"
            ),
        ] as [(String, String?)])
    func conflict(_ writer: String, _ note: String?) throws {
        let file = try ModelFile("columns_logistic")
        guard case .converted(_, let notes) = file.convert(try file.bytes(writer)) else {
            Issue.record("it is not converted")
            return
        }
        #expect(notes.filter { $0.contains("serialised by") } == (note.map { [$0] } ?? []))
    }

    /// The schema and files of an archive.
    static func parts(_ name: String, _ writer: String = "skops") throws -> [(name: String, bytes: [UInt8])] {
        let zip = try ZipBytes(ByteRegion(try ModelFile(name).bytes(writer)), path: "model")
        return try zip.names.map { name in
            let (region, range) = try #require(try zip.contents(of: name))
            return (name, region.bytes(range))
        }
    }

    private func refusals(replacing old: String, with new: String) throws -> [Refusal] {
        var parts = try FormatTests.parts("tree_missing")
        let index = try #require(parts.firstIndex { $0.name == "schema.json" })
        let text = String(decoding: parts[index].bytes, as: UTF8.self)
        let changed = text.replacing(old, with: new, maxReplacements: 1)
        #expect(changed != text)
        parts[index].bytes = Array(changed.utf8)
        return try refusals(StoredZip(files: parts).bytes)
    }

    private func refusals(_ bytes: [UInt8]) throws -> [Refusal] {
        guard case .refused(let refusals) = try ModelFile("tree_missing").convert(bytes) else { return [] }
        return refusals
    }

    @Test("an archive that is put together again converts as before")
    func rebuilt() throws {
        let file = try ModelFile("tree_missing")
        guard case .converted = file.convert(StoredZip(files: try FormatTests.parts("tree_missing")).bytes) else {
            Issue.record("it is not converted")
            return
        }
    }

    static let changes: [(old: String, new: String, path: String, reason: String)] = [
        (
            "\"protocol\": 2", "\"protocol\": 3", "model", "it has protocol 3 of skops, and 0 to 2 are known"
        ),
        (
            "\"sklearn.tree._classes\"", "\"os.path\"", "DecisionTreeRegressor",
            "it holds a `os.path.DecisionTreeRegressor`, which is not a known model type"
        ),
        (
            "\"__class__\": \"Tree\"", "\"__class__\": \"Bush\"", "model",
            "the node of a tree says that it is a `sklearn.tree._tree.Bush`"
        ),
        (
            "\"__loader__\": \"TreeNode\"", "\"__loader__\": \"EvilNode\"", "model",
            "it has a node of the kind `EvilNode`, which is not read"
        ),
        ("\"is_json\": true", "\"is_text\": true", "model", "a node has the field `is_text`, which is not known"),
        (
            "\"criterion\"", "\"splitter\"", "model",
            "an object has the key `splitter` twice, of which skops would drop one"
        ),
        ("\"key_types\"", "\"content\"", "model", "a node has the field `content` twice"),
        (
            "\"criterion\"", "\"__class__\"", "model", "a state sets `__class__`"
        ),
    ]

    @Test("a change of the schema is refused with its place", arguments: changes)
    func changed(_ old: String, _ new: String, _ path: String, _ reason: String) throws {
        let refusals = try refusals(replacing: old, with: new)
        let found = try #require(refusals.first)
        #expect(found.path == path)
        #expect(found.reason == reason)
        #expect(found.place?.file == "model")
        #expect((found.place?.byteOffset ?? 0) > 0)
        #expect(found.place?.note?.hasPrefix("in schema.json") == true)
    }

    @Test("an array file that is cut off is refused with its name in the archive")
    func shortArray() throws {
        var parts = try FormatTests.parts("tree_missing")
        let index = try #require(parts.firstIndex { $0.name.hasSuffix(".npy") })
        parts[index].bytes.removeLast(3)
        let found = try #require(try refusals(StoredZip(files: parts).bytes).first)
        #expect(found.reason.hasPrefix("an array of "))
        #expect(found.place?.note == "in \(parts[index].name)")
    }

    @Test("an array file that holds a pickle is refused, for its bytes would be loaded")
    func pickledArray() throws {
        var parts = try FormatTests.parts("tree_missing")
        let index = try #require(parts.firstIndex { $0.name.hasSuffix(".npy") })
        let head = "{'descr': '|O', 'fortran_order': False, 'shape': (1,), }\n"
        parts[index].bytes = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, UInt8(head.utf8.count), 0] + Array(head.utf8)
        let found = try #require(try refusals(StoredZip(files: parts).bytes).first)
        #expect(found.reason == "its array file holds a pickle")
    }

    @Test("an archive without a schema, and one that is cut off, are refused")
    func noSchema() throws {
        let found = try refusals(StoredZip(files: [("weights.npy", [1])]).bytes)
        #expect(
            found.map(\.reason) == ["it is a zip archive without `schema.json`, so skops did not make it"])
        let whole = StoredZip(files: try FormatTests.parts("tree_missing")).bytes
        #expect(try refusals(Array(whole.dropLast(30))).map(\.reason) == ["it is cut off: it has no end record"])
        #expect(try refusals(Array(whole.dropLast(30))).first?.place?.byteOffset == whole.count - 30)
    }

    @Test("nodes inside nodes end at the limit")
    func deep() throws {
        let open =
            "{\"__class__\": \"list\", \"__module__\": \"builtins\", \"__loader__\": \"ListNode\", \"protocol\": 2, \"content\": ["
        let inner = open.replacing("\"protocol\": 2, ", with: "")
        let text = open + String(repeating: inner, count: 250) + String(repeating: "]}", count: 251)
        let found = try #require(try refusals(StoredZip(files: [("schema.json", Array(text.utf8))]).bytes).first)
        #expect(found.reason.contains("limit of 200 nodes inside nodes") || found.reason.contains("nested more than"))
    }

    @Test("an object inside of itself is refused")
    func cycle() throws {
        let text =
            "{\"__class__\": \"list\", \"__module__\": \"builtins\", \"__loader__\": \"ListNode\", \"protocol\": 2, \"content\": ["
            + "{\"__class__\": null, \"__module__\": null, \"__loader__\": \"CachedNode\", \"__id__\": 5}], \"__id__\": 5}"
        let found = try #require(try refusals(StoredZip(files: [("schema.json", Array(text.utf8))]).bytes).first)
        #expect(found.reason == "it has an object inside of itself")
    }

    @Test("compressed bytes that unpack to far more than they are end at the limit", arguments: ["pickle", "lz4"])
    func bomb(_ kind: String) throws {
        // A stored name in a hundred megabytes of zeros would be the same; here a frame of LZ4 of one repeated block.
        let file = try ModelFile("columns_logistic")
        let bytes = try file.bytes(kind == "lz4" ? "joblib.lz4" : "joblib.gzip")
        var limits = ArchiveLimits()
        limits.freeByteCount = 1 << 10
        limits.ratio = 1
        let packing = try #require(PackedBytes(Array(bytes.prefix(6))))
        do throws(FileTreeError) {
            _ = try packing.unpack(ByteRegion(bytes), path: "model", limits: limits)
            Issue.record("it was unpacked")
        } catch {
            #expect(error.kind == .limit)
        }
    }

    @Test(
        "compressed bytes that are damaged or cut off are refused",
        arguments: ["zlib", "gzip", "bz2", "xz", "lzma", "lz4"])
    func damaged(_ packing: String) throws {
        let file = try ModelFile("columns_logistic")
        let bytes = try file.bytes("joblib.\(packing)")
        for count in [bytes.count / 2, bytes.count - 1] {
            guard case .refused(let refusals) = file.convert(Array(bytes.prefix(count))) else {
                // The end of these two formats is not needed to know all bytes.
                #expect(["gzip", "lz4"].contains(packing) && count > bytes.count / 2)
                continue
            }
            #expect(refusals.first?.place?.byteOffset != nil)
        }
    }
}
