/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The inside of the comparison: both traces are lists of lines, one a frame, that find
 * their partners by hash.
 *
 *   frame.c    what a frame is compared by
 *   match.c    partners among lines
 *   diff.c     reading the files, counting, telling
 */
#ifndef DIFF_DIFF_H
#define DIFF_DIFF_H

#include <stdint.h>

#include <weir/diff.h>
#include <weir/frame.h>
#include <weir/trace.h>

#define DIFF_NONE UINT32_MAX

struct diff_line {
	uint64_t hash[2];  /* of the frame, without what is ignored */
	uint64_t identity; /* of what edits leave; 0: it has nothing of the kind */
	int64_t ts_ns;
	uint32_t partner; /* index of its line in the other list, or DIFF_NONE */
	uint32_t fields;  /* changed ones; 0: the same bytes */
	bool moved;
};

struct diff_list {
	struct diff_line *lines;
	uint32_t n;
	size_t room;
};

/* Fills what a frame is compared by. scratch has room for WEIR_FRAME_MAX bytes. */
void diff_frame_hash(const struct weir_record *rec, unsigned ignore, uint8_t *scratch,
		     struct diff_line *line);

/* What differs between two frames, but for what is ignored: bits of enum weir_diff_field. */
uint32_t diff_frame_fields(const struct weir_record *a, const struct weir_record *b,
			   unsigned ignore);

/* Finds partners with the same hashes. 0 or -ENOMEM, as the next two. */
int diff_match_same(struct diff_list *a, struct diff_list *b);
/* Sets .moved of partners in a. */
int diff_match_moved(struct diff_list *a, uint32_t n_b);
/* Makes partners of lines that have none and the same identity, and lie in the same gap:
 * between the same partners that were not moved. Sets their .fields to 1 for now. */
int diff_match_changed(struct diff_list *a, struct diff_list *b);

#endif
