import Pickle
import Scoring

/// `OneHotEncoder`: one column per category.
///
/// Implements `handle_unknown` error, ignore, infrequent_if_exist and warn (1.6), `drop`, and infrequent categories.
/// Rules from `sklearn/preprocessing/_encoders.py` and `sklearn/utils/_encode.py`, 1.1.3 to 1.9.1.
struct OneHotEncoderConverter: Converter {
    static let classNames = ["sklearn.preprocessing._encoders.OneHotEncoder"]

    let estimator: Estimator

    /// The categories of one input column.
    private struct Feature {
        var texts: [String] = []
        var numbers: [Double] = []
        /// The output column of each category, nil for the dropped one.
        var columns: [Int?] = []
        var missingColumn: Int??
        var infrequentColumn: Int??
        var width = 0
        var isText: Bool { !texts.isEmpty }
    }

    private enum Unknown {
        case refuse, zeros, infrequent
    }

    private let features: [Feature]
    private let unknown: Unknown
    private let outputType: ElementType
    private let makesSparse: Bool

    init(_ estimator: Estimator) throws {
        self.estimator = estimator
        switch try estimator.text("handle_unknown") {
        case "error": unknown = .refuse
        case "ignore": unknown = .zeros
        case "infrequent_if_exist": unknown = .infrequent
        case "warn" where estimator.version >= .release(1, 6): unknown = .infrequent
        case let other:
            throw estimator.refuse(
                "its way with unknown categories is not known", parameter: "handle_unknown", value: other)
        }
        outputType = try OneHotEncoderConverter.outputType(estimator)
        makesSparse = try estimator.bool(estimator.version < .release(1, 2) ? "sparse" : "sparse_output")
        let dropName = estimator["_drop_idx_after_grouping"] == nil ? "drop_idx_" : "_drop_idx_after_grouping"
        let drops = estimator.isNone(dropName) ? nil : try estimator.list(dropName)
        let hasInfrequent = try estimator.bool("_infrequent_enabled", default: false)
        let mappings = hasInfrequent ? try estimator.list("_default_to_infrequent_mappings") : nil
        var features: [Feature] = []
        let categories = try estimator.list("categories_")
        guard drops.map({ $0.count == categories.count }) ?? true,
            mappings.map({ $0.count == categories.count }) ?? true
        else { throw estimator.refuse("it has not one entry per column everywhere", parameter: "categories_") }
        for (index, value) in categories.enumerated() {
            features.append(
                try OneHotEncoderConverter.feature(value, drop: drops?[index], mapping: mappings?[index], estimator))
        }
        self.features = features
    }

    private static func outputType(_ estimator: Estimator) throws -> ElementType {
        let value = try estimator.required("dtype")
        switch estimator.graph.global(value)?.qualifiedName {
        case "numpy.float64", "builtins.float": return .float64
        case "numpy.float32": return .float32
        default: throw estimator.refuse("it makes neither float64 nor float32 numbers", parameter: "dtype")
        }
    }

    private static func feature(
        _ value: PickleValue, drop: PickleValue?, mapping: PickleValue?, _ estimator: Estimator
    ) throws -> Feature {
        let array = try estimator.readArray(value, "categories_")
        var map: [Int]?
        if let mapping, mapping != .null {
            guard let values = try estimator.readArray(mapping, "_default_to_infrequent_mappings").integers,
                values.count == array.count, values.allSatisfy({ $0 >= 0 && $0 < array.count })
            else { throw estimator.unexpected("_default_to_infrequent_mappings", "an array per column") }
            map = values
        }
        var dropped: Int?
        if let drop, drop != .null {
            guard case .number(let number) = PickledScalar(drop, estimator.graph), let index = Int(exactly: number)
            else {
                throw estimator.unexpected("drop_idx_", "a position per column")
            }
            dropped = index
        }
        let groups = map.map { ($0.max() ?? -1) + 1 } ?? array.count
        guard dropped.map({ (0..<groups).contains($0) }) ?? true else {
            throw estimator.unexpected("drop_idx_", "a position per column")
        }
        func column(_ group: Int) -> Int? {
            guard let dropped else { return group }
            return group == dropped ? nil : group > dropped ? group - 1 : group
        }
        var feature = Feature()
        feature.width = groups - (dropped == nil ? 0 : 1)
        if map != nil { feature.infrequentColumn = .some(column(groups - 1)) }
        for (index, category) in try scalars(array, estimator).enumerated() {
            let target = column(map?[index] ?? index)
            switch category {
            case .text(let text):
                feature.texts.append(text)
                feature.columns.append(target)
            case .number(let number) where number.isNaN: feature.missingColumn = .some(target)
            case .number(let number):
                feature.numbers.append(number)
                feature.columns.append(target)
            case .bool(let flag):
                feature.numbers.append(flag ? 1 : 0)
                feature.columns.append(target)
            case .null:
                throw estimator.refuse(
                    "None is one of its categories, and a request cannot tell None from a missing value",
                    parameter: "categories_", help: "impute missing values before the encoder")
            case .other: throw estimator.unexpected("categories_", "lists of texts and numbers")
            }
        }
        guard feature.texts.isEmpty || feature.numbers.isEmpty else {
            throw estimator.refuse("texts and numbers are categories of one column", parameter: "categories_")
        }
        return feature
    }

    private static func scalars(_ array: NumpyArray, _ estimator: Estimator) throws -> [PickledScalar] {
        if let texts = array.texts { return texts.map { .text($0) } }
        if let numbers = array.numbers { return numbers.map { .number($0) } }
        if let values = array.values { return values.map { PickledScalar($0, estimator.graph) } }
        throw estimator.unexpected("categories_", "lists of texts and numbers")
    }

    func transform(_ table: Table, into program: inout Program) throws -> Table {
        try table.requireWidth(features.count, for: estimator)
        try table.requireNames(try estimator.featureNames(), for: estimator)
        guard !table.isSparse else { throw estimator.refuse("it gets a sparse matrix") }
        try program.requireFinite(table, width: .float64, allowsMissing: true)
        var lanes: [Lane] = []
        for (lane, feature) in zip(table.lanes, features) {
            for slot in try encode(lane, feature, &program) {
                lanes.append(
                    Lane(slot: slot, kind: .number(outputType), name: lane.name, mayBeMissing: false, isBounded: true))
            }
        }
        return Table(lanes: lanes, form: .array(outputType), names: nil, isSparse: makesSparse)
    }

    private func encode(_ lane: Lane, _ feature: Feature, _ program: inout Program) throws -> [Slot] {
        let unknown = fallback(feature)
        var missing = unknown
        if let column = feature.missingColumn, !lane.missingIsText { missing = column.map { .column($0) } ?? .zeros }
        switch lane.kind {
        case .text(let column) where feature.numbers.isEmpty:
            return try program.builder.oneHot(
                lane.slot, width: feature.width, codes: try program.builder.codes(of: feature.texts, column: column),
                columns: feature.columns, unknown: unknown, missing: missing)
        case .number where !feature.isText:
            let order = feature.numbers.indices.sorted { feature.numbers[$0] < feature.numbers[$1] }
            let position = try program.builder.match(lane.slot, values: order.map { feature.numbers[$0] })
            return try program.builder.oneHot(
                position, width: feature.width, codes: Array(order.indices), columns: order.map { feature.columns[$0] },
                unknown: unknown, missing: missing)
        default:
            let (held, known) = feature.isText ? ("numbers", "texts") : ("texts", "numbers")
            throw estimator.refuse("column `\(lane.name)` holds \(held), and its categories are \(known)")
        }
    }

    private func fallback(_ feature: Feature) -> OneHotFallback {
        switch unknown {
        case .refuse: .refuse
        case .zeros: .zeros
        case .infrequent: (feature.infrequentColumn ?? nil).map { .column($0) } ?? .zeros
        }
    }
}
