/// How far requests and answers follow MLflow's scoring server where that server is careless.
enum Compatibility: String, Sendable, CaseIterable {
    /// Nothing is changed without a word; the default.
    case strict
    /// Also what MLflow takes and gives, where no value is lost by it.
    case mlflow

    /// Whether the server does what MLflow does in this respect.
    func follows(_ quirk: Quirk) -> Bool { self == .mlflow ? quirk.isFollowedByMLflowMode : quirk.isFollowedByDefault }
}

/// Every respect in which MLflow's scoring server changes, guesses or tolerates something without a word, and what this server does.
/// `examples/mlflow-protocol.md` has the same table for readers; a test compares them.
enum Quirk: String, CaseIterable, Sendable {
    case numericText, paddedText, wholeFraction, fraction, wrappedInteger, booleanAsNumber, numberAsBoolean
    case scalarBesideLists, columnTwice, noRows
    case textAsBoolean, missingBoolean, missingInteger, missingDateTime, emptyDateTime, numberAsDateTime, zonedDateTime
    case mixedDateTimes, monthFirst, numberAsText, junkInBase64, undecodedBase64, tooLargeNumber, notFiniteToken
    case wholeNumbersInArray, wholeNumberInMap, extraColumns, duplicateKeys, mixedArray, missingParameter
    case uncheckedExample, shortLine, longLine, textInCSV, dateTimeInCSV, parquet, notFiniteAnswer, missingTimeAnswer
    case stackTrace, echoedRequest

    /// Whether both modes, the mode `mlflow` alone, or none does what MLflow does.
    private enum Verdict { case always, mlflowOnly, never }

    var isFollowedByDefault: Bool { verdict == .always }
    var isFollowedByMLflowMode: Bool { verdict != .never }

    /// A line of the table: what comes in or goes out, what MLflow does, what `strict` does, what `mlflow` does.
    var row: (subject: String, mlflow: String, strict: String, compatible: String) {
        let (subject, mlflow, strict) = words
        switch verdict {
        case .always, .never: return (subject, mlflow, strict, "the same")
        case .mlflowOnly: return (subject, mlflow, strict, "as MLflow")
        }
    }

    private var verdict: Verdict {
        switch self {
        case .numericText, .wholeFraction, .booleanAsNumber, .numberAsBoolean, .missingDateTime, .notFiniteToken,
            .wholeNumberInMap, .extraColumns, .mixedArray, .uncheckedExample, .zonedDateTime, .missingInteger, .noRows,
            .dateTimeInCSV, .parquet:
            .always
        case .paddedText, .emptyDateTime, .shortLine, .notFiniteAnswer, .missingTimeAnswer: .mlflowOnly
        case .scalarBesideLists, .columnTwice, .fraction, .wrappedInteger, .textAsBoolean, .missingBoolean,
            .numberAsDateTime, .mixedDateTimes,
            .monthFirst,
            .numberAsText, .junkInBase64, .undecodedBase64, .tooLargeNumber, .wholeNumbersInArray, .duplicateKeys,
            .missingParameter, .longLine, .textInCSV, .stackTrace, .echoedRequest:
            .never
        }
    }

    private var words: (subject: String, mlflow: String, strict: String) {
        switch self {
        case .numericText: ("text for a number: `\"2\"`, `\"1e3\"`, `\"nan\"`", "the number", "the number")
        case .paddedText:
            ("text with spaces or `_`: `\" 1.5 \"`, `\"1_000\"`", "the number, as Python reads it", "refused")
        case .wholeFraction: ("`2.0` for an integer or long", "2", "2")
        case .fraction: ("`2.9` for an integer or long", "2", "refused")
        case .wrappedInteger:
            ("2147483648 for an integer, 9223372036854775808 for a long", "wrapped around to a negative", "refused")
        case .booleanAsNumber: ("`true` for a number", "1", "1")
        case .scalarBesideLists: ("`inputs` with a scalar beside lists", "repeated for each row", "refused")
        case .columnTwice: ("a column twice", "the first one counts in CSV, refused in JSON", "refused")
        case .noRows: ("no rows", "for the model to judge", "for the model to judge; converted models refuse them")
        case .numberAsBoolean: ("0 or 1 for a boolean", "false or true", "false or true; other numbers are refused")
        case .textAsBoolean: ("text for a boolean: `\"false\"`", "true, whatever the text", "refused")
        case .missingBoolean: ("null for a boolean", "false", "refused")
        case .missingInteger: ("null for an integer or long", "refused", "refused")
        case .missingDateTime:
            ("null for a float, double, string or datetime, also a required one", "missing", "missing")
        case .emptyDateTime: ("`\"\"` for a datetime", "missing", "refused")
        case .numberAsDateTime:
            (
                "a number for a datetime", "nanoseconds since 1970, a fraction cut off",
                "nanoseconds; a fraction is refused"
            )
        case .zonedDateTime: ("a datetime with a zone: `Z`, `+02:00`", "refused", "refused")
        case .mixedDateTimes:
            ("dates with and without a time in one column", "refused, by the first one's form", "each by its own form")
        case .monthFirst:
            (
                "dates in other forms: `01/02/2024`, `Jan 2 2024`, `20240102`, `2024`", "guessed, the month first",
                "refused: `2024-01-02`, with or without a time"
            )
        case .numberAsText: ("a number, boolean or list for a string", "passed on as it is", "refused")
        case .junkInBase64: ("other characters in base64", "passed over", "refused, but for line breaks")
        case .undecodedBase64: ("base64 under `inputs`, `instances` or in CSV", "not decoded: the letters", "decoded")
        case .tooLargeNumber: ("`1e400`; `1e39` for a float", "infinity", "refused")
        case .notFiniteToken:
            ("the tokens `NaN`, `Infinity`, `-Infinity`", "that value", "that value, for a float or double")
        case .wholeNumbersInArray:
            ("whole numbers in an array of doubles: `[1, 2]`", "refused unless 0 and 1", "doubles")
        case .wholeNumberInMap:
            ("a whole number for a double in a map or object", "refused unless 0 or 1", "refused unless 0 or 1")
        case .extraColumns: ("columns that the signature does not have", "passed over", "passed over")
        case .duplicateKeys: ("a key twice in an object", "the last one counts", "refused")
        case .mixedArray:
            ("rows of an array for unnamed columns of different types", "refused: an array has one type", "refused")
        case .missingParameter: ("null for a parameter", "None to the model", "refused")
        case .uncheckedExample: ("a model without a signature", "no check of types", "no check of types")
        case .shortLine: ("a line of CSV with too few fields", "the rest is missing", "refused")
        case .longLine: ("a line of CSV with too many fields", "the first ones become an index, or refused", "refused")
        case .textInCSV: ("text after a closing quote in CSV: `\"a\"b`", "`ab`", "refused")
        case .dateTimeInCSV: ("datetime, array, object and map columns in CSV", "refused", "refused")
        case .parquet:
            (
                "Parquet", "read, and no value is converted with loss",
                "so too by models in Python; converted models refuse it with 415"
            )
        case .notFiniteAnswer: ("NaN and infinities in an answer", "`NaN`, `Infinity`: not JSON", "null")
        case .missingTimeAnswer: ("missing times in an answer", "`\"NaT\"`", "null")
        case .stackTrace: ("an error in the model", "400 with Python's stack trace", "400 without")
        case .echoedRequest: ("an error message", "repeats the request", "names place, column and value")
        }
    }
}
