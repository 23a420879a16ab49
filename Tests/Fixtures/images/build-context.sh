#!/bin/sh
# build-context.sh CONTEXT IMAGE: builds a context that skiff packed with buildah, on base images made by make-python-base.sh.
#
# pip inside the build uses what pip on this machine uses: its configuration files and its CA bundle are mounted read-only while
# the build runs. They are never copied, so they are not in the image and not in a context.
set -eu
. "$(dirname "$0")/buildah-here.sh"

context=${1:?name the folder of the context} image=${2:?name the image to make}

sed -n 's/^FROM  *\([^ ]*\).*/\1/p' "$context/Dockerfile" | while read -r base; do
    [ "$base" = scratch ] || sh "$images/make-python-base.sh" "$base"
done

set --
# pip names its configuration files itself, e.g. "  /etc/pip.conf, exists: True".
pip_files=$(python3 -m pip config debug 2>/dev/null | sed -n 's/^ *\(.*\), exists: True$/\1/p') || pip_files=
user_file=''
global_file=''
for file in $pip_files; do
    case $file in "$HOME"/*) user_file=$file ;; *) global_file=$file ;; esac
done
[ -z "$global_file" ] || set -- "$@" -v "$global_file:/etc/pip.conf:ro"
# Settings that come by environment variables have no file: they are written to one that lives as long as the build.
settings=$(mktemp)
trap 'rm -f "$settings"' EXIT INT TERM
chmod 600 "$settings"
{
    [ -z "$user_file" ] || cat "$user_file"
    [ -z "${PIP_INDEX_URL:-}${PIP_EXTRA_INDEX_URL:-}${PIP_TRUSTED_HOST:-}" ] || echo "[install]"
    [ -z "${PIP_INDEX_URL:-}" ] || echo "index-url = $PIP_INDEX_URL"
    [ -z "${PIP_EXTRA_INDEX_URL:-}" ] || echo "extra-index-url = $PIP_EXTRA_INDEX_URL"
    [ -z "${PIP_TRUSTED_HOST:-}" ] || echo "trusted-host = $PIP_TRUSTED_HOST"
} > "$settings"
[ ! -s "$settings" ] || set -- "$@" -v "$settings:/root/.config/pip/pip.conf:ro" -v "$settings:/tmp/.config/pip/pip.conf:ro"
for bundle in "${PIP_CERT:-}" "${REQUESTS_CA_BUNDLE:-}" "${SSL_CERT_FILE:-}" /etc/ssl/certs/ca-certificates.crt; do
    [ -f "$bundle" ] || continue
    set -- "$@" -v "$bundle:$bundle:ro"
    [ "$bundle" = /etc/ssl/certs/ca-certificates.crt ] || set -- "$@" -v "$bundle:/etc/ssl/certs/ca-certificates.crt:ro"
    break
done
# A scratch image has no pip.
grep -q '^RUN ' "$context/Dockerfile" || set --

buildah bud --layers=false --timestamp 0 "$@" --tag "$image" "$context"
# The image that had this tag before has no name now, and would stay for ever: half a gigabyte with each run.
buildah rmi --prune >/dev/null 2>&1 || true
