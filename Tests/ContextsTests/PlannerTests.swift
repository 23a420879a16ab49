import Bytes
import Contexts
import Converters
import Diagnostics
import FileTrees
import JSONText
import MLmodelFormat
import TestKit
import Testing

@Suite struct PlannerTests {
    @Test("`--runtime native` refuses a model that does not convert with status 1 and every reason")
    func refusedNative() throws {
        let model = try Workbench.model(Workbench.files())
        let refusals = [
            Refusal(
                path: "steps[0].FunctionTransformer", reason: "it calls Python code", help: "use a ColumnTransformer"),
            Refusal(path: "steps[1].SVC", reason: "it is not converted yet"),
        ]
        let error = #expect(throws: ContextsError.self) {
            try ServingPlanner.plan(model, conversion: .refused(refusals), options: Workbench.options(.native))
        }
        #expect(error?.diagnostic.status == .wanting)
        #expect(
            error.map { message(of: $0) } == """
                error: cannot convert `churn` exactly
                  - `steps[0].FunctionTransformer`: it calls Python code (use a ColumnTransformer)
                  - `steps[1].SVC`: it is not converted yet
                hint: `skiff pack` without `--runtime native` serves it with Python

                """)
    }

    @Test("`auto` serves a model that does not convert with Python, and says why")
    func auto() throws {
        let model = try Workbench.model(Workbench.files())
        let refusal = Refusal(path: "MLmodel", reason: "it is Python code")
        let plan = try ServingPlanner.plan(model, conversion: .refused([refusal]), options: Workbench.options())
        #expect(plan.runtime == .python)
        #expect(plan.refusals == [refusal])
        #expect(plan.python?.baseImage.text == "docker.io/library/python:3.11.7-slim")
        #expect(plan.python?.requirements.map(\.text) == ["mlflow==3.1.0", "pandas", "scikit-learn==1.5.2"])
        #expect(plan.python?.unpinned.map(\.text) == ["pandas"])
        #expect(plan.json["runtime"] == "python")
    }

    @Test("text and JSON of a plan come from one value and are the same each time")
    func sameText() throws {
        let model = try Workbench.model(Workbench.files())
        let plans = try (0..<2).map { _ in try ServingPlanner.plan(model, options: Workbench.options()) }
        #expect(plans[0].text == plans[1].text)
        #expect(plans[0].json == plans[1].json)
    }

    @Test(
        "the policy for nulls is in the plan of a converted model; where it cannot be kept the model is served by Python"
    )
    func nulls() throws {
        let model = try GoldenContextTests.example("credit-default")
        let plan = try ServingPlanner.plan(model, options: Workbench.options())
        #expect(plan.json["null_policy"] == "trained")
        #expect(plan.text.contains("nulls         as trained\n"), "\(plan.text)")
        var options = Workbench.options()
        options.nullPolicy = .served
        let served = try ServingPlanner.plan(model, options: options)
        #expect(served.runtime == .python)
        #expect(
            served.refusals.map(\.sentence) == [
                "`MLmodel`: with pandas 3.1.1 a null in a column of texts is None or NaN, depending on the other rows of its request"
                    + " (use `--null-policy trained`, or let Python serve the model)"
            ])
        #expect(served.json["null_policy"] == nil)
    }

    @Test("`--compat mlflow` is in the plan, and the default is not")
    func compatibility() throws {
        let model = try GoldenContextTests.example("credit-default")
        var options = Workbench.options()
        #expect(try ServingPlanner.plan(model, options: options).json["compat"] == nil)
        options.compatibility = .mlflow
        let plan = try ServingPlanner.plan(model, options: options)
        #expect(plan.json["compat"] == "mlflow")
        #expect(plan.text.contains("compat        mlflow\n"), "\(plan.text)")
    }

    @Test("a base image cannot be chosen without a Python version")
    func noVersion() throws {
        let mlmodel = Workbench.mlmodel.split(separator: "\n").filter { !$0.contains("python_version") }
        let files = try Workbench.files(mlmodel: mlmodel.joined(separator: "\n"), environment: nil)
        let model = try Workbench.model(files)
        #expect(
            message { try ServingPlanner.plan(model, options: Workbench.options()) } == """
                error: cannot choose a base image for `churn`: no file of the model names its Python version
                hint: name one with `--base-image`, for example `docker.io/library/python:3.11-slim`

                """)
        var options = Workbench.options()
        options.baseImage = try ImageReference("registry.example:5000/team/python:3.11")
        let plan = try ServingPlanner.plan(model, options: options)
        #expect(plan.python?.baseImage.text == "registry.example:5000/team/python:3.11")
    }

    @Test("a Python function that needs MLflow and does not ask for it is refused")
    func noMLflow() throws {
        let model = try Workbench.model(Workbench.files(requirements: "pandas==2.2.3\n"))
        #expect(
            message { try ServingPlanner.plan(model, options: Workbench.options()) } == """
                error: cannot serve `churn` with Python: its requirements do not name `mlflow`, which loads it
                hint: add a line like `mlflow==3.1.0` to its requirements.txt

                """)
    }

    @Test("files that `az acr build` never sends are left out of the image and named")
    func leftOut() throws {
        let model = try Workbench.model(
            Workbench.files(more: ["code/.gitignore": "x", "code/.venv/bin/python": "x", "code/a.py": "x"]))
        let plan = try ServingPlanner.plan(model, options: Workbench.options())
        #expect(plan.python?.leftOut == ["code/.gitignore", "code/.venv/bin/python"])
        let context = try Workbench.context(model)
        #expect(context.tree["app/model/code/a.py"] != nil)
        #expect(context.tree["app/model/code/.gitignore"] == nil)
    }
}

@Suite struct ModelErrorTests {
    @Test("a folder without MLmodel is named, with where there is one")
    func missing() throws {
        var files = FileTree()
        try files.add("artifacts/model/MLmodel", text: "flavors: {}")
        #expect(
            message { try Workbench.model(files) } == """
                error: cannot read `churn`: it has no file `MLmodel`, so it is not the folder of an MLflow model
                  --> churn
                hint: there is one in `churn/artifacts/model`; name that folder instead

                """)
    }

    @Test("an MLmodel without a flavor that we know is refused at its line")
    func unknownFlavor() throws {
        var files = FileTree()
        try files.add("MLmodel", text: "flavors:\n  sklern:\n    a: b\n")
        let text = message { try Workbench.model(files) }
        #expect(text.contains("sklern"), "\(text)")
        #expect(text.contains("churn/MLmodel:2"), "\(text)")
        #expect(text.contains("sklearn"), "\(text)")
    }

    @Test("a model file that MLmodel names and nobody copied is named")
    func missingArtefact() throws {
        let mlmodel = """
            flavors:
              python_function:
                loader_module: mlflow.sklearn
                python_version: 3.11.7
              sklearn:
                pickled_model: model.pkl
                serialization_format: cloudpickle
                sklearn_version: 1.5.2
            """
        let model = try Workbench.model(Workbench.files(mlmodel: mlmodel))
        #expect(
            message { try ServingPlanner.plan(model, options: Workbench.options()) } == """
                error: cannot read the model `churn`: its file `model.pkl` is not there
                  --> churn/MLmodel:5
                hint: copy the whole folder of the model, or download it again

                """)
    }
}
