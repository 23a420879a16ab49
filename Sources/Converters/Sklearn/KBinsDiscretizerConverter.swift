import Pickle
import Scoring

/// `KBinsDiscretizer`: the number of the bin that a value falls in, or one column per bin.
///
/// A value on an inner edge belongs to the bin on its right, in every version from 1.1; float32 values are compared with float64 edges.
/// Rules from `sklearn/preprocessing/_discretization.py`, 1.1.3 to 1.9.1.
struct KBinsDiscretizerConverter: Converter {
    static let classNames = ["sklearn.preprocessing._discretization.KBinsDiscretizer"]

    let estimator: Estimator
    /// The inner edges of each column.
    private let edges: [[Double]]
    private let isOneHot: Bool
    private let makesSparse: Bool
    private let type: ElementType?

    init(_ estimator: Estimator) throws {
        self.estimator = estimator
        let encode = try estimator.text("encode")
        guard ["onehot", "onehot-dense", "ordinal"].contains(encode) else {
            throw estimator.refuse("its encoding is not one of the known ones", parameter: "encode", value: encode)
        }
        isOneHot = encode != "ordinal"
        makesSparse = encode == "onehot"
        type = estimator.isNone("dtype") ? nil : try estimator.elementType("dtype")
        guard type == nil || type == .float32 || type == .float64 else {
            throw estimator.unexpected("dtype", "a float")
        }
        edges = try estimator.list("bin_edges_").map { value in
            guard let edges = try estimator.readArray(value, "bin_edges_").numbers, edges.count >= 2 else {
                throw estimator.unexpected("bin_edges_", "a list of edges per column")
            }
            let inner = Array(edges.dropFirst().dropLast())
            guard inner.allSatisfy(\.isFinite), zip(inner, inner.dropFirst()).allSatisfy({ $0 <= $1 }) else {
                throw estimator.refuse("its edges descend or are not finite", parameter: "bin_edges_")
            }
            return inner
        }
        let counts = try estimator.numbers("n_bins_")
        guard counts == edges.map({ Double($0.count + 1) }) else {
            throw estimator.unexpected("n_bins_", "the number of bins per column")
        }
    }

    func transform(_ table: Table, into program: inout Program) throws -> Table {
        try estimator.requireFittedColumns(table)
        try table.requireWidth(edges.count, for: estimator)
        guard !table.isSparse else { throw estimator.refuse("it gets a sparse matrix") }
        let given = try table.floatType(for: estimator)
        if let lane = table.lanes.first(where: \.isApproximate) {
            throw estimator.refuse(
                "it compares column `\(lane.name)` with edges, and an earlier step gives numbers that differ in the last bits "
                    + "between processors")
        }
        let type = type ?? given
        try program.requireFinite(table, width: type == .float32 ? .float32 : .float64, allowsMissing: false)
        let isRounded = type == .float32 && given != .float32
        let slots = isRounded ? try program.builder.scale(table.slots, steps: [], width: .float32) : table.slots
        var lanes: [Lane] = []
        for (index, lane) in table.lanes.enumerated() {
            var results = [try program.builder.bin(slots[index], edges: edges[index])]
            if isOneHot {
                let bins = Array(0...edges[index].count)
                results = try program.builder.oneHot(
                    results[0], width: bins.count, codes: bins, columns: bins, unknown: .refuse, missing: .refuse)
            }
            for slot in results {
                lanes.append(
                    Lane(slot: slot, kind: .number(type), name: lane.name, mayBeMissing: false, isBounded: true))
            }
        }
        return Table(lanes: lanes, form: .array(type), names: nil, isSparse: makesSparse)
    }
}
