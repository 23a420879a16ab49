#!/bin/sh
# Takes the figures of README.md again: sh examples/benchmarks/run.sh [--write]
#
# Trains the two models once (.build-bench, about a minute), builds skiff, measures skiff and MLflow side by side for about five
# minutes. With --write it puts the table into README.md. Needs what Tests/run.sh makes; let nothing else run meanwhile.
set -eu
cd "$(dirname "$0")/../.."

python=.build-python/bin/python
[ -x "$python" ] || { echo "error: .build-python is not there; hint: sh Tests/run.sh makes it" >&2; exit 2; }
models=${SKIFF_BENCH_MODELS:-.build-bench/models}
PYTHONDONTWRITEBYTECODE=1
export PYTHONDONTWRITEBYTECODE

[ -f "$models/requests/rows-1000.json" ] || "$python" examples/benchmarks/train.py "$models"
swift build --configuration release --product skiff
swift build --configuration release --product skiff-scorer
set -- "${1:+--readme}" "${1:+examples/benchmarks/README.md}"
[ -n "$1" ] || set --
"$python" examples/benchmarks/bench.py "$models" "$(swift build --configuration release --show-bin-path)" "$@"
