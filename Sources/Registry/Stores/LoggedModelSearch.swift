import Diagnostics
import JSONText

/// Finds the logged model that a run made under a name (MLflow 3, `logged-models/search`).
enum LoggedModelSearch {
    static let service = "api/2.0/mlflow/logged-models/search"
    private static let pageLimit = 200

    /// - Parameter ask: posts a body to `service`; nil from a server before MLflow 3, which does not know the address.
    /// - Returns: its id; nil when there is none.
    static func id(
        named name: String, of runID: String, in experiment: String, doing task: String,
        ask: (JSONValue) throws(RegistryError) -> JSONObject?
    ) throws(RegistryError) -> String? {
        // MLflow's filters know no escape for a quote.
        let quote = name.contains("'") ? "\"" : "'"
        guard !name.contains(quote) else { return nil }
        var token: String?
        for _ in 0..<pageLimit {
            var body: JSONObject = [
                "experiment_ids": [.string(experiment)], "filter": .string("name = \(quote)\(name)\(quote)"),
            ]
            if let token { body["page_token"] = .string(token) }
            guard let answer = try ask(.object(body)) else { return nil }
            let models = answer["models"]?.arrayValue ?? []
            if let found = models.first(where: { $0["info"]?["source_run_id"]?.stringValue == runID }) {
                return found["info"]?["model_id"]?.stringValue
            }
            token = answer["next_page_token"]?.stringValue.flatMap { $0.isEmpty ? nil : $0 }
            if token == nil { return nil }
        }
        throw RegistryError(
            .answer,
            "cannot \(task): more than \(pageLimit) pages of logged models have the name `\(escaped(name))`",
            hints: ["name the logged model itself, as in `models:/m-…`"])
    }
}
