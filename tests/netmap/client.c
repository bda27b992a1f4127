/* SPDX-License-Identifier: BSD-2-Clause */
#include "client.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#define TAG_AT 14u

int request(int fd, const char *name, unsigned type, void *body)
{
	struct nmreq_header hdr = {
		.nr_version = NETMAP_API,
		.nr_reqtype = (uint16_t)type,
		.nr_body = (uintptr_t)body,
	};

	strcpy(hdr.nr_name, name);
	return ioctl(fd, NIOCCTRL, &hdr) < 0 ? errno : 0;
}

void client_map(struct client *c)
{
	c->mem = mmap(NULL, c->reg.nr_memsize, PROT_READ | PROT_WRITE, MAP_SHARED, c->fd, 0);
	assert_ptr_not_equal(c->mem, MAP_FAILED);
	c->nifp = NETMAP_IF(c->mem, c->reg.nr_offset);
}

int client_try(struct client *c, const char *name, const struct nmreq_register *reg)
{
	int r;

	c->reg = *reg;
	c->fd = open("/dev/netmap", O_RDWR);
	assert_true(c->fd >= 0);
	r = request(c->fd, name, NETMAP_REQ_REGISTER, &c->reg);
	if (r)
		close(c->fd);
	else
		client_map(c);
	return r;
}

void client_open(struct client *c, const char *name)
{
	const struct nmreq_register reg = { .nr_mode = NR_REG_ALL_NIC };

	assert_int_equal(client_try(c, name, &reg), 0);
}

void client_close(struct client *c)
{
	assert_int_equal(munmap(c->mem, c->reg.nr_memsize), 0);
	assert_int_equal(close(c->fd), 0);
}

short client_poll(const struct client *c, short events, int timeout_ms)
{
	struct pollfd p = { .fd = c->fd, .events = events };
	int n = poll(&p, 1, timeout_ms);

	assert_int_equal(n, p.revents != 0);
	return p.revents;
}

void client_put(const struct client *c, uint32_t tag, unsigned len)
{
	struct netmap_ring *ring = client_tx(c);

	for (unsigned done = 0, part; done < len; done += part) {
		struct netmap_slot *slot = &ring->slot[ring->head];
		char *buf = NETMAP_BUF(ring, slot->buf_idx);

		assert_int_not_equal(ring->head, ring->tail);
		part = len - done < ring->nr_buf_size ? len - done : ring->nr_buf_size;
		memset(buf, 0, part);
		if (!done) {
			memset(buf, 0xff, 6);
			buf[6] = 2;
			memcpy(buf + TAG_AT, &tag, sizeof(tag));
		}
		slot->len = (uint16_t)part;
		slot->flags = done + part < len ? NS_MOREFRAG : 0;
		ring->head = ring->cur = nm_ring_next(ring, ring->head);
	}
}

void client_send(const struct client *c, uint32_t tag, unsigned len)
{
	client_put(c, tag, len);
	assert_int_equal(ioctl(c->fd, NIOCTXSYNC, NULL), 0);
}

uint32_t client_receive(const struct client *c, unsigned len)
{
	struct netmap_ring *ring = client_rx(c);
	const struct netmap_slot *slot;
	unsigned got = 0;
	uint32_t tag;

	if (nm_ring_empty(ring))
		assert_int_equal(client_poll(c, POLLIN, PATIENCE_MS), POLLIN);
	memcpy(&tag, NETMAP_BUF(ring, ring->slot[ring->head].buf_idx) + TAG_AT, sizeof(tag));
	do {
		assert_int_not_equal(ring->head, ring->tail);
		slot = &ring->slot[ring->head];
		got += slot->len;
		ring->head = ring->cur = nm_ring_next(ring, ring->head);
	} while (slot->flags & NS_MOREFRAG);
	assert_int_equal(got, len);
	return tag;
}
