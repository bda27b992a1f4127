/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Frames are taken through the rules one by one, when somebody asks for what they make.
 *
 * Delayed ones wait in a list by the time they are due, and leave before the first frame
 * that is as late.
 */
#include <weir/fragroute.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/macros.h"
#include "base/mix.h"
#include "edit/edit.h"
#include "edit/frag.h"
#include "pkt/checksum.h"

struct weir_fragroute {
	struct weir_fragroute_opts opts; /* its texts are gone */
	struct frag_rule *rules;
	unsigned n_rules;
	bool delays;
	bool prints; /* which is to be in order */
	struct weir_edit_counts counts;
	struct frag_queue queue;

	struct weir_buf *bufs; /* what is not given yet */
	unsigned n;
	bool end; /* of the pass: all that waits is due */

	/* Delayed frames in memory of their own, by .ts_ns. The first have been freed, the
	 * next .due given. */
	struct made_list late;
	unsigned first_late, due;
};

DEFINE_CLEANUP(struct weir_fragroute *, weir_fragroute_free)

static const struct {
	const char *name, *text;
} quirks[] = {
	{ "fragroute-delay", "delay delays nothing" },
	{ "fragroute-ethernet",
	  "fragroute's rules take only Ethernet, and a frame with a VLAN tag ends the run" },
	{ "fragroute-copy-all", "tcp_seg leaves all flags in all segments, and ip_frag all IPv4 "
				"options in all fragments" },
	{ "fragroute-sums",
	  "tcp_seg computes checksums whole, and ip_tos and ip_frag those of IPv4 headers" },
	{ "fragroute-captured",
	  "fragroute's rules take a frame that the capture cut for one that is as short, and "
	  "tcp_seg and ip_frag leave it" },
	{ "fragroute-messages", "errors in rules name the line only" },
};

const char *weir_fragroute_quirk_name(unsigned i)
{
	return i < ARRAY_SIZE(quirks) ? quirks[i].name : NULL;
}

const char *weir_fragroute_quirk_text(unsigned i)
{
	return i < ARRAY_SIZE(quirks) ? quirks[i].text : NULL;
}

/* ---- for directives -------------------------------------------------------- */

uint32_t frag_draw(struct frag_queue *q, uint32_t n)
{
	q->random += MIX_STEP;
	return (uint32_t)(((mix64(q->random) >> 32) * n) >> 32);
}

void frag_draw_bytes(struct frag_queue *q, uint8_t *p, uint32_t n)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (uint32_t i = 0; i < n; i++)
		p[i] = (uint8_t)letters[frag_draw(q, 64)];
}

int frag_stay(struct frag_queue *q, const struct cut *c)
{
	return made_keep(&q->next, c->b);
}

void frag_fail(struct frag_queue *q, enum weir_edit_reason why)
{
	q->failed[why] = true;
}

int frag_refuse(struct frag_queue *q, const struct cut *c, enum weir_edit_reason why)
{
	frag_fail(q, why);
	return frag_stay(q, c);
}

bool frag_look(struct weir_buf *b, struct cut *ret_cut)
{
	enum weir_edit_reason why;

	return cut_begin(ret_cut, b, &why) > 0;
}

int frag_insert(struct frag_queue *q, const struct cut *c, uint32_t off, uint32_t n,
		struct weir_buf **ret_buf)
{
	const struct weir_buf *b = c->b;
	uint32_t len = cut_captured(c, 0, c->l.l3_off + c->size);
	struct weir_buf *f;
	int r = made_add(&q->next, &q->pool, b, off, len + n, &f);

	if (r < 0)
		return r;
	memset(f->data + off, 0, n);
	memcpy(f->data + off + n, b->data + off, len - off);
	cut_set_size(f, &c->l, c->size + n);
	*ret_buf = f;
	return 0;
}

void frag_sum(struct weir_buf *b)
{
	struct edit_frame f = { .buf = b };

	if (pkt_parse(b->linktype, b->data, b->len, &f.l) >= 0)
		edit_sum_packet(&f);
}

void frag_sum_header(struct weir_buf *b, const struct cut *c)
{
	if (c->l.ip_version == 4)
		csum_put_ipv4(b->data + c->l.l3_off);
}

void frag_sum_quirk(const struct frag_queue *q, unsigned from)
{
	for (unsigned i = from; i < q->next.n; i++)
		if (q->opts->quirks & WEIR_FRAGROUTE_QUIRK_SUMS)
			frag_sum(&q->next.bufs[i]);
}

/* ---- the stage ------------------------------------------------------------- */

static void count(struct weir_fragroute *f, const struct weir_buf *b, enum weir_edit_reason why)
{
	edit_count(&f->counts, b, why);
	if (f->opts.report)
		f->opts.report(f->opts.report_ctx, b, why, weir_edit_reason_text(why));
}

/* The queue is the frame alone, its first len bytes. */
static int queue_frame(struct frag_queue *q, struct weir_buf *b, uint32_t len)
{
	struct weir_buf *copy;
	int r;

	made_pool_empty(&q->pool);
	q->now.n = q->next.n = 0;
	r = made_add(&q->now, &q->pool, b, len, len, &copy);
	if (r >= 0)
		copy->orig_len -= b->len - len;
	return r;
}

static int run_each(const struct frag_rule *rule, struct frag_queue *q)
{
	struct made_list was = q->now;
	struct cut c;
	int r = 0;

	for (unsigned i = 0; r >= 0 && i < q->now.n; i++) {
		if (frag_look(&q->now.bufs[i], &c))
			r = rule->directive->each(rule, q, &c);
		else
			r = made_keep(&q->next, &q->now.bufs[i]);
	}
	if (r < 0)
		return r;
	q->now = q->next;
	q->next = was;
	q->next.n = 0;
	return 0;
}

static int run_rules(struct weir_fragroute *f)
{
	int r = 0;

	for (unsigned i = 0; r >= 0 && i < f->n_rules; i++) {
		const struct frag_rule *rule = &f->rules[i];

		r = rule->directive->each ? run_each(rule, &f->queue)
					  : rule->directive->run(rule, &f->queue);
	}
	return r;
}

static int refuse(struct weir_fragroute *f, struct weir_buf *b, enum weir_edit_reason why)
{
	count(f, b, why);
	if (f->opts.drop_failed)
		edit_drop_buf(&f->counts, b);
	return queue_frame(&f->queue, b, b->len);
}

/* For the quirk of frames that a capture cut: their parts, too, are as they are. */
static void forget_wire(struct frag_queue *q)
{
	for (unsigned i = 0; i < q->now.n; i++)
		q->now.bufs[i].orig_len = q->now.bufs[i].len;
}

/* What the rules make of a frame, into the queue. */
static int take_through(struct weir_fragroute *f, struct weir_buf *b)
{
	struct frag_queue *q = &f->queue;
	enum weir_edit_reason why;
	struct cut c;
	int r;

	f->counts.frames++;
	if (!cut_begin(&c, b, &why))
		return why == WEIR_EDIT_NOT_IP ? queue_frame(q, b, b->len) : refuse(f, b, why);
	if (c.l.n_vlans && f->opts.quirks & WEIR_FRAGROUTE_QUIRK_ETHERNET)
		return -EPROTONOSUPPORT;
	memset(q->failed, 0, sizeof(q->failed));
	q->random = f->opts.seed ^ b->nr * 0xd1342543de82ef95;
	q->stays_whole = b->len < b->orig_len && f->opts.quirks & WEIR_FRAGROUTE_QUIRK_CAPTURED;
	/* Padding is none of IP's, and would stand behind all parts. */
	r = queue_frame(q, b, cut_captured(&c, 0, c.l.l3_off + c.size));
	if (r >= 0)
		r = run_rules(f);
	if (q->stays_whole)
		forget_wire(q);
	if (r == -E2BIG)
		return refuse(f, b, WEIR_EDIT_TOO_MANY);
	for (unsigned i = 0; r >= 0 && i < WEIR_N_EDIT_REASONS; i++)
		if (q->failed[i])
			count(f, b, (enum weir_edit_reason)i);
	return r;
}

static bool is_for(const struct weir_fragroute *f, const struct weir_buf *b)
{
	if (b->port == WEIR_NO_PORT)
		return false;
	switch (f->opts.dir) {
	case WEIR_FRAGDIR_C2S:
		return b->port == 0;
	case WEIR_FRAGDIR_S2C:
		return b->port == 1;
	case WEIR_FRAGDIR_BOTH:
		break;
	}
	return true;
}

/* Frees delayed frames that have been given. */
static void forget_due(struct weir_fragroute *f)
{
	struct made_list *m = &f->late;

	for (; f->due; f->due--)
		free(m->bufs[f->first_late++].data);
	if (!f->first_late || (f->first_late <= m->n / 2 && f->first_late < m->n))
		return;
	m->n -= f->first_late;
	memmove(m->bufs, m->bufs + f->first_late, m->n * sizeof(*m->bufs));
	f->first_late = 0;
}

/* Puts a frame where it belongs by its time, behind others of the same. */
static int keep_late(struct weir_fragroute *f, const struct weir_buf *b)
{
	struct weir_buf copy = *b;
	unsigned at;

	copy.data = malloc(b->room);
	if (!copy.data)
		return -ENOMEM;
	memcpy(copy.data, b->data, b->len);
	if (made_put(&f->late, &copy) < 0) {
		free(copy.data);
		return -ENOMEM;
	}
	for (at = f->late.n - 1; at > f->first_late; at--) {
		if (f->late.bufs[at - 1].ts_ns <= copy.ts_ns)
			break;
		f->late.bufs[at] = f->late.bufs[at - 1];
	}
	f->late.bufs[at] = copy;
	return 0;
}

/* Takes frames that are later than the one that they were made of out of the queue. */
static int set_aside(struct weir_fragroute *f, int64_t ts_ns)
{
	struct made_list *m = &f->queue.now;
	unsigned n = 0;

	for (unsigned i = 0; i < m->n; i++) {
		if (m->bufs[i].ts_ns <= ts_ns)
			m->bufs[n++] = m->bufs[i];
		else if (keep_late(f, &m->bufs[i]) < 0)
			return -ENOMEM;
	}
	m->n = n;
	return 0;
}

/* Delayed frames that leave before the next one, or at the end. */
static unsigned count_due(const struct weir_fragroute *f)
{
	unsigned at = f->first_late;

	while (at < f->late.n && (f->n ? f->late.bufs[at].ts_ns <= f->bufs->ts_ns : f->end))
		at++;
	return at - f->first_late;
}

static int fragroute_run(void *ctx, struct weir_buf *bufs, unsigned n)
{
	struct weir_fragroute *f = ctx;

	f->bufs = bufs;
	f->n = n;
	f->end = n == 0;
	return 0;
}

/* Frames that pass as they are: those up to the next one that the rules are for or, if
 * some are delayed, that may have to wait for these. */
static unsigned count_passing(const struct weir_fragroute *f)
{
	unsigned max = f->delays ? MIN(f->n, 1u) : f->n, n = 0;

	while (n < max && !is_for(f, &f->bufs[n]))
		n++;
	return n;
}

static int fragroute_next(void *ctx, struct weir_buf **ret_bufs)
{
	struct weir_fragroute *f = ctx;

	forget_due(f);
	for (;;) {
		unsigned n = count_passing(f);
		int r;

		f->due = count_due(f);
		if (f->due || !f->n) {
			*ret_bufs = f->due ? f->late.bufs + f->first_late : NULL;
			return (int)f->due;
		}
		*ret_bufs = f->bufs;
		if (n) {
			f->bufs += n;
			f->n -= n;
			return (int)n;
		}
		r = take_through(f, f->bufs);
		if (r >= 0 && f->delays)
			r = set_aside(f, f->bufs->ts_ns);
		if (r < 0)
			return r;
		f->bufs++;
		f->n--;
		*ret_bufs = f->queue.now.bufs;
		if (f->queue.now.n)
			return (int)f->queue.now.n;
	}
}

struct weir_stage weir_fragroute_stage(struct weir_fragroute *f)
{
	return (struct weir_stage){ .run = fragroute_run,
				    .next = fragroute_next,
				    .ctx = f,
				    .changes = true,
				    .holds = f->delays || f->prints };
}

int weir_fragroute_new(const struct weir_fragroute_opts *opts, struct weir_fragroute **ret_rules,
		       struct weir_err *err)
{
	CLEANUP(weir_fragroute_freep)
	struct weir_fragroute *f = calloc(1, sizeof(*f));
	int r;

	if (!f)
		return err_set(err, -ENOMEM, "out of memory");
	f->opts = *opts;
	f->queue.opts = &f->opts;
	r = frag_rules_read(opts, &f->rules, &f->n_rules, err);
	if (r < 0)
		return r;

	for (unsigned i = 0; i < f->n_rules; i++) {
		const struct frag_directive *d = f->rules[i].directive;

		f->delays |= d == &frag_delay && !(opts->quirks & WEIR_FRAGROUTE_QUIRK_DELAY);
		f->prints |= d == &frag_echo || d == &frag_print;
	}
	*ret_rules = TAKE_PTR(f);
	return 0;
}

void weir_fragroute_counts(const struct weir_fragroute *f, struct weir_edit_counts *ret_counts)
{
	*ret_counts = f->counts;
}

struct weir_fragroute *weir_fragroute_free(struct weir_fragroute *f)
{
	if (!f)
		return NULL;

	for (unsigned i = f->first_late; i < f->late.n; i++)
		free(f->late.bufs[i].data);
	made_list_done(&f->late);
	made_list_done(&f->queue.now);
	made_list_done(&f->queue.next);
	made_pool_done(&f->queue.pool);
	free(f->rules);
	free(f);
	return NULL;
}
