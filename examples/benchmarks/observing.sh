#!/bin/sh
# Takes the figures of what observing costs in README.md again: sh examples/benchmarks/observing.sh [--write]
#
# Trains the models once (with .build-bench/servers, see server.sh), builds skiff-scorer twice, the second time so that it counts nothing
# (-DSKIFF_WITHOUT_COUNTING, in .build-bench/without-counting), and compares instructions under valgrind, which other work on the machine
# cannot change, and processor time under wrk, in turns. Needs wrk and valgrind (Debian). With --write it puts the table into README.md.
# SKIFF_BENCH_PRODUCTS and SKIFF_BENCH_WITHOUT_COUNTING name products that are built already.
set -eu
cd "$(dirname "$0")/../.."

for tool in wrk valgrind; do
    command -v "$tool" >/dev/null || { echo "error: $tool is not there; hint: apt-get install $tool" >&2; exit 2; }
done
models=${SKIFF_BENCH_MODELS:-.build-bench/models}
here=examples/benchmarks
[ -f "$models/requests/rows-1000.json" ] || "${SKIFF_BENCH_SERVERS:-.build-bench/servers}/mlflow/bin/python" "$here/train.py" "$models"
products=${SKIFF_BENCH_PRODUCTS:-}
if [ -z "$products" ]; then
    for product in skiff skiff-scorer; do swift build --configuration release --product "$product"; done
    products=$(swift build --configuration release --show-bin-path)
fi
without=${SKIFF_BENCH_WITHOUT_COUNTING:-}
if [ -z "$without" ]; then
    scratch=.build-bench/without-counting
    swift build --configuration release --product skiff-scorer --scratch-path "$scratch" -Xswiftc -DSKIFF_WITHOUT_COUNTING
    without=$(swift build --configuration release --scratch-path "$scratch" --show-bin-path)
fi
set -- "${1:+--readme}" "${1:+$here/README.md}"
[ -n "$1" ] || set --
python3 "$here/observing.py" "$models" "$products" "$without" "$@"
