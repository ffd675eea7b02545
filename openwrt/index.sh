#!/bin/sh
# Makes a folder of packages a feed: writes Packages and Packages.gz for opkg, and where packages for
# apk are, packages.adb in each folder of them.
#   openwrt/index.sh FOLDER
set -eu
cd "$1"
export LC_ALL=C

for package in *.ipk; do
	tar -xzOf "$package" ./control.tar.gz | tar -xzOf - ./control | awk -v package="$package" \
		-v size="$(wc -c <"$package")" -v sum="$(sha256sum "$package" | cut -d ' ' -f 1)" '
		/^Description:/ { printf "Filename: %s\nSize: %s\nSHA256sum: %s\n", package, size, sum }
		{ print }
		END { print "" }'
done >Packages
gzip -9nk -f Packages

for folder in apk/*/; do
	[ ! -d "$folder" ] || apk mkndx --allow-untrusted --output "$folder/packages.adb" "$folder"*.apk
done
