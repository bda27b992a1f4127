/* SPDX-License-Identifier: BSD-2-Clause */
/* The bare loop beside kernel: one live frame that is redirected again and again. Built with
 * BARE_COPY, it is copied each time. */
#include "bare.h"

#include <errno.h>
#include <linux/bpf.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "bare-live.skel.h"

#ifdef BARE_COPY
/* The loop, made ready for a frame. */
static struct bpf_program *choose(struct bare_live *prog, const uint8_t *frame, uint32_t len)
{
	prog->rodata->len = len;
	memcpy(prog->bss->frame, frame, len);
	return prog->progs.bare_copy;
}
#else
static struct bpf_program *choose(struct bare_live *prog, const uint8_t *frame, uint32_t len)
{
	(void)frame;
	(void)len;
	return prog->progs.bare_send;
}
#endif

int main(int argc, char **argv)
{
	struct bare b = bare_arguments(argc, argv);
	struct bare_live *prog = bare_live__open();
	struct bpf_program *loop;
	uint8_t frame[2048];
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = b.len,
		    .repeat = (int)b.count, .flags = BPF_F_TEST_XDP_LIVE_FRAMES,
		    .batch_size = BARE_BATCH);
	uint32_t zero = 0;

	if (!prog)
		err(1, "the program");
	if (b.count > INT32_MAX)
		errx(2, "COUNT is too large");
	bare_frame(frame, b.len);
	loop = choose(prog, frame, b.len);
	if (bare_live__load(prog) < 0)
		err(1, "the program");
	if (bpf_map_update_elem(bpf_map__fd(prog->maps.device), &zero, &b.ifindex, 0) < 0)
		err(1, "%s", b.ifname);
	bare_begin(&b);
	if (bpf_prog_test_run_opts(bpf_program__fd(loop), &opts) < 0)
		err(1, "running it");
	bare_end(&b, b.count);
	bare_live__destroy(prog);
	return 0;
}
