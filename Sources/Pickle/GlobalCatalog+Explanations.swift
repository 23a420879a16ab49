// Words for names that are often met and never converted. They explain a refusal and allow nothing.
extension GlobalCatalog {
    static func explanation(module: String, name: String) -> (why: String, help: String?)? {
        let root = module.prefix { $0 != "." }
        switch root {
        case "__main__":
            return ("which is Python code of the training script", "use a type of scikit-learn in its place")
        case "cloudpickle": return byValue
        case "numpy":
            return functions.contains(name)
                ? ("a NumPy function that is not converted yet", nil)
                : ("which no fitted model needs", nil)
        case "functools" where name == "partial": return ("which is a function with bound arguments", nil)
        case "sklearn": return ("a type of scikit-learn that is not converted yet", nil)
        case "xgboost", "lightgbm", "catboost": return ("a type of \(root) that is not converted yet", nil)
        case "joblib": return ("which belongs to files of joblib", "log the model with `mlflow.sklearn.log_model`")
        default: break
        }
        if let action = dangerous["\(module).\(name)"] ?? dangerousModules[String(root)] { return (action, suspicion) }
        return nil
    }

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
