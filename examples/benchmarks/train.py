"""Trains the two models of the benchmark and writes them as MLflow model folders: python train.py OUTPUT_FOLDER

credit-rf      500 trees of depth 12, a model.pkl of about 50 MB
credit-logreg  scaled logistic regression, a model.pkl of about 6 kB
requests/      one row and 1,000 rows of rows that neither model saw, as bodies for /invocations
"""

import argparse
import json
import pathlib
import shutil
import sys

import mlflow.sklearn
from mlflow.models import infer_signature
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "credit-default"))
from credit_data import CATEGORICAL, FEATURES, NUMERIC, TARGET, card_holders  # noqa: E402

SEED, TRAINING_ROWS, UNSEEN_ROWS = 7, 28_000, 4_000


def pipeline(classifier, scaled):
    """The credit default pipeline with another classifier at its end."""
    categorical = [
        ("imputer", SimpleImputer(strategy="constant", fill_value="missing")),
        ("ohe", OneHotEncoder(handle_unknown="ignore")),
    ]
    numeric = [("imputer", SimpleImputer(strategy="median"))] + ([("scaler", StandardScaler())] if scaled else [])
    columns = [("categorical", Pipeline(categorical), CATEGORICAL), ("numeric", Pipeline(numeric), NUMERIC)]
    return Pipeline([("preprocessor", ColumnTransformer(columns)), ("classifier", classifier)])


def request(frame):
    """A body for /invocations with the rows of `frame`; missing is null."""
    return {"dataframe_split": json.loads(frame.to_json(orient="split", index=False, double_precision=15))}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("output", type=pathlib.Path)
    output = parser.parse_args().output
    frame = card_holders(TRAINING_ROWS + UNSEEN_ROWS, SEED)
    training, unseen = frame.iloc[:TRAINING_ROWS], frame.iloc[TRAINING_ROWS:]
    forest = RandomForestClassifier(n_estimators=500, max_depth=12, n_jobs=-1, random_state=1)
    models = {
        "credit-rf": pipeline(forest, scaled=False),
        "credit-logreg": pipeline(LogisticRegression(max_iter=2000), scaled=True),
    }
    for name, model in models.items():
        model.fit(training[FEATURES], training[TARGET])
        model[-1].n_jobs = None  # one row is three times slower with n_jobs=-1
        folder = output / name
        shutil.rmtree(folder, ignore_errors=True)
        mlflow.sklearn.save_model(
            model,
            folder,
            signature=infer_signature(training[FEATURES], model.predict(training[FEATURES].head())),
            input_example=training[FEATURES].head(2),
            serialization_format="cloudpickle",
            pip_requirements=str(pathlib.Path(__file__).parent.parent / "credit-default" / "requirements.txt"),
        )
        area = roc_auc_score(unseen[TARGET], model.predict_proba(unseen[FEATURES])[:, 1])
        size = (folder / "model.pkl").stat().st_size
        print(f"{name}: model.pkl {size:,} bytes, area under the curve {area:.3f} on unseen rows")
    nodes = sum(tree.tree_.node_count for tree in models["credit-rf"][-1].estimators_)
    print(f"credit-rf: {nodes:,} nodes")
    requests = output / "requests"
    requests.mkdir(parents=True, exist_ok=True)
    for rows in (1, 1000):
        (requests / f"rows-{rows}.json").write_text(json.dumps(request(unseen[FEATURES].head(rows))) + "\n")


if __name__ == "__main__":
    main()
