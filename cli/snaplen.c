/* SPDX-License-Identifier: BSD-2-Clause */
#include "snaplen.h"

/* tcpdump's of old: what is as long has never cut a frame. */
#define ENOUGH 65535u

void snaplen_warn(const struct cmd_run *run, const char *path, struct weir_reader *reader)
{
	uint32_t snaplen;

	if (!weir_reader_info(reader)->n_ifaces)
		return;
	snaplen = weir_reader_iface(reader, 0)->snaplen;
	if (snaplen < ENOUGH)
		cmd_warn(run,
			 "%s was captured using a snaplen of %u bytes.  This may mean you have "
			 "truncated packets.",
			 path, snaplen);
}
