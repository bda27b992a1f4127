#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Makes the traces in tests/data: records real programs that talk over veth between two
# namespaces of our own, with tcpdump. Run as root; the results are committed.
#
#	tools/record-traces.sh [FOLDER]
set -euo pipefail
cd "$(dirname "$0")/.."
tools/setup record
# shellcheck source=tools/netns.sh
. tools/netns.sh

out=${1:-tests/data}
mkdir -p "$out"
netns_init
work=$netns_dir
netns_add client server
for name in client server; do
	netns_exec "$name" sysctl -q -w net.ipv6.conf.all.disable_ipv6=0 \
		net.ipv6.conf.default.disable_ipv6=0
done
netns_veth client veth0 server veth0
number=1
for name in client server; do
	# Without offloads the frames are what a wire would carry: checksums filled in, none
	# longer than the MTU.
	netns_exec "$name" ethtool -K veth0 tx off rx off tso off gso off gro off >/dev/null
	netns_exec "$name" ip addr add 192.0.2.$number/24 dev veth0
	netns_exec "$name" ip addr add 2001:db8::$number/64 dev veth0 nodad
	number=$((number + 1))
done

serve() {
	mkdir -p "$work/www"
	chmod 755 "$work" "$work/www"
	seq 1 3000 >"$work/www/index.html"
	cat >"$work/nginx.conf" <<-END
		daemon off; pid $work/nginx.pid; error_log stderr;
		events { }
		http {
			access_log off;
			client_body_temp_path $work/b; proxy_temp_path $work/p;
			fastcgi_temp_path $work/f; uwsgi_temp_path $work/u; scgi_temp_path $work/s;
			server { listen 80; listen [::]:80; root $work/www; }
		}
	END
	netns_spawn server nginx -c "$work/nginx.conf" 2>"$work/nginx.log"
	netns_spawn server dnsmasq --no-daemon --no-resolv --no-hosts --log-facility=- \
		--address=/weir.example/192.0.2.2 --address=/weir.example/2001:db8::2 \
		--txt-record=text.weir.example,"a weir regulates and measures a river" \
		2>"$work/dnsmasq.log"
	netns_spawn server iperf3 -s >"$work/iperf3.log"
	wait_for 10 listening 80
	wait_for 10 listening 53
	wait_for 10 listening 5201
}

listening() { # PORT
	netns_exec server ss -Hltn "sport = :$1" | grep -q .
}

# NAME COMMAND...: records what veth0 of the client sees while the commands run.
record() {
	local file=$work/$1.pcap pid before
	shift
	netns_spawn client tcpdump --immediate-mode --time-stamp-precision=nano -U -n -p -s 0 \
		-Z root -i veth0 -w "$file" 2>"$file.log"
	pid=$netns_pid
	wait_for 10 grep -q 'listening on' "$file.log"
	"$@" >/dev/null
	# The last frames have come when for once nothing new does.
	before=-1
	while [ "$before" != "$(stat -c %s "$file")" ]; do
		before=$(stat -c %s "$file")
		sleep 0.3
	done
	kill -INT "$pid"
	wait "$pid" || true
}

talk_web() { netns_exec client curl -s http://192.0.2.2/ http://192.0.2.2/missing; }
talk_web6() { netns_exec client curl -s 'http://[2001:db8::2]/'; }
talk_dns() {
	local kind
	for kind in A AAAA MX; do
		netns_exec client dig +tries=1 @192.0.2.2 weir.example "$kind"
	done
	netns_exec client dig +tries=1 @2001:db8::2 text.weir.example TXT
	netns_exec client dig +tries=1 +tcp @192.0.2.2 weir.example A
}
talk_ping() {
	netns_exec client ping -n -q -c 5 -i 0.05 192.0.2.2
	netns_exec client ping -n -q -c 5 -i 0.05 -s 1400 192.0.2.2
	netns_exec client ping -n -q -c 5 -i 0.05 2001:db8::2
}
talk_bulk() { netns_exec client iperf3 -c 192.0.2.2 -u -b 4M -l 1000 -n 30K; }

serve
for name in web web6 dns ping bulk; do
	record $name talk_$name
	tools/trace.py convert --format us "$work/$name.pcap" "$out/$name.pcap"
done
tools/trace.py convert --format ns "$work/dns.pcap" "$out/dns-ns.pcap"
tools/trace.py convert --format ns --big-endian "$work/ping.pcap" "$out/ping-ns-be.pcap"
tools/trace.py convert --format pcapng "$work/dns.pcap" "$out/dns.pcapng"
tools/trace.py convert --format pcapng --big-endian "$work/web6.pcap" "$out/web6-be.pcapng"
# Not every kernel has VLAN devices, so the tag is put in afterwards.
tools/trace.py convert --vlan 7 --only 1-12 "$work/web.pcap" "$out/vlan.pcap"
ls -l "$out"
