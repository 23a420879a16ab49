#!/bin/sh
# Takes the figures of reading bodies in README.md again: sh examples/benchmarks/decoding.sh [--write]
#
# Makes a Python environment with the rivals once (.build-bench/decoding), trains the models once (with .build-bench/servers, see
# server.sh), builds skiff, and lets the sides take turns, all in process and on one thread, for about two minutes. With --write it puts the
# table into README.md. Let nothing else run meanwhile. SKIFF_BENCH_PRODUCTS names products that are built already.
set -eu
cd "$(dirname "$0")/../.."

folder=${SKIFF_BENCH_DECODING:-.build-bench/decoding}
models=${SKIFF_BENCH_MODELS:-.build-bench/models}
here=examples/benchmarks
python=$folder/bin/python
if ! cmp -s "$here/decoding/requirements.txt" "$folder/requirements.txt"; then
    echo "making $folder"
    rm -rf "${folder:?}"
    python3 -m venv "$folder"
    "$python" -m pip install --quiet --disable-pip-version-check -r "$here/decoding/requirements.txt"
    cp "$here/decoding/requirements.txt" "$folder/requirements.txt"
fi
[ -f "$models/requests/rows-1000.json" ] || "${SKIFF_BENCH_SERVERS:-.build-bench/servers}/mlflow/bin/python" "$here/train.py" "$models"
products=${SKIFF_BENCH_PRODUCTS:-}
if [ -z "$products" ]; then
    for product in skiff decoding-benchmark; do swift build --configuration release --product "$product"; done
    products=$(swift build --configuration release --show-bin-path)
fi
set -- "${1:+--readme}" "${1:+$here/README.md}"
[ -n "$1" ] || set --
"$python" "$here/decoding.py" "$models" "$products" "$@"
