#!/bin/sh
# Takes the figures of servers under load in README.md again: sh examples/benchmarks/server.sh [--write]
#
# Makes environments with MLflow, BentoML and MLServer once (.build-bench/servers, two minutes), trains the two models once, builds
# skiff, and lets the servers take turns under wrk for about eight minutes. With --write it puts the table into README.md. Needs wrk
# (Debian: apt-get install wrk); let nothing else run meanwhile. SKIFF_BENCH_PRODUCTS names products that are built already.
set -eu
cd "$(dirname "$0")/../.."

command -v wrk >/dev/null || { echo "error: wrk is not there; hint: apt-get install wrk" >&2; exit 2; }
folder=${SKIFF_BENCH_SERVERS:-.build-bench/servers}
models=${SKIFF_BENCH_MODELS:-.build-bench/models}
here=examples/benchmarks
for server in mlflow bentoml mlserver; do
    if ! cmp -s "$here/servers/$server.txt" "$folder/$server/requirements.txt"; then
        echo "making $folder/$server"
        rm -rf "${folder:?}/$server"
        mkdir -p "$folder"
        python3 -m venv "$folder/$server"
        "$folder/$server/bin/python" -m pip install --quiet --disable-pip-version-check -r "$here/servers/$server.txt"
        "$folder/$server/bin/python" -m compileall -q "$folder/$server/lib" >/dev/null || true
        cp "$here/servers/$server.txt" "$folder/$server/requirements.txt"
    fi
done
[ -f "$models/requests/rows-1000.json" ] || "$folder/mlflow/bin/python" "$here/train.py" "$models"
products=${SKIFF_BENCH_PRODUCTS:-}
if [ -z "$products" ]; then
    swift build --configuration release --product skiff
    swift build --configuration release --product skiff-scorer
    products=$(swift build --configuration release --show-bin-path)
fi
set -- "${1:+--readme}" "${1:+$here/README.md}"
[ -n "$1" ] || set --
python3 "$here/server.py" "$models" "$products" "$folder" "$@"
