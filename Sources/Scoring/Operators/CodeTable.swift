import JSONText

/// Maps category codes to small numbers ("targets"): 0 stands for an unknown category, 1 for a missing one, 2… for the entries.
struct CodeTable: Sendable {
    static let unknown = 0
    static let missing = 1
    static let firstEntry = 2
    private let targets: NumberArray<UInt32>

    /// Reads the array `codes`, indexed by code; every element is below `firstEntry + entryCount`.
    init(_ fields: inout OperatorFields, entryCount: Int) throws(ScoringError) {
        targets = try fields.uint32("codes")
        let limit = Self.firstEntry + entryCount
        guard targets.buffer.allSatisfy({ Int($0) < limit }) else {
            throw fields.error("`codes` holds a number that is not below \(limit)")
        }
    }

    var count: Int { targets.count }

    /// The target of a code; codes beyond the table, negative or fractional ones are unknown categories.
    @inline(__always)
    func target(of code: Double) -> Int {
        guard code >= 0, code < Double(targets.count) else { return code.isNaN ? Self.missing : Self.unknown }
        let index = Int(code)
        return Double(index) == code ? Int(targets[index]) : Self.unknown
    }

    /// The array for the file: `codes[i]` has entry `entries[i]`.
    static func encode(codes: [Int], entries: [Int], operation: String) throws(ScoringError) -> [UInt32] {
        guard codes.count == entries.count else {
            throw ScoringError(
                .unsound, "`\(operation)` has \(entries.count) values for \(codes.count) categories")
        }
        guard codes.allSatisfy({ $0 >= 0 && $0 < Limits.slots }) else {
            throw ScoringError(.unsound, "`\(operation)` has a category code out of range")
        }
        var table = [UInt32](repeating: UInt32(unknown), count: (codes.max() ?? -1) + 1)
        for (code, entry) in zip(codes, entries) {
            guard table[code] == UInt32(unknown) else {
                throw ScoringError(.unsound, "`\(operation)` names category code \(code) twice")
            }
            table[code] = UInt32(firstEntry + entry)
        }
        return table
    }
}

/// What an operator on categories does with a category that it does not know, or with a missing one.
enum Fallback: String, CaseIterable {
    case value
    case refuse
}

/// The sentence that goes with a refused category.
enum CategoryRefusal {
    static func error(isMissing: Bool, row: Int, column: String?) -> ScoringError {
        let reason =
            isMissing
            ? "the value is missing, and the model's encoder knows no missing category"
            : "the value is not one of the categories that the model's encoder knows"
        return .rejected(row: row, column: column, reason)
    }
}
