import Pickle
import Scoring

/// `SimpleImputer`: a missing value becomes the statistic of its column.
///
/// Rules from `sklearn/impute/_base.py`, 1.1.3 to 1.9.1. A missing text is NaN, as it was in training.
struct SimpleImputerConverter: Converter {
    static let classNames = ["sklearn.impute._base.SimpleImputer"]
    static let partNames: [String: PickleUse] = ["sklearn.impute._base.MissingIndicator": [.new, .build, .value]]

    let estimator: Estimator

    private let strategy: String
    /// NaN, or the number that stands for a missing value.
    private let missing: Double
    private let fills: [PickledScalar]
    private let keepsAll: Bool
    private let fittedOnObjects: Bool
    private let roundsFills: Bool
    /// The columns for which an indicator is appended.
    private let indicated: [Int]

    init(_ estimator: Estimator) throws {
        self.estimator = estimator
        strategy = try estimator.text("strategy")
        guard ["mean", "median", "most_frequent", "constant"].contains(strategy) else {
            throw estimator.refuse("its strategy is not one of the known ones", parameter: "strategy", value: strategy)
        }
        guard case .number(let missing) = PickledScalar(try estimator.required("missing_values"), estimator.graph)
        else {
            throw estimator.refuse(
                "only NaN or a number can stand for a missing value", parameter: "missing_values",
                help: "use `missing_values=numpy.nan`")
        }
        self.missing = missing
        let keepsEmpty = try estimator.bool("keep_empty_features", default: false)
        keepsAll = keepsEmpty || (strategy == "constant" && !estimator.has(.constantDropsEmpty))
        let statistics = try estimator.array("statistics_")
        fills = try SimpleImputerConverter.scalars(statistics, estimator)
        do {
            fittedOnObjects =
                try NumpyType.read(try estimator.required("_fit_dtype"), in: estimator.graph).kind == .object
            let fillType = try estimator["_fill_dtype"].map { value throws(PickleError) in
                try NumpyType.read(value, in: estimator.graph)
            }
            roundsFills = fillType.map { $0.kind == .float && $0.itemSize < 8 } ?? false
        } catch let error as PickleError {
            throw estimator.refuse("the type of its columns cannot be read: \(error.reason)")
        }
        guard try estimator.bool("add_indicator", default: false) else {
            indicated = []
            return
        }
        let indicator = try estimator.part(try estimator.required("indicator_"), at: "indicator_")
        guard let features = try indicator.array("features_").integers, features.allSatisfy(fills.indices.contains)
        else {
            throw indicator.unexpected("features_", "an array of columns")
        }
        indicated = features
    }

    private static func scalars(_ array: NumpyArray, _ estimator: Estimator) throws -> [PickledScalar] {
        if let numbers = array.numbers { return numbers.map { .number($0) } }
        if let texts = array.texts { return texts.map { .text($0) } }
        if let values = array.values { return values.map { PickledScalar($0, estimator.graph) } }
        throw estimator.unexpected("statistics_", "an array of numbers or texts")
    }

    func transform(_ table: Table, into program: inout Program) throws -> Table {
        try table.requireWidth(fills.count, for: estimator)
        try table.requireNames(try estimator.featureNames(), for: estimator)
        guard !table.isSparse || missing != 0 else {
            throw estimator.refuse(
                "it gets a sparse matrix, whose zeros cannot be missing", parameter: "missing_values")
        }
        if !missing.isNaN { try table.requireExact(for: estimator) }
        let type = try resultType(table)
        try program.requireFinite(table, width: .float64, allowsMissing: missing.isNaN)
        var kept: [Int] = []
        var fillNumbers: [Double] = []
        var lanes: [Lane] = []
        for (index, lane) in table.lanes.enumerated() {
            if !keepsAll, case .number(let number) = fills[index], number.isNaN { continue }
            var lane = lane
            fillNumbers.append(try fill(index, &lane, type, &program))
            if case .number = lane.kind, type != .object { lane.kind = .number(type) }
            if table.isSparse, fillNumbers.last == 0 { lane.hasUncertainZeros = true }
            kept.append(index)
            lanes.append(lane)
        }
        let slots = try program.builder.impute(kept.map { table.lanes[$0].slot }, missing: missing, fill: fillNumbers)
        for (position, slot) in slots.enumerated() { lanes[position].slot = slot }
        if !indicated.isEmpty { lanes += try indicators(table, &program) }
        return Table(
            lanes: lanes, form: .array(indicated.isEmpty ? type : type.promoted(with: .boolean)), names: nil,
            isSparse: table.isSparse)
    }

    /// The type of the array that it works on; checks that the statistics suit the columns.
    private func resultType(_ table: Table) throws -> ElementType {
        if strategy == "mean" || strategy == "median" { return try table.floatType(for: estimator) }
        for lane in table.lanes {
            if case .unusable = lane.kind { try table.requireNumbers(for: estimator) }
        }
        let type = fittedOnObjects ? .object : table.elementType
        if type == .boolean { throw estimator.refuse("it takes no columns of truth values alone") }
        if type == .object, !missing.isNaN {
            throw estimator.refuse(
                "a number stands for missing values among texts", parameter: "missing_values", value: "\(missing)")
        }
        return type
    }

    /// The number that replaces a missing value of a lane: a text's code in a lane of texts.
    private func fill(_ index: Int, _ lane: inout Lane, _ type: ElementType, _ program: inout Program) throws -> Double
    {
        lane.mayBeMissing = false
        switch (lane.kind, fills[index]) {
        case (.text(let column), .text(let text)):
            return Double(try program.builder.code(of: text, column: column))
        case (.number, .text) where type == .object:
            // No number equals the text: an encoder treats it as unknown.
            lane.missingIsText = true
            lane.mayBeMissing = true
            return .nan
        case (.number, .number(let number)) where number.isFinite:
            let rounded = roundsFills || type == .float32 ? Double(Float(number)) : number
            if type == .integer32 || type == .integer64, Int64(exactly: number) == nil {
                throw estimator.refuse(
                    "column `\(lane.name)` holds whole numbers, and its statistic \(number) is none")
            }
            return rounded
        default:
            throw estimator.refuse(
                "its statistic for column `\(lane.name)` does not suit the type of the column", parameter: "statistics_"
            )
        }
    }

    private func indicators(_ table: Table, _ program: inout Program) throws -> [Lane] {
        let sources = indicated.map { table.lanes[$0] }
        let slots = try program.builder.missingIndicator(sources.map(\.slot), missing: missing)
        return zip(sources, slots).map { source, slot in
            Lane(slot: slot, kind: .number(.boolean), name: source.name, mayBeMissing: false, isBounded: true)
        }
    }
}
