#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Hardware time from end to end, in a guest with hwtsim's devices: hts0 sends, hts1 stamps with
# /dev/ptp0, which is 1000 s ahead. Prints TAP. Started by init in the memory that run.sh makes.
# An emulated machine takes its time to start a program, so bash does what it can itself.
set -uo pipefail

frames=200 # in /frames.pcap
out=/tmp/out err=/tmp/err file=/tmp/x.pcapng

is() { # WHAT GOT WANT
	[ "$2" = "$3" ] || { echo "$1: got '$2', want '$3'"; cat "$err"; exit 1; }
}

fails() { # PROGRAM ARGUMENTS...: its messages in $err
	if "$@" 2>"$err"; then
		echo "went well: $*"
		exit 1
	fi
}

is_between() { # LEAST NUMBER MOST
	[ "$1" -le "$2" ] || { echo "$2 is less than $1"; exit 1; }
	[ "$2" -le "$3" ] || { echo "$2 is more than $3"; exit 1; }
}

says() { # FILE REGEX
	grep -qE -- "$2" "$1" || { echo "no '$2' in $1:"; cat "$1"; exit 1; }
}

# KEY: its values in the JSON of $out, in their order.
values() {
	local text
	text=$(<"$out")
	while [[ $text =~ \""$1"\":\ ([^,$'\n']*) ]]; do
		echo "${BASH_REMATCH[1]//\"/}"
		text=${text#*"${BASH_REMATCH[0]}"}
	done
}

value() { # KEY
	values "$1" | { read -r first && echo "$first"; }
}

# Programs of traffic control want Linux 6.6; of stamps in XDP it had 6.3.
has_programs() {
	local major minor
	IFS=. read -r major minor _ <<<"$(uname -r)"
	[ $((major * 100 + minor)) -ge 606 ]
}

needs_programs() {
	has_programs || { echo "Linux $(uname -r)"; exit 77; }
}

set_device() { # PARAMETER VALUE
	echo "$2" >"/sys/module/hwtsim/parameters/$1"
}

filter_is() { # FILTER
	local state
	state=$(weir hwstamp hts1)
	[[ $state == "hts1: received frames: $1,"* ]] || { echo "filter: $state"; exit 1; }
}

send() {
	weir replay -q --topspeed -i packet:hts0 /frames.pcap >/dev/null
}

# ARGUMENTS...: a capture in the background, $pid, that has begun.
begin() {
	local n=0
	rm -f "$out" "$err" "$file"
	: >"$err"
	weir capture -i hts1 -w "$file" --json "$@" >"$out" 2>"$err" &
	pid=$!
	until [[ $(<"$err") == *capturing* ]]; do
		if [ $((n++)) = 300 ] || ! kill -0 "$pid"; then
			cat "$err"
			exit 1
		fi
		read -rt 0.1 <>/tmp/never || :
	done
}

finish() { # [SIGNAL]
	kill -"${1:-INT}" "$pid"
	wait "$pid"
}

# ARGUMENTS...: all frames into $file.
capture() {
	begin --count="$frames" "$@"
	send
	wait "$pid"
}

# Frames with times of the system and of the device, that the program and that the file tell of.
shares_are() { # SYSTEM DEVICE
	is "stamped" "$(value hw_stamped)" "$2"
	is "without a stamp" "$(value hw_missing)" "$1"
	weir info --json "$file" >"$out"
	is "in the file" "$(values frames | { read -r a && read -r b && echo "$a $b"; })" "$1 $2"
}

# The file's first time, of which $out tells, is so many seconds ahead of a few seconds ago.
is_ahead() { # SECONDS
	local first ahead
	first=$(value first_time)
	first=${first%.*}
	ahead=$(($(date -ud "${first/T/ }" +%s) - EPOCHSECONDS - $1))
	is_between -60 "$ahead" 1
}

test_a_device_is_switched_on_and_off() {
	weir hwstamp hts1 on --json >"$out"
	is "filter" "$(value rx)" all
	is "clock" "$(value device)" /dev/ptp0
	is "ticks" "$(value ticks)" true
	is "ahead" "$(($(value ahead_of_utc_ns) / 1000000000))" 1000
	weir hwstamp hts1 off >"$out"
	says "$out" "^hts1: received frames: none,"
	fails weir hwstamp hts1 on --tx=on
	says "$err" "cannot stamp these frames"
}

# ENGINE NAME: stamps are put to UTC, and frames without one are told from the others.
stamps_reach_the_file() {
	begin --time=hw --engine="$1" --count=$((2 * frames))
	filter_is all
	send
	set_device every 2
	send
	wait "$pid"
	set_device every 1
	says "$out" "\"engine\": \"$2\""
	is "clock" "$(value clock)" /dev/ptp0
	shares_are $((frames / 2)) $((frames * 3 / 2))
	is_ahead 0
	says "$file" "$((frames * 3 / 2)) frames with times of /dev/ptp0, $((frames / 2)) that arrived w"
	filter_is none
}

test_a_packet_socket_has_stamps() {
	stamps_reach_the_file packet packet
}

test_traffic_control_has_stamps() {
	needs_programs
	stamps_reach_the_file tc "tc program"
}

test_a_program_in_the_driver_has_stamps() {
	needs_programs
	stamps_reach_the_file xdp "xdp program"
}

test_frames_are_dropped_with_their_stamps() {
	needs_programs
	capture --time=auto --mode=drop -f 'udp and not port 9999'
	says "$out" '"engine": "xdp program"'
	shares_are 0 "$frames"
}

# Two captures of the same frames: the device's stamp is earlier, and not by much.
test_times_of_the_device_agree_with_the_systems() {
	local other delay
	begin --engine=packet --count="$frames"
	other=$pid
	mv "$file" /tmp/sw.pcapng
	capture --time=hw
	wait "$other"
	weir diff --json "$file" /tmp/sw.pcapng >"$out"
	delay=$(value p50_ns)
	is_between -100000 "$delay" 100000000
}

test_raw_times_are_those_of_the_device() {
	local engine engines=packet
	! has_programs || engines+=" tc"
	for engine in $engines; do
		capture --time=hw-raw --engine="$engine"
		shares_are 0 "$frames"
		is_ahead 1000
		says "$file" "clock, /dev/ptp0, as they are: not UTC"
	done
}

test_what_was_set_is_put_back_at_every_end() {
	begin --time=hw
	filter_is all
	finish TERM
	is "exit status" "$?" 0
	filter_is none
	weir hwstamp hts1 on >/dev/null
	begin --time=hw
	finish INT
	filter_is all
	weir hwstamp hts1 off >/dev/null
	fails weir capture -i hts1 -w /nosuch/x --time=hw
	filter_is none
}

test_off_mends_what_a_killed_capture_left() {
	begin --time=hw
	finish KILL || true
	filter_is all
	weir hwstamp hts1 off >/dev/null
	filter_is none
}

test_a_device_that_lies_is_found_out() {
	set_device liar 1
	capture --time=hw
	set_device liar 0
	says "$err" "says that it stamps frames, and [0-9]+ have come without"
	shares_are "$frames" 0
	is_ahead 0
}

test_what_has_no_clock_says_so() {
	rm -f "$file"
	fails weir capture -i lo -w "$file" --time=hw
	says "$err" "'lo' does not stamp frames"
	fails ls "$file"
	begin --time=auto -i lo
	finish
	says "$err" "hts1, times are of /dev/ptp0"
	says "$err" "lo, times are of the system"
}

mkfifo /tmp/never
mapfile -t names < <(grep -oE '^test_[a-z0-9_]+' "$0")
echo "1..${#names[@]}"
n=0
for name in "${names[@]}"; do
	n=$((n + 1))
	begun=$EPOCHREALTIME
	(
		set -e
		"$name"
	) >/tmp/log 2>&1
	status=$?
	case $status in
	0) echo "ok $n - $name" ;;
	77) echo "ok $n - $name # SKIP $(</tmp/log)" ;;
	*)
		echo "not ok $n - $name"
		sed 's/^/# /' /tmp/log
		;;
	esac
	echo "# $(((${EPOCHREALTIME/./} - ${begun/./}) / 1000)) ms"
done
