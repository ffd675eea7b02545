#!/bin/sh
# Makes OpenWrt packages in dist/, which is a feed then, without OpenWrt's build system:
#   scripts/ipk.sh [ARCH…]        all architectures that openwrt/architectures begins with, or these
# HTTPS names those that get the package `goipd-https` too, by itself all of them.
set -eu
cd "$(dirname "$0")/.."

target_of() {
    awk -v arch="$1" '$1 == arch { print $2 }' openwrt/architectures
}

if [ $# = 0 ]; then
    # The first architecture of each program, up to the blank line.
    # shellcheck disable=SC2046 # a list of words
    set -- $(awk '/^$/ { exit } !/^#/ { print $1 }' openwrt/architectures)
fi
for arch; do
    [ -n "$(target_of "$arch")" ] || {
        echo "$arch: not in openwrt/architectures; add its row there, or correct ARCH" >&2
        exit 1
    }
done
https=${HTTPS-$*}

# build TARGET NAME [OPTION…]: the program as target/TARGET/router/NAME; each once.
build() {
    target=$1 name=$2
    shift 2
    case " ${built-} " in *" $target/$name "*) return ;; esac
    built="${built-} $target/$name"
    scripts/cross.sh zigbuild --locked --package goipd --profile router --target "$target" "$@"
    [ "$name" = goipd ] || cp "target/$target/router/goipd" "target/$target/router/$name"
}

rm -rf dist
# With https first: then the plain program is what lies there in the end.
for arch in $https; do
    build "$(target_of "$arch")" goipd-https --features https
done
for arch; do
    build "$(target_of "$arch")" goipd
done

for arch; do
    openwrt/pack.sh goipd "$arch" "target/$(target_of "$arch")/router/goipd" dist
done
for arch in $https; do
    openwrt/pack.sh goipd-https "$arch" "target/$(target_of "$arch")/router/goipd-https" dist
done
if [ -d openwrt/luci-app-goipd ]; then
    openwrt/pack.sh luci-app-goipd all - dist
fi
openwrt/index.sh dist
[ -d dist/apk ] || echo "no packages for OpenWrt 25.12 (.apk): there is no 'apk' of apk-tools 3 in PATH"
