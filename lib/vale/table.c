/* SPDX-License-Identifier: BSD-2-Clause */
#include "vale/table.h"

static uint64_t get(const _Atomic uint64_t *e)
{
	return atomic_load_explicit(e, memory_order_relaxed);
}

static uint32_t count_of(const struct table *t, unsigned port)
{
	return atomic_load_explicit(&t->n_of_port[port], memory_order_relaxed);
}

static bool is_old(const struct table *t, unsigned b, unsigned i, uint32_t now_s)
{
	uint32_t seen = atomic_load_explicit(&t->seen[b][i], memory_order_relaxed);

	return t->age_s && now_s - seen >= t->age_s;
}

static unsigned port_of(uint64_t e)
{
	return e >> 8 & 255;
}

/* Replaces what was read there, unless another thread was quicker. */
static void put(struct table *t, unsigned b, unsigned i, uint64_t old, uint64_t new)
{
	if (!atomic_compare_exchange_strong_explicit(&t->entry[b][i], &old, new,
						     memory_order_relaxed, memory_order_relaxed))
		return;
	if (old & 1)
		atomic_fetch_sub_explicit(&t->n_of_port[port_of(old)], 1, memory_order_relaxed);
	if (new & 1)
		atomic_fetch_add_explicit(&t->n_of_port[port_of(new)], 1, memory_order_relaxed);
}

/* Where in its bucket an address goes that is not there. */
static unsigned place_for(const struct table *t, unsigned b, uint32_t now_s)
{
	unsigned best = 0;
	uint32_t most = 0;

	for (unsigned i = 0; i < TABLE_WAYS; i++) {
		uint64_t e = get(&t->entry[b][i]);
		uint32_t n;

		if (!(e & 1) || is_old(t, b, i, now_s))
			return i;
		n = count_of(t, port_of(e));
		if (n > most) {
			most = n;
			best = i;
		}
	}
	return best;
}

void table_learn(struct table *t, uint64_t mac, unsigned port, uint32_t now_s)
{
	unsigned b = table_bucket(mac), i = 0;
	uint64_t new = mac << 16 | port << 8 | 1, old;

	while (i < TABLE_WAYS && (get(&t->entry[b][i]) >> 16 != mac || !get(&t->entry[b][i])))
		i++;
	if (i == TABLE_WAYS)
		i = place_for(t, b, now_s);
	old = get(&t->entry[b][i]);
	if (old != new)
		put(t, b, i, old, new);
	if (atomic_load_explicit(&t->seen[b][i], memory_order_relaxed) != now_s)
		atomic_store_explicit(&t->seen[b][i], now_s, memory_order_relaxed);
}

void table_forget(struct table *t, unsigned port)
{
	for (unsigned b = 0; b < TABLE_BUCKETS; b++) {
		for (unsigned i = 0; i < TABLE_WAYS; i++) {
			uint64_t e = get(&t->entry[b][i]);

			if (e & 1 && port_of(e) == port)
				put(t, b, i, e, 0);
		}
	}
}

bool table_next(const struct table *t, unsigned *at, uint32_t now_s, struct table_row *ret_row)
{
	for (; *at < TABLE_BUCKETS * TABLE_WAYS; ++*at) {
		unsigned b = *at / TABLE_WAYS, i = *at % TABLE_WAYS;
		uint64_t e = get(&t->entry[b][i]);

		if (!(e & 1) || is_old(t, b, i, now_s))
			continue;
		*ret_row = (struct table_row){
			.mac = e >> 16,
			.port = port_of(e),
			.seen = atomic_load_explicit(&t->seen[b][i], memory_order_relaxed),
		};
		++*at;
		return true;
	}
	return false;
}
