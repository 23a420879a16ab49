import Pickle

/// What fitted linear models hold beside arrays: losses, links, splitters of cross-validation. Nothing of it takes part in
/// predictions; parameters of the models say the same.
enum LinearParts {
    static let names: [String: PickleUse] = {
        var table: [String: PickleUse] = [:]
        for name in splitters { table["sklearn.model_selection._split.\(name)"] = [.new, .build, .value] }
        for name in losses { table["sklearn._loss.loss.\(name)"] = [.new, .build, .value] }
        for name in links { table["sklearn._loss.link.\(name)"] = [.new, .build, .value] }
        for name in compiledLosses {
            for module in ["_loss", "sklearn._loss._loss"] {
                table["\(module).\(name)"] = [.call, .build, .value]
                table["\(module).__pyx_unpickle_\(name)"] = [.call, .build]
            }
        }
        for name in sgdLosses {
            for module in ["sklearn.linear_model._sgd_fast", "_sgd_fast"] {
                table["\(module).\(name)"] = [.call, .build, .value]
                table["\(module).__pyx_unpickle_\(name)"] = [.call, .build]
            }
        }
        return table
    }()

    private static let splitters = [
        "GroupKFold", "GroupShuffleSplit", "KFold", "LeaveOneGroupOut", "LeaveOneOut", "LeavePOut", "PredefinedSplit",
        "RepeatedKFold", "RepeatedStratifiedKFold", "ShuffleSplit", "StratifiedGroupKFold", "StratifiedKFold",
        "StratifiedShuffleSplit", "TimeSeriesSplit",
    ]
    private static let losses = [
        "HalfGammaLoss", "HalfPoissonLoss", "HalfSquaredError", "HalfTweedieLoss", "HalfTweedieLossIdentity",
    ]
    private static let links = ["IdentityLink", "Interval", "LogLink"]
    private static let compiledLosses = [
        "CyHalfBinomialLoss", "CyHalfGammaLoss", "CyHalfPoissonLoss", "CyHalfSquaredError", "CyHalfTweedieLoss",
        "CyHalfTweedieLossIdentity", "CyHuberLoss",
    ]
    private static let sgdLosses = [
        "EpsilonInsensitive", "Hinge", "Huber", "Log", "ModifiedHuber", "SquaredEpsilonInsensitive", "SquaredHinge",
        "SquaredLoss",
    ]
}
