import Bytes

/// Lines of `key=value` up to an empty line or the end, each key at most once, and typed access to them.
struct LightGBMFields {
    private struct Field {
        var value: Range<Int>
        var line: Int
    }

    private let lines: TextLines
    private var fields: [String: Field] = [:]
    private let firstLine: Int

    /// Reads the lines and the empty ones after them. A key that is not in `known` is refused.
    init(_ lines: inout TextLines, known: Set<String>) throws(BoostersError) {
        firstLine = lines.number + 1
        while let byte = lines.nextByte, byte != UInt8(ascii: "\n"), let line = lines.next() {
            let equals = line.first { lines.region[$0] == UInt8(ascii: "=") }
            // The boosting type `rf` is a key alone.
            let key = line.lowerBound..<(equals ?? line.upperBound)
            let name = key.count <= 64 ? lines.text(key) : ""
            guard known.contains(name) else {
                throw BoostersError(.malformed, "the line begins with a key that is not known", line: lines.number)
            }
            guard fields[name] == nil else {
                throw BoostersError(.malformed, "the key `\(name)` is there twice", line: lines.number)
            }
            let value = (equals.map { $0 + 1 } ?? line.upperBound)..<line.upperBound
            fields[name] = Field(value: value, line: lines.number)
        }
        lines.skipEmpty()
        self.lines = lines
    }

    func has(_ key: String) -> Bool { fields[key] != nil }

    func error(_ key: String, _ kind: BoostersError.Kind, _ reason: String) -> BoostersError {
        BoostersError(kind, reason, line: fields[key]?.line ?? firstLine)
    }

    private func value(_ key: String) throws(BoostersError) -> Range<Int> {
        guard let field = fields[key] else { throw error(key, .malformed, "the key `\(key)` is missing") }
        return field.value
    }

    func text(_ key: String) throws(BoostersError) -> String {
        let range = try value(key)
        guard range.count <= 1 << 16 else { throw error(key, .malformed, "`\(key)` is too long") }
        return lines.text(range)
    }

    func words(_ key: String) throws(BoostersError) -> [Range<Int>] { lines.words(try value(key)) }

    /// A whole number in `range`, whose upper end is the limit `limit`.
    func integer(_ key: String, in range: ClosedRange<Int>, _ limit: String) throws(BoostersError) -> Int {
        try integer(try value(key), key, in: range, limit)
    }

    func integer(
        _ word: Range<Int>, _ key: String, in range: ClosedRange<Int>, _ limit: String
    ) throws(BoostersError) -> Int {
        guard let number = lines.integer(word), number >= range.lowerBound else {
            throw error(key, .malformed, "`\(key)` is not a whole number from \(range.lowerBound)")
        }
        guard number <= range.upperBound else {
            throw error(
                key, .limit(name: limit, value: range.upperBound),
                "`\(key)` is \(number), more than \(range.upperBound)")
        }
        return number
    }

    /// A list of exactly `count` whole numbers in `range`.
    func integers(_ key: String, count: Int, in range: ClosedRange<Int>) throws(BoostersError) -> [Int] {
        let words = try list(key, count)
        var result: [Int] = []
        result.reserveCapacity(count)
        for word in words {
            guard let number = lines.integer(word), range.contains(number) else {
                throw error(
                    key, .malformed,
                    "`\(key)` holds something else than whole numbers from \(range.lowerBound) to "
                        + "\(range.upperBound)")
            }
            result.append(number)
        }
        return result
    }

    /// A list of exactly `count` numbers, which are finite unless infinite ones are allowed.
    func numbers(
        _ key: String, count: Int, allowsInfinity: Bool = false
    ) throws(BoostersError) -> [Double] {
        let words = try list(key, count)
        var result: [Double] = []
        result.reserveCapacity(count)
        for word in words {
            guard let number = lines.number(word) ?? (allowsInfinity ? lines.infinity(word) : nil) else {
                let kind = allowsInfinity ? "numbers" : "finite numbers"
                throw error(key, .malformed, "`\(key)` holds something else than \(kind)")
            }
            result.append(number)
        }
        return result
    }

    private func list(_ key: String, _ count: Int) throws(BoostersError) -> [Range<Int>] {
        let words = try words(key)
        guard words.count == count else {
            throw error(key, .malformed, "`\(key)` has \(words.count) elements instead of \(count)")
        }
        return words
    }

    /// The objective: a name and parameters, separated by blanks.
    func objective(outputCount: Int) throws(BoostersError) -> LightGBMObjective? {
        guard has("objective") else { return nil }
        let words = try text("objective").split(separator: " ").map(String.init)
        guard let name = words.first else { throw error("objective", .malformed, "`objective` is empty") }
        var parameters: [String: Double] = [:]
        var isSquareRoot = false
        for word in words.dropFirst() {
            let parts = word.split(separator: ":", omittingEmptySubsequences: false)
            if word == "sqrt" {
                isSquareRoot = true
            } else if parts.count == 2, ["sigmoid", "num_class", "alpha", "tweedie_variance_power"].contains(parts[0]),
                let number = Double(parts[1]), number.isFinite
            {
                parameters[String(parts[0])] = number
            } else {
                throw error("objective", .unsupported, "its objective `\(name)` has a parameter that is not known")
            }
        }
        let isMulticlass = name == "multiclass" || name == "multiclassova"
        guard isMulticlass ? parameters["num_class"] == Double(outputCount) : outputCount == 1 else {
            throw error("objective", .malformed, "its objective `\(name)` does not go with \(outputCount) raw scores")
        }
        switch name {
        case "regression", "regression_l1": return isSquareRoot ? .signedSquare : .identity
        case "huber", "fair", "quantile", "mape", "lambdarank", "rank_xendcg": return .identity
        case "poisson", "gamma", "tweedie": return .exponential
        case "cross_entropy": return .sigmoid(scale: 1)
        case "cross_entropy_lambda": return .softplus
        case "multiclass": return .softmax
        case "binary", "multiclassova":
            guard let scale = parameters["sigmoid"], scale > 0 else {
                throw error("objective", .malformed, "its objective `\(name)` has no `sigmoid` above 0")
            }
            return .sigmoid(scale: scale)
        default: throw error("objective", .unsupported, "its objective is not known")
        }
    }
}
