import Pickle
import Scoring

/// `FeatureUnion`: transformers of the same table, and their outputs side by side.
///
/// Rules from `sklearn/pipeline.py`, 1.1.3 to 1.9.1.
struct FeatureUnionConverter: Converter {
    static let classNames = ["sklearn.pipeline.FeatureUnion"]

    let estimator: Estimator

    private struct Branch {
        /// Nil passes the table through.
        var converter: (any Converter)?
        var weight: Double?
        var name: String
    }

    private let branches: [Branch]

    init(_ estimator: Estimator) throws {
        self.estimator = estimator
        var branches: [Branch] = []
        var collector = RefusalCollector()
        for (index, item) in try estimator.list("transformer_list").enumerated() {
            guard let parts = estimator.graph.elements(item), parts.count == 2,
                let name = estimator.graph.text(parts[0])
            else { throw estimator.unexpected("transformer_list", "a list of names and transformers") }
            let word = estimator.graph.text(parts[1])
            if word == "drop" { continue }
            let weight = try estimator.transformerWeight(name)
            if word == "passthrough" {
                branches.append(Branch(converter: nil, weight: weight, name: name))
                continue
            }
            let converter = try collector.attempt {
                let part = try estimator.part(parts[1], at: "transformer_list[\(index)]")
                return try ConverterCatalog.converter(for: part)
            }
            if let converter { branches.append(Branch(converter: converter, weight: weight, name: name)) }
        }
        try collector.finish()
        guard !branches.isEmpty else { throw estimator.refuse("it makes no columns") }
        self.branches = branches
    }

    var takesTexts: Bool { branches.allSatisfy { $0.converter?.takesTexts ?? false } }

    func usedColumns(names: [String]?, count: Int) throws -> Set<Int> {
        if branches.contains(where: { $0.converter == nil }) { return Set(0..<count) }
        return try branches.compactMap(\.converter).usedColumns(names: names, count: count)
    }

    func transform(_ table: Table, into program: inout Program) throws -> Table {
        var outputs: [Table] = []
        var collector = RefusalCollector()
        for branch in branches {
            let output = try collector.attempt { () throws -> Table in
                let output = try branch.converter?.transform(table, into: &program) ?? table
                return try weighted(output, by: branch, into: &program)
            }
            if let output { outputs.append(output) }
        }
        try collector.finish()
        let lanes = outputs.flatMap(\.lanes)
        guard !lanes.isEmpty else { throw estimator.refuse("it makes no columns") }
        if estimator.makesPandas, outputs.allSatisfy({ !$0.isSparse }) {
            return Table(lanes: lanes, form: .frame, names: nil)
        }
        let isSparse = outputs.contains(where: \.isSparse)
        if isSparse { for output in outputs { try output.requireNumbers(for: estimator) } }
        let types = outputs.map { isSparse && $0.stackedType == .object ? .float64 : $0.stackedType }
        return Table(
            lanes: lanes, form: .array(ElementType.promoted(types) ?? .float64), names: nil, isSparse: isSparse)
    }

    /// `output * weight`, with a weight that is a Python number: float32 stays, column by column in a pandas table.
    private func weighted(_ table: Table, by branch: Branch, into program: inout Program) throws -> Table {
        guard let weight = branch.weight, !table.lanes.isEmpty else { return table }
        try table.requireNumbers(for: estimator)
        guard table.elementType != .object else {
            throw estimator.refuse(
                "it weights `\(branch.name)`, which is a table of objects", parameter: "transformer_weights")
        }
        // Zeros that a sparse matrix stores are not missing to XGBoost, other than those it does not store.
        guard weight != 0 || !table.isSparse else {
            throw estimator.refuse("it weights the sparse `\(branch.name)` with 0", parameter: "transformer_weights")
        }
        var result = table
        for isSingle in [true, false] {
            let indices = table.lanes.indices.filter { index in
                let type = table.form == .frame ? table.lanes[index].elementType : table.elementType
                return (type == .float32) == isSingle
            }
            guard !indices.isEmpty else { continue }
            if isSingle { try estimator.requirePlainWeight(branch.name) }
            let factor = isSingle ? Double(Float(weight)) : weight
            let slots = try program.builder.scale(
                indices.map { table.lanes[$0].slot }, steps: [.multiply(indices.map { _ in factor })],
                width: isSingle ? .float32 : .float64)
            for (index, slot) in zip(indices, slots) {
                result.lanes[index].slot = slot
                result.lanes[index].kind = .number(isSingle ? .float32 : .float64)
                result.lanes[index].isBounded = false
            }
        }
        if table.form != .frame, table.elementType != .float32 { result.form = .array(.float64) }
        return result
    }
}
