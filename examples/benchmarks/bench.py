"""Measures skiff and MLflow side by side in one run: python bench.py MODELS PRODUCTS [--readme README.md] [--rounds N]

MODELS    the folder that train.py wrote
PRODUCTS  the folder with skiff and skiff-scorer (swift build -c release --show-bin-path)

Run it with a Python that has mlflow; the measuring itself needs the standard library only. The two sides take turns, so that
whatever else the machine does meets both. Peak memory is what the kernel tells of a finished child (ru_maxrss, with its
children; never below this script's own), or VmHWM summed over a server's processes.
"""

import argparse
import contextlib
import importlib.metadata
import json
import os
import pathlib
import platform
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

MLFLOW = [sys.executable, "-m", "mlflow"]


# Measuring one command.


def finished(command):
    """Runs a command to its end: seconds of wall time and megabytes of peak memory."""
    begin = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    errors = child.stderr.read()
    _, status, usage = os.wait4(child.pid, 0)
    seconds = time.perf_counter() - begin
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        raise SystemExit(f"{command[0]} ended with status {child.returncode}:\n{errors.decode(errors='replace')}")
    return seconds, usage.ru_maxrss * 1024 / 1e6


# Talking to a server: plain sockets, because http.client alone takes longer than the answers that are measured.


def message(port, body):
    head = f"POST /invocations HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
    return (head + f"Content-Length: {len(body)}\r\n\r\n").encode() + body


def connection(port):
    line = socket.create_connection(("127.0.0.1", port), timeout=120)
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return line


def asked(line, request):
    """Sends one request and reads the whole answer; returns its body."""
    line.sendall(request)
    data = b""
    while b"\r\n\r\n" not in data:
        part = line.recv(1 << 20)
        if not part:
            raise ConnectionError("the server hung up")
        data += part
    head, _, body = data.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        raise ValueError(data.decode(errors="replace")[:500])
    length = int(re.search(rb"(?i)content-length: *(\d+)", head).group(1))
    while len(body) < length:
        body += line.recv(1 << 20)
    return body


class Server:
    """A server process with all its children."""

    def __init__(self, command, port, log):
        self.port, self.log = port, log
        path = os.path.dirname(sys.executable) + os.pathsep + os.environ["PATH"]
        with open(log, "wb") as sink:
            self.begin = time.perf_counter()
            self.child = subprocess.Popen(
                command, stdout=sink, stderr=sink, start_new_session=True, env={**os.environ, "PATH": path}
            )

    def first_answer(self, body, seconds=180):
        """Seconds from the start of the process to the first right answer."""
        request = message(self.port, body)
        while time.perf_counter() - self.begin < seconds and self.child.poll() is None:
            with contextlib.suppress(OSError, ValueError):
                with connection(self.port) as line:
                    asked(line, request)
                    return time.perf_counter() - self.begin
            time.sleep(0.0005)
        raise SystemExit("a server did not answer:\n" + pathlib.Path(self.log).read_text(errors="replace")[-3000:])

    def processes(self, parent=None):
        parent = parent or self.child.pid
        found = [parent]
        for task in pathlib.Path(f"/proc/{parent}/task").glob("*/children"):
            with contextlib.suppress(OSError):
                for child in task.read_text().split():
                    found += self.processes(int(child))
        return found

    def peak_megabytes(self):
        total = 0
        for process in self.processes():
            with contextlib.suppress(OSError):
                status = pathlib.Path(f"/proc/{process}/status").read_text()
                total += int(re.search(r"VmHWM:\s+(\d+)", status).group(1)) * 1024
        return total / 1e6

    def stop(self):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.child.pid, signal.SIGTERM)
        try:
            self.child.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(self.child.pid, signal.SIGKILL)
            self.child.wait()


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


# The measurements.


class Bench:
    def __init__(self, models, products, rounds, work):
        self.models, self.products, self.rounds, self.work = models, products, rounds, work
        thousand = json.loads((models / "requests" / "rows-1000.json").read_text())["dataframe_split"]
        self.thousand = json.dumps({"dataframe_split": thousand}).encode()
        self.single = [
            json.dumps({"dataframe_split": {"columns": thousand["columns"], "data": [row]}}).encode()
            for row in thousand["data"]
        ]
        self.rows = []

    def note(self, what, ours, theirs, unit, digits):
        """One line of the table from samples of both sides; the ratio is of the medians."""
        median_ours, median_theirs = statistics.median(ours), statistics.median(theirs)
        self.rows.append((what, told(ours, unit, digits), told(theirs, unit, digits), median_theirs / median_ours))
        print(f"  {what}: {self.rows[-1][1]} against {self.rows[-1][2]}, {times(self.rows[-1][3])}", flush=True)

    def packaging(self, name):
        ours, theirs = [], []
        for turn in range(self.rounds):
            context, other = self.work / f"{name}-context", self.work / f"{name}-mlflow"
            shutil.rmtree(context, ignore_errors=True)
            shutil.rmtree(other, ignore_errors=True)
            model = str(self.models / name)
            ours.append(finished([str(self.products / "skiff"), "pack", model, "-o", str(context), "--quiet"]))
            if turn < 3:
                theirs.append(finished([*MLFLOW, "models", "generate-dockerfile", "-m", model, "-d", str(other)]))
        self.note(f"`{name}`: pack", [s * 1e3 for s, _ in ours], [s * 1e3 for s, _ in theirs], "ms", 0)
        self.note(f"`{name}`: pack, peak memory", [m for _, m in ours], [m for _, m in theirs], "MB", 0)
        compiled, pickled = context / "app" / "model.skiff", self.models / name / "model.pkl"
        self.note(f"`{name}`: model file", [size(compiled) / 1e6], [size(pickled) / 1e6], "MB", 3)
        return context / "app"

    def server_commands(self, name, app):
        def ours(port):
            return [str(self.products / "skiff-scorer"), "--listen", f"127.0.0.1:{port}", str(app)]

        def theirs(port):
            serve = [*MLFLOW, "models", "serve", "--env-manager", "local", "--workers", "1"]
            return [*serve, "-m", str(self.models / name), "-h", "127.0.0.1", "-p", str(port)]

        return ours, theirs

    def started(self, command, log):
        port = free_port()
        server = Server(command(port), port, self.work / log)
        return server, server.first_answer(self.single[0])

    def serving(self, name, app):
        commands = self.server_commands(name, app)
        firsts = ([], [])
        for turn in range(self.rounds):
            for side, command in enumerate(commands):
                if side == 0 or turn < 3:
                    server, first = self.started(command, f"{name}-{side}-{turn}.log")
                    firsts[side].append(first * 1e3)
                    server.stop()
        self.note(f"`{name}`: start to first answer", *firsts, "ms", 1)
        servers = [self.started(command, f"{name}-{side}.log")[0] for side, command in enumerate(commands)]
        try:
            self.requests(name, servers)
            self.note(
                f"`{name}`: server's peak memory", *([server.peak_megabytes()] for server in servers), unit="MB", digits=0
            )
        finally:
            for server in servers:
                server.stop()

    def requests(self, name, servers):
        """One row and 1,000 rows per request over one connection, other rows each time; checks that both sides agree."""
        lines = [connection(server.port) for server in servers]
        times = ([], [])
        bulk = ([], [])
        for turn in range(self.rounds):
            for side, (server, line) in enumerate(zip(servers, lines, strict=True)):
                bodies = self.single if side == 0 else self.single[turn * 40 : turn * 40 + 40]
                requests = [message(server.port, body) for body in bodies]
                asked(line, requests[0])
                for request in requests:
                    begin = time.perf_counter()
                    asked(line, request)
                    times[side].append((time.perf_counter() - begin) * 1e3)
                request = message(server.port, self.thousand)
                for _ in range(5 if side == 0 else 2):
                    begin = time.perf_counter()
                    asked(line, request)
                    bulk[side].append((time.perf_counter() - begin) * 1e3)
        ours, theirs = (
            json.loads(asked(line, message(server.port, self.thousand))) for server, line in zip(servers, lines, strict=True)
        )
        if ours != theirs:
            raise SystemExit(f"{name}: the two servers do not agree on the 1,000 unseen rows")
        self.note(f"`{name}`: one row over HTTP, p50", *times, "ms", 3)
        self.note(f"`{name}`: one row over HTTP, p99", *([percentile(side, 99)] for side in times), unit="ms", digits=3)
        self.note(f"`{name}`: 1,000 rows over HTTP, p50", *bulk, "ms", 2)


def percentile(samples, share):
    return sorted(samples)[min(len(samples) - 1, len(samples) * share // 100)]


def size(path):
    return path.stat().st_size


def told(samples, unit, digits):
    middle = f"{statistics.median(samples):,.{digits}f} {unit}"
    if 1 < len(samples) < 20:
        middle += f" ({min(samples):,.{digits}f}–{max(samples):,.{digits}f})"
    return middle


def times(ratio):
    return f"{ratio:,.0f}x" if ratio >= 10 else f"{ratio:.1f}x"


def processor():
    names = re.findall(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    return f"{len(names)} cores of {names[0] if names else platform.machine()}"


def report(bench, app, load):
    image = sum(size(file) for file in app.rglob("*") if file.is_file())
    lines = [
        f"Taken on {time.strftime('%Y-%m-%d')} with {processor()}, load average {load[0]:.1f} before and "
        f"{os.getloadavg()[0]:.1f} after, against MLflow {importlib.metadata.version('mlflow')} on Python "
        f"{platform.python_version()}. Median (lowest–highest).",
        "",
        "| | skiff | MLflow | ratio |",
        "|---|---|---|---|",
    ]
    lines += [f"| {what} | {ours} | {theirs} | {times(ratio)} |" for what, ours, theirs, ratio in bench.rows]
    lines += [
        "",
        f"`skiff-scorer` is {size(bench.products / 'skiff-scorer') / 1e6:.2f} MB; the image of `credit-rf` (`FROM scratch`, so "
        f"exactly `app/`) is {image / 1e6:.2f} MB. Both servers gave the same answers to 1,000 rows that the models never saw.",
    ]
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", type=pathlib.Path)
    parser.add_argument("products", type=pathlib.Path)
    parser.add_argument("--readme", type=pathlib.Path, help="write the table between this file's <!-- figures --> marks")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    load = os.getloadavg()
    with tempfile.TemporaryDirectory() as work:
        bench = Bench(options.models.resolve(), options.products.resolve(), options.rounds, pathlib.Path(work))
        apps = {}
        for name in ["credit-rf", "credit-logreg"]:
            print(name, flush=True)
            apps[name] = bench.packaging(name)
            bench.serving(name, apps[name])
        text = report(bench, apps["credit-rf"], load)
    print("\n" + text)
    if options.readme:
        page = options.readme.read_text()
        mark = "<!-- figures -->"
        before, _, after = page.split(mark)
        options.readme.write_text(f"{before}{mark}\n{text}\n{mark}{after}")


if __name__ == "__main__":
    main()
