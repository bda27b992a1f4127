/* SPDX-License-Identifier: BSD-2-Clause */
/* The quirks by name, for the documentation; each is asked for in one place. */
#include <stddef.h>

#include <weir/edit.h>

#include "base/macros.h"

static const struct {
	const char *name, *text;
} quirks[] = {
	{ "walk",
	  "headers are found as tcpreplay finds them: frames under 19 bytes, IEEE 802.3, "
	  "radiotap and Juniper's headers are not read; tags and MPLS count only in Ethernet, and "
	  "MPLS may hold Ethernet; what PPP carries is unknown; IPv6 extension headers are taken "
	  "for 8 + 4 x length bytes, what follows a first fragment header for TCP, IPv6 in IPv6 "
	  "for damage; of TCP and ARP that are cut what is there is edited" },
	{ "multicast-mac",
	  "every frame to an IP multicast address gets the MAC address of its group" },
	{ "sum-always", "a changed TTL computes checksums whole, and so does --portmap where the "
			"TCP or UDP header is cut" },
	{ "sum-gate", "IPv4 checksums are left where the IP length is not that of the frame, IPv6 "
		      "ones where the frame is cut; nothing behind the IP header ends the run" },
	{ "sum6-swapped", "IPv6 checksums are left where the payload length with its bytes swapped "
			  "is under 40" },
	{ "lengths", "--fixhdrlen counts padding as payload; --fixlen and --mtu-trunc leave "
		     "lengths within UDP and compute checksums whole, the latter of every frame; "
		     "--fixlen leaves what is not IP" },
	{ "fuzz",
	  "fuzzing measures the payload from the beginning of the frame, gives up where the "
	  "header before it is cut, and makes the edits before it twice" },
	{ "fixlen-del", "--fixlen=del ends the run at the first frame that was cut" },
	{ "group-macs",
	  "--skipl2broadcast knows VRRP as 00:00:50:00:01 and :02, and --enet-mac-seed "
	  "leaves only what that leaves" },
	{ "maps", "a map to A.B.C.D/0 is one to A.B.C.D/32; the packet within an ICMPv6 error is "
		  "mapped as if it went the way of the error, and the error's checksum is left" },
	{ "broadcast-ip", "--skipbroadcast does not skip 255.255.255.255" },
	{ "dlt-header-only", "other link types than enet, hdlc and user change the header of the "
			     "file and no frame" },
};

const char *weir_edit_quirk_name(unsigned i)
{
	return i < ARRAY_SIZE(quirks) ? quirks[i].name : NULL;
}

const char *weir_edit_quirk_text(unsigned i)
{
	return i < ARRAY_SIZE(quirks) ? quirks[i].text : NULL;
}
