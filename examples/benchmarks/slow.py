"""Measures GET /ping beside slow clients: python slow.py SCORER MODEL [--clients 1000] [--readme README.md]

A third of the clients drips header fields, a third drips a body, a third has sent half a body and stalls; a dripping client sends a byte a second. Who
is closed by the server comes back at once. Pings come one after the other, each on a connection of its own and with a valid answer, without slow
clients first, for the limits of the server and a while more. Standard library only.
"""

import argparse
import json
import os
import pathlib
import re
import resource
import selectors
import socket
import subprocess
import time

import bench

STARTS = [
    b"POST /invocations HTTP/1.1\r\nHost: slow\r\nX-Slow: ",
    b"POST /invocations HTTP/1.1\r\nHost: slow\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n",
    b"POST /invocations HTTP/1.1\r\nHost: slow\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n"
    + b" " * 2500,
]
PING = b"GET /ping HTTP/1.1\r\nHost: ping\r\nConnection: close\r\n\r\n"


class SlowClients:
    """Connections that are never done."""

    def __init__(self, port, count):
        self.port, self.closed, self.statuses = port, 0, {}
        self.selector = selectors.DefaultSelector()
        self.clients = {}
        for number in range(count):
            self.connect(number)
        self.next_drip = time.monotonic() + 1

    def connect(self, number):
        line = socket.create_connection(("127.0.0.1", self.port), timeout=5)
        line.sendall(STARTS[number % 3])
        line.setblocking(False)
        self.clients[number] = line
        self.selector.register(line, selectors.EVENT_READ, number)

    def turn(self):
        """Takes what came, puts a new client in the place of one that was closed, and drips once a second."""
        for key, _ in self.selector.select(0):
            try:
                data = key.fileobj.recv(4096)
            except BlockingIOError:
                continue
            except OSError:
                data = b""
            if data.startswith(b"HTTP/1.1 "):
                status = data[9:12].decode()
                self.statuses[status] = self.statuses.get(status, 0) + 1
            if not data:
                self.closed += 1
                self.selector.unregister(key.fileobj)
                key.fileobj.close()
                self.connect(key.data)
        if time.monotonic() < self.next_drip:
            return
        self.next_drip += 1
        for number, line in self.clients.items():
            if number % 3 < 2:
                try:
                    line.send(b"a")
                except OSError:
                    pass


def ping(port):
    """Milliseconds from before the connection to the whole answer."""
    begin = time.perf_counter()
    with socket.create_connection(("127.0.0.1", port), timeout=10) as line:
        line.sendall(PING)
        answer = b""
        while part := line.recv(4096):
            answer += part
    if not answer.startswith(b"HTTP/1.1 200"):
        raise SystemExit(f"a ping was answered {answer[:200]!r}")
    return (time.perf_counter() - begin) * 1e3


def pings(port, seconds, slow=None):
    found, end = [], time.monotonic() + seconds
    while time.monotonic() < end:
        if slow:
            slow.turn()
        found.append(ping(port))
        time.sleep(0.002)
    return found


def shown(times):
    first, high, most = (bench.percentile(times, share) for share in (50, 99, 100))
    return f"{first:.2f} ms, {high:.2f} ms, {most:.2f} ms"


def resident(process):
    text = pathlib.Path(f"/proc/{process}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", text).group(1)) * 1024 / 1e6


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scorer")
    parser.add_argument("model")
    parser.add_argument("--clients", type=int, default=1000)
    parser.add_argument("--seconds", type=int, default=45)
    marks = "write the lines between this file's <!-- slow --> marks"
    parser.add_argument("--readme", type=pathlib.Path, help=marks)
    options = parser.parse_args()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    load = os.getloadavg()
    command = [options.scorer, "--listen", "127.0.0.1:0", options.model]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "SKIFF_ACCESS_LOG": "off"})
    try:
        port = 0
        while '"event": "ready"' not in (event := server.stdout.readline()):
            if not event:
                raise SystemExit("the server did not start")
            port = json.loads(event).get("port", port)
        alone, memory = pings(port, 5), resident(server.pid)
        slow = SlowClients(port, options.clients)
        beside = pings(port, options.seconds, slow)
        lines = [
            f"Taken on {time.strftime('%Y-%m-%d')} with {bench.processor()}, which the clients share; load average "
            f"{load[0]:.1f} before and {os.getloadavg()[0]:.1f} after; {len(beside):,} pings in {options.seconds} s. "
            f"The server closed {slow.closed:,} slow clients ({', '.join(f'{n:,} x {s}' for s, n in sorted(slow.statuses.items()))}), "
            f"others took their place; it held {resident(server.pid):.1f} MB, {memory:.1f} without them.",
            "",
            "| `GET /ping`, a connection each | p50, p99, longest |",
            "|---|---|",
            f"| alone | {shown(alone)} |",
            f"| beside {options.clients:,} slow clients | {shown(beside)} |",
        ]
    finally:
        server.terminate()
        status = server.wait(40)
    if status != 0:
        raise SystemExit(f"the server ended with status {status}")
    found = "\n".join(lines)
    print(found)
    if options.readme:
        mark = "<!-- slow -->"
        before, _, after = options.readme.read_text().split(mark)
        options.readme.write_text(f"{before}{mark}\n{found}\n{mark}{after}")


if __name__ == "__main__":
    main()
