#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# weir capture: every kind of file is read by others, holds what programs said to each other,
# and is good up to its last block whatever happens to the disk or the program.
# shellcheck source=tests/e2e/lib.sh
. "${BASH_SOURCE%/*}/lib.sh"
# shellcheck source=tests/e2e/capture-lib.sh
. "${BASH_SOURCE%/*}/capture-lib.sh"
# shellcheck source=tests/e2e/hosts-lib.sh
. "${BASH_SOURCE%/*}/hosts-lib.sh"

# FILE: it, not compressed.
unpacked() {
	case $1 in
	*.zst) zstd -dcq "$1" >"$1.raw" ;;
	*.gz) gzip -dc "$1" >"$1.raw" ;;
	*.lz4) lz4 -dcq "$1" >"$1.raw" ;;
	*) ln "$1" "$1.raw" ;;
	esac
	echo "$1.raw"
}

test_every_kind_of_file_is_read_by_every_reader() {
	local n kind path sum=0
	local -A pids
	veth_pair
	n=$((5 * $(frames_of "$data/web.pcap")))
	start() { # FILE ARGUMENTS...
		start_capture right "$1" -i veth1 -B 8 "${@:2}"
		pids[$1]=$capturer
	}
	start all.pcapng --marks=direction,id,queue --comment='all that there is' -s 100 \
		-f 'not port 9'
	start plain.pcap
	start micro.pcap --format=pcap --engine=packet
	start zstd.pcapng.zst
	start gzip.pcapng.gz
	start lz4.pcapng.lz4
	start pcap.pcap.zst
	start row.pcapng -b packets:$((n / 2))
	start queue.pcapng --per-queue
	run_weir replay -q -t -l 5 -i packet:veth0 "$data/web.pcap"
	wait_for 20 received_at_least right veth1 "$n"
	for kind in "${!pids[@]}"; do
		file=$netns_dir/$kind
		capturer=${pids[$kind]}
		stop_capture INT # at once: what has come is in there
		is "exit status of $kind" "$rc" 0
		is "kept by $kind" "$(figure .kept)" "$n"
		adds_up
		case $kind in
		row* | queue*) ;;
		*) reads_well "$(unpacked "$file")" "$n" ;;
		esac
	done
	for path in "$netns_dir"/row_*.pcapng "$netns_dir"/queue-q*.pcapng; do
		reads_well "$path" "$(frames_of "$path")"
		sum=$((sum + $(frames_of "$path")))
	done
	is "frames of the row and the queues" "$sum" $((2 * n))
	command -v capinfos >/dev/null || return 0
	for kind in zstd.pcapng.zst gzip.pcapng.gz lz4.pcapng.lz4; do
		is "frames of $kind" "$(capinfos -rMTc "$netns_dir/$kind" | cut -f 2)" "$n"
	done
}

# NAME: frames without an end, as fast as they go.
send_for_ever() {
	netns_spawn left "$weir" replay -q -t -K -l 1000000000 -i packet:veth0 "$data/bulk.pcap"
	sender=$netns_pid
}

is_larger_than() { # FILE BYTES
	[ "$(stat -c %s "$1")" -gt "$2" ]
}

# FILE: frames of its whole blocks; what follows them is at most a part of one.
whole_frames() {
	python3 - "$1" <<-'END'
		import struct, sys
		data, at, n = open(sys.argv[1], "rb").read(), 0, 0
		while len(data) - at >= 8:
		    kind, size = struct.unpack_from("<2I", data, at)
		    assert kind in (0x0a0d0d0a, 1, 4, 5, 6) and size % 4 == 0 and size >= 12, (at, kind, size)
		    if at + size > len(data):
		        break
		    assert struct.unpack_from("<I", data, at + size - 4)[0] == size, at
		    n += kind == 6
		    at += size
		print(n)
	END
}

test_killed_at_full_speed_leaves_whole_blocks() {
	local n kind size
	local -A pids
	veth_pair
	for kind in got.pcapng got.pcapng.zst got.pcapng.gz; do
		start_capture right "$kind" -i veth1 --direction=in
		pids[$kind]=$capturer
	done
	send_for_ever
	for kind in "${!pids[@]}"; do
		size=300000
		[ "$kind" != got.pcapng ] || size=20000000
		wait_for 30 is_larger_than "$netns_dir/$kind" "$size"
	done
	kill -KILL "${pids[@]}" "$sender"
	wait "${pids[@]}" "$sender" 2>/dev/null || true
	n=$(whole_frames "$netns_dir/got.pcapng")
	[ "$n" -gt 10000 ]
	zstd -dcq "$netns_dir/got.pcapng.zst" >"$netns_dir/zst" 2>/dev/null || true
	gzip -dcq "$netns_dir/got.pcapng.gz" >"$netns_dir/gz" 2>/dev/null || true
	[ "$(whole_frames "$netns_dir/zst")" -gt 100 ]
	[ "$(whole_frames "$netns_dir/gz")" -gt 100 ]
	command -v tshark >/dev/null || return 0
	is "frames in tshark" "$(tshark -r "$netns_dir/got.pcapng" 2>/dev/null | wc -l)" "$n"
}

test_full_disk_at_full_speed_is_counted_to_the_frame() {
	local kind n fd
	local -A pids fds
	veth_pair
	mkdir "$netns_dir/disk"
	for kind in got.pcapng got.pcap got.pcapng.zst; do
		n=2m
		[ "$kind" != got.pcapng ] || n=8m # goes past the page cache
		mount -t tmpfs -o "size=$n" none "$netns_dir/disk" 2>/dev/null ||
			skip "no tmpfs can be mounted"
		ln -s disk/file "$netns_dir/$kind"
		start_capture right "$kind" -i veth1 --direction=in
		pids[$kind]=$capturer
		# It is gone when nobody has it open any more, whatever becomes of us.
		exec {fd}<"$netns_dir/disk/file"
		umount -l "$netns_dir/disk"
		rm "$netns_dir/$kind"
		fds[$kind]=$fd
	done
	send_for_ever
	for kind in "${!pids[@]}"; do
		file=$netns_dir/$kind
		capturer=${pids[$kind]}
		ended_capture
		fd=${fds[$kind]}
		cat <&"$fd" >"$file"
		exec {fd}<&-
		is "exit status of $kind" "$rc" 1
		says "$err" 'No space left on device'
		adds_up
		if [ "$kind" = got.pcapng.zst ]; then # its frame has no end
			n=$("$weir" info --json "$file" 2>/dev/null | jq '.files[0].frames' || true)
			is "frames of $kind" "$n" "$(figure .kept)"
		else
			reads_well "$file" "$(figure .kept)"
		fi
	done
	kill "$sender"
}

test_what_comes_is_read_from_a_pipe_while_it_comes() {
	veth_pair
	command -v tshark >/dev/null || skip "tshark is not installed"
	# shellcheck disable=SC2016 # that shell's own
	netns_spawn right bash -c '"$1" capture -q -i veth1 --direction=in -w - 2>"$2.err" |
		tshark -l -r - -T fields -e frame.number >"$2" 2>/dev/null' capture "$weir" "$netns_dir/got"
	wait_for 20 is_attached right veth1
	run_weir replay -q -t -l 3 -i packet:veth0 "$data/ping.pcap"
	wait_for 20 has_lines "$netns_dir/got" $((3 * $(frames_of "$data/ping.pcap")))
}

is_attached() { # NAME IF
	[ "$(netns_exec "$1" cat "/sys/class/net/$2/flags")" != 0x1003 ]
}

has_lines() { # FILE COUNT
	[ "$(wc -l <"$1")" -ge "$2" ]
}

MARK='end of weir capture'

# NAME IF KIND TCPDUMP-AND-WEIR-DIRECTION [ENGINE...]: tcpdump and captures of an interface.
watch_all() {
	local engine
	watched=$1
	watched_if=$2
	watchers=()
	netns_spawn "$1" tcpdump --immediate-mode -U -n -p -s 0 -B 65536 -Z root -Q "${3/both/inout}" \
		-i "$2" -w "$netns_dir/$2.$3.pcap" 2>"$netns_dir/$2.$3.log"
	watchers+=("$netns_pid")
	wait_for 10 grep -q 'listening on' "$netns_dir/$2.$3.log"
	for engine in "${@:4}"; do
		# shellcheck disable=SC2086 # two words
		start_capture "$1" "$2.$3.${engine// /}.pcapng" -i "$2" -B 8 --direction="$3" --engine=$engine
		watchers+=("$capturer")
	done
}

# ADDRESS: all have seen the mark, and the same frames before it, however many looked.
saw_the_same() {
	local path
	netns_exec "$watched" bash -c "echo '$MARK' >/dev/udp/$1/9" || true
	for path in "$netns_dir/$watched_if".*.pcap*; do
		case $path in *.out | *.err) continue ;; esac
		wait_for 20 grep -q "$MARK" "$path"
	done
	kill -INT "${watchers[@]}"
	wait "${watchers[@]}"
	for path in "$netns_dir/$watched_if".*.pcapng; do
		python3 - "$e2e_root/tools" "$netns_dir/$watched_if".*.pcap "$path" "$MARK" <<-'END'
			import collections, sys
			sys.path.insert(0, sys.argv[1])
			import trace
			def frames(path):
			    all = [f.data for f in trace.read(path)]
			    end = next(i for i, data in enumerate(all) if sys.argv[4].encode() in data)
			    return collections.Counter(all[:end])
			want, got = frames(sys.argv[2]), frames(sys.argv[3])
			assert sum(want.values()) > 2, want
			assert got == want, (sys.argv[3], len(list(got - want)), len(list(want - got)))
		END
	done
	rm "$netns_dir/$watched_if".*
}

# NAME ADDRESS NAME ADDRESS: what programs say to each other.
talk() {
	netns_exec "$1" ping -q -c 3 -i 0.2 "$4" >/dev/null
	tcp_passes "$1" "$3" "$4" 4
	netns_exec "$1" python3 -c 'if 1:
		import socket, sys
		s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		for size in range(100):
		    s.sendto(bytes(size * 40), (sys.argv[1], 7001))' "$4" || true
}

test_what_programs_say_is_what_tcpdump_saw() {
	veth_pair numtxqueues 2 numrxqueues 2
	netns_exec left ip addr add 192.0.2.1/24 dev veth0
	netns_exec right ip addr add 192.0.2.2/24 dev veth1
	wait_for 10 netns_exec left ping -q -c 1 -W 1 192.0.2.2
	watch_all right veth1 both tc packet
	talk left 192.0.2.1 right 192.0.2.2
	saw_the_same 192.0.2.1
	watch_all left lo in tc packet
	talk left 127.0.0.1 left 127.0.0.1
	saw_the_same 127.0.0.1
	watch_all right veth1 in 'tc --mode=drop'
	netns_exec left ping -q -c 3 -i 0.2 -W 1 192.0.2.2 && exit 1
	watched=left saw_the_same 192.0.2.2
}

# NAME IF: answers pings that come by a tun device.
answer_pings() {
	netns_spawn "$1" python3 -c 'if 1:
		import fcntl, os, struct, sys
		tun = os.open("/dev/net/tun", os.O_RDWR)
		fcntl.ioctl(tun, 0x400454ca, struct.pack("16sH22x", sys.argv[1].encode(), 0x1001))
		print("ready", flush=True)
		while True:
		    p = os.read(tun, 65536)
		    if p[9] == 1:
		        type_and_sum = struct.pack(">BBH", 0, 0, (p[22] << 8 | p[23]) + 0x800 & 0xffff)
		        os.write(tun, p[:12] + p[16:20] + p[12:16] + type_and_sum + p[24:])' \
		"$2" >"$netns_dir/tun"
	wait_for 10 grep -q ready "$netns_dir/tun"
}

test_tun_shows_what_tcpdump_saw_there() {
	netns_add left
	netns_exec left ip tuntap add tun0 mode tun
	answer_pings left tun0
	netns_exec left ip addr add 192.0.2.1/24 dev tun0
	netns_exec left ip link set tun0 up
	watch_all left tun0 both tc packet
	netns_exec left ping -q -c 3 -i 0.2 192.0.2.2
	saw_the_same 192.0.2.2
}

test_switch_shows_what_was_sent_to_it() {
	netns_add left
	start_capture left got.pcapng -i "vale_cap$$:b"
	run_weir replay -q -t -l 10 -i "vale_cap$$:a,nolearn" "$data/web.pcap"
	wait_for 20 holds $((10 * $(frames_of "$data/web.pcap")))
	stop_capture INT
	is_loops_of "$file" "$data/web.pcap" 10
}

run_tests
