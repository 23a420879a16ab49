import JSONText

/// Float64 values in the program: finite numbers as JSON numbers, the others as texts.
enum DoubleText {
    static func encode(_ value: Double) -> JSONValue {
        if value.isNaN { return .string("nan") }
        if value.isInfinite { return .string(value < 0 ? "-inf" : "inf") }
        return .double(value)
    }

    static func decode(_ value: JSONValue) -> Double? {
        switch value.stringValue {
        case "nan": .nan
        case "inf": .infinity
        case "-inf": -.infinity
        default: value.doubleValue
        }
    }
}
