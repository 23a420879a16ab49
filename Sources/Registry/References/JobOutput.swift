import Diagnostics
import JSONText

/// What a Databricks job printed or answered, searched for the model that one of its tasks handed over.
///
/// Read:
/// - `databricks bundle run JOB --output json` (CLI of 2026, `bundle/run/output/job.go`): `{"task_outputs": [{"TaskKey": …, "Output":
///   {"result": …, "truncated": …}, "EndTime": …}]}`; of a Python script or wheel `{"logs": …, "logs_truncated": …}`. Lines of progress
///   around the object, as `2>&1` mixes them in, are passed over. An earlier CLI wrote an object of outputs by their tasks.
/// - `databricks jobs get-run-output RUN` (REST `jobs/runs/get-output`): `{"notebook_output": {"result": …}, "metadata": …}`.
///
/// The model is a `models:/`, `runs:/`, `mlflow-artifacts:/` or `dbfs:/` URI that is the whole text of the output, a line of it, or a
/// string anywhere in it when it is JSON. Several different ones, output that was cut off, and tasks that failed are errors: nothing
/// is chosen that could be meant otherwise.
public enum JobOutput {
    /// The model that the task `task` names, or, without one, the only task that names any.
    ///
    /// - Parameters:
    ///   - bytes: the whole output, at most 64 MiB.
    ///   - task: a task's key, compared byte by byte.
    ///   - file: the name shown in errors.
    /// - Throws: `RegistryError` of kind `.reference` with the candidates there are, of kind `.notReady` when the task failed or has
    ///   not ended.
    public static func modelReference(
        in bytes: [UInt8], task: String?, file: String
    ) throws(RegistryError) -> ModelReference {
        let search = JobOutputSearch(file: file, task: task)
        let tasks = try search.tasks(in: JobOutputDocument.read(bytes, search))
        return try search.model(of: try search.chosen(from: tasks))
    }
}

/// The words of errors, and the rules of what is unambiguous.
struct JobOutputSearch {
    let file: String
    let task: String?

    /// One task's output.
    struct Task {
        /// Nil in the answer about a single run.
        let key: String?
        /// What the task handed over, or printed; nil for nothing.
        let text: String?
        /// Whether the text is not the whole.
        let isCut: Bool
        /// Whether the text is a log, and not a result.
        let isLog: Bool
        /// Why the task gave nothing, in Databricks' words; nil when it went well.
        let failure: String?
        /// References that are told apart from the rest of the text, each once.
        let candidates: [String]

        init(key: String?, text: String?, isCut: Bool, isLog: Bool, failure: String? = nil) {
            self.key = key
            self.text = text
            self.isCut = isCut
            self.isLog = isLog
            self.failure = failure
            candidates = JobOutputText.candidates(in: text ?? "")
        }
    }

    func refusal(
        _ reason: String, kind: RegistryError.Kind = .reference, place: Place? = nil, details: [String] = [],
        hints: [String] = []
    ) -> RegistryError {
        RegistryError(
            kind,
            "cannot find a model in the output of \(task.map { "the task `\(escaped($0))`" } ?? "a job"): \(reason)",
            place: place ?? Place(file: file), details: details, hints: hints)
    }

    // MARK: From the document to tasks

    func tasks(in document: JSONValue) throws(RegistryError) -> [Task] {
        guard let object = document.objectValue else {
            throw refusal("it is \(document.kindInWords) and not an object with `task_outputs`", hints: [Self.command])
        }
        if let outputs = object["task_outputs"] {
            // Go writes a list that was never made as null.
            if outputs.isNull { return [] }
            // An earlier CLI wrote an object of outputs by their tasks.
            if let byTask = outputs.objectValue {
                return byTask.members.map { Self.task($0.key, $0.value.objectValue ?? JSONObject()) }
            }
            guard let list = outputs.arrayValue else {
                throw refusal("its `task_outputs` are \(outputs.kindInWords) and not a list")
            }
            var tasks: [Task] = []
            for value in list { tasks.append(try taskOutput(value)) }
            return tasks
        }
        if object["notebook_output"] != nil || object["logs"] != nil || object["metadata"] != nil {
            return [singleRun(object)]
        }
        if object["tasks"] != nil || object["run_id"] != nil {
            throw refusal(
                "it tells of a run, but not what its tasks handed over",
                hints: ["ask for one task's output: `databricks jobs get-run-output RUN_ID_OF_THE_TASK`", Self.command])
        }
        throw refusal("it is an object without `task_outputs`", hints: [Self.command])
    }

    private func taskOutput(_ value: JSONValue) throws(RegistryError) -> Task {
        guard let key = (value["TaskKey"] ?? value["task_key"])?.stringValue else {
            throw refusal("one of its `task_outputs` has no `TaskKey`", hints: [Self.command])
        }
        guard let output = (value["Output"] ?? value["output"])?.objectValue else {
            return Task(key: key, text: nil, isCut: false, isLog: false)
        }
        return Self.task(key, output)
    }

    /// The result of a notebook counts before what it printed.
    private static func task(_ key: String?, _ output: JSONObject, failure: String? = nil) -> Task {
        if let result = output["result"]?.stringValue, !result.isEmpty {
            return Task(
                key: key, text: result, isCut: output["truncated"]?.boolValue == true, isLog: false, failure: failure)
        }
        if output["truncated"]?.boolValue == true {
            return Task(key: key, text: "", isCut: true, isLog: false, failure: failure)
        }
        let logs = output["logs"]?.stringValue
        return Task(
            key: key, text: logs, isCut: logs != nil && output["logs_truncated"]?.boolValue == true, isLog: logs != nil,
            failure: failure)
    }

    private func singleRun(_ object: JSONObject) -> Task {
        let metadata = object["metadata"]
        let state = metadata?["state"]
        let outcome = state?["result_state"]?.stringValue ?? state?["life_cycle_state"]?.stringValue
        var failure = outcome.flatMap { ["SUCCESS", "SUCCESS_WITH_FAILURES"].contains($0) ? nil : $0 }
        if let words = object["error"]?.stringValue ?? state?["state_message"]?.stringValue, !words.isEmpty,
            failure != nil || object["error"]?.stringValue != nil
        {
            failure = [failure, words].compactMap { $0 }.joined(separator: ": ")
        }
        let key = metadata?["task"]?["task_key"]?.stringValue ?? metadata?["task_key"]?.stringValue
        var output = object["notebook_output"]?.objectValue ?? JSONObject()
        for name in ["logs", "logs_truncated"] where output[name] == nil { output[name] = object[name] }
        return Self.task(key, output, failure: failure)
    }

    // MARK: From tasks to one task

    /// The tasks that are asked about: those of the name, or those that name a model.
    func chosen(from tasks: [Task]) throws(RegistryError) -> [Task] {
        guard !tasks.isEmpty else {
            throw refusal("it holds no output of any task", hints: [Self.exitHint])
        }
        guard let task else {
            let naming = tasks.filter { !$0.candidates.isEmpty || $0.isCut || $0.failure != nil }
            let keys = Set(naming.map { Array(($0.key ?? "").utf8) })
            guard keys.count <= 1 else {
                throw refusal(
                    "several tasks name one", details: naming.map(Self.line), hints: ["name the task: `--task KEY`"])
            }
            return naming.isEmpty ? tasks : naming
        }
        // The answer about a single run need not name its task.
        let named = tasks.filter { $0.key == nil || $0.key.map { $0.utf8.elementsEqual(task.utf8) } == true }
        guard !named.isEmpty else {
            let keys = tasks.compactMap(\.key)
            let near = keys.filter { Self.isNear($0, task) }
            throw refusal(
                "there is no task of this name with an output",
                details: ["there are outputs of \(Self.list(keys))"],
                hints: near.count == 1 ? ["did you mean `\(escaped(near[0]))`?"] : [])
        }
        return named
    }

    // MARK: From the task's text to a model

    func model(of tasks: [Task]) throws(RegistryError) -> ModelReference {
        if let failed = tasks.first(where: { $0.failure != nil }), let words = failed.failure {
            throw refusal(
                "it did not end well", kind: .notReady, details: ["Databricks says: \(escaped(words, limit: 400))"],
                hints: ["look at the run in the workspace, and run the job again"])
        }
        if tasks.contains(where: \.isCut) {
            throw refusal(
                "Databricks cut it off",
                hints: ["hand over nothing but the model: `dbutils.notebook.exit(\"models:/NAME/VERSION\")`"])
        }
        var candidates: [String] = []
        for found in tasks.flatMap(\.candidates)
        where !candidates.contains(where: { $0.utf8.elementsEqual(found.utf8) }) {
            candidates.append(found)
        }
        guard candidates.count <= 1 else {
            throw refusal(
                "it names several", details: candidates.prefix(Self.shownCount).map { "`\(escaped($0))`" },
                hints: ["hand over one of them alone, or name it instead of the job's output"])
        }
        guard let uri = candidates.first else { throw nothing(in: tasks) }
        let reference: ModelReference
        do throws(RegistryError) { reference = try ModelReference.parse(uri) } catch {
            throw refusal(
                "it hands over `\(escaped(uri))`", details: [error.diagnostic.summary], hints: error.diagnostic.hints)
        }
        if case .models(let model) = reference, case .registered(_, .stage("None")) = model.target {
            throw refusal(
                "it hands over `\(escaped(uri))`, whose version is Python's word for none",
                hints: [
                    "`mlflow.register_model(…).version` is the version; if the stage is meant, name the model itself"
                ])
        }
        return reference
    }

    private func nothing(in tasks: [Task]) -> RegistryError {
        let mentions = tasks.flatMap { JobOutputText.mentions(in: $0.text ?? "") }
        let hints = [Self.exitHint]
        if !mentions.isEmpty {
            return refusal(
                "it names none on a line of its own",
                details: ["it mentions \(Self.list(Array(mentions.prefix(Self.shownCount))))"], hints: hints)
        }
        let isEmpty = tasks.allSatisfy { ($0.text ?? "").allSatisfy(\.isWhitespace) }
        if task == nil, tasks.count > 1 {
            return refusal(
                "no task names one", details: ["there are outputs of \(Self.list(tasks.compactMap(\.key)))"],
                hints: hints)
        }
        return refusal(
            isEmpty ? "it handed nothing over" : "its \(tasks[0].isLog ? "log" : "result") names none", hints: hints)
    }

    private static func line(_ task: Task) -> String {
        let words =
            task.failure != nil
            ? "did not end well" : task.isCut ? "was cut off" : list(Array(task.candidates.prefix(shownCount)))
        return "`\(escaped(task.key ?? ""))`: \(words)"
    }

    private static func list(_ names: [String]) -> String {
        let shown = names.prefix(shownCount).map { "`\(escaped($0))`" }.joined(separator: ", ")
        return names.count > shownCount ? "\(shown) and \(names.count - shownCount) more" : shown
    }

    /// The seed of this check is a filter with `contains`: a name that holds the other is the likeliest slip.
    private static func isNear(_ key: String, _ task: String) -> Bool {
        let (left, right) = (key.lowercased(), task.lowercased())
        return !left.isEmpty && !right.isEmpty && (left.contains(right) || right.contains(left))
    }

    private static let shownCount = 8
    static let command = "make the file with `databricks bundle run JOB --output json > FILE`"
    static let exitHint =
        "end the notebook with `dbutils.notebook.exit(\"models:/NAME/VERSION\")`; a run with `--no-wait` has no output"
}
