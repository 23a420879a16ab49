#!/bin/sh
# Good, bad and slow traffic at once against one server: sh Tests/soak.sh [SECONDS] [PRODUCTS]
#
# By default 600 seconds, and the release products. Exits 0 when the server did not crash, leaked no descriptor, grew by at most 32 MB,
# answered every sound request rightly, also in the middle of SIGTERM, and ended with status 0. What it counted is one line of JSON.
set -eu
cd "$(dirname "$0")/.."
seconds=${1:-600}
products=${2:-$(swift build --configuration release --show-bin-path)}
for product in skiff skiff-scorer; do
    [ -x "$products/$product" ] || { echo "error: $products/$product is not there; hint: swift build -c release --product $product" >&2; exit 2; }
done
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$products/skiff" convert Tests/Fixtures/http/pair -o "$folder/pair.skiff" --quiet
python3 Tests/soak.py "$products/skiff-scorer" "$seconds" "$folder/pair.skiff"
