"""Writes columnar answers and what `json.dumps` makes of the same values: for each the two as hexadecimal digits on a line.

With a folder as argument it writes the short ones there, as whole frames: the seeds in `frames`, for fuzzing.
Needs the standard library only; NumPy's types are those of `struct`.
"""

import json
import math
import random
import struct
import sys

FORMATS = {1: "d", 2: "f", 3: "q", 4: "i", 5: "?", 9: "h", 10: "b", 11: "Q", 12: "I", 13: "H", 14: "B"}


def payload(head, rows, columns):
    head = json.dumps(head, ensure_ascii=False).encode()
    body = struct.pack("<IIIIQ", len(head), 0, len(columns), 0, rows)
    for encoding, values, shape in columns:
        body += struct.pack("<HHIQ", encoding, 0, len(shape), len(values) * struct.calcsize(FORMATS[encoding]))
    for _, _, shape in columns:
        body += struct.pack("<%dQ" % len(shape), *shape)
    body += head
    for encoding, values, _ in columns:
        body += bytes(-len(body) % struct.calcsize(FORMATS[encoding]))
        body += struct.pack("<%d%s" % (len(values), FORMATS[encoding]), *values)
    return body


def kept(encoding, value):
    """`value` as Python has it after it was in a column; what is not finite is null."""
    value = struct.unpack("<" + FORMATS[encoding], struct.pack("<" + FORMATS[encoding], value))[0]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def nested(values, shape):
    if not shape:
        return values[0]
    size = len(values) // shape[0]
    return [nested(values[start : start + size], shape[1:]) for start in range(0, len(values), size)]


def show(head, rows, columns, value):
    answers.append((payload(head, rows, columns), json.dumps(value).encode()))


def array(encoding, values, shape):
    listed = [kept(encoding, value) for value in values]
    show({"layout": "array"}, shape[0], [(encoding, values, shape[1:])], nested(listed, shape))


def records(columns, rows):
    listed = [{key: kept(encoding, values[row]) for key, encoding, values in columns} for row in range(rows)]
    head = {"layout": "records", "keys": [key for key, _, _ in columns]}
    show(head, rows, [(encoding, values, ()) for _, encoding, values in columns], listed)


def frame(content, flags):
    return struct.pack("<IHHII", 0x46464B53, 4, flags, 7, len(content)) + content


answers = []
draw = random.Random(5)
doubles = [0.0, -0.0, 1.0, -1.5, 0.1, 1e15, 1e16, 123456789012345678.0, 1e17, 1e22, 1e-4, 1e-5, 9.999999999999999e-05, 5e-324, -5e-324]
doubles += [2.2250738585072014e-308, 2.225073858507201e-308, 1.7976931348623157e308, -1.7976931348623157e308, 4.35, 0.30000000000000004]
doubles += [9007199254740992.0, 9007199254740993.0, 1 / 3, 100.0, 1e100, math.inf, -math.inf, math.nan]
doubles += [struct.unpack("<d", draw.randbytes(8))[0] for _ in range(4000)]
doubles += [round(draw.uniform(-1000, 1000), draw.randrange(8)) for _ in range(1000)]
array(1, doubles, (len(doubles),))
floats = [0.1, 1e-45, 3.4028234663852886e38, 16777216.0, -0.0, 1e-38] + [struct.unpack("<f", draw.randbytes(4))[0] for _ in range(4000)]
array(2, floats, (len(floats),))
for encoding, bits, low in ((3, 64, -(1 << 63)), (4, 32, -(1 << 31)), (9, 16, -(1 << 15)), (10, 8, -(1 << 7)), (11, 64, 0), (12, 32, 0), (13, 16, 0), (14, 8, 0)):
    high = low + (1 << bits) - 1
    array(encoding, [low, high, 0, 1, high - 1] + [draw.randint(low, high) for _ in range(95)], (100,))
array(5, [True, False, True], (3,))
array(1, doubles[:24], (2, 3, 4))
array(3, [7], (1, 1, 1, 1))
records([("0", 1, doubles[:30])], 30)
records([("größe 😀 \"\\\n\x7f", 3, [1, -2]), ("b", 5, [True, False]), ("", 2, [0.1, math.nan]), ("NaN", 14, [0, 255])], 2)
records([("a", 1, [])], 0)
array(2, [0.5, -1.0], (2,))
array(5, [True, False], (2, 1))
if len(sys.argv) > 1:
    for number, (content, text) in enumerate(answers):
        if len(content) < 1000:
            with open("{}/{}.frame".format(sys.argv[1], number), "wb") as file:
                file.write(frame(content, 1) + frame(text, 0))
else:
    for content, text in answers:
        print(content.hex(), text.hex())
