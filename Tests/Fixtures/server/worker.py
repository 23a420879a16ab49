"""A worker for the tests of the server: speaks the frames of score.py with nothing but the standard library.

What it does is told by the value of the column `do` in the first row; without one it answers what it was sent.
argv[1] says how it starts: `ready`, `broken` (reports that the model cannot be loaded), `gone` (exits without a word).
"""

import json
import os
import socket
import struct
import sys
import time

HEADER = struct.Struct("<IHHII")
MAGIC = 0x46464B53


def read(connection, count):
    data = b""
    while len(data) < count:
        part = connection.recv(count - len(data))
        if not part:
            sys.exit(0)
        data += part
    return data


def send(connection, kind, request, value):
    payload = value if isinstance(value, bytes) else json.dumps(value).encode()
    connection.sendall(HEADER.pack(MAGIC, kind, 0, request, len(payload)) + payload)


def wanted(request):
    columns = request.get("columns") or []
    return request["data"][columns.index("do")][0] if "do" in columns else None


def main():
    connection = socket.socket(fileno=int(os.environ["SKIFF_WORKER_FD"]))
    start = sys.argv[1]
    if start == "gone":
        sys.exit(7)
    if start == "broken":
        trace = "Traceback (most recent call last):\n  File \"x.py\", line 1\nImportError: no module named vin"
        send(connection, 2, 0, {"message": "ImportError: no module named vin", "traceback": trace})
        sys.exit(1)
    print("loading the model")
    send(connection, 1, 0, {"python": "3.11", "loader": "test", "seconds": 0.1})
    while True:
        magic, kind, _, number, length = HEADER.unpack(read(connection, HEADER.size))
        request = json.loads(read(connection, length))
        if kind == 6:
            return
        action = wanted(request)
        if action == "crash":
            os._exit(9)
        if action == "hang":
            time.sleep(600)
        if action == "slow":
            print("at work", flush=True)
            time.sleep(0.5)
        if action == "garbage":
            connection.sendall(b"this is not a frame, whatever it is")
            time.sleep(600)
        if action == "refuse":
            send(connection, 5, number, {"kind": "input", "message": "no such colour", "traceback": "Traceback\nColour"})
        elif action == "fail":
            send(connection, 5, number, {"kind": "model", "message": "secret", "traceback": "Traceback\nKeyError: 'k'"})
        elif action == "missing":
            answer = {"kind": "input", "message": "none", "error_code": "RESOURCE_DOES_NOT_EXIST", "status": 404}
            send(connection, 5, number, answer)
        elif action == "large":
            send(connection, 4, number, b"[" + b", ".join([b"1.5"] * 400000) + b"]")
        else:
            send(connection, 4, number, request)


main()
