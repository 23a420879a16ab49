# shellcheck shell=sh
# Sourced by the scripts beside it: buildah with its own storage in the checkout, so that a test never touches a person's images.
# SKIFF_IMAGE_CACHE names another folder.

images=$(cd "$(dirname "$0")" && pwd)
cache=${SKIFF_IMAGE_CACHE:-$images/../../../.build-images}
mkdir -p "$cache"
cache=$(cd "$cache" && pwd)

command -v buildah >/dev/null || { echo "cannot build an image: buildah is not installed; hint: apt-get install buildah" >&2; exit 2; }

cat > "$cache/storage.conf" <<CONF
[storage]
driver = "vfs"
graphroot = "$cache/storage"
runroot = "$cache/run"
CONF
export CONTAINERS_STORAGE_CONF="$cache/storage.conf"
export BUILDAH_ISOLATION=chroot
export STORAGE_DRIVER=vfs
