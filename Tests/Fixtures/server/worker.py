"""A worker for the tests of the server: speaks the frames of score.py with nothing but the standard library.

What it does is told by the value of the column `do` in the first row; without one it answers what it was sent, binary columns as
lists. argv[1] says how it starts: `ready`, `broken` (reports that the model cannot be loaded), `gone` (exits without a word).
"""

import json
import math
import os
import socket
import struct
import sys
import time

HEADER = struct.Struct("<IHHII")
MAGIC = 0x46464B53
FORMATS = {1: "d", 2: "f", 3: "q", 4: "i", 5: "?", 7: "q", 9: "h", 10: "b", 11: "Q", 12: "I", 13: "H", 14: "B"}


def read(connection, count):
    data = b""
    while len(data) < count:
        part = connection.recv(count - len(data))
        if not part:
            sys.exit(0)
        data += part
    return data


def send(connection, kind, request, value, flags=0):
    payload = value if isinstance(value, bytes) else json.dumps(value).encode()
    connection.sendall(HEADER.pack(MAGIC, kind, flags, request, len(payload)) + payload)


def aligned(offset, unit):
    return (offset + unit - 1) // unit * unit


def nested(values, shape):
    if not shape:
        return values[0]
    if not values:
        return []
    size = len(values) // shape[0]
    return [nested(values[start : start + size], shape[1:]) for start in range(0, len(values), size)]


def columns_of(payload):
    """The request of a columnar payload (ColumnarPayload.swift), with lists for columns."""
    head, params, count, _, rows = struct.unpack_from("<IIIIQ", payload)
    specs = [struct.unpack_from("<HHIQ", payload, 24 + 16 * index) for index in range(count)]
    position, shapes = 24 + 16 * count, []
    for _, _, rank, _ in specs:
        shapes.append(struct.unpack_from("<%dQ" % rank, payload, position))
        position += 8 * rank
    request = {"form": "", "rows": rows, **json.loads(payload[position : position + head])}
    if params:
        request["params"] = json.loads(payload[position + head : position + head + params])
    position += head + params
    data = []
    for (encoding, flags, _, size), shape in zip(specs, shapes):
        unit = struct.calcsize(FORMATS[encoding]) if encoding in FORMATS else 4 if encoding == 6 else 1
        position = aligned(position, 8 if flags else unit)
        cells = payload[position : position + size]
        position += size
        bits = [True] * rows
        if flags:
            bits = [bool(cells[row // 8] >> row % 8 & 1) for row in range(rows)]
            cells = cells[aligned((rows + 7) // 8, 8) :]
        if encoding == 8:
            values = json.loads(cells)
        elif encoding == 6:
            ends, text = struct.unpack_from("<%dI" % (rows + 1), cells), cells[4 * (rows + 1) :]
            values = [text[begin:end].decode() for begin, end in zip(ends, ends[1:])]
        else:
            values = struct.unpack("<%d%s" % (len(cells) // unit, FORMATS[encoding]), cells)
            # What JSON does not have goes back as score.py would write it.
            values = [value if request.get("not_finite") or math.isfinite(value) else None for value in values]
            values = nested(values, (rows,) + shape)
        data.append([value if bit else None for value, bit in zip(values, bits)])
    assert position == len(payload)
    request["data"] = data[0] if request["form"] == "tensor" and request["columns"] is None else data
    return request


def wanted(request):
    columns = request.get("columns") or []
    return request["data"][columns.index("do")][0] if "do" in columns else None


# Answers that are no answers: flags and payload.
DAMAGED = {
    "damaged columns": (1, b"\x03"),
    "endless columns": (1, struct.pack("<IIIIQ", 0, 0, 0xFFFFFFFF, 0, 1)),
    "no json": (0, b"[1, 2"),
    "bare nan": (0, b"[NaN]"),
}


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
        magic, kind, flags, number, length = HEADER.unpack(read(connection, HEADER.size))
        payload = read(connection, length)
        if kind == 6:
            return
        request = columns_of(payload) if flags else json.loads(payload)
        action = wanted(request)
        if action == "crash":
            os._exit(9)
        if action == "out of memory":
            os._exit(77)
        if action == "hang":
            time.sleep(600)
        if action == "slow":
            print("at work", flush=True)
            time.sleep(2)
        if action == "loud":
            os.write(1, b"x" * 9000 + b"\rprogress 1\rprogress 2")
            for index in range(20000):
                os.write(1, b"line %d of a model that has much to say, and says it\n" % index)
        if action == "garbage":
            connection.sendall(b"this is not a frame, whatever it is")
            time.sleep(600)
        if action in DAMAGED:
            flags, payload = DAMAGED[action]
            send(connection, 4, number, payload, flags)
            time.sleep(600)
        if action == "environment":
            send(connection, 4, number, {name: value for name, value in sorted(os.environ.items()) if "NUM_THREADS" in name})
        elif request["form"] == "parquet":
            # Only a reader of the file could know how many.
            send(connection, 9, number, {"rows": 7} if request["data"][0][0] != [0] else {"rows": -1})
            send(connection, 4, number, request)
        elif action == "process":
            send(connection, 4, number, os.getpid())
        elif action == "refuse":
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
