import Bytes
import Foundation
import JSONText

@testable import MLmodelFormat

/// The files in `Tests/Fixtures/mlmodel`; see the README there.
enum Fixtures {
    static let versions = ["1.30.1", "2.10.0", "2.22.1", "3.17.2"]

    static func region(_ path: String) throws -> ByteRegion {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        return ByteRegion([UInt8](try Data(contentsOf: folder.appending(path: "Fixtures/mlmodel/\(path)"))))
    }

    static func json(_ path: String) throws -> JSONValue {
        try JSONText.parse(region(path))
    }

    /// The text files of the model that `version` of MLflow saved for `name`.
    static func model(_ version: String, _ name: String) throws -> SavedModel {
        guard let files = try json("mlflow-\(version).json")[name]?.objectValue else { throw NoSuchCase() }
        return SavedModel(files: files)
    }

    static func cases(_ version: String) throws -> [String] {
        try json("mlflow-\(version).json").objectValue?.keys ?? []
    }

    struct NoSuchCase: Error {}
}

struct SavedModel {
    let files: JSONObject

    func region(_ name: String) -> ByteRegion? {
        files[name]?.stringValue.map { ByteRegion($0) }
    }

    func environmentFile(_ name: String) -> PythonEnvironment.File? {
        region(name).map { PythonEnvironment.File(name: name, region: $0) }
    }

    func mlmodel() throws -> MLmodel {
        guard let region = region("MLmodel") else { throw Fixtures.NoSuchCase() }
        return try MLmodel.parse(region, file: "MLmodel")
    }

    func example() throws -> InputExample {
        let model = try mlmodel()
        guard let info = model.inputExampleInfo, let region = region(info.artifactPath) else {
            throw Fixtures.NoSuchCase()
        }
        return try InputExample.parse(info, region, file: info.artifactPath)
    }
}
