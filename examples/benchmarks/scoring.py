"""Measures scoring in process, skiff beside the libraries: python scoring.py FOLDER PRODUCTS [--readme README.md] [--rounds N]

FOLDER    where the models are made and kept
PRODUCTS  the folder with skiff and scoring-benchmark (swift build -c release --show-bin-path)

One thread each, and skiff's batch once more on all processors. The sides take turns in each round: `scoring-benchmark` on the converted model (rows bound already, as the
libraries get theirs), the library's own predict on a NumPy array or a DataFrame, and ONNX Runtime where skl2onnx converts the model. All
answers are compared: bit for bit with the library, or it is an error; near is enough where the library's BLAS adds in an order of its own.
"""

import argparse
import datetime
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from scoring_models import MODELS, ROWS  # noqa: E402

import lightgbm  # noqa: E402
import numpy  # noqa: E402
import sklearn  # noqa: E402
import xgboost  # noqa: E402


def per_row(ask, rounds):
    """Nanoseconds per row of one row at a time and of all at once: the best of some rounds each."""
    single, batch = [], []
    for _ in range(rounds):
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
    threads, threaded = len(os.sched_getaffinity(0)), []
    for _ in range(rounds):
        found = json.loads(finished([str(products / "scoring-benchmark"), str(output), str(rows)])[2])
        figures["skiff"].append((found["single"], found["batch"]))
        if threads > 1:
            shared = json.loads(finished([str(products / "scoring-benchmark"), str(output), str(rows), str(threads)])[2])
            threaded.append(shared["batch"])
            if shared["answers"] != found["answers"]:
                raise SystemExit(f"{model.title}: {threads} threads answer something else than one")
        for name, ask in model.rivals.items():
            figures[name].append(per_row(ask, 3))
    first = next(iter(model.rivals.values()))
    wanted = numpy.asarray(first(slice(0, ROWS)), dtype=float).ravel()
    answers = numpy.asarray(found["answers"])
    equal = int((answers == wanted).sum())
    if equal < len(wanted) and (model.exact or not numpy.allclose(answers, wanted, rtol=1e-9, atol=1e-15)):
        raise SystemExit(f"{model.title}: skiff answers something else, {equal} of {len(wanted)} values are the same")
    lines = []
    for name, pairs in figures.items():
        single, batch = (statistics.median(p[i] for p in pairs) for i in (0, 1))
        mine = [statistics.median(p[i] for p in figures["skiff"]) for i in (0, 1)]
        ratio = "" if name == "skiff" else f"{single / mine[0]:,.1f}x, {batch / mine[1]:,.1f}x"
        lines.append((model.title if name == "skiff" else "", name, f"{single / 1000:,.1f} µs", f"{batch / 1000:,.2f} µs", ratio))
        if name == "skiff" and threaded:
            lines.append(("", f"skiff, {threads} threads", "", f"{statistics.median(threaded) / 1000:,.2f} µs", ""))
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
    parser.add_argument("--only", default=",".join(MODELS), help="names of models, separated by commas")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    before = os.getloadavg()[0]
    speed, sizes = [], []
    for name in options.only.split(","):
        lines, size = measure(MODELS[name](options.folder), options.products, options.folder, options.rounds)
        speed += lines
        sizes.append(size)
        for line in (*lines, size):
            print(" | ".join(line), flush=True)
    cpu = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "unknown")
    text = (
        f"Taken on {datetime.date.today()} with {os.cpu_count()} cores of {cpu}, load average {before:.1f} before and {os.getloadavg()[0]:.1f} after; "
        f"scikit-learn {sklearn.__version__}, xgboost {xgboost.__version__}, lightgbm {lightgbm.__version__}, Python {platform.python_version()}. "
        f"Medians of {options.rounds} rounds; a ratio is the library's figure by skiff's, for one row and for a row of a batch.\n\n"
        "| | | one row | a row of 2,000 | ratio |\n|---|---|---|---|---|\n"
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
