import Pickle
import Scoring

/// `TargetEncoder` (1.3): the shrunken mean of the target in a category, with several classes one per class.
///
/// An unknown category gets the mean of all rows. The encodings of several classes are ordered by column, then by class. Rules from
/// `sklearn/preprocessing/_target_encoder.py`, 1.3.2 to 1.9.1.
struct TargetEncoderConverter: Converter {
    static let classNames = ["sklearn.preprocessing._target_encoder.TargetEncoder"]
    /// How it was fitted.
    static let partNames: [String: PickleUse] = {
        var names: [String: PickleUse] = [:]
        for name in ["GroupKFold", "KFold", "StratifiedGroupKFold", "StratifiedKFold"] {
            names["sklearn.model_selection._split.\(name)"] = [.new, .build, .value]
        }
        return names
    }()

    let estimator: Estimator
    private let categories: [CategoryList]
    /// Per column and class, the number of each category.
    private let encodings: [[[Double]]]
    /// Per class, the number of an unknown category.
    private let means: [Double]

    init(_ estimator: Estimator) throws {
        self.estimator = estimator
        let categories = try estimator.categoryLists()
        self.categories = categories
        let means = try estimator.numbers("target_mean_")
        self.means = means
        let isMulticlass = try estimator.text("target_type_") == "multiclass"
        let lists = try estimator.list("encodings_")
        guard isMulticlass || means.count == 1, !means.isEmpty, lists.count == categories.count * means.count else {
            throw estimator.unexpected("encodings_", "one array per column and class")
        }
        encodings = try categories.indices.map { column in
            try means.indices.map { index in
                let value = lists[column * means.count + index]
                guard let numbers = try estimator.readArray(value, "encodings_").numbers,
                    numbers.count == categories[column].count, numbers.allSatisfy(\.isFinite)
                else { throw estimator.unexpected("encodings_", "one number per category") }
                return numbers
            }
        }
        guard means.allSatisfy(\.isFinite) else { throw estimator.unexpected("target_mean_", "finite") }
    }

    func transform(_ table: Table, into program: inout Program) throws -> Table {
        try table.requireWidth(categories.count, for: estimator)
        try table.requireNames(try estimator.featureNames(), for: estimator)
        guard !table.isSparse else { throw estimator.refuse("it gets a sparse matrix") }
        try program.requireFinite(table, width: .float64, allowsMissing: true)
        var lanes: [Lane] = []
        for (column, lane) in table.lanes.enumerated() {
            let (slot, codes, positions) = try categories[column].codes(of: lane, for: estimator, into: &program)
            for (mean, encoding) in zip(means, encodings[column]) {
                var missing = mean
                if let position = categories[column].missing, !lane.missingIsText { missing = encoding[position] }
                let result = try program.builder.recode(
                    slot, codes: codes, values: positions.map { encoding[$0] }, unknown: .value(mean),
                    missing: .value(missing))
                lanes.append(
                    Lane(slot: result, kind: .number(.float64), name: lane.name, mayBeMissing: false, isBounded: false))
            }
        }
        return Table(lanes: lanes, form: .array(.float64), names: nil)
    }
}
