"""`ColumnTransformer` in all its forms: names, positions, slices, masks, selectors, remainders, weights, sparse and pandas outputs, nested."""

import numpy
from generate import Model
from sklearn import compose, ensemble, impute, pipeline, preprocessing, tree

import tables
from specs.encoders import final, pick, version


def ways(rng, table, names):
    """The same columns in different words."""
    positions = [table.columns.get_loc(name) for name in names]
    choices = [
        names,
        numpy.array(names, dtype=object),
        positions,
        [position - table.shape[1] for position in positions],
        [name in names for name in table.columns],
        numpy.isin(table.columns.to_numpy(dtype=object), names),
    ]
    if positions == list(range(positions[0], positions[-1] + 1)):
        choices.append(slice(positions[0], positions[-1] + 1))
        choices.append(slice(names[0], names[-1]))
    return pick(rng, *choices)


def forms(rng):
    table = tables.mixed(rng, texts=2, missing=0.1)
    if rng.random() < 0.3:
        table["flag"] = rng.random(len(table)) < 0.5
    texts = [name for name in table.columns if table[name].dtype == object]
    numbers = [name for name in table.columns if table[name].dtype.kind in "fi"]
    half = max(1, len(numbers) // 2)
    encode = pipeline.make_pipeline(impute.SimpleImputer(strategy="most_frequent"), preprocessing.OneHotEncoder(handle_unknown="ignore", min_frequency=pick(rng, None, 5)))
    fill = pipeline.make_pipeline(impute.SimpleImputer(add_indicator=bool(rng.integers(2))), pick(rng, "passthrough", preprocessing.StandardScaler(), preprocessing.KBinsDiscretizer(3)))
    parts = [("texts", encode, ways(rng, table, texts)), ("numbers", fill, ways(rng, table, numbers[:half]))]
    if rng.random() < 0.3:
        parts[0] = ("texts", encode, compose.make_column_selector(dtype_include=object)) if table[texts[0]].dtype == object else parts[0]
    if rng.random() < 0.3 and half < len(numbers):
        parts.append(("kept", "passthrough", numbers[half : half + 1]))
    if rng.random() < 0.3:
        parts.append(("none", preprocessing.StandardScaler(), []))
    if rng.random() < 0.3:
        parts.append(("away", "drop", numbers[-1:]))
    parts = [parts[index] for index in rng.permutation(len(parts))]
    options = dict(
        remainder=pick(rng, "drop", "passthrough", impute.SimpleImputer(strategy="median")),
        sparse_threshold=pick(rng, 0, 0.3, 1.0),
        verbose_feature_names_out=bool(rng.integers(2)),
    )
    if rng.random() < 0.4:
        options["transformer_weights"] = {name: float(rng.choice([0.5, 2, 0.1])) for name, _, _ in parts if rng.random() < 0.7}
    if version() >= (1, 5) and version() < (1, 9):
        options["force_int_remainder_cols"] = bool(rng.integers(2))
    columns = compose.ColumnTransformer(parts, **options)
    kind = pick(rng, "int2", "int3", "real")
    steps = [columns]
    if options["remainder"] == "passthrough" or any(part[0] == "kept" for part in parts):
        steps.append(impute.SimpleImputer())
    estimator = final(rng, kind)
    method = "predict_proba" if hasattr(estimator, "predict_proba") and rng.random() < 0.5 else "predict"
    rows = tables.requests(rng, table, missing=True, unseen=True)
    for name in table.columns:
        if table[name].dtype.kind == "b":
            rows[name] = rows[name].astype(bool)
    # A position counts from the training table; a request is in its order.
    return Model(pipeline.make_pipeline(*steps, estimator), table, tables.target(rng, table, kind), rows, method)


def pandas_output(rng):
    if version() < (1, 2):
        return None
    table = tables.mixed(rng, texts=2, missing=0.1)
    texts = [name for name in table.columns if table[name].dtype == object]
    numbers = [name for name in table.columns if name not in texts]
    encode = pipeline.make_pipeline(impute.SimpleImputer(strategy="most_frequent"), preprocessing.OneHotEncoder(handle_unknown="ignore", sparse_output=False, dtype=pick(rng, float, numpy.float32, int)))
    fill = pipeline.make_pipeline(impute.SimpleImputer(), preprocessing.StandardScaler())
    inner = compose.ColumnTransformer([("t", encode, texts), ("n", fill, numbers)], verbose_feature_names_out=False)
    steps = [inner]
    if rng.random() < 0.5:
        steps.append(compose.ColumnTransformer([("s", preprocessing.MinMaxScaler(), numbers)], remainder="passthrough"))
    kind = pick(rng, "int2", "real")
    estimator = pipeline.make_pipeline(*steps, final(rng, kind)).set_output(transform="pandas")
    return Model(estimator, table, tables.target(rng, table, kind), tables.requests(rng, table, missing=True, unseen=True))


def types(rng):
    """Columns of different types side by side decide the type of the whole."""
    rows = 140
    import pandas

    columns = {
        "d": rng.normal(size=rows), "f": rng.normal(size=rows).astype(numpy.float32), "g": rng.normal(size=rows).astype(numpy.float32),
        "l": rng.integers(-9, 9, size=rows), "i": rng.integers(-9, 9, size=rows).astype(numpy.int32), "b": rng.random(rows) < 0.5,
    }
    names = [str(name) for name in rng.permutation(list(columns))[: int(rng.integers(2, 7))]]
    table = pandas.DataFrame({name: columns[name] for name in names})
    parts = []
    for index, name in enumerate(names):
        step = pick(rng, "passthrough", preprocessing.StandardScaler(), preprocessing.MaxAbsScaler(), preprocessing.OneHotEncoder(handle_unknown="ignore", dtype=numpy.float32), preprocessing.Binarizer())
        if name == "b":
            step = pick(rng, "passthrough", preprocessing.OneHotEncoder())
        parts.append((f"p{index}", step, [name]))
    transformer = compose.ColumnTransformer(parts, sparse_threshold=pick(rng, 0, 1.0))
    asked = table.iloc[rng.integers(0, rows, 40)].reset_index(drop=True)
    kind = pick(rng, "int2", "real")
    values = tables.target(rng, table.astype(float), kind)
    return Model(pipeline.make_pipeline(transformer, final(rng, kind)), table, values, asked)


SPECS = {"ct_ways": forms, "ct_pandas": pandas_output, "ct_types": types}
