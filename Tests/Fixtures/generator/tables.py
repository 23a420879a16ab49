"""Tables to fit models on: odd on purpose, and the same for the same seed.

`numbers` gives numeric columns, `mixed` numeric and text columns, both with the rows that are asked later: values seen in training,
split midpoints and their float32 neighbours, extremes, missing values and categories that were never seen.
"""

import numpy
import pandas

NAMES = ["f_a", "größe", "名前", "with space", "dotted.name", "x" * 40, "UPPER", "a-b", "é", "_", "0", "f_b"]
WORDS = ["red", "green", "blue", "Ünïcode", "", " ", "with space", "NaN", "None", "0", "日本", "a,b", 'quo"te']


def numbers(rng, rows=160, width=None, missing=0.0, kinds=("normal", "large", "small", "whole", "constant", "skewed")):
    """A table of float64 columns (`whole` holds int64 unless something is missing)."""
    width = width or int(rng.integers(2, 8))
    names = [str(name) for name in rng.permutation(NAMES)][:width]
    columns = {}
    for index, name in enumerate(names):
        kind = "normal" if index == 0 else str(rng.choice(kinds))
        values = {
            "normal": lambda: rng.normal(size=rows),
            "large": lambda: rng.normal(size=rows) * 1e6 + 1e5,
            "small": lambda: rng.normal(size=rows) * 1e-5,
            "whole": lambda: rng.integers(-5, 20, size=rows),
            "constant": lambda: numpy.full(rows, float(rng.integers(0, 3))),
            "skewed": lambda: rng.exponential(size=rows) ** 2,
            "positive": lambda: rng.exponential(size=rows) + 0.01,
        }[kind]()
        if missing and index != 0:
            values = numpy.where(rng.random(rows) < missing, numpy.nan, values)
        columns[name] = values
    return pandas.DataFrame(columns)


def mixed(rng, rows=160, width=None, texts=2, missing=0.0):
    """Numeric columns, then `texts` columns of words; missing words are NaN, as pandas reads them from a file."""
    table = numbers(rng, rows, width, missing)
    free = [name for name in NAMES if name not in table.columns]
    for index in range(texts):
        words = list(rng.permutation(WORDS))[: int(rng.integers(2, 7))]
        values = rng.choice(numpy.array(words, dtype=object), size=rows)
        if missing:
            values = numpy.where(rng.random(rows) < missing, numpy.nan, values)
        table[free[index]] = pandas.Series(values, dtype=object)
    return table


def requests(rng, table, rows=40, missing=False, unseen=False):
    """Rows to ask: from the table, between its values, beside them by one float32, far away; missing and unseen ones when asked for."""
    picked = table.iloc[rng.integers(0, len(table), rows)].reset_index(drop=True).copy()
    for name in picked.columns:
        column = table[name]
        is_text = column.dtype == object or str(column.dtype) in ("str", "string")
        if is_text:
            values = picked[name].astype(object).to_numpy(copy=True)
            for row in range(rows):
                if unseen and rng.random() < 0.1:
                    values[row] = "never seen"
                if missing and rng.random() < 0.1:
                    values[row] = numpy.nan
            picked[name] = pandas.Series(values, dtype=object)
            continue
        if column.dtype.kind == "i":
            continue
        values = picked[name].to_numpy(dtype=float, copy=True)
        seen = column.dropna().to_numpy(dtype=float)
        for row in range(rows):
            choice = rng.random()
            if choice < 0.2 and len(seen) > 1:
                one, two = rng.choice(seen, 2)
                values[row] = (one + two) / 2
            elif choice < 0.3:
                values[row] = float(numpy.nextafter(numpy.float32(values[row]), numpy.float32(rng.choice([-1e30, 1e30]))))
            elif choice < 0.33:
                values[row] = float(rng.choice([0.0, -0.0, 1e9, -1e9, 1e-12]))
            if missing and rng.random() < 0.1:
                values[row] = numpy.nan
        picked[name] = values
    return picked


def target(rng, table, kind):
    """A target that depends on the first column: `real`, `positive`, `count`, `bool`, `int2`, `int3`, `text2`, `text3`, `odd`."""
    base = table.iloc[:, 0].to_numpy(dtype=float)
    base = numpy.nan_to_num((base - numpy.nanmean(base)) / (numpy.nanstd(base) + 1e-9)) + rng.normal(size=len(table)) * 0.5
    if kind == "real":
        return base * 3 + 1
    if kind == "positive":
        return numpy.exp(base / 2) + 0.01
    if kind == "count":
        return rng.poisson(numpy.exp(base / 2)).astype(float)
    if kind == "bool":
        return base > 0
    if kind == "int2":
        return (base > 0).astype(int)
    if kind == "int3":
        return numpy.digitize(base, [-0.5, 0.5]) * 5 - 3
    if kind == "text2":
        return numpy.where(base > 0, "yes", "nein")
    if kind == "text3":
        return numpy.array(["low", "mid", "Übergroß"], dtype=object)[numpy.digitize(base, [-0.5, 0.5])]
    if kind == "odd":  # a rare class
        classes = numpy.digitize(base, [-0.5, 2.2])
        classes[:2] = [0, 2]
        return classes
    raise ValueError(kind)
