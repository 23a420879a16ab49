/// Which requests' data stand in the log, and how: `SKIFF_LOG_DATA`.
///
/// Off unless it is set: what is scored is often about people, and a log is read by others than those who may see it.
public struct DataLogging: Sendable, Equatable {
    /// How values are written.
    public enum Form: Sendable, Equatable {
        /// As they are.
        case plain
        /// Each as a keyed digest.
        case hashed
    }

    /// How values are written.
    public var form: Form
    /// Which share of the requests, above 0 and at most 1.
    public var rate: Double

    /// Parses `off`, `full`, `hashed`, `sampled:RATE` or `hashed:RATE`; `off` gives nil.
    ///
    /// - Throws: `ServerError` of kind `.configuration`.
    static func parse(_ text: String) throws(ServerError) -> DataLogging? {
        switch text {
        case "off": return nil
        case "full": return DataLogging(form: .plain, rate: 1)
        case "hashed": return DataLogging(form: .hashed, rate: 1)
        default: break
        }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0] == "sampled" || parts[0] == "hashed", let rate = Double(parts[1]), rate > 0,
            rate <= 1
        else {
            throw .misuse(
                .configuration,
                "cannot use SKIFF_LOG_DATA=`\(quoted(text))`: it must be `off`, `full`, `hashed`, `sampled:RATE` or `hashed:RATE`",
                hints: ["RATE is the share of the requests, above 0 and at most 1, as in `sampled:0.01`"])
        }
        return DataLogging(form: parts[0] == "hashed" ? .hashed : .plain, rate: rate)
    }
}
