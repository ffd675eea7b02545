#!/bin/sh
# Holds the packages in dist/ against what they must be, then installs those for the architectures
# that are named, in a root of their own, and uses them there:
#   scripts/test-package.sh ARCH…
set -eu
cd "$(dirname "$0")/.."

${CARGO:-cargo} build --locked --quiet --package goip-sim
python3 -B -W error::ResourceWarning tests/package/test_package.py
if [ "$(id -u)" != 0 ]; then
    echo "the packages were not installed: that takes root, for a root folder and a user of their own" >&2
    exit 0
fi
for arch; do
    for ipk in dist/goipd_*_"$arch".ipk; do
        echo "on a router: $ipk"
        GOIPD_IPK=$ipk python3 -B -W error::ResourceWarning tests/package/test_router.py
    done
done
