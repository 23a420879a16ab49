"""The Python worker of skiff-scorer: loads the model once, then answers frames on a socket pair.

skiff-scorer owns HTTP, validation, limits and logs; this file owns the model. It reads `serving.json` beside it and
talks on the descriptor named by SKIFF_WORKER_FD. A frame is a 16-byte little-endian header (magic "SKFF", kind u16,
flags u16, request u32, payload length u32) and the payload. Standard output belongs to nobody here: everything that a
model prints goes to standard error, and nothing but frames goes to the socket.

Answers are the text that MLflow's scoring server would write, with one exception: NaN, infinities and missing times,
for which JSON has no token, become null unless a request says `not_finite`.

Needs Python 3.8, the standard library, and what the model itself needs.
"""

import base64
import datetime
import inspect
import json
import math
import mmap
import os
import pickle
import re
import signal
import socket
import struct
import sys
import time
import traceback

MAGIC = 0x46464B53
HEADER = struct.Struct("<IHHII")
READY, LOAD_FAILED, REQUEST, ANSWER, ERROR, STOP = 1, 2, 3, 4, 5, 6
MODEL_ERROR = (
    "Encountered an unexpected error while evaluating the model. Verify that the serialized input Dataframe is"
    " compatible with the model for inference."
)
FRAME_TYPES = {"boolean": "bool", "integer": "int32", "long": "int64", "float": "float32", "double": "float64"}
PATHS = re.compile(r"(?:file://)?(?<![\w.])(?:~|\.{0,2})(?:/[\w.+@-]+){2,}/?")
COMPRESSED = (b"\x78", b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"\x04\x22\x4d\x18")


class InputError(Exception):
    """The request does not fit the model; the message is for the caller."""


class Channel:
    """Frames on a connected socket."""

    def __init__(self, connection):
        self.connection = connection

    def send(self, kind, request, payload):
        self.connection.sendall(HEADER.pack(MAGIC, kind, 0, request, len(payload)) + payload)

    def receive(self):
        """The next (kind, request, payload), or None when the other side has closed."""
        header = self._read(HEADER.size)
        if header is None:
            return None
        magic, kind, _, request, length = HEADER.unpack(header)
        if magic != MAGIC:
            raise ConnectionError("the scorer sent something that is not a frame")
        payload = self._read(length)
        return None if payload is None else (kind, request, payload)

    def _read(self, count):
        data = bytearray(count)
        view, got = memoryview(data), 0
        while got < count:
            step = self.connection.recv_into(view[got:])
            if step == 0:
                return None
            got += step
        return bytes(data)


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


def load(settings, folder):
    python = settings.get("python") or {}
    name = python.get("loader", "pyfunc")
    if name not in LOADERS:
        raise ValueError("cannot load the model: `{}` is not a known loader ({})".format(name, ", ".join(LOADERS)))
    return LOADERS[name](os.path.join(folder, python.get("model", "model")), settings)


# Requests


def build_input(request):
    """What the model is called with, made from a request frame."""
    form = request["form"]
    if form == "frame":
        return build_frame(request)
    if form == "tensor":
        return build_tensor(request)
    return build_raw(request)


def build_frame(request):
    import pandas

    types = request.get("types")
    series = {}
    for index, values in enumerate(request["data"]):
        series[index] = build_column(column_name(request, index), types[index] if types else None, values)
    frame = pandas.DataFrame(series, index=range(request["rows"]), copy=False)
    if request.get("columns") is not None:
        frame.columns = request["columns"]
    return frame


def column_name(request, index):
    return request["columns"][index] if request.get("columns") is not None else index


def build_column(name, kind, values):
    """One column with the dtype that MLflow gives to its type; without a type pandas decides, as in MLflow."""
    import pandas

    try:
        if kind is None or kind == "any":
            return pandas.Series(values)
        if isinstance(kind, str) and kind in FRAME_TYPES:
            return pandas.Series(values, dtype=FRAME_TYPES[kind])
        if kind == "string":
            column = pandas.Series(values) if values else pandas.Series(values, dtype=object)
            return column if isinstance(column.dtype, pandas.StringDtype) else column.astype(object)
        if kind == "csv_string":
            # What `read_csv` gives for the dtype object: texts, and NaN for what is missing.
            return pandas.Series([math.nan if value is None else value for value in values], dtype=object)
        if kind == "datetime":
            stamps = [pandas.NaT if value is None else pandas.Timestamp(value) for value in values]
            return pandas.Series(stamps, dtype="datetime64[ns]")
        return pandas.Series([convert_cell(value, kind) for value in values], dtype=object)
    except InputError as problem:
        raise InputError("column `{}`: {}".format(name, problem)) from problem
    except (ValueError, TypeError, OverflowError) as problem:
        text = "column `{}` cannot be read as {}: {}".format(name, kind_name(kind), problem)
        raise InputError(text) from problem


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
            return numpy.array(request["data"], dtype=request["types"][0])
        parts = zip(request["columns"], request["types"], request["data"])
        return {name: numpy.array(values, dtype=dtype) for name, dtype, values in parts}
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


def first_line(problem):
    """What an exception says, without the paths of this machine: one line, not too long."""
    line = str(problem).strip().split("\n", 1)[0]
    return PATHS.sub("[path]", line)[:300]


# Answers


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
        return json.dumps({"kind": "input", "message": str(problem)}).encode()
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


def answer(predict, payload):
    """(kind, payload) of the frame that answers one request."""
    try:
        request = json.loads(payload)
        predicted = predict(build_input(request), request.get("params"))
    except MemoryError:
        raise
    except Exception as problem:
        return ERROR, error_payload(problem)
    try:
        return ANSWER, answer_text(predicted, request.get("not_finite", False)).encode("ascii")
    except Exception:
        body = {"kind": "model", "message": MODEL_ERROR, "traceback": traceback.format_exc(), "status": 500}
        return ERROR, json.dumps(body).encode()


def serve(channel, predict):
    while True:
        frame = channel.receive()
        if frame is None or frame[0] == STOP:
            return
        kind, request, payload = frame
        if kind != REQUEST:
            raise ConnectionError("the scorer sent a frame of unknown kind {}".format(kind))
        channel.send(*answer_frame(predict, request, payload))


def answer_frame(predict, request, payload):
    kind, body = answer(predict, payload)
    sys.stdout.flush()
    sys.stderr.flush()
    return kind, request, body


def main():
    # Ctrl-C reaches the whole terminal group; the scorer decides when a worker stops.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.dup2(2, 1)
    channel = Channel(socket.socket(fileno=int(os.environ["SKIFF_WORKER_FD"])))
    channel.connection.setblocking(True)
    os.set_inheritable(channel.connection.fileno(), False)
    started = time.monotonic()
    try:
        folder = os.path.dirname(os.path.abspath(__file__))
        with open(os.path.join(folder, "serving.json"), encoding="utf-8") as file:
            settings = json.load(file)
        predict = load(settings, folder)
    except BaseException as problem:
        text = "{}: {}".format(type(problem).__name__, problem)
        body = {"message": text, "traceback": traceback.format_exc()}
        channel.send(LOAD_FAILED, 0, json.dumps(body).encode())
        return 1
    hello = {
        "python": "{}.{}.{}".format(*sys.version_info[:3]),
        "loader": (settings.get("python") or {}).get("loader", "pyfunc"),
        "seconds": round(time.monotonic() - started, 3),
    }
    channel.send(READY, 0, json.dumps(hello).encode())
    try:
        serve(channel, predict)
    except (BrokenPipeError, ConnectionResetError):
        pass
    return 0


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    sys.stderr.flush()
    # The model's own threads and exit handlers have no say any more.
    os._exit(status)
