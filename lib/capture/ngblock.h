/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Blocks of pcapng with options (section, interface, statistics), made in memory in this
 * machine's byte order:
 *
 *	ngblock_iface(&b, linktype, snaplen, name);
 *	ngblock_text(&b, OPT_IF_DESCRIPTION, text);
 *	ngblock_end(&b, BLOCK_IDB);
 *
 * Several blocks may follow one another. When memory runs out nothing more is added and
 * ngblock_end() says so.
 */
#ifndef CAPTURE_NGBLOCK_H
#define CAPTURE_NGBLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zeroed before its first use; to be ended with ngblock_done(). */
struct ngblock {
	uint8_t *data; /* what has been made */
	size_t len;
	size_t size;  /* of the memory at data */
	size_t begin; /* of the block that is being made */
	bool options; /* it has some */
	bool failed;  /* no memory */
};

/*
 * Beginnings of the blocks that every file has, to which more options may be added.
 * Section: comment, hardware, operating system, "weir VERSION". Interface: name, nanoseconds.
 * Statistics: when they were made.
 */
void ngblock_section(struct ngblock *b, const char *comment);
void ngblock_iface(struct ngblock *b, uint32_t linktype, uint32_t snaplen, const char *name);
void ngblock_stats(struct ngblock *b, uint32_t iface, uint64_t ts_ns);

/* Adds an option; value NULL: none. len: at most UINT16_MAX. */
void ngblock_option(struct ngblock *b, uint16_t code, const void *value, size_t len);
/* The same for a text, which is cut to what an option can hold; "": none, either. */
void ngblock_text(struct ngblock *b, uint16_t code, const char *text);

/* Ends the block. 0, or -ENOMEM: what stands at data is of no use. */
int ngblock_end(struct ngblock *b, uint32_t type);

void ngblock_done(struct ngblock *b);

#endif
