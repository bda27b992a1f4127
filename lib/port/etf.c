/* SPDX-License-Identifier: BSD-2-Clause */
#include "port/etf.h"

#include <errno.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "base/err.h"
#include "base/macros.h"
#include "port/link.h"

#define HOWTO "etf clockid CLOCK_TAI delta 500000"

struct search {
	const struct weir_iface *iface;
	struct etf etf; /* delta_ns 0: none was found yet */
	struct weir_err *err;
};

/* A bad one is told of at once: frames that meet it would be dropped, or leave at once. */
static int check_params(const struct search *s, const struct tc_etf_qopt *o)
{
	const char *name = s->iface->name;

	if (o->clockid != CLOCK_TAI)
		return err_set(s->err, -ENOTSUP,
			       "the ETF queueing discipline of '%s' goes by another clock; it "
			       "should be: " HOWTO,
			       name);
	if (o->flags & TC_ETF_DEADLINE_MODE_ON)
		return err_set(s->err, -ENOTSUP,
			       "the ETF queueing discipline of '%s' is in deadline mode, which "
			       "sends before the time; it should be: " HOWTO,
			       name);
	if (o->delta <= 0)
		return err_set(s->err, -ENOTSUP,
			       "the ETF queueing discipline of '%s' has no delta and would drop "
			       "every frame; it should be: " HOWTO,
			       name);
	return 0;
}

static int add_etf(struct search *s, const struct tcmsg *msg, struct rtattr *options)
{
	int left = (int)RTA_PAYLOAD(options);
	struct tc_etf_qopt o = { 0 };
	struct etf etf;
	int r;

	for (struct rtattr *a = RTA_DATA(options); RTA_OK(a, left); a = RTA_NEXT(a, left)) {
		if (a->rta_type == TCA_ETF_PARMS)
			memcpy(&o, RTA_DATA(a), MIN(sizeof(o), (size_t)RTA_PAYLOAD(a)));
	}
	r = check_params(s, &o);
	if (r < 0)
		return r;
	etf = (struct etf){
		.delta_ns = (uint32_t)o.delta,
		.offload = o.flags & TC_ETF_OFFLOAD_ON,
		.root = msg->tcm_parent == TC_H_ROOT,
	};
	/* Nobody tells which of them a frame will meet. */
	if (s->etf.delta_ns && (etf.delta_ns != s->etf.delta_ns || etf.offload != s->etf.offload))
		return err_set(s->err, -ENOTSUP,
			       "the ETF queueing disciplines of '%s' differ in delta or offload",
			       s->iface->name);
	s->etf = etf;
	return 0;
}

static int look_at_qdisc(void *ctx, struct nlmsghdr *h)
{
	struct tcmsg *msg = NLMSG_DATA(h);
	int left = (int)(h->nlmsg_len - NLMSG_LENGTH(sizeof(*msg)));
	struct rtattr *options = NULL;
	struct search *s = ctx;
	bool is_etf = false;

	if (h->nlmsg_type != RTM_NEWQDISC || msg->tcm_ifindex != (int)s->iface->index)
		return 0;
	for (struct rtattr *a = TCA_RTA(msg); RTA_OK(a, left); a = RTA_NEXT(a, left)) {
		if (a->rta_type == TCA_KIND)
			is_etf = RTA_PAYLOAD(a) == sizeof("etf") && !strcmp(RTA_DATA(a), "etf");
		if (a->rta_type == TCA_OPTIONS)
			options = a;
	}
	return is_etf && options ? add_etf(s, msg, options) : 0;
}

int etf_find(const struct weir_iface *iface, struct etf *ret_etf, struct weir_err *err)
{
	const struct {
		struct nlmsghdr h;
		struct tcmsg msg;
	} rq = {
		.h = { .nlmsg_len = sizeof(rq),
		       .nlmsg_type = RTM_GETQDISC,
		       .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
		.msg = { .tcm_family = AF_UNSPEC, .tcm_ifindex = (int)iface->index },
	};
	struct search s = { .iface = iface, .err = err };
	int r = link_dump(&rq.h, look_at_qdisc, &s);

	if (r == -ENOTSUP)
		return r; /* with its text */
	if (r < 0)
		return err_set(err, r, "cannot ask for the queueing disciplines of '%s': %s",
			       iface->name, strerror(-r));
	if (!s.etf.delta_ns)
		return err_set(err, -ENOTSUP,
			       "launch times need an ETF queueing discipline on '%s': tc qdisc "
			       "add dev %s root " HOWTO,
			       iface->name, iface->name);
	*ret_etf = s.etf;
	return 0;
}
