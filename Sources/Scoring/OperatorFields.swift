import JSONText

/// One operator's description while it is read: named fields with types and ranges, and arrays by section number.
///
/// A field that no operator asked for is an error, so that a newer file is never half understood.
struct OperatorFields {
    let name: String
    let number: Int
    let inputs: [Slot]
    let outputs: Range<Slot>
    let sections: SectionTable
    private let columns: [InputColumn]
    private let object: JSONObject
    private var used: Set<String> = ["op", "in", "out"]

    /// Reads the fields that every operator has; its outputs must begin at `slotCount`, and its inputs lie below.
    init(
        _ object: JSONObject, number: Int, slotCount: Int, columns: [InputColumn], sections: SectionTable
    ) throws(ScoringError) {
        self.columns = columns
        self.object = object
        self.number = number
        self.sections = sections
        name = object["op"]?.stringValue ?? "?"
        inputs = try SlotRuns.decode(object["in"], below: slotCount, what: "the inputs of operator \(number)")
        guard let out = object["out"]?.arrayValue, out.count == 2, let first = out[0].intValue,
            let count = out[1].intValue, first == slotCount, count >= 0, count <= Limits.slots - first
        else {
            throw ScoringError(.damaged, "the outputs of operator \(number) (\(name)) do not follow slot \(slotCount)")
        }
        outputs = first..<(first + count)
    }

    func error(_ reason: String) -> ScoringError {
        ScoringError(.damaged, "operator \(number) (\(name)): \(reason)")
    }

    mutating func integer(_ key: String, in range: ClosedRange<Int>) throws(ScoringError) -> Int {
        guard let value = take(key)?.intValue, range.contains(value) else {
            throw error("`\(key)` is not a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    /// A float64, with "nan", "inf" and "-inf" as texts because JSON has no words for them.
    mutating func double(_ key: String) throws(ScoringError) -> Double {
        guard let value = take(key).flatMap(DoubleText.decode) else { throw error("`\(key)` is not a number") }
        return value
    }

    mutating func flag(_ key: String) throws(ScoringError) -> Bool {
        guard let value = take(key)?.boolValue else { throw error("`\(key)` is not true or false") }
        return value
    }

    mutating func text(_ key: String) throws(ScoringError) -> String {
        guard let value = take(key)?.stringValue else { throw error("`\(key)` is not a text") }
        return value
    }

    /// The names of input columns that are given by number, nil where the number is -1.
    mutating func columns(_ key: String, count: Int) throws(ScoringError) -> [String?] {
        guard let values = take(key)?.arrayValue, values.count == count else {
            throw error("`\(key)` is not a list of \(count) column numbers")
        }
        var result: [String?] = []
        for value in values {
            guard let number = value.intValue, number == -1 || columns.indices.contains(number) else {
                throw error("`\(key)` holds something that is not a column number")
            }
            result.append(number == -1 ? nil : columns[number].name)
        }
        return result
    }

    mutating func objects(_ key: String) throws(ScoringError) -> [JSONObject] {
        guard let values = take(key)?.arrayValue else { throw error("`\(key)` is not a list") }
        var result: [JSONObject] = []
        for value in values {
            guard let object = value.objectValue else { throw error("`\(key)` holds something that is not an object") }
            result.append(object)
        }
        return result
    }

    /// One of the cases of an enumeration with text values.
    mutating func choice<Choice: RawRepresentable & CaseIterable>(
        _ key: String, _ type: Choice.Type
    ) throws(ScoringError) -> Choice where Choice.RawValue == String {
        guard let value = take(key)?.stringValue.flatMap(Choice.init(rawValue:)) else {
            let known = Choice.allCases.map { "`\($0.rawValue)`" }.joined(separator: ", ")
            throw error("`\(key)` is not one of \(known)")
        }
        return value
    }

    mutating func float64(_ key: String, count: Int? = nil) throws(ScoringError) -> NumberArray<Double> {
        let array = try sections.float64(sectionNumber(key))
        try check(array.count, count, key)
        return array
    }

    mutating func float32(_ key: String, count: Int? = nil) throws(ScoringError) -> NumberArray<Float> {
        let array = try sections.float32(sectionNumber(key))
        try check(array.count, count, key)
        return array
    }

    mutating func uint32(_ key: String, count: Int? = nil) throws(ScoringError) -> NumberArray<UInt32> {
        let array = try sections.uint32(sectionNumber(key))
        try check(array.count, count, key)
        return array
    }

    mutating func uint64(_ key: String, count: Int? = nil) throws(ScoringError) -> NumberArray<UInt64> {
        let array = try sections.uint64(sectionNumber(key))
        try check(array.count, count, key)
        return array
    }

    /// A table of texts.
    mutating func strings(_ key: String) throws(ScoringError) -> StringTable {
        try sections.strings(sectionNumber(key))
    }

    /// Whether a field is there and is not null.
    mutating func has(_ key: String) -> Bool { take(key).map { !$0.isNull } ?? false }

    /// The place among the kept texts of the column that is the only input, and its name.
    func textInput() throws(ScoringError) -> (place: Int, column: String) {
        try expectInputs(1)
        guard columns.indices.contains(inputs[0]), columns[inputs[0]].keepsText else {
            throw error("its input is not a column whose texts are kept")
        }
        return (columns[..<inputs[0]].count { $0.keepsText }, columns[inputs[0]].name)
    }

    /// Refuses fields that were not read.
    func finish() throws(ScoringError) {
        for key in object.keys where !used.contains(key) { throw error("the field `\(key)` is not known") }
    }

    /// Refuses another number of outputs than `count`.
    func expectOutputs(_ count: Int) throws(ScoringError) {
        guard outputs.count == count else { throw error("it has \(outputs.count) outputs instead of \(count)") }
    }

    /// Refuses another number of inputs than `count`.
    func expectInputs(_ count: Int) throws(ScoringError) {
        guard inputs.count == count else { throw error("it has \(inputs.count) inputs instead of \(count)") }
    }

    private mutating func take(_ key: String) -> JSONValue? {
        used.insert(key)
        return object[key]
    }

    private mutating func sectionNumber(_ key: String) throws(ScoringError) -> Int {
        try integer(key, in: 1...Limits.sections)
    }

    private func check(_ count: Int, _ wanted: Int?, _ key: String) throws(ScoringError) {
        guard let wanted, wanted != count else { return }
        throw error("the array `\(key)` has \(count) elements instead of \(wanted)")
    }
}
