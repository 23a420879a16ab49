// Words for names that are often met and never converted. They explain a refusal and allow nothing.
extension GlobalCatalog {
    static func explanation(_ global: PickleGlobal) -> (why: String, help: String?)? {
        let root = String(global.module.prefix { $0 != "." })
        if isLibraryPart(global) {
            if let known = unconverted.first(where: { global.module.hasPrefix($0.module) }) {
                return (known.why, known.help)
            }
            if functions.contains(global.name) {
                return ("a NumPy function that is not converted yet", UnconvertedTypes.otherwise)
            }
            return (
                "a type of \(libraries[root] ?? root) that is not converted yet",
                (root == "sklearn" ? UnconvertedTypes.advice[global.name] : nil) ?? UnconvertedTypes.otherwise
            )
        }
        switch root {
        case "__main__":
            return ("which is Python code of the training script", "use a type of scikit-learn in its place")
        case "cloudpickle": return byValue
        case "numpy", "scipy": return ("which no convertible model needs", nil)
        case "functools" where global.name == "partial": return ("which is a function with bound arguments", nil)
        case "joblib": return ("which belongs to files of joblib", "log the model with `mlflow.sklearn.log_model`")
        default: break
        }
        if let action = dangerous[global.qualifiedName] ?? dangerousModules[root] { return (action, suspicion) }
        return nil
    }

    /// A name that honest models of the libraries hold in this way, and that is merely not converted.
    ///
    /// Classes of the libraries may be made and built; what honest models call is listed one by one.
    static func isLibraryPart(_ global: PickleGlobal) -> Bool {
        if parts.contains(global.qualifiedName) { return true }
        let root = String(global.module.prefix { $0 != "." })
        return ["sklearn", "xgboost", "lightgbm", "catboost"].contains(root) && !global.uses.contains(.call)
            && !global.name.contains(".") && !global.name.hasPrefix("_")
            || root == "sklearn" && global.uses.isSubset(of: [.new, .build, .value]) && !global.name.contains("__")
    }

    /// Types with a reason of their own not to be converted, by module.
    private static let unconverted: [(module: String, why: String, help: String)] = [
        (
            "sklearn.gaussian_process",
            "which compares each row with the training table by a kernel of several parts, and is not converted",
            "use `SVC` or `SVR` with the kernel `rbf`, which are converted"
        ),
        (
            "sklearn.feature_extraction.text",
            "which takes texts apart in a way that is not converted",
            "use CountVectorizer or TfidfVectorizer, which are converted"
        ),
    ]

    private static let libraries = [
        "sklearn": "scikit-learn", "_loss": "scikit-learn", "numpy": "NumPy", "scipy": "SciPy", "xgboost": "XGBoost",
        "lightgbm": "LightGBM", "catboost": "CatBoost", "functools": "Python", "collections": "Python",
    ]

    private static let parts: Set<String> = {
        var names: Set<String> = [
            "functools.partial", "collections.OrderedDict", "collections.defaultdict", "numpy.ma.MaskedArray",
            "numpy.ma.core.MaskedArray", "numpy.ma.core._mareconstruct", "scipy.sparse._csr.csr_matrix",
            "scipy.sparse._csc.csc_matrix", "scipy.interpolate._bsplines.BSpline",
            "scipy._lib.array_api_compat.numpy._aliases.asarray", "sklearn.metrics._dist_metrics.newObj",
            "sklearn.neighbors._kd_tree.newObj", "sklearn.neighbors._ball_tree.newObj",
        ]
        for function in functions {
            names.insert("numpy.\(function)")
            names.insert("numpy._core._multiarray_umath.\(function)")
            names.insert("numpy.core._multiarray_umath.\(function)")
        }
        for loss in [
            "AbsoluteError", "ExponentialLoss", "HalfBinomialLoss", "HalfGammaLoss", "HalfMultinomialLoss",
            "HalfPoissonLoss", "HalfSquaredError", "HalfTweedieLoss", "HalfTweedieLossIdentity", "HuberLoss",
            "PinballLoss",
        ] {
            for module in ["_loss", "sklearn._loss._loss"] {
                names.insert("\(module).Cy\(loss)")
                names.insert("\(module).__pyx_unpickle_Cy\(loss)")
            }
        }
        return names
    }()

    private static let suspicion = "no training library writes this: do not load the file, and ask where it comes from"

    private static let byValue: (why: String, help: String?) = (
        "which carries Python code inside the model", "use a type of scikit-learn in place of the function or class"
    )

    private static let functions: Set<String> = [
        "log", "log1p", "log2", "log10", "exp", "expm1", "sqrt", "cbrt", "square", "absolute", "abs", "sin", "cos",
        "tan",
        "arctan", "arcsinh", "tanh", "sign", "reciprocal", "negative",
    ]

    private static let dangerous: [String: String] = [
        "builtins.eval": "which runs Python code", "builtins.exec": "which runs Python code",
        "builtins.compile": "which compiles Python code", "builtins.__import__": "which imports any module",
        "builtins.getattr": "which reaches any function", "builtins.open": "which opens files",
        "builtins.breakpoint": "which starts a debugger",
    ]

    private static let dangerousModules: [String: String] = [
        "os": "which is not a known model type", "posix": "which is not a known model type",
        "nt": "which is not a known model type", "subprocess": "which starts programs", "pty": "which starts programs",
        "_posixsubprocess": "which starts programs", "socket": "which opens connections",
        "shutil": "which changes files", "ctypes": "which calls native code", "runpy": "which runs Python code",
        "importlib": "which imports any module", "pickle": "which unpickles again", "marshal": "which loads code",
        "types": "which makes code", "code": "which runs Python code", "codeop": "which runs Python code",
        "webbrowser": "which opens pages", "operator": "which reaches any function",
        "_operator": "which reaches any function", "pkgutil": "which imports any module",
        "urllib": "which opens connections", "http": "which opens connections", "requests": "which opens connections",
    ]
}
