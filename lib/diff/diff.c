/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/hist.h"
#include "base/macros.h"
#include "diff/diff.h"

struct weir_diff {
	struct diff_list lists[2];
	struct weir_diff_counts counts;
	char damage[2][512]; /* "" if there is none */
	unsigned ignore;
};

DEFINE_CLEANUP(struct weir_diff *, weir_diff_free)
DEFINE_CLEANUP(struct weir_reader *, weir_reader_close)

static const char *const field_texts[WEIR_N_DIFF_FIELDS] = {
	[WEIR_DIFF_DST_MAC] = "destination MAC",
	[WEIR_DIFF_SRC_MAC] = "source MAC",
	[WEIR_DIFF_VLAN_TAGS] = "VLAN tags",
	[WEIR_DIFF_LABELS] = "MPLS labels",
	[WEIR_DIFF_TOS] = "type of service",
	[WEIR_DIFF_IP_LENGTH] = "IP length",
	[WEIR_DIFF_IP_ID] = "IP id",
	[WEIR_DIFF_FRAGMENT] = "fragment",
	[WEIR_DIFF_HOPS] = "TTL",
	[WEIR_DIFF_IP_CHECKSUM] = "IP checksum",
	[WEIR_DIFF_SRC_ADDR] = "source address",
	[WEIR_DIFF_DST_ADDR] = "destination address",
	[WEIR_DIFF_SRC_PORT] = "source port",
	[WEIR_DIFF_DST_PORT] = "destination port",
	[WEIR_DIFF_SEQUENCE] = "sequence number",
	[WEIR_DIFF_ACKNOWLEDGEMENT] = "acknowledgement number",
	[WEIR_DIFF_FLAGS] = "TCP flags",
	[WEIR_DIFF_WINDOW] = "window",
	[WEIR_DIFF_L4_CHECKSUM] = "checksum",
	[WEIR_DIFF_PAYLOAD] = "payload",
	[WEIR_DIFF_PAD] = "padding",
	[WEIR_DIFF_LENGTH] = "length",
	[WEIR_DIFF_OTHER] = "other bytes",
};

const char *weir_diff_field_text(enum weir_diff_field f)
{
	return (unsigned)f < WEIR_N_DIFF_FIELDS ? field_texts[f] : "unknown";
}

unsigned weir_diff_ignore_bit(const char *word)
{
	static const char *const words[] = { "mac", "vlan", "ttl", "checksum", "padding" };

	for (unsigned i = 0; i < ARRAY_SIZE(words); i++)
		if (strcmp(word, words[i]) == 0)
			return 1u << i;
	return 0;
}

static struct diff_line *new_line(struct diff_list *l, struct weir_err *err)
{
	if (l->n == DIFF_NONE - 1) {
		err_set(err, -E2BIG, "more than 2^32 - 2 frames cannot be compared");
		return NULL;
	}
	if (l->n == l->room) {
		size_t room = MAX(l->room * 2, (size_t)1024);
		struct diff_line *lines = realloc(l->lines, room * sizeof(*lines));

		if (!lines) {
			err_set(err, -ENOMEM, "out of memory after %u frames", l->n);
			return NULL;
		}
		l->lines = lines;
		l->room = room;
	}
	l->lines[l->n] = (struct diff_line){ .partner = DIFF_NONE };
	return &l->lines[l->n++];
}

static int open_file(const char *path, struct weir_reader **ret_reader, struct weir_err *err)
{
	struct stat st;

	if (strcmp(path, "-") == 0 || (stat(path, &st) == 0 && !S_ISREG(st.st_mode)))
		return err_set(err, -EINVAL, "%s: only files can be compared: they are read twice",
			       path);
	return weir_reader_open(path, ret_reader, err);
}

static int read_list(struct weir_diff *d, unsigned which, const char *path, struct weir_err *err)
{
	CLEANUP(weir_reader_closep)
	struct weir_reader *reader = NULL;
	CLEANUP(freep)
	uint8_t *scratch = malloc(WEIR_FRAME_MAX);
	struct weir_err damage = { 0 };
	struct weir_record rec;
	int r;

	if (!scratch)
		return err_set(err, -ENOMEM, "out of memory");
	r = open_file(path, &reader, err);
	if (r < 0)
		return r;
	while ((r = weir_reader_next(reader, &rec, &damage)) == 1) {
		struct diff_line *line = new_line(&d->lists[which], err);

		if (!line)
			return err ? err->code : -ENOMEM;
		diff_frame_hash(&rec, d->ignore, scratch, line);
		d->counts.frames[which]++;
		d->counts.bytes[which] += rec.orig_len;
	}
	if (r < 0)
		memcpy(d->damage[which], damage.text, sizeof(d->damage[which]));
	return 0;
}

/* The record at a line, which lies behind the last one that was asked for. */
static int seek(struct weir_reader *reader, uint32_t line, struct weir_record *rec,
		struct weir_err *err)
{
	int r;

	do {
		r = weir_reader_next(reader, rec, err);
	} while (r == 1 && rec->nr <= line);
	return r == 1 ? 0 : r < 0 ? r : err_set(err, -ESTALE, "a file changed while it was read");
}

/* A frame of the second trace that a later frame of the first one is a partner of. */
struct kept {
	uint8_t *data;
	struct weir_record rec;
};

/* Keeps the frames of the second trace that have been changed. */
static int keep_changed(const struct weir_diff *d, const char *path, struct kept *kept,
			struct weir_err *err)
{
	CLEANUP(weir_reader_closep)
	struct weir_reader *reader = NULL;
	const struct diff_list *a = &d->lists[0], *b = &d->lists[1];
	int r = weir_reader_open(path, &reader, err);

	for (uint32_t j = 0, n = 0; r >= 0 && j < b->n; j++) {
		struct kept *k = &kept[n];

		if (b->lines[j].partner == DIFF_NONE || !a->lines[b->lines[j].partner].fields)
			continue;
		r = seek(reader, j, &k->rec, err);
		if (r < 0)
			break;
		k->data = malloc(k->rec.len + 1u);
		if (!k->data)
			return err_set(err, -ENOMEM, "out of memory");
		memcpy(k->data, k->rec.data, k->rec.len);
		k->rec.data = k->data;
		n++;
	}
	return r;
}

static int compare_numbers(const void *key, const void *element)
{
	const uint64_t *nr = key;
	const struct kept *k = element;

	return *nr < k->rec.nr ? -1 : *nr > k->rec.nr;
}

/* Tells of each pair of changed partners what was changed. */
static int find_fields(struct weir_diff *d, const char *path, const struct kept *kept, size_t n,
		       struct weir_err *err)
{
	CLEANUP(weir_reader_closep)
	struct weir_reader *reader = NULL;
	struct diff_list *a = &d->lists[0];
	int r = weir_reader_open(path, &reader, err);

	for (uint32_t i = 0; r >= 0 && i < a->n; i++) {
		struct diff_line *line = &a->lines[i];
		uint64_t nr = line->partner + 1ull;
		const struct kept *k;
		struct weir_record rec;

		if (!line->fields)
			continue;
		r = seek(reader, i, &rec, err);
		k = bsearch(&nr, kept, n, sizeof(*kept), compare_numbers);
		if (r == 0 && k)
			line->fields = diff_frame_fields(&rec, &k->rec, d->ignore);
	}
	return r;
}

static int tell_changed(struct weir_diff *d, const char *const paths[2], struct weir_err *err)
{
	struct kept *kept;
	size_t n = 0;
	int r;

	for (uint32_t i = 0; i < d->lists[0].n; i++)
		n += d->lists[0].lines[i].fields != 0;
	if (!n)
		return 0;
	kept = calloc(n, sizeof(*kept));
	if (!kept)
		return err_set(err, -ENOMEM, "out of memory");
	r = keep_changed(d, paths[1], kept, err);
	if (r == 0)
		r = find_fields(d, paths[0], kept, n, err);
	for (size_t i = 0; i < n; i++)
		free(kept[i].data);
	free(kept);
	return r;
}

static int64_t delay_of(const struct weir_diff *d, const struct diff_line *line)
{
	return (int64_t)((uint64_t)d->lists[1].lines[line->partner].ts_ns - (uint64_t)line->ts_ns);
}

static void count_delays(struct weir_diff *d)
{
	const struct diff_list *a = &d->lists[0];
	struct weir_diff_counts *c = &d->counts;
	bool any = false;

	for (uint32_t i = 0; i < a->n; i++) {
		int64_t delay;

		if (a->lines[i].partner == DIFF_NONE)
			continue;
		delay = delay_of(d, &a->lines[i]);
		if (!any)
			c->first_delay = c->least_delay = delay;
		c->least_delay = MIN(c->least_delay, delay);
		any = true;
	}
	for (uint32_t i = 0; i < a->n; i++) {
		if (a->lines[i].partner != DIFF_NONE)
			hist_add(&c->delays,
				 (uint64_t)delay_of(d, &a->lines[i]) - (uint64_t)c->least_delay);
	}
}

static void count(struct weir_diff *d)
{
	struct weir_diff_counts *c = &d->counts;

	for (uint32_t i = 0; i < d->lists[0].n; i++) {
		const struct diff_line *line = &d->lists[0].lines[i];

		if (line->partner == DIFF_NONE) {
			c->missing++;
			continue;
		}
		c->moved += line->moved;
		if (line->fields)
			c->changed++;
		else
			c->same++;
		for (unsigned f = 0; f < WEIR_N_DIFF_FIELDS; f++)
			c->fields[f] += line->fields >> f & 1;
	}
	c->extra = c->frames[1] - c->same - c->changed;
	count_delays(d);
}

static int match(struct weir_diff *d, struct weir_err *err)
{
	struct diff_list *a = &d->lists[0], *b = &d->lists[1];
	int r = diff_match_same(a, b);

	if (r == 0)
		r = diff_match_moved(a, b->n);
	if (r == 0)
		r = diff_match_changed(a, b);
	if (r == 0)
		r = diff_match_moved(a, b->n); /* with those that were changed */
	return r < 0 ? err_set(err, r, "out of memory") : 0;
}

int weir_diff_new(const char *first, const char *second, unsigned ignore,
		  struct weir_diff **ret_diff, struct weir_err *err)
{
	CLEANUP(weir_diff_freep)
	struct weir_diff *d = calloc(1, sizeof(*d));
	const char *const paths[2] = { first, second };
	int r = 0;

	if (!d)
		return err_set(err, -ENOMEM, "out of memory");
	d->ignore = ignore;
	for (unsigned i = 0; r == 0 && i < 2; i++)
		r = read_list(d, i, paths[i], err);
	if (r == 0)
		r = match(d, err);
	if (r == 0)
		r = tell_changed(d, paths, err);
	if (r < 0)
		return r;
	count(d);
	*ret_diff = TAKE_PTR(d);
	return 0;
}

void weir_diff_counts(const struct weir_diff *d, struct weir_diff_counts *ret_counts)
{
	*ret_counts = d->counts;
}

static bool is_difference(const struct weir_diff *d, uint32_t i, struct weir_diff_item *ret)
{
	const struct diff_line *line = &d->lists[0].lines[i];

	*ret = (struct weir_diff_item){ .nr = { i + 1ull } };
	if (line->partner == DIFF_NONE) {
		ret->kind = WEIR_DIFF_MISSING;
		return true;
	}
	ret->nr[1] = line->partner + 1ull;
	ret->fields = line->fields;
	ret->kind = line->moved ? WEIR_DIFF_MOVED : WEIR_DIFF_CHANGED;
	return line->moved || line->fields;
}

/* Positions: the lines of the first trace, then those of the second. */
bool weir_diff_next(const struct weir_diff *d, uint64_t *pos, struct weir_diff_item *ret)
{
	const struct diff_list *a = &d->lists[0], *b = &d->lists[1];

	for (; *pos < a->n; ++*pos) {
		if (is_difference(d, (uint32_t)*pos, ret)) {
			++*pos;
			return true;
		}
	}
	for (; *pos - a->n < b->n; ++*pos) {
		uint64_t j = *pos - a->n;

		if (b->lines[j].partner == DIFF_NONE) {
			*ret = (struct weir_diff_item){ .kind = WEIR_DIFF_EXTRA,
							.nr = { 0, j + 1 } };
			++*pos;
			return true;
		}
	}
	return false;
}

const char *weir_diff_damage(const struct weir_diff *d, unsigned which)
{
	return which < 2 && *d->damage[which] ? d->damage[which] : NULL;
}

struct weir_diff *weir_diff_free(struct weir_diff *d)
{
	if (!d)
		return NULL;

	free(d->lists[0].lines);
	free(d->lists[1].lines);
	free(d);
	return NULL;
}
