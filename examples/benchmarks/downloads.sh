#!/bin/sh
# Takes the figures of downloads in README.md again: sh examples/benchmarks/downloads.sh [--write]
#
# Makes 2 GB once (.build-bench/downloads, or SKIFF_BENCH_DOWNLOADS: a folder with 7 GB free), builds skiff, and lets it and the
# others take turns for about ten minutes. With --write it puts the table into README.md. Needs nginx, curl and what Tests/run.sh
# makes; let nothing else run meanwhile.
set -eu
cd "$(dirname "$0")/../.."

python=.build-python/bin/python
[ -x "$python" ] || { echo "error: .build-python is not there; hint: sh Tests/run.sh makes it" >&2; exit 2; }
command -v nginx >/dev/null || { echo "error: nginx is not there; hint: apt-get install nginx-light" >&2; exit 2; }
PYTHONDONTWRITEBYTECODE=1
export PYTHONDONTWRITEBYTECODE

swift build --configuration release --product skiff
set -- "${1:+--readme}" "${1:+examples/benchmarks/README.md}"
[ -n "$1" ] || set --
"$python" examples/benchmarks/downloads.py "${SKIFF_BENCH_DOWNLOADS:-.build-bench/downloads}" \
    "$(swift build --configuration release --show-bin-path)" "$@"
