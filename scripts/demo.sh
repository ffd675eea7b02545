#!/bin/sh
# A simulated GoIP device and the daemon in front of it, on this machine, with nothing installed:
# sends one message and shows what becomes of it. Then it stays up to be tried by hand until Ctrl-C;
# with --once it ends by itself, with exit code 0 only if the message was sent.
set -eu
cd "$(dirname "$0")/.."

once=false
case ${1-} in
'') ;;
--once) once=true ;;
*)
    echo "usage: scripts/demo.sh [--once]" >&2
    exit 2
    ;;
esac

# How long a program may take until it answers, in tenths of a second. Both start in a few
# milliseconds; a busy machine is given ten seconds.
start_limit_ds=100

folder=
sim_pid=
goipd_pid=

# shellcheck disable=SC2317 # the trap calls it
clean_up() {
    # The daemon first: without its device it would report an outage that is none.
    for pid in $goipd_pid $sim_pid; do
        kill "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
    [ -z "$folder" ] || rm -rf "$folder"
}
trap clean_up EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

die() {
    echo "demo: $1" >&2
    exit 1
}

# wait_for PID WHAT COMMAND…: until the command succeeds, as long as that process lives.
wait_for() {
    pid=$1 what=$2
    shift 2
    tries=0
    until "$@" >/dev/null 2>&1; do
        kill -0 "$pid" 2>/dev/null || die "$what: the program ended; its last words stand above"
        tries=$((tries + 1))
        [ "$tries" -lt "$start_limit_ds" ] || die "$what: not within $((start_limit_ds / 10)) s"
        sleep 0.1
    done
}

echo "building (the first time takes a minute)"
cargo build --locked --quiet --workspace
bin=${CARGO_TARGET_DIR:-$PWD/target}/debug

folder=$(mktemp -d "${TMPDIR:-/tmp}/goipd-demo.XXXXXX")
mkdir "$folder/state"
socket=$folder/goipd.sock
goipctl=$folder/goipctl
# The program is goipctl when it is called by that name.
ln -s "$bin/goipd" "$goipctl"

"$bin/goip-sim" --listen 127.0.0.1:0 >"$folder/sim.log" &
sim_pid=$!
wait_for "$sim_pid" "the simulated device listens" grep -q '^listening on ' "$folder/sim.log"
url=$(sed -n '1s/^listening on //p' "$folder/sim.log")

cat >"$folder/goipd.config" <<CONFIG
config goipd 'main'
	option socket '$socket'
	option state_dir '$folder/state'
	option volatile '1'
	option log_level 'info'

config device 'office'
	option url '$url'
	option username 'admin'
	option password 'admin'
CONFIG

echo "simulated device: $url"
echo "daemon: goipd -c $folder/goipd.config; its log follows"
echo
"$bin/goipd" -c "$folder/goipd.config" &
goipd_pid=$!
wait_for "$goipd_pid" "the daemon answers" "$goipctl" --socket "$socket" lines

number=+4915112345678
text="Pump 3 stopped"
echo "\$ goipctl send --wait $number \"$text\""
status=0
"$goipctl" --socket "$socket" send --wait "$number" "$text" || status=$?
[ "$status" = 0 ] || {
    echo "demo: not sent; goipctl's exit code is $status" >&2
    exit "$status"
}

wait_for "$sim_pid" "the message is on the air" grep -qF "$text" "$folder/sim.log"
echo
echo "what the simulated device put on the air:"
sed '1d; s/^/  /' "$folder/sim.log"

if $once; then
    exit 0
fi

cat <<TRY

It stays up until Ctrl-C. The daemon's socket: $socket
Try in another terminal:

  $goipctl --socket $socket send --wait $number "Pump 3 runs again"
  echo 'send $number Water is high' | socat - UNIX-CONNECT:$socket
  $goipctl --socket $socket lines

TRY
trap 'exit 0' INT
wait "$goipd_pid" || status=$?
goipd_pid=
die "the daemon ended by itself with exit code $status"
