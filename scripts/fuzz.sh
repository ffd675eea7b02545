#!/bin/sh
# Fuzzes the parsers with libFuzzer: every target, or those that are named, for so many seconds
# each. Stops at the first finding. What libFuzzer says lies in fuzz/artifacts/TARGET/log.
#   scripts/fuzz.sh SECONDS [TARGET…]
set -eu
cd "$(dirname "$0")/../fuzz"
seconds=$1
shift
if [ $# = 0 ]; then
    for file in fuzz_targets/*.rs; do
        set -- "$@" "$(basename "$file" .rs)"
    done
fi

# What cargo-fuzz sets, but for the address sanitizer: that one is no stable flag, and goipd has
# no unsafe code. SANITIZER=address adds it, for the sake of the libraries.
RUSTFLAGS="--cfg fuzzing -Cpasses=sancov-module"
for flag in level=4 inline-8bit-counters pc-table trace-compares; do
    RUSTFLAGS="$RUSTFLAGS -Cllvm-args=-sanitizer-coverage-$flag"
done
if [ -n "${SANITIZER:-}" ]; then
    RUSTFLAGS="$RUSTFLAGS -Zsanitizer=$SANITIZER"
    export RUSTC_BOOTSTRAP=1
fi
export RUSTFLAGS

# With the host named as the target, cargo keeps these flags from build scripts and macros.
host=$(rustc -vV | sed -n 's/^host: //p')
export CARGO_TARGET_DIR="$PWD/target"
for target do
    mkdir -p "corpus/$target" "artifacts/$target"
    log=artifacts/$target/log
    cargo build --quiet --release --target "$host" --bin "$target"
    if ! "$CARGO_TARGET_DIR/$host/release/$target" -max_total_time="$seconds" -timeout=10 \
        -rss_limit_mb=1024 -max_len=8192 -verbosity=0 -print_final_stats=1 \
        -dict="dictionaries/$target" -artifact_prefix="artifacts/$target/" \
        "corpus/$target" "seeds/$target" >"$log" 2>&1; then
        grep -av '^WARNING' "$log" >&2
        echo "$target: FAILED, see above; the input is kept in fuzz/artifacts/$target/" >&2
        exit 1
    fi
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    echo "$target: $runs inputs without a finding"
done
