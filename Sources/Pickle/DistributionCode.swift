/// The Python code that SciPy's distributions carry in their state and run when they are loaded.
///
/// Source: `parse_arg_template` and `rv_generic._attach_argparser_methods` in `scipy/stats/_distn_infrastructure.py`, 1.5 to 1.17.
enum DistributionCode {
    /// The attribute of the state that holds it.
    static let key = "_parse_arg_template"
    /// What is said of a state with other code.
    static let words =
        "a state sets `_parse_arg_template` to code that is not SciPy's, which would run when it is loaded"

    /// Whether `text` is SciPy's template filled with names of parameters, and nothing else.
    static func isGenuine(_ text: String) -> Bool {
        let start = "\ndef _parse_args(self, "
        guard text.hasPrefix(start) else { return false }
        for (taken, given) in [("loc=0, scale=1", "loc, scale"), ("loc=0", "loc, 1")] {
            for shapes in candidates(text.dropFirst(start.count)) {
                if text == template(shapes, taken, given) { return true }
            }
        }
        return false
    }

    /// What stands before the first ` loc=0`, when these are names with commas.
    private static func candidates(_ rest: Substring) -> [String] {
        let line = rest.prefix { $0 != "\n" }
        guard let end = line.firstRange(of: " loc=0") else { return [] }
        let shapes = line[..<end.lowerBound]
        let isPlain = shapes.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: ","), UInt8(ascii: " "):
                true
            default: false
            }
        }
        return isPlain ? [String(shapes)] : []
    }

    private static func template(_ shapes: String, _ taken: String, _ given: String) -> String {
        """

        def _parse_args(self, \(shapes) \(taken)):
            return (\(shapes)), \(given)

        def _parse_args_rvs(self, \(shapes) \(taken), size=None):
            return self._argcheck_rvs(\(shapes) \(given), size=size)

        def _parse_args_stats(self, \(shapes) \(taken), moments='mv'):
            return (\(shapes)), \(given), moments

        """
    }
}
