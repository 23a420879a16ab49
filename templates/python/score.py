"""The Python worker of skiff-scorer: loads the model once, then answers frames on a socket pair.

skiff-scorer owns HTTP, validation, limits and logs; this file owns the model. It reads `serving.json` beside it and
talks on the descriptor named by SKIFF_WORKER_FD. A frame is a 16-byte little-endian header (magic "SKFF", kind u16,
flags u16, request u32, payload length u32) and the payload: with flag 1 binary columns (`read_columns`), else JSON.
Standard output belongs to nobody here: everything that a model prints goes to standard error, and nothing but frames
goes to the socket.

When nothing speaks against it (`fork_problem`), the first process only loads the model and is copied by fork for each
worker, so that workers share its memory and a new one is there at once.

Answers are the text that MLflow's scoring server would write, with one exception: NaN, infinities and missing times,
for which JSON has no token, become null unless a request says `not_finite`.

Needs Python 3.8, the standard library, and what the model itself needs.
"""

import base64
import datetime
import gc
import inspect
import json
import math
import mmap
import os
import pickle
import random
import re
import signal
import socket
import struct
import sys
import time
import traceback
import warnings

MAGIC = 0x46464B53
HEADER = struct.Struct("<IHHII")
READY, LOAD_FAILED, REQUEST, ANSWER, ERROR, STOP, FORK, FORKED, ROWS = 1, 2, 3, 4, 5, 6, 7, 8, 9
COLUMNAR = 1
PAYLOAD_LIMIT = 1 << 30
# Of a columnar payload: bytes of the head, bytes of the parameters, columns, 0, rows; then for each column: encoding,
# flags, rank, bytes.
FIXED = struct.Struct("<IIIIQ")
COLUMN = struct.Struct("<HHIQ")
# The start of an answer that is one list of numbers.
LIST = struct.Struct("<IIIIQHHIQ19s")
NUMBERS = {1: "<f8", 2: "<f4", 3: "<i8", 4: "<i4", 5: "|b1", 9: "<i2", 10: "|i1", 11: "<u8", 12: "<u4", 13: "<u2", 14: "|u1"}
ENCODINGS = {dtype[1:]: code for code, dtype in NUMBERS.items()}
TEXT, DATETIME, JSON_CELLS = 6, 7, 8
# Where the only text of a column begins and ends.
read_ends = struct.Struct("<II").unpack_from
# A part of a payload that is one column, read by its descriptor alone.
OTHER = 0
ALIGNMENTS = {TEXT: 4, DATETIME: 8}
ALIGNMENTS.update((code, int(dtype[2:])) for code, dtype in NUMBERS.items())
RANK_LIMIT = 32
# The most that a number of an answer takes as text, with what separates it.
NUMBER_BYTES = 26
# The private memory that reading a Parquet file may take: a small one can stand for a table without end.
PARQUET_MEMORY = 1 << 30
# Before it pyarrow runs code that stands in a file (CVE-2023-47248).
SAFE_PYARROW = (14, 0, 1)
# The status that tells skiff-scorer why.
OUT_OF_MEMORY = 77
MODEL_ERROR = (
    "Encountered an unexpected error while evaluating the model. Verify that the serialized input Dataframe is"
    " compatible with the model for inference."
)
FRAME_TYPES = {"boolean": "bool", "integer": "int32", "long": "int64", "float": "float32", "double": "float64"}
PATHS = re.compile(r"(?:file://)?(?<![\w.])(?:~|\.{0,2})(?:/[\w.+@-]+){2,}/?")
COMPRESSED = (b"\x78", b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"\x04\x22\x4d\x18")


class InputError(Exception):
    """The request does not fit the model; the message is for the caller."""

    def __init__(self, message, code=None, status=400):
        super().__init__(message)
        self.code = code
        self.status = status


class Channel:
    """Frames on a connected socket."""

    def __init__(self, connection):
        self.connection = connection
        self.takes_descriptors = False
        self.descriptors = []
        self.buffer = memoryview(bytearray(1 << 16))
        # What came behind the last frame.
        self.early = b""

    def send(self, kind, request, payload, flags=0):
        header = HEADER.pack(MAGIC, kind, flags, request, len(payload))
        if len(payload) < 1 << 16:
            self.connection.sendall(header + payload)
        else:
            self.connection.sendall(header)
            self.connection.sendall(payload)

    def receive(self):
        """The next (kind, request, payload, flags), or None when the other side has closed."""
        if not self.takes_descriptors and not self.early:
            # Mostly one call has a whole frame. Each payload has memory of its own: a model may keep its table.
            count = self.connection.recv_into(self.buffer)
            if count >= HEADER.size:
                magic, kind, flags, request, length = HEADER.unpack_from(self.buffer)
                if magic == MAGIC and count == HEADER.size + length and flags in (0, COLUMNAR):
                    return kind, request, bytearray(self.buffer[HEADER.size : count]), flags
            if count == 0:
                return None
            self.early = bytes(self.buffer[:count])
        header = self._read(HEADER.size)
        if header is None:
            return None
        magic, kind, flags, request, length = HEADER.unpack(header)
        if magic != MAGIC or flags not in (0, COLUMNAR) or length > PAYLOAD_LIMIT:
            raise ConnectionError("the scorer sent something that is not a frame")
        payload = self._read(length)
        return None if payload is None else (kind, request, payload, flags)

    def _read(self, count):
        data = bytearray(count)
        view, got = memoryview(data), min(count, len(self.early))
        view[:got] = self.early[:got]
        self.early = self.early[got:]
        while got < count:
            step = self._receive_into(view[got:])
            if step == 0:
                return None
            got += step
        return data

    def _receive_into(self, view):
        if not self.takes_descriptors:
            return self.connection.recv_into(view)
        count, extras, _, _ = self.connection.recvmsg_into([view], socket.CMSG_SPACE(8))
        for level, kind, data in extras:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                self.descriptors += struct.unpack("={}i".format(len(data) // 4), data[: len(data) // 4 * 4])
        return count


# Loading


def load_pyfunc(path, settings):
    """The model behind MLflow's python_function flavor; returns a function of (data, params)."""
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    import mlflow.pyfunc

    model = mlflow.pyfunc.load_model(path)
    if "params" in inspect.signature(model.predict).parameters:
        return lambda data, params: model.predict(data, params=params)
    return lambda data, params: model.predict(data)


def load_sklearn(path, settings):
    """An estimator pickled to the file `path` (pickle, cloudpickle, joblib, skops); MLflow is not needed."""
    estimator = read_estimator(path)
    predict = getattr(estimator, settings.get("predict_fn") or "predict")
    return lambda data, params: predict(data)


def read_estimator(path):
    if path.endswith(".skops"):
        import skops.io

        return skops.io.load(path, trusted=skops.io.get_untrusted_types(file=path))
    with open(path, "rb") as file:
        if written_by_joblib(file):
            import joblib

            return joblib.load(path)
        return pickle.load(file)


def written_by_joblib(file):
    """joblib keeps arrays outside the pickle, so `pickle.load` cannot read them; its reader is too slow for the rest."""
    head = file.read(8)
    file.seek(0)
    if any(head.startswith(magic) for magic in COMPRESSED):
        return True
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return content.find(b"joblib.numpy_pickle") >= 0


LOADERS = {"pyfunc": load_pyfunc, "sklearn": load_sklearn}


class Served:
    """What is said of the model in `serving.json`."""

    loader, schema = None, None


def load(settings, folder):
    python = settings.get("python") or {}
    name = python.get("loader", "pyfunc")
    if name not in LOADERS:
        raise ValueError("cannot load the model: `{}` is not a known loader ({})".format(name, ", ".join(LOADERS)))
    Served.loader, Served.schema = name, settings.get("schema")
    return LOADERS[name](os.path.join(folder, python.get("model", "model")), settings)


# Requests


class Head:
    """The head of columnar requests, parsed, with what follows from it; most requests have that of an earlier one."""

    known = {}

    @classmethod
    def of(cls, raw):
        head = cls.known.get(raw)
        if head is None:
            head = cls(json.loads(raw))
            if len(raw) <= 1 << 18:
                if len(cls.known) >= 16:
                    cls.known.clear()
                cls.known[raw] = head
        return head

    def __init__(self, members):
        self.members = members
        self.layouts = {}
        self.index = None
        self.values = None

    def layout(self, encodings, flags, count):
        key = (encodings, flags, count)
        layout = self.layouts.get(key)
        if layout is None:
            if len(self.layouts) * (count + 1) >= 1024:
                self.layouts.clear()
            layout = self.layouts[key] = Layout(encodings, flags, self.members.get("types") or [None] * count)
        return layout

    def columns(self, count):
        """The names of the columns as an index of the caller's own: a model may name it, and may write over its values."""
        if self.index is None or self.values is not None and self.values.tolist() != self.names:
            import pandas

            names = self.members.get("columns")
            self.names = list(range(count)) if names is None else names
            self.index = pandas.DataFrame({index: [] for index in range(count)}).columns if names is None else pandas.Index(names)
            # Views share them, and what is found out of them.
            values = self.index.values
            is_fixed = getattr(values, "_readonly", False) or hasattr(values, "flags") and not values.flags.writeable
            self.values = None if is_fixed else values
        return self.index.view()


class Layout:
    """What payloads with the same head have in common when their columns have the same encodings and the same missing bitmaps."""

    def __init__(self, encodings, flags, types):
        check(not encodings or len(types) == len(encodings))
        # (what it is, first column, end, bytes of a number): numbers without a bitmap that lie side by side, texts of which none is
        # missing, or one column of something else.
        self.parts = []
        for index, encoding in enumerate(encodings):
            kind = OTHER if flags[index] else NUMBERS.get(encoding, TEXT if encoding == TEXT else OTHER)
            if self.parts and kind != OTHER and self.parts[-1][0] == kind:
                self.parts[-1] = (kind, self.parts[-1][1], index + 1, self.parts[-1][3])
            else:
                self.parts.append((kind, index, index + 1, alignment(encoding)))
        self.types = types
        self.in_runs = {index for kind, first, end, _ in self.parts if kind not in (TEXT, OTHER) for index in range(first, end)}
        self.texts = [index for index, kind in enumerate(types) if kind == "string"]
        # Of those the ones in which no text can be missing.
        self.whole_texts = {index for kind, first, end, _ in self.parts if kind == TEXT for index in range(first, end)}
        self.has_whole_texts = bool(encodings) and all(index in self.whole_texts for index in self.texts)
        self.others = [index for index, kind in enumerate(types) if index not in self.in_runs and kind != "string"]
        self.places = {}
        self.text_places = None

    def place(self, first, end):
        """The columns from `first` to `end` as the array that pandas takes for their place in a table."""
        place = self.places.get((first, end))
        if place is None:
            import numpy

            place = self.places[first, end] = numpy.arange(first, end)
        return place

    def placed_texts(self):
        """The columns of texts, each with its place."""
        if self.text_places is None:
            self.text_places = [(index, self.place(index, index + 1)) for index in self.texts]
        return self.text_places


class Descriptors:
    """The reader of the descriptors of so many columns."""

    known = {}

    @classmethod
    def of(cls, count):
        reader = cls.known.get(count)
        if reader is None:
            if len(cls.known) >= 16:
                cls.known.clear()
            reader = cls.known[count] = struct.Struct("<" + count * COLUMN.format[1:])
        return reader


def read_request(payload, flags):
    """The request in a frame: its head, `rows`, `data` (an array or list for each column) and perhaps `params`.

    In a columnar one `runs` has (first column, [columns x rows]) for columns of numbers that lie side by side, whose `data` is None
    until `spread` is called.
    """
    if not flags & COLUMNAR:
        return json.loads(payload)
    request = read_columns(payload)
    if request["form"] == "tensor":
        spread(request)
        if request["columns"] is None:
            request["data"] = request["data"][0]
    return request


def read_columns(payload):
    """A columnar payload; arrays share its memory."""
    head_bytes, params_bytes, count, zero, rows = FIXED.unpack_from(payload)
    position, end = FIXED.size + count * COLUMN.size, len(payload)
    check(zero == 0 and position <= end)
    fields = Descriptors.of(count).unpack_from(payload, FIXED.size)
    encodings, flags, ranks, sizes = fields[0::4], fields[1::4], fields[2::4], fields[3::4]
    shapes = None
    if any(ranks) or any(flags):
        shapes = []
        for flag, rank in zip(flags, ranks):
            check(flag in (0, 1) and rank <= RANK_LIMIT and 8 * rank <= end - position)
            shapes.append(struct.unpack_from("<{}Q".format(rank), payload, position) if rank else ())
            position += 8 * rank
    check(head_bytes + params_bytes <= end - position)
    head = Head.of(bytes(payload[position : position + head_bytes]))
    position += head_bytes
    request = dict(head.members, rows=rows, head=head)
    if params_bytes:
        request["params"] = json.loads(payload[position : position + params_bytes])
        position += params_bytes
    # Columns with a shape are no plain numbers, so their layout is one that no other request has.
    is_plain = not any(ranks)
    layout = head.layout(encodings, flags, count) if is_plain else Layout(encodings, [1] * count, head.members.get("types") or [None] * count)
    request["layout"] = layout
    is_file = request.get("form") == "parquet"
    data, runs = [], []
    for kind, first, after, width in layout.parts:
        if kind == OTHER or kind == TEXT and (rows != 1 or is_file):
            for index in range(first, after):
                position = aligned(position, 8 if flags[index] else alignment(encodings[index]))
                size = sizes[index]
                check(position + size <= end)
                cells = memoryview(payload)[position : position + size]
                data.append(cells if is_file else read_column(encodings[index], flags[index], cells, rows, shapes[index] if shapes else ()))
                position += size
        elif kind == TEXT:
            for size in sizes[first:after]:
                position = (position + 3) & ~3
                if read_ends(payload, position) != (0, size - 8):
                    check(False)
                data.append([payload[position + 8 : position + size].decode()])
                position += size
        else:
            position, size = aligned(position, width), sizes[first]
            check(size == rows * width and sizes[first:after].count(size) == after - first)
            runs.append((first, numbers((after - first, rows), kind, payload, position)))
            data += [None] * (after - first)
            position += size * (after - first)
    check(position == end)
    request["data"], request["runs"] = data, runs
    return request


def numbers(shape, dtype, payload, position):
    """[columns x rows] of plain numbers of one type, which lie side by side."""
    import numpy

    check(position + shape[0] * shape[1] * int(dtype[2:]) <= len(payload))
    return numpy.ndarray(shape, dtype, payload, position)


def spread(request):
    """Gives the columns of runs their places in `data`."""
    for first, run in request.get("runs") or []:
        request["data"][first : first + len(run)] = list(run)


def read_column(encoding, flags, view, rows, shape):
    missing = None
    if flags:
        bitmap = aligned((rows + 7) // 8, 8)
        check(bitmap <= len(view))
        missing = [not view[row >> 3] >> (row & 7) & 1 for row in range(rows)]
        view = view[bitmap:]
    if encoding == JSON_CELLS:
        check(not shape)
        values = json.loads(bytes(view))
        check(isinstance(values, list) and len(values) == rows)
        return values
    if encoding == TEXT:
        check(not shape)
        return read_texts(view, rows, missing)
    import numpy

    check(encoding == DATETIME or encoding in NUMBERS)
    dtype = numpy.dtype("<M8[ns]" if encoding == DATETIME else NUMBERS[encoding])
    count = rows
    for length in shape:
        count *= length
    check(count * dtype.itemsize == len(view))
    values = numpy.frombuffer(view, dtype).reshape((rows,) + shape)
    if missing is None:
        return values
    return [None if absent else value for value, absent in zip(values.tolist(), missing)]


def read_texts(view, rows, missing):
    start = 4 * (rows + 1)
    check(start <= len(view))
    offsets = struct.unpack_from("<{}I".format(rows + 1), view)
    content = bytes(view[start:])
    check(offsets[0] == 0 and offsets[-1] == len(content))
    if content.isascii():
        whole = content.decode("ascii")
        texts = [whole[begin:end] for begin, end in zip(offsets, offsets[1:])]
    else:
        texts = [content[begin:end].decode("utf-8") for begin, end in zip(offsets, offsets[1:])]
    return texts if missing is None else [None if absent else text for text, absent in zip(texts, missing)]


def alignment(encoding):
    return ALIGNMENTS.get(encoding, 1)


def aligned(offset, unit):
    return (offset + unit - 1) // unit * unit


def check(condition):
    if not condition:
        raise ConnectionError("the scorer sent a damaged frame")


def build_input(request):
    """What the model is called with, made from a request."""
    form = request["form"]
    if form == "frame":
        return build_frame(request)
    if form == "tensor":
        return build_tensor(request)
    if form == "parquet":
        return build_parquet(request)
    return build_raw(request)


def build_frame(request):
    import pandas

    count, rows = len(request["data"]), request["rows"]
    head = request.get("head") or Head(request)
    layout = request.get("layout") or head.layout((), (), count)
    runs = request.get("runs") or ()
    if len(runs) == 1 and len(runs[0][1]) == count:
        # Numbers of one type are one array, which the table takes as it is.
        return pandas.DataFrame(runs[0][1].T, columns=head.columns(count), copy=False)
    Pandas.look()
    blocks = [(run, layout.place(first, first + len(run))) for first, run in runs]
    blocks += text_blocks(request, layout, rows)
    names = request.get("columns")
    for index in layout.others:
        part = build_column(index if names is None else names[index], layout.types[index], request["data"][index])
        blocks.append((part, layout.place(index, index + 1)))
    return Pandas.table(blocks, pandas.RangeIndex.from_range(range(rows)), head.columns(count))


def text_blocks(request, layout, rows):
    """The columns of texts, in what pandas makes of lists of them, with their places; all are made at once."""
    if not layout.texts:
        return []
    import numpy

    data = request["data"]
    if Pandas.texts is None:
        texts = numpy.array([value for index in layout.texts for value in data[index]], dtype=object)
        return [(texts.reshape(len(layout.texts), rows), numpy.array(layout.texts, dtype=numpy.intp))]
    if rows == 1 and Pandas.shares_texts and layout.has_whole_texts:
        return [(text_of(data[index][0]), place) for index, place in layout.placed_texts()]
    typed, blocks = [], []
    for index in layout.texts:
        if rows and (index in layout.whole_texts or any(value is not None for value in data[index])):
            typed.append(index)
        else:
            part = numpy.empty((1, rows), dtype=object)
            part[0] = data[index]
            blocks.append((part, layout.place(index, index + 1)))
    if typed:
        together, start = Pandas.texts([value for index in typed for value in data[index]]), 0
        for index in typed:
            blocks.append((together[start : start + rows], layout.place(index, index + 1)))
            start += rows
    return blocks


def text_of(text):
    """The array of one text. Those of the values of a category come again; of them there is a view each time, which a model may
    write to without changing the others."""
    array = Pandas.known.get(text)
    if array is None:
        array = Pandas.texts([text])
        if len(text) <= 64:
            if len(Pandas.known) >= 1024:
                Pandas.known.clear()
            Pandas.known[text] = array
    return array[:]


class Pandas:
    """What depends on the version of pandas, found out at the first table."""

    is_known = False
    # Makes the array of a list of texts, or None for those that are missing; None where texts are plain objects.
    texts = None
    # Whether those are Arrow's, which no one can change in place.
    shares_texts = False
    # Arrays of one text that were made before.
    known = {}
    # Makes a table of (arrays [columns x rows] or of one column, their places), an index and the columns' names.
    table = None

    @classmethod
    def look(cls):
        if cls.is_known:
            return
        import pandas

        dtype = pandas.Series(["a"]).dtype
        # From pandas 3 on, texts have a type of their own, and tables can be made of arrays that share a type.
        if isinstance(dtype, pandas.StringDtype):
            cls.texts = staticmethod(cls.text_maker(dtype))
            cls.shares_texts = type(cls.texts(["a"])) is getattr(pandas.arrays, "ArrowStringArray", None)
        cls.table = staticmethod(cls.table_maker())
        cls.is_known = True

    @staticmethod
    def text_maker(dtype):
        import pandas

        def make(values):
            return pandas.array(values, dtype=dtype)

        try:
            import pyarrow

            kind, plain, chunks, large = pandas.arrays.ArrowStringArray, pyarrow.array, pyarrow.chunked_array, pyarrow.large_string()

            def make_at_once(values):
                return kind(chunks([plain(values, large)]), dtype=dtype)

            sample = ["a", None, "\u00e9", ""]
            one, other = make(sample), make_at_once(sample)
            if type(one) is type(other) and one.dtype == other.dtype and one.tolist()[::2] == other.tolist()[::2] and one.isna().tolist() == other.isna().tolist():
                return make_at_once
        except Exception:
            pass
        return make

    @classmethod
    def table_maker(cls):
        import numpy
        import pandas

        try:
            from pandas.api.internals import create_dataframe_from_blocks

            def make(blocks, index, columns):
                blocks = [(values.reshape(1, -1) if values.ndim == 1 and type(values) is numpy.ndarray else values, place) for values, place in blocks]
                return create_dataframe_from_blocks(blocks, index=index, columns=columns)

            return make
        except ImportError:
            pass
        try:
            # As pyarrow does it for these versions.
            from pandas.core.internals import BlockManager, make_block

            from_manager = getattr(pandas.DataFrame, "_from_mgr", None)

            def make_of_blocks(blocks, index, columns):
                made = []
                for values, place in blocks:
                    if type(values) is numpy.ndarray and values.ndim == 1:
                        values = values.reshape(1, -1)
                    made.append(make_block(values, placement=place))
                manager = BlockManager(tuple(made), [columns, index])
                return pandas.DataFrame(manager) if from_manager is None else from_manager(manager, manager.axes)

            if cls.is_sound(make_of_blocks):
                return make_of_blocks
        except Exception:
            pass
        return make_of_columns

    @staticmethod
    def is_sound(make):
        """Whether it makes the tables that `DataFrame` makes, of a sample of every kind of block."""
        import numpy
        import pandas

        def blocks():
            return [
                (numpy.array([[1.5, 2.5], [0.0, 3.5]]), numpy.array([0, 2])), (numpy.array([["a", None]], dtype=object), numpy.array([1])),
                (numpy.array([True, False]), numpy.array([3])), (numpy.array(["2024-01-02", "NaT"], "<M8[ns]"), numpy.array([4])),
                (pandas.array([1, None], dtype="Int64"), numpy.array([5])), (numpy.array([[7, 8]], "<i4"), numpy.array([6])),
            ]

        names = pandas.Index(list("abcdefg"))
        one, other = make(blocks(), pandas.RangeIndex(2), names), make_of_columns(blocks(), pandas.RangeIndex(2), names)
        if not (one.equals(other) and list(one.dtypes) == list(other.dtypes) and one.columns.equals(other.columns)):
            return False
        one.loc[0, "a"] = 9.5
        return one["a"].tolist() == [9.5, 2.5] and one["c"].tolist() == [0.0, 3.5]


def make_of_columns(blocks, index, columns):
    """A table by the public way alone."""
    import numpy
    import pandas

    parts = {}
    for values, place in blocks:
        is_wide = type(values) is numpy.ndarray and values.ndim == 2
        for number, column in enumerate(place.tolist()):
            parts[column] = values[number] if is_wide else values
    table = pandas.DataFrame({column: parts[column] for column in sorted(parts)}, index=index, copy=False)
    table.columns = columns
    return table


def build_column(name, kind, values):
    """One column with the dtype that MLflow gives to its type; without a type pandas decides, as in MLflow."""
    import pandas

    if type(values).__module__ == "numpy":
        return values
    try:
        series = build_series(kind, values)
    except InputError as problem:
        raise InputError("column `{}`: {}".format(name, problem)) from problem
    except (ValueError, TypeError, OverflowError) as problem:
        text = "column `{}` cannot be read as {}: {}".format(name, kind_name(kind), problem)
        raise InputError(text) from problem
    # From pandas 3 on these may be arrays that a model could not write to.
    if isinstance(series.dtype, pandas.api.extensions.ExtensionDtype):
        return series.array.copy() if getattr(series.array, "_readonly", False) else series.array
    array = series.to_numpy()
    return array if array.flags.writeable else array.copy()


def build_series(kind, values):
    import pandas

    if kind is None or kind == "any":
        return pandas.Series(values)
    if isinstance(kind, str) and kind in FRAME_TYPES:
        return pandas.Series(values, dtype=FRAME_TYPES[kind])
    if kind == "csv_string":
        # What `read_csv` gives for the dtype object: texts, and NaN for what is missing.
        return pandas.Series([math.nan if value is None else value for value in values], dtype=object)
    if kind == "datetime":
        stamps = [pandas.NaT if value is None else pandas.Timestamp(value) for value in values]
        return pandas.Series(stamps, dtype="datetime64[ns]")
    return pandas.Series([convert_cell(value, kind) for value in values], dtype=object)


def kind_name(kind):
    return kind if isinstance(kind, str) else kind.get("type", "object")


def convert_cell(value, kind):
    """A value of a binary, array, object or map column, with integers widened where the type says float."""
    if value is None or kind == "any":
        return value
    if kind == "binary":
        return decode_binary(value)
    if kind in ("float", "double"):
        return float(value)
    if isinstance(kind, str):
        return value
    if kind["type"] == "array":
        items = item_type(kind["items"])
        if items in ("float", "double"):
            return [math.nan if item is None else float(item) for item in value]
        return [convert_cell(item, items) for item in value]
    if kind["type"] == "map":
        return {key: convert_cell(item, item_type(kind["values"])) for key, item in value.items()}
    if kind["type"] == "object":
        properties = kind["properties"]
        unknown = sorted(set(value) - set(properties))
        if unknown:
            raise InputError("unknown property `{}`".format(unknown[0]))
        return {key: convert_cell(item, item_type(properties[key])) for key, item in value.items()}
    return value


def item_type(spec):
    return spec if spec["type"] in ("array", "map", "object") else spec["type"]


def decode_binary(text):
    try:
        return base64.b64decode(text.replace("\n", "").replace("\r", ""), validate=True)
    except ValueError as problem:
        raise InputError("not base64 text ({})".format(problem)) from problem


def build_tensor(request):
    import numpy

    try:
        if request.get("columns") is None:
            return numpy.asarray(request["data"], dtype=request["types"][0])
        parts = zip(request["columns"], request["types"], request["data"])
        return {name: numpy.asarray(values, dtype=dtype) for name, dtype, values in parts}
    except (ValueError, TypeError, OverflowError) as problem:
        raise InputError("the tensor cannot be built: {}".format(problem)) from problem


def build_raw(request):
    """The rows of a model without a signature, in the types that MLflow's server turns each form into."""
    data, key = request["data"], request["key"]
    if key in ("dataframe_split", "dataframe_records"):
        return build_raw_frame(key, data)
    if key == "csv":
        return build_raw_csv(data)
    if key == "unified":
        return {name: value for name, value in data.items() if name not in (request.get("params") or {})}
    if key == "hinted":
        return data
    try:
        return build_raw_arrays(key, data)
    except (ValueError, TypeError, OverflowError) as problem:
        raise InputError("`{}` cannot be made into arrays: {}".format(key, first_line(problem))) from problem


def build_raw_arrays(key, data):
    import numpy

    if isinstance(data, dict):
        columns = {name: numpy.array(values) for name, values in data.items()}
        if key == "instances" and len({len(column) for column in columns.values() if column.ndim}) > 1:
            raise InputError("the columns of `instances` differ in length")
        return columns
    if key == "inputs" and isinstance(data, list) and all(isinstance(row, dict) for row in data):
        return [{name: numpy.array(value) for name, value in row.items()} for row in data]
    if key == "instances" and isinstance(data, list) and data and isinstance(data[0], dict):
        columns = {}
        for row in data:
            if not isinstance(row, dict):
                raise InputError("`instances` holds records and other values")
            for name, value in row.items():
                columns.setdefault(name, []).append(numpy.array(value))
        return {name: numpy.array(values) for name, values in columns.items()}
    return numpy.array(data)


def build_raw_frame(key, data):
    import pandas

    try:
        if key == "dataframe_records":
            return pandas.DataFrame(data=data)
        return pandas.DataFrame(index=data.get("index"), columns=data.get("columns"), data=data["data"])
    except (ValueError, TypeError, AttributeError) as problem:
        raise InputError("`{}` is not a table: {}".format(key, first_line(problem))) from problem


def build_raw_csv(text):
    import io

    import pandas

    try:
        return pandas.read_csv(io.StringIO(text))
    except (ValueError, TypeError) as problem:
        raise InputError("the body is not a table: {}".format(first_line(problem))) from problem


# Parquet


def build_parquet(request):
    """The table of a Parquet file as the model takes it: no value is converted with loss, and no column is missing."""
    table = read_parquet(request["data"][0], request["row_limit"], request["column_limit"])
    Spent.rows = len(table)
    if not request["bound"]:
        return table
    if Served.schema["kind"] == "tensors":
        return tensor_of_table(Served.schema["tensors"], table)
    return table_of_columns(Served.schema["columns"], table)


def read_parquet(file, row_limit, column_limit):
    check_parquet_reader()
    import io

    import pandas
    import pyarrow
    import pyarrow.parquet

    def check_size(rows, columns):
        for number, limit, what in ((rows, row_limit, "rows"), (columns, column_limit, "columns")):
            if number > limit:
                raise InputError("The request has more than {} {}; send fewer in one file.".format(limit, what), "RESOURCE_EXHAUSTED", 413)

    try:
        with Allowance(PARQUET_MEMORY):
            metadata = pyarrow.parquet.read_metadata(pyarrow.BufferReader(pyarrow.py_buffer(file)))
            check_size(metadata.num_rows, metadata.num_columns)
            table = pandas.read_parquet(io.BytesIO(file), engine="pyarrow", use_threads=False)
    except InputError:
        raise
    except MemoryError:
        raise InputError("The table of this file takes too much memory; send fewer rows in one file.", "RESOURCE_EXHAUSTED", 413) from None
    except Exception as problem:
        raise InputError(
            "Failed to parse input as a Pandas DataFrame. Ensure that the input is a valid Parquet Pandas DataFrame produced using the"
            " `pandas.DataFrame.to_parquet()` method. Error: '{}'".format(first_line(problem)),
            "BAD_REQUEST",
        ) from None
    check_size(*table.shape)
    return table


def check_parquet_reader():
    """That there is a pyarrow, and one that only reads."""
    try:
        import pandas  # noqa: F401
        import pyarrow
        import pyarrow.parquet  # noqa: F401
    except ImportError:
        text = "This model's Python environment has no pyarrow to read Parquet with; send application/json or text/csv."
        raise InputError(text, "BAD_REQUEST", 415) from None
    version = tuple(int(part) for part in re.findall(r"\d+", pyarrow.__version__)[:3])
    if version < SAFE_PYARROW:
        text = "pyarrow {} of this model's Python environment may run code that stands in a Parquet file (CVE-2023-47248); {} or later is needed. Send application/json or text/csv."
        raise InputError(text.format(pyarrow.__version__, ".".join(map(str, SAFE_PYARROW))), "BAD_REQUEST", 415)


class Allowance:
    """For a while, at most so many bytes more of private memory."""

    def __init__(self, count):
        self.count = count

    def __enter__(self):
        import resource

        self.limits = resource.getrlimit(resource.RLIMIT_DATA)
        with open("/proc/self/status", encoding="ascii", errors="replace") as file:
            used = next((int(line.split()[1]) << 10 for line in file if line.startswith("VmData:")), None)
        soft, hard = self.limits
        if used is not None and (soft == resource.RLIM_INFINITY or used + self.count < soft):
            if hard == resource.RLIM_INFINITY or used + self.count <= hard:
                resource.setrlimit(resource.RLIMIT_DATA, (used + self.count, hard))

    def __exit__(self, *problem):
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, self.limits)


def unfit(text):
    return InputError("Failed to enforce schema. " + text, "INVALID_PARAMETER_VALUE")


def table_of_columns(columns, table):
    """The columns of the signature, in its order and with its types; others are passed over, as in MLflow."""
    if table.columns.nlevels > 1 or not table.columns.is_unique:
        raise unfit("The columns of the table do not have names of their own.")
    if columns[0].get("name") is not None:
        missing = [column["name"] for column in columns if column.get("required", True) and column["name"] not in table.columns]
        if missing:
            raise unfit("Model is missing inputs {}.".format(missing))
        columns = [column for column in columns if column["name"] in table.columns]
        names = [column["name"] for column in columns]
    else:
        if table.shape[1] < len(columns):
            raise unfit("The model signature declares {} inputs, the table has {} columns.".format(len(columns), table.shape[1]))
        names = table.columns[: len(columns)].tolist()
    types = [column["type"] for column in columns]
    data = [parquet_column(name, kind, table[name]) for name, kind in zip(names, types)]
    made = build_frame({"rows": len(table), "columns": names, "types": types, "data": data})
    made.index = table.index
    return made


def parquet_column(name, kind, series):
    """The cells of a column in the type that the signature has, as an array, or as a list where pandas makes an array of it."""
    import numpy
    import pandas

    def refused():
        return unfit("Incompatible input types for column {}. Can not safely convert {} to {}.".format(name, series.dtype, kind_name(kind)))

    dtype, is_plain = series.dtype, isinstance(series.dtype, numpy.dtype)
    if kind == "any":
        return series
    if not isinstance(kind, str):
        # MLflow itself checks arrays, objects and maps; its older versions lose rows of them when there is an index.
        if Served.loader != "pyfunc" or not series.index.equals(pandas.RangeIndex(len(series))):
            raise unfit("Column {} is one of {}s, which cannot be read from this table; send JSON.".format(name, kind_name(kind)))
        return series.to_numpy().copy()
    if kind in FRAME_TYPES:
        return number_column(series, numpy.dtype(FRAME_TYPES[kind]), refused)
    if kind == "datetime" and is_plain and dtype.kind == "M":
        try:
            return numpy.array(series.astype("datetime64[ns]"))
        except (ValueError, TypeError, OverflowError):
            raise refused() from None
    if dtype != object and not (kind == "string" and isinstance(dtype, pandas.StringDtype)):
        raise refused()
    cells = [None if value is pandas.NA or isinstance(value, float) and value != value else value for value in series.tolist()]
    expected = {"string": (str, type(None)), "binary": (bytes,), "datetime": (datetime.date, type(None))}[kind]
    if not all(type(value) in expected for value in cells):
        raise refused()
    if kind == "binary":
        return series.to_numpy().copy()
    return cells


def number_column(series, wanted, refused):
    """As MLflow's `_enforce_mlflow_datatype` (3.17): to a wider type of the same kind, and whole numbers to floats that hold all of them."""
    import numpy

    given = getattr(series.dtype, "numpy_dtype", series.dtype)
    if not isinstance(given, numpy.dtype):
        raise refused()
    if given is not series.dtype and (not hasattr(series.array, "_mask") or wanted.kind != "f" and bool(series.isna().any())):
        raise refused()
    if given.kind == wanted.kind:
        fits = given.itemsize <= wanted.itemsize
    elif given.kind == "u" and wanted.kind == "i":
        fits = given.itemsize < wanted.itemsize
    else:
        fits = given.kind in "iu" and wanted == numpy.float64 and given.itemsize <= 4
        if not fits and given == numpy.int64 and wanted.kind == "f":
            fits = bool(series.isin([0, 1]).all())
    if not fits:
        raise refused()
    return numpy.array(series.to_numpy(dtype=wanted, na_value=numpy.nan) if given is not series.dtype and wanted.kind == "f" else series.to_numpy(dtype=wanted))


def tensor_of_table(tensors, table):
    """A tensor [rows x columns] of a table whose columns all have its type."""
    import numpy

    shape = tensors[0]["shape"]
    if len(tensors) > 1 or tensors[0].get("name") is not None or len(shape) != 2 or shape[0] != -1:
        raise unfit("The model takes tensors that no table stands for; send JSON.")
    if shape[1] not in (-1, table.shape[1]):
        raise unfit("Shape of input {} does not match expected shape ({}, {}).".format(table.shape, *shape))
    for index, dtype in enumerate(table.dtypes):
        if dtype != numpy.dtype(tensors[0]["dtype"]):
            raise unfit("Column {} has the type {}, the tensor of the model {}.".format(table.columns[index], dtype, tensors[0]["dtype"]))
    return numpy.array(table.to_numpy(), order="C")


def first_line(problem):
    """What an exception says, without the paths of this machine: one line, not too long."""
    line = str(problem).strip().split("\n", 1)[0]
    return PATHS.sub("[path]", line)[:300]


# Answers


def columnar_answer(value):
    """The columnar payload of an answer of numbers: an array, a series or a table; None for everything else."""
    numpy, pandas = sys.modules.get("numpy"), sys.modules.get("pandas")
    if numpy is None:
        return None
    if type(value) is numpy.ndarray:
        if value.ndim == 0 or value.ndim > RANK_LIMIT or value.size == 0:
            return None
        array = number_array(value)
        if array is None or value.size * (NUMBER_BYTES + 4 * value.ndim) > PAYLOAD_LIMIT:
            return None
        if value.ndim == 1:
            # The head ends at 59 bytes.
            width = array.itemsize
            start = LIST.pack(19, 0, 1, 0, len(value), ENCODINGS[array.dtype.str[1:]], 0, 0, array.nbytes, b'{"layout": "array"}')
            return start + bytes(aligned(LIST.size, width) - LIST.size) + array.tobytes()
        return pack_columns(b'{"layout": "array"}', len(value), [(array, value.shape[1:])])
    if pandas is None or not type(value) in (pandas.Series, pandas.DataFrame):
        return None
    table = pandas.DataFrame(value) if type(value) is pandas.Series else value
    if len(table) == 0 or not 0 < table.shape[1] <= 10_000 or not table.columns.is_unique:
        return None
    # Extension types have missing values of their own.
    parts = [table.iloc[:, index] for index in range(table.shape[1])]
    arrays = [number_array(part.to_numpy()) if isinstance(part.dtype, numpy.dtype) else None for part in parts]
    if any(array is None for array in arrays):
        return None
    try:
        # The keys as the json module writes them.
        keys = [next(iter(json.loads(json.dumps({plain_key(key): None})))) for key in table.columns]
        head = json.dumps({"layout": "records", "keys": keys}, ensure_ascii=False).encode()
    except (TypeError, ValueError):
        return None
    if len(table) * (8 + sum(len(json.dumps(key)) + 4 + NUMBER_BYTES for key in keys)) > PAYLOAD_LIMIT:
        return None
    return pack_columns(head, len(table), [(array, ()) for array in arrays])


def number_array(array):
    """`array` in one of the encodings, row-major and little-endian; None when it holds something else."""
    if array.dtype.isnative and array.flags.c_contiguous and array.dtype.str[1:] in ENCODINGS:
        return array
    if array.dtype.kind == "f" and array.dtype.itemsize == 2:
        array = array.astype("<f4")
    if array.dtype.kind + str(array.dtype.itemsize) not in ENCODINGS:
        return None
    import numpy

    return numpy.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))


def pack_columns(head, rows, columns):
    parts = [FIXED.pack(len(head), 0, len(columns), 0, rows)]
    for array, shape in columns:
        encoding = ENCODINGS[array.dtype.kind + str(array.dtype.itemsize)]
        parts.append(COLUMN.pack(encoding, 0, len(shape), array.nbytes))
    for _, shape in columns:
        parts.append(struct.pack("<{}Q".format(len(shape)), *shape))
    parts.append(head)
    position = sum(map(len, parts))
    for array, _ in columns:
        gap = aligned(position, array.dtype.itemsize) - position
        parts += [bytes(gap), array.tobytes()]
        position += gap + array.nbytes
    return b"".join(parts)


def answer_text(value, not_finite=False):
    """The JSON text of a model's answer; with `not_finite` in Python's words for what JSON does not have."""
    return json.dumps(plain(value, not_finite))


def plain(value, not_finite=False):
    """`value` in the types of the json module, as MLflow's encoder turns it; NaN, infinities and NaT become None."""
    if value is None or isinstance(value, (bool, str, int)):
        return value
    if isinstance(value, float):
        return float(value) if not_finite or math.isfinite(value) else None
    if isinstance(value, dict):
        return {plain_key(key): plain(item, not_finite) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item, not_finite) for item in value]
    if isinstance(value, (bytes, bytearray)):
        return base64.encodebytes(value).decode("ascii")
    for module, convert in (("numpy", plain_numpy), ("pandas", plain_pandas)):
        if module in sys.modules:
            converted = convert(sys.modules[module], value, not_finite)
            if converted is not NotImplemented:
                return converted
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if hasattr(value, "model_dump"):
        return plain(value.model_dump(), not_finite)
    raise TypeError("an answer of type {} cannot be written as JSON".format(type(value).__name__))


def plain_key(key):
    """A key in the types that the json module takes for one; the others are refused by it."""
    numpy = sys.modules.get("numpy")
    return key.item() if numpy is not None and isinstance(key, numpy.generic) else key


def plain_numpy(numpy, value, not_finite):
    if isinstance(value, numpy.ndarray):
        kind = value.dtype.kind
        if kind in "Mm" and bool(numpy.isnat(value).any()):
            value = numpy.where(numpy.isnat(value), None, value.astype(object))
        if kind in "biuU" or (kind == "f" and value.dtype.itemsize <= 8 and bool(numpy.isfinite(value).all())):
            return value.tolist()
        return plain(value.tolist(), not_finite)
    if isinstance(value, (numpy.datetime64, numpy.timedelta64)) and numpy.isnat(value):
        return None
    if isinstance(value, numpy.generic):
        item = value.item()
        return plain(float(item) if isinstance(item, numpy.generic) else item, not_finite)
    return NotImplemented


def plain_pandas(pandas, value, not_finite):
    if isinstance(value, pandas.Series):
        value = pandas.DataFrame(value)
    if isinstance(value, pandas.DataFrame):
        return plain(value.to_dict(orient="records"), not_finite)
    if isinstance(value, pandas.Index):
        return plain(value.to_numpy(), not_finite)
    if value is getattr(pandas, "NA", None):
        return None
    if value is pandas.NaT:
        return "NaT" if not_finite else None
    if isinstance(value, pandas.Timestamp):
        return value.isoformat()
    return NotImplemented


# The loop


def error_payload(problem):
    """An error frame for an exception. `input` is told to the caller, `model` is ours; the traceback goes to the log only."""
    if isinstance(problem, InputError):
        body = {"kind": "input", "message": str(problem)}
        if problem.code is not None:
            body.update(error_code=problem.code, status=problem.status)
        return json.dumps(body).encode()
    # As in MLflow, whatever a model raises is answered with 400: mostly it is the input that it cannot take.
    body = {"kind": "input", "message": MODEL_ERROR, "traceback": traceback.format_exc()}
    if hasattr(problem, "error_code") and hasattr(problem, "get_http_status_code"):
        reason = getattr(problem, "message", None) or str(problem)
        if reason.startswith("Failed to enforce schema of data"):
            # MLflow repeats the rows of the request before the reason.
            reason = "Failed to enforce schema. " + reason.rsplit("Error: ", 1)[-1]
        body.update(message=first_line(reason), error_code=problem.error_code, status=problem.get_http_status_code())
        body["kind"] = "input" if body["status"] < 500 else "model"
    elif isinstance(problem, (ValueError, TypeError)):
        body["message"] = "{} {}: {}".format(MODEL_ERROR, type(problem).__name__, first_line(problem))
    return json.dumps(body).encode()


class Spent:
    """What is left of the request that is answered: its table, which is taken apart after the answer is sent, and how many rows
    it had where the scorer cannot know that."""

    table, rows = None, None


def answer(predict, payload, flags=0):
    """(kind, payload, flags) of the frame that answers one request."""
    request = read_request(payload, flags)
    try:
        Spent.table = build_input(request)
        predicted = predict(Spent.table, request.get("params"))
    except MemoryError:
        raise
    except Exception as problem:
        return ERROR, error_payload(problem), 0
    try:
        not_finite = request.get("not_finite", False)
        columns = columnar_answer(predicted)
        if columns is None:
            body, flags = answer_text(predicted, not_finite).encode("ascii"), 0
        else:
            body, flags = columns, COLUMNAR
        if len(body) <= PAYLOAD_LIMIT:
            return ANSWER, body, flags
        raise ValueError("the answer has {} bytes, more than {}".format(len(body), PAYLOAD_LIMIT))
    except MemoryError:
        raise
    except Exception:
        body = {"kind": "model", "message": MODEL_ERROR, "traceback": traceback.format_exc(), "status": 500}
        return ERROR, json.dumps(body).encode(), 0


def serve(channel, predict, hello):
    while True:
        frame = channel.receive()
        if frame is None or frame[0] == STOP:
            return
        kind, request, payload, flags = frame
        if kind == FORK:
            copy = fork_worker(channel, request)
            if copy is not None:
                channel = copy
                channel.send(READY, 0, json.dumps(hello).encode())
        elif kind == REQUEST:
            kind, body, flags = answer_or_end(predict, payload, flags)
            if Spent.rows is not None:
                channel.send(ROWS, request, json.dumps({"rows": Spent.rows}).encode())
            channel.send(kind, request, body, flags)
            # What need not be done before the answer is there.
            del frame, payload, body
            Spent.table = Spent.rows = None
            sys.stdout.flush()
            sys.stderr.flush()
        else:
            raise ConnectionError("the scorer sent a frame of unknown kind {}".format(kind))


def answer_or_end(predict, payload, flags):
    try:
        result = answer(predict, payload, flags)
    except MemoryError:
        # What is left of the model cannot be trusted to work.
        end_for_want_of_memory()
    return result


def end_for_want_of_memory():
    try:
        traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(OUT_OF_MEMORY)


# Copies


def fork_problem(channel):
    """Why a copy of this process might not work, or would share what must not be shared; None when nothing is found."""
    start = os.environ.get("SKIFF_WORKER_START") or "separate"
    if start == "fork":
        return None
    if start != "auto":
        return "SKIFF_WORKER_START is {}".format(start)
    try:
        shared = [name for name in open_names(channel) if name not in ("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom")]
        if shared:
            return "the model holds {} open".format(shared[0])
        with open("/proc/self/maps", encoding="utf-8", errors="replace") as file:
            if "/dev/nvidia" in file.read():
                return "the model uses CUDA"
        if other_threads():
            # OpenBLAS stops its threads before a fork and starts them when they are needed; those of others are not in a copy.
            probe_fork()
        if other_threads():
            return "the model has threads running: {}".format(", ".join(other_threads()))
    except OSError as problem:
        return "it cannot be seen what the model holds: {}".format(problem)
    return None


def open_names(channel):
    """What is open beside the standard streams and our own socket."""
    names = []
    for number in os.listdir("/proc/self/fd"):
        if int(number) > 2 and int(number) != channel.connection.fileno():
            try:
                names.append(os.readlink("/proc/self/fd/" + number))
            except FileNotFoundError:
                continue
    return names


def other_threads():
    """The names of the threads beside the main one that a copy would miss. That of jemalloc (in pyarrow) it would not."""
    names = []
    for number in os.listdir("/proc/self/task"):
        try:
            with open("/proc/self/task/{}/comm".format(number), encoding="utf-8", errors="replace") as file:
                name = file.read().strip()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(number) != os.getpid() and name != "jemalloc_bg_thd":
            names.append(name)
    return names


def probe_fork():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        process = os.fork()
    if process == 0:
        os._exit(0)
    os.waitpid(process, 0)


def fork_worker(channel, request):
    """Makes a copy of this process: its channel there, None here. It becomes the scorer's child, not ours."""
    descriptors, channel.descriptors = channel.descriptors, []
    try:
        if len(descriptors) != 2:
            raise ConnectionError("the scorer asked for a copy without its descriptors")
        sys.stdout.flush()
        sys.stderr.flush()
        read_end, write_end = os.pipe()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            first = os.fork()
            if first == 0:
                second = fork_or_tell(write_end)
                if second == 0:
                    os.close(read_end)
                    os.close(write_end)
                    return become_worker(channel, *descriptors)
                os._exit(0)
        os.close(write_end)
        with open(read_end, "rb") as pipe:
            told = pipe.read()
        # When it has been waited for, the copy has its new parent.
        os.waitpid(first, 0)
        answer = {"process": int(told)} if told.isdigit() else {"message": told.decode("utf-8", "replace")}
    except OSError as problem:
        answer = {"message": str(problem)}
    for descriptor in descriptors:
        os.close(descriptor)
    channel.send(FORKED, request, json.dumps(answer).encode())
    return None


def fork_or_tell(write_end):
    """In the process between: forks again, and tells the number of the copy or what went wrong."""
    try:
        second = os.fork()
        if second != 0:
            os.write(write_end, str(second).encode())
        return second
    except OSError as problem:
        os.write(write_end, str(problem).encode())
        return -1


def become_worker(parent, connection, output):
    parent.connection.close()
    os.setpgid(0, 0)
    for standard in (1, 2):
        os.dup2(output, standard)
    os.close(output)
    reseed()
    channel = Channel(socket.socket(fileno=connection))
    channel.connection.setblocking(True)
    os.set_inheritable(connection, False)
    return channel


def reseed():
    """Copies must not draw the same random numbers."""
    random.seed()
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed()
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(int.from_bytes(os.urandom(7), "little"))


def limit_memory():
    """At most this many bytes of private memory, for us and for each copy."""
    text = os.environ.get("SKIFF_WORKER_MEMORY_BYTES")
    if text:
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        limit = int(text) if hard == resource.RLIM_INFINITY else min(int(text), hard)
        resource.setrlimit(resource.RLIMIT_DATA, (limit, hard))


def main():
    # Ctrl-C reaches the whole terminal group; the scorer decides when a worker stops.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.dup2(2, 1)
    channel = Channel(socket.socket(fileno=int(os.environ["SKIFF_WORKER_FD"])))
    channel.connection.setblocking(True)
    os.set_inheritable(channel.connection.fileno(), False)
    started = time.monotonic()
    try:
        limit_memory()
        folder = os.path.dirname(os.path.abspath(__file__))
        with open(os.path.join(folder, "serving.json"), encoding="utf-8") as file:
            settings = json.load(file)
        predict = load(settings, folder)
        # The collector would write to every object, and so to memory that copies share.
        gc.collect()
        gc.freeze()
        reason = fork_problem(channel)
    except BaseException as problem:
        text = "{}: {}".format(type(problem).__name__, problem)
        body = {"message": text, "traceback": traceback.format_exc()}
        channel.send(LOAD_FAILED, 0, json.dumps(body).encode())
        return 1
    hello = {
        "python": "{}.{}.{}".format(*sys.version_info[:3]),
        "loader": (settings.get("python") or {}).get("loader", "pyfunc"),
        "seconds": round(time.monotonic() - started, 3),
        "fork": reason is None,
        "reason": reason,
    }
    channel.takes_descriptors = reason is None
    channel.send(READY, 0, json.dumps(hello).encode())
    try:
        serve(channel, predict, hello)
    except (BrokenPipeError, ConnectionResetError):
        pass
    except MemoryError:
        end_for_want_of_memory()
    return 0


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    sys.stderr.flush()
    # The model's own threads and exit handlers have no say any more.
    os._exit(status)
