import JSONText

/// Looks a category up in sets: which way it goes at each of several categorical splits.
struct CategorySplits: Operator {
    static let name = "categorySplits"
    let input: Slot
    let outputs: Range<Slot>
    private let width: FloatWidth
    private let reading: CategoryReading
    private let limit: Double
    private let wordCount: Int
    private let sets: NumberArray<UInt32>

    // The first bits of a set; the categories' bits follow from the second word on.
    private static let missing = 0
    private static let invalid = 1
    private static let beyond = 2
    private static let firstCategory = 32

    init(_ fields: inout OperatorFields) throws(ScoringError) {
        try fields.expectInputs(1)
        input = fields.inputs[0]
        outputs = fields.outputs
        width = try fields.choice("width", FloatWidth.self)
        reading = try fields.choice("reading", CategoryReading.self)
        limit = Double(try fields.integer("limit", in: 1...(1 << 31)))
        // A set has a bit for each category below the limit at most.
        wordCount = try fields.integer("words", in: 0...(1 << 26))
        sets = try fields.uint32("sets")
        let (size, overflow) = outputs.count.multipliedReportingOverflow(by: wordCount + 1)
        guard !outputs.isEmpty, !overflow, sets.count == size else {
            throw fields.error("`sets` are not \(outputs.count) sets of \(wordCount + 1) words")
        }
    }

    func scratchByteCount(rows: Int) -> Int { rows * MemoryLayout<Int>.size }

    func run(_ block: RowBlock) {
        let source = block[input]
        let bits = block.scratch.bindMemory(to: Int.self, capacity: block.rows)
        for row in 0..<block.rows { bits[row] = bit(of: source[row]) }
        var set = sets.base
        for output in outputs {
            let target = block[output]
            for row in 0..<block.rows {
                target[row] = Double((set[bits[row] &>> 5] &>> UInt32(truncatingIfNeeded: bits[row] & 31)) & 1)
            }
            set += wordCount + 1
        }
    }

    /// Bits of a set.
    var bitCount: Int { 32 * (wordCount + 1) }

    /// Whether bit `bit` says that rows go right at split `split`.
    func goesRight(split: Int, bit: Int) -> Bool {
        (sets[split * (wordCount + 1) + bit / 32] >> UInt32(bit % 32)) & 1 == 1
    }

    /// The number of a set's bit that answers for `value`; below `bitCount`.
    @inline(__always)
    func bit(of value: Double) -> Int {
        let value = width == .float32 ? Double(Float(value)) : value
        guard !value.isNaN else { return Self.missing }
        guard let category = reading.category(of: value, limit: limit) else { return Self.invalid }
        return category < 32 * wordCount ? Self.firstCategory + category : Self.beyond
    }

    var details: [OperatorSummary.Detail] {
        [.init(name: "splits", value: outputs.count), .init(name: "categories", value: 32 * wordCount)]
    }
}

/// How a number is read as a category, a whole number from 0. Numbers that are none are invalid.
public enum CategoryReading: String, Sendable, CaseIterable {
    /// Cut off toward zero: -0.5 is category 0, -1 is invalid (LightGBM's cast to `int`).
    case truncated
    /// Rounded down: everything negative is invalid (XGBoost).
    case floored
    /// The low eight bits of the number cut off to an `int`, as x86 does it; a number beyond `int` is category 0. Nothing is invalid
    /// (HistGradientBoosting of scikit-learn 1.1, which casts to `unsigned char` first).
    case byte
    /// As `byte`, but everything negative is invalid (HistGradientBoosting of scikit-learn 1.2 and 1.3).
    case nonnegativeByte

    /// The category of `value`, which is not NaN; nil when it is invalid. 0 <= category < 2^31.
    @inline(__always)
    fileprivate func category(of value: Double, limit: Double) -> Int? {
        switch self {
        case .truncated: value > -1 && value < limit ? Int(value) : nil
        case .floored: value >= 0 && value < limit ? Int(value) : nil
        case .byte: lowByte(value, limit)
        case .nonnegativeByte: value >= 0 ? lowByte(value, limit) : nil
        }
    }

    @inline(__always)
    private func lowByte(_ value: Double, _ limit: Double) -> Int? {
        let isInt = value > -2_147_483_649 && value < 2_147_483_648
        let byte = isInt ? Int(value) & 255 : 0
        return Double(byte) < limit ? byte : nil
    }
}

/// Which way the rows go at a categorical split, for every category that there can be.
public struct CategorySplit: Hashable, Sendable {
    /// How a value becomes a category.
    public let reading: CategoryReading
    /// Categories from this number on are invalid; 1 ... 2^31.
    public let limit: Int
    /// Bit c % 32 of word c / 32 says that category c goes right; trailing words that say the same as `othersGoRight` are left out.
    public let categoriesGoRight: [UInt32]
    /// Whether a category goes right that has no bit.
    public let othersGoRight: Bool
    /// Whether a value goes right that is no category: negative or too large, as `reading` and `limit` say.
    public let invalidGoesRight: Bool
    /// Whether NaN goes right.
    public let missingGoesRight: Bool

    /// Describes a split.
    public init(
        reading: CategoryReading, limit: Int, categoriesGoRight: [UInt32], othersGoRight: Bool, invalidGoesRight: Bool,
        missingGoesRight: Bool
    ) {
        self.reading = reading
        self.limit = limit
        self.othersGoRight = othersGoRight
        self.invalidGoesRight = invalidGoesRight
        self.missingGoesRight = missingGoesRight
        let filler: UInt32 = othersGoRight ? .max : 0
        let used = categoriesGoRight.lastIndex { $0 != filler }
        self.categoriesGoRight = used.map { Array(categoriesGoRight[...$0]) } ?? []
    }

    /// The words of the set in the file, `wordCount` of them after the first.
    fileprivate func words(_ wordCount: Int) -> [UInt32] {
        let first: UInt32 = (missingGoesRight ? 1 : 0) | (invalidGoesRight ? 2 : 0) | (othersGoRight ? 4 : 0)
        let filler = repeatElement(othersGoRight ? UInt32.max : 0, count: wordCount - categoriesGoRight.count)
        return [first] + categoriesGoRight + filler
    }
}

extension ModelBuilder {
    /// Answers categorical splits of one slot.
    ///
    /// - Parameters:
    ///   - splits: not empty; all with the same `reading` and `limit`.
    ///   - width: with `.float32`, the value is rounded to the nearest float32 first.
    /// - Returns: one slot per split: 0 where the row goes left, 1 where it goes right; never NaN.
    public mutating func categorySplits(
        _ slot: Slot, _ splits: [CategorySplit], width: FloatWidth
    ) throws(ScoringError) -> [Slot] {
        guard let first = splits.first,
            splits.allSatisfy({ $0.reading == first.reading && $0.limit == first.limit })
        else {
            throw ScoringError(.unsound, "`\(CategorySplits.name)` has no splits, or they read categories differently")
        }
        let wordCount = splits.map(\.categoriesGoRight.count).max() ?? 0
        let parameters: JSONObject = [
            "width": .string(width.rawValue), "reading": .string(first.reading.rawValue), "limit": .int(first.limit),
            "words": .int(wordCount), "sets": addArray(splits.flatMap { $0.words(wordCount) }),
        ]
        return try add(
            CategorySplits.name, inputs: [slot], outputCount: splits.count, parameters, origin: .first)
    }
}
