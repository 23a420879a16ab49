import Diagnostics
import MLmodelFormat
import Scoring

/// What a null in a column of texts is to the model.
///
/// In training it was NaN, and imputers filled it. MLflow's scoring server hands the request's null over as pandas makes a table of
/// it: below pandas 3 as None, which an imputer of NaN leaves alone and an encoder does not know; since pandas 3 as NaN where
/// another row of the request has a text in that column, and as None where none has.
public enum NullPolicy: String, Sendable, CaseIterable {
    /// Missing, as in training.
    case trained
    /// As MLflow's server hands it over with the pandas that the model was logged with.
    case served

    /// The operators that treat None as they treat a text that they do not know, as scikit-learn's `SimpleImputer` and
    /// `OneHotEncoder` do (`_object_dtype_isnan` and `_check_unknown`, 1.1.3 to 1.9.1).
    private static let knowing: Set<String> = ["impute", "missingIndicator", "oneHot", refusing]

    /// The operator that refuses a missing text whatever it is, as scikit-learn's vectorizers do.
    private static let refusing = "tokens"

    /// Whether a missing text is one that the program does not know.
    var makesNullUnknown: Bool { self == .served }

    /// Refuses what this policy cannot do for a model.
    ///
    /// - Parameters:
    ///   - outline: of the converted model; a step that may treat None in another way is refused.
    ///   - pandas: the exact version that the model's requirements name.
    func check(_ model: CompiledModel, pandas: String?, file: String) throws {
        guard self == .served else { return }
        let columns = try model.outline().columns
        let texts = columns.indices.filter { model.inputs.columns[$0].type == .string && columns[$0].isUsed }
            .filter { Set(columns[$0].readers) != [Self.refusing] }
        guard !texts.isEmpty else { return }
        func refuse(_ reason: String) -> Refused {
            Refused([
                Refusal(
                    path: file, reason: reason, help: "use `--null-policy trained`, or let Python serve the model")
            ])
        }
        guard let pandas, let major = pandas.split(separator: ".").first.flatMap({ Int($0) }) else {
            throw refuse(
                "what MLflow makes of a null in a column of texts depends on pandas, and the requirements name no version of it"
            )
        }
        guard major < 3 else {
            throw refuse(
                "with pandas \(escaped(pandas)) a null in a column of texts is None or NaN, depending on the other rows of its"
                    + " request")
        }
        for index in texts {
            guard let step = columns[index].readers.first(where: { !Self.knowing.contains($0) }) else { continue }
            throw refuse(
                "column `\(escaped(model.inputs.columns[index].name))` holds texts that `\(step)` reads, and what that step makes"
                    + " of None is not known")
        }
    }

    /// What a person should know about the nulls of a model with columns of texts.
    func note(pandas: String?) -> String {
        switch self {
        case .trained:
            "a null in a column of texts counts as missing, as in training; "
                + "MLflow with pandas below 3 would hand None to the model instead"
        case .served:
            "a null in a column of texts is None, as MLflow hands it over with pandas \(escaped(pandas ?? "")); "
                + "in training it was missing"
        }
    }
}
