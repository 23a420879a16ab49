/// One value of a document that XGBoost writes as JSON or UBJSON, with the byte at which it begins.
///
/// Arrays of numbers alone are kept as such, whichever way the file writes them.
struct BoosterValue: Sendable {
    enum Content: Sendable {
        case null
        case bool(Bool)
        case integer(Int64)
        case number(Float)
        case text(String)
        case integers([Int64])
        case numbers([Float])
        case list([BoosterValue])
        case object([(key: String, value: BoosterValue)])
    }

    var content: Content
    var offset: Int

    func refuse(_ reason: String) -> BoostersError { BoostersError(.malformed, reason, offset: offset) }

    /// The member of an object; nil when there is none, or when this is no object.
    subscript(_ key: String) -> BoosterValue? {
        guard case .object(let members) = content else { return nil }
        return members.first { $0.key == key }?.value
    }

    /// A member that must be there.
    func required(_ key: String) throws(BoostersError) -> BoosterValue {
        guard let value = self[key] else { throw refuse("it has no `\(key)`") }
        return value
    }

    /// The text of a member that must be there.
    func text(_ key: String) throws(BoostersError) -> String {
        let value = try required(key)
        guard case .text(let text) = value.content else { throw value.refuse("its `\(key)` is not a text") }
        return text
    }

    /// A whole number of a member that must be there; parameters are written as texts of numbers.
    func parameter(_ key: String, in range: ClosedRange<Int>, default fallback: Int? = nil) throws(BoostersError) -> Int
    {
        if self[key] == nil, let fallback { return fallback }
        let value = try required(key)
        let number: Int? =
            switch value.content {
            case .text(let text): Int(text)
            case .integer(let number): Int(number)
            default: nil
            }
        guard let number, range.contains(number) else {
            throw value.refuse(
                "its `\(key)` is not a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    /// The elements of a member that must be an array of whole numbers that fit 32 bits.
    func integers(_ key: String) throws(BoostersError) -> [Int32] {
        let value = try required(key)
        guard let numbers = value.integers else { throw value.refuse("its `\(key)` is not a list of whole numbers") }
        var result: [Int32] = []
        result.reserveCapacity(numbers.count)
        for number in numbers {
            guard let number = Int32(exactly: number) else {
                throw value.refuse("its `\(key)` has a number that does not fit 32 bits")
            }
            result.append(number)
        }
        return result
    }

    private var integers: [Int64]? {
        switch content {
        case .integers(let numbers): numbers
        case .list(let elements) where elements.isEmpty: []
        default: nil
        }
    }

    /// The elements of a member that must be an array of truth values, or of 0 and 1.
    func flags(_ key: String) throws(BoostersError) -> [Bool] {
        let value = try required(key)
        switch value.content {
        case .integers(let numbers) where numbers.allSatisfy({ $0 == 0 || $0 == 1 }): return numbers.map { $0 == 1 }
        case .list(let elements):
            let flags = elements.compactMap { if case .bool(let flag) = $0.content { flag } else { nil } }
            if flags.count == elements.count { return flags }
        default: break
        }
        throw value.refuse("its `\(key)` is not a list of truth values")
    }

    /// The elements of a member that must be an array of numbers.
    func numbers(_ key: String) throws(BoostersError) -> [Float] {
        let value = try required(key)
        switch value.content {
        case .numbers(let numbers): return numbers
        case .integers(let numbers): return numbers.map { Float($0) }
        case .list(let elements) where elements.isEmpty: return []
        default: throw value.refuse("its `\(key)` is not a list of numbers")
        }
    }

    /// The elements of a member that must be an array of texts; none when there is no such member.
    func texts(_ key: String) throws(BoostersError) -> [String] {
        guard let value = self[key] else { return [] }
        if case .list(let elements) = value.content {
            let texts = elements.compactMap { if case .text(let text) = $0.content { text } else { nil } }
            if texts.count == elements.count { return texts }
        }
        throw value.refuse("its `\(key)` is not a list of texts")
    }

    /// The elements of a member that must be an array of objects.
    func objects(_ key: String) throws(BoostersError) -> [BoosterValue] {
        let value = try required(key)
        guard case .list(let elements) = value.content else { throw value.refuse("its `\(key)` is not a list") }
        return elements
    }
}
