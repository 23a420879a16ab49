import Bytes
import Diagnostics
import Testing

@testable import MLmodelFormat

@Suite struct PythonEnvironmentTests {
    private typealias File = PythonEnvironment.File

    private func file(_ name: String, _ text: String) -> PythonEnvironment.File {
        PythonEnvironment.File(name: name, region: ByteRegion(text))
    }

    private func requirements(_ text: String) throws -> PythonEnvironment {
        try PythonEnvironment.read(requirements: file("requirements.txt", text), pythonEnv: nil, conda: nil)
    }

    @Test("the files of a saved model give its Python and its pins without a finding", arguments: Fixtures.versions)
    func savedModels(version: String) throws {
        let model = try Fixtures.model(version, "bare")
        let environment = try PythonEnvironment.read(
            requirements: model.environmentFile("requirements.txt"),
            pythonEnv: model.environmentFile("python_env.yaml"),
            conda: model.environmentFile("conda.yaml"), flavorPythonVersion: try model.mlmodel().pythonVersion)
        #expect(environment.pythonVersion == (version == "1.30.1" ? "3.9.18" : "3.11.7"))
        #expect(environment.pythonVersionFile == "python_env.yaml")
        #expect(environment.requirements.map(\.text) == ["mlflow==\(version)", "numpy==1.26.4"])
        #expect(environment.requirementsFile == "requirements.txt")
        #expect(environment.buildDependencies.map(\.name) == ["pip", "setuptools", "wheel"])
        #expect(environment.findings.isEmpty)
    }

    @Test("of the hostile lines only pins survive, and every other line leaves a finding")
    func hostileRequirements() throws {
        let region = try Fixtures.region("hostile/requirements.txt")
        let environment = try PythonEnvironment.read(
            requirements: File(name: "requirements.txt", region: region), pythonEnv: nil, conda: nil)
        #expect(
            environment.requirements.map { "\($0.line) \($0.text)" } == [
                "1 numpy==1.26.4",
                "41 numpy==1.26.4; extra == \"x\"",
                "48 numpy[extra1,extra2]==1.26.4",
                "50 num-py==1.0",
                "52 numpy==1.26.4+local.1",
                "53 numpy==1.26.4.post1.dev0",
                "54 numpy==1!1.26.4",
                "61 mlflow==2.9.2",
                "62 pip==24.0",
                "63 setuptools==1.0",
            ])
        let lines = Set(environment.findings.map(\.line)).union(environment.requirements.map(\.line))
        #expect(lines == Set(1...64))
        #expect(environment.unpinned.map { "\($0.line) \($0.text)" } == ["45 numpy==1.*", "46 numpy>=1", "47 numpy"])
        #expect(
            environment.findings.filter { $0.kind == .ignored }.map { "\($0.line) \($0.reason)" } == [
                "49 it repeats line 1", "55 it repeats line 1", "56 it repeats line 1",
            ])
        #expect(environment.findings.filter { $0.kind == .conflict }.map(\.line) == [52, 53, 54])
    }

    @Test(
        "a line that pip would split, join or decode otherwise is refused",
        arguments: [
            ("a==1\rb==2\n", 1, "it holds a character at which pip begins a new line"),
            ("# x\u{2028}b==2\n", 1, "it holds a character at which pip begins a new line"),
            ("# -*- coding: utf-16 -*-\n", 1, "it names an encoding, which may change how pip reads the file"),
            ("\u{feff}a==1\n", 1, "it has characters that are not ASCII"),
            ("\na==1 \\\n", 2, "it ends with a backslash, which joins the next line to it"),
        ])
    func lineEnds(text: String, line: Int, reason: String) throws {
        let environment = try requirements(text)
        #expect(environment.requirements.isEmpty)
        #expect(environment.findings.map(\.line) == [line])
        #expect(environment.findings.map(\.reason) == [reason])
        #expect(environment.findings.allSatisfy { $0.kind == .refused && $0.file == "requirements.txt" })
    }

    @Test("a line after a backslash is refused, however harmless it looks")
    func continuations() throws {
        let environment = try requirements("a==1 \\\nb==2 \\\nc==3\nd==4\n")
        #expect(environment.requirements.map(\.text) == ["d==4"])
        #expect(environment.findings.map(\.line) == [1, 2, 3])
        #expect(environment.findings.last?.reason == "it continues line 2, which ends with a backslash")
    }

    @Test("comments, blanks and Windows line ends are read")
    func harmlessLines() throws {
        let environment = try requirements("# c\r\n\r\n  a==1  # why\r\nb==2\t#x")
        #expect(environment.requirements.map { "\($0.line) \($0.text)" } == ["3 a==1", "4 b==2"])
        #expect(environment.findings.isEmpty)
    }

    @Test("bytes that are not UTF-8 refuse their line only")
    func encoding() throws {
        let bytes = Array("a==1\n".utf8) + [0xff, 0x0a] + Array("b==2\n".utf8)
        let environment = try PythonEnvironment.read(
            requirements: File(name: "r.txt", region: ByteRegion(bytes)), pythonEnv: nil, conda: nil)
        #expect(environment.requirements.map(\.name) == ["a", "b"])
        #expect(environment.findings.map(\.reason) == ["it is not UTF-8 text"])
    }

    @Test("without requirements.txt the pins come from python_env.yaml, then from conda.yaml")
    func precedence() throws {
        let pythonEnv = file("python_env.yaml", "python: 3.10\ndependencies:\n- a==1\n")
        let emptyEnv = file("python_env.yaml", "python: 3.10\ndependencies:\n- -r requirements.txt\n")
        let conda = file("conda.yaml", "dependencies:\n- python=3.8.5\n- pip<=23\n- pip:\n  - b==2\n")
        let first = try PythonEnvironment.read(requirements: nil, pythonEnv: pythonEnv, conda: conda)
        #expect(first.requirements.map(\.text) == ["a==1"])
        #expect(first.pythonVersion == "3.10")
        let second = try PythonEnvironment.read(requirements: nil, pythonEnv: emptyEnv, conda: conda)
        #expect(second.requirements.map(\.text) == ["b==2"])
        #expect(second.requirementsFile == "conda.yaml")
        let third = try PythonEnvironment.read(requirements: nil, pythonEnv: nil, conda: conda)
        #expect(third.pythonVersion == "3.8.5")
        #expect(third.pythonVersionFile == "conda.yaml")
        #expect(third.buildDependencies.map(\.text) == ["pip<=23"])
        let empty = try PythonEnvironment.read(
            requirements: file("requirements.txt", ""), pythonEnv: nil, conda: nil, flavorPythonVersion: "3.9.1")
        #expect(empty.requirementsFile == "requirements.txt")
        #expect(empty.pythonVersionFile == "MLmodel")
        let none = try PythonEnvironment.read(
            requirements: nil, pythonEnv: nil, conda: nil, flavorPythonVersion: "3; id")
        #expect(none.pythonVersion == nil)
    }

    @Test("conda packages of old models are read as pins, and a finding says so")
    func condaPackages() throws {
        let conda = file(
            "conda.yaml",
            "channels:\n- defaults\ndependencies:\n- python=3.7.9\n- scikit-learn=0.24.1\n- libgcc\n- pip\n")
        let environment = try PythonEnvironment.read(requirements: nil, pythonEnv: nil, conda: conda)
        #expect(environment.requirements.map(\.text) == ["scikit-learn==0.24.1"])
        #expect(
            environment.findings.map { "\($0.kind) \($0.line) \($0.text): \($0.reason)" } == [
                "ignored 5 scikit-learn=0.24.1: a conda package; read as the pip requirement `scikit-learn==0.24.1`",
                "ignored 6 libgcc: conda packages are not installed",
            ])
    }

    @Test("hostile YAML files give findings and no Python version")
    func hostileYAML() throws {
        let environment = try PythonEnvironment.read(
            requirements: nil,
            pythonEnv: File(name: "python_env.yaml", region: try Fixtures.region("hostile/python_env.yaml")),
            conda: File(name: "conda.yaml", region: try Fixtures.region("hostile/conda.yaml")))
        #expect(environment.pythonVersion == nil)
        #expect(environment.requirements.isEmpty)
        #expect(
            environment.findings.map { "\($0.kind) \($0.file):\($0.line) \($0.text)" } == [
                "refused python_env.yaml:1 3.11\nRUN id",
                "refused python_env.yaml:3 -r ../../x",
                "refused python_env.yaml:2 pip==24; id",
                "ignored conda.yaml:2 http://evil.invalid/ch",
                "refused conda.yaml:4 python=3.11; id",
                "refused conda.yaml:6 --index-url http://evil.invalid",
                "refused conda.yaml:7 -r /etc/passwd",
                "unpinned conda.yaml:8 numpy",
                "ignored conda.yaml:9 prefix",
                "ignored conda.yaml:10 variables",
            ])
    }

    @Test("pins of conda.yaml that contradict requirements.txt are findings")
    func contradictions() throws {
        let environment = try PythonEnvironment.read(
            requirements: file("requirements.txt", "a==1\n"), pythonEnv: nil,
            conda: file("conda.yaml", "dependencies:\n- pip:\n  - a==2\n  - b\n"))
        #expect(environment.requirements.map(\.text) == ["a==1"])
        #expect(
            environment.findings.map { "\($0.kind) \($0.file):\($0.line) \($0.text): \($0.reason)" } == [
                "conflict conda.yaml:3 a==2: `requirements.txt` asks for `a==1`, which is taken"
            ])
    }

    @Test("a broken YAML file is an error with its place")
    func brokenFile() throws {
        let error = try #require(throws: MLmodelError.self) {
            try PythonEnvironment.read(
                requirements: nil, pythonEnv: file("python_env.yaml", "python: [3]\n"), conda: nil)
        }
        #expect(error.diagnostic.summary == "cannot read `python_env.yaml`: `python` should be a text, and is a list")
        #expect(error.diagnostic.place?.description == "python_env.yaml:1:9")
    }
}
