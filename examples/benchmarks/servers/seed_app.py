"""The seed's FastAPI app (nfmoore/databricks-containers-mlops-example-scenarios, `app/main.py`) in its shape: MLflow's
pyfunc behind pydantic records, two log lines for each request. MODEL_DIR names the model."""

import json
import logging
import os
import pathlib
import sys
import uuid
from contextlib import asynccontextmanager

import mlflow
import pandas as pd
from fastapi import FastAPI
from pydantic import BaseModel, create_model

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "credit-default"))
from credit_data import CATEGORICAL, NUMERIC  # noqa: E402

fields = {name: (str | None, None) for name in CATEGORICAL} | {name: (float | None, None) for name in NUMERIC}
LoanApplicant = create_model("LoanApplicant", **fields)
models = {}


class ModelOutput(BaseModel):
    predictions: list[float]


@asynccontextmanager
async def lifespan(app):
    models["model"] = mlflow.pyfunc.load_model(os.environ["MODEL_DIR"])
    yield
    models.clear()


app = FastAPI(title="credit-default-api", docs_url="/", lifespan=lifespan)


@app.post("/predict", response_model=ModelOutput)
async def predict(data: list[LoanApplicant]):
    frame = pd.DataFrame([record.model_dump() for record in data])
    request = uuid.uuid4().hex
    logging.info(
        json.dumps(
            {
                "service_name": "credit-default-api",
                "type": "InferenceData",
                "request_id": request,
                "data": frame.to_json(orient="records"),
            }
        )
    )
    output = {"predictions": [float(value) for value in models["model"].predict(frame)]}
    logging.info(
        json.dumps(
            {"service_name": "credit-default-api", "type": "ModelOutput", "request_id": request, "data": output}
        )
    )
    return output


logging.basicConfig(level=logging.INFO)
