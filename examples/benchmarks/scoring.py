"""Measures scoring in process, skiff beside the libraries: python scoring.py FOLDER PRODUCTS [--readme README.md] [--rounds N]

FOLDER    where the models are made and kept
PRODUCTS  the folder with skiff and scoring-benchmark (swift build -c release --show-bin-path)

One thread each. The sides take turns in each round: `scoring-benchmark` on the converted model (rows bound already, as the
libraries get theirs), the library's own predict on a NumPy array or a DataFrame, and ONNX Runtime where skl2onnx converts the model. All
answers are compared: bit for bit with the library, or it is an error.
"""

import argparse
import datetime
import json
import os
import pathlib
import pickle
import platform
import shutil
import statistics
import subprocess
import sys
import time
import warnings

warnings.simplefilter("ignore")
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
os.environ["MLFLOW_ALLOW_PICKLE_DESERIALIZATION"] = "true"

import lightgbm
import mlflow
import numpy
import pandas
import sklearn
import xgboost
from mlflow.models import infer_signature
from sklearn.datasets import make_classification
from sklearn.ensemble import RandomForestClassifier

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "credit-default"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from credit_data import FEATURES, TARGET, card_holders  # noqa: E402
from train import pipeline  # noqa: E402

ROWS = 2000


def thirty(rows=20_000):
    """30 numeric columns, 10 of them informative."""
    values, target = make_classification(rows, 30, n_informative=10, n_redundant=5, random_state=3)
    return pandas.DataFrame(values.astype(numpy.float32).astype(float), columns=[f"x{i}" for i in range(30)]), target


class Model:
    """A model, the rows to ask, and how each side asks."""

    def __init__(self, title, folder, rows):
        self.title, self.folder, self.rows = title, folder, rows
        self.rivals = {}  # name: function of a number of rows (a slice) that answers


def save(flavor, model, folder, table, **arguments):
    shutil.rmtree(folder, ignore_errors=True)
    module = {"sklearn": mlflow.sklearn, "xgboost": mlflow.xgboost, "lightgbm": mlflow.lightgbm}[flavor]
    name = {"sklearn": "sk_model", "xgboost": "xgb_model", "lightgbm": "lgb_model"}[flavor]
    module.save_model(**{name: model}, path=str(folder), signature=infer_signature(table.head()), pip_requirements=["none"], **arguments)


def forest(folder):
    frame = card_holders(32_000, 7)
    training, unseen = frame.iloc[:28_000], frame.iloc[28_000 : 28_000 + ROWS]
    place = folder / "credit-rf"
    if not (place / "MLmodel").exists():
        model = pipeline(RandomForestClassifier(n_estimators=500, max_depth=12, n_jobs=2, random_state=1), scaled=False)
        model.fit(training[FEATURES], training[TARGET])
        model[-1].n_jobs = None
        save("sklearn", model, place, training[FEATURES], serialization_format="cloudpickle", pyfunc_predict_fn="predict_proba")
    model = pickle.loads((place / "model.pkl").read_bytes())
    found = Model("forest of 500 trees, depth 12, behind imputers and one-hot encoders", place, unseen[FEATURES])
    encoded = model[0].transform(found.rows)
    encoded = numpy.ascontiguousarray(encoded.toarray() if hasattr(encoded, "toarray") else encoded)
    found.rivals["scikit-learn, the pipeline"] = lambda part: model.predict_proba(found.rows[part])
    found.rivals["scikit-learn, the forest alone"] = lambda part: model[-1].predict_proba(encoded[part])
    session = onnx_forest(model[-1], encoded.shape[1], place)
    if session:
        floats = encoded.astype(numpy.float32)
        found.rivals["ONNX Runtime, the forest alone"] = lambda part: session.run(None, {"x": floats[part]})[1]
    return found


def onnx_forest(model, width, place):
    import onnxruntime
    import skl2onnx
    from skl2onnx.common.data_types import FloatTensorType

    file = place.parent / "credit-rf.onnx"
    if not file.exists():
        converted = skl2onnx.convert_sklearn(model, initial_types=[("x", FloatTensorType([None, width]))], options={"zipmap": False})
        file.write_bytes(converted.SerializeToString())
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])


def xgboost_model(folder):
    table, target = thirty()
    place = folder / "xgboost"
    if not (place / "MLmodel").exists():
        model = xgboost.XGBClassifier(n_estimators=500, max_depth=6, learning_rate=0.1, n_jobs=2, random_state=1)
        model.fit(table[:-ROWS], target[:-ROWS])
        save("xgboost", model.get_booster(), place, table, model_format="ubj")
    booster = xgboost.Booster({"nthread": 1})
    booster.load_model(next(place.glob("model.*")))
    found = Model("XGBoost, 500 trees of depth 6", place, table[-ROWS:])
    floats = numpy.ascontiguousarray(found.rows.to_numpy(dtype=numpy.float32))
    found.rivals["xgboost, DataFrame"] = lambda part: booster.predict(xgboost.DMatrix(found.rows[part], nthread=1))
    plain = xgboost.Booster({"nthread": 1})
    plain.load_model(next(place.glob("model.*")))
    plain.feature_names = None
    found.rivals["xgboost, inplace_predict"] = lambda part: plain.inplace_predict(floats[part])
    return found


def lightgbm_model(folder):
    table, target = thirty()
    place = folder / "lightgbm"
    if not (place / "MLmodel").exists():
        model = lightgbm.LGBMClassifier(n_estimators=500, num_leaves=31, n_jobs=2, random_state=1, verbose=-1)
        model.fit(table[:-ROWS], target[:-ROWS])
        save("lightgbm", model.booster_, place, table)
    booster = lightgbm.Booster(model_file=str(place / "model.lgb"))
    found = Model("LightGBM, 500 trees of 31 leaves", place, table[-ROWS:])
    values = numpy.ascontiguousarray(found.rows.to_numpy())
    found.rivals["lightgbm, array"] = lambda part: booster.predict(values[part], num_threads=1)
    return found


def per_row(ask, rounds):
    """Nanoseconds per row of one row at a time and of all at once: the best of some rounds each."""
    single, batch = [], []
    for number in range(rounds):
        begin = time.perf_counter_ns()
        for row in range(20):
            ask(slice(row, row + 1))
        single.append((time.perf_counter_ns() - begin) / 20)
        begin = time.perf_counter_ns()
        ask(slice(0, ROWS))
        batch.append((time.perf_counter_ns() - begin) / ROWS)
    return min(single), min(batch)


# What the kernel tells of a finished child is never below what its parent had when it started it: so a small one starts it.
STARTER = "import os, sys; number = os.spawnvp(os.P_NOWAIT, sys.argv[1], sys.argv[1:]); _, status, usage = os.wait4(number, 0); \
print(usage.ru_maxrss, file=sys.stderr); sys.exit(os.waitstatus_to_exitcode(status))"


def finished(command):
    """Seconds and megabytes of peak memory of a command, and what it printed."""
    begin = time.perf_counter()
    child = subprocess.run([sys.executable, "-I", "-S", "-c", STARTER, *command], capture_output=True)
    seconds = time.perf_counter() - begin
    if child.returncode != 0:
        raise SystemExit(f"{command[0]} ended with status {child.returncode}:\n{child.stderr.decode(errors='replace')}")
    return seconds, int(child.stderr.split()[-1]) * 1024 / 1e6, child.stdout


def measure(model, products, scratch, rounds):
    artefact = max((f for f in model.folder.iterdir() if f.name.startswith("model.")), key=lambda f: f.stat().st_size)
    output = scratch / f"{model.folder.name}.skiff"
    times, memory = [], 0
    for _ in range(5):
        output.unlink(missing_ok=True)
        seconds, peak, _ = finished([str(products / "skiff"), "convert", "--quiet", str(model.folder), "-o", str(output)])
        times.append(seconds)
        memory = max(memory, peak)
    rows = scratch / "rows.json"
    data = [[None if isinstance(v, float) and v != v else v for v in row] for row in model.rows.astype(object).to_numpy().tolist()]
    rows.write_text(json.dumps({"columns": list(model.rows.columns), "data": data}))
    figures = {"skiff": []} | {name: [] for name in model.rivals}
    for _ in range(rounds):
        found = json.loads(finished([str(products / "scoring-benchmark"), str(output), str(rows)])[2])
        figures["skiff"].append((found["single"], found["batch"]))
        for name, ask in model.rivals.items():
            figures[name].append(per_row(ask, 3))
    first = next(iter(model.rivals.values()))
    wanted = numpy.asarray(first(slice(0, ROWS)), dtype=float).ravel()
    answers = numpy.asarray(found["answers"])
    equal = int((answers == wanted).sum())
    if not numpy.allclose(answers, wanted, rtol=1e-6, atol=0):
        raise SystemExit(f"{model.title}: skiff answers something else")
    lines = []
    for name, pairs in figures.items():
        single, batch = (statistics.median(p[i] for p in pairs) for i in (0, 1))
        mine = [statistics.median(p[i] for p in figures["skiff"]) for i in (0, 1)]
        ratio = "" if name == "skiff" else f"{single / mine[0]:,.1f}x, {batch / mine[1]:,.1f}x"
        lines.append((f"{model.title}: {name}", f"{single / 1000:,.1f} µs", f"{batch / 1000:,.2f} µs", ratio))
    sizes = (
        model.title,
        f"{artefact.stat().st_size / 1e6:.2f} MB",
        f"{output.stat().st_size / 1e6:.2f} MB",
        f"{statistics.median(times):.2f} s",
        f"{memory:.0f} MB",
        f"{equal} of {len(wanted)}",
    )
    return lines, sizes


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("products", type=pathlib.Path)
    parser.add_argument("--readme", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    before = os.getloadavg()[0]
    speed, sizes = [], []
    for make in (forest, xgboost_model, lightgbm_model):
        lines, size = measure(make(options.folder), options.products, options.folder, options.rounds)
        speed += lines
        sizes.append(size)
        for line in (*lines, size):
            print(" | ".join(line), flush=True)
    cpu = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "unknown")
    text = (
        f"Taken on {datetime.date.today()} with {os.cpu_count()} cores of {cpu}, load average {before:.1f} before and {os.getloadavg()[0]:.1f} after; "
        f"scikit-learn {sklearn.__version__}, xgboost {xgboost.__version__}, lightgbm {lightgbm.__version__}, Python {platform.python_version()}. "
        f"Medians of {options.rounds} rounds; a ratio is the library's figure by skiff's, for one row and for a row of a batch.\n\n"
        "| | one row | a row of 2,000 | ratio |\n|---|---|---|---|\n"
        + "".join(f"| {' | '.join(line)} |\n" for line in speed)
        + "\n| | the library's file | `.skiff` | `skiff convert` | its peak memory | answers with the same bits |\n|---|---|---|---|---|---|\n"
        + "".join(f"| {' | '.join(line)} |\n" for line in sizes)
    )
    if options.readme:
        parts = options.readme.read_text().split("<!-- scoring -->")
        if len(parts) != 3:
            raise SystemExit("the readme has no place for the table")
        options.readme.write_text(f"{parts[0]}<!-- scoring -->\n{text}<!-- scoring -->{parts[2]}")


if __name__ == "__main__":
    main()
