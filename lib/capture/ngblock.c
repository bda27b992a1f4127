/* SPDX-License-Identifier: BSD-2-Clause */
#include "capture/ngblock.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/bytes.h"
#include "base/macros.h"
#include "trace/pcapng.h"

/* Room for n more bytes, zeroed; NULL when there is no memory. */
static uint8_t *grow(struct ngblock *b, size_t n)
{
	uint8_t *at;

	if (b->failed)
		return NULL;
	if (n > b->size - b->len) {
		size_t size = MAX(2 * b->size, b->len + n + 256);
		uint8_t *data = realloc(b->data, size);

		if (!data) {
			b->failed = true;
			return NULL;
		}
		b->data = data;
		b->size = size;
	}
	at = b->data + b->len;
	memset(at, 0, n);
	b->len += n;
	return at;
}

/* Begins a block of len bytes of fixed fields (a multiple of 4), without type and length. */
static void begin(struct ngblock *b, const void *fixed, size_t len)
{
	uint8_t *at;

	b->begin = b->len;
	b->options = false;
	at = grow(b, BLOCK_HEADER + len);
	if (at)
		memcpy(at + BLOCK_HEADER, fixed, len);
}

void ngblock_option(struct ngblock *b, uint16_t code, const void *value, size_t len)
{
	uint8_t *at = value ? grow(b, OPT_HEADER + padded(len)) : NULL;

	if (!at)
		return;
	raw16_put(at, code);
	raw16_put(at + 2, (uint16_t)len);
	memcpy(at + OPT_HEADER, value, len);
	b->options = true;
}

void ngblock_text(struct ngblock *b, uint16_t code, const char *text)
{
	if (text && text[0])
		ngblock_option(b, code, text, MIN(strlen(text), (size_t)UINT16_MAX));
}

void ngblock_section(struct ngblock *b, const char *comment)
{
	struct utsname host;
	char os[sizeof(host.sysname) + sizeof(host.release) + 1] = "";
	uint8_t fixed[SHB_FIXED - BLOCK_HEADER];

	raw32_put(fixed, BYTE_ORDER_MAGIC);
	raw16_put(fixed + 4, 1); /* version 1.0 */
	raw16_put(fixed + 6, 0);
	raw64_put(fixed + 8, UINT64_MAX); /* length of the section: not told */
	begin(b, fixed, sizeof(fixed));
	ngblock_text(b, OPT_COMMENT, comment);
	if (uname(&host) == 0) {
		(void)snprintf(os, sizeof(os), "%s %s", host.sysname, host.release);
		ngblock_text(b, OPT_SHB_HARDWARE, host.machine);
		ngblock_text(b, OPT_SHB_OS, os);
	}
	ngblock_text(b, OPT_SHB_USERAPPL, "weir " WEIR_VERSION);
}

void ngblock_iface(struct ngblock *b, uint32_t linktype, uint32_t snaplen, const char *name)
{
	static const uint8_t nanoseconds = 9;
	uint8_t fixed[IDB_FIXED - BLOCK_HEADER];

	raw16_put(fixed, (uint16_t)linktype);
	raw16_put(fixed + 2, 0);
	raw32_put(fixed + 4, snaplen);
	begin(b, fixed, sizeof(fixed));
	ngblock_text(b, OPT_IF_NAME, name);
	ngblock_option(b, OPT_IF_TSRESOL, &nanoseconds, 1);
}

void ngblock_stats(struct ngblock *b, uint32_t iface, uint64_t ts_ns)
{
	uint8_t fixed[ISB_FIXED - BLOCK_HEADER];

	raw32_put(fixed, iface);
	raw32_put(fixed + 4, (uint32_t)(ts_ns >> 32));
	raw32_put(fixed + 8, (uint32_t)ts_ns);
	begin(b, fixed, sizeof(fixed));
}

int ngblock_end(struct ngblock *b, uint32_t type)
{
	uint8_t *at;
	uint32_t total;

	if (b->options)
		(void)grow(b, OPT_HEADER); /* OPT_END of length 0; a failure shows next */
	at = grow(b, BLOCK_TRAILER);
	if (!at)
		return -ENOMEM;
	total = (uint32_t)(b->len - b->begin);
	raw32_put(at, total);
	raw32_put(b->data + b->begin, type);
	raw32_put(b->data + b->begin + 4, total);
	return 0;
}

void ngblock_done(struct ngblock *b)
{
	free(b->data);
	*b = (struct ngblock){ 0 };
}
