/// Untrusted text made safe to print: control, bidirectional, zero-width and other non-printing characters become `\u{…}`, and
/// what is longer than `limit` Unicode scalars is cut and ends with `…`.
///
/// Text without such characters comes back unchanged, also when it contains backslashes or backticks.
public func escaped(_ untrusted: String, limit: Int = 200) -> String {
    var result = ""
    var count = 0
    for scalar in untrusted.unicodeScalars {
        if count == limit { return result + "…" }
        count += 1
        if isPrintable(scalar) {
            result.unicodeScalars.append(scalar)
        } else {
            result += "\\u{\(String(scalar.value, radix: 16))}"
        }
    }
    return result
}

private func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
    if scalar.isASCII { return scalar.value >= 0x20 && scalar.value != 0x7f }
    switch scalar.properties.generalCategory {
    case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator, .spaceSeparator:
        return false
    default:
        return true
    }
}
