/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Small trace files for tests, written byte by byte so that they do not depend on the
 * writer that other tests are about.
 */
#ifndef SUPPORT_PCAPFILE_H
#define SUPPORT_PCAPFILE_H

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct pcapfile {
	char path[64];
	FILE *f;
	uint64_t n; /* frames written */
};

/* A nanosecond pcap in the temporary folder. */
static inline void pcapfile_begin(struct pcapfile *p, uint32_t linktype)
{
	const uint32_t header[] = { 0xa1b23c4d, 4u << 16 | 2, 0, 0, 262144, linktype };
	int fd;

	*p = (struct pcapfile){ .path = "/tmp/weir-test-XXXXXX" };
	fd = mkstemp(p->path);
	assert(fd >= 0);
	p->f = fdopen(fd, "w");
	assert(p->f);
	fwrite(header, sizeof(header), 1, p->f);
}

static inline void pcapfile_add(struct pcapfile *p, int64_t ts_ns, const void *data, uint32_t len,
				uint32_t orig_len)
{
	const uint32_t header[] = { (uint32_t)(ts_ns / 1000000000), (uint32_t)(ts_ns % 1000000000),
				    len, orig_len };

	fwrite(header, sizeof(header), 1, p->f);
	fwrite(data, len, 1, p->f);
	p->n++;
}

/* A frame of len bytes that begins with its number, so that order can be seen. */
static inline void pcapfile_add_numbered(struct pcapfile *p, int64_t ts_ns, uint32_t len)
{
	uint8_t *data = malloc(len);

	assert(data);
	memset(data, (int)(p->n & 0xff), len);
	memcpy(data, &p->n, len < sizeof(p->n) ? len : sizeof(p->n));
	pcapfile_add(p, ts_ns, data, len, len);
	free(data);
}

static inline void pcapfile_end(struct pcapfile *p)
{
	int r = fclose(p->f);

	assert(r == 0);
	(void)r;
}

static inline void pcapfile_remove(struct pcapfile *p)
{
	(void)unlink(p->path); /* it is in the temporary folder */
}

#endif
