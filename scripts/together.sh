#!/bin/sh
# Runs test programs of tests/ side by side, the given number at a time, and in each of them three
# tests at once: they wait for clocks and boxes for most of their time.
#   scripts/together.sh COUNT NAME…
# What a program prints is shown once it has ended, and a failed one does not stop the others.
set -eu
count=$1
shift

out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
tests=
for name; do tests="$tests --test $name"; done
# shellcheck disable=SC2086 # a list of arguments
"${CARGO:-cargo}" test --locked --no-run $tests

export out RUST_TEST_THREADS=3
# shellcheck disable=SC2016 # it is the inner shell that knows $1
printf '%s\n' "$@" | xargs -P "$count" -n 1 sh -c '
    outcome=0
    "${CARGO:-cargo}" test --locked --test "$1" >"$out/$1" 2>&1 </dev/null || outcome=1
    flock "$out" cat "$out/$1"
    exit $outcome' sh
