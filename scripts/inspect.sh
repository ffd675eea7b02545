#!/bin/sh
# Looks at the router programs that were built: size beside budget, and what must hold for each ELF
# file: made for this target, static, stripped, and without a path of the build machine in it.
#   scripts/inspect.sh TARGET…
# With HTTPS=1 those that `scripts/ipk.sh` has built with the feature https.
set -eu
cd "$(dirname "$0")/.."
export LC_ALL=C

failures=0
complain() {
    echo "  $elf: $1" >&2
    failures=$((failures + 1))
}

# What a path of the build machine holds: our sources and build folder, cargo's copies of the crates,
# std's sources. Longer than strictly needed, because a clone may lie in /src, and every crate's own
# relative paths hold "/src/". /rustc/HASH is std's name for itself and is the same everywhere.
build_paths() {
    printf '%s\n' "$PWD/src/" "$PWD/target/" "${CARGO_HOME:-/.cargo}/registry/" \
        /.cargo/ /root/ /home/ /lib/rustlib/ /usr/src/
}

inspect() {
    header=$(readelf --file-header "$elf")
    echo "$header" | grep -q "Class: *$class\$" || complain "is not $class"
    echo "$header" | grep -q "Data:.*, $order endian" || complain "is not $order endian"
    echo "$header" | grep -q "Machine:.*$machine" || complain "is not made for $machine"
    if [ "$machine" = MIPS ]; then
        # Routers have no FPU, and OpenWrt's MIPS kernels do not emulate one.
        readelf --arch-specific "$elf" | grep -q '^FP ABI: Soft float' || complain "uses a floating point unit"
    fi
    if readelf --program-headers "$elf" | grep -q INTERP; then
        complain "is linked dynamically"
    fi
    if readelf --sections "$elf" | grep -Eq '\.(symtab|debug_|pdr)'; then
        complain "is not stripped"
    fi
    paths=$(build_paths | grep -aoF -f - "$elf" | sort -u | tr '\n' ' ')
    [ -z "$paths" ] || complain "holds build paths: $paths"
}

printf '%-32s %9s %9s %6s\n' target bytes budget used
for target; do
    elf=target/$target/router/goipd${HTTPS:+-https}
    row=$(grep "^$target " scripts/targets.txt) || {
        echo "$target: not in scripts/targets.txt; add its row there" >&2
        exit 1
    }
    [ -f "$elf" ] || {
        echo "$elf: not built; run 'make cross TARGETS=$target'" >&2
        exit 1
    }
    # shellcheck disable=SC2086 # the row's columns
    set -- $row
    class=$2 order=$3 machine=$4 budget=$5
    [ -z "${HTTPS:-}" ] || budget=${6:--}

    bytes=$(wc -c <"$elf")
    if [ "$budget" = - ]; then
        used=-
    else
        used=$((bytes * 100 / budget))%
    fi
    printf '%-32s %9d %9s %6s\n' "$target" "$bytes" "$budget" "$used"
    inspect
    if [ "$budget" != - ] && [ "$bytes" -gt "$budget" ]; then
        complain "is $((bytes - budget)) bytes over its budget"
    fi
done

[ "$failures" = 0 ]
