@testable import Pickle

/// Writes a value as Python's `repr` would, to compare with Python itself.
func pythonText(_ value: PickleValue, _ graph: PickleGraph) -> String {
    switch value {
    case .null: return "None"
    case .bool(let flag): return flag ? "True" : "False"
    case .int(let number): return String(number)
    case .bigInteger: return "<big>"
    case .float(let number): return pythonText(number)
    case .text: return pythonText(graph.text(value) ?? "?")
    case .bytes: return "<bytes>"
    case .list: return "[" + elements(value, graph) + "]"
    case .tuple:
        let count = graph.elements(value)?.count ?? 0
        return "(" + elements(value, graph) + (count == 1 ? ",)" : ")")
    case .set: return "{" + elements(value, graph) + "}"
    case .dictionary:
        let pairs = graph.entries(value) ?? []
        return "{"
            + pairs.map { pythonText($0.key, graph) + ": " + pythonText($0.value, graph) }.joined(separator: ", ")
            + "}"
    case .global: return "<" + (graph.global(value)?.qualifiedName ?? "?") + ">"
    case .object: return "<" + (graph.className(of: value) ?? "?") + ">"
    }
}

func pythonText(_ number: Double) -> String {
    if number.isInfinite { return number < 0 ? "-inf" : "inf" }
    if number.isNaN { return "nan" }
    let text = "\(number)"
    guard let e = text.firstIndex(of: "e") else { return text }
    // Swift writes 1e-300 and 2.5e-08 as Python does, but pads no exponent and keeps a `.0`.
    let digits = text[..<e].hasSuffix(".0") ? text[..<e].dropLast(2) : text[..<e]
    let exponent = text[text.index(after: e)...]
    let sign = exponent.first == "-" ? "-" : "+"
    let power = exponent.drop { $0 == "-" || $0 == "+" }
    return "\(digits)e\(sign)\(power.count == 1 ? "0" : "")\(power)"
}

private func elements(_ value: PickleValue, _ graph: PickleGraph) -> String {
    (graph.elements(value) ?? []).map { pythonText($0, graph) }.joined(separator: ", ")
}

func pythonText(_ text: String) -> String {
    let quote: Character = text.contains("'") ? "\"" : "'"
    var result = String(quote)
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\\": result += "\\\\"
        case "\n": result += "\\n"
        case "\t": result += "\\t"
        case "\0": result += "\\x00"
        default: result.unicodeScalars.append(scalar)
        }
    }
    return result + String(quote)
}
