"""triton_client.py PORT NAME REQUEST: asks a server by NVIDIA's client of Open Inference Protocol in every way that it knows.

REQUEST is a body for /invocations whose rows have names. Prints, as one line of JSON, what the client saw: health,
metadata, the answers to the request in all combinations of binary and JSON tensors, and the errors of requests that do not fit.
"""

import json
import sys

import numpy
import tritonclient.http as triton

TYPES = {"FP64": numpy.float64, "FP32": numpy.float32, "INT64": numpy.int64, "INT32": numpy.int32, "BOOL": numpy.bool_}


def rows_of(body):
    """The names and the rows of a request."""
    if "dataframe_split" in body:
        return body["dataframe_split"]
    records = next(body[key] for key in ("dataframe_records", "inputs", "instances") if key in body)
    names = list(records[0])
    return {"columns": names, "data": [[record[name] for name in names] for record in records]}


def tensors(frame, metadata, shape, binary):
    datatypes = {entry["name"]: entry["datatype"] for entry in metadata["inputs"]}
    inputs = []
    for index, name in enumerate(frame["columns"]):
        values = numpy.array([row[index] for row in frame["data"]], dtype=TYPES.get(datatypes[name], numpy.object_))
        tensor = triton.InferInput(name, shape, datatypes[name])
        tensor.set_data_from_numpy(values.reshape(shape), binary_data=binary)
        inputs.append(tensor)
    return inputs


def answers(client, name, inputs, wanted, names):
    outputs = None
    if wanted is not None:
        outputs = [triton.InferRequestedOutput(output, binary_data=wanted) for output in names]
    result = client.infer(name, inputs, outputs=outputs, request_id="one")
    assert result.get_response()["id"] == "one"
    return {
        output["name"]: [value.decode() if isinstance(value, bytes) else value for value in values.reshape(-1).tolist()]
        for output in result.get_response()["outputs"]
        for values in [result.as_numpy(output["name"])]
    }


def error(call, *arguments, **named):
    try:
        call(*arguments, **named)
    except triton.InferenceServerException as problem:
        return [problem.status(), problem.message()]
    return None


def main():
    port, name, path = sys.argv[1:]
    with open(path, encoding="utf-8") as file:
        frame = rows_of(json.load(file))
    client = triton.InferenceServerClient("127.0.0.1:" + port)
    metadata = client.get_model_metadata(name)
    rows = len(frame["data"])
    report = {
        "health": [client.is_server_live(), client.is_server_ready(), client.is_model_ready(name)],
        "server": client.get_server_metadata()["extensions"],
        "name": metadata["name"],
        "outputs": metadata["outputs"],
        "answers": [],
    }
    names = None
    for shape in ([rows], [rows, 1]):
        for binary in (False, True):
            inputs = tensors(frame, metadata, shape, binary)
            for wanted in (None, False, True):
                if names is None:
                    names = [output["name"] for output in client.infer(name, inputs).get_response()["outputs"]]
                report["answers"].append(answers(client, name, inputs, wanted, names))
    wrong = triton.InferInput(frame["columns"][-1], [rows], "BYTES")
    wrong.set_data_from_numpy(numpy.array(["x"] * rows, dtype=numpy.object_))
    report["errors"] = [
        error(client.infer, "nobody", inputs),
        error(client.infer, name, inputs, model_version="9"),
        error(client.infer, name, inputs[:-1] + [wrong]),
        error(client.infer, name, inputs, outputs=[triton.InferRequestedOutput("nothing")]),
        error(client.infer, name, inputs, request_compression_algorithm="gzip"),
        error(client.get_model_config, name),
    ]
    print(json.dumps(report))


main()
