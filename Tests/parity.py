"""Compares converted models with the library that made them: python3 Tests/parity.py SKIFF FOLDER [--only PART] [--table] [--jobs N]

SKIFF   the tool: the `skiff` of a build
FOLDER  holds one folder per logged model: `model/` as MLflow wrote it, `inputs.json` (a scoring request), `expected.json` (what the
        estimator itself answered in its process, under `raw`) and `meta.json` (which library, which specification)

Each model is converted and asked; nothing of it is executed here. Prints one line per model that was refused or differs, and with
--table one row per specification and library version: how many models, how many converted, how many bit-equal, the largest
relative difference. Exits 1 when a converted model answers something else than its library: another label, another shape, or a
number further away than 1e-12 relative (1e-6 where the library itself works in float32).
"""

import argparse
import collections
import concurrent.futures
import json
import math
import os
import pathlib
import subprocess
import sys
import tempfile

TOLERANCE = 1e-12
TOLERANCE_32 = 1e-6


def numbers(value):
    """The words that JSON has no numbers for, as the corpus writes them."""
    if isinstance(value, list):
        return [numbers(item) for item in value]
    return {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}.get(value, value) if isinstance(value, str) else value


def difference(found, wanted):
    """The largest relative difference of two answers: 0 when they are the same bits; None for other shapes or labels."""
    if isinstance(wanted, list):
        if not isinstance(found, list) or len(found) != len(wanted):
            return None
        worst = 0.0
        for one, two in zip(found, wanted):
            step = difference(one, two)
            if step is None:
                return None
            worst = max(worst, step)
        return worst
    if isinstance(wanted, bool) or isinstance(wanted, str) or wanted is None:
        return 0.0 if found == wanted and type(found) is type(wanted) else None
    if isinstance(found, bool) or not isinstance(found, (int, float)):
        # A number that JSON cannot say is null in an answer.
        return 0.0 if found is None and not math.isfinite(wanted) else None
    if found == wanted or (math.isnan(found) and math.isnan(wanted)):
        return 0.0
    if not (math.isfinite(found) and math.isfinite(wanted)):
        return None
    return abs(found - wanted) / max(abs(found), abs(wanted), 1e-300)


def scaled(found, wanted):
    """The same, but relative to the largest number of the answer's row: what cancels out in a sum has no digits of its own."""
    rows = [(f, w) for f, w in zip(found, wanted)] if isinstance(wanted, list) else [(found, wanted)]
    flat = [n for n in flatten(wanted) if isinstance(n, (int, float)) and math.isfinite(n)]
    size = max((abs(n) for n in flat), default=1.0) or 1.0
    pairs = list(zip(flatten([f for f, _ in rows]), flatten([w for _, w in rows])))
    return max((abs(f - w) / size for f, w in pairs if isinstance(w, float) and isinstance(f, float) and math.isfinite(w)), default=0.0)


def flatten(value):
    if isinstance(value, list):
        for item in value:
            yield from flatten(item)
    else:
        yield value


def wanted_answer(meta, expected):
    """What the estimator answers to the method that MLflow serves."""
    raw = expected["raw"]
    method = meta.get("predict_fn") or "predict"
    value = numbers(raw[method]) if method in raw else None
    if method == "predict" and isinstance(raw.get("predict"), list) and raw.get("predict_dtype", "").startswith(("<U", "object", "bool", "int")):
        value = raw["predict"]
    return value, raw.get(f"{method}_dtype", "")


class Row:
    def __init__(self, folder):
        self.meta = json.loads((folder / "meta.json").read_text())
        self.name = folder.name
        self.difference = None
        self.words = ""
        self.state = "refused"


def judge(skiff, folder, scratch):
    row = Row(folder)
    expected = json.loads((folder / "expected.json").read_text())
    wanted, dtype = wanted_answer(row.meta, expected)
    environment = {**os.environ, "NO_COLOR": "1"}
    output = pathlib.Path(scratch) / (folder.name + ".skiff")
    command = [skiff, "convert", str(folder / "model"), "-o", str(output), "--quiet"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=300)
    if done.returncode == 1:
        row.words = " ".join(line.strip() for line in done.stderr.splitlines()[1:] if not line.startswith("hint"))[:300]
        return row
    if done.returncode != 0:
        row.state, row.words = "WRONG", f"skiff convert ended with status {done.returncode}: {done.stderr[-300:]}"
        return row
    done = subprocess.run([skiff, "predict", str(output), "-i", str(folder / "inputs.json")], capture_output=True, text=True, env=environment, timeout=300)
    output.unlink()
    served = expected.get("served") or {}
    if done.returncode != 0:
        # The library refuses some requests too; it must then be one that we refuse.
        is_right = wanted is None or served.get("status", 200) != 200
        row.state = "converted" if is_right else "WRONG"
        row.difference = 0.0 if is_right else None
        row.words = "rejects the request: " + (done.stdout + done.stderr).strip().splitlines()[0][:300]
        return row
    found = json.loads(done.stdout)
    found = found["predictions"] if isinstance(found, dict) and "predictions" in found else found
    candidates = [wanted] if wanted is not None else []
    if served.get("status") == 200:
        body = json.loads(served["body"])
        candidates.append(numbers(body["predictions"] if isinstance(body, dict) and "predictions" in body else body))
    best = None
    for candidate in candidates:
        gap = difference(found, candidate)
        if gap is not None and gap > TOLERANCE:
            gap = min(gap, scaled(found, candidate))
        if gap is not None and (best is None or gap < best):
            best = gap
    row.difference = best
    limit = TOLERANCE_32 if dtype == "float32" else TOLERANCE
    row.state = "converted" if best is not None and best <= limit else "WRONG"
    if row.state == "WRONG":
        row.words = "another label or shape" if best is None else f"differs by {best:.3g}"
    return row


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("skiff", type=pathlib.Path)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--only", default="", help="models with this in their name; several with commas")
    parser.add_argument("--table", action="store_true")
    parser.add_argument("--quiet", action="store_true", help="no lines for refused models")
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    parts = options.only.split(",")
    folders = sorted(f.parent for f in options.folder.glob("*/expected.json") if any(part in f.parent.name for part in parts))
    if not folders:
        raise SystemExit(f"error: no models in {options.folder}")
    skiff = str(options.skiff.resolve())
    with tempfile.TemporaryDirectory() as scratch, concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        rows = list(pool.map(lambda folder: judge(skiff, folder, scratch), folders))
    for row in rows:
        if row.state == "WRONG" or (row.state == "refused" and not row.meta.get("fallback_expected") and not options.quiet):
            print(f"{row.state} {row.name}: {row.words}")
    if options.table:
        groups = collections.defaultdict(list)
        for row in rows:
            groups[row.meta["spec"], row.meta["env"]].append(row)
        print(f"{'specification':20} {'library':8} models converted bit-equal largest difference")
        for (spec, env), group in sorted(groups.items()):
            converted = [row for row in group if row.state == "converted"]
            exact = sum(row.difference == 0 for row in converted)
            worst = max((row.difference for row in converted), default=0)
            print(f"{spec:20} {env:8} {len(group):6} {len(converted):9} {exact:9} {worst:.2g}")
    wanted = [row for row in rows if not row.meta.get("fallback_expected")]
    count = collections.Counter(row.state for row in wanted)
    exact = sum(row.state == "converted" and row.difference == 0 for row in wanted)
    wrong = sum(row.state == "WRONG" for row in rows)
    print(
        f"{len(rows)} models, {len(wanted)} of them convertible: {count['converted']} converted ({exact} bit-equal), "
        f"{count['refused']} refused, {wrong} wrong"
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
