import Diagnostics
public import JSONText

extension AuthReport {
    /// A paragraph for each server; ends with a line feed. With no server a line that says so.
    public var text: String {
        guard !servers.isEmpty else {
            return "no server is named: set `DATABRICKS_HOST` or `MLFLOW_TRACKING_URI`\n"
        }
        return servers.map(\.text).joined(separator: "\n")
    }

    /// `works`, and `servers` with what is known of each; `null` for what is not.
    public var json: JSONObject {
        ["works": .bool(works), "servers": .array(servers.map { .object($0.json) })]
    }
}

extension AuthReport.Server {
    fileprivate var text: String {
        let title = kind == .databricks ? "Databricks" : "MLflow server"
        var lines = [title + (address.map { " \($0)" } ?? "") + (addressSource.map { ", from \($0)" } ?? "")]
        if let method { lines.append("  signs in with: \(method)" + (source.map { ", from \($0)" } ?? "")) }
        if let token { lines.append("  token: \(token)") }
        if let check { lines.append("  check: \(check)") }
        lines.append("  result: \(outcomeWords)")
        if let error {
            lines.append("  error: \(error.summary)")
            if let place = error.place { lines.append("    --> \(place)") }
            lines += error.details.map { "    - \($0)" }
            lines += error.hints.map { "    hint: \($0)" }
        }
        let others = choice?.entries.filter { $0.verdict != .chosen && $0.verdict != .notReached } ?? []
        if choice != nil, choice?.host == nil {
            lines.append("  not used: every method needs the workspace's address")
        } else if !others.isEmpty {
            lines.append("  not used:")
            lines += others.map { "    \($0.method.rawValue): \($0.verdict.words)" }
        }
        let later = choice?.entries.filter { $0.verdict == .notReached }.map(\.method.rawValue) ?? []
        if !later.isEmpty {
            let end = method == nil ? "not reached" : "not looked at, since an earlier one was chosen"
            lines.append("  \(end): \(later.joined(separator: ", "))")
        }
        lines += notes.filter { error?.details.contains($0) != true }.map { "  note: \($0)" }
        return lines.map { escaped($0, limit: 4000) + "\n" }.joined()
    }

    private var outcomeWords: String {
        switch outcome {
        case .works: "works"
        case .fails: "does not work"
        case .unchecked: "not checked"
        }
    }

    fileprivate var json: JSONObject {
        var object: JSONObject = [
            "kind": .string(kind.rawValue), "address": .optional(address), "address_source": .optional(addressSource),
            "method": .optional(method), "source": .optional(source), "outcome": .string(outcome.rawValue),
            "token": .optional(token), "check": .optional(check),
        ]
        object["token_seconds"] = tokenSeconds.map(JSONValue.int) ?? .null
        if let choice {
            object["profile"] = .optional(choice.profile)
            object["config_file"] = .string(choice.configFile)
            object["methods"] = .array(
                choice.entries.map { entry in
                    [
                        "method": .string(entry.method.rawValue), "verdict": .string(entry.verdict.name),
                        "reason": .string(entry.verdict.words),
                    ]
                })
        }
        if let error {
            object["error"] = [
                "summary": .string(error.summary), "place": .optional(error.place?.description),
                "details": .array(error.details.map(JSONValue.string)),
                "hints": .array(error.hints.map(JSONValue.string)),
            ]
        }
        object["notes"] = .array(notes.map(JSONValue.string))
        return object
    }
}

extension AuthChoice.Verdict {
    /// One word for programs.
    fileprivate var name: String {
        switch self {
        case .chosen: "chosen"
        case .notReached: "not_reached"
        case .excluded: "excluded"
        case .missing: "missing"
        case .declined: "declined"
        case .failed: "failed"
        }
    }
}
