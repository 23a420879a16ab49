#!/bin/sh
# make-python-base.sh IMAGE: makes a stand-in for a base image such as docker.io/library/python:3.11.7-slim, without a registry.
#
# Debian 12 by debootstrap, with Debian's own Python (3.11.2, whatever the tag says), pip, a `python` command and no
# EXTERNALLY-MANAGED mark. The packages come from the mirror that this machine's apt uses. The root file system is kept as a tar
# and the image in buildah's storage, both in .build-images, so the second run does nothing.
set -eu
. "$(dirname "$0")/buildah-here.sh"

image=${1:?name the image to make, e.g. docker.io/library/python:3.11.7-slim}
suite=bookworm
# A new name when this recipe changes: an old tar is then no longer used.
tar=$cache/python-base-$suite-1.tar

if buildah inspect --type image "$image" >/dev/null 2>&1; then
    echo "$image is there"
    exit 0
fi

if [ ! -f "$tar" ]; then
    command -v debootstrap >/dev/null || PATH=$PATH:/usr/sbin
    command -v debootstrap >/dev/null ||
        { echo "cannot make $image: debootstrap is not installed; hint: apt-get install debootstrap" >&2; exit 2; }
    [ "$(id -u)" = 0 ] || { echo "cannot make $image: debootstrap needs root" >&2; exit 2; }
    # The mirror of this machine when it is a Debian; else debootstrap's own default.
    # shellcheck disable=SC2016 # apt's own $(…)
    mirror=$(apt-get indextargets --format '$(ORIGIN) $(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
        sed -n 's/^Debian //p' | grep -v security | head -n 1) || mirror=
    root=$(mktemp -d "$cache/root.XXXXXX")
    trap 'rm -rf "$root" "$tar.part"' EXIT INT TERM
    echo "debootstrap $suite with Python, once: about two minutes"
    # shellcheck disable=SC2086 # no mirror is no argument
    debootstrap --variant=minbase --include=ca-certificates,python3,python3-pip,python3-venv "$suite" "$root" $mirror \
        > "$cache/debootstrap.log" 2>&1 || { tail -n 20 "$cache/debootstrap.log" >&2; exit 2; }
    rm -f "$root"/usr/lib/python3*/EXTERNALLY-MANAGED
    (cd "$root" && rm -rf var/cache/apt/* var/lib/apt/lists/* usr/share/doc usr/share/locale dev/*)
    ln -s /usr/bin/python3 "$root/usr/local/bin/python"
    tar -C "$root" --numeric-owner --sort=name -cf "$tar.part" .
    mv "$tar.part" "$tar"
fi

container=$(buildah from scratch)
trap 'buildah rm "$container" >/dev/null 2>&1 || true; rm -rf "${root:-}"' EXIT INT TERM
buildah add --quiet "$container" "$tar" / >/dev/null
buildah config --env PATH=/usr/local/bin:/usr/local/sbin:/usr/bin:/usr/sbin:/bin:/sbin --cmd python3 "$container"
buildah commit --quiet "$container" "$image" >/dev/null
echo "made $image (Debian's $(buildah run "$container" -- python --version))"
