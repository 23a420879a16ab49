import Diagnostics

/// Which names a convertible model may contain: an exact list with the ways in which each may be used, never a prefix.
///
/// Whatever is not listed is refused. A list of known names says why in words of its own; it grants nothing.
public struct GlobalCatalog: Sendable {
    /// What is thought of one name.
    public enum Verdict: Sendable, Equatable {
        /// Honest models use it in this way.
        case allowed
        /// A type of a known library that is not converted: a sentence without a full stop, and what would help.
        case unconverted(reason: String, help: String?)
        /// No fitted model that can be converted holds it: a sentence without a full stop, and what would help.
        case refused(reason: String, help: String?)
    }

    private let allowed: [String: PickleUse]

    /// A catalogue of the plumbing of NumPy and scikit-learn, of `modelTypes`, the qualified class names that can be converted
    /// (each may be made, built and named, not called), and of `parts`, names that these hold, with their uses.
    public init(modelTypes: some Sequence<String>, parts: [String: PickleUse] = [:]) {
        var allowed = GlobalCatalog.plumbing
        for (name, uses) in parts { allowed[name, default: []].formUnion(uses) }
        for name in modelTypes { allowed[name, default: []].formUnion([.new, .build, .value]) }
        self.allowed = allowed
    }

    /// What is thought of `global`, given how the stream uses it.
    public func verdict(on global: PickleGlobal) -> Verdict {
        let name = global.qualifiedName
        let shown = escaped(name)
        if let uses = allowed[name] {
            if uses.isSuperset(of: global.uses) { return .allowed }
        }
        // What may only look up a method is explained as itself when it does more.
        if let uses = allowed[name], uses != .bind {
            return .refused(reason: "\(verb(global)) `\(shown)`, which no library does", help: nil)
        }
        let written = global.writtenAs.map { $0 == name ? "" : " (written `\(escaped($0))`)" } ?? ""
        if let (why, help) = GlobalCatalog.explanation(global) {
            let reason = "\(verb(global)) `\(shown)`\(written), \(why)"
            return GlobalCatalog.isLibraryPart(global)
                ? .unconverted(reason: reason, help: help) : .refused(reason: reason, help: help)
        }
        return .refused(
            reason: "\(verb(global)) `\(shown)`\(written), which is not a known model type", help: nil)
    }

    private func verb(_ global: PickleGlobal) -> String {
        if global.uses.contains(.call) { return "it calls" }
        if global.uses.contains(.new) { return "it holds a" }
        if global.uses.contains(.fill) { return "it changes" }
        return "it names"
    }

    private static let plumbing: [String: PickleUse] = {
        var table: [String: PickleUse] = [:]
        for name in [
            "numpy.core.multiarray._reconstruct", "numpy._core.multiarray._reconstruct", "numpy.dtype",
            "numpy.random.bit_generator.__pyx_unpickle_SeedSequence",
            "sklearn.tree._tree.Tree", "copyreg._reconstructor",
        ] {
            table[name] = [.call, .build]
        }
        for name in [
            "numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar", "numpy.core.numeric._frombuffer",
            "numpy._core.numeric._frombuffer", "_codecs.encode", "builtins.bytes", "builtins.bytearray",
            "builtins.range", "builtins.set", "builtins.slice",
        ] {
            table[name] = [.call]
        }
        for name in [
            "numpy.ndarray", "numpy.number", "numpy.float16", "numpy.float32", "numpy.float64", "numpy.int8",
            "numpy.int16", "numpy.int32", "numpy.int64", "numpy.uint8", "numpy.uint16", "numpy.uint32", "numpy.uint64",
            "numpy.bool", "numpy.bool_", "numpy.object_", "numpy.str_", "builtins.object", "builtins.str",
            "builtins.int", "builtins.float", "builtins.bool", "numpy.random._mt19937.MT19937",
            "numpy.random._pcg64.PCG64", "numpy.random.bit_generator.SeedSequence",
        ] {
            table[name] = [.value]
        }
        for name in ["builtins.getattr", "cloudpickle.cloudpickle._builtin_type"] { table[name] = [.bind] }
        table["numpy.dtype"] = [.call, .build, .value]
        for kind in ["randomstate", "generator", "bit_generator"] {
            table["numpy.random._pickle.__\(kind)_ctor"] = [.call, .build, .value]
        }
        table["joblib.numpy_pickle.NumpyArrayWrapper"] = [.new, .build]
        table["sklearn.compose._column_transformer._RemainderColsList"] = [.new, .build, .value]
        table["sklearn.compose._column_transformer.make_column_selector"] = [.new, .build, .value]
        return table
    }()
}
