# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
# For end-to-end tests: the real program between network namespaces. A test file is
#
#	. "${BASH_SOURCE%/*}/lib.sh"
#	test_something_holds() { ... }		more of these
#	run_tests
#
# Each function runs in a subshell of its own with errexit: any command that fails fails
# the test. It prints TAP. Helpers that are not here stand in tools/netns.sh.
set -uo pipefail

e2e_root=$(realpath "${WEIR_SOURCE:-${BASH_SOURCE%/*}/../..}")
weir=${WEIR:-$e2e_root/build/weir}
# shellcheck disable=SC2034
programs=${WEIR_E2E_PROGRAMS:-$e2e_root/build/tests/e2e}
# shellcheck disable=SC2034 # for the tests
data=$e2e_root/tests/data
# shellcheck disable=SC2034
shared_data=${WEIR_TEST_DATA:-$e2e_root/../shared/data}
# shellcheck source=tools/netns.sh
. "$e2e_root/tools/netns.sh"

run_tests() {
	local names name n=0 failed=0 why log fd status
	mapfile -t names < <(grep -oE '^test_[a-z0-9_]+' "$0")
	why=$(netns_possible) || { echo "1..0 # SKIP $why"; exit 0; }
	# Without a name nothing of it is left, however the script ends.
	log=$(mktemp)
	exec {fd}<>"$log"
	rm -f "$log"
	log=/proc/$$/fd/$fd
	echo "1..${#names[@]}"
	for name in "${names[@]}"; do
		n=$((n + 1))
		(
			set -e
			netns_init
			"$name"
		) >"$log" 2>&1
		status=$?
		case $status in
		0) echo "ok $n - $name" ;;
		77) echo "ok $n - $name # SKIP $(tail -n 1 "$log")" ;;
		*)
			echo "not ok $n - $name"
			sed 's/^/# /' "$log"
			failed=1
			;;
		esac
	done
	exit $failed
}

skip() { # REASON
	echo "$1"
	exit 77
}

# A copy of the program that everybody may run, a folder for sockets of user 65534, and how to run
# something as that user, who may do nothing: "${nobody[@]}" PROGRAM ARGUMENTS...
# shellcheck disable=SC2034 # for the tests
nobody_places() {
	chmod 755 "$netns_dir"
	cp "$weir" "$netns_dir/weir"
	run_dir=$netns_dir/run
	mkdir "$run_dir"
	chown 65534:65534 "$run_dir"
	log=$netns_dir/log
	nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups --no-new-privs
		--bounding-set=-all env -u WEIR_RUNTIME_DIR XDG_RUNTIME_DIR="$run_dir")
}

# LOG PROGRAM ARGUMENTS...: the same in the background; $pid, output in LOG, messages in LOG.err,
# which have nothing of an earlier program any more when this returns.
nobody_spawn() {
	: >"$1" 2>"$1.err"
	"${nobody[@]}" --default-signal=INT,QUIT "${@:2}" >"$1" 2>"$1.err" &
	pid=$!
	netns_pids+=("$pid")
}

# [IP-LINK-WORDS...]: what most tests need: veth0 in namespace left, joined with veth1 in right.
veth_pair() {
	netns_add left right
	netns_veth left veth0 right veth1 "$@"
}

# [IP-LINK-WORDS...]: the same for kernel: ports.
kernel_pair() {
	local why
	why=$("$weir" ports --json |
		jq -r '.ports[] | select(.name == "kernel" and (.works | not)).why')
	[ -z "$why" ] || skip "$why"
	veth_pair "$@"
	netns_exec right ethtool -K veth1 gro on
}

# How many frames the last run sent, by what it printed.
sent() {
	sed -nE 's/^Actual: ([0-9]+) packets.*/\1/p' "$out"
}

arrived_at_the_device() {
	netns_counter right veth1 rx_packets
}

# ARGUMENTS...: weir in the left namespace. Output in $out, messages in $err, exit status in $rc.
run_weir() {
	out=$netns_dir/out
	err=$netns_dir/err
	rc=0
	netns_exec left "$weir" "$@" >"$out" 2>"$err" || rc=$?
}

# PROGRAM ARGUMENTS...: the same of any program, where we are.
run() {
	out=$netns_dir/out
	err=$netns_dir/err
	rc=0
	"$@" >"$out" 2>"$err" || rc=$?
}

is() { # WHAT GOT WANT
	[ "$2" = "$3" ] || { echo "$1: got '$2', want '$3'"; show; exit 1; }
}

says() { # FILE REGEX
	grep -qE -- "$2" "$1" || { echo "no '$2' in ${1##*/}"; show; exit 1; }
}

show() {
	echo "--- exit status ${rc-}, output:"
	cat "${out-/dev/null}"
	echo "--- messages:"
	cat "${err-/dev/null}" "${said-/dev/null}"
}

# COUNT WEIR-ARGUMENTS...: runs weir while veth1 is recorded; COUNT frames have to arrive.
replay_and_capture() {
	record right veth1
	run_weir "${@:2}"
	recorded right veth1 "$1" left veth0
}

# NAME IF: records what comes in, from now on until "recorded".
record() {
	capture_start "$1" "$2" "$netns_dir/$2.pcap"
}

recorded() { # NAME IF COUNT PEER PEER_IF
	capture_stop "$1" "$2" "$netns_dir/$2.pcap" "${@:3}"
}

# IF [COMPARE-OPTIONS...] FILE...: what was recorded is what the files hold, byte for byte.
arrived() {
	trace compare --marked "$netns_dir/$1.pcap" "${@:2}" || { show; exit 1; }
}

trace() {
	python3 "$e2e_root/tools/trace.py" "$@"
}

frames_of() { # FILE
	trace count "$1" | cut -d ' ' -f 1
}

# Debian's Scapy belongs to its own python3, which need not be the first in PATH.
python_with_scapy() {
	local python
	for python in python3 /usr/bin/python3; do
		"$python" -c 'import scapy.all' 2>/dev/null && echo "$python" && return
	done
	return 1
}

# FILE: a pcapng that is whole and has neither an interface nor a frame.
make_without_interface() {
	printf '\n\r\r\n\34\0\0\0\115\74\53\32\1\0\0\0%b\34\0\0\0' \
		'\377\377\377\377\377\377\377\377' >"$1"
}
