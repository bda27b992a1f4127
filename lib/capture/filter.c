/* SPDX-License-Identifier: BSD-2-Clause */
#include "capture/filter.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

#include <weir/frame.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/libpcap.h"
#include "trace/linktype.h"

struct filter {
	struct libpcap pcap;
	struct bpf_program program;
	bool compiled;
};

DEFINE_CLEANUP(struct filter *, filter_free)

int filter_new(const char *text, uint32_t linktype, struct filter **ret_filter,
	       struct weir_err *err)
{
	CLEANUP(filter_freep)
	struct filter *f = calloc(1, sizeof(*f));
	pcap_t *dead;
	int r;

	if (!f)
		return err_set(err, -ENOMEM, "out of memory");
	r = libpcap_load(&f->pcap, err);
	if (r < 0)
		return r;
	dead = f->pcap.open_dead(linktype_to_dlt(linktype), (int)WEIR_FRAME_MAX);
	if (!dead)
		return err_set(err, -ENOMEM, "out of memory");
	if (f->pcap.compile(dead, &f->program, text, 1, PCAP_NETMASK_UNKNOWN) < 0)
		r = err_set(err, -EINVAL, "filter \"%s\": %s", text, f->pcap.geterr(dead));
	f->compiled = r == 0;
	f->pcap.close(dead);
	if (r < 0)
		return r;

	*ret_filter = TAKE_PTR(f);
	return 0;
}

bool filter_matches(const struct filter *f, const uint8_t *data, uint32_t len, uint32_t orig_len)
{
	const struct pcap_pkthdr head = { .caplen = len, .len = orig_len };

	return f->pcap.offline_filter(&f->program, &head, data) != 0;
}

/* An instruction is the same in the kernel's words and in libpcap's. */
_Static_assert(sizeof(struct sock_filter) == sizeof(struct bpf_insn) &&
		       offsetof(struct sock_filter, k) == offsetof(struct bpf_insn, k),
	       "one form of classic BPF");

struct sock_fprog filter_program(const struct filter *f)
{
	return (struct sock_fprog){ .len = (unsigned short)f->program.bf_len,
				    .filter = (void *)f->program.bf_insns };
}

struct filter *filter_free(struct filter *f)
{
	if (!f)
		return NULL;
	if (f->compiled)
		f->pcap.freecode(&f->program);
	free(f);
	return NULL;
}
