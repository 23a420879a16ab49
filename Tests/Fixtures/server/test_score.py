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
            kind, body = score.answer(predict, payload)
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
            kind, body = score.answer(lambda data, params: {1j}, b"{}")
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

    def start(self):
        ours, theirs = socket.socketpair()
        ours.settimeout(60)
        environment = dict(os.environ, SKIFF_WORKER_FD=str(theirs.fileno()), PYTHONPATH=os.path.join(self.folder.name, "lib"))
        process = subprocess.Popen(
            [sys.executable, "-B", os.path.join(self.folder.name, "score.py")],
            pass_fds=[theirs.fileno()], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )
        theirs.close()
        self.addCleanup(ours.close)
        return process, score.Channel(ours)

    def test_frames_go_in_and_out_and_prints_go_to_standard_error(self):
        process, channel = self.start()
        kind, _, hello = channel.receive()
        self.assertEqual(kind, score.READY)
        self.assertEqual(set(json.loads(hello)), {"python", "loader", "seconds"})
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
        kind, _, body = channel.receive()
        self.assertEqual(kind, score.LOAD_FAILED)
        self.assertEqual(json.loads(body)["message"], "SystemExit: not today")
        process.communicate(timeout=60)
        self.assertEqual(process.returncode, 1)

    def test_an_unknown_loader_is_named(self):
        self.write("serving.json", json.dumps({"python": {"loader": "vinegar"}}))
        process, channel = self.start()
        kind, _, body = channel.receive()
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


unittest.main()
