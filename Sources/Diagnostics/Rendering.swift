/// Turns a diagnostic into the text that a person reads; the only place where diagnostics get their looks.
///
/// ```
/// error: cannot convert `model.pkl`: it calls `os.system`, which is not a known model type
///   --> churn/model.pkl at byte 18,204 (opcode REDUCE)
///   - a further detail
/// hint: build with `--runtime python` to run this model in a Python container that you trust
/// ```
public enum Rendering {
    /// The whole text of `diagnostic`, ending with a line feed.
    ///
    /// Control, bidirectional and other non-printing characters come out as `\u{…}`, so that words from a model cannot
    /// steer a terminal. Line feeds in a summary, detail or hint continue on an indented line.
    public static func text(_ diagnostic: Diagnostic, colour: Bool) -> String {
        let paint = Paint(enabled: colour)
        let severity = diagnostic.severity
        let severityColour = severity == .error ? "31" : severity == .warning ? "33" : "36"
        var text = paint.coloured("\(severity.rawValue):", "1;" + severityColour)
        text += " " + paint.coloured(lines(diagnostic.summary, indent: "  "), "1") + "\n"
        if let place = diagnostic.place {
            let words = place.description
            if !words.isEmpty { text += paint.coloured("  -->", "34") + " " + oneLine(words) + "\n" }
            text += excerpt(place, paint)
        }
        for detail in diagnostic.details { text += "  - " + lines(detail, indent: "    ") + "\n" }
        for hint in diagnostic.hints {
            text += paint.coloured("hint:", "1;36") + " " + lines(hint, indent: "      ") + "\n"
        }
        return text
    }

    /// The source line with a caret under the column; nothing when the place has no source line.
    private static func excerpt(_ place: Place, _ paint: Paint) -> String {
        guard let source = place.sourceLine else { return "" }
        let number = place.line.map(String.init) ?? ""
        let margin = String(repeating: " ", count: number.utf8.count)
        let scalars = Array(source.unicodeScalars)
        let column = max(1, place.column ?? 1)
        // A long line is shown as a window around the column.
        let width = 160
        let start = column > width - 20 ? column - width / 2 : 0
        let end = min(scalars.count, start + width)
        let shown = start < end ? scalars[start..<end] : []
        func string(_ part: some Sequence<Unicode.Scalar>) -> String {
            var result = String.UnicodeScalarView()
            for scalar in part { result.append(scalar == "\t" ? " " : scalar) }
            return oneLine(String(result))
        }
        let before = string(shown.prefix(max(0, column - 1 - start)))
        let lead = start > 0 ? "…" : ""
        var text = " \(paint.coloured("\(number) |", "34")) \(lead)\(string(shown))\(end < scalars.count ? "…" : "")\n"
        guard place.column != nil else { return text }
        let blank = String(repeating: " ", count: before.unicodeScalars.count + lead.unicodeScalars.count)
        text += " \(paint.coloured("\(margin) |", "34")) \(blank)\(paint.coloured("^", "1;31"))\n"
        return text
    }

    private static func oneLine(_ text: String) -> String { escaped(text, limit: .max) }

    private static func lines(_ text: String, indent: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { oneLine(String($0)) }
            .joined(separator: "\n" + indent)
    }
}

/// Escape sequences of a terminal, or none.
private struct Paint {
    let enabled: Bool

    func coloured(_ text: String, _ code: String) -> String {
        enabled ? "\u{1b}[\(code)m\(text)\u{1b}[0m" : text
    }
}
