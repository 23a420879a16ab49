"""Mixed traffic against one skiff-scorer: python3 soak.py SCORER SECONDS MODEL

MODEL is Tests/Fixtures/http/pair (y = a + 2 b), converted. Standard library only.
Each client is a thread; what it sees that it must not see is a finding, and the first findings are printed.
"""

import json
import os
import pathlib
import random
import re
import signal
import socket
import subprocess
import sys
import threading
import time

FIXTURES = pathlib.Path(__file__).resolve().parent / "Fixtures" / "http"
GROWTH_LIMIT = 32 << 20


class Findings:
    def __init__(self):
        self.lock, self.found, self.counts = threading.Lock(), [], {}

    def add(self, text):
        with self.lock:
            self.found.append(text)

    def count(self, what):
        with self.lock:
            self.counts[what] = self.counts.get(what, 0) + 1


class Hangup(Exception):
    """The server has closed the connection."""


class Line:
    """A connection that reads answers one by one."""

    def __init__(self, port, patience=60):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=patience)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.data = b""

    def close(self):
        self.socket.close()

    def more(self):
        try:
            part = self.socket.recv(1 << 18)
        except ConnectionError as error:
            raise Hangup from error
        if not part:
            raise Hangup
        self.data += part

    def answer(self, has_body=True):
        """The status, the body, and whether the connection ends with this answer."""
        while b"\r\n\r\n" not in self.data:
            self.more()
        head, _, self.data = self.data.partition(b"\r\n\r\n")
        match = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
        length = int(match.group(1)) if match and has_body else 0
        while len(self.data) < length:
            self.more()
        body, self.data = self.data[:length], self.data[length:]
        return int(head.split(b" ")[1]), body, b"\r\nConnection: close" in head


def message(body, extra=""):
    head = f"POST /invocations HTTP/1.1\r\nHost: soak\r\nContent-Type: application/json\r\n{extra}"
    return (head + f"Content-Length: {len(body)}\r\n\r\n").encode() + body


def rows(source, count):
    return [[source.randrange(1000) / 4, source.randrange(1000) / 4] for _ in range(count)]


class Soak:
    def __init__(self, port):
        self.port, self.findings = port, Findings()
        self.stops, self.drains = threading.Event(), threading.Event()

    def good(self, seed, largest):
        """Sound requests over one connection, a new one now and then; each answer must be right."""
        source, line = random.Random(seed), None
        while not self.stops.is_set():
            data = rows(source, source.choice([1, 1, 1, 2, 50, largest]))
            body = json.dumps({"dataframe_split": {"columns": ["a", "b"], "data": data}}).encode()
            try:
                if line is None:
                    line = Line(self.port)
            except OSError:
                # Nobody listens any more.
                if not self.drains.is_set():
                    self.findings.add("a connection was refused")
                return
            try:
                line.socket.sendall(message(body))
                status, answer, ends = line.answer()
            except (Hangup, OSError) as error:
                self.findings.add(f"a request was lost: {error!r}, after SIGTERM: {self.drains.is_set()}")
                line = None
                continue
            if status != 200 or json.loads(answer)["predictions"] != [a + 2 * b for a, b in data]:
                self.findings.add(f"a sound request was answered {status} {answer[:200]}")
            self.findings.count("good")
            if ends or source.random() < 0.02:
                line.close()
                line = None
                if self.drains.is_set():
                    return

    def bad(self, seed):
        """Cases of the table, whole, in pieces, or left in the middle."""
        source = random.Random(seed)
        cases = json.loads((FIXTURES / "cases.json").read_text())
        while not self.stops.is_set() and not self.drains.is_set():
            case = source.choice(cases)
            parts = [part if isinstance(part, str) else part[0] * part[1] for part in case["send"]]
            data = "".join(parts).encode("latin-1")
            try:
                line = Line(self.port)
                if source.random() < 0.2:
                    line.socket.sendall(data[: source.randrange(len(data) + 1)])
                else:
                    cut = source.randrange(len(data) + 1) if source.random() < 0.3 else len(data)
                    line.socket.sendall(data[:cut])
                    line.socket.sendall(data[cut:])
                    if case.get("endsSending"):
                        line.socket.shutdown(socket.SHUT_WR)
                    for status in case["answers"]:
                        seen, body, _ = line.answer(not data.startswith(b"HEAD"))
                        # A server that stops says so instead.
                        if seen != status and not self.drains.is_set():
                            self.findings.add(f"{case['case']}: {seen} instead of {status} {body[:200]}")
                line.close()
                self.findings.count("bad")
            except (Hangup, OSError):
                # What is refused in the middle of sending may end in a reset.
                self.findings.count("bad, reset")

    def slow(self, seed):
        """Fifty connections that send a byte now and then, and leave."""
        source = random.Random(seed)
        starts = [b"GET /ping HTTP/1.1\r\nHost: a\r\nX: ", message(b" " * 90_000)[:-89_000], message(b"{}")[:-1]]
        while not self.stops.is_set() and not self.drains.is_set():
            lines = []
            try:
                for _ in range(50):
                    line = Line(self.port)
                    line.socket.sendall(source.choice(starts))
                    lines.append(line)
                for _ in range(source.randrange(1, 30)):
                    for line in lines:
                        line.socket.send(b" ")
                    if self.stops.wait(0.2) or self.drains.is_set():
                        break
            except OSError:
                pass
            for line in lines:
                line.close()
                self.findings.count("slow")

    def rude(self, seed):
        """Large bodies that nobody may send, answers that nobody reads, resets."""
        source = random.Random(seed)
        large = json.dumps({"instances": rows(source, 60_000)}).encode()
        while not self.stops.is_set() and not self.drains.is_set():
            try:
                line = Line(self.port)
                kind = source.randrange(3)
                if kind == 0:
                    line.socket.sendall(message(b" " * (20 << 20))[: source.randrange(20 << 20)])
                elif kind == 1:
                    line.socket.sendall(message(large) * 2)
                    self.stops.wait(0.5)
                else:
                    line.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                    line.socket.sendall(message(large)[: source.randrange(len(large))])
                line.close()
            except OSError:
                pass
            self.findings.count("rude")
            self.stops.wait(0.2)

    def start(self):
        jobs = [(self.good, (seed, 1000)) for seed in range(4)] + [(self.good, (9, 20_000))]
        jobs += [(self.bad, (20 + seed,)) for seed in range(2)] + [(self.slow, (30,)), (self.rude, (40,))]
        threads = [threading.Thread(target=job, args=arguments, daemon=True) for job, arguments in jobs]
        for thread in threads:
            thread.start()
        return threads


def descriptors(process):
    return len(os.listdir(f"/proc/{process}/fd"))


def memory(process):
    return int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{process}/status").read_text()).group(1)) * 1024


def at_rest(process):
    """Descriptors and memory when the last connections have gone: an answered one may linger for a second."""
    time.sleep(2.5)
    return descriptors(process), memory(process)


def main():
    scorer, seconds, model = sys.argv[1], float(sys.argv[2]), sys.argv[3]
    environment = {**os.environ, "SKIFF_ACCESS_LOG": "off"}
    command = [scorer, "--listen", "127.0.0.1:0", model]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, text=True)
    port = 0
    while '"event": "ready"' not in (event := server.stdout.readline()):
        if not event:
            raise SystemExit("the server did not start")
        port = json.loads(event).get("port", port)
    warm = Soak(port)
    threads = warm.start()
    time.sleep(min(10, seconds / 3))
    warm.stops.set()
    for thread in threads:
        thread.join(70)
    first_descriptors, first_memory = at_rest(server.pid)
    soak = Soak(port)
    threads = soak.start()
    end, peak = time.monotonic() + seconds, 0
    while time.monotonic() < end and server.poll() is None:
        time.sleep(0.1)
        if server.poll() is None:
            peak = max(peak, memory(server.pid))
    # In the middle of the traffic: a rest first, to look at the descriptors, then the same traffic again, and SIGTERM.
    soak.stops.set()
    for thread in threads:
        thread.join(70)
    findings = warm.findings.found + soak.findings.found
    if server.poll() is not None:
        raise SystemExit(f"the server has ended: status {server.returncode}")
    last_descriptors, last_memory = at_rest(server.pid)
    drain = Soak(port)
    threads = drain.start()
    time.sleep(1)
    drain.drains.set()
    server.send_signal(signal.SIGTERM)
    begin = time.monotonic()
    status = server.wait(40)
    took = time.monotonic() - begin
    drain.stops.set()
    for thread in threads:
        thread.join(70)
    findings += drain.findings.found
    growth = last_memory - first_memory
    if last_descriptors > first_descriptors:
        findings.append(f"{last_descriptors - first_descriptors} descriptors are open for ever")
    if growth > GROWTH_LIMIT:
        findings.append(f"the server grew by {growth / 1e6:.1f} MB")
    if status != 0:
        findings.append(f"the server ended with status {status}")
    print(
        json.dumps(
            {
                "seconds": seconds,
                "requests": dict(sorted(soak.findings.counts.items())),
                "while_draining": dict(sorted(drain.findings.counts.items())),
                "descriptors": [first_descriptors, last_descriptors],
                "memory_mb": [round(first_memory / 1e6, 1), round(last_memory / 1e6, 1)],
                "peak_mb": round(peak / 1e6, 1),
                "drain_seconds": round(took, 2),
                "findings": len(findings),
            }
        )
    )
    for finding in findings[:20]:
        print(f"finding: {finding}")
    sys.exit(bool(findings))


if __name__ == "__main__":
    main()
