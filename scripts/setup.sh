#!/bin/sh
# Brings what `make test` and `make cross` need beyond Rust, gcc, Python and make. Debian packages
# are installed when this runs as root, and named otherwise; the C cross compiler and the programs
# that check the relay go into .tools/.
#   scripts/setup.sh [bench]        with bench also what only `make bench` needs
set -eu
cd "$(dirname "$0")/.."

has() { command -v "$1" >/dev/null; }

missing=
scripts/toolchain.sh >/dev/null 2>&1 || missing="$missing rustc-web cargo-web rust-web-src"
has cc || missing="$missing gcc"
has readelf || missing="$missing binutils"
has llvm-objcopy || missing="$missing llvm"
has qemu-mipsel-static || missing="$missing qemu-user-static"
has shellcheck || missing="$missing shellcheck"
has zopfli || missing="$missing zopfli"
# The package's scripts run in a root without libraries.
{ has busybox && ! readelf --program-headers "$(command -v busybox)" | grep -q INTERP; } ||
    missing="$missing busybox-static"
has curl || missing="$missing curl"
has node || missing="$missing nodejs"
has npm || missing="$missing npm"
# The LuCI pages are tried in a real browser, which its driver, of the same version, leads.
has chromium || missing="$missing chromium"
has chromedriver || missing="$missing chromium-driver"
[ "${1-}" != bench ] || has wrk || missing="$missing wrk"
# Debian splits off the part of Python that puts pip into a new environment.
python3 -c 'import ensurepip' 2>/dev/null || missing="$missing python3-venv"

if [ -n "$missing" ]; then
    if [ "$(id -u)" != 0 ] || ! has apt-get; then
        echo "Missing here. On Debian, install it with:" >&2
        echo "sudo apt-get update && sudo apt-get install -y --no-install-recommends$missing" >&2
        echo "Elsewhere: the same programs by your own package manager (docs/building.md)." >&2
        exit 1
    fi
    echo "installing$missing"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -q -o Acquire::Retries=3
    # Another apt may be at work on a fresh machine; five minutes is longer than any of its jobs.
    # shellcheck disable=SC2086 # a list of package names
    apt-get install -q -y --no-install-recommends -o DPkg::Lock::Timeout=300 $missing
    scripts/toolchain.sh >/dev/null
fi

# bring NAME PINS COMMAND…: makes .tools/NAME anew with the command, unless it is there. The stamp
# is a copy of the pinned versions, so other pins are another .tools/NAME.
bring() {
    name=$1 pins=$2
    shift 2
    if ! cmp -s "$pins" ".tools/$name/installed"; then
        echo "installing into .tools/$name what $pins names"
        rm -rf ".tools/$name"
        mkdir -p ".tools/$name"
        "$@" ".tools/$name" "$pins"
        cp "$pins" ".tools/$name/installed"
    fi
}

python_packages() {
    python3 -m venv "$1"
    "$1/bin/pip" install --quiet --requirement "$2"
}

npm_packages() {
    cp scripts/checks-npm/package.json scripts/checks-npm/package-lock.json "$1"
    npm ci --prefix "$1" --ignore-scripts --no-audit --no-fund --loglevel=error
}

bring zig scripts/zig-requirements.txt python_packages
bring checks scripts/checks-requirements.txt python_packages
bring npm scripts/checks-npm/package-lock.json npm_packages
