#!/bin/sh
# Runs one step of a longer job and writes its wall time down in target/steps:
#   scripts/step.sh NAME COMMAND [ARGUMENT…]
set -eu
name=$1
shift

printf '\n== %s\n' "$name"
began=$(date +%s)
outcome=ok
"$@" || outcome=FAILED
mkdir -p target
printf '%6d s  %-6s  %s\n' $(($(date +%s) - began)) "$outcome" "$name" >>target/steps
[ "$outcome" = ok ]
