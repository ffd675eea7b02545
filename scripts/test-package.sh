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

# They mostly wait, so all of them at once.
mkdir -p target
for arch; do
    {
        status=0
        GOIPD_IPK=$(echo dist/goipd_*_"$arch".ipk) python3 -B -W error::ResourceWarning tests/package/test_router.py \
            >"target/router-$arch.log" 2>&1 || status=$?
        echo $status >"target/router-$arch.status"
    } &
done
wait
failed=0
for arch; do
    echo "on a router, $arch:"
    cat "target/router-$arch.log"
    [ "$(cat "target/router-$arch.status")" = 0 ] || failed=1
done
exit $failed
