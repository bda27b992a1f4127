# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
# What every bench between network namespaces begins with. To be sourced in the root of the
# sources.
# shellcheck source=tools/netns.sh
. tools/netns.sh

# BUILD TARGET...: builds weir and these, and begins as netns_init does.
bench_init() {
	local why
	why=$(netns_possible) || { echo "bench: no network namespaces: $why" >&2; exit 1; }
	ninja -C "$1" --quiet weir "${@:2}" >&2
	netns_init
}

# [IP-LINK-WORDS...]: veth0 in namespace sender, joined with veth1 in receiver.
bench_pair() {
	netns_add sender receiver
	netns_veth sender veth0 receiver veth1 "$@"
}
