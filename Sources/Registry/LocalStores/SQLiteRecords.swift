import Diagnostics
import Platform
import SQLiteFiles

/// MLflow's SQLite database (mlflow 1.30 to 3.17): the tables `registered_models`, `model_versions`, `registered_model_aliases` (since
/// 2.3), `logged_models` (since 3.0) and `runs`. Since 3.17 the first three have a column `workspace`, of which only one value is read.
struct SQLiteRecords: LocalRecords {
    let path: String
    let workspace: String
    private let schema: SQLiteSchema

    /// Every table is read from its beginning: MLflow's own indices are of no use for half of these questions.
    init(_ file: SQLiteFile, workspace: String) throws(RegistryError) {
        path = file.path
        self.workspace = workspace
        do throws(SQLiteError) { schema = try SQLiteSchema(file) } catch { throw RegistryError(error) }
        guard schema.has("model_versions") || schema.has("runs") else {
            throw RegistryError(
                .answer,
                "cannot read the database `\(escaped(path, limit: 1000))`: it has no table `model_versions`, so it is none of MLflow's"
            )
        }
    }

    var folder: String {
        let slash = path.lastIndex(of: "/")
        return slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
    }

    var shown: String { "the database `\(escaped(path, limit: 1000))`" }

    func modelNames() throws(RegistryError) -> [String] {
        var names: [String] = []
        try rows("registered_models", ["name"], ["workspace"]) { row throws(SQLiteError) in
            if isMine(row), let name = row.text("name") { names.append(name) }
            return true
        }
        return names
    }

    func versions(of name: String) throws(RegistryError) -> [LocalVersion]? {
        var exists = false
        try rows("registered_models", ["name"], ["workspace"]) { row throws(SQLiteError) in
            exists = exists || (isMine(row) && row.isText("name", name))
            return !exists
        }
        guard exists else { return nil }
        var versions: [LocalVersion] = []
        try rows(
            "model_versions", ["name", "version", "current_stage", "source"],
            ["workspace", "storage_location", "status", "status_message", "run_id"]
        ) { row throws(SQLiteError) in
            guard isMine(row), row.isText("name", name), let version = row.integer("version") else { return true }
            let stage = row.text("current_stage") ?? "None"
            guard stage != Self.deletedStage else { return true }
            versions.append(
                LocalVersion(
                    version: version, stage: stage, status: row.text("status"),
                    statusMessage: row.text("status_message"),
                    location: row.text("storage_location") ?? row.text("source"), runID: row.text("run_id"),
                    modelID: row.text("source").flatMap(LocalStore.loggedModelID)))
            return true
        }
        return versions
    }

    func aliases(of name: String) throws(RegistryError) -> [(alias: String, version: Int)] {
        var aliases: [(alias: String, version: Int)] = []
        guard schema.has("registered_model_aliases") else { return [] }
        try rows("registered_model_aliases", ["name", "alias", "version"], ["workspace"]) { row throws(SQLiteError) in
            if isMine(row), row.isText("name", name), let alias = row.text("alias"),
                let version = row.integer("version")
            {
                aliases.append((alias, version))
            }
            return true
        }
        return aliases
    }

    func run(_ id: String) throws(RegistryError) -> LocalRun? {
        var run: LocalRun?
        try rows("runs", ["run_uuid", "artifact_uri", "experiment_id"], []) { row throws(SQLiteError) in
            guard row.isText("run_uuid", id), let uri = row.text("artifact_uri") else { return true }
            run = LocalRun(
                id: id, experiment: row.integer("experiment_id").map(String.init) ?? "", artifactURI: uri)
            return false
        }
        return run
    }

    func loggedModel(_ id: String) throws(RegistryError) -> LocalLoggedModel? {
        try loggedModels { $0.isText("model_id", id) }.first
    }

    func loggedModels(of run: LocalRun) throws(RegistryError) -> [LocalLoggedModel] {
        try loggedModels { $0.isText("source_run_id", run.id) }.filter { $0.experiment == run.experiment }
    }

    private func loggedModels(where isWanted: (SQLiteRow) -> Bool) throws(RegistryError) -> [LocalLoggedModel] {
        var models: [LocalLoggedModel] = []
        guard schema.has("logged_models") else { return [] }
        try rows(
            "logged_models", ["model_id", "name", "artifact_location", "status", "experiment_id"],
            ["lifecycle_stage", "source_run_id", "creation_timestamp_ms"]
        ) { row throws(SQLiteError) in
            guard isWanted(row), row.text("lifecycle_stage") != "deleted", let id = row.text("model_id"),
                let location = row.text("artifact_location")
            else { return true }
            models.append(
                LocalLoggedModel(
                    id: id, name: row.text("name") ?? "", location: location,
                    isReady: row.integer("status") == LocalStore.readyStatus, runID: row.text("source_run_id"),
                    experiment: row.integer("experiment_id").map(String.init) ?? "",
                    created: row.integer("creation_timestamp_ms") ?? 0))
            return true
        }
        return models
    }

    static let deletedStage = "Deleted_Internal"

    /// Whether the row is one of this workspace; tables of an older MLflow know no workspaces.
    private func isMine(_ row: SQLiteRow) -> Bool {
        guard row.has("workspace") else { return workspace == LocalStore.defaultWorkspace }
        return row.isText("workspace", workspace)
    }

    /// Walks a table with the columns that must be there and those that may.
    private func rows(
        _ name: String, _ needed: [String], _ optional: [String],
        _ body: (SQLiteRow) throws(SQLiteError) -> Bool
    ) throws(RegistryError) {
        do throws(SQLiteError) {
            guard let (rows, columns) = try schema.table(name) else {
                throw SQLiteError(.unsupported, path, "it has no table `\(name)`, so it is none of MLflow's")
            }
            var places: [(name: String, index: Int, column: SQLiteColumn)] = []
            for column in needed + optional {
                guard let index = columns.firstIndex(where: { $0.name == column }) else {
                    guard optional.contains(column) else {
                        throw SQLiteError(
                            .unsupported, path,
                            "its table `\(name)` has no column `\(column)`, so it is none of MLflow's")
                    }
                    continue
                }
                places.append((column, index, columns[index]))
            }
            try rows.forEachRow { _, record throws(SQLiteError) in
                var values: [(name: String, value: SQLiteValue)] = []
                for place in places {
                    values.append((place.name, try record.value(place.index) ?? place.column.defaultValue))
                }
                return try body(SQLiteRow(values: values))
            }
        } catch { throw RegistryError(error) }
    }
}

/// The values of a row that were asked for, by the names of their columns.
private struct SQLiteRow {
    let values: [(name: String, value: SQLiteValue)]

    func has(_ name: String) -> Bool { values.contains { $0.name == name } }

    private func value(_ name: String) -> SQLiteValue? { values.first { $0.name == name }?.value }

    /// A text that is not empty.
    func text(_ name: String) -> String? {
        if case .text(let text)? = value(name), !text.isEmpty { text } else { nil }
    }

    func integer(_ name: String) -> Int? {
        if case .integer(let number)? = value(name) { Int(exactly: number) } else { nil }
    }

    /// Byte by byte, as SQLite compares.
    func isText(_ name: String, _ other: String) -> Bool {
        if case .text(let text)? = value(name) { text.utf8.elementsEqual(other.utf8) } else { false }
    }
}
