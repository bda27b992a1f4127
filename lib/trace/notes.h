/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Notes: what a pcapng file tells beside its frames, taken down by the reader and put into
 * another file by the writer. They go by the numbers of frames, so stages that move, copy,
 * cut or drop frames need not know of them.
 *
 *	file	| names | frame 1 | frame 2, flags | statistics | frame 3, comment |
 *	notes	{1, names} {2, options} {3, statistics} {3, options}
 *
 * A block stands before the frame that it has the number of.
 */
#ifndef TRACE_NOTES_H
#define TRACE_NOTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <weir/trace.h>

struct note {
	uint64_t nr;
	size_t at; /* in .mem */
	uint32_t len;
	uint32_t type; /* of the block whose body it is; BLOCK_EPB: options of the frame */
	bool done;     /* the options have been taken */
};

struct weir_notes {
	unsigned which; /* of WEIR_NOTES_... */
	uint32_t n_ifaces;
	struct note *all; /* in the order of the file */
	size_t n, room;
	size_t n_old;	 /* of those: from before the last notes_begin() */
	size_t cursor;	 /* where notes_take() goes on looking */
	bool unfinished; /* a signal came while they were taken */
	uint8_t *mem;
	size_t used, size;
};

/* Is a block of this type to be taken down? */
bool notes_want(const struct weir_notes *n, uint32_t type);

/* Room for len bytes of a note to come; NULL: there is no memory. Some of them, or
 * none, are then made one by notes_add(). */
uint8_t *notes_reserve(struct weir_notes *n, size_t len);
void notes_add(struct weir_notes *n, const struct note *note, size_t len);

/* Adds all of another one's, which has none then. -ENOMEM. */
int notes_move(struct weir_notes *n, struct weir_notes *from);

/* Before what comes next is read: forgets what is there, or, with WEIR_NOTES_HELD, but for
 * options that were not taken. */
void notes_begin(struct weir_notes *n);

/* The options of a frame, for the first who asks; .data is NULL if it has none. Lent until
 * the notes change. */
struct weir_options notes_take(struct weir_notes *n, uint64_t nr);

/* Frees what the notes hold. */
void notes_done(struct weir_notes *n);

#endif
