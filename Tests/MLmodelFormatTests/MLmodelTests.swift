import Bytes
import Diagnostics
import JSONText
import Testing

@testable import MLmodelFormat

@Suite struct MLmodelTests {
    private func parse(_ text: String) throws -> MLmodel {
        try MLmodel.parse(ByteRegion(text), file: "m/MLmodel")
    }

    @Test("every file that MLflow wrote is read", arguments: Fixtures.versions)
    func realFiles(version: String) throws {
        for name in try Fixtures.cases(version) {
            let model = try Fixtures.model(version, name).mlmodel()
            #expect(model.mlflowVersion == version)
            #expect(model.flavors.map(\.name) == ["python_function"])
            #expect(model.loaderModule == "mlflow.pyfunc.model")
            #expect(model.predictFunction == "predict")
            #expect(model.condaFile == "conda.yaml")
            #expect(model.pythonEnvironmentFile == (version == "1.30.1" ? nil : "python_env.yaml"))
            #expect(model.unknownFlavors.isEmpty)
            #expect(model.modelUUID?.isEmpty == false)
            try model.requireServable()
        }
    }

    @Test("identity, flavors and example of a logged model are read, with their lines")
    func loggedModel() throws {
        let model = try parse(
            """
            artifact_path: model
            flavors:
              python_function:
                env:
                  conda: conda.yaml
                  virtualenv: python_env.yaml
                loader_module: mlflow.sklearn
                model_path: model.pkl
                predict_fn: predict_proba
                python_version: 3.11.7
              sklearn:
                code: null
                pickled_model: model.pkl
                sklearn_version: 1.10
            is_signature_from_type_hint: true
            mlflow_version: 3.17.2
            model_id: m-1
            run_id: 0123
            saved_input_example_info:
              artifact_path: input_example.json
              params: 'true'
              type: ndarray
            """)
        #expect(model.artifactPath == "model")
        #expect(model.runID == "0123")
        #expect(model.modelID == "m-1")
        #expect(model.signatureFromTypeHint)
        #expect(model.predictFunction == "predict_proba")
        #expect(model.flavor("sklearn")?["sklearn_version"] == "1.10")
        #expect(model.flavor("sklearn")?["code"] == nil)
        #expect(model.flavor("sklearn")?.line(of: "pickled_model") == 13)
        #expect(model.inputExampleInfo == InputExampleInfo(type: "ndarray", hasParams: true, line: 20))
        #expect(
            model.namedPaths.map { "\($0.line) \($0.key) \($0.path)" } == [
                "5 flavors.python_function.env.conda conda.yaml",
                "6 flavors.python_function.env.virtualenv python_env.yaml",
                "8 flavors.python_function.model_path model.pkl",
                "13 flavors.sklearn.pickled_model model.pkl",
                "20 saved_input_example_info.artifact_path input_example.json",
            ])
    }

    @Test("paths that lead out of the folder are named as written")
    func hostilePaths() throws {
        let model = try MLmodel.parse(Fixtures.region("hostile/MLmodel_loader.yaml"), file: "MLmodel")
        #expect(model.loaderModule == "os.system")
        #expect(
            model.namedPaths.map(\.path) == ["../../../etc", "/etc/passwd", "../x.yaml", "../../model.pkl", "${x}"])
    }

    @Test("the artifacts of a custom model are named paths")
    func artifacts() throws {
        let model = try parse(
            "flavors:\n  python_function:\n    artifacts:\n      a:\n        path: artifacts/a.bin\n        uri: /x/a.bin\n"
        )
        #expect(
            model.namedPaths == [
                MLmodel.NamedPath(key: "flavors.python_function.artifacts.a.path", path: "artifacts/a.bin", line: 5)
            ])
    }

    struct Broken: Sendable, CustomTestStringConvertible {
        let text: String
        let rendered: String
        var testDescription: String { text.debugDescription }
    }

    static let broken: [Broken] = [
        Broken(
            text: "",
            rendered: """
                error: cannot read `m/MLmodel`: it is empty
                  --> m/MLmodel
                hint: the file may not have been downloaded or saved completely

                """),
        Broken(
            text: "- a\n",
            rendered: """
                error: cannot read `m/MLmodel`: it should be a mapping of keys to values, and is a list
                  --> m/MLmodel:1:1

                """),
        Broken(
            text: "run_id: 1\n",
            rendered: """
                error: cannot read `m/MLmodel`: it has no `flavors`, which say how the model is loaded
                  --> m/MLmodel:1:1
                hint: check that this is the `MLmodel` file that MLflow wrote, and not another file of that name

                """),
        Broken(
            text: "flavors: {}\n",
            rendered: """
                error: cannot read `m/MLmodel`: `flavors` names no flavor, so nothing can load the model
                  --> m/MLmodel:1:10

                """),
        Broken(
            text: "flavors: [sklearn]\n",
            rendered: """
                error: cannot read `m/MLmodel`: `flavors` should be a mapping of flavor names to settings, and is a list
                  --> m/MLmodel:1:10

                """),
        Broken(
            text: "flavors:\n  sklearn: model.pkl\n",
            rendered: """
                error: cannot read `m/MLmodel`: `flavors.sklearn` should be a mapping of settings, and is a text
                  --> m/MLmodel:2:12

                """),
        Broken(
            text: "flavors: {sklearn: {}}\nrun_id: [1]\n",
            rendered: """
                error: cannot read `m/MLmodel`: `run_id` should be a text, and is a list
                  --> m/MLmodel:2:9

                """),
        Broken(
            text: "flavors: {sklearn: {}}\nsaved_input_example_info:\n  type: dataframe\n",
            rendered: """
                error: cannot read `m/MLmodel`: `saved_input_example_info.artifact_path` is missing
                  --> m/MLmodel:3:3

                """),
        Broken(
            text: "flavors:\n  sklearn:\n    code: null\n  sklearn:\n    code: evil\n",
            rendered: """
                error: cannot read `m/MLmodel`: the key `sklearn` appears twice, first on line 2, column 3
                  --> m/MLmodel:4:3
                 4 |   sklearn:
                   |   ^

                """),
        Broken(
            text: "flavors:\n  sklearn: {}\nsignature:\n  inputs: '[{\"type\": \"double\"'\n",
            rendered: """
                error: cannot read `m/MLmodel`: `signature.inputs` is not valid JSON (it ends too early, at byte 18 of the text)
                  --> m/MLmodel:4:11

                """),
    ]

    @Test("a broken file gives one error with its place", arguments: broken)
    func brokenFiles(_ row: Broken) throws {
        let error = try #require(throws: MLmodelError.self) { try parse(row.text) }
        #expect(Rendering.text(error.diagnostic, colour: false) == row.rendered)
    }

    struct Unservable: Sendable, CustomTestStringConvertible {
        let text: String
        let rendered: String
        var testDescription: String { text.debugDescription }
    }

    static let unservable: [Unservable] = [
        Unservable(
            text: "flavors:\n  sklaern:\n    pickled_model: model.pkl\n",
            rendered: """
                error: cannot serve `m/MLmodel`: its only flavor `sklaern` is not one that MLflow writes
                  --> m/MLmodel:2:3
                hint: did you mean `sklearn` instead of `sklaern`?
                hint: save the model with `mlflow.pyfunc` as well, which adds the flavor `python_function` that serves any model

                """),
        Unservable(
            text: "flavors:\n  my_company_net: {}\n  other: {}\n",
            rendered: """
                error: cannot serve `m/MLmodel`: none of its flavors `my_company_net`, `other` is one that MLflow writes
                  --> m/MLmodel:2:3
                hint: save the model with `mlflow.pyfunc` as well, which adds the flavor `python_function` that serves any model

                """),
        Unservable(
            text: "flavors:\n  python_function:\n    data: x\n",
            rendered: """
                error: cannot serve `m/MLmodel`: its flavor `python_function` has no `loader_module`, which says how to load the model
                  --> m/MLmodel:2:3
                hint: save the model again with MLflow, or take the file from a copy of the run

                """),
    ]

    @Test("a model that nothing can serve says why, with the nearest name", arguments: unservable)
    func unservableModels(_ row: Unservable) throws {
        let model = try parse(row.text)
        let error = try #require(throws: MLmodelError.self) { try model.requireServable() }
        #expect(error.kind == .flavor)
        #expect(Rendering.text(error.diagnostic, colour: false) == row.rendered)
    }

    @Test("an unknown flavor beside python_function is no error")
    func extraFlavor() throws {
        let model = try parse("flavors:\n  python_function: {loader_module: my.loader}\n  my_net: {}\n")
        try model.requireServable()
        #expect(model.unknownFlavors.map(\.name) == ["my_net"])
    }

    @Test(
        "a folder without the file says where to look",
        arguments: [
            (["a.txt", "model/MLmodel"], "there is one in `dir/model`; name that folder instead"),
            (["b/MLmodel", "a/x/MLmodel"], "there are 2 further down, the first in `a/x`; name one of those folders"),
            (["mlmodel"], "there is a file `mlmodel`; the name has to be exactly `MLmodel`"),
            (["MLmodel.txt"], "there is a file `MLmodel.txt`; the name has to be exactly `MLmodel`"),
            ([], "the folder is empty"),
            (["x.pkl"], "a model folder is what `mlflow.…save_model` writes, or the artifact folder of a logged model"),
        ])
    func missing(files: [String], hint: String) {
        let error = MLmodel.missing(in: "dir/", files: files)
        #expect(error.kind == .missing)
        #expect(
            Rendering.text(error.diagnostic, colour: false) == """
                error: cannot read `dir/`: it has no file `MLmodel`, so it is not the folder of an MLflow model
                  --> dir/
                hint: \(hint)

                """)
    }
}
