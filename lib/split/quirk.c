/* SPDX-License-Identifier: BSD-2-Clause */
/* The quirks by name, for the documentation; each is asked for in one place. */
#include <stddef.h>

#include <weir/classify.h>

#include "base/macros.h"

static const struct {
	const char *name, *text;
} quirks[] = {
	{ "walk", "headers are found as tcpreplay finds them, and what is cut within 4 bytes "
		  "behind that of IP goes to no service, nor does IPv6 in IPv6" },
	{ "nonip",
	  "what is not IP goes to the secondary port, with --nonip to the primary one; hosts "
	  "that --auto=router cannot tell the other way round" },
	{ "reverse", "--reverse sends all of --regex to the secondary port and leaves --port and "
		     "--auto alone" },
	{ "weigh", "TCP flags must be exactly SYN or SYN|ACK, the flags of DNS are read with "
		   "their bytes swapped, neighbour discovery counts for --auto=first, and with "
		   "--ratio=0 all that act as either are servers" },
	{ "unknown",
	  "--auto=bridge takes hosts that it cannot tell for servers; --auto=router knows "
	  "no networks, and gives up if the first host in its tree is a client" },
	{ "ipv6", "all IPv6 addresses are one host" },
	{ "mac-rules", "--mac does not heed rules about addresses" },
	{ "filter", "frames that rule F: leaves out are not entered at all" },
	{ "services", "--services knows one port a line, in small letters only, and takes numbers "
		      "modulo 65536" },
};

const char *weir_split_quirk_name(unsigned i)
{
	return i < ARRAY_SIZE(quirks) ? quirks[i].name : NULL;
}

const char *weir_split_quirk_text(unsigned i)
{
	return i < ARRAY_SIZE(quirks) ? quirks[i].text : NULL;
}
