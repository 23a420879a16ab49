"""Trains the example model with scikit-learn and saves it with MLflow, as a data science team would.

    python -m pip install -r requirements.txt
    python train.py

Writes model/ (the model folder), request.json (three card holders that the model never saw), one-row.json (the first of them) and
expected-response.json (what the real MLflow scoring server answers to request.json). The committed files were made with the
versions in requirements.txt.
"""

import json
import pathlib
import shutil

import mlflow.sklearn
from mlflow.models import infer_signature
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder

from credit_data import CATEGORICAL, FEATURES, NUMERIC, TARGET, card_holders
from mlflow_answer import answer

HERE = pathlib.Path(__file__).resolve().parent
SEED, TRAINING_ROWS, UNSEEN_ROWS = 2024, 8_000, 2_000


def classifier_pipeline():
    """Impute and encode what is text, impute what is a number, then a random forest."""
    categorical = Pipeline(
        [
            ("imputer", SimpleImputer(strategy="constant", fill_value="missing")),
            ("ohe", OneHotEncoder(handle_unknown="ignore")),
        ]
    )
    numeric = Pipeline([("imputer", SimpleImputer(strategy="median"))])
    preprocessor = ColumnTransformer([("categorical", categorical, CATEGORICAL), ("numeric", numeric, NUMERIC)])
    forest = RandomForestClassifier(
        n_estimators=24, max_depth=6, min_samples_leaf=8, class_weight="balanced", random_state=SEED
    )
    return Pipeline([("preprocessor", preprocessor), ("classifier", forest)])


def save(model, training, folder):
    """Writes an MLflow model folder with a signature and an input example."""
    shutil.rmtree(folder, ignore_errors=True)
    mlflow.sklearn.save_model(
        model,
        folder,
        signature=infer_signature(training[FEATURES], model.predict(training[FEATURES])),
        input_example=training[FEATURES].head(2),
        serialization_format="cloudpickle",
        pip_requirements=str(HERE / "requirements.txt"),
    )


def request_for(frame):
    """A body for /invocations. Missing is null; the last row holds a category that the training data never had."""
    body = {"dataframe_split": json.loads(frame.to_json(orient="split", index=False, double_precision=15))}
    body["dataframe_split"]["data"][-1][FEATURES.index("education")] = "night_school"
    return body


def main():
    frame = card_holders(TRAINING_ROWS + UNSEEN_ROWS, SEED)
    training, unseen = frame.iloc[:TRAINING_ROWS], frame.iloc[TRAINING_ROWS:]
    model = classifier_pipeline()
    model.fit(training[FEATURES], training[TARGET])
    save(model, training, HERE / "model")
    shown = unseen[unseen[["education", "bill_amount_6"]].isna().any(axis=1)].head(1)
    late = unseen[unseen["repayment_status_1"] == "delay_2_months"].head(1)
    request = request_for(frame.loc[[*shown.index, *late.index, unseen.index[0]], FEATURES])
    body = json.dumps(request) + "\n"
    (HERE / "request.json").write_text(body)
    first = {**request["dataframe_split"], "data": request["dataframe_split"]["data"][:1]}
    (HERE / "one-row.json").write_text(json.dumps({"dataframe_split": first}) + "\n")
    (HERE / "expected-response.json").write_text(answer(HERE / "model", body.encode()))
    area = roc_auc_score(unseen[TARGET], model.predict_proba(unseen[FEATURES])[:, 1])
    size = (HERE / "model" / "model.pkl").stat().st_size
    print(f"model.pkl {size:,} bytes, area under the curve {area:.3f} on {UNSEEN_ROWS:,} unseen rows")


if __name__ == "__main__":
    main()
