#!/bin/sh
# Takes the figures of scoring in README.md again: sh examples/benchmarks/scoring.sh [--write]
#
# Makes a Python environment with the rival libraries once (.build-bench/python), trains the models (.build-bench/scoring), builds
# skiff, and lets skiff and the libraries take turns, all in process and on one thread, for about ten minutes. With --write it
# puts the table into README.md. Let nothing else run meanwhile.
set -eu
cd "$(dirname "$0")/../.."

folder=${SKIFF_BENCH_SCORING:-.build-bench}
python=$folder/python/bin/python
if [ ! -x "$python" ] || ! cmp -s examples/benchmarks/scoring/requirements.txt "$folder/python/requirements.txt"; then
    echo "making $folder/python (a minute or two)"
    rm -rf "$folder/python"
    mkdir -p "$folder"
    python3 -m venv "$folder/python"
    "$python" -m pip install --quiet --disable-pip-version-check -r examples/benchmarks/scoring/requirements.txt
    cp examples/benchmarks/scoring/requirements.txt "$folder/python/requirements.txt"
fi
PYTHONDONTWRITEBYTECODE=1
OMP_NUM_THREADS=1
OPENBLAS_NUM_THREADS=1
export PYTHONDONTWRITEBYTECODE OMP_NUM_THREADS OPENBLAS_NUM_THREADS
for product in skiff scoring-benchmark; do swift build --configuration release --product "$product"; done
set -- "${1:+--readme}" "${1:+examples/benchmarks/README.md}"
[ -n "$1" ] || set --
"$python" examples/benchmarks/scoring.py "$folder/scoring" "$(swift build --configuration release --show-bin-path)" "$@"
