"""What MLflow's own scoring server answers: the judge that the examples and the tests compare with."""

import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request


def post(url, body):
    """Sends JSON bytes and returns the answer's text."""
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as response:
        return response.read().decode()


@contextlib.contextmanager
def served(folder, seconds=120):
    """Runs `mlflow models serve` on a model folder while the block lasts and gives its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryFile() as log:
        command = [sys.executable, "-m", "mlflow", "models", "serve", "--env-manager", "local"]
        command += ["-m", str(folder), "-h", "127.0.0.1", "-p", str(port), "--workers", "1"]
        path = os.path.dirname(sys.executable) + os.pathsep + os.environ["PATH"]
        server = subprocess.Popen(
            command, stdout=log, stderr=log, env={**os.environ, "PATH": path}, start_new_session=True
        )
        try:
            url = f"http://127.0.0.1:{port}"
            wait_until_ready(url, server, log, time.monotonic() + seconds)
            yield url
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(server.pid, 15)
            server.wait(30)


def wait_until_ready(url, server, log, deadline):
    """Returns when the server answers its health check; says what its log holds when it never does."""
    while time.monotonic() < deadline and server.poll() is None:
        with contextlib.suppress(urllib.error.URLError, ConnectionError):
            urllib.request.urlopen(url + "/ping", timeout=5).close()
            return
        time.sleep(0.05)
    log.seek(0)
    raise SystemExit("mlflow models serve did not start:\n" + log.read().decode(errors="replace"))


def answer(folder, body):
    """The text that MLflow answers to `body` (bytes) on /invocations."""
    with served(folder) as url:
        return post(url + "/invocations", body)
