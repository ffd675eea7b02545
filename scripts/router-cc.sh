#!/bin/sh
# The linker that rustc calls for a router's program (cross.toml): zig's, told two things more than its
# driver lets through. Functions of equal code become one, and the order of all is the one that
# compresses best; neither Rust nor a C library asks whether two functions have one address.
set -eu

# Where to, and so for which target.
out=
previous=
for word; do
    [ "$previous" != -o ] || out=$word
    previous=$word
done

# The driver that cargo-zigbuild has made for that target. It links, and says how it has done that.
driver=
for name in $(env | sed -n 's/^CARGO_TARGET_\(.*\)_LINKER=.*/\1/p'); do
    case $(echo "$out" | tr a-z- A-Z_) in
    */"$name"/*) driver=$(printenv "CARGO_TARGET_${name}_LINKER") ;;
    esac
done
[ -n "$driver" ] || {
    echo "no linker for $out: build by scripts/cross.sh" >&2
    exit 1
}
case $PWD in
# Its words would fall apart below.
*[[:space:]]*) exec "$driver" "$@" ;;
esac
told=$(ZIG_VERBOSE_LINK=1 "$driver" "$@" 2>&1) || {
    echo "$told" >&2
    exit 1
}
# It says so of the parts of its C library too, when it builds them first.
link=$(echo "$told" | sed -n 's/^ld\.lld //p' | grep -F -- " -o $out ") || {
    echo "zig has not told how it links $out; no line of its words begins with 'ld.lld ' and has that" >&2
    exit 1
}

# shellcheck disable=SC2086 # the words of a command
exec python-zig ld.lld $link --icf=all --bp-compression-sort=both
