/* SPDX-License-Identifier: BSD-2-Clause */
/* The bare loop beside xdp: AF_XDP descriptors in copy mode on queue 0, need-wakeup. */
#include "bare.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <xdp/xsk.h>

#define RING_SIZE 2048u
#define UMEM_SIZE (1u << 20)
#define TX_BUDGET 1024u /* frames that one call sends at most, as the back end sets it */

#ifndef XDP_MAX_TX_SKB_BUDGET
#define XDP_MAX_TX_SKB_BUDGET 9 /* Linux 6.17 */
#endif

struct bare_xdp {
	struct xsk_umem *umem;
	struct xsk_socket *socket;
	struct xsk_ring_prod fill, tx;
	struct xsk_ring_cons completions;
	uint8_t *memory;
	uint64_t done;
};

static void open_socket(struct bare_xdp *x, const struct bare *b)
{
	const struct xsk_umem_config umem_config = {
		.fill_size = RING_SIZE,
		.comp_size = RING_SIZE,
		.frame_size = 4096,
	};
	const struct xsk_socket_config config = {
		.tx_size = RING_SIZE,
		.libxdp_flags = XSK_LIBXDP_FLAGS__INHIBIT_PROG_LOAD,
		.bind_flags = XDP_COPY | XDP_USE_NEED_WAKEUP,
	};
	const uint32_t budget = TX_BUDGET;
	int r;

	x->memory =
		mmap(NULL, UMEM_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (x->memory == MAP_FAILED)
		err(1, "mmap");
	r = xsk_umem__create(&x->umem, x->memory, UMEM_SIZE, &x->fill, &x->completions,
			     &umem_config);
	if (r < 0)
		errx(1, "umem: %s", strerror(-r));
	r = xsk_socket__create(&x->socket, b->ifname, 0, x->umem, NULL, &x->tx, &config);
	if (r < 0)
		errx(1, "AF_XDP socket: %s", strerror(-r));
	/* An older kernel does without. */
	(void)setsockopt(xsk_socket__fd(x->socket), SOL_XDP, XDP_MAX_TX_SKB_BUDGET, &budget,
			 sizeof(budget));
}

static void reap(struct bare_xdp *x)
{
	uint32_t first;
	uint32_t n = xsk_ring_cons__peek(&x->completions, RING_SIZE, &first);

	xsk_ring_cons__release(&x->completions, n);
	x->done += n;
}

static void kick(struct bare_xdp *x)
{
	if (!xsk_ring_prod__needs_wakeup(&x->tx))
		return;
	if (sendto(xsk_socket__fd(x->socket), NULL, 0, MSG_DONTWAIT, NULL, 0) < 0 &&
	    errno != EAGAIN && errno != EBUSY && errno != ENOBUFS && errno != EINTR)
		err(1, "sendto");
}

int main(int argc, char **argv)
{
	struct bare b = bare_arguments(argc, argv);
	struct bare_xdp x = { 0 };
	uint64_t given = 0;

	open_socket(&x, &b);
	bare_frame(x.memory, b.len);

	bare_begin(&b);
	while (x.done < b.count) {
		uint64_t left = b.count - given;
		uint32_t n = left < BARE_BATCH ? (uint32_t)left : BARE_BATCH;
		uint32_t at;

		n = xsk_ring_prod__reserve(&x.tx, n, &at);
		for (uint32_t i = 0; i < n; i++)
			*xsk_ring_prod__tx_desc(&x.tx, at + i) = (struct xdp_desc){ .len = b.len };
		xsk_ring_prod__submit(&x.tx, n);
		given += n;
		kick(&x);
		reap(&x);
	}
	bare_end(&b, x.done);
	xsk_socket__delete(x.socket);
	return xsk_umem__delete(x.umem);
}
