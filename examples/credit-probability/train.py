"""The credit default model as a scaled logistic regression that answers probabilities (`pyfunc_predict_fn="predict_proba"`).

    python -m pip install -r ../credit-default/requirements.txt
    python train.py

Writes model/, request.json (`dataframe_records`) and expected-response.json (what the real MLflow scoring server answers).
"""

import json
import pathlib
import shutil
import sys

import mlflow.sklearn
from mlflow.models import infer_signature
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

HERE = pathlib.Path(__file__).resolve().parent
SHARED = HERE.parent / "credit-default"
sys.path.insert(0, str(SHARED))
from credit_data import CATEGORICAL, FEATURES, NUMERIC, TARGET, card_holders  # noqa: E402
from mlflow_answer import answer  # noqa: E402

SEED, TRAINING_ROWS, UNSEEN_ROWS = 2025, 4_000, 100


def regression_pipeline():
    """Impute and encode what is text, impute and scale what is a number, then a logistic regression."""
    categorical = Pipeline(
        [
            ("imputer", SimpleImputer(strategy="constant", fill_value="missing")),
            ("ohe", OneHotEncoder(handle_unknown="ignore")),
        ]
    )
    numeric = Pipeline([("imputer", SimpleImputer(strategy="median")), ("scaler", StandardScaler())])
    preprocessor = ColumnTransformer([("categorical", categorical, CATEGORICAL), ("numeric", numeric, NUMERIC)])
    return Pipeline([("preprocessor", preprocessor), ("classifier", LogisticRegression(max_iter=2000))])


def main():
    frame = card_holders(TRAINING_ROWS + UNSEEN_ROWS, SEED)
    training, unseen = frame.iloc[:TRAINING_ROWS], frame.iloc[TRAINING_ROWS:]
    model = regression_pipeline()
    model.fit(training[FEATURES], training[TARGET])
    folder = HERE / "model"
    shutil.rmtree(folder, ignore_errors=True)
    mlflow.sklearn.save_model(
        model,
        folder,
        signature=infer_signature(training[FEATURES], model.predict_proba(training[FEATURES])),
        input_example=training[FEATURES].head(2),
        serialization_format="cloudpickle",
        pyfunc_predict_fn="predict_proba",
        pip_requirements=str(SHARED / "requirements.txt"),
    )
    records = json.loads(unseen[FEATURES].head(2).to_json(orient="records", double_precision=15))
    body = json.dumps({"dataframe_records": records}) + "\n"
    (HERE / "request.json").write_text(body)
    (HERE / "expected-response.json").write_text(answer(folder, body.encode()))
    print(f"model.pkl {(folder / 'model.pkl').stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
