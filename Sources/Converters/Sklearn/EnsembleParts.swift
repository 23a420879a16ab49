import Pickle
import Scoring

// What converters of estimators that are made of others have in common.
extension Estimator {
    /// The converters of the estimators in the list `name`; throws every reason of all of them.
    func converters(_ name: String = "estimators_") throws -> [any Converter] {
        var converters: [any Converter] = []
        var collector = RefusalCollector()
        for (index, value) in try list(name).enumerated() {
            let converter = try collector.attempt {
                try ConverterCatalog.converter(for: try part(value, at: "\(name)[\(index)]"))
            }
            if let converter { converters.append(converter) }
        }
        try collector.finish()
        guard !converters.isEmpty else { throw refuse("it has no estimators") }
        return converters
    }

    /// One number of an attribute; nil when it is None or not there.
    func number(_ name: String) throws -> Double? {
        if isNone(name) { return nil }
        guard case .number(let number) = PickledScalar(try required(name), graph) else {
            throw unexpected(name, "a number")
        }
        return number
    }

    /// The whole numbers of a list or array.
    func integers(_ name: String) throws -> [Int] {
        let value = try required(name)
        guard let elements = graph.elements(value) else {
            guard let integers = try readArray(value, name).integers else {
                throw unexpected(name, "a list of whole numbers")
            }
            return integers
        }
        try budget.take(elements.count, itemSize: 8)
        return try elements.map { element in
            guard case .number(let number) = PickledScalar(element, graph), let integer = Int(exactly: number) else {
                throw unexpected(name, "a list of whole numbers")
            }
            return integer
        }
    }

    /// The labels of the attribute `classes_`, which some classifiers take from a `LabelBinarizer`.
    func classLabels() throws -> LabelTable {
        if self["classes_"] == nil, let value = self["_label_binarizer"] {
            return try part(value, at: "_label_binarizer").classLabels()
        }
        return try ClassLabels.read(try required("classes_"), of: self)
    }

    /// Names of the parts that several families hold: what stores labels and what stores estimators by name.
    static let labelParts: [String: PickleUse] = [
        "sklearn.preprocessing._label.LabelEncoder": [.new, .build],
        "sklearn.preprocessing._label.LabelBinarizer": [.new, .build],
        "sklearn.utils._bunch.Bunch": [.new, .build, .fill],
    ]
}

extension Converter {
    /// The numbers that `method` answers: one slot per column, whether the answer is flat or in rows.
    func numbers(_ method: PredictMethod, _ table: Table, into program: inout Program) throws -> [Slot] {
        let answer = try answer(to: method, table, into: &program)
        guard answer.labels.isEmpty else { throw estimator.refuse("its answer is a label where a number is needed") }
        if case .groups = answer.layout { throw estimator.refuse("it has several outputs where one is needed") }
        return answer.slots
    }

    /// The one number of a row that `predict` of a regressor answers.
    func number(_ table: Table, into program: inout Program) throws -> Slot {
        let slots = try numbers(.predict, table, into: &program)
        guard slots.count == 1 else { throw estimator.refuse("it has several outputs where one is needed") }
        return slots[0]
    }

    /// The label that `predict` of a classifier answers: its index and the labels.
    func label(_ table: Table, into program: inout Program) throws -> (Slot, LabelTable) {
        let answer = try answer(to: .predict, table, into: &program)
        guard answer.labels.count == 1, answer.slots.count == 1 else {
            throw estimator.refuse("its answer is not one label where one is needed")
        }
        return (answer.slots[0], answer.labels[0])
    }

    /// Refuses an estimator that answers in float32 where numbers are combined in the width in which they come.
    func requireDoubles(_ method: PredictMethod) throws {
        guard answerType(method) == .float64 else {
            throw estimator.refuse("it answers in float32, and arithmetic with its answers is not converted")
        }
    }
}

extension Sequence<any Converter> {
    /// The columns that any of them uses.
    func usedColumns(names: [String]?, count: Int) throws -> Set<Int> {
        var used: Set<Int> = []
        for converter in self { used.formUnion(try converter.usedColumns(names: names, count: count)) }
        return used
    }
}

extension Table {
    /// The array of numbers that scikit-learn makes of it when any type will do (`check_array(dtype=None)` or `"numeric"`).
    func asNumbers(for estimator: Estimator) throws -> Table {
        try requireNumbers(for: estimator)
        let type = stackedType
        return asArray(type == .object ? .float64 : type)
    }
}

extension LabelTable {
    /// The positions of all labels.
    var positions: Range<Int> { 0..<count }

    /// The labels at `positions`.
    func selecting(_ positions: [Int]) -> LabelTable {
        switch self {
        case .strings(let values): .strings(positions.map { values[$0] })
        case .integers(let values): .integers(positions.map { values[$0] })
        case .doubles(let values): .doubles(positions.map { values[$0] })
        case .booleans(let values): .booleans(positions.map { values[$0] })
        }
    }

    /// The labels as numbers; nil when they are texts, or too large for a float64.
    var numbers: [Double]? {
        switch self {
        case .strings: return nil
        case .integers(let values):
            let numbers = values.compactMap { Double(exactly: $0) }
            return numbers.count == values.count ? numbers : nil
        case .doubles(let values): return values
        case .booleans(let values): return values.map { $0 ? 1 : 0 }
        }
    }

    /// The tables as NumPy stacks them into one array: truth values beside numbers become numbers, whole numbers beside others
    /// become floats. Nil when texts stand beside numbers.
    static func unified(_ tables: [LabelTable]) -> [LabelTable]? {
        func all(_ isOne: (LabelTable) -> Bool) -> Bool { tables.allSatisfy(isOne) }
        if all({ if case .strings = $0 { true } else { false } }) { return tables }
        if all({ if case .booleans = $0 { true } else { false } }) { return tables }
        if all({ if case .integers = $0 { true } else { false } }) { return tables }
        let numbers = tables.compactMap(\.numbers)
        guard numbers.count == tables.count else { return nil }
        if tables.contains(where: { if case .doubles = $0 { true } else { false } }) {
            return numbers.map { .doubles($0) }
        }
        return numbers.map { .integers($0.map { Int64($0) }) }
    }

    /// The place of each label in another table of the same kind; nil when one is not there.
    func positions(in whole: LabelTable) -> [Int]? {
        func places<Value: Equatable>(_ values: [Value], _ all: [Value]) -> [Int]? {
            let places = values.compactMap { all.firstIndex(of: $0) }
            return places.count == values.count ? places : nil
        }
        switch (self, whole) {
        case (.strings(let values), .strings(let all)):
            return places(values.map { Array($0.utf8) }, all.map { Array($0.utf8) })
        case (.integers(let values), .integers(let all)): return places(values, all)
        case (.doubles(let values), .doubles(let all)): return places(values, all)
        case (.booleans(let values), .booleans(let all)): return places(values, all)
        default: return nil
        }
    }

    /// The labels as positions in a list of `count`: what a `LabelEncoder` made of labels. Nil when they are something else.
    func positions(below count: Int) -> [Int]? {
        guard case .integers(let values) = self else { return nil }
        let positions = values.compactMap { Int(exactly: $0) }
        return positions.allSatisfy { (0..<count).contains($0) } ? positions : nil
    }
}

extension Program {
    /// Slots that hold the same numbers in every row.
    mutating func constants(_ values: [Double]) throws -> [Slot] {
        try builder.linear([], weights: [], intercepts: values, width: .float64)
    }

    /// A slot with the same label index in every row.
    mutating func constantIndex(_ index: Int, of count: Int) throws -> Slot {
        try builder.argmax(try constants((0..<count).map { $0 == index ? 1 : 0 }))
    }

    /// ((0 + w[0]·s[0]) + w[1]·s[1]) + …
    mutating func weightedSum(_ slots: [Slot], _ weights: [Double]) throws -> Slot {
        try builder.linear(slots, weights: weights, intercepts: [0], width: .float64)[0]
    }

    /// The sums over neighbouring rows of slots: output o is the sum of `rows[…][o]`, in their order, from 0.
    mutating func sums(_ rows: [[Slot]], _ weights: [Double]? = nil) throws -> [Slot] {
        let weights = weights ?? Array(repeating: 1, count: rows.count)
        return try (0..<(rows.first?.count ?? 0)).map { column in
            try weightedSum(rows.map { $0[column] }, weights)
        }
    }

    /// Every slot divided by the same number.
    mutating func quotients(_ slots: [Slot], by divisor: Double) throws -> [Slot] {
        try builder.scale(
            slots, steps: [.divide(Array(repeating: divisor, count: slots.count))], width: .float64)
    }

    /// The number that belongs to each label index.
    mutating func lookup(_ index: Slot, _ values: [Double]) throws -> Slot {
        try builder.recode(
            index, codes: Array(values.indices), values: values, unknown: .value(.nan), missing: .value(.nan))
    }

    /// One slot per class, 1 at the label's and 0 elsewhere; `positions[i]` is the class of label index i.
    mutating func votes(_ index: Slot, _ positions: [Int], classCount: Int) throws -> [Slot] {
        try builder.oneHot(
            index, width: classCount, codes: Array(positions.indices), columns: positions, unknown: .zeros,
            missing: .zeros)
    }
}

extension [any Converter] {
    /// The estimators, when all are trees of one output.
    func treesOfOneOutput(areClassifiers: Bool) -> [Estimator]? {
        let trees = map(\.estimator)
        let isForest = trees.allSatisfy { tree in
            DecisionTreeConverter.classNames.contains(tree.className) && (try? tree.int("n_outputs_")) == 1
                && tree.shortName.hasSuffix(areClassifiers ? "Classifier" : "Regressor")
        }
        return isForest ? trees : nil
    }
}
