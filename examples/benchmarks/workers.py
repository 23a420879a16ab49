"""Measures Python workers: python workers.py FOLDER SCORER [--readme README.md] [--rounds N]

FOLDER  where the models are made and kept
SCORER  skiff-scorer (swift build -c release --product skiff-scorer)

The sides take turns in each round. Added latency: one connection, one row at a time; the median round trip over HTTP less the median
call of the same predict function on the same table in one process. Throughput: eight connections against two workers each, of
skiff-scorer and of `mlflow models serve`, with the same client; every answer is compared.
"""

import argparse
import atexit
import datetime
import importlib.util
import json
import os
import pathlib
import platform
import selectors
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import time
import warnings

warnings.simplefilter("ignore")
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
os.environ["MLFLOW_ALLOW_PICKLE_DESERIALIZATION"] = "true"
os.environ["OMP_NUM_THREADS"] = "1"

import mlflow
import pandas
import yaml
from mlflow.models import infer_signature
from sklearn.linear_model import LogisticRegression

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "credit-default")]
from credit_data import FEATURES, NUMERIC, TARGET, card_holders  # noqa: E402
from train import pipeline  # noqa: E402

SCORE = HERE.parent.parent / "templates" / "python" / "score.py"
spec = importlib.util.spec_from_file_location("score", SCORE)
score = importlib.util.module_from_spec(spec)
spec.loader.exec_module(score)


class Points(mlflow.pyfunc.PythonModel):
    """A model that costs next to nothing: what is measured is the way to it and back."""

    def predict(self, context, model_input, params=None):
        return model_input["credit_limit"].to_numpy() * 0.5


def make(folder, name):
    """A model as MLflow logs it, and beside it the app folder of a context."""
    place = folder / name
    frame = card_holders(5000, 7)
    if not (place / "model" / "MLmodel").exists():
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        if name == "pipeline":
            model = pipeline(LogisticRegression(max_iter=1000), scaled=True).fit(frame[FEATURES], frame[TARGET])
            signature = infer_signature(frame[FEATURES].head(), model.predict(frame[FEATURES].head()))
            mlflow.sklearn.save_model(model, str(place / "model"), signature=signature, pip_requirements=["none"], serialization_format="cloudpickle")
        else:
            table = frame[NUMERIC]
            signature = infer_signature(table.head(), table["credit_limit"].to_numpy()[:5])
            mlflow.pyfunc.save_model(str(place / "model"), python_model=Points(), signature=signature, pip_requirements=["none"])
    shutil.copy(SCORE, place / "score.py")
    columns = json.loads(yaml.safe_load((place / "model" / "MLmodel").read_text())["signature"]["inputs"])
    columns = [{"name": column["name"], "type": column["type"], "required": True} for column in columns]
    document = {
        "format": 1, "name": name, "schema": {"kind": "columns", "source": "signature", "columns": columns},
        "backend": {"kind": "python", "command": [sys.executable, "-u", "/app/score.py"]},
        "python": {"loader": "pyfunc", "model": "model"},
    }
    (place / "serving.json").write_text(json.dumps(document))
    names = [column["name"] for column in columns]
    body = {"dataframe_split": {"columns": names, "data": frame[names].head(1).astype(object).to_numpy().tolist()}}
    request = {"form": "frame", "rows": 1, "columns": names, "types": [column["type"] for column in columns]}
    request["data"] = [[cell] for cell in body["dataframe_split"]["data"][0]]
    return place, json.dumps(body).encode(), request


class Server:
    """One server on a free port, with two workers."""

    def __init__(self, command, folder, environment=None):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.log = open(folder / "server.log", "wb")
        command = [part.replace("PORT", str(self.port)) for part in command]
        self.process = subprocess.Popen(command, stdout=self.log, stderr=self.log, env=dict(os.environ, **environment or {}), start_new_session=True)
        atexit.register(self.stop)
        end = time.monotonic() + 120
        while self.ask("/ping") != 200:
            if time.monotonic() > end or self.process.poll() is not None:
                raise SystemExit(f"{command[0]} does not start; see {self.log.name}")
            time.sleep(0.2)

    def ask(self, path):
        try:
            with socket.create_connection(("127.0.0.1", self.port), 5) as client:
                client.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
                return int(client.recv(4096).split()[1])
        except (OSError, IndexError):
            return 0

    def processor_seconds(self):
        """What all processes of the server have used so far; their group is that of the first, or they are its children."""
        total, parents, ticks = 0, {}, os.sysconf("SC_CLK_TCK")
        for number in filter(str.isdigit, os.listdir("/proc")):
            try:
                fields = open(f"/proc/{number}/stat").read().rsplit(")", 1)[1].split()
            except OSError:
                continue
            parents[int(number)] = (int(fields[1]), int(fields[11]) + int(fields[12]))
        for number in parents:
            above = number
            while above in parents and above != self.process.pid:
                above = parents[above][0]
            total += parents[number][1] if above == self.process.pid else 0
        return total / ticks

    def stop(self):
        if self.process.poll() is not None:
            return
        os.killpg(self.process.pid, signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


def post(body):
    return b"POST /invocations HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


def read_answer(client):
    data = b""
    while b"\r\n\r\n" not in data:
        data += client.recv(1 << 16)
    head, rest = data.split(b"\r\n\r\n", 1)
    length = next(int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length"))
    while len(rest) < length:
        rest += client.recv(1 << 16)
    if not head.startswith(b"HTTP/1.1 200"):
        raise SystemExit(f"{head!r} {rest!r}")
    return rest


def connect(port):
    client = socket.create_connection(("127.0.0.1", port))
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return client


def round_trips(client, request, count):
    """Microseconds of `count` requests one after the other."""
    times = []
    for _ in range(count):
        begin = time.perf_counter_ns()
        client.sendall(request)
        read_answer(client)
        times.append((time.perf_counter_ns() - begin) / 1000)
    return times


def requests_a_second(server, request, seconds, connections=8):
    """Answers a second over some connections, each with one request at a time; processor milliseconds of each; the answer."""
    clients = [connect(server.port) for _ in range(connections)]
    used = server.processor_seconds()
    selector, done, first = selectors.DefaultSelector(), 0, None
    for client in clients:
        client.sendall(request)
        selector.register(client, selectors.EVENT_READ)
    begin = time.perf_counter()
    while time.perf_counter() - begin < seconds:
        for key, _ in selector.select(1):
            answer = json.loads(read_answer(key.fileobj))
            first = first or answer
            if answer != first:
                raise SystemExit(f"{answer} and {first} to the same request")
            done += 1
            key.fileobj.sendall(request)
    rate = done / (time.perf_counter() - begin)
    cost = (server.processor_seconds() - used) * 1000 / done
    for client in clients:
        read_answer(client)
        client.close()
    return rate, cost, first


def latency(place, body, request, scorer, rounds):
    """Medians in microseconds of rounds that take turns: in one process, over HTTP; and how much the second is above the first."""
    predict = score.load(json.loads((place / "serving.json").read_text()), str(place))
    table = score.build_frame(request)
    server = Server([str(scorer), "--listen", "127.0.0.1:PORT", "--workers", "1", str(place)], place, {"SKIFF_ACCESS_LOG": "off"})
    client = connect(server.port)
    rows = []
    round_trips(client, post(body), 200)
    for _ in range(rounds):
        inside = statistics.median(calls(predict, table, 100))
        over = statistics.median(round_trips(client, post(body), 100))
        rows.append((inside, over, over - inside))
    client.close()
    server.stop()
    return [statistics.median(column) for column in zip(*rows)]


def calls(predict, table, count):
    """Microseconds of `count` calls one after the other."""
    times = []
    for _ in range(count):
        begin = time.perf_counter_ns()
        predict(table, None)
        times.append((time.perf_counter_ns() - begin) / 1000)
    return times


def throughput(place, body, scorer, rounds):
    skiff = Server([str(scorer), "--listen", "127.0.0.1:PORT", "--workers", "2", str(place)], place, {"SKIFF_ACCESS_LOG": "off"})
    command = [sys.executable, "-m", "mlflow", "models", "serve", "--env-manager", "local", "-m", str(place / "model"), "-h", "127.0.0.1", "-p", "PORT", "--workers", "2"]
    # uvicorn's two workers are found by the one command on PATH.
    rival = Server(command, place, {"PATH": f"{pathlib.Path(sys.executable).parent}:{os.environ['PATH']}"})
    pairs = []
    for side in (skiff, rival):
        requests_a_second(side, post(body), 1)
    for _ in range(rounds):
        ours, cost, answer = requests_a_second(skiff, post(body), 2)
        theirs, their_cost, other = requests_a_second(rival, post(body), 2)
        if answer != other:
            raise SystemExit(f"skiff answers {answer}, MLflow {other}")
        pairs.append((ours, theirs, ours / theirs, cost, their_cost, their_cost / cost))
    skiff.stop()
    rival.stop()
    return [statistics.median(column) for column in zip(*pairs)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("scorer", type=pathlib.Path)
    parser.add_argument("--readme", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=20)
    options = parser.parse_args()
    before = os.getloadavg()[0]
    titles = {"pipeline": "scikit-learn pipeline, 23 columns", "points": "`PythonModel` that multiplies a column, 14 columns"}
    slow, fast = [], []
    for name, title in titles.items():
        place, body, request = make(options.folder, name)
        figures = latency(place, body, request, options.scorer, 2 * options.rounds)
        slow.append(f"| {title} | " + " | ".join(f"{figure / 1000:.3f} ms" for figure in figures) + " |")
        print(slow[-1], flush=True)
        ours, theirs, ratio, cost, their_cost, cheaper = throughput(place, body, options.scorer, options.rounds)
        fast.append(f"| {title}: requests/s | {ours:,.0f} | {theirs:,.0f} | {ratio:.1f}x |")
        fast.append(f"| {title}: processor time of a request | {cost:.2f} ms | {their_cost:.2f} ms | {cheaper:.1f}x |")
        print(fast[-2])
        print(fast[-1], flush=True)
    cpu = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "unknown")
    text = (
        f"Taken on {datetime.date.today()} with {os.cpu_count()} cores of {cpu}, load average {before:.1f} before and {os.getloadavg()[0]:.1f} after; "
        f"MLflow {mlflow.__version__}, pandas {pandas.__version__}, Python {platform.python_version()}. Medians of {options.rounds} rounds that take turns.\n\n"
        "| one row, one connection | predict in one process | over HTTP | added to that |\n|---|---|---|---|\n" + "\n".join(slow)
        + "\n\n| one row, eight connections, two workers | skiff-scorer | `mlflow models serve` | ratio |\n|---|---|---|---|\n"
        + "\n".join(fast) + "\n"
    )
    if options.readme:
        parts = options.readme.read_text().split("<!-- workers -->")
        if len(parts) != 3:
            raise SystemExit("the readme has no place for the table")
        options.readme.write_text(f"{parts[0]}<!-- workers -->\n{text}<!-- workers -->{parts[2]}")


if __name__ == "__main__":
    main()
