"""Measures what metrics, Server-Timing and the log cost: python observing.py MODELS PRODUCTS WITHOUT [--readme README.md]

MODELS    the folder that train.py wrote
PRODUCTS  the folder with skiff and skiff-scorer
WITHOUT   the folder with a skiff-scorer that counts nothing

A logistic regression's row is the request that costs least, so that the shares are the largest. Instructions are those of the process
under valgrind's callgrind (the kernel's are not in them), for one request of many on one connection; processor time is that of the process, with the
kernel's, by the number of answers to wrk. Standard library only.
"""

import argparse
import json
import os
import pathlib
import re
import signal
import statistics
import subprocess
import tempfile
import time

import bench
import server

# What is compared: a name, whether the build counts, and the settings.
SIDES = [
    ("as it comes", True, {}),
    ("counts nothing", False, {}),
    ("`SKIFF_SERVER_TIMING=off`", True, {"SKIFF_SERVER_TIMING": "off"}),
    ("`SKIFF_ACCESS_LOG=off`", True, {"SKIFF_ACCESS_LOG": "off"}),
]


def instructions(scorer, model, body, settings, requests, work):
    """Instructions of a whole run with so many requests."""
    out = work / "callgrind.out"
    port = bench.free_port()
    command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", str(scorer), "--threads", "1"]
    command += ["--listen", f"127.0.0.1:{port}", str(model)]
    child = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, **settings}
    )
    message = bench.message(port, body)
    for _ in range(1200):
        time.sleep(0.05)
        try:
            line = bench.connection(port)
            bench.asked(line, message)
            break
        except (OSError, ValueError):
            continue
    for _ in range(requests):
        bench.asked(line, message)
    line.close()
    child.send_signal(signal.SIGTERM)
    if child.wait(60) != 0:
        raise SystemExit("the server did not end well under valgrind")
    return int(re.search(r"^(?:summary|totals): (\d+)", out.read_text(), re.MULTILINE).group(1))


def measured(models, products, without, rounds, seconds, work):
    model = work / "model.skiff"
    subprocess.run([products / "skiff", "convert", models / "credit-logreg", "-o", model, "--quiet"], check=True)
    request = json.loads((models / "requests" / "rows-1.json").read_text())
    body = work / "body.json"
    body.write_text(json.dumps(request))
    few, many = 2000, 6000
    figures = {name: {"instructions": 0, "cpu": [], "rate": []} for name, _, _ in SIDES}
    for name, counts, settings in SIDES:
        scorer = (products if counts else without) / "skiff-scorer"
        spans = [instructions(scorer, model, body.read_bytes(), settings, number, work) for number in (few, many)]
        figures[name]["instructions"] = (spans[1] - spans[0]) / (many - few)
    running = []
    try:
        for number, (name, counts, settings) in enumerate(SIDES):
            scorer = (products if counts else without) / "skiff-scorer"

            def command(port, scorer=scorer):
                return [str(scorer), "--listen", f"127.0.0.1:{port}", str(model)]

            running.append(server.Running(server.Rival(name, command, environment=settings), work / f"{number}.log"))
            running[-1].first_answer(body.read_bytes())
        for _ in range(rounds):
            for side in running:
                rate, _, _, cpu = side.load(body, 64, seconds, work)
                figures[side.rival.name]["cpu"].append(cpu * 1e3)
                figures[side.rival.name]["rate"].append(rate)
    finally:
        for side in running:
            side.stop()
    return figures


def report(figures, load, rounds, seconds):
    first = figures[SIDES[0][0]]
    lines = [
        f"Taken on {time.strftime('%Y-%m-%d')} with {bench.processor()}, load average {load[0]:.1f} before and "
        f"{os.getloadavg()[0]:.1f} after. Processor time and requests: medians of {rounds} rounds of {seconds} s.",
        "",
        "| one row of `credit-logreg` | instructions | as it comes has more | processor time | requests/s, 64 connections |",
        "|---|---|---|---|---|",
    ]
    for name, found in figures.items():
        more = first["instructions"] - found["instructions"]
        share = "" if found is first else f"{more:,.0f}, {100 * more / first['instructions']:.1f} %"
        cpu, rate = statistics.median(found["cpu"]), statistics.median(found["rate"])
        lines.append(f"| {name} | {found['instructions']:,.0f} | {share} | {cpu:.2f} µs | {rate:,.0f} |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", type=pathlib.Path)
    parser.add_argument("products", type=pathlib.Path)
    parser.add_argument("without", type=pathlib.Path)
    marks = "write the table between this file's <!-- observing --> marks"
    parser.add_argument("--readme", type=pathlib.Path, help=marks)
    parser.add_argument("--seconds", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    load = os.getloadavg()
    with tempfile.TemporaryDirectory() as folder:
        places = (options.models.resolve(), options.products.resolve(), options.without.resolve())
        figures = measured(*places, options.rounds, options.seconds, pathlib.Path(folder))
    found = report(figures, load, options.rounds, options.seconds)
    print(found)
    if options.readme:
        mark = "<!-- observing -->"
        before, _, after = options.readme.read_text().split(mark)
        options.readme.write_text(f"{before}{mark}\n{found}\n{mark}{after}")


if __name__ == "__main__":
    main()
