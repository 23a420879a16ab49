"""Measures servers under load in one run: python server.py MODELS PRODUCTS ENVIRONMENTS [--readme README.md]

MODELS        the folder that train.py wrote
PRODUCTS      the folder with skiff and skiff-scorer
ENVIRONMENTS  the folder with the environments mlflow, bentoml and mlserver that server.sh made

wrk asks, with one thread for up to eight connections and two beyond; the servers take turns, case by case, and each
must give the same answers. Processor time is that of the server's processes (/proc/PID/stat) by the number of answers:
it says the most on a machine that has other work. Standard library only.
"""

import argparse
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import tempfile
import time

import bench

CASES = [(1, 1), (1, 64), (1000, 1)]
TICKS = os.sysconf("SC_CLK_TCK")
LUA = """wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
local file = io.open("{body}", "rb"); wrk.body = file:read("*a"); file:close()
done = function(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format("FIGURES %d %d %d %d %d\\n", summary.requests, summary.duration, latency:percentile(50),
    latency:percentile(99), errors.status + errors.timeout + errors.connect + errors.read + errors.write))
end
"""


class Rival:
    """How one server is started, and how it is asked."""

    def __init__(self, name, command, path="/invocations", records=False, environment=None):
        self.name, self.command, self.path, self.records = name, command, path, records
        self.environment = environment or {}
        self.firsts, self.memory, self.figures = [], [], {}


def rivals(model, app, products, environments, port, work):
    """All servers of one model; `port` gives a free one each time."""
    here = str(pathlib.Path(__file__).resolve().parent / "servers")
    mlflow, bento, mlserver = (environments / name / "bin" for name in ("mlflow", "bentoml", "mlserver"))

    def skiff(port):
        return [str(products / "skiff-scorer"), "--listen", f"127.0.0.1:{port}", str(app)]

    def mlflow_serve(port):
        serve = [str(mlflow / "mlflow"), "models", "serve", "--env-manager", "local", "--workers", "1"]
        return [*serve, "-m", str(model), "-h", "127.0.0.1", "-p", str(port)]

    def seed(port):
        return [str(mlflow / "uvicorn"), "--app-dir", here, "seed_app:app", "--host", "127.0.0.1", "--port", str(port)]

    def bentoml(port):
        serve = [str(bento / "bentoml"), "serve", "--working-dir", here, "bento_app:Credit"]
        return [*serve, "--host", "127.0.0.1", "--port", str(port)]

    def mls(port):
        folder = work / f"mlserver-{port}"
        folder.mkdir()
        ports = {"http_port": port, "grpc_port": bench.free_port(), "metrics_port": bench.free_port()}
        (folder / "settings.json").write_text(json.dumps({**ports, "host": "127.0.0.1", "parallel_workers": 0}))
        settings = {"implementation": "mlserver_mlflow.MLflowRuntime", "parameters": {"uri": str(model)}}
        (folder / "model-settings.json").write_text(json.dumps({"name": "credit", **settings}))
        return [str(mlserver / "mlserver"), "start", str(folder)]

    home = {"BENTOML_HOME": str(work / "bento"), "BENTOML_DO_NOT_TRACK": "1", "MODEL_PKL": str(model / "model.pkl")}
    return [
        Rival("skiff-scorer", skiff),
        Rival("skiff-scorer, `SKIFF_ACCESS_LOG=off`", skiff, environment={"SKIFF_ACCESS_LOG": "off"}),
        Rival("MLflow", mlflow_serve, environment={"PATH": f"{mlflow}{os.pathsep}{os.environ['PATH']}"}),
        Rival("the seed's FastAPI app", seed, "/predict", True, {"MODEL_DIR": str(model)}),
        Rival("BentoML", bentoml, environment=home),
        Rival("MLServer", mls),
    ]


def processor_seconds(processes):
    total = 0
    for process in processes:
        try:
            words = pathlib.Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        total += int(words[11]) + int(words[12])
    return total / TICKS


def message(port, path, body):
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
    return (head + f"Content-Length: {len(body)}\r\n\r\n").encode() + body


class Running(bench.Server):
    """A started server of a rival."""

    def __init__(self, rival, log):
        self.rival = rival
        saved = dict(os.environ)
        os.environ.update(rival.environment)
        port = bench.free_port()
        try:
            super().__init__(rival.command(port), port, log)
        finally:
            os.environ.clear()
            os.environ.update(saved)

    def first_answer(self, body, seconds=120):
        request = message(self.port, self.rival.path, body)
        while time.perf_counter() - self.begin < seconds and self.child.poll() is None:
            try:
                with bench.connection(self.port) as line:
                    return bench.asked(line, request), time.perf_counter() - self.begin
            except (OSError, ValueError):
                time.sleep(0.0005 if "skiff" in self.rival.name else 0.02)
        log = pathlib.Path(self.log).read_text(errors="replace")
        raise SystemExit(f"{self.rival.name} did not answer:\n{log[-3000:]}")

    def predictions(self, body):
        with bench.connection(self.port) as line:
            answer = json.loads(bench.asked(line, message(self.port, self.rival.path, body)))
            return [float(value) for value in answer["predictions"]]

    def load(self, body, connections, seconds, work):
        script = work / "wrk.lua"
        script.write_text(LUA.format(body=body))
        url = f"http://127.0.0.1:{self.port}{self.rival.path}"
        threads = 1 if connections <= 8 else 2
        options = [f"-t{threads}", f"-c{connections}", f"-d{seconds}s", "--timeout", "60s", "-s", str(script), url]
        before = processor_seconds(self.processes())
        output = subprocess.run(["wrk", *options], capture_output=True, text=True, check=True).stdout
        used = processor_seconds(self.processes()) - before
        found = re.search(r"FIGURES (\d+) (\d+) (\d+) (\d+) (\d+)", output)
        requests, micro, middle, high, errors = map(int, found.groups())
        if errors:
            raise SystemExit(f"{self.rival.name}: {errors} errors\n{output}")
        return requests / (micro / 1e6), middle / 1e3, high / 1e3, used * 1e3 / max(1, requests)


def bodies(models, work):
    """Files with the bodies, by rows and by whether they are records."""
    found = {}
    for rows in (1, 1000):
        split = json.loads((models / "requests" / f"rows-{rows}.json").read_text())["dataframe_split"]
        records = [dict(zip(split["columns"], row, strict=True)) for row in split["data"]]
        for is_records, value in ((False, {"dataframe_split": split}), (True, records)):
            file = work / f"{rows}-{is_records}.json"
            file.write_text(json.dumps(value))
            found[rows, is_records] = file
    return found


def measured(name, models, products, environments, seconds, rounds, work):
    app = work / name
    subprocess.run([str(products / "skiff"), "pack", str(models / name), "-o", str(app), "--quiet"], check=True)
    all_rivals = rivals((models / name).resolve(), app / "app", products, environments, bench.free_port, work)
    requests = bodies(models, work)
    running = []
    try:
        expected = None
        for number, rival in enumerate(all_rivals):
            server = Running(rival, work / f"{name}-{number}.log")
            running.append(server)
            _, first = server.first_answer(requests[1, rival.records].read_bytes())
            rival.firsts.append(first)
            answers = server.predictions(requests[1000, rival.records].read_bytes())
            expected = expected or answers
            if answers != expected:
                raise SystemExit(f"{name}: {rival.name} does not agree with skiff-scorer on the 1,000 rows")
        for _ in range(rounds):
            for rows, connections in CASES:
                for server in running:
                    body = requests[rows, server.rival.records]
                    figures = server.load(body, connections, seconds, work)
                    server.rival.figures.setdefault((rows, connections), []).append(figures)
                    shown = f"{figures[0]:,.1f}/s, {figures[1]:.3f} ms"
                    print(f"  {name} {rows}x{connections} {server.rival.name}: {shown}", flush=True)
        for server in running:
            server.rival.memory.append(server.peak_megabytes())
    finally:
        for server in running:
            server.stop()
    return all_rivals


def told(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:,.1f}" if value >= 10 else f"{value:.3f}"


def rows_of(name, all_rivals):
    lines = []
    for rival in all_rivals:
        cells = [f"`{name}`: {rival.name}", f"{rival.firsts[0] * 1e3:,.0f} ms", f"{rival.memory[0]:,.0f} MB"]
        for case in CASES:
            columns = zip(*rival.figures[case], strict=True)
            rate, middle, high, cost = (statistics.median(column) for column in columns)
            cells += [f"{told(rate)}/s", f"{told(middle)} ({told(high)})", told(cost)]
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def report(results, environments, load, seconds, rounds):
    def version(environment, package):
        folders = sorted((environments / environment).glob(f"lib/*/site-packages/{package}-*.dist-info"))
        return folders[0].name.removesuffix(".dist-info").split("-")[1] if folders else "?"

    titles = {
        (1, 1): "one row, 1 connection",
        (1, 64): "one row, 64 connections",
        (1000, 1): "1,000 rows, 1 connection",
    }
    taken = f"Medians of {rounds} rounds" if rounds > 1 else "One round"
    heads, units = ["", "", ""], ["", "first answer", "peak memory"]
    for case in CASES:
        heads += [titles[case], "", ""]
        units += ["answers", "p50 (p99) ms", "CPU ms each"]
    lines = [
        f"Taken on {time.strftime('%Y-%m-%d')} with {bench.processor()}, which the servers share with wrk; load average "
        f"{load[0]:.1f} before and {os.getloadavg()[0]:.1f} after. MLflow {version('mlflow', 'mlflow')}, FastAPI "
        f"{version('mlflow', 'fastapi')}, BentoML {version('bentoml', 'bentoml')}, MLServer "
        f"{version('mlserver', 'mlserver')}; one worker each, skiff-scorer with a thread a processor. {taken} of {seconds} s. "
        "All gave the same answers to 1,000 rows that the models never saw.",
        "",
        "| " + " | ".join(heads) + " |",
        "|" + "---|" * len(heads),
        "| " + " | ".join(units) + " |",
    ]
    for name, all_rivals in results.items():
        lines += rows_of(name, all_rivals)
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", type=pathlib.Path)
    parser.add_argument("products", type=pathlib.Path)
    parser.add_argument("environments", type=pathlib.Path)
    marks = "write the table between this file's <!-- servers --> marks"
    parser.add_argument("--readme", type=pathlib.Path, help=marks)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    load = os.getloadavg()
    work = pathlib.Path(tempfile.mkdtemp())
    try:
        environments = options.environments.resolve()
        places = (options.models.resolve(), options.products.resolve(), environments)
        results = {
            name: measured(name, *places, options.seconds, options.rounds, work)
            for name in ("credit-rf", "credit-logreg")
        }
        text = report(results, environments, load, options.seconds, options.rounds)
    finally:
        shutil.rmtree(work)
    print("\n" + text)
    if options.readme:
        mark = "<!-- servers -->"
        before, _, after = options.readme.read_text().split(mark)
        options.readme.write_text(f"{before}{mark}\n{text}\n{mark}{after}")


if __name__ == "__main__":
    main()
