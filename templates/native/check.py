"""Compares the answers of a converted model with those of the original, row by row: python check.py FOLDER

FOLDER holds `request.json` and `response.json` (rows, and what skiff-scorer answers to them), `model/` (the original as it
was logged), `check.json` (how the original is loaded and called, and how far numbers may differ) and `score.py`, which
loads models and builds tables for Python images too.

Labels must be the same. Numbers may differ by `tolerance.relative` of the largest number of their row; 0 is the same bits.
Prints how many rows were compared, the largest difference, and each difference with its row and column. Exits 1 when there is
one.

Needs Python 3.8, the standard library, and what the model itself needs.
"""

import contextlib
import json
import os
import sys

import score

SHOWN_DIFFERENCES = 20
SHOWN_CELLS = 12


def read(folder, name):
    with open(os.path.join(folder, name), encoding="utf-8") as file:
        return json.load(file)


# The original's side


def build_input(rows, columns, settings):
    """What the original is called with: a table in the signature's types, or an array."""
    schema = settings["schema"]
    if schema["kind"] == "tensors":
        return score.build_tensor({"columns": None, "types": [schema["tensors"][0]["dtype"]], "data": rows})
    types = [column["type"] for column in schema["columns"]]
    data = [list(cells) for cells in zip(*rows)]
    frame = score.build_frame({"columns": columns, "types": types, "data": data, "rows": len(rows)})
    for name, kind in zip(columns, types):
        if kind == "string" and settings["null_policy"] == "trained":
            frame[name] = missing_texts(frame[name])
    return frame


def missing_texts(column):
    """A missing text is NaN, as it was in training, and not None, which libraries take for a category."""
    import pandas

    values = [float("nan") if value is None else value for value in column]
    return pandas.Series(values, dtype=object, index=column.index)


def one_thread():
    """Threads that add up the trees of a forest do so in the order in which they come, which changes the last bits."""
    try:
        from joblib import parallel_backend
    except ImportError:
        return contextlib.nullcontext()
    return parallel_backend("sequential")


def ask(model, rows, columns, settings):
    with one_thread():
        return json.loads(score.answer_text(model(build_input(rows, columns, settings), {})))


def ask_each(model, rows, columns, settings):
    """The rows that the original refuses, with its words."""
    refused = {}
    for number, row in enumerate(rows):
        try:
            ask(model, [row], columns, settings)
        except Exception as problem:
            refused[number] = "{}: {}".format(type(problem).__name__, problem)
    return refused


# The comparison


def by_row(answer):
    """[row][column] of an answer, whatever its layout: numbers, rows, or one table for each output."""
    if answer and isinstance(answer[0], list) and answer[0] and isinstance(answer[0][0], list):
        return [[cell for cells in parts for cell in cells] for parts in zip(*answer)]
    return [cells if isinstance(cells, list) else [cells] for cells in answer]


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def distance(ours, theirs, scale):
    """How far two values are apart in relation to `scale`; None when they are not the same kind of thing or label."""
    if type(ours) is not type(theirs):
        return None
    if ours == theirs:
        return 0.0
    if isinstance(ours, float):
        return abs(ours - theirs) / scale if scale > 0 else float("inf")
    return None


def compare(ours, theirs, tolerance):
    """(differences as (row, column, ours, theirs, distance), the largest distance)."""
    differences, largest = [], 0.0
    for row, (mine, other) in enumerate(zip(ours, theirs)):
        if len(mine) != len(other):
            differences.append((row, None, mine, other, None))
            continue
        scale = max([abs(value) for value in mine + other if is_number(value)], default=0.0)
        for column, (one, two) in enumerate(zip(mine, other)):
            apart = distance(one, two, scale)
            if apart is None or apart > tolerance:
                differences.append((row, column, one, two, apart))
            largest = max(largest, apart or 0.0)
    return differences, largest


# The report


def describe(row, columns):
    cells = ["{}={}".format(name, json.dumps(cell)) for name, cell in zip(columns, row)]
    return ", ".join(cells[:SHOWN_CELLS]) + (", ..." if len(cells) > SHOWN_CELLS else "")


def report(lines, rows, columns):
    """Prints (row, words) pairs, with the cells of each row."""
    for number, words in lines[:SHOWN_DIFFERENCES]:
        print("row {}, {}".format(number, words))
        print("    {}".format(describe(rows[number], columns)))
    if len(lines) > SHOWN_DIFFERENCES:
        print("and {} more".format(len(lines) - SHOWN_DIFFERENCES))


def words_of(difference):
    _, column, ours, theirs, apart = difference
    place = "the whole answer" if column is None else "column {}".format(column)
    words = "{}: converted {}, original {}".format(place, json.dumps(ours), json.dumps(theirs))
    return words if apart is None else "{}, {:.3g} of the row's largest number".format(words, apart)


def check(folder):
    settings, request = read(folder, "check.json"), read(folder, "request.json")
    ours = by_row(read(folder, "response.json")["predictions"])
    if "inputs" in request:
        rows = request["inputs"]
        columns = [str(index) for index in range(len(rows[0]))]
    else:
        rows, columns = request["dataframe_split"]["data"], request["dataframe_split"]["columns"]
    tolerance = settings["tolerance"]["relative"]
    allowed = "by {} of their row's largest".format(tolerance) if tolerance > 0 else "in no bit"
    print("comparing {} rows; numbers may differ {}".format(len(rows), allowed))
    model = score.load(settings, folder)
    try:
        theirs = by_row(ask(model, rows, columns, settings))
    except Exception:
        refused = ask_each(model, rows, columns, settings)
        if not refused:
            raise
        report([(row, "refused by the original: {}".format(words)) for row, words in refused.items()], rows, columns)
        return "the original refuses {} of {} rows that the converted model answers".format(len(refused), len(rows))
    if len(ours) != len(rows) or len(theirs) != len(rows):
        return "{} rows, {} converted answers, {} original answers".format(len(rows), len(ours), len(theirs))
    differences, largest = compare(ours, theirs, tolerance)
    print("largest difference: {:.3g}".format(largest))
    report([(difference[0], words_of(difference)) for difference in differences], rows, columns)
    if differences:
        return "{} of {} answers differ".format(len(differences), sum(len(row) for row in ours))
    print("{} rows compared: every answer is the original's".format(len(rows)))
    return None


def main():
    problem = check(sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.abspath(__file__)))
    if problem is not None:
        print("error: the converted model is not the original: {}".format(problem), file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
