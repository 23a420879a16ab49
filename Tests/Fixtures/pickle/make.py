"""Makes the plain fixtures of this folder. Run with Python 3.11 and NumPy 2.4.6: python make.py

values.pN.pkl    one Python value in protocol N, and the same from the pure-Python pickler for 4 (other memo use)
values.txt       its repr
arrays.pN.pkl    a dict of NumPy arrays; arrays.txt has a line "name dtype shape elements" for each, in C order
"""
import io
import pickle
import pickletools

import numpy as np

shared = ["shared", 1.5]
VALUE = {
    "none": None,
    "flags": [True, False],
    "ints": [0, 1, -1, 255, 256, 65535, 65536, -129, 2**31 - 1, -(2**31), 2**31, 2**40, -(2**40), 2**63 - 1, -(2**63)],
    "floats": [0.0, -0.0, 1.5, 0.1, 1e300, -2.5e-8],
    "texts": ["", "plain", "naïve", "日本語", "🚀", "a\\b", "line\nbreak", "tab\t", "quote'", "nul\x00", "\\u0041"],
    "tuples": [(), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4)],
    "nested": {"a": {"b": [[], {}, ()]}},
    "shared": [shared, shared],
    "long": list(range(2500)),
    "many": {f"key{i}": i for i in range(1500)},
}

for protocol in range(6):
    open(f"values.p{protocol}.pkl", "wb").write(pickle.dumps(VALUE, protocol))
stream = io.BytesIO()
pickle._Pickler(stream, 4).dump(VALUE)
open("values.pure.pkl", "wb").write(stream.getvalue())
open("values.optimized.pkl", "wb").write(pickletools.optimize(pickle.dumps(VALUE, 4)))
open("values.txt", "w", encoding="utf-8").write(repr(VALUE))

record = np.array([(1, 2.5, True), (-7, -0.5, False)], dtype=[("left", "<i8"), ("threshold", "<f8"), ("missing", "?")])
padded = np.zeros(2, dtype={"names": ["b", "a"], "formats": ["<f4", "<u2"], "offsets": [12, 4], "itemsize": 24})
padded["a"] = [7, 65535]
padded["b"] = [1.5, -2.0]
ARRAYS = {
    "f8": np.array([[1.5, 2.5, -3.0], [0.1, np.inf, 1e-300]]),
    "fortran": np.asfortranarray(np.arange(24.0).reshape(2, 3, 4)),
    "f4": np.array([0.1, 3.25], dtype=np.float32),
    "f2": np.array([0.1, -65504, 6e-8, 1.0], dtype=np.float16),
    "i8": np.array([1, -2, 2**53]),
    "i4": np.array([1, -2], dtype=np.int32),
    "i2": np.array([1, -2], dtype=np.int16),
    "i1": np.array([1, -2], dtype=np.int8),
    "u8": np.array([1, 2], dtype=np.uint64),
    "u4": np.array([1, 2**32 - 1], dtype=np.uint32),
    "u1": np.array([200], dtype=np.uint8),
    "b1": np.array([True, False]),
    "text": np.array(["abc", "", "日本🚀x"]),
    "empty": np.zeros((0, 3)),
    "scalar": np.float64(0.1),
    "int_scalar": np.int64(-5),
    "record": record,
    "padded": padded,
    "object": np.array([["a", 1], [None, 2.5]], dtype=object),
}


def elements(array):
    array = np.asarray(array)
    if array.dtype.names:
        return [[e[n].item() for n in array.dtype.names] for e in array.ravel()]
    return array.ravel(order="C").tolist()


for protocol in range(2, 6):
    open(f"arrays.p{protocol}.pkl", "wb").write(pickle.dumps(ARRAYS, protocol))
with open("arrays.txt", "w", encoding="utf-8") as out:
    for name, array in ARRAYS.items():
        array = np.asarray(array)
        code = array.dtype.str[1:] if array.dtype != object else "O"
        out.write(f"{name}|{code}|{list(array.shape)}|{elements(array)!r}\n")
