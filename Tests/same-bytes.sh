#!/bin/sh
# Builds a copy of this checkout in another folder and demands the same executables and the same context, byte for byte.
# Called by run.sh after the release products are built.
set -eu
cd "$(dirname "$0")/.."

copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
trap 'exit 130' INT TERM
mkdir "$copy/a-longer-name-of-a-folder"
tar -cf - --exclude='./.build*' --exclude=./.git . | tar -xf - -C "$copy/a-longer-name-of-a-folder"

products=$(swift build --configuration release --show-bin-path)
cd "$copy/a-longer-name-of-a-folder"
for product in skiff skiff-scorer; do
    swift build --quiet --configuration release --product "$product"
done
others=$(swift build --configuration release --show-bin-path)
for product in skiff skiff-scorer; do
    cmp "$products/$product" "$others/$product" || { echo "error: $product is not the same when built in another folder" >&2; exit 1; }
done
"$products/skiff" pack "$OLDPWD/examples/credit-default/model" -o "$copy/one" --quiet
"$others/skiff" pack examples/credit-default/model -o "$copy/two" --quiet
diff -r "$copy/one" "$copy/two" || { echo "error: the contexts differ" >&2; exit 1; }
echo "a copy of the checkout in another folder makes the same executables and the same context"
