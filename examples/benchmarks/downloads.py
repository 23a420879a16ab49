"""Measures downloads: python downloads.py FOLDER PRODUCTS [--readme README.md] [--rounds N]

FOLDER    where the model is made (2 GB: one file of 1.5 GB and 200 small ones) and everything is downloaded to; on a fast disk
PRODUCTS  the folder with skiff (swift build -c release --show-bin-path)

Run it with a Python that has mlflow and the packages of Tests/Fixtures/pyfunc/requirements.lock; needs nginx and curl. Three
comparisons, in each of which the sides take turns, so that whatever else the machine does meets both:

  1. `skiff fetch` and `curl --parallel --parallel-max 8`, both from nginx on the loopback. nginx serves the files, and for skiff
     the few answers of an MLflow server as files too.
  2. `skiff fetch` and `mlflow artifacts download`, both from one real MLflow server.
  3. `skiff fetch` and `mlflow artifacts download`, both from the stand-in for Databricks (Unity Catalog, Files API), which hands
     out addresses of nginx, so that no Python serves the bytes.

And the requests of ten small files, as the stand-in's log has them.
"""

import argparse
import contextlib
import hashlib
import importlib.metadata
import json
import os
import pathlib
import platform
import re
import shutil
import socket
import statistics
import subprocess
import sys
import threading
import time
import urllib.request

CHECKOUT = pathlib.Path(__file__).resolve().parents[2]
STAND_IN = CHECKOUT / "Tests/Fixtures/databricks/stand_in.py"
LARGE, SMALL, COUNT = 1_500_000_000, 2_500_000, 200
MODEL = "artifact_path: model\nflavors:\n  python_function:\n    loader_module: none\n"


def free_port():
    with socket.socket() as line:
        line.bind(("127.0.0.1", 0))
        return line.getsockname()[1]


def make_model(folder):
    """2 GB that do not compress."""
    if (folder / "complete").exists():
        return
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "model" / "parts").mkdir(parents=True)
    (folder / "model" / "MLmodel").write_text(MODEL)
    piece = hashlib.shake_128(b"large").digest(10_000_000)
    with open(folder / "model" / "weights.bin", "wb") as file:
        for number in range(LARGE // len(piece)):
            file.write(number.to_bytes(8, "big") + piece[8:])
    for number in range(COUNT):
        (folder / "model" / "parts" / f"{number:03}.bin").write_bytes(number.to_bytes(8, "big") + piece[8:SMALL])
    (folder / "complete").touch()


class Measured:
    """One command's seconds of wall time, seconds of processor time, and megabytes of peak memory."""

    def __init__(self, command, environment, errors):
        begin = time.perf_counter()
        with open(errors, "wb") as log:
            child = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log)
        watcher = threading.Thread(target=self.watch, args=(child.pid,))
        watcher.start()
        _, status, usage = os.wait4(child.pid, 0)
        self.wall = time.perf_counter() - begin
        watcher.join()
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode != 0:
            raise SystemExit(f"{command[0]} ended with status {child.returncode}:\n{pathlib.Path(errors).read_text()[-3000:]}")
        self.processor = usage.ru_utime + usage.ru_stime

    # What the kernel tells of a finished child (ru_maxrss) is never below what this script had when it started it.
    memory = 0.0

    def watch(self, number):
        """Keeps the peak memory that the kernel shows of a running process."""
        with contextlib.suppress(OSError, ProcessLookupError):
            while found := re.search(r"VmHWM:\s*(\d+)", pathlib.Path(f"/proc/{number}/status").read_text()):
                self.memory = max(self.memory, int(found[1]) * 1024 / 1e6)
                time.sleep(0.02)


class Bench:
    def __init__(self, options):
        self.folder = options.folder.resolve()
        self.skiff = str(options.products / "skiff")
        self.rounds = options.rounds
        self.out = self.folder / "out"
        self.rows = []
        home = self.folder / "home"
        home.mkdir(parents=True, exist_ok=True)
        self.environment = {
            "PATH": f"{pathlib.Path(sys.executable).parent}:{os.environ['PATH']}",
            "HOME": str(home),
            "LANG": "C.UTF-8",
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    def fetch(self, reference, environment):
        return [self.skiff, "fetch", "--quiet", reference, str(self.out / "skiff")], environment

    def mlflow(self, reference, environment):
        command = [sys.executable, "-m", "mlflow", "artifacts", "download", "--artifact-uri", reference]
        return [*command, "--dst-path", str(self.out / "mlflow")], environment

    def check(self, name, tree):
        """Compares what a side has downloaded, once."""
        command = ["diff", "-rq", "-x", "registered_model_meta", str(self.out / name), str(tree)]
        different = subprocess.run(command, capture_output=True, text=True)
        if different.returncode != 0:
            raise SystemExit(f"{name} got other files:\n{different.stdout}")

    def pairs(self, title, tree, one, two, rounds=None):
        """Runs both sides in turn and adds the rows of the table; each is (name, command, environment)."""
        found = {one[0]: [], two[0]: []}
        for number in range((rounds or self.rounds) + 1):
            for name, command, environment in (one, two):
                shutil.rmtree(self.out, ignore_errors=True)
                self.out.mkdir()
                measured = Measured(command, {**self.environment, **environment}, self.folder / "errors")
                if number == 0:  # The first round warms the page cache, and is the one that is compared.
                    self.check(name, tree)
                else:
                    found[name].append(measured)
        for kind, unit, text in (
            ("wall", "s", "wall time"),
            ("processor", "s", "processor time"),
            ("memory", "MB", "peak memory"),
        ):
            values = [[getattr(measured, kind) for measured in found[name]] for name in found]
            ratios = [mine / theirs for mine, theirs in zip(*values)]
            shown = [f"{statistics.median(v):.2f} {unit} ({min(v):.2f}–{max(v):.2f})" for v in values]
            ratio = f"{statistics.median(ratios):.2f} ({min(ratios):.2f}–{max(ratios):.2f})"
            if two[0] == "mlflow" and kind != "memory":
                ratio += f": {1 / statistics.median(ratios):.1f} times faster"
            self.rows.append((f"{title}: {text}", *shown, ratio))
            print(" | ".join(self.rows[-1]), flush=True)


# Servers.


@contextlib.contextmanager
def nginx(folder, tree):
    """Files below /files/ and /signed/ANYTHING/, and the answers of an MLflow server with `models:/big/1`."""
    port = free_port()
    place = folder / "nginx"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)

    def listed(path):
        # Names only, and a size of nothing is left out, as MLflow has it.
        found = sorted((tree / path).iterdir())
        files = [{"path": f.name, "is_dir": f.is_dir(), **({} if f.is_dir() else {"file_size": f.stat().st_size})} for f in found]
        return {"files": files}

    version = {"name": "big", "version": "1", "status": "READY", "source": "mlflow-artifacts:/1/big", "run_id": "0" * 32}
    answers = {
        "version": {"model_version": {**version, "creation_timestamp": 1700000000000, "current_stage": "None"}},
        "uri": {"artifact_uri": "mlflow-artifacts:/1/big"},
        "list-": listed(""),
        "list-parts": listed("parts"),
        "info": {"store_type": "SqlStore", "workspaces_enabled": False, "multipart_downloads_enabled": False},
    }
    for name, answer in answers.items():
        (place / f"{name}.json").write_text(json.dumps(answer))
    api = "/api/2.0/mlflow-artifacts/artifacts"
    (place / "nginx.conf").write_text(
        f"""
{"user root; " if os.getuid() == 0 else ""}worker_processes 1; daemon off; pid {place}/pid; error_log {place}/error.log warn;
events {{ worker_connections 256; }}
http {{
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 100000; default_type application/octet-stream;
  client_body_temp_path {place}/a; proxy_temp_path {place}/b; fastcgi_temp_path {place}/c; uwsgi_temp_path {place}/d; scgi_temp_path {place}/e;
  map $arg_path $listing {{ "1/big" list-; "1/big/" list-; ~^1(/|%2F)big(/|%2F)parts list-parts; default list-; }}
  server {{
    listen 127.0.0.1:{port};
    location = /api/2.0/mlflow/model-versions/get {{ default_type application/json; alias {place}/version.json; }}
    location = /api/2.0/mlflow/model-versions/get-download-uri {{ default_type application/json; alias {place}/uri.json; }}
    location = /api/3.0/mlflow/server-info {{ default_type application/json; alias {place}/info.json; }}
    location = {api} {{ default_type application/json; root {place}; try_files /$listing.json =404; }}
    location {api}/1/big/ {{ alias {tree}/; }}
    location /files/ {{ alias {tree}/; }}
    location ~ ^/signed/[0-9a-f]+/(.*)$ {{ alias {tree}/$1; }}
  }}
}}
"""
    )
    server = subprocess.Popen(["nginx", "-c", str(place / "nginx.conf"), "-p", str(place)], stderr=subprocess.DEVNULL)
    try:
        wait(f"http://127.0.0.1:{port}/files/MLmodel", server)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait()


def wait(url, server):
    for _ in range(600):
        if server.poll() is not None:
            raise SystemExit(f"the server of {url} ended with status {server.returncode}")
        with contextlib.suppress(OSError):
            urllib.request.urlopen(url, timeout=5).read()
            return
        time.sleep(0.1)
    raise SystemExit(f"{url} did not answer")


@contextlib.contextmanager
def mlflow_server(folder, tree):
    """A real MLflow server with `models:/big/1`; its artifacts are the files themselves."""
    port = free_port()
    place = folder / "mlflow"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    server = subprocess.Popen(
        [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
        + ["--backend-store-uri", f"sqlite:///{place}/mlflow.db", "--artifacts-destination", str(place / "artifacts")],
        env={**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        url = f"http://127.0.0.1:{port}"
        wait(url + "/health", server)

        def post(path, body):
            request = urllib.request.Request(f"{url}/api/2.0/mlflow/{path}", json.dumps(body).encode(), {"Content-Type": "application/json"})
            return json.load(urllib.request.urlopen(request))

        run = post("runs/create", {"experiment_id": "0"})["run"]["info"]
        artifacts = place / "artifacts" / "0" / run["run_id"] / "artifacts"
        artifacts.mkdir(parents=True)
        subprocess.run(["cp", "-al", str(tree), str(artifacts / "model")], check=True)
        post("registered-models/create", {"name": "big"})
        post("model-versions/create", {"name": "big", "source": run["artifact_uri"] + "/model", "run_id": run["run_id"]})
        yield url
    finally:
        os.killpg(server.pid, 15)
        server.wait()


class StandIn:
    """The stand-in for Databricks."""

    def __init__(self, folder):
        command = [sys.executable, "-B", str(STAND_IN), "--folder", str(folder / "stand-in")]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.ready = json.loads(self.process.stdout.readline())
        self.url = f"http://127.0.0.1:{self.ready['ports']['workspace']}"
        self.mlflow = f"http://127.0.0.1:{self.ready['ports']['mlflow']}"
        self.environment = {"MLFLOW_TRACKING_URI": "databricks", "DATABRICKS_HOST": self.url, "DATABRICKS_TOKEN": self.ready["token"]}

    def control(self, verb, body=None):
        request = urllib.request.Request(f"{self.url}/__stand-in/{verb}", json.dumps(body or {}).encode(), method="POST")
        return json.load(urllib.request.urlopen(request))

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.process.stdin.close()
        self.process.wait()


# The comparisons.


def against_curl(bench, tree, rounds=None):
    with nginx(bench.folder, tree) as url:
        files = [path.relative_to(tree) for path in sorted(tree.rglob("*")) if path.is_file()]
        config = bench.folder / "curl.txt"
        config.write_text("".join(f'url = "{url}/files/{f}"\noutput = "{bench.out}/curl/{f}"\n' for f in files))
        curl = ["curl", "--silent", "--show-error", "--fail", "--create-dirs", "-Z", "--parallel-max", "8", "-K", str(config)]
        fetch, environment = bench.fetch("models:/big/1", {"MLFLOW_TRACKING_URI": url})
        bench.pairs("from nginx, against `curl -Z`", tree, ("skiff", fetch, environment), ("curl", curl, {}), rounds)


def against_mlflow(bench, tree):
    with mlflow_server(bench.folder, tree) as url:
        environment = {"MLFLOW_TRACKING_URI": url}
        bench.pairs(
            "from an MLflow server, against `mlflow artifacts download`",
            tree,
            ("skiff", *bench.fetch("models:/big/1", environment)),
            ("mlflow", *bench.mlflow("models:/big/1", environment)),
        )


def against_mlflow_on_storage(bench, tree):
    with nginx(bench.folder, tree) as url, StandIn(bench.folder) as stand_in:
        # The stand-in lists the tree, nginx sends its bytes.
        place = pathlib.Path(stand_in.ready["trees"]) / "small"
        shutil.rmtree(place)
        subprocess.run(["cp", "-al", str(tree), str(place)], check=True)
        stand_in.control("set", {"signed_base": url, "page_size": 1000})
        reference = "models:/main.default.small/1"
        bench.pairs(
            "from storage (Unity Catalog), against `mlflow artifacts download`",
            tree,
            ("skiff", *bench.fetch(reference, stand_in.environment)),
            ("mlflow", *bench.mlflow(reference, stand_in.environment)),
        )
        shutil.rmtree(place)


def requests(bench):
    """How many requests ten small files need."""
    lines = []
    with StandIn(bench.folder) as stand_in:
        for name, reference, environment in (
            ("Unity Catalog", "models:/main.default.ten/1", stand_in.environment),
            ("workspace registry", "models:/ten/1", {**stand_in.environment, "MLFLOW_REGISTRY_URI": "databricks"}),
            ("MLflow server", "models:/ten/1", {"MLFLOW_TRACKING_URI": stand_in.mlflow}),
        ):
            counts = []
            for side, command in (("skiff", bench.fetch(reference, {})[0]), ("mlflow", bench.mlflow(reference, {})[0])):
                shutil.rmtree(bench.out, ignore_errors=True)
                bench.out.mkdir()
                stand_in.control("reset")
                stand_in.control("set", {"page_size": 1000})
                Measured(command, {**bench.environment, **environment}, bench.folder / "errors")
                bench.check(side, pathlib.Path(stand_in.ready["trees"]) / "ten")
                counts.append(len(stand_in.control("log")))
            lines.append((f"requests for ten small files, {name}", str(counts[0]), str(counts[1]), f"{counts[0] / counts[1]:.2f}"))
            print(" | ".join(lines[-1]), flush=True)
    bench.rows += lines


def table(bench):
    processor = re.search(r"model name\s*:\s*(.*)", pathlib.Path("/proc/cpuinfo").read_text())
    versions = f"MLflow {importlib.metadata.version('mlflow')}, Python {platform.python_version()}"
    curl = subprocess.run(["curl", "--version"], capture_output=True, text=True).stdout.split()[1]
    server = subprocess.run(["nginx", "-v"], capture_output=True, text=True).stderr.strip().rsplit("/", 1)[-1]
    head = (
        f"Taken on {time.strftime('%Y-%m-%d')} with {os.cpu_count()} cores of {processor[1] if processor else platform.machine()}, "
        f"load average {os.getloadavg()[0]:.1f} at the end; {versions}, curl {curl}, nginx {server}. Median (lowest–highest) of "
        f"{bench.rounds} pairs; a ratio is skiff's figure by the other's, pair by pair.\n"
    )
    lines = [head, "| | skiff | the other | ratio |", "|---|---|---|---|"]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in bench.rows])


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("folder", type=pathlib.Path)
    arguments.add_argument("products", type=pathlib.Path)
    arguments.add_argument("--readme", type=pathlib.Path)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--only", choices=["curl", "mlflow", "storage", "requests"], action="append")
    options = arguments.parse_args()
    bench = Bench(options)
    make_model(bench.folder / "made")
    tree = bench.folder / "made" / "model"
    parts = {
        "curl": lambda: against_curl(bench, tree),
        "mlflow": lambda: against_mlflow(bench, tree),
        "storage": lambda: against_mlflow_on_storage(bench, tree),
        "requests": lambda: requests(bench),
    }
    for name in options.only or parts:
        parts[name]()
    shutil.rmtree(bench.out, ignore_errors=True)
    text = table(bench)
    print(text)
    if options.readme:
        whole = options.readme.read_text()
        mark = "<!-- downloads -->"
        before, _, rest = whole.partition(mark)
        after = rest.partition(mark)[2]
        options.readme.write_text(f"{before}{mark}\n{text}\n{mark}{after}")


if __name__ == "__main__":
    main()
