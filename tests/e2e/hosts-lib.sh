# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
# For tests of what stands between two hosts, each on a veth of its own. To be sourced after
# lib.sh.
#
#	left eth0 --- mid1 middle mid2 --- eth0 right
#
# shellcheck disable=SC2154 # variables that it shares with them

# [IP-LINK-WORDS...]
two_hosts() {
	netns_add left middle right
	netns_veth left eth0 middle mid1 "$@"
	netns_veth right eth0 middle mid2 "$@"
	netns_exec left ip addr add 10.9.0.1/24 dev eth0
	netns_exec right ip addr add 10.9.0.2/24 dev eth0
}

ping_works() {
	wait_for 15 netns_exec left ping -q -c 1 -W 1 10.9.0.2 >"$netns_dir/ping" ||
		{ cat "$netns_dir/ping"; show; exit 1; }
}

ping_fails() {
	if netns_exec left ping -q -c 2 -i 0.2 -W 1 10.9.0.2 >/dev/null; then
		echo "an answer came"
		show
		exit 1
	fi
}

# FROM TO ADDRESS [MIB]: many bytes by TCP, which have to arrive as they were; long frames and
# missing checksums have to be seen to on the way.
tcp_passes() {
	local sum
	netns_spawn "$2" timeout 60 python3 -c 'if 1:
		import hashlib, socket, sys
		server = socket.create_server(("", 7000))
		print("listening", flush=True)
		sum = hashlib.sha256()
		peer = server.accept()[0]
		while data := peer.recv(1 << 16):
			sum.update(data)
		peer.send(sum.hexdigest().encode())' >"$netns_dir/server"
	wait_for 10 grep -q listening "$netns_dir/server"
	sum=$(netns_exec "$1" timeout 60 python3 -c 'if 1:
		import hashlib, random, socket, sys
		data = random.Random(4).randbytes(int(sys.argv[2]) << 20)
		s = socket.create_connection((sys.argv[1], 7000), timeout=30)
		s.sendall(data)
		s.shutdown(socket.SHUT_WR)
		print(s.recv(100).decode() == hashlib.sha256(data).hexdigest())' "$3" "${4-16}") || true
	[ "$sum" = True ] || { echo "TCP from $1 to $3: '$sum'"; show; exit 1; }
}
