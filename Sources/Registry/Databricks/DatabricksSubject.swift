import Diagnostics

/// What a request to Databricks is about; decides which rights and which other names an error speaks of.
enum DatabricksSubject: Equatable {
    /// A model of the workspace registry, by its name.
    case workspaceModel(String)
    /// A model in Unity Catalog.
    case catalogModel(CatalogName)
    /// A run, by its id.
    case run(String)
    /// A logged model, by its id.
    case loggedModel(String)
    /// A folder of a volume or of DBFS, by its absolute path.
    case folder(String)

    /// What the owner of the credentials must be allowed, as a hint.
    var rights: String {
        switch self {
        case .workspaceModel(let name):
            "it needs the permission CAN READ on the registered model `\(escaped(name))`"
        case .catalogModel(let name):
            "it needs EXECUTE on the model `\(escaped(name.text))`, USE CATALOG on `\(escaped(name.catalog))` and USE SCHEMA "
                + "on `\(escaped(name.catalog)).\(escaped(name.schema))`"
        case .run, .loggedModel: "it needs the permission CAN READ on the experiment"
        case .folder(let path) where path.hasPrefix("/Volumes/"):
            "it needs READ VOLUME on the volume, USE CATALOG and USE SCHEMA above it"
        case .folder(let path): "it needs the right to read `\(escaped(path))`"
        }
    }

    /// The scope that a narrow OAuth token must have.
    var scope: String {
        switch self {
        case .workspaceModel, .run, .loggedModel: "`mlflow`"
        case .catalogModel: "`unity-catalog` and `files`"
        case .folder: "`files`"
        }
    }
}

/// The name of a model in Unity Catalog: catalog, schema and model, none of them empty and none with a dot.
struct CatalogName: Equatable {
    let catalog: String
    let schema: String
    let model: String

    /// Splits `text` at its dots; nil when that does not give three names.
    init?(_ text: String) {
        let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
            .map { String(Substring($0)) }
        guard parts.count == 3, parts.allSatisfy({ !$0.isEmpty && !$0.utf8.contains(UInt8(ascii: "/")) }) else {
            return nil
        }
        (catalog, schema, model) = (parts[0], parts[1], parts[2])
    }

    init(catalog: String, schema: String, model: String) {
        self.catalog = catalog
        self.schema = schema
        self.model = model
    }

    /// `catalog.schema.model`.
    var text: String { "\(catalog).\(schema).\(model)" }
}
