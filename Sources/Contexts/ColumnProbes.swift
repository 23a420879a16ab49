import JSONText
import MLmodelFormat
import Scoring

/// The values of one column that are worth comparing: where trees split, around what the program knows, texts, gaps.
struct ColumnProbes {
    /// Thresholds of trees, each with its neighbours.
    static let thresholdLimit = 30
    /// Numbers that the program holds about a column.
    static let landmarkLimit = 16
    /// Texts that the program knows.
    static let textLimit = 64

    /// What the column's cells are.
    enum Kind {
        case boolean, integer, long, float, double, string
    }

    let kind: Kind
    /// Whether a cell may be null.
    let takesMissing: Bool
    /// Whether the model's answers are the original's bit by bit, so that no number is too large to compare them at.
    let isExact: Bool

    /// Nil for a type that converted models do not read.
    init?(_ type: ColumnType, isExact: Bool) {
        self.isExact = isExact
        switch type {
        case .boolean: (kind, takesMissing) = (.boolean, false)
        case .integer: (kind, takesMissing) = (.integer, false)
        case .long: (kind, takesMissing) = (.long, false)
        case .float: (kind, takesMissing) = (.float, true)
        case .double: (kind, takesMissing) = (.double, true)
        case .string: (kind, takesMissing) = (.string, true)
        case .binary, .datetime, .array, .object, .map, .any, .sparkVector: return nil
        }
    }

    /// The same for the elements of a tensor, which has no gaps.
    init?(dtype: String, isExact: Bool) {
        guard let kind = ["float64": Kind.double, "float32": .float, "int64": .long, "int32": .integer][dtype] else {
            return nil
        }
        self.kind = kind
        self.isExact = isExact
        takesMissing = false
    }

    /// The values, each once, in an order that depends on nothing but the arguments.
    ///
    /// - Parameter examples: cells of the column in the model's own example.
    func values(_ column: ProgramOutline.Column, examples: [JSONValue]) -> [JSONValue] {
        var values: [JSONValue]
        switch kind {
        case .boolean: values = [false, true]
        case .string: values = texts(column) + (column.readsWords ? sentences(column, examples) : [])
        case .integer, .long: values = integers(column, examples).map { .int(Int($0)) }
        case .float, .double: values = numbers(column, examples).map(JSONValue.double)
        }
        if takesMissing { values.append(.null) }
        return values
    }

    private func texts(_ column: ProgramOutline.Column) -> [JSONValue] {
        var unseen = "never seen"
        while column.texts.contains(unseen) { unseen += "!" }
        var texts = column.texts.evenlySpaced(Self.textLimit)
        for text in [unseen, ""] where !texts.contains(text) { texts.append(text) }
        return texts.map(JSONValue.string)
    }

    private func numbers(_ column: ProgramOutline.Column, _ examples: [JSONValue]) -> [Double] {
        var numbers: [Double] = []
        for threshold in column.thresholds.evenlySpaced(Self.thresholdLimit) { numbers += around(threshold) }
        numbers += anchors(column, examples)
        if isExact {
            // LightGBM takes what is smaller than 1e-35 for zero.
            let largest = Double(Float.greatestFiniteMagnitude)
            numbers += [1e-35, largest, -largest]
            if kind == .double { numbers += [.greatestFiniteMagnitude, -.greatestFiniteMagnitude] }
        }
        return distinct(kind == .float ? numbers.map { Double(Float($0)) } : numbers)
    }

    private func around(_ threshold: ProgramOutline.Threshold) -> [Double] {
        let value = threshold.value
        guard threshold.width == .float32 || kind == .float else { return [value.nextDown, value, value.nextUp] }
        let (below, middle, above) = (Float(value).nextDown, Float(value), Float(value).nextUp)
        // Half-way to the next float32: rounded to the even one of both.
        let tie = (Double(middle) + Double(above)) / 2
        return [Double(below), Double(middle), Double(above)] + (kind == .double ? [tie] : [])
    }

    private func integers(_ column: ProgramOutline.Column, _ examples: [JSONValue]) -> [Int64] {
        let limit = kind == .integer ? 2_147_483_647.0 : 9_007_199_254_740_992
        var numbers: [Double] = []
        for threshold in column.thresholds.evenlySpaced(Self.thresholdLimit) {
            let floor = threshold.value.rounded(.down)
            numbers += [floor - 1, floor, floor + 1]
        }
        numbers += anchors(column, examples)
        if isExact { numbers += [limit, -limit] }
        return distinct(numbers.map { min(max($0.rounded(), -limit), limit) }).map { Int64($0) }
    }

    // What the program and the example say of a column's usual numbers, and the middles between them.
    private func anchors(_ column: ProgramOutline.Column, _ examples: [JSONValue]) -> [Double] {
        let known = Set(column.landmarks + examples.compactMap(\.doubleValue)).sorted().evenlySpaced(Self.landmarkLimit)
        let middles = zip(known, known.dropFirst()).map { $0 / 2 + $1 / 2 }
        let usual = [0, 1, -1] + (known.count < 4 ? [0.5, -0.5, 2, -2, 10, -10, 100] : [])
        return known + middles + usual
    }

    private func distinct(_ numbers: [Double]) -> [Double] {
        var seen: Set<Double> = []
        return numbers.filter { $0.isFinite && seen.insert($0).inserted }
    }
}
