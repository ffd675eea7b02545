# shellcheck shell=dash
# Of OpenWrt's /lib/functions.sh what the package uses, by our own hand.
# shellcheck disable=SC2013 # no path here has a blank

append() {
	eval "$1=\"\${$1:+\$$1 }$2\""
}

# Of /etc/config/$1 the sections with their options; lists are passed over.
config_load() {
	local word name value file=/etc/config/$1
	[ ! -e "/var/run/uci/$1" ] || file=/var/run/uci/$1
	sections=''
	[ -f "$file" ] || return 0
	while read -r word name value; do
		value=$(unquoted "$value")
		case $word in
		config)
			section=${value:-cfg$((${#sections} + 1))}
			append sections "$section"
			eval "type_$section=\$(unquoted \"\$name\")"
			;;
		option) eval "option_${section}_$(unquoted "$name")=\$value" ;;
		esac
	done <"$file"
}

unquoted() {
	echo "$1" | sed "s/^['\"]//; s/['\"]\$//"
}

config_foreach() {
	local section type
	for section in $sections; do
		eval "type=\$type_$section"
		[ "$type" != "$2" ] || "$1" "$section"
	done
}

config_get() {
	eval "$1=\${option_$2_$3:-\$4}"
}

config_get_bool() {
	config_get "$@"
	eval "case \$$1 in on | true | yes | enabled) $1=1 ;; off | false | no | disabled) $1=0 ;; esac"
}

# What opkg has of the package $1.
info() {
	echo "/usr/lib/opkg/info/$pkgname.$1"
}

default_postinst() {
	local pkgname file
	pkgname=$(basename "${1%.*}")
	make_user "$(sed -n 's/^Require-User: //p' "$(info control)")"
	for file in $(grep '^/etc/uci-defaults/' "$(info list)"); do
		# shellcheck disable=SC1090 # whatever the package has
		[ ! -f "$file" ] || { (cd /etc/uci-defaults && . "$file") && rm "$file"; }
	done
	# shellcheck disable=SC1090 # whatever the package has
	[ ! -f "$(info postinst-pkg)" ] || (. "$(info postinst-pkg)")
	for file in $(grep '^/etc/init.d/' "$(info list)"); do
		[ "$PKG_UPGRADE" = 1 ] || "$file" enable
		"$file" start
	done
}

default_prerm() {
	local pkgname file
	pkgname=$(basename "${1%.*}")
	# shellcheck disable=SC1090 # whatever the package has
	[ ! -f "$(info prerm-pkg)" ] || (. "$(info prerm-pkg)")
	for file in $(grep '^/etc/init.d/' "$(info list)"); do
		[ "$PKG_UPGRADE" = 1 ] || "$file" disable
		"$file" stop
	done
}

# The user and the group in "user:group".
make_user() {
	local user=${1%:*} group=${1#*:}
	[ -n "$user" ] || return 0
	grep -q "^$group:" /etc/group || echo "$group:x:32768:" >>/etc/group
	grep -q "^$user:" /etc/passwd || echo "$user:x:32768:32768:$user:/var/run/$user:/bin/false" >>/etc/passwd
}
