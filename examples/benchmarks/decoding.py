"""Measures how fast bodies are read, in process and on one thread: python decoding.py MODELS PRODUCTS [--readme README.md]

MODELS    the folder that train.py wrote
PRODUCTS  the folder with skiff and decoding-benchmark

The sides take turns in each round: `decoding-benchmark` reads and checks the body for the converted forest as the server does, every value
against its column, into the rows that are scored; `orjson` and `json` parse it to Python objects and check nothing; `pandas` makes a table of what
orjson gave, or reads the text itself.
"""

import argparse
import importlib.metadata
import io
import json
import os
import pathlib
import platform
import statistics
import subprocess
import tempfile
import time

import bench
import orjson
import pandas


def table(body):
    split = orjson.loads(body)["dataframe_split"]
    return len(pandas.DataFrame(split["data"], columns=split["columns"]))


def text(body):
    # Only the inside of the envelope is what read_json takes.
    inside = body[body.index(b":") + 1 : body.rindex(b"}")].decode()
    return len(pandas.read_json(io.StringIO(inside), orient="split"))


RIVALS = {
    "`orjson.loads`": lambda body: len(orjson.loads(body)["dataframe_split"]["data"]),
    "`json.loads`": lambda body: len(json.loads(body)["dataframe_split"]["data"]),
    "`orjson.loads`, `pandas.DataFrame`": table,
    '`pandas.read_json(orient="split")`': text,
}
RIVALS_OF_RECORDS = {
    "`orjson.loads`": lambda body: len(orjson.loads(body)["dataframe_records"]),
    "`json.loads`": lambda body: len(json.loads(body)["dataframe_records"]),
    "`orjson.loads`, `pandas.DataFrame`": lambda body: len(pandas.DataFrame(orjson.loads(body)["dataframe_records"])),
}


def timed(ask, body, rows, seconds):
    """Nanoseconds of each call within some seconds."""
    found, end = [], time.perf_counter() + seconds
    while not found or time.perf_counter() < end:
        begin = time.perf_counter_ns()
        if ask(body) != rows:
            raise SystemExit("a rival did not find the rows")
        found.append(time.perf_counter_ns() - begin)
    return found


def ours(products, model, file, rows, seconds):
    command = [products / "decoding-benchmark", model, file, str(seconds)]
    figures = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    if figures["rows"] != rows:
        raise SystemExit("skiff did not find the rows")
    return figures["best"], figures["median"]


def measured(products, model, file, rivals, rounds, seconds):
    """Per side, the best and the median of all rounds."""
    body = file.read_bytes()
    bests, medians = {}, {}
    for _ in range(rounds):
        for name in ["skiff-scorer's decoder", *rivals]:
            if name in rivals:
                found = timed(rivals[name], body, 1000, seconds)
                best, middle = min(found), statistics.median(found)
            else:
                best, middle = ours(products, model, file, 1000, seconds)
            bests.setdefault(name, []).append(best)
            medians.setdefault(name, []).append(middle)
    return [(name, min(bests[name]), statistics.median(medians[name])) for name in bests]


def report(results, load):
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("orjson", "pandas"))
    lines = [
        f"Taken on {time.strftime('%Y-%m-%d')} with {bench.processor()}, load average {load[0]:.1f} before and "
        f"{os.getloadavg()[0]:.1f} after; {versions}, Python {platform.python_version()}.",
        "",
        "| a body of 1,000 rows and 23 columns | | best | median | ratio of medians |",
        "|---|---|---|---|---|",
    ]
    for title, size, sides in results:
        first = sides[0][2]
        for number, (name, best, middle) in enumerate(sides):
            shown = f"{title}, {size / 1e3:,.0f} kB" if number == 0 else ""
            ratio = "" if number == 0 else f"{middle / first:.1f}x"
            rates = " | ".join(f"{time / 1e6:.2f} ms, {size / time * 1e3:,.0f} MB/s" for time in (best, middle))
            lines.append(f"| {shown} | {name} | {rates} | {ratio} |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", type=pathlib.Path)
    parser.add_argument("products", type=pathlib.Path)
    marks = "write the table between this file's <!-- decoding --> marks"
    parser.add_argument("--readme", type=pathlib.Path, help=marks)
    parser.add_argument("--seconds", type=float, default=1)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    load = os.getloadavg()
    products = options.products.resolve()
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        model = work / "credit-rf.skiff"
        command = [products / "skiff", "convert", options.models / "credit-rf", "-o", model, "--quiet"]
        subprocess.run(command, check=True)
        split = json.loads((options.models / "requests" / "rows-1000.json").read_text())["dataframe_split"]
        records = [dict(zip(split["columns"], row, strict=True)) for row in split["data"]]
        results = []
        for form, value, rivals in (
            ("dataframe_split", split, RIVALS),
            ("dataframe_records", records, RIVALS_OF_RECORDS),
        ):
            file = work / f"{form}.json"
            file.write_text(json.dumps({form: value}))
            sides = measured(products, model, file, rivals, options.rounds, options.seconds)
            results.append((f"`{form}`", file.stat().st_size, sides))
        found = report(results, load)
    print(found)
    if options.readme:
        mark = "<!-- decoding -->"
        before, _, after = options.readme.read_text().split(mark)
        options.readme.write_text(f"{before}{mark}\n{found}\n{mark}{after}")


if __name__ == "__main__":
    main()
