/* SPDX-License-Identifier: BSD-2-Clause */
#include "old-files.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

#include "util.h"

#define PCAP_HEADER  24u
#define CACHE_HEADER 24u

/* The first bytes of a file; 0 if it cannot be looked at again. */
static size_t look(const char *path, uint8_t *bytes, size_t size, off_t *ret_file_size)
{
	CLEANUP(fclosep)
	FILE *f = NULL;
	struct stat st;

	*ret_file_size = 0;
	if (stat(path, &st) < 0 || !S_ISREG(st.st_mode))
		return 0;
	*ret_file_size = st.st_size;
	f = fopen(path, "re");
	return f ? fread(bytes, 1, size, f) : 0;
}

static unsigned big16(const uint8_t *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

/* Is it a classic pcap, and of which byte order? */
static bool is_pcap(const uint8_t *magic, bool *ret_little)
{
	static const uint8_t magics[][4] = { { 0xa1, 0xb2, 0xc3, 0xd4 },
					     { 0xa1, 0xb2, 0x3c, 0x4d },
					     { 0xa1, 0xb2, 0xcd, 0x34 } };

	for (unsigned i = 0; i < ARRAY_SIZE(magics); i++) {
		const uint8_t *m = magics[i];
		const uint8_t swapped[] = { m[3], m[2], m[1], m[0] };

		*ret_little = memcmp(magic, swapped, 4) == 0;
		if (*ret_little || memcmp(magic, m, 4) == 0)
			return true;
	}
	return false;
}

static bool is_pcapng(const uint8_t *magic)
{
	return memcmp(magic, (const uint8_t[]){ 0x0a, 0x0d, 0x0d, 0x0a }, 4) == 0;
}

static unsigned number(const uint8_t *p, bool little)
{
	return little ? (unsigned)p[1] << 8 | p[0] : big16(p);
}

/* libpcap's words for a file that begins with n bytes; false: it has none for this. */
static bool say_header(const uint8_t *bytes, size_t n, char *text, size_t size)
{
	bool little;

	if (n < 4)
		(void)snprintf(
			text, size,
			"truncated dump file; tried to read 4 file header bytes, only got %zu", n);
	else if (is_pcapng(bytes))
		return false;
	else if (!is_pcap(bytes, &little))
		(void)snprintf(text, size, "unknown file format");
	else if (n < PCAP_HEADER)
		(void)snprintf(
			text, size,
			"truncated dump file; tried to read 24 file header bytes, only got %zu",
			n - 4);
	else
		(void)snprintf(text, size, "unsupported pcap savefile version %u.%u",
			       number(bytes + 4, little), number(bytes + 6, little));
	return true;
}

int old_trace_fault(const char *before, const char *path, int code, struct weir_err *err)
{
	uint8_t bytes[PCAP_HEADER];
	char why[sizeof(err->text)];
	off_t file_size;
	size_t n = look(path, bytes, sizeof(bytes), &file_size);
	bool again = n || (!file_size && code == -EINVAL);

	(void)snprintf(why, sizeof(why), "%s", weir_err_text(err));
	if (code == -EISDIR)
		(void)snprintf(why, sizeof(why), "error reading dump file: %s", strerror(EISDIR));
	else if (again)
		(void)say_header(bytes, n, why, sizeof(why)); /* or else they stay */
	return err_text(err, code, "%s: %s", before, why);
}

/* 4 verdicts a byte */
static uint64_t cache_bytes(const uint8_t *header)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < 8; i++)
		n = n << 8 | header[12 + i];
	return n / 4 + (n % 4 != 0);
}

/* What is wrong with a cache of so many bytes; false: nothing that its programs know of. */
static bool say_cache(const char *path, const uint8_t *header, size_t n, uint64_t file_size,
		      char *text, size_t size)
{
	uint64_t left = file_size - n, comment;

	if (n < CACHE_HEADER)
		return snprintf(text, size, "Cache file %s doesn't contain a full header", path) >
		       0;
	if (memcmp(header, "tcpprep", 8) != 0)
		return snprintf(text, size, "Unable to process %s: not a tcpprep cache file",
				path) > 0;
	if (memcmp(header + 8, "04\0", 3) != 0)
		return snprintf(text, size, "Unable to process %s: cache file version mismatch",
				path) > 0;
	comment = big16(header + 22);
	if (left < comment)
		return snprintf(text, size, "Invalid comment read: expected=%llu actual=%llu bytes",
				(unsigned long long)comment, (unsigned long long)left) > 0;
	if (left - comment < cache_bytes(header))
		return snprintf(text, size,
				"Cache data length (%llu bytes) doesn't match cache header (%llu "
				"bytes)",
				(unsigned long long)(left - comment),
				(unsigned long long)cache_bytes(header)) > 0;
	return false;
}

int old_cache_fault(const char *path, int code, struct weir_err *err)
{
	uint8_t header[CACHE_HEADER];
	char why[sizeof(err->text)];
	off_t file_size;
	size_t n;

	if (code == -EISDIR)
		return err_text(err, code, "unable to read from %s:%s,", path, strerror(EISDIR));
	if (code != -EINVAL)
		return err_text(err, code, "unable to open %s:%s", path, strerror(-code));
	n = look(path, header, sizeof(header), &file_size);
	if (say_cache(path, header, n, (uint64_t)file_size, why, sizeof(why)))
		return err_text(err, code, "%s", why);
	return code;
}

int old_check_frame(const struct weir_buf *frame, struct weir_err *err)
{
	if (frame->len && frame->orig_len)
		return 0;
	return err_text(err, -ENOMSG,
			"safe_pcap_next ERROR: Invalid packet length: packet length=%u capture "
			"length=%u",
			frame->orig_len, frame->len);
}

int old_operands(const struct cmd_run *run, struct weir_err *err)
{
	struct stat st;

	for (unsigned i = 0; i < run->n_operands; i++) {
		const char *path = run->operands[i];

		if (strcmp(path, "-") != 0 && stat(path, &st) < 0)
			return err_text(err, -errno,
					"Unable to retrieve information from file %s: %s", path,
					strerror(errno));
	}
	return 0;
}
