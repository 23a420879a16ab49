import Pickle
import Scoring

/// `PolynomialFeatures`: products of columns up to a degree, in the order of `itertools.combinations_with_replacement`.
///
/// A dense table's product of degree n is that of its last n - 1 factors times the first; a sparse one's is that of its first n - 1
/// factors times the last. Rules from `sklearn/preprocessing/_polynomial.py` and `_csr_polynomial_expansion.pyx`, 1.1.3 to 1.9.1.
struct PolynomialFeaturesConverter: Converter {
    static let classNames = ["sklearn.preprocessing._polynomial.PolynomialFeatures"]

    let estimator: Estimator
    private let lowest: Int
    private let highest: Int
    private let isInteraction: Bool
    private let hasBias: Bool
    private let width: Int
    private static let mostProducts = 200_000

    init(_ estimator: Estimator) throws {
        self.estimator = estimator
        lowest = try estimator.int("_min_degree")
        highest = try estimator.int("_max_degree")
        isInteraction = try estimator.bool("interaction_only")
        hasBias = try estimator.bool("include_bias")
        width = try estimator.int("n_output_features_")
        guard lowest >= 0, highest >= lowest, (1...PolynomialFeaturesConverter.mostProducts).contains(width) else {
            throw estimator.refuse(
                "it makes \(width) columns, and 1 to \(PolynomialFeaturesConverter.mostProducts) are converted",
                parameter: "degree")
        }
    }

    /// A product: the positions of its factors in ascending order, and its slot.
    private struct Term {
        var factors: [Int]
        var slot: Slot
    }

    func transform(_ table: Table, into program: inout Program) throws -> Table {
        try estimator.requireFittedColumns(table)
        let type = try table.floatType(for: estimator)
        try program.requireFinite(table, width: .float64, allowsMissing: false)
        let floatWidth: FloatWidth = type == .float32 ? .float32 : .float64
        var slots: [Slot] = []
        if hasBias, let first = table.lanes.first {
            slots += try program.builder.scale([first.slot], steps: [.multiply([0]), .add([1])], width: floatWidth)
        }
        var terms = table.lanes.enumerated().map { Term(factors: [$0], slot: $1.slot) }
        if lowest <= 1, highest >= 1 { slots += terms.map(\.slot) }
        for degree in stride(from: 2, through: highest, by: 1) where !terms.isEmpty {
            terms = try products(of: terms, table, floatWidth, &program)
            if degree >= lowest { slots += terms.map(\.slot) }
        }
        guard slots.count == width else {
            throw estimator.refuse("it makes \(slots.count) columns and says \(width)", parameter: "degree")
        }
        let isApproximate = table.lanes.contains(where: \.isApproximate)
        let hasUncertainZeros = table.lanes.contains(where: \.hasUncertainZeros)
        let name = table.lanes.first?.name ?? ""
        let lanes = slots.enumerated().map { index, slot in
            Lane(
                slot: slot, kind: .number(type), name: width == table.lanes.count ? table.lanes[index].name : name,
                mayBeMissing: false, isBounded: false, isApproximate: isApproximate,
                hasUncertainZeros: hasUncertainZeros)
        }
        return Table(lanes: lanes, form: .array(type), names: nil, isSparse: table.isSparse)
    }

    /// The terms of the next degree.
    private func products(
        of terms: [Term], _ table: Table, _ floatWidth: FloatWidth, _ program: inout Program
    ) throws -> [Term] {
        var next: [[Int]] = []
        var slots: [[Int]: Slot] = [:]
        for term in terms { slots[term.factors] = term.slot }
        for first in table.lanes.indices {
            for term in terms where isInteraction ? term.factors[0] > first : term.factors[0] >= first {
                next.append([first] + term.factors)
                guard next.count <= width + PolynomialFeaturesConverter.mostProducts else {
                    throw estimator.refuse("it makes too many products", parameter: "degree")
                }
            }
        }
        guard !next.isEmpty else { return [] }
        let pairs = next.map { factors -> (Slot, Slot) in
            table.isSparse
                ? (slots[Array(factors.dropLast())] ?? 0, table.lanes[factors[factors.count - 1]].slot)
                : (slots[Array(factors.dropFirst())] ?? 0, table.lanes[factors[0]].slot)
        }
        let results = try program.builder.multiply(pairs, width: floatWidth)
        return zip(next, results).map { Term(factors: $0, slot: $1) }
    }
}
