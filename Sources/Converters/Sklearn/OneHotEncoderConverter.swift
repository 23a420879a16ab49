import Pickle
import Scoring

/// `OneHotEncoder`: one column per category.
///
/// Implements `handle_unknown` error, ignore, infrequent_if_exist and warn (1.6), `drop`, and infrequent categories.
/// Rules from `sklearn/preprocessing/_encoders.py` and `sklearn/utils/_encode.py`, 1.1.3 to 1.9.1.
struct OneHotEncoderConverter: Converter {
    static let classNames = ["sklearn.preprocessing._encoders.OneHotEncoder"]

    let estimator: Estimator

    /// The categories of one input column, grouped and without the dropped one.
    private struct Feature {
        var categories: CategoryList
        /// The output column of each category, nil for the dropped one.
        var columns: [Int?]
        var infrequentColumn: Int?
        var width: Int
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
        case "warn" where estimator.has(.unknownCategoriesWarn): unknown = .infrequent
        case let other:
            throw estimator.refuse(
                "its way with unknown categories is not known", parameter: "handle_unknown", value: other)
        }
        outputType = try estimator.elementType("dtype")
        makesSparse = try estimator.bool(estimator.has(.sparseOutputName) ? "sparse_output" : "sparse")
        if makesSparse, estimator.makesPandas {
            throw estimator.refuse(
                "it makes a sparse matrix and is asked for a pandas table, which scikit-learn refuses")
        }
        let categories = try estimator.categoryLists()
        let mappings = try estimator.infrequentMappings(counts: categories.map(\.count))
        let dropName = estimator["_drop_idx_after_grouping"] == nil ? "drop_idx_" : "_drop_idx_after_grouping"
        let drops = estimator.isNone(dropName) ? nil : try estimator.list(dropName)
        guard drops.map({ $0.count == categories.count }) ?? true else {
            throw estimator.refuse("it has not one entry per column everywhere", parameter: "categories_")
        }
        features = try categories.indices.map { index in
            try OneHotEncoderConverter.feature(categories[index], drops?[index], mappings[index], estimator)
        }
    }

    private static func feature(
        _ categories: CategoryList, _ drop: PickleValue?, _ map: [Int]?, _ estimator: Estimator
    ) throws -> Feature {
        let groups = map.map { ($0.max() ?? -1) + 1 } ?? categories.count
        var dropped: Int?
        if let drop, drop != .null {
            guard case .number(let number) = PickledScalar(drop, estimator.graph), let index = Int(exactly: number),
                (0..<groups).contains(index)
            else { throw estimator.unexpected("drop_idx_", "a position per column") }
            dropped = index
        }
        func column(_ group: Int) -> Int? {
            guard let dropped else { return group }
            return group == dropped ? nil : group > dropped ? group - 1 : group
        }
        return Feature(
            categories: categories, columns: (0..<categories.count).map { column(map?[$0] ?? $0) },
            infrequentColumn: map == nil ? nil : column(groups - 1), width: groups - (dropped == nil ? 0 : 1))
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
        if let position = feature.categories.missing, !lane.missingIsText {
            missing = feature.columns[position].map { .column($0) } ?? .zeros
        }
        let (slot, codes, positions) = try feature.categories.codes(of: lane, for: estimator, into: &program)
        return try program.builder.oneHot(
            slot, width: feature.width, codes: codes, columns: positions.map { feature.columns[$0] },
            unknown: unknown, missing: missing)
    }

    private func fallback(_ feature: Feature) -> OneHotFallback {
        switch unknown {
        case .refuse: .refuse
        case .zeros: .zeros
        case .infrequent: feature.infrequentColumn.map { .column($0) } ?? .zeros
        }
    }
}
