"""Tests of templates/python/score.py: python3 test_score.py PATH_OF_SCORE_PY

Needs the standard library only. Where NumPy and pandas are there too, what is said of them is tested with them.
"""

import base64
import datetime
import importlib.util
import json
import math
import os
import pickle
import socket
import subprocess
import sys
import tempfile
import textwrap
import unittest

PATH = os.path.abspath(sys.argv.pop(1))
spec = importlib.util.spec_from_file_location("score", PATH)
score = importlib.util.module_from_spec(spec)
spec.loader.exec_module(score)


class Answers(unittest.TestCase):
    def text(self, value):
        return score.answer_text(value)

    def test_layout_is_that_of_json_dumps(self):
        value = {"a": [1, 2.0, True, None, "é😀"], 3: {"b": 1e16}}
        self.assertEqual(self.text(value), json.dumps(value))
        self.assertEqual(self.text("plain é"), '"plain \\u00e9"')
        self.assertEqual(self.text((1, 2)), "[1, 2]")

    def test_what_is_not_finite_is_null(self):
        self.assertEqual(self.text([math.nan, math.inf, -math.inf, {"a": math.nan}]), '[null, null, null, {"a": null}]')

    def test_what_is_not_finite_stays_where_a_request_asks_for_it(self):
        value = [math.nan, math.inf, {"a": -math.inf}]
        self.assertEqual(score.answer_text(value, True), '[NaN, Infinity, {"a": -Infinity}]')

    def test_bytes_are_base64_as_mlflow_writes_it(self):
        self.assertEqual(json.loads(self.text(b"\0\xff" * 50)), base64.encodebytes(b"\0\xff" * 50).decode())

    def test_dates_are_iso_text(self):
        value = [datetime.date(2024, 1, 2), datetime.datetime(2024, 1, 2, 3, 4, 5), datetime.time(1, 2)]
        self.assertEqual(self.text(value), '["2024-01-02", "2024-01-02T03:04:05", "01:02:00"]')

    def test_a_pydantic_model_is_its_dict(self):
        class Model:
            def model_dump(self):
                return {"a": math.nan}

        self.assertEqual(self.text([Model()]), '[{"a": null}]')

    def test_other_types_are_errors(self):
        for value in ({1, 2}, 1j, object()):
            with self.assertRaises(TypeError):
                self.text(value)


class RawRequests(unittest.TestCase):
    def build(self, key, data, **more):
        return score.build_raw(dict(more, key=key, data=data))

    def test_a_unified_body_is_passed_on_without_its_parameters(self):
        self.assertEqual(self.build("unified", {"messages": [1], "k": 2}, params={"k": 2}), {"messages": [1]})

    def test_what_a_type_hint_checks_is_passed_on_as_it_is(self):
        self.assertEqual(self.build("hinted", [{"x": "1"}]), [{"x": "1"}])

    def test_a_missing_number_in_an_array_is_nan(self):
        kind = {"type": "array", "items": {"type": "double"}}
        self.assertEqual(score.convert_cell([1, 2.5], kind), [1.0, 2.5])
        self.assertTrue(math.isnan(score.convert_cell([None], kind)[0]))


class Errors(unittest.TestCase):
    def frame(self, problem):
        def predict(data, params):
            raise problem

        payload = json.dumps({"form": "raw", "key": "none", "data": 1}).encode()
        original, score.build_input = score.build_input, lambda request: request
        try:
            kind, body, _ = score.answer(predict, payload)
        finally:
            score.build_input = original
        self.assertEqual(kind, score.ERROR)
        return json.loads(body)

    def test_value_errors_are_the_callers(self):
        body = self.frame(ValueError("Input X contains NaN.\nMore words"))
        self.assertEqual(body["kind"], "input")
        self.assertTrue(body["message"].endswith("for inference. ValueError: Input X contains NaN."))
        self.assertIn("Traceback", body["traceback"])

    def test_others_are_the_callers_without_detail(self):
        # As in MLflow, which answers 400 to whatever a model raises.
        self.assertEqual(self.frame(KeyError("secret"))["kind"], "input")
        self.assertNotIn("secret", self.frame(KeyError("secret"))["message"])

    def test_paths_of_the_machine_are_not_told(self):
        body = self.frame(ValueError("cannot read /opt/app/model/x.bin or a/b: 1/2 of file:///etc/secret/key"))
        self.assertTrue(body["message"].endswith("cannot read [path] or a/b: 1/2 of [path]"), body["message"])

    def test_the_rows_in_mlflows_message_are_not_told(self):
        class MlflowException(Exception):
            message = "Failed to enforce schema of data '   name\n0  Ada' with schema '[x]'. Error: Model is missing inputs ['x']."
            error_code = "INVALID_PARAMETER_VALUE"

            def get_http_status_code(self):
                return 400

        body = self.frame(MlflowException())
        self.assertEqual(body["message"], "Failed to enforce schema. Model is missing inputs ['x'].")

    def test_an_input_error_has_no_trace(self):
        self.assertEqual(self.frame(score.InputError("no")), {"kind": "input", "message": "no"})

    def test_an_mlflow_exception_keeps_its_code(self):
        class MlflowException(Exception):
            error_code = "RESOURCE_DOES_NOT_EXIST"

            def get_http_status_code(self):
                return 404

        body = self.frame(MlflowException("gone"))
        self.assertEqual((body["kind"], body["error_code"], body["status"]), ("input", "RESOURCE_DOES_NOT_EXIST", 404))

    def test_an_answer_that_is_no_json_is_the_models_error(self):
        original, score.build_input = score.build_input, lambda request: request
        try:
            kind, body, _ = score.answer(lambda data, params: {1j}, b"{}")
        finally:
            score.build_input = original
        self.assertEqual((kind, json.loads(body)["kind"]), (score.ERROR, "model"))


class Cells(unittest.TestCase):
    def test_whole_numbers_become_floats_where_the_type_says_so(self):
        kind = {"type": "array", "items": {"type": "double"}}
        value = score.convert_cell([1, 2.5], kind)
        self.assertEqual((value, type(value[0])), ([1.0, 2.5], float))
        nested = {"type": "object", "properties": {"p": {"type": "string"}, "m": {"type": "map", "values": {"type": "float"}}}}
        self.assertEqual(score.convert_cell({"p": "x", "m": {"k": 1}}, nested), {"p": "x", "m": {"k": 1.0}})

    def test_an_unknown_property_is_refused(self):
        with self.assertRaises(score.InputError):
            score.convert_cell({"z": 1}, {"type": "object", "properties": {}})

    def test_binary_is_base64(self):
        self.assertEqual(score.convert_cell("AA\nH/", "binary"), b"\0\1\xff")
        for text in ("AAH", "!!!", "AAH/ "):
            with self.assertRaises(score.InputError):
                score.convert_cell(text, "binary")


class Estimators(unittest.TestCase):
    def read(self, data, name="model.pkl"):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, name)
            with open(path, "wb") as file:
                file.write(data)
            return score.read_estimator(path)

    def test_a_pickle_is_loaded(self):
        self.assertEqual(self.read(pickle.dumps({"a": 1})), {"a": 1})

    def test_what_joblib_wrote_is_told_by_its_content(self):
        import io

        self.assertFalse(score.written_by_joblib(self.file(pickle.dumps([1]))))
        self.assertTrue(score.written_by_joblib(self.file(b"\x80\x04cjoblib.numpy_pickle\nNumpyArrayWrapper\n.")))
        self.assertTrue(score.written_by_joblib(io.BytesIO(b"\x1f\x8b\x08" + bytes(20))))

    def file(self, data):
        file = tempfile.TemporaryFile()
        self.addCleanup(file.close)
        file.write(data)
        file.seek(0)
        return file


class Process(unittest.TestCase):
    """The worker as a process, with a stand-in for MLflow."""

    STAND_IN = textwrap.dedent(
        """
        import os, sys
        print("imported")
        os.write(1, b"from the depths\\n")

        class Model:
            def predict(self, data, params=None):
                print("predicting")
                if data == {"stop": 1}:
                    raise MemoryError()
                return {"got": data, "params": params}

        def load_model(path):
            assert os.path.basename(path) == "model", path
            return Model()
        """
    )

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        with open(PATH, encoding="utf-8") as file:
            self.write("score.py", file.read())
        self.write("serving.json", json.dumps({"python": {"loader": "pyfunc", "model": "model"}}))
        self.write("lib/mlflow/__init__.py", "")
        self.write("lib/mlflow/pyfunc.py", self.STAND_IN)

    def write(self, name, text):
        path = os.path.join(self.folder.name, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)

    def start(self, **variables):
        ours, theirs = socket.socketpair()
        ours.settimeout(60)
        environment = dict(os.environ, SKIFF_WORKER_FD=str(theirs.fileno()), PYTHONPATH=os.path.join(self.folder.name, "lib"))
        environment.update(variables)
        process = subprocess.Popen(
            [sys.executable, "-B", os.path.join(self.folder.name, "score.py")],
            pass_fds=[theirs.fileno()], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )
        theirs.close()
        self.addCleanup(ours.close)
        return process, score.Channel(ours)

    def test_frames_go_in_and_out_and_prints_go_to_standard_error(self):
        process, channel = self.start()
        kind, _, hello, _ = channel.receive()
        self.assertEqual(kind, score.READY)
        self.assertEqual(set(json.loads(hello)), {"python", "loader", "seconds", "fork", "reason"})
        self.assertEqual(json.loads(hello)["reason"], "SKIFF_WORKER_START is separate")
        request = {"form": "raw", "key": "messages", "data": {"a": 1}, "params": {"k": 1}}
        original = request["key"]
        self.assertEqual(original, "messages")
        channel.send(score.STOP, 0, b"")
        output, errors = process.communicate(timeout=60)
        self.assertEqual((process.returncode, output), (0, b""))
        self.assertIn(b"imported", errors)
        self.assertIn(b"from the depths", errors)

    def test_the_end_of_the_socket_is_the_end_of_the_worker(self):
        process, channel = self.start()
        channel.receive()
        channel.connection.close()
        process.communicate(timeout=60)
        self.assertEqual(process.returncode, 0)

    def test_a_model_that_cannot_be_loaded_is_reported(self):
        self.write("lib/mlflow/pyfunc.py", "def load_model(path):\n    raise SystemExit('not today')\n")
        process, channel = self.start()
        kind, _, body, _ = channel.receive()
        self.assertEqual(kind, score.LOAD_FAILED)
        self.assertEqual(json.loads(body)["message"], "SystemExit: not today")
        process.communicate(timeout=60)
        self.assertEqual(process.returncode, 1)

    def hello(self, stand_in, **variables):
        """What a worker says of itself whose model does `stand_in` while it is loaded."""
        self.write("lib/mlflow/pyfunc.py", self.STAND_IN + textwrap.dedent(stand_in))
        process, channel = self.start(**variables)
        kind, _, body, _ = channel.receive()
        channel.send(score.STOP, 0, b"")
        process.communicate(timeout=60)
        self.assertEqual(kind, score.READY, body)
        return json.loads(body)

    def test_a_plain_model_may_be_copied(self):
        self.assertEqual(self.hello("", SKIFF_WORKER_START="auto")["fork"], True)

    def test_what_a_copy_would_miss_or_share_keeps_it_from_being_copied(self):
        threads = """
            import threading
            threading.Thread(target=threading.Event().wait, daemon=True).start()
        """
        hello = self.hello(threads, SKIFF_WORKER_START="auto")
        self.assertEqual(hello["fork"], False)
        self.assertIn("the model has threads running: ", hello["reason"])
        self.assertEqual(self.hello(threads, SKIFF_WORKER_START="fork")["fork"], True)
        self.assertEqual(self.hello("", SKIFF_WORKER_START="separate")["fork"], False)
        for opening in ("held = open(__file__)", "import socket; held = socket.socketpair()", "held = os.pipe()"):
            hello = self.hello(opening, SKIFF_WORKER_START="auto")
            self.assertEqual(hello["fork"], False, opening)
            self.assertRegex(hello["reason"], "^the model holds .* open$")

    def test_copies_answer_on_their_own_sockets_and_draw_their_own_numbers(self):
        self.write("lib/mlflow/pyfunc.py", self.STAND_IN.replace('{"got": data, "params": params}', "[os.getpid(), random.random()]").replace("import os, sys", "import os, random, sys; random.seed(1)"))
        process, parent = self.start(SKIFF_WORKER_START="auto")
        self.assertTrue(json.loads(parent.receive()[2])["fork"])
        told, answered = [], []
        for number in (1, 2):
            ours, theirs = socket.socketpair()
            ours.settimeout(60)
            self.addCleanup(ours.close)
            read_end, write_end = os.pipe()
            header = score.HEADER.pack(score.MAGIC, score.FORK, 0, number, 0)
            parent.connection.sendmsg([header], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, score.struct.pack("=2i", theirs.fileno(), write_end))])
            theirs.close()
            os.close(write_end)
            kind, request, body, _ = parent.receive()
            self.assertEqual((kind, request), (score.FORKED, number))
            told.append(json.loads(body)["process"])
            copy = score.Channel(ours)
            self.assertEqual(copy.receive()[0], score.READY)
            original = json.dumps({"form": "raw", "key": "dataframe", "data": None}).encode()
            if importlib.util.find_spec("numpy"):
                copy.send(score.REQUEST, 5, original)
                answered.append(json.loads(copy.receive()[2]))
            copy.send(score.STOP, 0, b"")
            with open(read_end, "rb") as pipe:
                self.assertNotIn(b"Traceback", pipe.read())
        self.assertEqual(len(set(told + [process.pid])), 3)
        if answered:
            self.assertEqual([pid for pid, _ in answered], told)
            self.assertNotEqual(answered[0][1], answered[1][1])
        parent.send(score.STOP, 0, b"")
        process.communicate(timeout=60)
        self.assertEqual(process.returncode, 0)

    def test_a_copy_without_descriptors_is_refused(self):
        process, parent = self.start(SKIFF_WORKER_START="auto")
        parent.receive()
        parent.send(score.FORK, 1, b"")
        self.assertIn("without its descriptors", json.loads(parent.receive()[2])["message"])
        parent.send(score.STOP, 0, b"")
        process.communicate(timeout=60)

    def test_want_of_memory_has_a_status_of_its_own(self):
        self.write("lib/mlflow/pyfunc.py", self.STAND_IN.replace('return {"got"', 'bytearray(1 << 33); return {"got"'))
        process, channel = self.start(SKIFF_WORKER_MEMORY_BYTES=str(1 << 30))
        channel.receive()
        channel.send(score.REQUEST, 1, json.dumps({"form": "raw", "key": "inputs", "data": {}}).encode())
        self.assertIsNone(channel.receive())
        _, errors = process.communicate(timeout=60)
        if importlib.util.find_spec("numpy"):
            self.assertEqual(process.returncode, score.OUT_OF_MEMORY)
            self.assertIn(b"MemoryError", errors)

    def test_an_unknown_loader_is_named(self):
        self.write("serving.json", json.dumps({"python": {"loader": "vinegar"}}))
        process, channel = self.start()
        kind, _, body, _ = channel.receive()
        self.assertEqual(kind, score.LOAD_FAILED)
        self.assertIn("`vinegar` is not a known loader (pyfunc, sklearn)", json.loads(body)["message"])
        process.communicate(timeout=60)


if importlib.util.find_spec("numpy") and importlib.util.find_spec("pandas"):
    import numpy
    import pandas

    class Arrays(unittest.TestCase):
        def text(self, value):
            return score.answer_text(value)

        def test_arrays(self):
            self.assertEqual(self.text(numpy.array([[1, 2], [3, 4]])), "[[1, 2], [3, 4]]")
            self.assertEqual(self.text(numpy.array([0.1, numpy.nan, numpy.inf])), "[0.1, null, null]")
            self.assertEqual(self.text(numpy.array([0.1], dtype="float32")), "[0.10000000149011612]")
            self.assertEqual(self.text([numpy.float32(0.5), numpy.int8(3), numpy.bool_(True)]), "[0.5, 3, true]")
            self.assertEqual(self.text(numpy.array(["a", None, numpy.nan], dtype=object)), '["a", null, null]')
            self.assertEqual(self.text(numpy.array(["2024-01-02T03:04:05"], dtype="datetime64[s]")), '["2024-01-02T03:04:05"]')
            self.assertEqual(self.text({numpy.int64(3): numpy.longdouble(1.5)}), '{"3": 1.5}')

        def test_tables(self):
            table = pandas.DataFrame({"a": [1, 2], "b": ["x", None], "c": [0.5, numpy.nan]})
            self.assertEqual(self.text(table), '[{"a": 1, "b": "x", "c": 0.5}, {"a": 2, "b": null, "c": null}]')
            self.assertEqual(self.text(pandas.Series([1.0, 2.0])), '[{"0": 1.0}, {"0": 2.0}]')
            times = pandas.DataFrame({"t": pandas.to_datetime(["2024-01-02T03:04:05.123456789", None])})
            self.assertEqual(self.text(times), '[{"t": "2024-01-02T03:04:05.123456789"}, {"t": null}]')
            self.assertIn('"NaT"', score.answer_text(times, True))
            missing = numpy.array(["2024-01-02", "NaT"], dtype="datetime64[D]")
            self.assertEqual(self.text(missing), '["2024-01-02", null]')
            self.assertEqual(self.text([pandas.NA]), "[null]")

    class Columns(unittest.TestCase):
        """What goes between the processes as binary columns."""

        def payload(self, head, rows, columns, params=b""):
            """A columnar payload of (encoding, bytes, shape, missing)."""
            body = score.FIXED.pack(len(head), len(params), len(columns), 0, rows)
            cells = [(self.bitmap(rows, missing) if missing else b"") + data for _, data, _, missing in columns]
            for (encoding, _, shape, missing), data in zip(columns, cells):
                body += score.COLUMN.pack(encoding, 1 if missing else 0, len(shape), len(data))
            for _, _, shape, _ in columns:
                body += score.struct.pack("<{}Q".format(len(shape)), *shape)
            body += head + params
            for (encoding, _, _, missing), data in zip(columns, cells):
                unit = 8 if missing else score.alignment(encoding)
                body += bytes(score.aligned(len(body), unit) - len(body)) + data
            return bytearray(body)

        def bitmap(self, rows, missing):
            bits = bytearray(score.aligned((rows + 7) // 8, 8))
            for row in range(rows):
                if row not in missing:
                    bits[row // 8] |= 1 << row % 8
            return bytes(bits)

        def texts(self, *values):
            ends = [0]
            for value in values:
                ends.append(ends[-1] + len(value.encode()))
            return numpy.array(ends, "<u4").tobytes() + "".join(values).encode()

        def test_numbers_of_one_type_are_one_array_without_a_copy(self):
            data = [(1, numpy.array(column, "<f8").tobytes(), (), None) for column in ([1.5, numpy.nan], [2, -0.0])]
            payload = self.payload(b'{"form": "frame", "columns": ["a", "b"], "types": ["double", "double"]}', 2, data, b'{"k": 1}')
            request = score.read_request(payload, score.COLUMNAR)
            frame = score.build_input(request)
            self.assertEqual((list(frame.columns), request["params"]), (["a", "b"], {"k": 1}))
            self.assertEqual(frame.to_numpy().tolist()[0], [1.5, 2.0])
            self.assertTrue(numpy.shares_memory(frame.to_numpy(), numpy.frombuffer(payload, "u1")))
            self.assertTrue(numpy.signbit(frame["b"][1]))

        def test_columns_of_every_type_are_what_lists_would_have_become(self):
            types = ["boolean", "integer", "long", "float", "double", "string", "string", "datetime", "binary", {"type": "array", "items": {"type": "double"}}]
            lists = [[True, False], [1, -2], [9007199254740993, 2], [0.1, None], [None, 1], ["a", None], ["größe", ""], ["2024-01-02", None], ["AAH/", "AA=="], [[1, 2.5], []]]
            cells = [
                (5, b"\1\0", (), None), (4, numpy.array([1, -2], "<i4").tobytes(), (), None),
                (3, numpy.array([9007199254740993, 2], "<i8").tobytes(), (), None),
                (2, numpy.array([0.1, numpy.nan], "<f4").tobytes(), (), None),
                (1, numpy.array([numpy.nan, 1], "<f8").tobytes(), (), None),
                (6, self.texts("a", ""), (), [1]), (6, self.texts("größe", ""), (), None),
                (7, numpy.array(["2024-01-02", "NaT"], "<M8[ns]").tobytes(), (), None),
                (6, self.texts("AAH/", "AA=="), (), None), (8, b"[[1, 2.5],[]]", (), None),
            ]
            names = ["c{}".format(index) for index in range(len(types))]
            head = {"form": "frame", "columns": names, "types": types}
            made = score.build_input(score.read_request(self.payload(json.dumps(head).encode(), 2, cells), score.COLUMNAR))
            wanted = score.build_input(dict(head, rows=2, data=lists))
            pandas.testing.assert_frame_equal(made, wanted)
            self.assertEqual([type(value) for value in made["c5"]], [type(value) for value in wanted["c5"]])

        def test_texts_of_csv_are_objects_with_nan_for_what_is_missing(self):
            payload = self.payload(b'{"form": "frame", "columns": ["a"], "types": ["csv_string"]}', 3, [(6, self.texts("x", "", "\u00e9"), (), [1])])
            column = score.build_input(score.read_request(payload, score.COLUMNAR))["a"]
            self.assertEqual(column.dtype, object)
            self.assertEqual([column[0], column[2]], ["x", "\u00e9"])
            self.assertTrue(isinstance(column[1], float) and math.isnan(column[1]))

        def test_a_table_of_no_rows_has_its_columns_and_dtypes(self):
            head = {"form": "frame", "columns": list("abcd"), "types": ["double", "double", "string", "csv_string"]}
            cells = [(1, b"", (), None), (1, b"", (), None), (6, self.texts(), (), None), (6, self.texts(), (), None)]
            made = score.build_input(score.read_request(self.payload(json.dumps(head).encode(), 0, cells), score.COLUMNAR))
            wanted = score.build_input(dict(head, rows=0, data=[[], [], [], []]))
            pandas.testing.assert_frame_equal(made, wanted)
            self.assertEqual([str(dtype) for dtype in made.dtypes], ["float64", "float64", "object", "object"])
            tensor = self.payload(b'{"form": "tensor", "columns": null, "types": ["float32"]}', 0, [(2, b"", (), None)])
            self.assertEqual(score.build_input(score.read_request(tensor, score.COLUMNAR)).dtype, numpy.float32)

        def test_an_answer_that_may_have_what_is_not_finite_says_so_as_text(self):
            head = b'{"form": "frame", "columns": ["a"], "types": ["double"], "not_finite": true}'
            payload = self.payload(head, 1, [(1, numpy.array([numpy.nan], "<f8").tobytes(), (), None)])
            kind, body, flags = score.answer(lambda data, params: {"y": data["a"].tolist()}, payload, score.COLUMNAR)
            self.assertEqual((kind, body, flags), (score.ANSWER, b'{"y": [NaN]}', 0))

        def test_tensors_keep_their_shape(self):
            numbers = numpy.arange(12, dtype="<i8").reshape(2, 3, 2)
            payload = self.payload(b'{"form": "tensor", "columns": null, "types": ["int64"]}', 2, [(3, numbers.tobytes(), (3, 2), None)])
            tensor = score.build_input(score.read_request(payload, score.COLUMNAR))
            self.assertEqual((tensor.dtype, tensor.tolist()), (numpy.int64, numbers.tolist()))
            small = [(14, bytes(range(10)), (5,), None), (1, numpy.ones(2).tobytes(), (), None), (5, b"\1\0", (), None), (14, bytes([7, 8]), (1, 1), None)]
            payload = self.payload(b'{"form": "tensor", "columns": ["a", "b", "c", "d"], "types": ["uint8", "float64", "bool", "uint8"]}', 2, small)
            tensors = score.build_input(score.read_request(payload, score.COLUMNAR))
            self.assertEqual([tensors[name].tolist() for name in "abcd"], [[[0, 1, 2, 3, 4], [5, 6, 7, 8, 9]], [1, 1], [True, False], [[[7]], [[8]]]])
            halves = self.payload(b'{"form": "tensor", "columns": ["h"], "types": ["float16"]}', 2, [(1, numpy.array([0.1, 1e9], "<f8").tobytes(), (), None)])
            tensor = score.build_input(score.read_request(halves, score.COLUMNAR))["h"]
            self.assertEqual(tensor.tolist(), numpy.array([0.1, 1e9], dtype="float16").tolist())

        def frames(self, rows=1):
            """Payloads of a table of numbers alone, and of one of numbers, texts and others."""
            head = {"form": "frame", "columns": ["a", "b"], "types": ["double", "double"]}
            number = (1, numpy.ones(rows).tobytes(), (), None)
            yield self.payload(json.dumps(head).encode(), rows, [number, number])
            head.update(columns=list("abcde"), types=["double", "string", "long", "string", "binary"])
            cells = [number, (6, self.texts(*["x"] * rows), (), None), (3, numpy.arange(rows).tobytes(), (), None), (6, self.texts(*["é"] * rows), (), None)]
            yield self.payload(json.dumps(head).encode(), rows, cells + [(6, self.texts(*["AAH/"] * rows), (), None)])
            yield self.payload(json.dumps(dict(head, columns=None)).encode(), rows, cells + [(6, self.texts(*["AAH/"] * rows), (), None)])

        def test_what_a_model_does_to_its_table_is_not_seen_by_the_next_request(self):
            def spoil(table):
                for action in (
                    lambda: table.columns.values.__setitem__(0, "spoilt"), lambda: table.columns.array.__setitem__(1, "spoilt"),
                    lambda: table.index.values.__setitem__(0, 9), lambda: setattr(table.columns, "name", "n"), lambda: setattr(table.index, "name", "n"),
                    lambda: table.insert(0, "new", 1), lambda: table.iloc.__setitem__((0, 1), numpy.nan), lambda: setattr(table, "columns", range(table.shape[1])),
                ):
                    try:
                        action()
                    except (ValueError, TypeError):
                        continue

            for rows in (1, 3):
                for number, payload in enumerate(self.frames(rows)):
                    first = score.build_input(score.read_request(bytearray(payload), 1))
                    names, index = list(first.columns), list(first.index)
                    wanted = [list(first[name]) for name in names]
                    spoil(first)
                    for _ in range(2):
                        again = score.build_input(score.read_request(bytearray(payload), 1))
                        self.assertEqual((list(again.columns), list(again.index), again.columns.name, again.index.name), (names, index, None, None))
                        self.assertEqual(again.columns.values.tolist(), names)
                        self.assertEqual([list(again[name]) for name in names], wanted, number)
                        spoil(again)

        def test_a_model_may_write_to_every_column_of_its_table(self):
            types = ["boolean", "integer", "long", "float", "double", "string", "csv_string", "datetime", "binary", "any", "any"]
            lists = [[True, False], [1, 2], [1, 2], [1.0, 2.0], [1.0, None], ["a", "b"], ["a", "b"], ["2024-01-02", "2024-01-03"], ["AAH/", "AAA="], ["x", "y"], [1, 2]]
            tables = [score.build_input({"form": "frame", "columns": list("abcdefghijk"), "types": types, "rows": 2, "data": lists})]
            tables += [score.build_input(score.read_request(payload, 1)) for payload in self.frames(2)]
            for table in tables:
                for column in range(table.shape[1]):
                    value = table.iloc[1, column]
                    table.iloc[0, column] = value
                    self.assertTrue(table.iloc[0, column] == value or value != value)

        def test_the_public_way_makes_the_same_tables(self):
            self.assertIsNotNone(score.build_input({"form": "frame", "columns": ["a"], "types": ["string"], "rows": 1, "data": [["x"]]}))
            for rows in (0, 1, 2):
                for payload in self.frames(rows):
                    tables = []
                    for maker in (score.Pandas.table, score.make_of_columns):
                        kept, score.Pandas.table = score.Pandas.table, staticmethod(maker)
                        try:
                            tables.append(score.build_input(score.read_request(bytearray(payload), 1)))
                        finally:
                            score.Pandas.table = staticmethod(kept)
                    pandas.testing.assert_frame_equal(*tables)

        def test_texts_that_are_missing_change_from_request_to_request(self):
            head = b'{"form": "frame", "columns": ["s", "t", "x"], "types": ["string", "string", "double"]}'
            number = (1, numpy.ones(2).tobytes(), (), None)
            for missing in (None, [0], [0, 1], [1], None):
                texts = ["" if row in (missing or []) else "v" for row in range(2)]
                payload = self.payload(head, 2, [(6, self.texts(*texts), (), missing), (6, self.texts("p", "q"), (), None), number])
                made = score.build_input(score.read_request(payload, 1))
                lists = [[None if row in (missing or []) else "v" for row in range(2)], ["p", "q"], [1.0, 1.0]]
                wanted = score.build_input({"form": "frame", "columns": list("stx"), "types": ["string", "string", "double"], "rows": 2, "data": lists})
                pandas.testing.assert_frame_equal(made, wanted)

        def test_damaged_payloads_are_refused(self):
            whole = self.payload(b'{"form": "frame", "columns": ["a"], "types": ["string"]}', 2, [(6, self.texts("a", "b"), (), [0])])
            self.assertEqual(score.read_request(whole, 1)["data"], [[None, "b"]])
            for size in range(len(whole)):
                with self.assertRaises((ConnectionError, score.struct.error, ValueError, IndexError)):
                    score.read_request(whole[:size], 1)

        def test_answers_of_numbers_are_columns_and_others_are_text(self):
            frame = pandas.DataFrame({"a": [1, 2], 3: [0.5, numpy.nan]})
            for dtype in ("f8", "f4", "f2", "i1", "u2", "?", ">i4", ">f8"):
                for value in (numpy.array([1, 0, 3], dtype), numpy.array([[1, 2], [3, 4]], dtype)[:, 1]):
                    rows, fixed = len(value), score.columnar_answer(value)
                    generic = score.pack_columns(b'{"layout": "array"}', rows, [(score.number_array(value), ())])
                    self.assertEqual(fixed, generic, dtype)
            for value in (numpy.array([1.5]), numpy.ones((2, 3), "f4"), numpy.array([True]), pandas.Series([1], name="n"), frame, numpy.array([1], ">i4")):
                self.assertIsNotNone(score.columnar_answer(value), repr(value))
            texts = (
                [1.5], None, {}, numpy.array(1.5), numpy.array([]), numpy.zeros((2, 0)), numpy.array(["a"]), numpy.array([1j]), numpy.array([1], "longdouble"),
                numpy.ma.masked_array([1, 2], [0, 1]), pandas.DataFrame({"a": [1], "b": ["x"]}), pandas.DataFrame(), pandas.DataFrame([[1, 2]], columns=["a", "a"]),
                pandas.Series([1, None], dtype="Int64"), pandas.DataFrame({("a", "b"): [1]}), pandas.DataFrame([[1]], columns=pandas.Index(["\ud800"], dtype=object)), pandas.to_datetime(["2024-01-02"]).to_series(),
            )
            for value in texts:
                self.assertIsNone(score.columnar_answer(value), type(value))

    class Tables(unittest.TestCase):
        def frame(self, columns, types, data, rows=None):
            request = {"form": "frame", "columns": columns, "types": types, "data": data}
            request["rows"] = rows if rows is not None else len(data[0])
            return score.build_input(request)

        def test_each_type_has_the_dtype_that_mlflow_gives_it(self):
            types = ["boolean", "integer", "long", "float", "double", "datetime", "binary"]
            data = [[True, False], [1, 2], [9007199254740993, 2], [0.1, None], [1, None], ["2024-01-02", None], ["AAH/", "AA=="]]
            frame = self.frame(list("abcdefg"), types, data)
            expected = ["bool", "int32", "int64", "float32", "float64", "datetime64[ns]", "object"]
            self.assertEqual([str(dtype) for dtype in frame.dtypes], expected)
            self.assertEqual(frame["c"][0], 9007199254740993)
            self.assertTrue(frame["e"].isna()[1])
            self.assertEqual(frame["g"][0], b"\0\1\xff")

        def test_texts_are_texts(self):
            frame = self.frame(["s"], ["string"], [["a", None]])
            self.assertIn(str(frame.dtypes["s"]), ("object", "str", "string"))
            self.assertEqual(frame["s"][0], "a")

        def test_names_may_be_missing_and_columns_too(self):
            self.assertEqual(list(self.frame(None, ["double", "long"], [[1.5], [2]]).columns), [0, 1])
            self.assertEqual(self.frame([], [], [], rows=3).shape, (3, 0))

        def test_a_time_out_of_range_is_the_callers_mistake(self):
            with self.assertRaises(score.InputError):
                self.frame(["t"], ["datetime"], [["3000-01-01"]])

        def test_tensors(self):
            tensor = score.build_input({"form": "tensor", "columns": None, "types": ["float32"], "data": [[1, None], [3, 4]]})
            self.assertEqual((tensor.dtype, tensor.shape), (numpy.float32, (2, 2)))
            named = score.build_input({"form": "tensor", "columns": ["a", "b"], "types": ["int64", "bool"], "data": [[[1], [2]], [True, False]]})
            self.assertEqual((named["a"].shape, named["b"].dtype), ((2, 1), numpy.bool_))

        def test_rows_without_a_schema(self):
            records = score.build_input({"form": "raw", "key": "dataframe_records", "data": [{"a": 1, "b": "x"}]})
            self.assertEqual(list(records.columns), ["a", "b"])
            split = score.build_input({"form": "raw", "key": "dataframe_split", "data": {"columns": ["a"], "data": [[1]], "index": ["r"]}})
            self.assertEqual(list(split.index), ["r"])
            inputs = score.build_input({"form": "raw", "key": "inputs", "data": [{"a": 1}]})
            self.assertEqual((type(inputs), inputs[0]["a"].shape), (list, ()))
            instances = score.build_input({"form": "raw", "key": "instances", "data": [{"a": 1}, {"a": 2}]})
            self.assertEqual(instances["a"].tolist(), [1, 2])
            with self.assertRaises(score.InputError):
                score.build_input({"form": "raw", "key": "instances", "data": {"a": [1, 2], "b": [1]}})
            with self.assertRaises(score.InputError):
                score.build_input({"form": "raw", "key": "dataframe_split", "data": {"columns": ["a"], "data": [[1, 2]]}})


if importlib.util.find_spec("pandas") and importlib.util.find_spec("pyarrow"):
    import io

    import pyarrow
    import pyarrow.parquet

    class Parquet(unittest.TestCase):
        COLUMNS = [
            {"name": "d", "type": "double", "required": True}, {"name": "f", "type": "float", "required": True},
            {"name": "l", "type": "long", "required": True}, {"name": "i", "type": "integer", "required": True},
            {"name": "b", "type": "boolean", "required": True}, {"name": "s", "type": "string", "required": True},
            {"name": "t", "type": "datetime", "required": True}, {"name": "y", "type": "binary", "required": True},
            {"name": "o", "type": "double", "required": False},
        ]

        def setUp(self):
            self.addCleanup(setattr, score.Served, "schema", None)
            self.addCleanup(setattr, score.Served, "loader", None)
            score.Served.schema, score.Served.loader = {"kind": "columns", "columns": self.COLUMNS}, "sklearn"

        def table(self, **changed):
            cells = {
                "y": [b"\0", b"\xff"], "extra": [1, 2], "d": [0.1, numpy.nan], "f": numpy.array([0.1, numpy.nan], "f4"), "l": [2**53 + 1, -1],
                "i": numpy.array([1, 2], "i4"), "b": [True, False], "s": ["a", None], "t": pandas.to_datetime(["2024-01-02T03:04:05.123456", None]),
            }
            return pandas.DataFrame(dict(cells, **changed))

        def build(self, table, bound=True, rows=100, columns=100, **options):
            file = io.BytesIO()
            if isinstance(table, pyarrow.Table):
                pyarrow.parquet.write_table(table, file, **options)
            elif isinstance(table, bytes):
                file.write(table)
            else:
                table.to_parquet(file)
            request = {"form": "parquet", "bound": bound, "row_limit": rows, "column_limit": columns, "data": [memoryview(file.getvalue())], "rows": 1}
            return score.build_input(request)

        def refused(self, table, text, code="INVALID_PARAMETER_VALUE", status=400, **options):
            with self.assertRaises(score.InputError) as caught:
                self.build(table, **options)
            self.assertIn(text, str(caught.exception))
            self.assertEqual((caught.exception.code, caught.exception.status), (code, status))

        def test_the_model_sees_what_the_same_rows_in_json_would_have_become(self):
            made = self.build(self.table())
            lists = [[0.1, None], [0.1, None], [2**53 + 1, -1], [1, 2], [True, False], ["a", None], ["2024-01-02T03:04:05.123456", None], ["AA==", "/w=="]]
            types = [column["type"] for column in self.COLUMNS[:8]]
            wanted = score.build_input({"form": "frame", "columns": list("dflibsty"), "types": types, "rows": 2, "data": lists})
            pandas.testing.assert_frame_equal(made, wanted)
            for column in range(8):
                made.iloc[0, column] = made.iloc[1, column]

        def test_values_that_a_wider_type_holds_are_taken(self):
            made = self.build(self.table(d=numpy.array([1, 2], "i4"), l=numpy.array([1, 2], "u4"), f=[0, 1], i=pandas.array([1, 2], "Int16"), o=pandas.array([0.5, None], "Float32")))
            self.assertEqual([str(dtype) for dtype in made.dtypes[["d", "l", "f", "i", "o"]]], ["float64", "int64", "float32", "int32", "float64"])
            self.assertEqual((made["d"].tolist(), made["f"].tolist(), made["o"][0], made["o"].isna()[1]), ([1.0, 2.0], [0.0, 1.0], 0.5, True))
            days = self.build(pyarrow.table(dict({name: pyarrow.array(self.table()[name]) for name in "dflibsy"}, t=pyarrow.array([1, None], pyarrow.date32()))))
            self.assertEqual((str(days["t"].dtype), days["t"][0]), ("datetime64[ns]", pandas.Timestamp("1970-01-02")))

        def test_values_that_could_change_are_refused_with_their_column(self):
            for changed in (
                {"d": [1, 2]}, {"d": ["1", "2"]}, {"d": [True, False]}, {"f": [0.5, 1.5]}, {"l": [1.0, 2.0]}, {"l": [1, None]}, {"l": numpy.array([1, 2], "u8")},
                {"i": [1, 2]}, {"i": pandas.array([1, None], "Int32")}, {"b": [1, 0]}, {"b": [True, None]}, {"s": [1, 2]}, {"s": [b"a", b"b"]}, {"t": ["2024-01-02", "x"]},
                {"t": pandas.to_datetime(["2024-01-02", "2024-01-03"]).tz_localize("UTC")}, {"t": [1, 2]}, {"y": ["a", "b"]}, {"y": [b"a", None]}, {"o": [None, None]},
                {"s": pandas.Categorical(["a", "b"])},
            ):
                with self.subTest(changed):
                    self.refused(self.table(**changed), "column {}.".format(next(iter(changed))))
            late = pyarrow.array([32503680000, None], pyarrow.timestamp("s"))
            with self.assertRaises(score.InputError):
                self.build(pyarrow.table(dict({name: pyarrow.array(self.table()[name]) for name in "dflibsy"}, t=late)))

        def test_what_is_missing_is_named_and_names_must_be_unique(self):
            self.refused(self.table().drop(columns=["l", "s"]), "Model is missing inputs ['l', 's'].")
            self.refused(self.table().set_index("l"), "Model is missing inputs ['l'].")
            self.refused(pandas.DataFrame([[1.5]], columns=pandas.MultiIndex.from_tuples([("d", "x")])), "names of their own")
            # pyarrow refuses what pandas would not write.
            self.refused(pyarrow.table([pyarrow.array([1.5]), pyarrow.array([2.5])], names=["d", "d"]), "Multiple matches", "BAD_REQUEST")

        def test_columns_without_names_are_counted(self):
            score.Served.schema = {"kind": "columns", "columns": [{"name": None, "type": "double"}, {"name": None, "type": "long"}]}
            made = self.build(pandas.DataFrame({"x": [1.5], "y": [2], "z": ["more"]}))
            self.assertEqual((list(made.columns), made.iloc[0].tolist()), (["x", "y"], [1.5, 2]))
            self.refused(pandas.DataFrame({"x": [1.5]}), "declares 2 inputs, the table has 1 columns.")

        def test_an_index_is_kept_and_arrays_are_for_mlflow_to_check(self):
            made = self.build(self.table().set_index(pandas.Index(["p", "q"], name="k")))
            self.assertEqual((list(made.index), made.index.name), (["p", "q"], "k"))
            score.Served.schema = {"kind": "columns", "columns": [{"name": "a", "type": {"type": "array", "items": {"type": "double"}}}]}
            arrays = pandas.DataFrame({"a": [[1.5, 2.5], [3.5, 4.5]]})
            self.refused(arrays, "Column a ")
            score.Served.loader = "pyfunc"
            self.assertEqual([list(cell) for cell in self.build(arrays)["a"]], [[1.5, 2.5], [3.5, 4.5]])
            self.refused(arrays.set_index(pandas.Index([1, 0])), "Column a ")

        def test_a_table_of_one_type_is_a_tensor(self):
            score.Served.schema = {"kind": "tensors", "tensors": [{"name": None, "dtype": "float32", "shape": [-1, 2]}]}
            made = self.build(pandas.DataFrame(numpy.array([[1, 2], [3, 4]], "f4"), columns=list("ab")))
            self.assertEqual((made.dtype, made.tolist(), made.flags.c_contiguous), (numpy.float32, [[1, 2], [3, 4]], True))
            self.refused(pandas.DataFrame(numpy.ones((1, 2)), columns=list("ab")), "Column a has the type float64")
            self.refused(pandas.DataFrame(numpy.ones((1, 3), "f4"), columns=list("abc")), "Shape of input (1, 3)")
            score.Served.schema = {"kind": "tensors", "tensors": [{"name": "a", "dtype": "float32", "shape": [-1]}]}
            self.refused(pandas.DataFrame({"a": numpy.ones(1, "f4")}), "send JSON")

        def test_without_a_signature_the_table_goes_as_it_is(self):
            table = pandas.DataFrame({"a": [1], "b": ["x"]}, index=pandas.Index([5], name="k"))
            pandas.testing.assert_frame_equal(self.build(table, bound=False), pandas.read_parquet(self.file(table)))
            self.assertEqual(score.Spent.rows, 1)

        def file(self, table):
            file = io.BytesIO()
            table.to_parquet(file)
            return io.BytesIO(file.getvalue())

        def test_what_is_no_file_and_what_is_too_large_are_refused(self):
            self.refused(b"not parquet", "Ensure that the input is a valid Parquet Pandas DataFrame", "BAD_REQUEST")
            self.refused(b"", "Ensure that the input is a valid Parquet", "BAD_REQUEST")
            whole = self.file(self.table()).getvalue()
            for size in range(0, len(whole), 97):
                self.refused(whole[:size], "valid Parquet", "BAD_REQUEST")
            self.refused(self.table(), "more than 1 rows", "RESOURCE_EXHAUSTED", 413, rows=1)
            self.refused(self.table(), "more than 8 columns", "RESOURCE_EXHAUSTED", 413, columns=8)

        def test_a_small_file_of_an_endless_table_is_refused_and_the_limit_is_lifted_again(self):
            import resource

            before = resource.getrlimit(resource.RLIMIT_DATA)
            many = pyarrow.DictionaryArray.from_arrays(pyarrow.array(numpy.zeros(50_000, "i4")), pyarrow.array(["x" * 200_000]))
            self.refused(pyarrow.table({"d": many}), "takes too much memory", "RESOURCE_EXHAUSTED", 413, rows=100_000, store_schema=False)
            self.assertEqual(resource.getrlimit(resource.RLIMIT_DATA), before)
            self.assertEqual(len(self.build(self.table())), 2)

        def test_a_reader_that_is_not_there_or_not_safe_is_told(self):
            kept = {name: sys.modules.get(name) for name in ("pyarrow", "pyarrow.parquet")}
            self.addCleanup(sys.modules.update, kept)
            sys.modules["pyarrow"] = None
            self.refused(b"PAR1", "has no pyarrow to read Parquet with", "BAD_REQUEST", 415)
            sys.modules.update(kept)
            version, pyarrow.__version__ = pyarrow.__version__, "14.0.0"
            self.addCleanup(setattr, pyarrow, "__version__", version)
            self.refused(b"PAR1", "pyarrow 14.0.0 of this model's Python environment may run code", "BAD_REQUEST", 415)


unittest.main()
