import Pickle
import Scoring

/// `OrdinalEncoder`: the position of a category, or of its group.
///
/// Implements `unknown_value`, `encoded_missing_value`, and infrequent categories (1.3). The missing category NaN has no position of its
/// own; None has one. Rules from `sklearn/preprocessing/_encoders.py`, 1.1.3 to 1.9.1.
struct OrdinalEncoderConverter: Converter {
    static let classNames = ["sklearn.preprocessing._encoders.OrdinalEncoder"]

    let estimator: Estimator

    private struct Feature {
        var categories: CategoryList
        /// The number for each category.
        var values: [Double]
    }

    private let features: [Feature]
    private let unknown: RecodeFallback
    private let outputType: ElementType

    init(_ estimator: Estimator) throws {
        self.estimator = estimator
        let type = try estimator.elementType("dtype")
        outputType = type
        switch try estimator.text("handle_unknown") {
        case "error": unknown = .refuse
        case "use_encoded_value":
            unknown = .value(try OrdinalEncoderConverter.number("unknown_value", type, estimator))
        case let other:
            throw estimator.refuse(
                "its way with unknown categories is not known", parameter: "handle_unknown", value: other)
        }
        let categories = try estimator.categoryLists()
        func isMissing(_ list: CategoryList) -> Bool { list.missing != nil && list.missingIsNaN }
        for list in categories where isMissing(list) && list.missing != list.count - 1 {
            throw estimator.refuse("NaN is not the last of its categories", parameter: "categories_")
        }
        let mappings = try estimator.infrequentMappings(counts: categories.map { $0.count - (isMissing($0) ? 1 : 0) })
        features = try zip(categories, mappings).map { list, mapping in
            var values = (mapping ?? Array(0..<list.count)).map(Double.init)
            if isMissing(list) {
                let missing = try OrdinalEncoderConverter.number("encoded_missing_value", type, estimator)
                if mapping == nil { values[list.count - 1] = missing } else { values.append(missing) }
            }
            return Feature(categories: list, values: values)
        }
    }

    /// A parameter as a number of the type.
    private static func number(_ name: String, _ type: ElementType, _ estimator: Estimator) throws -> Double {
        guard case .number(let number) = PickledScalar(try estimator.required(name), estimator.graph) else {
            throw estimator.unexpected(name, "a number")
        }
        switch type {
        case .float64: return number
        case .float32: return Double(Float(number))
        default:
            guard Int32(exactly: number) != nil else {
                throw estimator.refuse("it is no whole number of its type", parameter: name, value: "\(number)")
            }
            return number
        }
    }

    func transform(_ table: Table, into program: inout Program) throws -> Table {
        try table.requireWidth(features.count, for: estimator)
        try table.requireNames(try estimator.featureNames(), for: estimator)
        guard !table.isSparse else { throw estimator.refuse("it gets a sparse matrix") }
        try program.requireFinite(table, width: .float64, allowsMissing: true)
        var lanes: [Lane] = []
        for (lane, feature) in zip(table.lanes, features) {
            var missing = unknown
            if let position = feature.categories.missing, !lane.missingIsText {
                missing = .value(feature.values[position])
            }
            let (slot, codes, positions) = try feature.categories.codes(of: lane, for: estimator, into: &program)
            let values = positions.map { feature.values[$0] }
            let result = try program.builder.recode(
                slot, codes: codes, values: values, unknown: unknown, missing: missing)
            let mayBeMissing = [unknown, missing].contains {
                if case .value(let value) = $0 { value.isNaN } else { false }
            }
            lanes.append(
                Lane(
                    slot: result, kind: .number(outputType), name: lane.name, mayBeMissing: mayBeMissing,
                    isBounded: true))
        }
        return Table(lanes: lanes, form: .array(outputType), names: nil)
    }
}
