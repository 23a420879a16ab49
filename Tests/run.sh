#!/bin/sh
# The one command that runs every test: sh Tests/run.sh [ARGUMENTS OF swift test]
#
# Looks for the Debian packages that the build and the tests need and installs the missing ones when it may (root, or sudo without
# a password), saying so; otherwise names them and exits 2. Keeps a Python environment with the pinned MLflow in .build-python and
# images in .build-images. Then: swift format, release products, swift test. Exits 0 only when all of that is right.
set -eu
cd "$(dirname "$0")/.."
checkout=$(pwd)

. Tests/debian-packages.sh

# `swift` itself leaves folders behind at each call, and tests that are killed cannot tidy up: all of it goes here.
TMPDIR=$(mktemp -d "${TMPDIR:-/tmp}/skiff-run-XXXXXX")
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

prepare_python() {
    lock=Tests/Fixtures/pyfunc/requirements.lock
    python=.build-python/bin/python
    if [ -x "$python" ] && "$python" -c '' 2>/dev/null && cmp -s "$lock" .build-python/requirements.lock; then
        say "Python environment .build-python is the pinned one"
    else
        say "making the Python environment .build-python (MLflow and its judges, about a minute)"
        rm -rf .build-python
        python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || cannot "python3 is older than 3.11"
        python3 -m venv .build-python || cannot "python3 cannot make an environment" "apt-get install python3-venv"
        "$python" -m pip install --quiet --disable-pip-version-check -r "$lock" </dev/null ||
            cannot "pip cannot install the packages of $lock" "pip's messages are above; it needs a package index"
        cp "$lock" .build-python/requirements.lock
    fi
}

# The build's packages, then what the tests judge with.
# shellcheck disable=SC2086
need_packages $build_packages libarchive-tools xz-utils zip zstd openssl python3 python3-venv curl buildah debootstrap
need_swift
prepare_python

say "swift format lint"
swift format lint --strict --recursive Sources Tests templates Package.swift

say "release products"
swift build --configuration release --product skiff
swift build --configuration release --product skiff-scorer
scorer=$(swift build --configuration release --show-bin-path)/skiff-scorer
[ "$(stat -c %s "$scorer")" -lt 9000000 ] ||
    cannot "skiff-scorer has $(stat -c %s "$scorer") bytes, and 9,000,000 are the most" "Package.swift tells what it goes without"

say "the same bytes from a copy of the checkout in another folder"
sh Tests/same-bytes.sh

say "the quick start, as the README promises it"
sh examples/quickstart.sh

SKIFF_TEST_PRODUCTS=$(swift build --configuration release --show-bin-path)
SKIFF_TEST_PYTHON=$checkout/.build-python/bin/python
PYTHONDONTWRITEBYTECODE=1
export SKIFF_TEST_PRODUCTS SKIFF_TEST_PYTHON PYTHONDONTWRITEBYTECODE

say "swift test"
log=$checkout/.build/test.log
status=$checkout/.build/test.status
{ swift test --disable-xctest "$@" </dev/null 2>&1 && echo 0 || echo $?; } | {
    # The last line is the status; the others are the runner's own.
    tee "$log" | sed '$d'
    tail -n 1 "$log" > "$status"
}
say "the end of the test run, again"
sed '$d' "$log" | grep -E '^✘|^error:|: error:' | head -n 40 || true
sed '$d' "$log" | tail -n 3
exit "$(cat "$status")"
