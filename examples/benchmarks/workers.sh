#!/bin/sh
# Takes the figures of Python workers in README.md again: sh examples/benchmarks/workers.sh [--write]
#
# Makes a Python environment with MLflow once (.build-bench/workers-python), or takes the Python named by SKIFF_BENCH_PYTHON, logs the
# models (.build-bench/workers), builds skiff-scorer, and lets it and MLflow's own server take turns, for about four minutes. With
# --write it puts the tables into README.md. Let nothing else run meanwhile.
set -eu
cd "$(dirname "$0")/../.."

folder=.build-bench
python=${SKIFF_BENCH_PYTHON:-}
requirements=examples/benchmarks/workers/requirements.txt
if [ -z "$python" ]; then
    python=$folder/workers-python/bin/python
    if [ ! -x "$python" ] || ! cmp -s "$requirements" "$folder/workers-python/requirements.txt"; then
        echo "making $folder/workers-python (a minute or two)"
        rm -rf "$folder/workers-python"
        mkdir -p "$folder"
        python3 -m venv "$folder/workers-python"
        "$python" -m pip install --quiet --disable-pip-version-check -r "$requirements"
        cp "$requirements" "$folder/workers-python/requirements.txt"
    fi
fi
PYTHONDONTWRITEBYTECODE=1
export PYTHONDONTWRITEBYTECODE
swift build --configuration release --product skiff-scorer
scorer=$(swift build --configuration release --show-bin-path)/skiff-scorer
if [ "${1:-}" = --write ]; then
    "$python" examples/benchmarks/workers.py "$folder/workers" "$scorer" --readme examples/benchmarks/README.md
else
    "$python" examples/benchmarks/workers.py "$folder/workers" "$scorer"
fi
