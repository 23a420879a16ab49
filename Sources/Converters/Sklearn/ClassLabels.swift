import Pickle
import Scoring

/// The labels of a classifier: `classes_`.
enum ClassLabels {
    /// Reads an array of classes.
    static func read(_ value: PickleValue, of estimator: Estimator) throws -> LabelTable {
        let array = try estimator.readArray(value, "classes_")
        guard array.shape.count == 1, array.count > 0 else {
            throw estimator.unexpected("classes_", "a list of labels")
        }
        if let texts = array.texts { return .strings(texts) }
        if array.type.kind == .boolean, let flags = array.integers { return .booleans(flags.map { $0 == 1 }) }
        if let integers = array.integers { return .integers(integers.map { Int64($0) }) }
        if let numbers = array.numbers { return .doubles(numbers) }
        let scalars = (array.values ?? []).map { PickledScalar($0, estimator.graph) }
        if let texts = all(scalars, { if case .text(let text) = $0 { text } else { nil } }) { return .strings(texts) }
        if let flags = all(scalars, { if case .bool(let flag) = $0 { flag } else { nil } }) { return .booleans(flags) }
        let integers = all(array.values ?? []) { value -> Int64? in
            if case .int(let int) = value { Int64(int) } else { nil }
        }
        if let integers { return .integers(integers) }
        throw estimator.refuse("its labels are neither texts, numbers nor truth values alone", parameter: "classes_")
    }

    private static func all<Element, Value>(_ elements: [Element], _ value: (Element) -> Value?) -> [Value]? {
        let values = elements.compactMap(value)
        return values.count == elements.count && !values.isEmpty ? values : nil
    }
}
