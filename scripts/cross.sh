#!/bin/sh
# Cargo for a router: cross.toml's settings, the compiler with its sources, zig as C compiler and
# linker. The first argument is zigbuild or test, the others go to cargo:
#   scripts/cross.sh zigbuild --profile router --target mipsel-unknown-linux-musl
set -eu
cd "$(dirname "$0")/.."

settings=$(scripts/toolchain.sh)
eval "$settings"
export PATH="$PWD/.tools/zig/bin:$PATH"

# Either of these would silently replace the flags in cross.toml.
unset RUSTFLAGS CARGO_ENCODED_RUSTFLAGS

command=$1
shift
cargo-zigbuild "$command" --config cross.toml "$@"

# The MIPS compiler leaves a table for debuggers that no linker flag removes: 14 % of the file.
[ "$command" = zigbuild ] || exit 0
for program in $(printf '%s\n' "$@" | sed -n '/^--target$/{n;s|.*|target/&/router/goipd|p}'); do
    [ ! -f "$program" ] || llvm-objcopy --remove-section=.pdr --remove-section=.mdebug.abi32 \
        --remove-section=.comment "$program" "$program.small"
    [ ! -f "$program.small" ] || mv "$program.small" "$program"
done
