"""What people register: the pipelines of tutorials and of competitions, on tables of mixed types, in the formats in which they are logged."""

import numpy
import pandas
from generate import Model
from sklearn import (
    calibration, cluster, compose, decomposition, discriminant_analysis, ensemble, feature_selection, gaussian_process, impute, kernel_ridge,
    linear_model, model_selection, multiclass, multioutput, naive_bayes, neighbors, neural_network, pipeline, preprocessing, svm, tree,
)

import tables
from specs.crossed import asked as typed_rows
from specs.crossed import column_types
from specs.encoders import pick, version

try:
    import lightgbm
    import xgboost
except ImportError:
    lightgbm = xgboost = None


def customers(rng, missing=None, rows=200):
    """A table as companies have it: ages, incomes, flags, counts, plans, towns."""
    missing = pick(rng, 0, 0.1) if missing is None else missing
    table = pandas.DataFrame({
        "age": rng.integers(18, 90, rows).astype(pick(rng, "int64", "int32", "float64")),
        "income": numpy.round(rng.lognormal(10, 1, rows), 2),
        "Größe": rng.normal(175, 10, rows).astype(pick(rng, "float32", "float64")),
        "visits": rng.poisson(3, rows),
        "is_member": rng.random(rows) < 0.4,
        "plan": rng.choice(numpy.array(["free", "basic", "pro", "Entreprise é"], dtype=object), rows, p=[0.5, 0.3, 0.15, 0.05]),
        "town": rng.choice(numpy.array([f"town {n}" for n in range(12)], dtype=object), rows),
        "constant": 1.0,
    })
    order = [str(name) for name in rng.permutation(table.columns)[: int(rng.integers(5, 9))]]
    for needed in ("income", "plan"):
        if needed not in order:
            order.append(needed)
    table = table[order]
    if missing:
        for name in table.columns:
            if table[name].dtype.kind == "f" and name != "constant" or table[name].dtype == object:
                table[name] = table[name].where(rng.random(rows) >= missing, numpy.nan)
    return table


def asked(rng, table, count=40):
    rows = typed_rows(rng, table, bool(table.isna().any().any()))
    for name in table.columns:
        if table[name].dtype.kind == "f" and not table[name].isna().any():
            rows[name] = rows[name].fillna(table[name].iloc[0]).astype(table[name].dtype)
    if "income" in rows:
        rows["income"] = rows["income"].abs()
    return rows


def split(table):
    texts = [name for name in table.columns if table[name].dtype == object or str(table[name].dtype) == "str"]
    flags = [name for name in table.columns if table[name].dtype == bool]
    return [name for name in table.columns if name not in texts + flags], texts, flags


def target_of(rng, table, kind):
    base = numpy.log1p(table["income"].fillna(20000).to_numpy(dtype=float)) + (table["plan"] == "pro").to_numpy() * 2 + rng.normal(size=len(table))
    if kind == "real":
        return base
    if kind == "positive":
        return numpy.exp(base / 3)
    quantiles = numpy.quantile(base, [0.5] if kind.endswith("2") or kind == "bool" else [0.3, 0.7])
    codes = numpy.digitize(base, quantiles)
    if kind == "bool":
        return codes > 0
    if kind.startswith("text"):
        return numpy.array(["churn", "stay", "vielleicht ä"], dtype=object)[codes]
    return codes


def number_steps(rng):
    steps = [impute.SimpleImputer(strategy=pick(rng, "mean", "median", "most_frequent"), add_indicator=bool(rng.random() < 0.2))]
    choice = rng.integers(8)
    steps += [
        [preprocessing.StandardScaler()], [preprocessing.MinMaxScaler()], [preprocessing.RobustScaler()],
        [preprocessing.FunctionTransformer(numpy.log1p, **(dict(feature_names_out="one-to-one") if version() >= (1, 1) else {})), preprocessing.StandardScaler()],
        [preprocessing.PowerTransformer()], [preprocessing.QuantileTransformer(n_quantiles=30, output_distribution=pick(rng, "uniform", "normal"))],
        [preprocessing.KBinsDiscretizer(4, encode=pick(rng, "ordinal", "onehot-dense"), strategy=pick(rng, "uniform", "kmeans", "quantile"))],
        [preprocessing.PolynomialFeatures(2), preprocessing.StandardScaler()],
    ][choice]
    return pipeline.make_pipeline(*steps)


def text_steps(rng, dense=False):
    sparse = {("sparse_output" if version() >= (1, 2) else "sparse"): False} if dense else {}
    encoders = [
        preprocessing.OneHotEncoder(handle_unknown="ignore", **sparse),
        preprocessing.OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=pick(rng, 5, 0.1), **sparse),
        preprocessing.OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1),
        preprocessing.OneHotEncoder(handle_unknown="ignore", drop=pick(rng, "if_binary", "first"), **sparse),
    ]
    return pipeline.make_pipeline(impute.SimpleImputer(strategy=pick(rng, "most_frequent", "constant"), fill_value="missing"), encoders[rng.integers(4)])


def prepared(rng, table, dense=False):
    numbers, texts, flags = split(table)
    by_selector = rng.random() < 0.4
    parts = [
        ("num", number_steps(rng), compose.make_column_selector(dtype_include="number") if by_selector else numbers),
        ("cat", text_steps(rng, dense), compose.make_column_selector(dtype_include=object) if by_selector and table["plan"].dtype == object else texts),
    ]
    return compose.ColumnTransformer(
        parts, remainder=pick(rng, "drop", "passthrough"), verbose_feature_names_out=bool(rng.integers(2)), sparse_threshold=pick(rng, 0.3, 0, 0) if dense else 0.3)


def boosted(rng, is_classifier):
    makers = []
    if xgboost:
        common = dict(n_estimators=int(rng.integers(2, 20)), max_depth=int(rng.integers(2, 6)), n_jobs=1, random_state=1)
        common.update(pick(rng, {}, {"subsample": 0.8, "colsample_bytree": 0.7}, {"reg_alpha": 0.5, "gamma": 0.1}, {"tree_method": "hist", "max_bin": 16}, {"learning_rate": 0.05}))
        extra = pick(rng, {}, {"scale_pos_weight": 3.0}, {"eval_metric": "logloss"}) if is_classifier else pick(rng, {}, {"objective": "reg:absoluteerror"}, {"objective": "reg:pseudohubererror"})
        makers.append(lambda: (xgboost.XGBClassifier if is_classifier else xgboost.XGBRegressor)(**common, **extra))
    if lightgbm:
        common_l = dict(n_estimators=int(rng.integers(2, 20)), num_leaves=int(rng.integers(3, 16)), min_child_samples=5, verbose=-1, n_jobs=1)
        common_l.update(pick(rng, {}, {"colsample_bytree": 0.6}, {"reg_alpha": 0.2, "reg_lambda": 0.3}, {"boosting_type": "dart"}, {"max_bin": 15}))
        makers.append(lambda: (lightgbm.LGBMClassifier if is_classifier else lightgbm.LGBMRegressor)(**common_l))
    return makers[rng.integers(len(makers))]() if makers else (ensemble.GradientBoostingClassifier(n_estimators=5) if is_classifier else ensemble.GradientBoostingRegressor(n_estimators=5))


def any_final(rng, is_classifier):
    if rng.random() < 0.4:
        return boosted(rng, is_classifier)
    if is_classifier:
        return pick(
            rng, linear_model.LogisticRegression(max_iter=500), ensemble.RandomForestClassifier(6, max_depth=6, class_weight=pick(rng, None, "balanced")),
            ensemble.ExtraTreesClassifier(5), ensemble.GradientBoostingClassifier(n_estimators=6), ensemble.HistGradientBoostingClassifier(max_iter=6),
            svm.SVC(probability=True) if version() < (1, 9) else svm.SVC(), neighbors.KNeighborsClassifier(5, algorithm="kd_tree"), neural_network.MLPClassifier((8,), max_iter=40),
            linear_model.SGDClassifier(loss="log_loss"), naive_bayes.GaussianNB(), discriminant_analysis.LinearDiscriminantAnalysis(),
            linear_model.LogisticRegressionCV(Cs=3, cv=3, max_iter=300))
    return pick(
        rng, linear_model.LinearRegression(), linear_model.RidgeCV(), linear_model.LassoCV(cv=3), ensemble.RandomForestRegressor(6, max_depth=6),
        ensemble.GradientBoostingRegressor(n_estimators=6), ensemble.HistGradientBoostingRegressor(max_iter=6), svm.SVR(), linear_model.HuberRegressor(max_iter=300),
        neural_network.MLPRegressor((8,), max_iter=40), linear_model.BayesianRidge(), neighbors.KNeighborsRegressor(5, algorithm="ball_tree"),
        linear_model.QuantileRegressor(alpha=0.01, solver="highs"), linear_model.TweedieRegressor(power=0))


def method_of(rng, estimator):
    return "predict_proba" if hasattr(estimator, "predict_proba") and rng.random() < 0.5 else "predict"


def formats(rng):
    return {"serialization_format": pick(rng, "pickle", "cloudpickle")}


KINDS = ["int2", "bool", "text2", "int3", "text3"]


def whole_pipeline(rng, search=False, pandas_out=False):
    table = customers(rng)
    is_classifier = bool(rng.integers(2))
    kind = pick(rng, *KINDS) if is_classifier else pick(rng, "real", "positive")
    final = any_final(rng, is_classifier)
    target = target_of(rng, table, kind)
    if is_classifier and "XGB" in type(final).__name__:
        target = numpy.unique(target, return_inverse=True)[1]
    dense = pandas_out or rng.random() < 0.4 or not hasattr(final, "n_jobs")
    steps = [("prepare", prepared(rng, table, dense)), *([("select", pick(
        rng, feature_selection.SelectKBest(k=3), feature_selection.VarianceThreshold(), feature_selection.SelectFromModel(ensemble.ExtraTreesClassifier(4) if is_classifier else ensemble.ExtraTreesRegressor(4))
    ))] if rng.random() < 0.3 else []), ("model", final)]
    estimator = pipeline.Pipeline(steps)
    if pandas_out and version() >= (1, 2):
        estimator.set_output(transform="pandas")
    method = method_of(rng, estimator)
    if search:
        space = {"model__random_state": [1, 2]} if "random_state" in final.get_params() else {"prepare__num__simpleimputer__strategy": ["mean", "median"]}
        estimator = pick(rng, model_selection.GridSearchCV(estimator, space, cv=2), model_selection.RandomizedSearchCV(estimator, space, n_iter=2, cv=2))
    return Model(estimator, table, target, asked(rng, table), method, save=formats(rng))


def target_transformed(rng):
    table = customers(rng)
    inner = pipeline.make_pipeline(prepared(rng, table, True), any_final(rng, False))
    options = pick(
        rng, dict(func=numpy.log1p, inverse_func=numpy.expm1), dict(func=numpy.log, inverse_func=numpy.exp), dict(func=numpy.sqrt, inverse_func=numpy.square),
        dict(transformer=preprocessing.StandardScaler()), dict(transformer=preprocessing.QuantileTransformer(n_quantiles=20, output_distribution=pick(rng, "normal", "uniform"))),
        dict(transformer=preprocessing.PowerTransformer(method=pick(rng, "box-cox", "yeo-johnson"), standardize=bool(rng.integers(2)))), dict(transformer=preprocessing.MinMaxScaler()))
    outer = compose.TransformedTargetRegressor(inner, **options)
    return Model(outer, table, target_of(rng, table, "positive"), asked(rng, table), save=formats(rng))


def calibrated(rng):
    table = customers(rng)
    kind = pick(rng, "int2", "int3")
    final = any_final(rng, True)
    target = target_of(rng, table, kind)
    inner = pipeline.make_pipeline(prepared(rng, table, True), final)
    way = pick(rng, "cv", "prefit")
    method = pick(rng, "sigmoid", "isotonic")
    if way == "prefit":
        inner.fit(table, target)
        if version() >= (1, 6):
            from sklearn.frozen import FrozenEstimator

            estimator = calibration.CalibratedClassifierCV(FrozenEstimator(inner), method=method)
        else:
            estimator = calibration.CalibratedClassifierCV(inner, cv="prefit", method=method)
    else:
        estimator = calibration.CalibratedClassifierCV(inner, cv=2, method=method)
    return Model(estimator, table, target, asked(rng, table), pick(rng, "predict", "predict_proba"), save=formats(rng))


def voted(rng):
    table = customers(rng)
    is_classifier = bool(rng.integers(2))
    count = int(rng.integers(2, 4))
    members = [(f"m{index}", boosted(rng, is_classifier) if rng.random() < 0.6 else any_final(rng, is_classifier)) for index in range(count)]
    weights = pick(rng, None, None, [1, 2, 3][:count], [0.5, 0.3, 0.2][:count])
    if is_classifier:
        voting = pick(rng, "soft", "soft", "hard")
        outer = ensemble.VotingClassifier(members, voting=voting, weights=weights)
        kind, method = pick(rng, "int2", "int3"), "predict" if voting == "hard" else pick(rng, "predict", "predict_proba")
    else:
        outer, kind, method = ensemble.VotingRegressor(members, weights=weights), "real", "predict"
    estimator = pipeline.make_pipeline(prepared(rng, table, True), outer)
    return Model(estimator, table, target_of(rng, table, kind), asked(rng, table), method, save=formats(rng))


def stacked(rng):
    table = customers(rng)
    is_classifier = bool(rng.integers(2))
    members = [(f"m{index}", any_final(rng, is_classifier)) for index in range(2)]
    last = pick(rng, None, any_final(rng, is_classifier))
    make = ensemble.StackingClassifier if is_classifier else ensemble.StackingRegressor
    outer = make(members, final_estimator=last, cv=2, passthrough=bool(rng.integers(2)))
    estimator = pipeline.make_pipeline(prepared(rng, table, True), outer)
    kind = pick(rng, "int2", "int3") if is_classifier else "real"
    return Model(estimator, table, target_of(rng, table, kind), asked(rng, table), "predict", save=formats(rng))


def several(rng):
    table = customers(rng)
    is_classifier = bool(rng.integers(2))
    count = int(rng.integers(2, 4))
    final = any_final(rng, is_classifier)
    if is_classifier:
        target = numpy.column_stack([target_of(rng, table, "int2") for _ in range(count)])
        outer = pick(rng, multioutput.MultiOutputClassifier(final), multiclass.OneVsRestClassifier(final), multioutput.ClassifierChain(final))
        method = pick(rng, "predict", "predict", "predict_proba")
    else:
        target = numpy.column_stack([target_of(rng, table, "real") for _ in range(count)])
        outer, method = pick(rng, multioutput.MultiOutputRegressor(final), multioutput.RegressorChain(final)), "predict"
    if not hasattr(outer, method):
        method = "predict"
    return Model(pipeline.make_pipeline(prepared(rng, table, True), outer), table, target, asked(rng, table), method, save=formats(rng))


def one_by_one(rng):
    table = customers(rng)
    outer = pick(rng, multiclass.OneVsRestClassifier, multiclass.OneVsOneClassifier)(any_final(rng, True))
    kind = pick(rng, "int3", "text3")
    return Model(pipeline.make_pipeline(prepared(rng, table, True), outer), table, target_of(rng, table, kind), asked(rng, table), save=formats(rng))


def numeric_table(rng, **arguments):
    return column_types(rng, tables.numbers(rng, rows=160, kinds=("normal", "whole", "constant", "skewed", "large", "small"), **arguments))


def logged_otherwise(rng, how):
    """Arrays without names, signatures of arrays, examples in place of signatures."""
    width = int(rng.integers(2, 6))
    dtype = pick(rng, "float64", "float64", "float32", "int64") if how == "tensor" else "float64"
    table = pandas.DataFrame({f"c{index}": rng.normal(size=150) * 10 for index in range(width)}).astype(dtype)
    is_classifier = bool(rng.integers(2))
    final = pipeline.make_pipeline(preprocessing.StandardScaler(), any_final(rng, is_classifier)) if rng.random() < 0.5 else any_final(rng, is_classifier)
    kind = pick(rng, "int2", "real") if not is_classifier else "int2"
    target = tables.target(rng, table.astype(float), "int2" if is_classifier else "real")
    rows = table.iloc[rng.integers(0, len(table), 30)].reset_index(drop=True)
    if dtype != "int64":
        rows = (rows + rng.normal(size=rows.shape)).astype(dtype)
    del kind
    model = Model(final, table, target, rows, method_of(rng, final), save=formats(rng))
    if how == "tensor":
        model.is_tensor = True
    else:
        model.save["input_example"] = table.head(3)
    return model


def iterative(rng):
    from sklearn.experimental import enable_iterative_imputer  # noqa: F401

    table = tables.numbers(rng, rows=120, width=int(rng.integers(3, 6)), missing=0.15, kinds=("normal", "skewed", "whole", "constant", "large"))
    options = dict(max_iter=int(rng.integers(1, 8)), random_state=0, add_indicator=bool(rng.random() < 0.3), imputation_order=pick(rng, "ascending", "roman", "arabic", "descending", "random"))
    options["initial_strategy"] = pick(rng, "mean", "median", "most_frequent", "constant")
    if rng.random() < 0.3:
        options["n_nearest_features"] = 2
    if rng.random() < 0.3:
        options.update(min_value=0, max_value=pick(rng, 5, 100))
    if rng.random() < 0.3:
        options["skip_complete"] = True
    if version() >= (1, 2) and rng.random() < 0.15:
        options["keep_empty_features"] = True
    if rng.random() < 0.1:
        table["empty"] = numpy.nan
    if rng.random() < 0.4:
        options["estimator"] = pick(rng, linear_model.Ridge(), tree.DecisionTreeRegressor(max_depth=4), ensemble.ExtraTreesRegressor(4, max_depth=4), ensemble.RandomForestRegressor(3, max_depth=3), neighbors.KNeighborsRegressor(3))
    imputer = impute.IterativeImputer(**options)
    rows = tables.requests(rng, table, missing=True)
    # What a row without any value gets depends on the other rows of the request.
    rows[rows.columns[0]] = rows.iloc[:, 0].where(rows.notna().any(axis=1), 1.5)
    if rng.random() < 0.3:
        return Model(imputer, table, None, rows, "transform")
    is_classifier = bool(rng.integers(2))
    kind = "int2" if is_classifier else "real"
    final = pick(rng, linear_model.LogisticRegression() if is_classifier else linear_model.Ridge(), ensemble.RandomForestClassifier(4) if is_classifier else ensemble.RandomForestRegressor(4))
    return Model(pipeline.make_pipeline(imputer, preprocessing.StandardScaler(), final), table, tables.target(rng, table.fillna(0), kind), rows, method_of(rng, final))


def rare(rng):
    """Types that are registered now and then."""
    table = tables.numbers(rng, rows=100, kinds=("normal", "whole", "skewed"))
    real = tables.target(rng, table, "real")
    classes = tables.target(rng, table, "int3")
    name, estimator, target = pick(
        rng,
        ("", kernel_ridge.KernelRidge(kernel=pick(rng, "rbf", "linear", "poly"), alpha=0.5), real),
        ("", gaussian_process.GaussianProcessRegressor(alpha=0.1), real),
        ("", gaussian_process.GaussianProcessClassifier(), classes),
        ("", neighbors.RadiusNeighborsClassifier(1e9), classes),
        ("", neighbors.LocalOutlierFactor(novelty=True), None),
        ("", cluster.BisectingKMeans(3), None),
        ("", pipeline.make_pipeline(decomposition.FactorAnalysis(1), linear_model.Ridge()), real),
        ("", pipeline.make_pipeline(decomposition.FastICA(1), linear_model.Ridge()), real),
        ("", multiclass.OutputCodeClassifier(linear_model.LogisticRegression(), random_state=0), classes),
        ("", naive_bayes.ComplementNB(), classes), ("", naive_bayes.MultinomialNB(), classes), ("", naive_bayes.CategoricalNB(), classes),
        ("", svm.OneClassSVM(nu=0.2), None), ("", svm.NuSVC(nu=0.2), classes),
    )
    if "NB" in type(estimator).__name__:
        table = table.abs().round().clip(0, 50)
    return Model(estimator, table, target, table.iloc[rng.integers(0, 100, 30)].reset_index(drop=True), save=formats(rng))


def labelled_boosters(rng):
    """Boosters with labels of their own, constraints, weights and columns of whole numbers, alone."""
    if xgboost is None:
        return None
    table = numeric_table(rng)
    choice = rng.integers(6)
    kind = pick(rng, "int2", "int3", "text2", "text3", "bool")
    if choice < 3:
        options = pick(
            rng, {"monotone_constraints": "(" + ",".join(["1"] + ["0"] * (table.shape[1] - 1)) + ")"}, {"base_score": 0.3}, {"max_delta_step": 1}, {"colsample_bynode": 0.5},
            {"interaction_constraints": "[[0,1]]"}, {"booster": "dart", "rate_drop": 0.5}, {"importance_type": "weight"}, {"max_leaves": 5, "grow_policy": "lossguide"})
        target = numpy.unique(tables.target(rng, table, kind), return_inverse=True)[1]
        estimator = xgboost.XGBClassifier(n_estimators=8, n_jobs=1, **options)
    else:
        target = tables.target(rng, table, kind)
        options = pick(
            rng, {"monotone_constraints": [1] + [0] * (table.shape[1] - 1)}, {"is_unbalance": True} if kind in ("int2", "text2", "bool") else {}, {"objective": "multiclassova"} if kind.endswith("3") else {},
            {"boosting_type": "goss"}, {"linear_tree": True}, {"max_depth": 3, "path_smooth": 1.0}, {"extra_trees": True}, {"boost_from_average": False})
        estimator = lightgbm.LGBMClassifier(n_estimators=8, min_child_samples=4, verbose=-1, n_jobs=1, **options)
    rows = typed_rows(rng, table, False)
    flavor = pick(rng, "sklearn", "sklearn", "lightgbm") if choice >= 3 else "sklearn"
    return Model(estimator, table, target, rows, pick(rng, "predict", "predict_proba") if flavor == "sklearn" else "predict", flavor=flavor)


def targets_encoded(rng):
    if version() < (1, 3):
        return None
    table = customers(rng)
    numbers, texts, flags = split(table)
    kind = pick(rng, "int2", "real", "bool", "text2") if version() < (1, 4) else pick(rng, "int2", "int3", "text3", "real", "bool")
    columns = compose.ColumnTransformer([
        ("te", preprocessing.TargetEncoder(smooth=pick(rng, "auto", 5.0), random_state=0), texts + flags[:0]),
        ("num", impute.SimpleImputer(), numbers)], remainder=pick(rng, "drop", "passthrough"))
    final = any_final(rng, kind != "real")
    target = target_of(rng, table, kind)
    if "XGB" in type(final).__name__ and kind != "real":
        target = numpy.unique(target, return_inverse=True)[1]
    estimator = pipeline.make_pipeline(columns, final)
    return Model(estimator, table, target, asked(rng, table), method_of(rng, estimator), save=formats(rng))


SPECS = {
    "reg_pipeline": whole_pipeline,
    "reg_search": lambda rng: whole_pipeline(rng, search=True),
    "reg_pandas": lambda rng: whole_pipeline(rng, pandas_out=True),
    "reg_ttr": target_transformed,
    "reg_calibrated": calibrated,
    "reg_voted": voted,
    "reg_stacked": stacked,
    "reg_several": several,
    "reg_one": one_by_one,
    "reg_tensor": lambda rng: logged_otherwise(rng, "tensor"),
    "reg_example": lambda rng: logged_otherwise(rng, "example"),
    "reg_iterative": iterative,
    "reg_rare": rare,
    "reg_boosters": labelled_boosters,
    "reg_target": targets_encoded,
}
