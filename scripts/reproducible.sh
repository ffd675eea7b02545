#!/bin/sh
# Is the package the same, byte for byte, when everything is built anew in another folder?
#   scripts/reproducible.sh
# compares dist/ with a build of the last commit somewhere else, for the architectures that are there.
set -eu
cd "$(dirname "$0")/.."
top=$PWD

# The architectures that package $1 is there for.
archs_of() {
    for ipk in dist/"$1"_*.ipk; do
        [ ! -f "$ipk" ] || basename "${ipk#*_*_}" .ipk
    done
}

archs=$(archs_of goipd)
HTTPS=$(archs_of goipd-https)
export HTTPS
[ -n "$archs" ] || {
    echo "there is nothing in dist/ to compare with; run 'make ipk ARCH=mipsel_24kc'" >&2
    exit 1
}
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export SOURCE_DATE_EPOCH
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
git archive HEAD | tar -xf - -C "$folder"
ln -s "$top/.tools" "$folder/.tools"
cd "$folder"
unset CARGO_TARGET_DIR
# shellcheck disable=SC2086 # a list of architectures
scripts/ipk.sh $archs
for package in dist/*.ipk dist/Packages; do
    cmp "$package" "$top/$package"
    echo "the same: $package"
done
