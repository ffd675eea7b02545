#!/bin/sh
# Brings what `make test` and `make cross` need beyond Rust, gcc, Python and make. Debian packages
# are installed when this runs as root, and named otherwise; the C cross compiler goes into .tools/.
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

# The stamp is a copy of the pinned versions: another pin builds the environment anew.
venv=.tools/zig
if ! cmp -s scripts/zig-requirements.txt "$venv/installed"; then
    echo "installing zig and cargo-zigbuild into $venv"
    rm -rf "$venv"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --requirement scripts/zig-requirements.txt
    cp scripts/zig-requirements.txt "$venv/installed"
fi
