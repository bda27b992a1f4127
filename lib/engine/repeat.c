/* SPDX-License-Identifier: BSD-2-Clause */
#include "engine/repeat.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/macros.h"

#define MANY	 32u /* copies within COUNT_NS that are suspicious */
#define COUNT_NS ((int64_t)NSEC_PER_SEC)
#define TRY_NS	 (50 * (int64_t)NSEC_PER_MSEC) /* longer than frames need for a round */
#define TRUST_NS (60 * (int64_t)NSEC_PER_SEC)

enum state {
	COUNTING,
	TRYING,
	TRUSTED,
};

static void enter(struct repeat *p, enum state state, int64_t now)
{
	p->state = state;
	p->since = now;
	p->n = 1;
	p->came_late = false;
}

static bool count(struct repeat *p, int64_t now)
{
	if (now - p->since >= COUNT_NS)
		enter(p, COUNTING, now);
	else if (++p->n > MANY)
		enter(p, TRYING, now);
	return p->state == TRYING;
}

static bool try(struct repeat *p, int64_t now)
{
	if (now - p->since < TRY_NS) {
		p->came_late |= now - p->since >= TRY_NS / 2;
		return true;
	}
	enter(p, p->came_late ? TRUSTED : COUNTING, now);
	return false;
}

bool repeats_drop(struct repeats *r, const uint8_t *frame, uint32_t len, int64_t now)
{
	uint64_t hash = XXH3_64bits(frame, len);
	struct repeat *p = &r->places[hash % REPEAT_PLACES];

	if (p->hash != hash || now < p->since) { /* another one, or the clock was set back */
		p->hash = hash;
		enter(p, COUNTING, now);
		return false;
	}
	switch (p->state) {
	case COUNTING:
		return count(p, now);
	case TRYING:
		return try(p, now);
	default:
		if (now - p->since >= TRUST_NS)
			enter(p, COUNTING, now);
		return false;
	}
}
