#!/bin/sh
# Packs a package for OpenWrt, by the feed's own Makefile but without its build system:
#   openwrt/pack.sh PACKAGE ARCH PROGRAM FOLDER
# PROGRAM is the goipd that goes into it, or - for none. It puts PACKAGE_VERSION_ARCH.ipk into FOLDER
# (for opkg, OpenWrt up to 24.10) and, where `apk` of apk-tools 3 is, PACKAGE-VERSION.apk into
# FOLDER/apk/ARCH (OpenWrt from 25.12 on). The same input is the same package, byte for byte.
set -eu
[ $# = 4 ] || {
	sed -n '2,6s/^# //p' "$0" >&2
	exit 2
}
package=$1 arch=$2 program=$3
[ "$program" = - ] || program=$(realpath "$program")
mkdir -p "$4"
folder=$(realpath "$4")
cd "$(dirname "$0")"
sdk=$PWD/sdk
[ ! -d "$package" ] || cd "$package"
export LC_ALL=C

# All files have the time of the sources: that of their last change, or what the environment says.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null)} || {
	echo "the sources are no git clone; say their time in SOURCE_DATE_EPOCH" >&2
	exit 1
}
export SOURCE_DATE_EPOCH

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
umask 022
mkdir -p "$work/bin" "$work/data" "$work/control"
[ "$program" = - ] || cp "$program" "$work/bin/goipd"

make --silent TOPDIR="$sdk" PACKAGE="$package" ARCH="$arch" PROGRAMS="$work" \
	EPOCH="$SOURCE_DATE_EPOCH" OUT="$work" stage

cd "$work"

field() {
	sed -n "s/^$1: //p" control/control
}

# tar MEMBER…, with nothing of this machine in it.
archive() {
	tar --format=gnu --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$SOURCE_DATE_EPOCH" -c "$@"
}

# What gzip reads, 4 % smaller than it makes it.
compress() {
	zopfli "$1"
	rm "$1"
}

# A script of OpenWrt's own words, and the others that are given behind them.
script() {
	cat <<-'END'
		#!/bin/sh
		[ "${IPKG_NO_SCRIPT}" = "1" ] && exit 0
		[ -s ${IPKG_INSTROOT}/lib/functions.sh ] || exit 0
		. ${IPKG_INSTROOT}/lib/functions.sh
	END
	[ $# = 0 ] || printf '%s\n' "$@"
}

# A script of the package's own without its first line, if there is one.
own() {
	[ ! -f "control/$1" ] || sed 1d "control/$1"
}

pack_ipk() {
	archive -C data . >data.tar
	sed -i "s/^Installed-Size: .*/Installed-Size: $(wc -c <data.tar)/" control/control
	# Behind the first line each begins with a blank.
	sed 's/^[[:space:]]*/ /; 1s/^/Description:/' description >>control/control

	# They have the users made, the service enabled and started, and the package's own script run.
	script "default_postinst \$0 \$@" >control/postinst
	script "default_prerm \$0 \$@" >control/prerm
	find control -type f ! -name control ! -name conffiles -exec chmod 0755 '{}' +

	echo 2.0 >debian-binary
	archive -C control . >control.tar
	compress data.tar
	compress control.tar
	archive ./debian-binary ./data.tar.gz ./control.tar.gz | gzip -9n >"$folder/$ipk"
	echo "$ipk"
}

has_apk() {
	apk --version 2>/dev/null | grep -q '^apk-tools 3'
}

# apk knows no control archive: what opkg finds there lies in the package, and the scripts say all.
pack_apk() {
	lists=data/lib/apk/packages
	mkdir -p $lists
	(cd data && find . \( -type f -o -type l \) -printf '/%P\n' | sort) >list
	cp list "$lists/$package.list"
	[ -z "$(field Require-User)" ] || field Require-User >"$lists/$package.rusers"
	if [ -f control/conffiles ]; then
		cp control/conffiles "$lists/$package.conffiles"
		while read -r file; do
			echo "$file $(sha256sum "data$file" | cut -d ' ' -f 1)"
		done <control/conffiles >"$lists/$package.conffiles_static"
	fi
	find data -exec touch -h -d "@$SOURCE_DATE_EPOCH" '{}' +

	# shellcheck disable=SC2016 # for the router's shell
	root='export root="${IPKG_INSTROOT}"' name="export pkgname=\"$package\""
	{
		script "$root" "$name" add_group_and_user default_postinst
		own postinst-pkg
	} >post-install
	sed '1a export PKG_UPGRADE=1' post-install >post-upgrade
	{
		script "$root" "$name" default_prerm
		own prerm-pkg
	} >pre-deinstall

	[ "$arch" = all ] && apk_arch=noarch || apk_arch=$arch
	provides=$(field Provides)
	mkdir -p "$folder/apk/$arch"
	# With its version nothing else of that name can be there as well: it is a conflict too.
	apk mkpkg --info "name:$package" --info "version:$(field Version)" --info "arch:$apk_arch" \
		--info "description:$(tr -s '[:space:]' ' ' <description | sed 's/^ //; s/ $//')" \
		--info "license:$(field License)" --info "maintainer:$(field Maintainer)" \
		--info "depends:$(field Depends | tr -d ,)" \
		${provides:+--info "provides:$provides=$(field Version)"} \
		--script post-install:post-install --script post-upgrade:post-upgrade \
		--script pre-deinstall:pre-deinstall --files data --output "$folder/apk/$arch/$apk"
	echo "apk/$arch/$apk"
}

mv control/description .
ipk=${package}_$(field Version)_$arch.ipk
apk=$package-$(field Version).apk
pack_ipk
! has_apk || pack_apk
