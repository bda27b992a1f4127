#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Runs the conformance suite for every pair of ports that this machine can make, in network
# namespaces of its own, and prints one TAP stream.
#
#	tests/conformance/run.sh CONFORM TUNPAIR LAUNCH WEIR [WORD]	only pairs whose name has WORD
set -euo pipefail
# shellcheck source=tools/netns.sh
. "$(dirname "$0")/../../tools/netns.sh"

conform=$1 tunpair=$2 launch=$3 weir=$4 only=${5:-}
export CMOCKA_MESSAGE_OUTPUT=TAP
number=0
veth_mtu=9000
peer_gro= # how the receiving end of a veth gets, if not as it is

result() { # ok|not-ok NAME [# SKIP REASON]
	number=$((number + 1))
	echo "${1/-/ } $number - ${*:2}"
}

wanted() { # NAME
	[[ $1 == *$only* ]]
}

# NAME TX RX SETTING...: one run of the suite; its results under that name.
run_pair() {
	run_tap_program "$1" "$conform" "${@:2}"
}

run_tap_program() { # NAME PROGRAM ARGUMENT...
	local name=$1 log=$netns_dir/log status=0 line seen=0 planned=1
	timeout 120 "${@:2}" >"$log" 2>&1 || status=$?
	while IFS= read -r line; do
		if [[ $line =~ ^1\.\.([0-9]+)$ ]]; then
			planned=${BASH_REMATCH[1]}
		elif [[ $line =~ ^not\ ok\ [0-9]+\ \#\ SKIP\ (.*) ]]; then
			result ok "$name: ${BASH_REMATCH[1]} # SKIP not for this pair"
			seen=$((seen + 1))
		elif [[ $line =~ ^(not\ )?ok\ [0-9]+\ -\ (.*) ]]; then
			result "${BASH_REMATCH[1]:+not-}ok" "$name: ${BASH_REMATCH[2]}"
			seen=$((seen + 1))
		else
			echo "# $line"
		fi
	done <"$log"
	if [ "$seen" -lt "$planned" ] || { [ "$status" != 0 ] && ! grep -q '^not ok [0-9]* -' "$log"; }; then
		result not-ok "$name: all tests run to the end (exit status $status)"
	fi
}

# NAME QUEUES TX RX SETTING...: on a new veth pair, and once more to see it removed.
run_veth() {
	local name=$1 queues=$2
	shift 2
	wanted "$name" || return 0
	new_veth "$queues"
	run_pair "$name" "${@:1:2}" "${in_veth[@]}" "queues=$queues" "${@:3}"
	[[ $* == *only=* ]] || run_pair "$name" "${@:1:2}" "${in_veth[@]}" "${@:3}" remove
	ip -n "$netns_prefix-tx" link del vtx 2>/dev/null || true
}

new_veth() {
	netns_veth tx vtx rx vrx mtu "$veth_mtu" numtxqueues "$1" numrxqueues "$1"
	if [ -n "$peer_gro" ]; then
		netns_exec rx ethtool -K vrx gro on
	fi
}

run_tap() { # NAME TX RX SETTING...
	local name=$1 mode
	shift
	wanted "$name" || return 0
	for mode in "queues=2" remove; do
		netns_exec tx ip tuntap add wtap mode tap multi_queue
		netns_exec tx ip link set wtap mtu 9000 up
		run_pair "$name" "$@" "txns=$netns_prefix-tx" "rxns=$netns_prefix-tx" txif=wtap "$mode"
		ip -n "$netns_prefix-tx" link del wtap 2>/dev/null || true
	done
}

# A device that the port makes itself is gone when the port is closed.
run_made_tap() {
	wanted tap-made || return 0
	run_pair tap-made tap:wmade null: "txns=$netns_prefix-tx" sink
	if ip -n "$netns_prefix-tx" link show wmade >/dev/null 2>&1; then
		result not-ok "tap-made: the device is gone"
	else
		result ok "tap-made: the device is gone"
	fi
}

run_tun() {
	local mode
	wanted tun || return 0
	for mode in "queues=1" remove; do
		: >"$netns_dir/tunpair"
		netns_spawn tx "$tunpair" wtuna wtunb >"$netns_dir/tunpair"
		wait_for 10 grep -q ready "$netns_dir/tunpair"
		netns_exec tx ip link set wtuna mtu 9000 up
		netns_exec tx ip link set wtunb mtu 9000 up
		run_pair "tun packet->packet" packet:wtuna packet:wtunb \
			"txns=$netns_prefix-tx" "rxns=$netns_prefix-tx" txif=wtuna "$mode"
		kill "$netns_pid" 2>/dev/null || true
		wait_exit 10 "$netns_pid" || true
	done
}

run_free() { # NAME TX RX SETTING...
	if wanted "$1"; then
		run_pair "$@" free any-length
	fi
}

# A switch for each test, started by its first port; and one that loses nothing. The other
# drops what finds a full ring, so that a receiver needs room for the longest batch.
run_vale() {
	local room=rx-slots=2048
	wanted vale || return 0
	export WEIR_RUNTIME_DIR=$netns_dir/vale WEIR_PROGRAM=$weir
	run_pair vale vale0:a vale0:b,$room free queues=3
	run_pair "vale, shared region" vale0:a vale0:b,$room free shared queues=3 \
		only=test_frames_inside_the_region_and_outside
	"$weir" switch vale1 --lossless 2>"$netns_dir/switch" &
	netns_pids+=($!)
	wait_for 10 grep -q runs "$netns_dir/switch"
	run_pair "vale, pipe" 'vale0:x{1' 'vale0:x}1' free queues=1 blocks
	run_pair "netmap, pipe" 'netmap:x}y' 'netmap:x{y' free queues=1 blocks
	run_pair "vale, lossless" vale1:a vale1:b free queues=3 blocks
}

run_all_veth() {
	in_veth=("txns=$netns_prefix-tx" "rxns=$netns_prefix-rx" txif=vtx)
	run_veth "packet->packet" 2 packet:vtx packet:vrx
	run_veth "packet->packet, low latency" 2 packet:vtx packet:vrx low-latency
	veth_mtu=1500 # frames that are left to be cut are longer than the receiver's slots
	run_veth "packet->packet, short slots" 2 packet:vtx packet:vrx low-latency
	veth_mtu=9000
	run_veth "packet,qdisc->packet" 1 packet:vtx,qdisc packet:vrx
	run_veth "plain name" 1 vtx vrx
	if why=$(xdp_possible); then
		run_veth "xdp->packet" 2 xdp:vtx packet:vrx
		# The kernel spreads what packet sends over all queues of an interface, and so
		# it does with frames outside the region of xdp.
		run_veth "packet->xdp" 1 packet:vtx xdp:vrx
		run_veth "packet->xdp, 2 queues" 2 packet:vtx xdp:vrx only=test_many_queues
		run_veth "xdp->xdp" 1 xdp:vtx xdp:vrx
		run_veth "xdp->xdp, 2 queues" 2 xdp:vtx xdp:vrx only=test_many_queues
		run_veth "xdp@1->packet" 2 xdp:vtx@1 packet:vrx queues=1
	else
		result ok "xdp # SKIP $why"
	fi
	run_kernel
}

# The peer of a veth takes such frames only with GRO or an XDP program.
run_kernel() {
	local why
	why=$("$weir" ports --json | jq -r '.ports[] | select(.name == "kernel" and (.works | not)).why')
	if [ -n "$why" ]; then
		result ok "kernel # SKIP $why"
		return
	fi
	peer_gro=on
	run_veth "kernel->packet" 2 kernel:vtx packet:vrx
	peer_gro=
}

# With much time to spare, with some, and with so little that most frames miss their time.
run_launch() {
	local delta ns=("$netns_prefix-tx" "$netns_prefix-rx")
	wanted launch || return 0
	for delta in 20000000 500000 1000; do
		new_veth 1
		if add_qdisc root etf clockid CLOCK_TAI delta "$delta"; then
			run_tap_program "launch, delta $delta" \
				"$launch" vtx packet:vrx "${ns[@]}" "$delta"
		fi
		ip -n "$netns_prefix-tx" link del vtx
	done
	# Priority 3 leads to queue 1, all others to queue 2.
	new_veth 2
	if add_qdisc root handle 100: mqprio num_tc 2 map 1 1 1 0 1 1 1 1 1 1 1 1 1 1 1 1 \
		queues 1@0 1@1 hw 0 &&
		add_qdisc parent 100:1 etf clockid CLOCK_TAI delta 20000000; then
		run_tap_program "launch, mqprio" \
			"$launch" packet:vtx,prio=3 packet:vrx "${ns[@]}" 20000000
	fi
	ip -n "$netns_prefix-tx" link del vtx
}

add_qdisc() { # WORDS OF tc-qdisc...
	netns_exec tx tc qdisc replace dev vtx "$@" 2>"$netns_dir/log" && return
	result ok "launch # SKIP tc qdisc replace $*: $(head -n 1 "$netns_dir/log")"
	return 1
}

# Does this kernel have AF_XDP (address family 44)?
xdp_possible() {
	python3 -c 'import socket; socket.socket(44, socket.SOCK_RAW, 0)' 2>/dev/null ||
		{ echo "this kernel has no AF_XDP sockets"; return 1; }
}

netns_init
run_free null null: null: sink
run_free mem mem:pair mem:pair blocks queues=3
run_vale
for end in pcap pcapng pcapng.zst; do
	run_free "file.$end" "file:$netns_dir/trace.$end" "file:$netns_dir/trace.$end" file
done

if why=$(netns_possible); then
	netns_add tx rx
	run_all_veth
	run_launch
	if [ -c /dev/net/tun ]; then
		run_tap "tap->packet" tap:wtap packet:wtap makes-device
		run_tap "packet->tap" packet:wtap tap:wtap blocks
		run_made_tap
		run_tun
	else
		result ok "tap, tun # SKIP this machine has no /dev/net/tun"
	fi
else
	result ok "ports on interfaces # SKIP $why"
fi
echo "1..$number"
