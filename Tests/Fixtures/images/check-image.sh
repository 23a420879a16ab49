#!/bin/sh
# check-image.sh CONTEXT IMAGE PORT STATUS: runs the command of the HEALTHCHECK in the context's Dockerfile in a container of the
# image that shares this machine's network, with the image's own user and PORT set, and expects it to end with STATUS.
#
# The words come from the Dockerfile, because buildah leaves a HEALTHCHECK out of images in OCI format.
set -eu
. "$(dirname "$0")/buildah-here.sh"

context=${1:?name the folder of the context} image=${2:?name the image} port=${3:?name the port} expected=${4:?name the status}
words=$(sed -n 's/^HEALTHCHECK .* CMD \(\[.*\]\)$/\1/p' "$context/Dockerfile" |
    python3 -c 'import json, sys; print("\n".join(json.load(sys.stdin)))')
container=$(buildah from --pull-never "$image")
trap 'buildah rm "$container" >/dev/null 2>&1 || true' EXIT INT TERM
buildah config --env "PORT=$port" "$container"
set --
while IFS= read -r word; do set -- "$@" "$word"; done <<WORDS
$words
WORDS
status=0
buildah run "$container" -- "$@" || status=$?
[ "$status" = "$expected" ] || { echo "the health check ended with status $status, not $expected" >&2; exit 1; }
