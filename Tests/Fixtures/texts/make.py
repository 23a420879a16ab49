"""Makes the pickles of this folder, vectorizers that are refused: python make.py (scikit-learn 1.7.2)."""

import pathlib
import pickle

import numpy
import pandas
from sklearn import compose, linear_model, pipeline
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer, TfidfTransformer, TfidfVectorizer

HERE = pathlib.Path(__file__).resolve().parent
table = pandas.DataFrame({"text": ["good day", "bad day", "good", "bad bad"] * 3, "number": [1.0, 2.0, 3.0, 4.0] * 3})
target = [1.0, 0.0, 1.0, 0.0] * 3


def column(*steps, column="text"):
    step = steps[0] if len(steps) == 1 else pipeline.make_pipeline(*steps)
    head = compose.ColumnTransformer([("t", step, column)])
    return pipeline.make_pipeline(head, linear_model.Ridge()).fit(table, target)


def changed(model, **parameters):
    model[0].transformers_[0][1].set_params(**parameters)
    return model


MODELS = {
    "table": pipeline.make_pipeline(CountVectorizer(), linear_model.Ridge()).fit(table["text"], target),
    "pattern": column(CountVectorizer(token_pattern=r"\w+|[!?]")),
    "group": column(CountVectorizer(token_pattern=r"(\w)\w*")),
    "tokenizer": changed(column(CountVectorizer()), tokenizer=numpy.asarray),
    "files": changed(column(CountVectorizer()), input="filename"),
    "lengths": column(CountVectorizer(ngram_range=(1, 65))),
    "single_logarithm": column(TfidfVectorizer(dtype=numpy.float32, sublinear_tf=True)),
    "weighted_twice": column(TfidfVectorizer(), TfidfTransformer(sublinear_tf=True)),
    "wide_hash": changed(column(HashingVectorizer(n_features=4)), n_features=2**20),
    "numbers": column(TfidfTransformer(), column=["number"]),
}
for name, model in MODELS.items():
    (HERE / f"{name}.pkl").write_bytes(pickle.dumps(model, protocol=4))
