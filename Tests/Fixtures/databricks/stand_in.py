#!/usr/bin/env python3
"""A loopback stand-in for the parts of Databricks and MLflow that a download of a model touches.

    stand_in.py --folder FOLDER [--PORT...]      writes into FOLDER only; prints one line of JSON when it is ready

It ends when its standard input ends. Standard library only; README.md says what it knows and what it is not faithful in.
"""

import argparse
import json
import ssl
import subprocess
import sys
import threading
from http.server import ThreadingHTTPServer
from pathlib import Path

import errors
import world as known
from mlflow_api import MLflow
from plumbing import Reply, failure
from storage import Azure, Other, Storage
from workspace import Workspace

LISTENERS = [Workspace, Storage, Azure, Other, MLflow]
CONTROL = "/__stand-in/"


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, request, address):
        """A client that went away is no error of ours."""
        if not isinstance(sys.exc_info()[1], (OSError, ssl.SSLError)):
            super().handle_error(request, address)


def controlled(base):
    """`base` with the controls of the tests in front of its routes; they ask for no credential."""

    class Controlled(base):
        def inject(self):
            if self.place.startswith(CONTROL):
                control(self, self.place[len(CONTROL) :])
            super().inject()

    return Controlled


def control(handler, verb):
    world = handler.world
    if verb == "health":
        raise Reply(200, {"ok": True})
    if verb == "log":
        with world.lock:
            raise Reply(200, list(world.log))
    if verb == "secrets":
        with world.lock:
            raise Reply(200, sorted(world.secrets))
    if verb == "reset":
        world.reset()
        raise Reply(200, {})
    if verb == "expire":
        world.expire(handler.json())
        raise Reply(200, {})
    if verb == "set":
        given = handler.json()
        unknown = set(given) - set(known.SETTINGS)
        if unknown:
            raise failure(400, "INVALID_PARAMETER_VALUE", f"no such setting: {sorted(unknown)}")
        with world.lock:
            world.settings.update(given)
        raise Reply(200, world.settings)
    if verb == "fault":
        fault = handler.json()
        if "error" in fault and fault["error"] not in errors.ERRORS:
            raise failure(400, "INVALID_PARAMETER_VALUE", f"no such error: {fault['error']}")
        with world.lock:
            world.faults.append(fault)
        raise Reply(200, {})
    raise failure(404, "ENDPOINT_NOT_FOUND", f"no such control: {verb}")


def certificate(folder: Path):
    """A certificate for the names of the https listener, which is its own authority."""
    both, key, authority = folder / "tls.pem", folder / "tls.key", folder / "authority.pem"
    names = ["localhost", f"{known.AZURE_ACCOUNT}.dfs.localhost", f"{known.AZURE_ACCOUNT}.blob.localhost"]
    names += ["r2.localhost", f"{known.BUCKET}.r2.localhost"]
    if not both.exists():
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=stand-in"]
            + ["-keyout", str(key), "-out", str(authority)]
            + ["-addext", "subjectAltName=" + ",".join(f"DNS:{name}" for name in names) + ",IP:127.0.0.1"],
            check=True,
            capture_output=True,
        )
        both.write_bytes(key.read_bytes() + authority.read_bytes())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(both)
    return context, str(authority)


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--folder", required=True, type=Path, help="everything is written below it")
    arguments.add_argument("--bind", default="127.0.0.1")
    for listener in LISTENERS:
        arguments.add_argument(f"--{listener.role}-port", type=int, default=0, help="0: a free one")
    options = arguments.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    known.make_trees(options.folder)
    world = known.World(options.folder, options.bind)
    context, authority = certificate(options.folder)
    for listener in LISTENERS:
        handler = type(listener.__name__, (controlled(listener),), {"world": world})
        server = Server((options.bind, getattr(options, f"{listener.role}_port")), handler)
        world.ports[listener.role] = server.server_address[1]
        if listener is Azure:
            # The handshake is left to the thread of the connection: one silent client must not stop the others.
            server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    ready = {"ports": world.ports, "authority": authority, "trees": str(options.folder / "trees"), "token": known.TOKEN}
    print(json.dumps(ready), flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
