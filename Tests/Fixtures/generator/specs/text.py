"""Columns of texts: vectorizers of every kind before models of every kind, alone and beside other columns."""

import numpy
import pandas
from generate import Model
from sklearn import (
    calibration, compose, decomposition, ensemble, feature_selection, linear_model, naive_bayes, neighbors, pipeline, preprocessing, svm,
    tree,
)
from sklearn.feature_extraction import text

from specs.encoders import pick

try:
    import lightgbm
    import xgboost
except ImportError:
    lightgbm = xgboost = None

#: Words of several scripts; among them some that are spelled alike in lower case or without accents only.
WORDS = (
    "good bad fast slow nice the a of and is not very I we you x 1 42 3.14 don't e-mail user_name CamelCase UPPER naïve café CAFÉ "
    "Müller straße STRASSE İstanbul ISTANBUL ılık ΣΊΣΥΦΟΣ Σ ΑΣ σοφός Привет ПРИВЕТ ёлка 日本語 東京 한국어 नमस्ते ภาษา עברית العربية "
    "e\u0301tude étude ﬁne ① ² ½ ½x Å Å ǅ ẞ ΐ a\u0307 🎉 👍🏽 :-) -- ... \u200bzero a\u200db Ⅷ ⅷ ａｂｃ １２ 𝔸𝔹 𐐀𐐨 _ __ _x x_ º ª µ"
).split(" ")
SPACES = [" ", " ", " ", " ", " ", "  ", "\n", "\t", " \n ", "\u00a0", "\u2003", ", ", ". ", "-", "\u3000", "\x1c", "\x85"]


def sentence(rng, words=None, longest=14):
    """Some words with odd spaces, in mixed case; sometimes nothing, sometimes a long text."""
    length = int(rng.integers(0, longest)) if rng.random() < 0.97 else 300
    parts = []
    for _ in range(length):
        word = str(rng.choice(words or WORDS))
        word = pick(rng, word, word, word, word.upper(), word.lower(), word.capitalize(), word + "!")
        parts += [word, str(rng.choice(SPACES))]
    return "".join(parts)


def texts(rng, count):
    return [sentence(rng) for _ in range(count)]


def table(rng, rows=120):
    frame = pandas.DataFrame({"größe": rng.normal(size=rows), "text": texts(rng, rows), "kind": rng.choice(["a", "b", "c"], size=rows)})
    frame["other text"] = texts(rng, rows)
    for row in range(rows):
        frame.loc[row, "text"] += " " + pick(rng, "good", "bad", "slow fast", "Привет")
        frame.loc[row, "other text"] += " " + pick(rng, "x1", "x2", "nice day")
    return frame


def asked(rng, frame, rows=60):
    """Rows that were fitted and others, with an empty text, one without a known word, a long one and one of known words only."""
    result = table(rng, rows)
    result.loc[: rows // 3, ["text", "other text"]] = frame.loc[: rows // 3, ["text", "other text"]].to_numpy()
    for row, words in enumerate(["", "zzz qqq", "good " * 500, "good bad good", "GOOD BAD", "\u0130\u0130 ΑΣ ΑΣ. Σ", " \n\t "]):
        result.loc[rows - 1 - row, "text"] = words
    return result


def labels(rng, frame, kind):
    score = frame["text"].str.lower().str.count("good") * 2.0 + frame["text"].str.len() % 7 / 5 + rng.normal(size=len(frame))
    if kind == "real":
        return score.to_numpy()
    classes = pandas.qcut(score.rank(method="first"), int(kind[-1]), labels=False).to_numpy()
    return classes if rng.random() < 0.5 else numpy.array(["low", "mid", "high", "top"])[classes]


def options(rng):
    """Parameters of all vectorizers."""
    analyzer = pick(rng, "word", "word", "word", "char", "char_wb")
    chosen = dict(
        analyzer=analyzer, lowercase=bool(rng.random() < 0.75), strip_accents=pick(rng, None, None, "ascii", "unicode"),
        ngram_range=pick(rng, (1, 1), (1, 1), (1, 2), (2, 2), (1, 3)) if analyzer == "word" else pick(rng, (1, 1), (1, 3), (2, 4), (3, 3), (6, 9)),
        binary=bool(rng.random() < 0.3), max_features=pick(rng, None, None, 20, 100), min_df=pick(rng, 1, 1, 2),
    )
    if analyzer == "word":
        chosen["token_pattern"] = pick(
            rng, *[r"(?u)\b\w\w+\b"] * 6, r"\b\w+\b", r"\w{3,}", r"[a-zA-Z]+", r"\b[a-z]{2,}\b", r"\S+", r"(?u)\b[a-zA-Z0-9][a-zA-Z0-9]+\b", r"[^\s]{2,}")
        chosen["stop_words"] = pick(rng, None, None, "english", ["good", "the", "привет"])
        if rng.random() < 0.1:
            chosen.update(vocabulary=pick(rng, ["good", "bad", "the"], {"good": 1, "bad": 0, "good bad": 2}), max_features=None)
    return chosen


def vectorizer(rng, single=True):
    """One step, or two, that make a matrix of a text."""
    kind = pick(rng, "tfidf", "tfidf", "tfidf", "count", "two", "hashing")
    if kind == "count":
        return text.CountVectorizer(dtype=pick(rng, numpy.int64, numpy.int64, numpy.float64, numpy.float32, numpy.int32), **options(rng))
    weights = dict(
        norm=pick(rng, "l2", "l2", "l2", "l1", None), use_idf=bool(rng.random() < 0.8), smooth_idf=bool(rng.random() < 0.7), sublinear_tf=bool(rng.random() < 0.3))
    if kind == "two":
        return pipeline.make_pipeline(text.CountVectorizer(**options(rng)), text.TfidfTransformer(**weights))
    if kind == "hashing":
        chosen = options(rng)
        for name in ("max_features", "min_df", "vocabulary"):
            chosen.pop(name, None)
        return text.HashingVectorizer(n_features=pick(rng, 16, 100, 1024), norm=weights["norm"], alternate_sign=bool(rng.random() < 0.7), **chosen)
    width = numpy.float32 if single and rng.random() < 0.15 else numpy.float64
    return text.TfidfVectorizer(dtype=width, **weights, **options(rng))


def final(rng, kind, negative=False):
    real = [
        linear_model.Ridge, linear_model.LinearRegression, linear_model.Lasso, linear_model.ElasticNet, svm.LinearSVR,
        lambda: linear_model.SGDRegressor(max_iter=50, random_state=1), lambda: ensemble.RandomForestRegressor(5, max_depth=6, random_state=1),
        lambda: tree.DecisionTreeRegressor(max_depth=5),
    ]
    classes = [
        lambda: linear_model.LogisticRegression(max_iter=300), lambda: linear_model.LogisticRegression(max_iter=300), svm.LinearSVC,
        lambda: linear_model.SGDClassifier(loss=pick(rng, "hinge", "modified_huber"), random_state=1), linear_model.RidgeClassifier,
        lambda: linear_model.Perceptron(random_state=1), lambda: linear_model.PassiveAggressiveClassifier(random_state=1),
        lambda: calibration.CalibratedClassifierCV(svm.LinearSVC(), cv=2), lambda: ensemble.RandomForestClassifier(5, max_depth=6, random_state=1),
        lambda: ensemble.ExtraTreesClassifier(5, max_depth=6, random_state=1), lambda: tree.DecisionTreeClassifier(max_depth=5),
        lambda: svm.SVC(kernel=pick(rng, "linear", "rbf")), lambda: ensemble.GradientBoostingClassifier(n_estimators=4),
    ]
    if lightgbm is not None:
        real += [lambda: xgboost.XGBRegressor(n_estimators=4, max_depth=3), lambda: lightgbm.LGBMRegressor(n_estimators=4, num_leaves=5, verbose=-1)]
        classes += [lambda: lightgbm.LGBMClassifier(n_estimators=4, num_leaves=5, verbose=-1)]
    if not negative:
        classes += [naive_bayes.MultinomialNB, naive_bayes.ComplementNB, naive_bayes.BernoulliNB] * 2
    make = real if kind == "real" else classes
    return make[rng.integers(len(make))]()


def between(rng):
    """Steps between a vectorizer and the model."""
    return pick(
        rng, [], [], [], [decomposition.TruncatedSVD(4, random_state=1)], [feature_selection.SelectKBest(feature_selection.f_classif, k=5)],
        [preprocessing.MaxAbsScaler()], [preprocessing.StandardScaler(with_mean=False)], [preprocessing.Normalizer()])


def ending(rng, head, frame, kind=None, negative=False):
    kind = kind or pick(rng, "int2", "int3", "real")
    middle = between(rng) if kind != "real" else []
    negative = negative or any(isinstance(step, decomposition.TruncatedSVD) for step in middle)
    estimator = final(rng, kind, negative)
    method = "predict"
    if hasattr(estimator, "predict_proba") and rng.random() < 0.6:
        method = "predict_proba"
    model = pipeline.make_pipeline(head, *middle, estimator)
    return Model(model, frame, labels(rng, frame, kind), asked(rng, frame), method)


def column(rng):
    """One column of texts, named alone."""
    frame = table(rng)[["text"]]
    head = compose.ColumnTransformer([("t", vectorizer(rng), pick(rng, "text", "text", 0))])
    model = ending(rng, head, frame.assign(**{"other text": ""}), negative=True)
    model.table, model.requests = frame, model.requests[["text"]]
    return model


def plain(rng):
    """The usual model: tf-idf and logistic regression."""
    frame = table(rng)[["text"]]
    head = compose.ColumnTransformer([("t", text.TfidfVectorizer(**options(rng)), "text")])
    target = labels(rng, frame, "int3")
    rows = asked(rng, table(rng))[["text"]]
    return Model(pipeline.make_pipeline(head, linear_model.LogisticRegression(max_iter=300)), frame, target, rows, pick(rng, "predict", "predict_proba"))


def beside(rng):
    """Texts beside numbers and categories."""
    frame = table(rng)
    parts = [
        ("t", vectorizer(rng), "text"),
        pick(rng, ("u", vectorizer(rng), "other text"), ("u", "drop", ["other text"])),
        ("n", preprocessing.StandardScaler(), ["größe"]),
        ("k", preprocessing.OneHotEncoder(handle_unknown="ignore"), pick(rng, ["kind"], ["kind", "text"])),
    ]
    weights = pick(rng, None, None, {"t": 0.5, "n": 2.0})
    head = compose.ColumnTransformer(parts, transformer_weights=weights, sparse_threshold=pick(rng, 0.3, 0.0, 1.0))
    return ending(rng, head, frame, negative=True)


def inner(rng):
    """A pipeline or a union of vectorizers inside."""
    frame = table(rng)
    one = pipeline.make_pipeline(vectorizer(rng), decomposition.TruncatedSVD(3, random_state=1))
    two = pipeline.make_union(text.TfidfVectorizer(max_features=30), text.CountVectorizer(analyzer="char", ngram_range=(2, 2), max_features=30))
    parts = [("t", pick(rng, one, two), "text"), ("n", "passthrough", ["größe"])]
    return ending(rng, compose.ColumnTransformer(parts), frame, negative=True)


SPECS = {"text_column": column, "text_plain": plain, "text_beside": beside, "text_inner": inner}
