# shellcheck shell=dash
# procd's functions, which write down what they are told: a line each, its words between tabs.
# /procd/record is the service as it was told last, /procd/pid.INSTANCE what runs of it.

record() {
	local IFS='	'
	echo "$*" >>/procd/told
}

procd_open_service() {
	: >/procd/told
}

procd_close_service() {
	service_triggers
	mv /procd/told /procd/record
}

procd_open_instance() {
	record instance "$@"
}

procd_close_instance() {
	:
}

procd_set_param() {
	record param "$@"
}

procd_add_jail() {
	record jail "$@"
}

procd_add_jail_mount() {
	record ro "$@"
}

procd_add_jail_mount_rw() {
	record rw "$@"
}

procd_add_reload_trigger() {
	record trigger reload "$@"
}

procd_add_restart_mount_trigger() {
	record trigger mount "$@"
}

# Like procd it does not wait for the end.
procd_kill() {
	local file
	for file in /procd/pid.*; do
		[ ! -f "$file" ] || kill "$(cat "$file")" 2>/dev/null
	done
	: >/procd/record
}

procd_running() {
	local file
	for file in /procd/pid.*; do
		[ -f "$file" ] && kill -0 "$(cat "$file")" 2>/dev/null && return 0
	done
	return 1
}

# The mount points in /procd/mountpoints that are above $1.
procd_get_mountpoints() {
	local mount
	[ -f /procd/mountpoints ] || return 0
	while read -r mount; do
		case $1/ in "$mount"/*) echo "$mount" ;; esac
	done </procd/mountpoints
}
