#!/bin/sh
# From a model folder to an answering server, in one command: sh examples/quickstart.sh
#
# On Debian 12 with the Swift 6.3 toolchain. Installs the missing Debian packages when it may (or names them), builds skiff,
# packs examples/credit-default, starts the scoring server of the packed context, asks it and shows how small and fast it is.
# Everything it makes but the build is removed again, and the server is stopped.
set -eu
cd "$(dirname "$0")/.."
. Tests/debian-packages.sh

# shellcheck disable=SC2086
need_packages $build_packages curl
need_swift

work=$(mktemp -d)
server=
finish() {
    [ -z "$server" ] || { kill "$server" 2>/dev/null && wait "$server"; } || true
    rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT TERM

say "building skiff and skiff-scorer (a few minutes the first time)"
for product in skiff skiff-scorer; do
    swift build --configuration release --product "$product" > "$work/build.log" 2>&1 ||
        { cat "$work/build.log" >&2; cannot "$product does not build" "swift's messages are above"; }
done
products=$(swift build --configuration release --show-bin-path)

milliseconds() { echo $(($(date +%s%N) / 1000000)); }

say "skiff pack examples/credit-default/model -o context"
before=$(milliseconds)
"$products/skiff" pack examples/credit-default/model -o "$work/context"
packed=$(($(milliseconds) - before))
(cd "$work/context" && find . -type f | sort | sed 's/^\.\//    /')

say "skiff-scorer context/app"
port=$((20000 + $$ % 20000))
url=http://127.0.0.1:$port
ask() { curl --silent --fail --max-time 10 --header 'Content-Type: application/json' --data-binary "@$1" "$url/invocations"; }
before=$(milliseconds)
"$products/skiff-scorer" --listen "127.0.0.1:$port" "$work/context/app" > "$work/server.log" 2>&1 &
server=$!
until ask examples/credit-default/one-row.json > "$work/first" 2>/dev/null; do
    kill -0 "$server" 2>/dev/null || { cat "$work/server.log" >&2; cannot "skiff-scorer ended before it answered"; }
done
started=$(($(milliseconds) - before))

say "three card holders, scored"
ask examples/credit-default/request.json > "$work/answer"
echo "    answer:        $(cat "$work/answer")"
echo "    MLflow's own:  $(cat examples/credit-default/expected-response.json)"
cmp -s "$work/answer" examples/credit-default/expected-response.json || cannot "the answers differ"

# One connection, one row per request, 500 times; the middle one. curl's own time is in it.
requests=500
i=0
while [ $i -lt $requests ]; do
    printf 'url = "%s/invocations"\noutput = "/dev/null"\n' "$url"
    i=$((i + 1))
done > "$work/urls"
median=$(curl --silent --header 'Content-Type: application/json' --data-binary @examples/credit-default/one-row.json \
    --write-out '%{time_total}\n' --config "$work/urls" | sort -n | sed -n "$((requests / 2))p")

megabytes() { du -sb "$1" | awk '{ printf "%.2f MB", $1 / 1000000 }'; }
say "how small and fast"
echo "    image (FROM scratch: exactly app/)      $(megabytes "$work/context/app")"
echo "    of which the scoring server             $(megabytes "$work/context/app/skiff-scorer")"
echo "    of which the model                      $(megabytes "$work/context/app/model.skiff") (model.pkl: $(megabytes examples/credit-default/model/model.pkl))"
echo "    skiff pack                              $packed ms"
echo "    start to first answer                   $started ms or less (curl starts until one answers)"
echo "    one row over HTTP, median of $requests        $(awk "BEGIN { printf \"%.2f\", $median * 1000 }") ms"
