/* SPDX-License-Identifier: BSD-2-Clause */
/* pkt-gen's functions rx and rxseq. */
#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <string.h>

#include "pktgen.h"
#include "util.h"

/* After that much silence -W ends it. */
#define SILENCE_NS NSEC_PER_SEC
/* So many remarks a second and queue about numbers that do not follow each other. */
#define REMARKS_A_SECOND 2u

/* What a queue has seen of sequence numbers; its thread writes it. */
struct sequence {
	_Alignas(64) uint64_t frames; /* of any kind */
	uint32_t expected;
	bool begun;
	uint64_t skipped, disordered, too_short;
	uint64_t remarks_from; /* when the first of these was made */
	unsigned remarks;
	_Atomic unsigned fewest; /* frames of a batch; who reports it sets it back to 0: none */
};

/* A report at the same time may get this batch or not. */
static void note_batch(struct sequence *s, unsigned n)
{
	unsigned fewest = atomic_load_explicit(&s->fewest, memory_order_relaxed);

	if (!fewest || n < fewest)
		atomic_store_explicit(&s->fewest, n, memory_order_relaxed);
}

static bool may_remark(struct sequence *s, uint64_t now_ns)
{
	if (now_ns - s->remarks_from >= NSEC_PER_SEC) {
		s->remarks_from = now_ns;
		s->remarks = 0;
	}
	return s->remarks++ < REMARKS_A_SECOND;
}

/* A number that was not expected: those in between were skipped, or it is a late one. The next
 * one after it is what is expected now, as a sender may have begun again. */
static void note_jump(struct sequence *s, uint32_t number, uint64_t now_ns)
{
	bool gap = number - s->expected < UINT32_MAX >> 1;

	if (gap)
		s->skipped += number - s->expected;
	else
		s->disordered++;
	if (may_remark(s, now_ns))
		PKTGEN_SAY("rxseq_body", "Sequence %s: exp %" PRIu32 " found %" PRIu32,
			   gap ? "GAP" : "OUT OF ORDER", s->expected, number);
}

static void look(struct sequence *s, const struct weir_pkt *pkt, uint32_t header_len,
		 uint64_t now_ns)
{
	const uint8_t *data = pkt->data + header_len;
	bool has_type = pkt->len >= header_len + 14;
	uint32_t at = pktgen_payload_at(has_type && (data[12] != 0x08 || data[13] != 0x00)), number;

	if (pkt->len < header_len + at + sizeof(number)) {
		s->too_short++;
		if (may_remark(s, now_ns))
			PKTGEN_SAY("rxseq_body", "packet too small (len=%" PRIu32 ")", pkt->len);
		return;
	}
	data += at;
	number = (uint32_t)data[0] << 24 | (uint32_t)data[1] << 16 | (uint32_t)data[2] << 8 |
		 data[3];
	if (s->begun && number != s->expected)
		note_jump(s, number, now_ns);
	s->begun = true;
	s->expected = number + 1;
}

static void begin(void *ctx, unsigned queue)
{
	pktgen_bind_thread(ctx, queue);
}

static void take(void *ctx, unsigned queue, const struct weir_pkt *pkts, unsigned n,
		 uint64_t now_ns)
{
	const struct pktgen *p = ctx;
	struct sequence *s = &p->sequences[queue];

	for (unsigned i = 0; i < n && p->cfg.dump; i++)
		pktgen_print_dump(stdout, queue, s->frames + i, &pkts[i]);
	for (unsigned i = 0; i < n && p->cfg.function == PKTGEN_RXSEQ; i++)
		look(s, &pkts[i], p->cfg.header_len, now_ns);
	s->frames += n;
	note_batch(s, n);
}

static int receive_open(struct pktgen *p, struct weir_err *err)
{
	struct receiver_opts opts = { .batch = p->cfg.burst,
				      .limit = p->cfg.count,
				      .idle_ns = p->cfg.until_silent ? SILENCE_NS : 0,
				      .begin = begin,
				      .take = take,
				      .ctx = p };
	unsigned queues = weir_port_name_rx_queues(p->name.weir);
	int r;

	if (queues < p->cfg.threads)
		queues = p->cfg.threads;
	if (queues < p->name.rings)
		queues = p->name.rings;
	r = pktgen_open_port(p, queues, NULL, err);
	if (r < 0)
		return r;
	p->sequences = xcalloc_lines(weir_port_info(p->port)->n_queues, sizeof(*p->sequences));
	opts.port = p->port;
	return receiver_new(&opts, &p->receiver, err);
}

static int receive_start(struct pktgen *p, struct weir_err *err)
{
	PKTGEN_SAY("receiver_body", "reading from %s", p->name.shown);
	return receiver_start(p->receiver, err);
}

static int receive_fd(const struct pktgen *p)
{
	return receiver_fd(p->receiver);
}

static void receive_stop(struct pktgen *p)
{
	receiver_stop(p->receiver);
}

static void receive_counts(const struct pktgen *p, struct pktgen_counts *ret)
{
	unsigned queues = weir_port_info(p->port)->n_queues;
	struct receiver_counts c;
	uint64_t waited = 0;

	for (unsigned q = 0; q < queues; q++)
		waited +=
			atomic_exchange_explicit(&p->sequences[q].fewest, 0, memory_order_relaxed);
	receiver_counts(p->receiver, &c);
	*ret = (struct pktgen_counts){ .packets = c.frames,
				       .bytes = c.bytes,
				       .events = c.batches,
				       .waited = waited,
				       .elapsed_ns = c.last_ns - c.first_ns };
}

static int receive_join(struct pktgen *p, struct weir_err *err)
{
	return receiver_join(p->receiver, err);
}

static int receive_tell(const struct pktgen *p)
{
	struct weir_port_stats s;

	weir_port_stats(p->port, &s);
	if (s.rx_dropped)
		PKTGEN_SAY("main", "%" PRIu64 " packets came that there was no room for",
			   s.rx_dropped);
	return 0;
}

static int rxseq_tell(const struct pktgen *p)
{
	struct sequence sum = { 0 };

	for (unsigned i = 0; i < weir_port_info(p->port)->n_queues; i++) {
		sum.skipped += p->sequences[i].skipped;
		sum.disordered += p->sequences[i].disordered;
		sum.too_short += p->sequences[i].too_short;
	}
	PKTGEN_SAY("rxseq_body",
		   "%" PRIu64 " numbers skipped, %" PRIu64 " out of order, %" PRIu64
		   " packets without a number",
		   sum.skipped, sum.disordered, sum.too_short);
	return receive_tell(p);
}

#define RECEIVE_OPS                                                                                \
	.working = "Receiving from", .total = "Received", .dirs = WEIR_PORT_RX, .burst = 512,      \
	.open = receive_open, .start = receive_start, .fd = receive_fd, .stop = receive_stop,      \
	.counts = receive_counts, .join = receive_join

const struct pktgen_function_ops pktgen_rx = { RECEIVE_OPS, .tell = receive_tell };
const struct pktgen_function_ops pktgen_rxseq = { RECEIVE_OPS, .tell = rxseq_tell };
