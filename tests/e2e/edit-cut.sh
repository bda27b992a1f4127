#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Frames that are cut carry what the whole frame did, as Wireshark puts it together, and
# fragroute's rules make what they say.
# shellcheck source=tests/e2e/lib.sh
. "${BASH_SOURCE%/*}/lib.sh"

bin=${weir%/*}/bin

edit() { # FILE ARGUMENTS...: into $netns_dir/edited
	run "$weir" edit -i "$1" -o "$netns_dir/edited" "${@:2}"
	is "exit status" "$rc" 0
}

# FILE ARGUMENTS...: what tshark says of it.
shark() {
	tshark -r "$1" -o ip.check_checksum:TRUE -o tcp.check_checksum:TRUE \
		-o udp.check_checksum:TRUE "${@:2}" 2>/dev/null
}

need_shark() {
	command -v tshark >/dev/null || skip "tshark is not installed"
}

# FILE: no checksum is bad, and some were looked at. Of fragments only the IP header's is
# known.
checksums_are_right() {
	local sums
	sums=$(shark "$1" -T fields -e ip.checksum.status -e tcp.checksum.status \
		-e udp.checksum.status)
	is "bad checksums" "$(grep -c 0 <<<"$sums" || true)" 0
	grep -q 1 <<<"$sums" || { echo "no checksum was looked at"; exit 1; }
}

# FILE: the bytes of both directions of its TCP streams, and all UDP payloads.
payload() {
	local stream
	for stream in $(shark "$1" -T fields -e tcp.stream | grep . | sort -u); do
		shark "$1" -q -z "follow,tcp,raw,$stream" | grep -v '^=\|^Node\|^Follow\|^Filter' |
			tr -d '\t\n'
		echo
	done
	shark "$1" -T fields -e udp.payload | grep . || true
}

# FILE: bytes of its longest IP datagram.
longest() {
	shark "$1" -T fields -e ip.len -e ipv6.plen -E occurrence=f |
		awk '{ n = $2 ? $2 + 40 : $1; if (n > m) m = n } END { print m }'
}

# Frames of 20,000 bytes and more of TCP, as a host gives its card, over IPv4 and IPv6, with
# checksums left to the card; and UDP of 5,000.
make_long() {
	python3 - "$netns_dir/long" <<-'END'
		import random, socket, struct, sys

		def sum16(data):
		    s = sum(struct.unpack("!%dH" % (len(data) // 2), data[:len(data) & ~1]))
		    s += data[-1] << 8 if len(data) & 1 else 0
		    while s >> 16:
		        s = (s & 0xffff) + (s >> 16)
		    return s

		def ipv4(proto, payload, ident):
		    a = bytes([10, 0, 0, 1, 10, 0, 0, 2])
		    h = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(payload), ident, 0, 64, proto, 0)
		    return struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(payload), ident, 0, 64, proto,
		                       0xffff - sum16(h + a)) + a + payload, a

		def ipv6(proto, payload, ident):
		    a = socket.inet_pton(socket.AF_INET6, "fd00::1")
		    a += socket.inet_pton(socket.AF_INET6, "fd00::2")
		    return struct.pack("!IHBB", 6 << 28, len(payload), proto, 64) + a + payload, a

		def pseudo(a, proto, n):
		    return a + struct.pack("!HH", proto, n)

		rand = random.Random(4)
		frames = []
		for ip, ether in (ipv4, 0x0800), (ipv6, 0x86dd):
		    seq = 1000
		    for i in range(5):
		        data = rand.randbytes(20000 + 1111 * i)
		        tcp = struct.pack("!HHIIBBHHH", 1000, 80, seq, 1, 0x50, 0x18, 500, 0, 0) + data
		        a = ip(6, tcp, 1000 * i)[1]
		        part = sum16(pseudo(a, 6, len(tcp)))
		        tcp = tcp[:16] + struct.pack("!H", part) + tcp[18:]
		        frames.append((ether, ip(6, tcp, 1000 * i)[0]))
		        seq += len(data)
		        udp = struct.pack("!HHHH", 1000, 4000 + i, 5008, 0) + rand.randbytes(5000)
		        s = 0xffff - sum16(pseudo(a, 17, 5008) + udp) or 0xffff
		        udp = udp[:6] + struct.pack("!H", s) + udp[8:]
		        frames.append((ether, ip(17, udp, 1000 * i + 500)[0]))
		with open(sys.argv[1], "wb") as f:
		    f.write(struct.pack("<IHHIIII", 0xa1b23c4d, 2, 4, 0, 0, 262144, 1))
		    for i, (ether, packet) in enumerate(frames):
		        packet = bytes([2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1]) + struct.pack("!H", ether) + packet
		        f.write(struct.pack("<IIII", 1, 1000 * i + 1, len(packet), len(packet)) + packet)
	END
}

test_segments_carry_the_whole_stream() {
	need_shark
	make_long
	edit "$netns_dir/long" --segment=1500 -w
	is "the longest of TCP" "$(shark "$netns_dir/edited" -Y tcp -w - | longest -)" 1500
	shark "$netns_dir/edited" -Y tcp -w "$netns_dir/tcp"
	checksums_are_right "$netns_dir/tcp"
	is "what they carry" "$(payload "$netns_dir/edited" | md5sum)" \
		"$(payload "$netns_dir/long" | md5sum)"
	is "PSH" "$(shark "$netns_dir/edited" -Y tcp.flags.push==1 | wc -l)" 10
	is "times" "$(shark "$netns_dir/edited" -T fields -e frame.time_epoch | sort -u | wc -l)" 20
}

test_what_is_no_tcp_is_told_or_fragmented() {
	need_shark
	make_long
	edit "$netns_dir/long" --segment=1500
	says "$err" "10 frames not edited: too long, and not TCP \(the first is frame 2\)"
	edit "$netns_dir/long" --segment=1500 --fragment=1300
	is "messages" "$(cat "$err")" ""
	is "the longest" "$(longest "$netns_dir/edited")" 1300
	checksums_are_right "$netns_dir/edited"
	is "what they carry" "$(payload "$netns_dir/edited" | md5sum)" \
		"$(payload "$netns_dir/long" | md5sum)"
}

test_the_result_does_not_depend_on_workers() {
	make_long
	printf 'tcp_seg 700\nip_frag 320 new\norder random\ntcp_chaff seq\n' >"$netns_dir/rules"
	edit "$netns_dir/long" --segment=9000 --fragroute="$netns_dir/rules" --workers=1
	mv "$netns_dir/edited" "$netns_dir/one"
	edit "$netns_dir/long" --segment=9000 --fragroute="$netns_dir/rules" --workers=3
	cmp "$netns_dir/one" "$netns_dir/edited"
	edit "$netns_dir/long" --segment=9000 --fragroute="$netns_dir/rules" --fragroute-seed=5
	cmp -s "$netns_dir/one" "$netns_dir/edited" && { echo "the seed is no matter"; exit 1; }
	run "$weir" replay -w "$netns_dir/sent" --topspeed -K --segment=9000 \
		--fragroute="$netns_dir/rules" "$netns_dir/long"
	is "exit status" "$rc" 0
	trace compare "$netns_dir/sent" "$netns_dir/one"
}

test_rules_that_tear_apart_lose_nothing() {
	need_shark
	for file in web web6 dns vlan; do
		printf 'tcp_seg 100\nip_frag 64\norder random\ndup random 50\n' >"$netns_dir/rules"
		edit "$data/$file.pcap" --fragroute="$netns_dir/rules"
		checksums_are_right "$netns_dir/edited"
		# Retransmissions and disorder are no matter to what is read in the end.
		is "bytes of $file" "$(shark "$netns_dir/edited" -q -z follow,tcp,raw,0 | tr -d '\t\n' |
			md5sum)" "$(shark "$data/$file.pcap" -q -z follow,tcp,raw,0 | tr -d '\t\n' | md5sum)"
	done
}

test_delayed_frames_are_overtaken() {
	printf 'delay first 1000\n' >"$netns_dir/rules"
	"$weir" split -a first -i "$data/web.pcap" -o "$netns_dir/cache" >/dev/null 2>&1
	edit "$data/web.pcap" --fragroute="$netns_dir/rules" --fragdir=s2c -c "$netns_dir/cache"
	is "frames" "$(frames_of "$netns_dir/edited")" "$(frames_of "$data/web.pcap")"
	if command -v tshark >/dev/null; then
		times=$(shark "$netns_dir/edited" -T fields -e frame.time_epoch)
		is "the order of times" "$(sort -n <<<"$times")" "$times"
		shark "$netns_dir/edited" -Y tcp.flags.syn==1 -T fields -e frame.time_epoch |
			awk 'NR == 1 { t = $1 } NR == 2 { exit $1 - t < 1 }'
	fi
}

test_wrong_rules_are_named_with_their_place() {
	printf '# size\ntcp_seg 0\n' >"$netns_dir/rules"
	run "$weir" edit -i "$data/web.pcap" -o "$netns_dir/no" --fragroute="$netns_dir/rules"
	is "exit status" "$rc" 2
	says "$err" 'rules: line 2, column 9: the segment size must be between 1 and 65535'
	[ ! -e "$netns_dir/no" ]
	run "$bin/tcprewrite" -i "$data/web.pcap" -o "$netns_dir/no" --fragroute="$netns_dir/rules"
	is "exit status" "$rc" 255
	says "$err" "^Fatal Error: invalid argument to directive 'tcp_seg' \(line 2\)"
	run "$bin/tcprewrite" -i "$data/web.pcap" -o "$netns_dir/no" --fragdir=c2s
	is "exit status" "$rc" 1
	says "$err" "^tcprewrite error:  fragdir option requires the cachefile option"
	printf 'print\necho a  b\n' >"$netns_dir/rules"
	run "$bin/tcprewrite" -i "$data/vlan.pcap" -o "$netns_dir/no" --fragroute="$netns_dir/rules"
	is "exit status" "$rc" 255
	says "$err" "^Fatal Error: Error processing packet via fragroute: skipping non-IP packet"
	run "$bin/tcprewrite" -i "$data/dns.pcap" -o "$netns_dir/edited" --fragroute="$netns_dir/rules"
	is "exit status" "$rc" 0
	says "$out" "^a b$"
}

run_tests
