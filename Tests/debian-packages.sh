# shellcheck shell=sh
# Sourced by run.sh and by examples/quickstart.sh: `need_packages NAME...` sees to Debian packages, and says what it does.

say() { printf '== %s\n' "$*"; }
cannot() { printf 'error: %s\n' "$1" >&2; [ -z "${2:-}" ] || printf 'hint: %s\n' "$2" >&2; exit 2; }

# What skiff and skiff-scorer link with.
# shellcheck disable=SC2034 # used by who sources this
build_packages="libarchive-dev libcurl4-openssl-dev libevent-dev libssl-dev libyaml-dev zlib1g-dev pkg-config ca-certificates"

# Installs those of the named packages that are missing, as root or by sudo without a password; otherwise names them and exits 2.
need_packages() {
    command -v dpkg-query >/dev/null || { say "this is not a Debian: not looking for packages"; return 0; }
    missing=
    for package in "$@"; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing="$missing $package"
    done
    [ -n "$missing" ] || return 0
    as_root=
    if [ "$(id -u)" != 0 ]; then
        sudo -n true 2>/dev/null || cannot "these Debian packages are missing:$missing" "sudo apt-get install$missing"
        as_root="sudo -n env DEBIAN_FRONTEND=noninteractive"
    fi
    say "installing Debian packages:$missing"
    # shellcheck disable=SC2086
    DEBIAN_FRONTEND=noninteractive $as_root apt-get update -q </dev/null >/dev/null ||
        cannot "apt-get update does not work" "its messages are above"
    # shellcheck disable=SC2086
    DEBIAN_FRONTEND=noninteractive $as_root apt-get install -q -y --no-install-recommends $missing </dev/null >/dev/null ||
        cannot "apt-get cannot install:$missing" "its messages are above"
}

need_swift() {
    command -v swift >/dev/null || cannot "swift is not on PATH" "install the Swift 6.3 toolchain from swift.org"
}
