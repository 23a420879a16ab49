import Pickle
import Scoring

/// The categories of one column of an encoder, each by its position in `categories_`.
///
/// A text equals a text by its bytes, a number equals a number by value (truth values are 0 and 1), as in `sklearn/utils/_encode.py`,
/// 1.1.3 to 1.9.1. A missing cell is the category NaN, or None where an encoder was fitted on None alone.
struct CategoryList {
    private(set) var count = 0
    private var texts: [(text: String, position: Int)] = []
    private var numbers: [(number: Double, position: Int)] = []
    /// The position of NaN or None.
    private(set) var missing: Int?
    /// The missing category is NaN; `OrdinalEncoder` treats None like any other category.
    private(set) var missingIsNaN = false

    /// Reads one element of `categories_`.
    init(_ value: PickleValue, of estimator: Estimator) throws {
        let array = try estimator.readArray(value, "categories_")
        for (position, category) in try CategoryList.scalars(array, estimator).enumerated() {
            switch category {
            case .text(let text): texts.append((text, position))
            case .bool(let flag): numbers.append((flag ? 1 : 0, position))
            case .number(let number) where !number.isNaN: numbers.append((number, position))
            case .number, .null:
                guard missing == nil else {
                    throw estimator.refuse(
                        "None and NaN are both among its categories, and a request cannot tell one from the other",
                        parameter: "categories_", help: "impute missing values before the encoder")
                }
                missing = position
                missingIsNaN = category != .null
            case .other: throw estimator.unexpected("categories_", "lists of texts and numbers")
            }
            count += 1
        }
        guard texts.isEmpty || numbers.isEmpty else {
            throw estimator.refuse("texts and numbers are categories of one column", parameter: "categories_")
        }
        numbers.sort { $0.number < $1.number }
        guard zip(numbers, numbers.dropFirst()).allSatisfy({ $0.number < $1.number }) else {
            throw estimator.refuse("two of its categories are equal", parameter: "categories_")
        }
    }

    private static func scalars(_ array: NumpyArray, _ estimator: Estimator) throws -> [PickledScalar] {
        if let texts = array.texts { return texts.map { .text($0) } }
        if let numbers = array.numbers { return numbers.map { .number($0) } }
        if let values = array.values { return values.map { PickledScalar($0, estimator.graph) } }
        throw estimator.unexpected("categories_", "lists of texts and numbers")
    }

    /// A slot of category codes for `lane`, and for each code that is known the position of its category.
    func codes(
        of lane: Lane, for estimator: Estimator, into program: inout Program
    ) throws -> (slot: Slot, codes: [Int], positions: [Int]) {
        switch lane.kind {
        case .text(let column) where numbers.isEmpty:
            let codes = try program.builder.codes(of: texts.map(\.text), column: column)
            return (lane.slot, codes, texts.map(\.position))
        case .number where texts.isEmpty:
            guard missing == nil || missingIsNaN else {
                throw estimator.refuse(
                    "None is one of its categories of numbers, and a request's missing number is NaN",
                    parameter: "categories_", help: "impute missing values before the encoder")
            }
            guard !lane.isApproximate || numbers.isEmpty else {
                throw estimator.refuse(
                    "it compares column `\(lane.name)` with its categories, and an earlier step gives numbers that differ "
                        + "in the last bits between processors")
            }
            let slot = try program.builder.match(lane.slot, values: numbers.map(\.number))
            return (slot, Array(numbers.indices), numbers.map(\.position))
        case .unusable(let type):
            throw estimator.refuse(
                "it uses column `\(lane.name)` of type `\(type)`, which native models do not take")
        case .text, .number:
            let (held, known) = texts.isEmpty ? ("texts", "numbers") : ("numbers", "texts")
            throw estimator.refuse("column `\(lane.name)` holds \(held), and its categories are \(known)")
        }
    }
}

extension Estimator {
    /// `categories_`, one list per column.
    func categoryLists() throws -> [CategoryList] {
        try list("categories_").map { try CategoryList($0, of: self) }
    }

    /// The number type that the attribute names: a NumPy or Python class, a `numpy.dtype` or its name.
    func elementType(_ name: String) throws -> ElementType {
        let value = try required(name)
        let word = graph.global(value)?.qualifiedName ?? graph.text(value)
        switch word {
        case "numpy.float64", "builtins.float", "float64", "float": return .float64
        case "numpy.float32", "float32": return .float32
        case "numpy.int64", "builtins.int", "int64", "int": return .integer64
        case "numpy.int32", "int32": return .integer32
        case nil:
            if let type = try? NumpyType.read(value, in: graph) {
                switch (type.kind, type.itemSize) {
                case (.float, 8): return .float64
                case (.float, 4): return .float32
                case (.signed, 8): return .integer64
                case (.signed, 4): return .integer32
                default: break
                }
            }
        default: break
        }
        throw refuse("its numbers are neither float64, float32, int64 nor int32", parameter: name, value: word)
    }

    /// The mappings of infrequent categories, one per column, nil where there are none.
    ///
    /// - Parameter counts: the number of categories that each mapping must cover.
    func infrequentMappings(counts: [Int]) throws -> [[Int]?] {
        guard try bool("_infrequent_enabled", default: false) else { return counts.map { _ in nil } }
        let mappings = try list("_default_to_infrequent_mappings")
        guard mappings.count == counts.count else {
            throw unexpected("_default_to_infrequent_mappings", "one array per column")
        }
        return try zip(mappings, counts).map { value, count in
            if value == .null { return nil }
            guard let values = try readArray(value, "_default_to_infrequent_mappings").integers, values.count == count,
                values.allSatisfy({ $0 >= 0 && $0 < count })
            else { throw unexpected("_default_to_infrequent_mappings", "one array per column") }
            return values
        }
    }
}
