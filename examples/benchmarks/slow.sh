#!/bin/sh
# How fast /ping is answered beside 1,000 slow clients: sh examples/benchmarks/slow.sh [--write]
#
# Builds skiff (SKIFF_BENCH_PRODUCTS names products that are built already), and takes about a minute. With --write it puts the lines into
# README.md. Nothing is needed but Python.
set -eu
cd "$(dirname "$0")/../.."

here=examples/benchmarks
products=${SKIFF_BENCH_PRODUCTS:-}
if [ -z "$products" ]; then
    for product in skiff skiff-scorer; do swift build --configuration release --product "$product"; done
    products=$(swift build --configuration release --show-bin-path)
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$products/skiff" convert Tests/Fixtures/http/pair -o "$folder/pair.skiff" --quiet
set -- "${1:+--readme}" "${1:+$here/README.md}"
[ -n "$1" ] || set --
python3 "$here/slow.py" "$products/skiff-scorer" "$folder/pair.skiff" "$@"
