/* SPDX-License-Identifier: BSD-2-Clause */
/* The bare loop beside kernel: one live frame that is redirected again and again. */
#include "bare.h"

#include <errno.h>
#include <linux/bpf.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "bare-live.skel.h"

int main(int argc, char **argv)
{
	struct bare b = bare_arguments(argc, argv);
	struct bare_live *prog = bare_live__open_and_load();
	uint8_t frame[2048];
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = b.len,
		    .repeat = (int)b.count, .flags = BPF_F_TEST_XDP_LIVE_FRAMES,
		    .batch_size = BARE_BATCH);
	uint32_t zero = 0;

	if (!prog)
		err(1, "the program");
	if (b.count > INT32_MAX)
		errx(2, "COUNT is too large");
	if (bpf_map_update_elem(bpf_map__fd(prog->maps.device), &zero, &b.ifindex, 0) < 0)
		err(1, "%s", b.ifname);
	bare_frame(frame, b.len);
	bare_begin(&b);
	if (bpf_prog_test_run_opts(bpf_program__fd(prog->progs.bare_send), &opts) < 0)
		err(1, "running it");
	bare_end(&b, b.count);
	bare_live__destroy(prog);
	return 0;
}
