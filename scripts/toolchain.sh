#!/bin/sh
# Finds a Rust compiler that has the sources of its standard library beside it, which is what a
# tier-3 target like MIPS needs. Prints the shell assignments that make cargo use it, and says on
# standard error which one it took. Exit code 1: there is none.
set -eu
cd "$(dirname "$0")/.."

# Minor number of the oldest compiler that Cargo.toml allows.
oldest_minor=$(sed -n 's/^rust-version = "1\.\([0-9]*\).*/\1/p' Cargo.toml)

serves() {
    rustc=$1
    [ -x "$rustc" ] || return 1
    [ -d "$("$rustc" --print sysroot)/lib/rustlib/src/rust/library/std" ] || return 1
    minor=$("$rustc" --version | sed 's/^rustc 1\.\([0-9]*\).*/\1/')
    [ "$minor" -ge "$oldest_minor" ]
}

take() {
    echo "router builds use $("$1" --version) at $1" >&2
    echo "export RUSTC='$1' CARGO='$2'"
    # A stable compiler takes -Z flags only when it is told that this is meant.
    case $("$1" --version) in
    *-nightly*) ;;
    *) echo "export RUSTC_BOOTSTRAP=1" ;;
    esac
    exit 0
}

# Debian's (packages rustc-web, cargo-web, rust-web-src) goes first: everybody on one Debian
# release gets the same compiler, and so the same bytes.
if [ -x /usr/bin/cargo ] && serves /usr/bin/rustc; then
    take /usr/bin/rustc /usr/bin/cargo
fi

if command -v rustup >/dev/null; then
    for name in $(rustup toolchain list | sed -n 's/^\(nightly[^ ]*\).*/\1/p'); do
        rustc=$(rustup which --toolchain "$name" rustc) || continue
        cargo=$(rustup which --toolchain "$name" cargo) || continue
        if serves "$rustc"; then
            take "$rustc" "$cargo"
        fi
    done
fi

echo "no Rust compiler 1.$oldest_minor or newer with the sources of std: install Debian's rustc-web," \
    "cargo-web and rust-web-src, or a rustup nightly with the component rust-src" >&2
exit 1
