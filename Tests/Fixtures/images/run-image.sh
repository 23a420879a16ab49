#!/bin/sh
# run-image.sh IMAGE PORT: runs the image's own entrypoint as its own user, on PORT of this machine's loopback, until it ends.
# Ends with the entrypoint's status.
set -eu
. "$(dirname "$0")/buildah-here.sh"

image=${1:?name the image} port=${2:?name the port}
container=$(buildah from --pull-never "$image")
trap 'buildah rm "$container" >/dev/null 2>&1 || true' EXIT INT TERM
buildah config --env "PORT=$port" "$container"
buildah inspect --type container "$container" | python3 -c '
import json, sys
config = json.load(sys.stdin)["OCIv1"]["config"]
for word in config.get("Entrypoint", []) + config.get("Cmd", []):
    print(word)' > "$cache/entrypoint.$$"
set --
while IFS= read -r word; do set -- "$@" "$word"; done < "$cache/entrypoint.$$"
rm -f "$cache/entrypoint.$$"
status=0
buildah run "$container" -- "$@" || status=$?
exit "$status"
