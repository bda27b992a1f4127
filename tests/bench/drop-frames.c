/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * drop-frames INTERFACE
 *
 * Drops whatever comes in there, as early as can be (XDP), until its standard input ends.
 * Prints "ready" when it does.
 */
#include <err.h>
#include <net/if.h>
#include <stdio.h>

#include <bpf/libbpf.h>

#include "bare-live.skel.h"

int main(int argc, char **argv)
{
	struct bare_live *prog = bare_live__open_and_load();
	struct bpf_link *link;

	if (argc != 2)
		errx(2, "usage: drop-frames INTERFACE");
	if (!prog)
		err(1, "the program");
	link = bpf_program__attach_xdp(prog->progs.bare_drop, (int)if_nametoindex(argv[1]));
	if (!link)
		err(1, "%s", argv[1]);
	puts("ready");
	fflush(stdout);
	while (getchar() != EOF)
		;
	bpf_link__destroy(link);
	bare_live__destroy(prog);
	return 0;
}
