import JSONText

/// What the program says besides its operators: columns, answer and source.
struct ProgramHead: Sendable {
    var inputs: InputSchema
    /// Per column, the section of its string table.
    var stringSections: [Int?]
    var answer: Answer
    var source: SourceArtefact

    /// Checks a schema alone.
    static func check(_ inputs: InputSchema, kind: ScoringError.Kind = .unsound) throws(ScoringError) {
        guard !inputs.columns.isEmpty else { throw ScoringError(kind, "it takes no columns") }
        guard inputs.columns.count <= Limits.columns else {
            throw ScoringError(kind, "it takes \(inputs.columns.count) columns; the limit is \(Limits.columns)")
        }
        var seen: Set<[UInt8]> = []
        for column in inputs.columns where !seen.insert(Array(column.name.utf8)).inserted {
            throw ScoringError(kind, "two columns have the name `\(column.name)`")
        }
    }

    /// Checks that the answer fits the slots. `indexBounds` holds the bound of each slot that is an index.
    func check(slotCount: Int, indexBounds: [Slot: Int], kind: ScoringError.Kind) throws(ScoringError) {
        guard !answer.slots.isEmpty else { throw ScoringError(kind, "the answer is empty") }
        for slot in answer.slots where slot < 0 || slot >= slotCount {
            throw ScoringError(kind, "the answer names slot \(slot), but there are only \(slotCount)")
        }
        switch answer.layout {
        case .flat where answer.slots.count != 1:
            throw ScoringError(kind, "a flat answer has one slot, not \(answer.slots.count)")
        case .groups(let widths) where widths.contains { $0 < 1 || $0 > Limits.slots }:
            throw ScoringError(kind, "a group of the answer has no slots")
        case .groups(let widths) where widths.count > Limits.slots || widths.reduce(0, +) != answer.slots.count:
            throw ScoringError(kind, "the groups of the answer do not add up to \(answer.slots.count) slots")
        default: break
        }
        guard answer.labels.isEmpty || answer.labels.count == answer.slots.count else {
            throw ScoringError(kind, "there are \(answer.labels.count) label tables for \(answer.slots.count) slots")
        }
        for (slot, table) in zip(answer.slots, answer.labels) {
            guard let bound = indexBounds[slot], bound <= table.count else {
                throw ScoringError(kind, "slot \(slot) is not an index into its \(table.count) labels")
            }
        }
    }

    func encode(operators: [JSONObject], slotCount: Int) -> JSONValue {
        var columns: [JSONValue] = []
        for (column, strings) in zip(inputs.columns, stringSections) {
            var object: JSONObject = [:]
            object["name"] = .string(column.name)
            object["type"] = .string(column.type.rawValue)
            object["required"] = .bool(column.required)
            if column.missingIsUnknown { object["missing"] = "unknown" }
            if column.keepsText { object["text"] = "kept" }
            if let strings { object["strings"] = .int(strings) }
            columns.append(.object(object))
        }
        var form: JSONValue = .null
        if case .tensor(let type) = inputs.form { form = .string(type) }
        return [
            "columns": .array(columns), "tensor": form, "slots": .int(slotCount),
            "operators": .array(operators.map { .object($0) }), "answer": encodeAnswer(),
            "source": ["name": .string(source.name), "library": .string(source.library)],
        ]
    }

    private func encodeAnswer() -> JSONValue {
        var object: JSONObject = [:]
        switch answer.layout {
        case .flat: object["layout"] = "flat"
        case .rows: object["layout"] = "rows"
        case .groups(let widths):
            object["layout"] = "groups"
            object["widths"] = .array(widths.map { .int($0) })
        }
        // Not runs: an answer may repeat and reorder slots, and it is short.
        object["slots"] = .array(answer.slots.map { .int($0) })
        object["labels"] = .array(answer.labels.map(\.json))
        return .object(object)
    }

    /// Reads the head of a program whose operators were not looked at yet.
    init(_ program: JSONObject, sourceDigest: [UInt8]) throws(ScoringError) {
        func damaged(_ what: String) -> ScoringError { ScoringError(.damaged, "the program's \(what)") }
        func refuseOthers(_ object: JSONObject?, _ known: [String]) throws(ScoringError) {
            for key in object?.keys ?? [] where !known.contains(key) { throw damaged("field `\(key)` is not known") }
        }
        try refuseOthers(program, ["columns", "tensor", "slots", "operators", "answer", "source"])
        try refuseOthers(program["source"]?.objectValue, ["name", "library"])
        try refuseOthers(program["answer"]?.objectValue, ["layout", "widths", "slots", "labels"])
        guard let columns = program["columns"]?.arrayValue else { throw damaged("columns are not a list") }
        inputs = InputSchema(columns: [])
        stringSections = []
        for column in columns {
            try refuseOthers(column.objectValue, ["name", "type", "required", "missing", "text", "strings"])
            guard let object = column.objectValue, let name = object["name"]?.stringValue,
                let type = object["type"]?.stringValue.flatMap(ValueType.init(rawValue:)),
                let required = object["required"]?.boolValue
            else { throw damaged("column \(inputs.columns.count) has no name, type or `required`") }
            let missing = object["missing"]
            guard missing == nil || (missing?.stringValue == "unknown" && type == .string) else {
                throw damaged(
                    "column \(inputs.columns.count) has `missing` but is not of type string, or says something else")
            }
            let text = object["text"]
            guard text == nil || (text?.stringValue == "kept" && type == .string) else {
                throw damaged(
                    "column \(inputs.columns.count) has `text` but is not of type string, or says something else")
            }
            var input = InputColumn(name: name, type: type, required: required, missingIsUnknown: missing != nil)
            input.keepsText = text != nil
            inputs.columns.append(input)
            let strings = object["strings"]
            guard strings == nil || (strings?.intValue != nil && type == .string) else {
                throw damaged("column \(inputs.columns.count - 1) has texts but is not of type string")
            }
            stringSections.append(strings?.intValue)
        }
        switch program["tensor"] {
        case .null?: inputs.form = .table
        case .string(let type)?: inputs.form = .tensor(type: type)
        default: throw damaged("field `tensor` is neither a text nor null")
        }
        guard let name = program["source"]?["name"]?.stringValue,
            let library = program["source"]?["library"]?.stringValue
        else { throw damaged("source has no name or library") }
        source = SourceArtefact(sha256: sourceDigest, name: name, library: library)
        guard let answer = program["answer"]?.objectValue, let decoded = Self.decodeAnswer(answer) else {
            throw damaged("answer has no layout, slots or labels")
        }
        self.answer = decoded
    }

    private init(inputs: InputSchema, stringSections: [Int?], answer: Answer, artefact: SourceArtefact) {
        self.inputs = inputs
        self.stringSections = stringSections
        self.answer = answer
        source = artefact
    }

    init(inputs: InputSchema, stringSections: [Int?], answer: Answer, source: SourceArtefact) {
        self.init(inputs: inputs, stringSections: stringSections, answer: answer, artefact: source)
    }

    private static func decodeAnswer(_ object: JSONObject) -> Answer? {
        guard let slots = object["slots"]?.arrayValue?.compactMap(\.intValue),
            slots.count == object["slots"]?.arrayValue?.count, let tables = object["labels"]?.arrayValue
        else { return nil }
        let labels = tables.compactMap(LabelTable.init(json:))
        guard labels.count == tables.count else { return nil }
        switch object["layout"]?.stringValue {
        case "flat": return Answer(slots: slots, layout: .flat, labels: labels)
        case "rows": return Answer(slots: slots, layout: .rows, labels: labels)
        case "groups":
            guard let list = object["widths"]?.arrayValue else { return nil }
            let widths = list.compactMap(\.intValue)
            guard widths.count == list.count else { return nil }
            return Answer(slots: slots, layout: .groups(widths), labels: labels)
        default: return nil
        }
    }
}

extension LabelTable {
    fileprivate var json: JSONValue {
        switch self {
        case .strings(let values): ["strings": .array(values.map { .string($0) })]
        case .integers(let values): ["integers": .array(values.map { .int(Int($0)) })]
        case .doubles(let values): ["doubles": .array(values.map(DoubleText.encode))]
        case .booleans(let values): ["booleans": .array(values.map { .bool($0) })]
        }
    }

    fileprivate init?(json: JSONValue) {
        guard let (kind, value) = json.objectValue?.members.first, let list = value.arrayValue,
            json.objectValue?.count == 1
        else { return nil }
        switch kind {
        case "strings": self = .strings(list.compactMap(\.stringValue))
        case "integers": self = .integers(list.compactMap { $0.intValue.map(Int64.init) })
        case "doubles": self = .doubles(list.compactMap(DoubleText.decode))
        case "booleans": self = .booleans(list.compactMap(\.boolValue))
        default: return nil
        }
        guard count == list.count else { return nil }
    }
}
