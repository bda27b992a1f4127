# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
# Network namespaces joined by veth, for tests, demo, bench and recordings. To be sourced.
#
#	netns_init			once in the (sub)shell that is to own them
#	netns_add left right
#	netns_veth left veth0 right veth1 mtu 9000
#	netns_exec left ping ...
#	netns_spawn right tcpdump ...	in the background; its pid is $netns_pid
#
# Whatever was made is gone when that shell or its script has ended, however that happens, if
# by SIGKILL a little later; so are the processes that it has started, whether they are its
# children or not, and the folder $netns_dir. Namespaces are named weirPID-NAME, interfaces
# as you like.

netns_init() {
	local owner=$BASHPID # which is another one behind &
	netns_prefix=weir$owner
	netns_pids=()
	declare -gA capture_pids=()
	netns_dir=$(mktemp -d)
	# What kills this shell's whole group leaves that one.
	# shellcheck disable=SC2016 # those are its own
	setsid bash -c '. "$1"; netns_watch "${@:2}"' netns "${BASH_SOURCE[0]}" \
		"$$" "$owner" "$netns_prefix" "$netns_dir" </dev/null >/dev/null 2>&1 &
	netns_watcher=$!
	disown
	export WEIR_NETNS=$netns_prefix # by which netns_sweep knows what was started
	trap netns_done EXIT
	trap 'exit 129' HUP
	trap 'exit 130' INT
	trap 'exit 143' TERM
}

netns_done() {
	local status=$?
	set +e # all of it, whatever fails
	trap '' HUP INT TERM
	[ ${#netns_pids[@]} = 0 ] || kill "${netns_pids[@]}" 2>/dev/null
	netns_sweep "$netns_prefix" "$netns_dir"
	kill -KILL -- "-$netns_watcher" 2>/dev/null
	[ ${#netns_pids[@]} = 0 ] || wait "${netns_pids[@]}" 2>/dev/null
	exit "$status"
}

# SCRIPT SHELL PREFIX DIR: what if one of these two ends without netns_done? A subshell does
# not end with its script, and a command that it waits for maybe never.
netns_watch() {
	tail -f --pid="$1" /dev/null &
	tail -f --pid="$2" /dev/null &
	wait -n
	netns_sweep "$3" "$4"
}

netns_sweep() { # PREFIX DIR
	local pids signal name
	unset WEIR_NETNS # nothing of what follows is to be found
	for signal in TERM KILL; do
		for _ in {1..100}; do
			mapfile -t pids < <(netns_processes "$1")
			[ ${#pids[@]} -gt 0 ] || break 2
			kill "-$signal" "${pids[@]}" 2>/dev/null
			sleep 0.05
		done
	done
	for name in $(ip netns list | grep -oE "^$1-[^ ]+"); do
		ip netns del "$name"
	done
	rm -rf "$2"
}

# PREFIX: those that were started, and what they have started.
netns_processes() {
	grep -lsxz "WEIR_NETNS=$1" /proc/[0-9]*/environ | cut -d / -f 3
}

# May this user make namespaces? Says why not.
netns_possible() {
	local probe=weir$BASHPID-probe
	command -v ip >/dev/null || { echo "ip (package iproute2) is missing"; return 1; }
	[ "$(id -u)" = 0 ] || { echo "not root"; return 1; }
	ip netns add "$probe" 2>/dev/null || { echo "this user may not make network namespaces"; return 1; }
	ip netns del "$probe"
}

# NAME...: quiet ones: without IPv6 nothing is sent that we did not send.
netns_add() {
	local name
	for name; do
		ip netns add "$netns_prefix-$name"
		netns_exec "$name" sysctl -q -w net.ipv6.conf.all.disable_ipv6=1 \
			net.ipv6.conf.default.disable_ipv6=1
		netns_exec "$name" ip link set lo up
	done
}

# NAME IF NAME IF [IP-LINK-WORDS...]: joins two namespaces; the words ("mtu 9000",
# "numtxqueues 2 numrxqueues 2") hold for both ends.
netns_veth() {
	local a=$1 if_a=$2 b=$3 if_b=$4
	shift 4
	ip link add "$if_a" netns "$netns_prefix-$a" "$@" type veth \
		peer name "$if_b" netns "$netns_prefix-$b" "$@"
	netns_exec "$a" ip link set "$if_a" up
	netns_exec "$b" ip link set "$if_b" up
	wait_for 10 netns_up "$a" "$if_a"
	wait_for 10 netns_up "$b" "$if_b"
}

netns_up() { # NAME IF
	[ "$(netns_exec "$1" cat "/sys/class/net/$2/operstate")" = up ]
}

# NAME IF COUNTER: rx_packets, tx_dropped and so on.
netns_counter() {
	netns_exec "$1" cat "/sys/class/net/$2/statistics/$3"
}

netns_exec() { # NAME COMMAND...
	ip netns exec "$netns_prefix-$1" "${@:2}"
}

# NAME COMMAND...: in the background; redirect around the call. A shell lets what it starts
# there ignore SIGINT; we do not.
netns_spawn() {
	ip netns exec "$netns_prefix-$1" env --default-signal=INT,QUIT "${@:2}" &
	netns_pid=$!
	netns_pids+=("$netns_pid")
}

# SECONDS COMMAND...: until the command succeeds; its last failure if that takes longer.
wait_for() {
	local end=$((SECONDS + $1))
	until "${@:2}"; do
		[ "$SECONDS" -lt "$end" ] || { echo "waited $1 s in vain for: ${*:2}" >&2; return 1; }
		sleep 0.02
	done
}

# SECONDS PID: waits for the end of a child; its exit status, or 124 if it does not end.
wait_exit() {
	wait_for "$1" gone "$2" || return 124
	wait "$2"
}

gone() { # PID
	! kill -0 "$1" 2>/dev/null
}

# NAME IF FILE: records what comes in, from now on, until capture_stop.
capture_start() {
	netns_spawn "$1" tcpdump --immediate-mode -U -n -p -Q in -s 0 -B 65536 -Z root \
		-i "$2" -w "$3" 2>"$3.log"
	capture_pids[$3]=$netns_pid
	wait_for 10 grep -q 'listening on' "$3.log"
}

# NAME IF FILE COUNT PEER PEER_IF: ends a recording once COUNT frames and, after them, a mark
# that the peer sends have come in. So a frame too many is in FILE as well; its last is the mark.
capture_stop() {
	wait_for 20 received_at_least "$1" "$2" "$4" || true
	netns_exec "$5" python3 -c 'if 1:
		import socket, sys
		s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
		s.bind((sys.argv[1], 0))
		s.send(b"\xff" * 6 + b"\x02" + b"\0" * 5 + b"\x88\xb5end of weir capture")' "$6"
	wait_for 20 grep -q 'end of weir capture' "$3"
	kill -INT "${capture_pids[$3]}"
	wait "${capture_pids[$3]}" || true
}

received_at_least() { # NAME IF COUNT
	[ "$(netns_counter "$1" "$2" rx_packets)" -ge "$3" ]
}
