/* SPDX-License-Identifier: BSD-2-Clause */
#include "trace/notes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <weir/block.h>

#include "base/macros.h"
#include "trace/native.h"
#include "trace/pcapng.h"

enum {
	FIRST_NOTES = 64,
	FIRST_MEM = 4096,
};

bool notes_want(const struct weir_notes *n, uint32_t type)
{
	if (type == BLOCK_EPB)
		return n->which & WEIR_NOTES_FRAMES;
	if (type == BLOCK_NRB)
		return n->which & WEIR_NOTES_NAMES;
	return n->which & WEIR_NOTES_OTHERS && native_keeps(type);
}

static bool grow_all(struct weir_notes *n)
{
	const size_t room = n->room ? 2 * n->room : FIRST_NOTES;
	struct note *all = realloc(n->all, room * sizeof(*all));

	if (!all)
		return false;
	n->all = all;
	n->room = room;
	return true;
}

uint8_t *notes_reserve(struct weir_notes *n, size_t len)
{
	if (n->n == n->room && !grow_all(n))
		return NULL;
	if (n->size - n->used < len || !n->mem) {
		const size_t size = MAX(2 * (n->used + len), (size_t)FIRST_MEM);
		uint8_t *mem = realloc(n->mem, size);

		if (!mem)
			return NULL;
		n->mem = mem;
		n->size = size;
	}
	return n->mem + n->used;
}

void notes_add(struct weir_notes *n, const struct note *note, size_t len)
{
	struct note *new = &n->all[n->n++];

	*new = *note;
	new->at = n->used;
	new->len = (uint32_t)len;
	n->used += len;
}

int notes_move(struct weir_notes *n, struct weir_notes *from)
{
	for (size_t i = 0; i < from->n; i++) {
		const struct note *note = &from->all[i];
		uint8_t *p;

		if (!notes_want(n, note->type))
			continue;
		p = notes_reserve(n, note->len);
		if (!p)
			return -ENOMEM;
		memcpy(p, from->mem + note->at, note->len);
		notes_add(n, note, note->len);
	}
	from->n = from->used = 0;
	return 0;
}

void notes_begin(struct weir_notes *n)
{
	size_t kept = 0, used = 0;

	for (size_t i = 0; n->which & WEIR_NOTES_HELD && i < n->n; i++) {
		const struct note note = n->all[i];

		if (note.type != BLOCK_EPB || note.done)
			continue;
		memmove(n->mem + used, n->mem + note.at, note.len);
		n->all[kept] = note;
		n->all[kept++].at = used;
		used += note.len;
	}
	n->n = n->n_old = kept;
	n->used = used;
	n->cursor = 0;
}

/* Where the notes of frame nr begin, or what comes behind it. */
static size_t find(const struct weir_notes *n, uint64_t nr)
{
	size_t begin = 0, end = n->n;

	while (begin < end) {
		const size_t middle = begin + (end - begin) / 2;

		if (n->all[middle].nr < nr)
			begin = middle + 1;
		else
			end = middle;
	}
	return begin;
}

struct weir_options notes_take(struct weir_notes *n, uint64_t nr)
{
	size_t i = n->cursor;

	/* Frames come in order, mostly. */
	if (i >= n->n || n->all[i].nr < nr || (i && n->all[i - 1].nr >= nr))
		i = find(n, nr);
	while (i < n->n && n->all[i].nr == nr && n->all[i].type != BLOCK_EPB)
		i++;
	n->cursor = i;
	if (i == n->n || n->all[i].nr != nr || n->all[i].done)
		return (struct weir_options){ 0 };
	n->all[i].done = true;
	return (struct weir_options){ .data = n->mem + n->all[i].at, .len = n->all[i].len };
}

void notes_done(struct weir_notes *n)
{
	free(n->all);
	free(n->mem);
	*n = (struct weir_notes){ 0 };
}
