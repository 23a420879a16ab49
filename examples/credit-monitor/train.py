"""A model of one's own: classifier, outlier detector and drift detector behind one `predict`, saved by MLflow as a PythonModel.

    python -m pip install -r ../credit-default/requirements.txt
    python train.py

Its answer is a dictionary, it has no signature and only an input example, and its class lives in the pickle: nothing but Python
can serve it, so skiff packs it with its Python runtime. Writes model/, request.json and expected-response.json (what the real
MLflow scoring server answers).
"""

import json
import pathlib
import pickle
import shutil
import sys
import tempfile

import mlflow.pyfunc
import numpy as np
import pandas as pd
from scipy import stats
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import IsolationForest, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "credit-default"))
from credit_data import CATEGORICAL, FEATURES, NUMERIC, TARGET, card_holders  # noqa: E402
from mlflow_answer import answer  # noqa: E402

SEED, TRAINING_ROWS, UNSEEN_ROWS, REFERENCE_ROWS = 2026, 4_000, 200, 250


class CreditMonitor(mlflow.pyfunc.PythonModel):
    """Probability of default and an outlier flag for each row, and how far the batch has drifted, feature by feature."""

    def __init__(self, categorical, numeric):
        self.categorical = categorical
        self.numeric = numeric

    def load_context(self, context):
        folder = pathlib.Path(context.artifacts["artifacts_path"])
        self.classifier = pickle.loads((folder / "classifier.pkl").read_bytes())
        self.outlier = pickle.loads((folder / "outlier.pkl").read_bytes())
        self.reference = json.loads((folder / "reference.json").read_text())

    def predict(self, context, model_input, params=None):
        frame = pd.DataFrame(model_input)
        features = frame[self.categorical + self.numeric]
        drift = {name: self.categorical_drift(name, frame[name]) for name in self.categorical}
        drift.update({name: self.numeric_drift(name, frame[name]) for name in self.numeric})
        return {
            "predictions": self.classifier.predict_proba(features)[:, 1].tolist(),
            "outliers": (self.outlier.predict(features[self.numeric]) == -1).astype(float).tolist(),
            "feature_drift_batch": drift,
        }

    def numeric_drift(self, name, column):
        """One minus the p value of the two-sample Kolmogorov-Smirnov test against the training data."""
        values = column.to_numpy(dtype=float)
        return 1.0 - float(stats.ks_2samp(self.reference[name], values[~np.isnan(values)], method="asymp").pvalue)

    def categorical_drift(self, name, column):
        """One minus the p value of the chi-squared test on the two rows of counts."""
        known = self.reference[name]
        counts = [int((column == category).sum()) for category in known]
        table = np.array([list(known.values()) + [0], counts + [len(column) - sum(counts)]])
        return 1.0 - float(stats.chi2_contingency(table[:, table.sum(axis=0) > 0]).pvalue)


def classifier_pipeline():
    """The credit default pipeline, smaller."""
    categorical = Pipeline(
        [
            ("imputer", SimpleImputer(strategy="constant", fill_value="missing")),
            ("ohe", OneHotEncoder(handle_unknown="ignore")),
        ]
    )
    numeric = Pipeline([("imputer", SimpleImputer(strategy="median"))])
    preprocessor = ColumnTransformer([("categorical", categorical, CATEGORICAL), ("numeric", numeric, NUMERIC)])
    forest = RandomForestClassifier(n_estimators=12, max_depth=5, min_samples_leaf=10, random_state=SEED)
    return Pipeline([("preprocessor", preprocessor), ("classifier", forest)])


def write_artifacts(training, folder):
    """The three trained parts, as files beside the PythonModel."""
    classifier = classifier_pipeline().fit(training[FEATURES], training[TARGET])
    outlier = Pipeline(
        [
            ("imputer", SimpleImputer(strategy="median")),
            ("forest", IsolationForest(n_estimators=20, max_samples=64, contamination=0.02, random_state=SEED)),
        ]
    ).fit(training[NUMERIC])
    rows = training.head(REFERENCE_ROWS)
    reference = {name: {str(k): int(v) for k, v in training[name].value_counts().items()} for name in CATEGORICAL}
    reference.update({name: sorted(rows[name].dropna()) for name in NUMERIC})
    (folder / "classifier.pkl").write_bytes(pickle.dumps(classifier, protocol=5))
    (folder / "outlier.pkl").write_bytes(pickle.dumps(outlier, protocol=5))
    (folder / "reference.json").write_text(json.dumps(reference, sort_keys=True))


def main():
    frame = card_holders(TRAINING_ROWS + UNSEEN_ROWS, SEED)
    training, unseen = frame.iloc[:TRAINING_ROWS], frame.iloc[TRAINING_ROWS:]
    folder = HERE / "model"
    shutil.rmtree(folder, ignore_errors=True)
    with tempfile.TemporaryDirectory() as temporary:
        artifacts = pathlib.Path(temporary) / "artifacts"
        artifacts.mkdir()
        write_artifacts(training, artifacts)
        requirements = (HERE / "requirements.txt").read_text().splitlines()[1:]
        mlflow.pyfunc.save_model(
            folder,
            python_model=CreditMonitor(CATEGORICAL, NUMERIC),
            artifacts={"artifacts_path": str(artifacts)},
            pip_requirements=requirements,
            input_example=json.loads(training[FEATURES].head(1).to_json(orient="records", double_precision=15)),
            signature=False,
        )
    odd = unseen.loc[[unseen["bill_amount_1"].idxmax()]]
    rows = pd.concat([unseen.head(3), odd])[FEATURES]
    split = json.loads(rows.to_json(orient="split", index=False, double_precision=15))
    body = json.dumps({"dataframe_split": split}) + "\n"
    (HERE / "request.json").write_text(body)
    (HERE / "expected-response.json").write_text(answer(folder, body.encode()))
    print(f"model folder {sum(f.stat().st_size for f in folder.rglob('*') if f.is_file()):,} bytes")


if __name__ == "__main__":
    main()
