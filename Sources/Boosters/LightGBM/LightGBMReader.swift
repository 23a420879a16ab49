public import Bytes
import JSONText

/// Reads the text of a booster: what `Booster.save_model` writes, and what a pickled booster holds as its handle.
///
/// Supported: format versions v3 and v4 (LightGBM 3.x and 4.x), every boosting type, categorical splits, linear trees.
/// Unsupported: v2 and older, objectives that are not known. The grammar is lines of `key=value`: a head from the line `tree`
/// on, then per tree a line `Tree=N` and its lines, then `end of trees`. Importances and parameters after it are not looked at,
/// except for a last line `pandas_categorical:` with JSON. Strict: each key is known, once, and every list has its length.
///
/// Source: `GBDT::LoadModelFromString` in `src/boosting/gbdt_model_text.cpp`, `Tree::Tree` in `src/io/tree.cpp`, 3.3.5 to 4.7.0.
public struct LightGBMReader {
    private var lines: TextLines
    private let limits: LightGBMLimits

    /// Reads the text in `range` of `region`, by default all of it.
    public static func read(
        _ region: ByteRegion, range: Range<Int>? = nil, limits: LightGBMLimits = LightGBMLimits()
    ) throws(BoostersError) -> LightGBMModel {
        let range = range ?? region.range
        guard range.count <= limits.maxBytes else {
            throw BoostersError(
                .limit(name: "maxBytes", value: limits.maxBytes), "it has more than \(limits.maxBytes) bytes")
        }
        var reader = LightGBMReader(lines: TextLines(region, range), limits: limits)
        do throws(BoostersError) { return try reader.readModel() } catch {
            guard [.malformed, .unsupported].contains(error.kind), isCut(region, range) else { throw error }
            throw BoostersError(.truncated, "it ends before its line `end of trees`: \(error.reason)", line: error.line)
        }
    }

    /// A text that begins as a model's and lacks the line after its trees.
    private static func isCut(_ region: ByteRegion, _ range: Range<Int>) -> Bool {
        var lines = TextLines(region, range)
        guard let first = lines.next(), lines.text(first) == "tree" else { return false }
        while let line = lines.next() {
            if lines.text(line) == "end of trees" { return false }
        }
        return true
    }

    private mutating func readModel() throws(BoostersError) -> LightGBMModel {
        guard let first = lines.next(), lines.text(first) == "tree" else {
            throw lines.malformed("its first line is not `tree`")
        }
        let fields = try LightGBMFields(&lines, known: LightGBMReader.headKeys)
        let version = try fields.text("version")
        guard version == "v3" || version == "v4" else {
            throw fields.error("version", .unsupported, "its format is `\(version)`, and v3 and v4 are known")
        }
        let outputCount = try fields.integer("num_tree_per_iteration", in: 1...limits.maxOutputs, "maxOutputs")
        let classCount = try fields.integer("num_class", in: 1...limits.maxOutputs, "maxOutputs")
        guard classCount == outputCount else {
            throw fields.error("num_class", .malformed, "it has \(classCount) classes and \(outputCount) raw scores")
        }
        let featureCount = try fields.integer("max_feature_idx", in: 0...(limits.maxFeatures - 1), "maxFeatures") + 1
        guard try fields.words("feature_names").count == featureCount else {
            throw fields.error("feature_names", .malformed, "it has not \(featureCount) feature names")
        }
        var model = LightGBMModel(
            libraryVersion: version == "v3" ? 3 : 4, featureCount: featureCount, outputCount: outputCount,
            objective: try fields.objective(outputCount: outputCount), averagesOutput: fields.has("average_output"),
            trees: [], pandasCategoryCounts: [])
        let sizes = try fields.words("tree_sizes")
        guard sizes.count <= limits.maxTrees else {
            throw fields.error(
                "tree_sizes", .limit(name: "maxTrees", value: limits.maxTrees),
                "it has more than \(limits.maxTrees) trees")
        }
        guard sizes.count.isMultiple(of: outputCount) else {
            throw fields.error(
                "tree_sizes", .malformed, "it has \(sizes.count) trees for iterations of \(outputCount) each")
        }
        var start = lines.offset
        for (number, size) in sizes.enumerated() {
            let size = try fields.integer(size, "tree_sizes", in: 1...limits.maxBytes, "maxBytes")
            try readHead(ofTree: number, start)
            model.trees.append(
                try LightGBMTreeReader(&lines, featureCount: featureCount, limits: limits).read(number: number))
            lines.skipEmpty()
            start += size
        }
        guard lines.offset == start, let end = lines.next(), lines.text(end) == "end of trees" else {
            throw lines.malformed("the line `end of trees` is not where `tree_sizes` says")
        }
        model.pandasCategoryCounts = try readPandasCategories()
        return model
    }

    private mutating func readHead(ofTree number: Int, _ start: Int) throws(BoostersError) {
        guard lines.offset == start, let line = lines.next(), lines.text(line) == "Tree=\(number)" else {
            throw lines.malformed("tree \(number) is not where `tree_sizes` says")
        }
    }

    private static let headKeys: Set<String> = [
        "version", "num_class", "num_tree_per_iteration", "label_index", "max_feature_idx", "objective",
        "average_output", "feature_names", "monotone_constraints", "feature_infos", "tree_sizes",
    ]

    /// The last line that is not empty, when it is `pandas_categorical:`, as `_load_pandas_categorical` of `basic.py` looks for it.
    private mutating func readPandasCategories() throws(BoostersError) -> [Int] {
        func wrong(_ reason: String) -> BoostersError { BoostersError(.malformed, reason, line: lines.number) }
        var last: Range<Int>?
        while let line = lines.next() { if !line.isEmpty { last = line } }
        let key = "pandas_categorical:"
        guard let last, lines.hasPrefix(key, last) else { return [] }
        let value: JSONValue
        do throws(JSONError) {
            var reader = JSONPullReader(lines.region, range: last.lowerBound + key.utf8.count..<last.upperBound)
            value = try JSONText.value(startingWith: try reader.next(), &reader)
            _ = try reader.next()
        } catch {
            throw wrong("`pandas_categorical` is not JSON: \(error.reason)")
        }
        if value == .null { return [] }
        guard let columns = value.arrayValue else { throw wrong("`pandas_categorical` is not a list") }
        var counts: [Int] = []
        for column in columns {
            guard let categories = column.arrayValue else {
                throw wrong("`pandas_categorical` is not a list of lists")
            }
            counts.append(categories.count)
        }
        return counts
    }
}
