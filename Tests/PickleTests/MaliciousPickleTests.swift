import Testing

@testable import Pickle

@Suite("Malicious pickles")
struct MaliciousPickleTests {
    static let rows = lines("malicious/index.txt").dropFirst().map { $0.split(separator: "|").map(String.init) }
    static let cases = lines("malicious/index.txt").dropFirst().map { String($0.prefix { $0 != "|" }) }

    @Test("each is refused with an offset, and its names are where an independent machine finds them", arguments: cases)
    func refused(_ name: String) throws {
        let line = try #require(lines("malicious/index.txt").first { $0.hasPrefix(name + "|") })
        let fields = line.split(separator: "|", omittingEmptySubsequences: false).map(String.init)
        let expected = fields[1].split(separator: ",").map(String.init)
        do throws(PickleError) {
            let graph = try read(fixture("malicious/\(name)"))
            let catalog = GlobalCatalog(modelTypes: ["sklearn.linear_model._logistic.LogisticRegression"])
            let refused = graph.globals.filter { catalog.verdict(on: $0) != .allowed }
            #expect(!refused.isEmpty || !graph.findings.isEmpty)
            if graph.findings.contains(where: { $0.words.hasSuffix("follow the end of the pickle") }) { return }
            let found = graph.globals.map { "\(asciiEscaped($0.qualifiedName))@\($0.offset)" }
            #expect(found == expected)
        } catch {
            #expect(error.offset >= 0 && error.offset <= fixture("malicious/\(name)").count)
            let found = error.names.map(asciiEscaped)
            #expect(found == expected.map { String($0.prefix { $0 != "@" }) } || expected.isEmpty || found.isEmpty)
        }
    }

    private func asciiEscaped(_ text: String) -> String {
        text.unicodeScalars.map { scalar in
            if scalar == "\n" { return "\\n" }
            return scalar.isASCII ? String(scalar) : "\\u0" + String(scalar.value, radix: 16)
        }.joined()
    }

    @Test("a refusal is one plain sentence about the use of the name")
    func words() {
        let catalog = GlobalCatalog(modelTypes: ["sklearn.pipeline.Pipeline"])
        func reason(_ module: String, _ name: String, _ uses: PickleUse) -> String {
            let global = PickleGlobal(
                module: module, name: name, writtenAs: nil, offset: 0, opcode: "GLOBAL", uses: uses)
            switch catalog.verdict(on: global) {
            case .allowed: return "allowed"
            case .refused(let reason, _), .unconverted(let reason, _): return reason
            }
        }
        #expect(reason("os", "system", .call) == "it calls `os.system`, which is not a known model type")
        #expect(reason("subprocess", "Popen", .call) == "it calls `subprocess.Popen`, which starts programs")
        #expect(
            reason("sklearn.svm._classes", "SVC", [.new, .build])
                == "it holds a `sklearn.svm._classes.SVC`, a type of scikit-learn that is not converted yet")
        #expect(
            reason("__main__", "clean", .value)
                == "it names `__main__.clean`, which is Python code of the training script")
        #expect(reason("sklearn.pipeline", "Pipeline", [.new, .build]) == "allowed")
        #expect(
            reason("sklearn.pipeline", "Pipeline", .call)
                == "it calls `sklearn.pipeline.Pipeline`, which no library does")
        #expect(reason("builtins", "getattr", .bind) == "allowed")
        #expect(reason("builtins", "getattr", .call) == "it calls `builtins.getattr`, which reaches any function")
        #expect(reason("numpy", "load", .call) == "it calls `numpy.load`, which no convertible model needs")
        #expect(reason("a\u{202e}b", "x", .call) == "it calls `a\\u{202e}b.x`, which is not a known model type")
    }

    @Test("what helps with a type that is not converted: a type that is, or Python")
    func advice() {
        let catalog = GlobalCatalog(modelTypes: [])
        func help(_ module: String, _ name: String) -> String? {
            let global = PickleGlobal(
                module: module, name: name, writtenAs: nil, offset: 0, opcode: "STACK_GLOBAL", uses: [.new, .build])
            guard case .unconverted(_, let help) = catalog.verdict(on: global) else { return nil }
            return help
        }
        #expect(
            help("sklearn.neighbors._lof", "LocalOutlierFactor")
                == "IsolationForest and OneClassSVM are converted; or `skiff pack` serves the model with its Python environment"
        )
        #expect(
            help("sklearn.feature_extraction._hash", "FeatureHasher")
                == "encode the columns of a pandas table with OneHotEncoder; or `skiff pack` serves the model with its Python environment"
        )
        #expect(
            help("sklearn.manifold._t_sne", "TSNE") == "`skiff pack` serves the model with its Python environment")
        #expect(
            help("xgboost.sklearn", "LocalOutlierFactor")
                == "`skiff pack` serves the model with its Python environment")
    }

    @Test(
        "no mutation of a pickle crashes the machine or leaves an offset outside of the file",
        arguments: [
            "values.p0.pkl", "values.p2.pkl", "values.p5.pkl", "arrays.p2.pkl", "arrays.p4.pkl", "arrays.p5.pkl",
        ])
    func mutations(_ name: String) {
        let original = Array(fixture(name).prefix(6000))
        let seed: UInt64 = 20_261_122
        var generator = SeededGenerator(state: seed)
        for round in 0..<400 {
            var bytes = original
            if Bool.random(using: &generator) { bytes.removeLast(Int.random(in: 1..<bytes.count, using: &generator)) }
            for _ in 0..<Int.random(in: 0...4, using: &generator) where !bytes.isEmpty {
                bytes[Int.random(in: 0..<bytes.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
            }
            do throws(PickleError) {
                let graph = try read(bytes)
                for pair in graph.entries(graph.root) ?? [] {
                    guard let array = try? NumpyArray.read(pair.value, in: graph) else { continue }
                    _ = (array.numbers, array.texts, array.values, array.field("left")?.count)
                }
            } catch {
                #expect(error.offset <= bytes.count, "seed \(seed), round \(round): \(error)")
            }
        }
    }
}
