import Diagnostics
import Pickle

/// A fitted estimator of a pickle: its class, its state, and where it stands in the model.
struct Estimator {
    let graph: PickleGraph
    /// The path from the model: `steps[0].transformers_[1]`; empty for the model itself.
    let path: String
    /// `module.name` of the class.
    let className: String
    /// The class without its module.
    let shortName: String
    /// The version of scikit-learn that fitted it; for an estimator of another library that of the whole model, else the newest.
    let version: SklearnVersion
    /// What the conversion of the whole model may take.
    let budget: ConversionBudget
    private let state: PickleValue
    private let offset: Int

    /// Reads the object behind `value`. Throws an empty `Refused` when it is none: the survey of names says why.
    ///
    /// - Parameters:
    ///   - whole: the version of the model that it is a part of, if it is.
    ///   - budget: that of the model that it is a part of.
    init(
        _ value: PickleValue, path: String, graph: PickleGraph, whole: SklearnVersion? = nil,
        budget: ConversionBudget? = nil
    ) throws {
        self.graph = graph
        self.path = path
        self.budget = budget ?? ConversionBudget(fileByteCount: graph.byteCount)
        try self.budget.take(ConversionBudget.estimator)
        guard let object = graph.object(value), let global = Estimator.classGlobal(object, graph) else {
            var refusal = Refusal(
                path: path.isEmpty ? graph.file : path, reason: "it is not an estimator of scikit-learn",
                place: graph.place(graph.offset(of: value) ?? 0))
            refusal.isAboutBytes = path.isEmpty
            throw Refused([refusal])
        }
        className = global.qualifiedName
        shortName = global.name
        offset = object.offset
        let place = graph.place(object.offset, opcode: global.opcode)
        func refuse(_ reason: String) -> Refused {
            Refused([
                Refusal(path: (path.isEmpty ? "" : path + ".") + escaped(global.name), reason: reason, place: place)
            ])
        }
        guard ConverterCatalog.isKnown(className) else { throw Refused([]) }
        guard let state = object.state, graph.entries(state) != nil, object.appended.isEmpty, object.items.isEmpty,
            object.keywords == nil
        else { throw refuse("it has no state as scikit-learn writes it") }
        self.state = state
        // Only scikit-learn's own classes write it.
        guard className.hasPrefix("sklearn.") else {
            version = whole ?? .newest
            return
        }
        guard let text = graph.value(forKey: "_sklearn_version", in: state).flatMap({ graph.text($0) }),
            let version = SklearnVersion(text)
        else { throw refuse("it does not say which version of scikit-learn fitted it") }
        guard version.isKnown else {
            throw Refused([
                Refusal(
                    path: (path.isEmpty ? "" : path + ".") + escaped(global.name),
                    reason: "it was fitted by scikit-learn \(escaped(text)), and the rules of 1.1 to 1.9 are known",
                    help: "fit the model with scikit-learn 1.1 to 1.9", place: place)
            ])
        }
        self.version = version
    }

    /// The class of an instance: by NEWOBJ, or by `copyreg._reconstructor(cls, object, None)` in protocols 0 and 1.
    private static func classGlobal(_ object: PickleObject, _ graph: PickleGraph) -> PickleGlobal? {
        guard let global = graph.global(object.callable), let arguments = graph.elements(object.arguments) else {
            return nil
        }
        if object.creation == .new { return arguments.isEmpty ? global : nil }
        guard global.qualifiedName == "copyreg._reconstructor", arguments.count == 3,
            graph.global(arguments[1])?.qualifiedName == "builtins.object", arguments[2] == .null
        else { return nil }
        return graph.global(arguments[0])
    }

    /// A part of this estimator, at `step` of its path: `.estimators_[3]`.
    func part(_ value: PickleValue, at step: String) throws -> Estimator {
        let part = try Estimator(
            value, path: path.isEmpty ? step : "\(path).\(step)", graph: graph, whole: version, budget: budget)
        // What is not of scikit-learn does not know which version of it was there.
        guard part.version == version || !className.hasPrefix("sklearn.") else {
            throw part.refuse("it was fitted by scikit-learn \(part.version.text), and the whole by \(version.text)")
        }
        return part
    }

    /// A reason to refuse it; with a parameter, the path names it and its value.
    func refuse(_ reason: String, parameter: String? = nil, value: String? = nil, help: String? = nil) -> Refused {
        var place = path.isEmpty ? escaped(shortName) : "\(path).\(escaped(shortName))"
        if let parameter { place += "(\(parameter)\(value.map { "=\(escaped($0))" } ?? ""))" }
        return Refused([
            Refusal(path: place, reason: reason, help: help, place: graph.place(offset))
        ])
    }
}

// The state.
extension Estimator {
    /// The value of an attribute, nil when there is none.
    subscript(_ name: String) -> PickleValue? { graph.value(forKey: name, in: state) }

    /// The attribute is absent or None.
    func isNone(_ name: String) -> Bool { self[name] == nil || self[name] == .null }

    /// An attribute that must be there.
    func required(_ name: String) throws -> PickleValue {
        guard let value = self[name] else {
            throw refuse("it has no `\(name)`: it is not fitted, or not as scikit-learn does it")
        }
        return value
    }

    func text(_ name: String) throws -> String {
        guard let text = graph.text(try required(name)) else { throw unexpected(name, "a text") }
        return text
    }

    func bool(_ name: String, default fallback: Bool? = nil) throws -> Bool {
        if self[name] == nil, let fallback { return fallback }
        switch PickledScalar(try required(name), graph) {
        case .bool(let flag): return flag
        case .number(0): return false
        case .number(1): return true
        default: throw unexpected(name, "true or false")
        }
    }

    func int(_ name: String) throws -> Int {
        guard case .number(let number) = PickledScalar(try required(name), graph), let int = Int(exactly: number) else {
            throw unexpected(name, "a whole number")
        }
        return int
    }

    func array(_ name: String) throws -> NumpyArray {
        try readArray(try required(name), name)
    }

    /// The numbers of an array attribute in C order; a single number counts as one.
    func numbers(_ name: String) throws -> [Double] {
        if case .number(let number) = PickledScalar(try required(name), graph) { return [number] }
        guard let numbers = try array(name).numbers else { throw unexpected(name, "an array of numbers") }
        return numbers
    }

    func list(_ name: String) throws -> [PickleValue] {
        let value = try required(name)
        if let elements = graph.elements(value) {
            try budget.take(elements.count, itemSize: 8)
            return elements
        }
        if let values = try? NumpyArray.read(value, in: graph).values {
            try budget.take(values.count, itemSize: 8)
            return values
        }
        throw unexpected(name, "a list")
    }

    func unexpected(_ name: String, _ wanted: String) -> Refused {
        refuse("its `\(name)` is not \(wanted)", parameter: name)
    }

    /// The names of the columns it was fitted on; nil when it was fitted on an array.
    func featureNames() throws -> [String]? {
        guard !isNone("feature_names_in_") else { return nil }
        let array = try array("feature_names_in_")
        if let texts = array.texts { return texts }
        guard let values = array.values else { throw unexpected("feature_names_in_", "an array of texts") }
        var names: [String] = []
        for value in values {
            guard case .text(let text) = PickledScalar(value, graph) else {
                throw unexpected("feature_names_in_", "an array of texts")
            }
            names.append(text)
        }
        return names
    }

    /// The table must be what the estimator was fitted on: as many columns, and the same names when it knows them.
    func requireFittedColumns(_ table: Table) throws {
        try table.requireWidth(try int("n_features_in_"), for: self)
        try table.requireNames(try featureNames(), for: self)
    }

    /// Reads an array, or the arrays of a list, with the estimator's place for errors.
    func readArray(_ value: PickleValue, _ name: String) throws -> NumpyArray {
        let array: NumpyArray
        do throws(PickleError) {
            array = try NumpyArray.read(value, in: graph)
        } catch {
            throw refuse("its `\(name)` cannot be read: \(error.reason)")
        }
        try budget.take(array.count, itemSize: array.type.itemSize)
        return array
    }
}

/// A plain value: what Python or NumPy scalars say.
enum PickledScalar: Equatable {
    case null
    case bool(Bool)
    case number(Double)
    case text(String)
    case other

    /// NaN counts as a number; an integer beyond 2^53 does not count as one.
    init(_ value: PickleValue, _ graph: PickleGraph) {
        switch value {
        case .null: self = .null
        case .bool(let flag): self = .bool(flag)
        case .int(let number): self = Double(exactly: number).map { .number($0) } ?? .other
        case .float(let number): self = .number(number)
        case .text: self = graph.text(value).map { .text($0) } ?? .other
        case .object:
            guard let array = try? NumpyArray.read(value, in: graph), array.shape.isEmpty else {
                self = .other
                return
            }
            if array.type.kind == .boolean, let flag = array.integers?.first {
                self = .bool(flag == 1)
            } else if let integer = array.integers?.first {
                self = Double(exactly: integer).map { .number($0) } ?? .other
            } else if let number = array.numbers?.first {
                self = .number(number)
            } else if let text = array.texts?.first {
                self = .text(text)
            } else {
                self = .other
            }
        default: self = .other
        }
    }
}
