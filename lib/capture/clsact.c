/* SPDX-License-Identifier: BSD-2-Clause */
#include "capture/clsact.h"

#include <errno.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include <bpf/libbpf.h>

#include "base/err.h"
#include "base/macros.h"
#include "port/link.h"

static enum bpf_tc_attach_point point_of(const struct clsact_filter *f)
{
	return f->sent ? BPF_TC_EGRESS : BPF_TC_INGRESS;
}

int clsact_attach(struct clsact_filter *f, int prog_fd, bool *ret_made, struct weir_err *err)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)f->ifindex, .attach_point = point_of(f));
	LIBBPF_OPTS(bpf_tc_opts, opts, .prog_fd = prog_fd);
	int r = bpf_tc_hook_create(&hook);

	*ret_made = r == 0;
	if (r == 0 || r == -EEXIST)
		r = bpf_tc_attach(&hook, &opts);
	if (r < 0 && *ret_made)
		clsact_remove(f->ifindex);
	if (r < 0)
		return err_set(err, r, "cannot attach a filter of traffic control: %s",
			       strerror(-r));
	f->handle = opts.handle;
	f->priority = opts.priority;
	return 0;
}

bool clsact_is_attached(const struct clsact_filter *f, uint32_t prog_id)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)f->ifindex, .attach_point = point_of(f));
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = f->handle, .priority = f->priority);

	return bpf_tc_query(&hook, &opts) == 0 && opts.prog_id == prog_id;
}

void clsact_detach(const struct clsact_filter *f)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)f->ifindex, .attach_point = point_of(f));
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = f->handle, .priority = f->priority);

	(void)bpf_tc_detach(&hook, &opts); /* it is there, or the interface is not any more */
}

static int see_filter(void *ctx, struct nlmsghdr *h)
{
	unsigned *n = ctx;

	*n += h->nlmsg_type == RTM_NEWTFILTER;
	return 0;
}

void clsact_remove(unsigned ifindex)
{
	static const unsigned parents[] = { TC_H_MIN_INGRESS, TC_H_MIN_EGRESS };
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)ifindex,
		    .attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS);
	unsigned n = 0;

	for (unsigned i = 0; i < ARRAY_SIZE(parents); i++) {
		struct {
			struct nlmsghdr h;
			struct tcmsg t;
		} rq = { .h = { .nlmsg_len = sizeof(rq),
				.nlmsg_type = RTM_GETTFILTER,
				.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
			 .t = { .tcm_ifindex = (int)ifindex,
				.tcm_parent = TC_H_MAKE(TC_H_CLSACT, parents[i]) } };

		if (link_dump(&rq.h, see_filter, &n) < 0)
			return;
	}
	if (!n)
		(void)bpf_tc_hook_destroy(&hook); /* else it stays, and does nothing */
}
