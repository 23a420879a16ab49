"""A BentoML service for the pickled pipeline that MODEL_PKL names, with MLflow's body."""

import os
import pickle

import bentoml
import pandas as pd


@bentoml.service(workers=1, traffic={"timeout": 120})
class Credit:
    def __init__(self):
        with open(os.environ["MODEL_PKL"], "rb") as file:
            self.model = pickle.load(file)

    @bentoml.api(route="/invocations")
    def invocations(self, dataframe_split: dict) -> dict:
        frame = pd.DataFrame(dataframe_split["data"], columns=dataframe_split["columns"])
        return {"predictions": self.model.predict(frame).tolist()}
