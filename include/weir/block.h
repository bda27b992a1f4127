/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Blocks: many frames of a trace at once, to be changed and written again.
 *
 *	while (weir_reader_fill(reader, block, err) == 1) {
 *		stage.run(stage.ctx, block->frames, block->n);
 *		weir_writer_write_block(writer, block, err);
 *	}
 *
 * A block takes over the memory that the reader has read into, records with all:
 *
 *	|head|frame   |head|frame |head|frame       |head|frame |
 *	      ^frames[0]    ^[1]        ^[2]              ^[3]
 *
 * The writer puts its own heads in front of the frames, closes gaps, and writes what is
 * a row of records then at once. So nothing is copied on the way from a pcap to a pcap.
 *
 * Notes are what a pcapng file tells beside its frames. They go with the numbers of frames: a
 * stage need not know of them. Of frames with the same number the first that is written gets
 * what was told of it.
 *
 * Only to be written, a block can be made of anyone's memory: .frames and .n, .mem and .size
 * are set, and the rest is 0. 16 bytes between the frames are room for the heads of a pcap.
 */
#ifndef WEIR_BLOCK_H
#define WEIR_BLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <weir/err.h>
#include <weir/frame.h>
#include <weir/trace.h>

#ifdef __cplusplus
extern "C" {
#endif

struct weir_block {
	/* n frames. Stages may change them within their .room, and let them lie elsewhere.
	 * .port is 0 at first; what has WEIR_NO_PORT in the end is not written. .iface is
	 * the reader's; when written, the writer's. */
	struct weir_buf *frames;
	unsigned n;

	/* What else the writer puts into a pcapng; NULL: nothing. The block's own after
	 * weir_block_note(); a block with frames made of another's may be lent those. */
	struct weir_notes *notes;

	/* The block's own. */
	struct weir_notes *own_notes;
	unsigned n_room;
	uint8_t *mem;
	size_t size, used;
	uint32_t growth;
	size_t front;	 /* room in mem before what was fetched */
	int64_t fetched; /* how much, or an error */
};

/* growth: bytes that frames may become longer by, besides being filled up to their length
 * on the wire; 0: they may not become longer at all. To be freed with weir_block_free().
 * -ENOMEM. */
int weir_block_new(uint32_t growth, struct weir_block **ret_block, struct weir_err *err);

enum {
	WEIR_NOTES_FRAMES = 1U << 0, /* options of frames: comments, flags and so on */
	WEIR_NOTES_NAMES = 1U << 1,  /* name resolution */
	/* Statistics of interfaces, secrets to decrypt with, entries of the systemd journal,
	 * custom blocks that may be copied. */
	WEIR_NOTES_OTHERS = 1U << 2,
	WEIR_NOTES_ALL = WEIR_NOTES_FRAMES | WEIR_NOTES_NAMES | WEIR_NOTES_OTHERS,
	/* Frames may be written after the block was filled with others, in any order. Notes of
	 * frames that never are stay for as long as the block. */
	WEIR_NOTES_HELD = 1U << 3,
};

/* From now on the block takes down these notes as it is filled. -ENOMEM. */
int weir_block_note(struct weir_block *b, unsigned which, struct weir_err *err);

/* How many interfaces the file had when the notes were taken: the writer must have as many,
 * with the same numbers, before it is given the block. NULL: 0. */
uint32_t weir_notes_ifaces(const struct weir_notes *n);

/* Puts the next frames into the block, at least one, in place of what it held. Like
 * weir_reader_next(): 1, 0 at the end, or negative; frames before a damage are given
 * first. Nothing in the block is the reader's then. At the end a block of no frames can have
 * notes, of what stands behind the last one. */
int weir_reader_fill(struct weir_reader *r, struct weir_block *b, struct weir_err *err);

/*
 * Reading ahead, by several threads at once: whoever calls weir_reader_fill() for the nr-th
 * time, from 0, counted over all blocks, has called this for the same block and number. Only
 * after weir_reader_share(), which is called before, and says whether it is of use: for
 * files, but not for pipes and compressed ones. Blocks may turn out empty then.
 */
bool weir_reader_share(struct weir_reader *r);
void weir_reader_fetch(const struct weir_reader *r, struct weir_block *b, uint64_t nr);

/* Copies a frame to the end of the block: which was emptied by .n = 0, or filled by this
 * alone. -ENOMEM. */
int weir_block_add(struct weir_block *b, const struct weir_buf *frame, struct weir_err *err);

/* Appends the frames of a block to the file; their bytes are not the frames' afterwards.
 * Errors as of weir_writer_write(), after the frames before the one they are about have
 * been written. */
int weir_writer_write_block(struct weir_writer *w, struct weir_block *b, struct weir_err *err);

/* NULL is allowed. Returns NULL. */
struct weir_block *weir_block_free(struct weir_block *b);

#ifdef __cplusplus
}
#endif
#endif
