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

	/* The block's own. */
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

/* Puts the next frames into the block, at least one, in place of what it held. Like
 * weir_reader_next(): 1, 0 at the end, or negative; frames before a damage are given
 * first. Nothing in the block is the reader's then. */
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
