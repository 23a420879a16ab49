"""Makes the folders of made/: run in an environment with scikit-learn, pandas and cloudpickle.

    python make.py seed        the seed's pipeline, one model pickled in protocols 0 to 5 and by cloudpickle
    python make.py single      all-float32 tables through scalers (StandardScaler changed its rounding in 1.8)
    python make.py edges       missing values, infinities and unknown categories, which scikit-learn refuses
    python make.py refused     models that must be refused

Each folder has model/MLmodel, model/model.pkl, inputs.json (rows that scikit-learn answers), bad.json (rows that it refuses, one by
one) and expected.json (its answers, as repr of the doubles).
"""

import json
import math
import os
import pickle
import sys

import cloudpickle
import numpy as np
import pandas as pd
import sklearn
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, OneHotEncoder, RobustScaler, StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

VERSION = "".join(sklearn.__version__.split(".")[:2])
TYPES = {"float64": "double", "float32": "float", "int64": "long", "bool": "boolean"}


def clean(table):
    return table


def plain(value):
    value = value.item() if isinstance(value, np.generic) else value
    return None if value is None or isinstance(value, float) and math.isnan(value) else value


def records(table):
    rows = [{name: plain(table[name].iloc[i]) for name in table.columns} for i in range(len(table))]
    return {"dataframe_records": rows}


def write(folder, name, content):
    os.makedirs(os.path.dirname(f"made/{folder}/{name}"), exist_ok=True)
    mode = "wb" if isinstance(content, bytes) else "w"
    with open(f"made/{folder}/{name}", mode) as file:
        file.write(content)


def mlmodel(table):
    columns = [{"type": TYPES.get(str(kind), "string"), "name": name, "required": True} for name, kind in table.dtypes.items()]
    return f"""flavors:
  python_function:
    loader_module: mlflow.sklearn
    model_path: model.pkl
    predict_fn: predict
  sklearn:
    pickled_model: model.pkl
    serialization_format: cloudpickle
    sklearn_version: {sklearn.__version__}
signature:
  inputs: '{json.dumps(columns)}'
  outputs: null
"""


def save(folder, model, table, rows, dump=lambda model: pickle.dumps(model, 4)):
    good, bad = [], []
    for i in range(len(rows)):
        try:
            model.predict(rows.iloc[[i]])
            good.append(i)
        except ValueError:
            bad.append(i)
    answers = {}
    if good:
        answers["predict"] = [plain(v) for v in model.predict(rows.iloc[good])]
        answers["predict_proba"] = model.predict_proba(rows.iloc[good]).tolist()
    write(folder, "model/MLmodel", mlmodel(table))
    write(folder, "model/model.pkl", dump(model))
    write(folder, "inputs.json", json.dumps(records(rows.iloc[good])))
    write(folder, "bad.json", json.dumps(records(rows.iloc[bad])))
    write(folder, "expected.json", json.dumps({"raw": answers}))


def people(random, count):
    education = random.choice(np.array(["school", "university", "other"], dtype=object), count)
    education[random.random(count) < 0.1] = np.nan
    limit = np.round(np.exp(random.normal(10, 1, count)), 2)
    limit[random.random(count) < 0.1] = np.nan
    return pd.DataFrame({
        "sex": random.choice(np.array(["female", "male"], dtype=object), count), "education": education,
        "limit": limit, "age": np.round(random.gamma(9, 3, count) + 11),
    })


def prepared(final):
    text = Pipeline([("impute", SimpleImputer(strategy="constant", fill_value="missing")),
                     ("encode", OneHotEncoder(handle_unknown="ignore"))])
    number = Pipeline([("impute", SimpleImputer(strategy="median")), ("scale", StandardScaler())])
    columns = ColumnTransformer([("text", text, ["sex", "education"]), ("number", number, ["limit", "age"])])
    return Pipeline([("columns", columns), ("final", final)])


def train(final=None):
    random = np.random.default_rng(7)
    table = people(random, 300)
    target = np.where((table["limit"].fillna(0) < 20000) ^ (random.random(300) < 0.2), "yes", "no")
    model = prepared(final or RandomForestClassifier(6, max_depth=5, random_state=0)).fit(table, target)
    rows = people(random, 40)
    rows.loc[0, "sex"] = "never seen"
    return model, table, rows


def seed():
    model, table, rows = train()
    for protocol in range(6):
        save(f"seed_p{protocol}", model, table, rows, lambda model, p=protocol: pickle.dumps(model, p))
    save("seed_cloudpickle", model, table, rows, lambda model: cloudpickle.dumps(model, 5))
    model, table, rows = train(LogisticRegression(C=0.5))
    save("seed_logistic", model, table, rows, lambda model: pickle.dumps(model, 5))


def single():
    random = np.random.default_rng(3)
    table = pd.DataFrame(random.normal(100, 37, (200, 3)).astype(np.float32), columns=["a", "b", "c"])
    target = (table["a"] * 0.7 - table["b"] * 0.3 > 40 + random.normal(0, 5, 200)).astype(int)
    rows = pd.DataFrame(random.normal(100, 37, (12, 3)).astype(np.float32), columns=["a", "b", "c"])
    tree = DecisionTreeClassifier(max_depth=6, random_state=0)
    for scaler in (StandardScaler(), RobustScaler(), MinMaxScaler((-1, 1), clip=True)):
        model = Pipeline([("scale", scaler), ("tree", tree)]).fit(table, target)
        split = model.named_steps["tree"].tree_
        # Rows on the split points: scaled values one float32 apart fall to different sides.
        name = type(scaler).__name__.lower()
        for node in np.flatnonzero(split.feature >= 0):
            column, threshold = split.feature[node], np.float32(split.threshold[node])
            guess = scaler.inverse_transform(np.full((1, 3), threshold, dtype=np.float32))[0, column]
            for step in range(-3, 4):
                value = np.float32(guess)
                for _ in range(abs(step)):
                    value = np.nextafter(value, np.float32(np.inf if step > 0 else -np.inf))
                rows.loc[len(rows)] = rows.iloc[0]
                rows.iloc[-1, column] = value
        save(f"single_{name}_{VERSION}", model, table, rows.astype(np.float32))
        rows = rows.iloc[:12].astype(np.float32)


def edges():
    random = np.random.default_rng(5)
    table = pd.DataFrame({"x": random.normal(0, 1, 120), "kind": random.choice(np.array(["a", "b"], dtype=object), 120)})
    target = (table["x"] + (table["kind"] == "a") > 0.3).astype(bool)
    rows = table.head(12).copy()
    rows.loc[0, "x"] = np.nan
    rows.loc[1, "x"] = 1e39
    rows.loc[2, "x"] = 3.4028235e38
    rows.loc[3, "kind"] = "c"
    rows.loc[4, "kind"] = np.nan
    rows.loc[5, "x"] = -1e300
    columns = ColumnTransformer([("kind", OneHotEncoder(handle_unknown="error"), ["kind"])], remainder="passthrough")
    for name, final in [("forest", RandomForestClassifier(5, max_depth=3, random_state=0)), ("logistic", LogisticRegression())]:
        save(f"edges_{name}_{VERSION}", Pipeline([("columns", columns), ("final", final)]).fit(table, target), table, rows)


def refused():
    random = np.random.default_rng(9)
    table = people(random, 60)
    target = random.random(60) < 0.5
    number = ["limit", "age"]
    impute = ("impute", SimpleImputer(), number)
    columns = ColumnTransformer([impute, ("clean", FunctionTransformer(clean), ["age"]), ("log", FunctionTransformer(np.log1p), ["age"])])
    model = Pipeline([("columns", columns), ("svm", SVC())]).fit(table, target)
    answers = {}
    for name, content in [("function", cloudpickle.dumps(model)), ("reference", pickle.dumps(model))]:
        write(f"refused_{name}", "model/MLmodel", mlmodel(table))
        write(f"refused_{name}", "model/model.pkl", content)
        write(f"refused_{name}", "inputs.json", json.dumps(records(table.head(1))))
        write(f"refused_{name}", "expected.json", json.dumps({"raw": answers}))
    empty = people(random, 60)
    empty["sex"] = pd.Series(random.choice(np.array(["female", None, np.nan], dtype=object), 60), dtype=object)
    columns = ColumnTransformer([("none", OneHotEncoder(), ["sex"]), ("whole", SimpleImputer(missing_values=None, strategy="most_frequent"), ["education"])])
    write("refused_none", "model/MLmodel", mlmodel(empty))
    empty["education"] = empty["education"].fillna("other")
    write("refused_none", "model/model.pkl", pickle.dumps(Pipeline([("columns", columns)]).fit(empty)))
    write("refused_none", "inputs.json", json.dumps(records(empty.head(1))))
    write("refused_none", "expected.json", json.dumps({"raw": answers}))


if __name__ == "__main__":
    {"seed": seed, "single": single, "edges": edges, "refused": refused}[sys.argv[1]]()
