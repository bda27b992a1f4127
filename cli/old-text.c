/* SPDX-License-Identifier: BSD-2-Clause */
#include "old-text.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

const char *old_token(const char **at, const char *stops, char *buf, size_t size)
{
	size_t n;

	*at += strspn(*at, stops);
	n = strcspn(*at, stops);
	if (!n)
		return NULL;
	(void)snprintf(buf, size, "%.*s", (int)n, *at); /* cut if too long */
	*at += n;
	if (**at)
		++*at;
	return buf;
}

static int no_cidr(const char *text, struct weir_err *err)
{
	return err_text(err, -EINVAL, "Unable to parse as a valid CIDR: %s", text);
}

/* "V6/N": the message has no more than the address. */
static int cidr6(const char *text, char ret_cidr[OLD_CIDR_MAX], struct weir_err *err)
{
	char whole[OLD_TOKEN_MAX], *addr = whole, *bits;
	uint8_t bytes[16];
	int n = 128;

	(void)snprintf(whole, sizeof(whole), "%s", text);
	bits = strchr(whole, '/');
	if (bits)
		*bits++ = '\0';
	addr += *addr == '[';
	addr[strcspn(addr, "]")] = '\0';
	if (inet_pton(AF_INET6, addr, bytes) != 1)
		return no_cidr(addr, err);
	/* Without a number it would be one that nobody has written. */
	if (bits && (sscanf(bits, "%d", &n) != 1 || n < 0 || n > 128))
		return no_cidr(whole, err);
	(void)snprintf(ret_cidr, OLD_CIDR_MAX, "[%s/%d]", addr, n); /* inet_pton() took it */
	return 6;
}

int old_cidr(const char *text, char ret_cidr[OLD_CIDR_MAX], struct weir_err *err)
{
	unsigned b[4];
	int bits = 32;

	if (sscanf(text, "%u.%u.%u.%u/%d", &b[0], &b[1], &b[2], &b[3], &bits) < 4)
		return cidr6(text, ret_cidr, err);
	if (b[0] > 255 || b[1] > 255 || b[2] > 255 || b[3] > 255 || bits < 0 || bits > 32)
		return no_cidr(text, err);
	(void)snprintf(ret_cidr, OLD_CIDR_MAX, "%u.%u.%u.%u/%d", b[0], b[1], b[2], b[3], bits);
	return 4;
}

int old_cidrs(const char *list, FILE *to, struct weir_err *err)
{
	char token[OLD_TOKEN_MAX], cidr[OLD_CIDR_MAX];
	int n = 0;

	for (; old_token(&list, ",", token, sizeof(token)); n++) {
		int r = old_cidr(token, cidr, err);

		if (r < 0)
			return r;
		old_add(to, cidr);
	}
	return n;
}

/* Is it the end of the ith part? */
static bool ends_part(char c, unsigned i)
{
	return c == ':' || (i == 5 && (!c || isspace((unsigned char)c)));
}

void old_mac(const char *text, char ret_mac[MAC_TEXT_SIZE])
{
	uint8_t mac[6] = { 0 };

	for (unsigned i = 0; i < ARRAY_SIZE(mac); i++) {
		char *end;
		long v = strtol(text, &end, 16);

		if (end == text || v < 0 || v > 255 || !ends_part(*end, i))
			break;
		mac[i] = (uint8_t)v;
		text = end + 1;
	}
	(void)mac_text(mac, ret_mac);
}

void old_macs(const char *list, unsigned most, FILE *to)
{
	char token[OLD_TOKEN_MAX], mac[MAC_TEXT_SIZE];

	for (unsigned i = 0; i < most && old_token(&list, ",", token, sizeof(token)); i++) {
		old_mac(token, mac);
		old_add(to, mac);
	}
}

void old_add(FILE *to, const char *word)
{
	fprintf(to, "%s%s", ftell(to) > 0 ? "," : "", word);
}

int old_begin(struct old_made *made, struct weir_err *err)
{
	*made = (struct old_made){ 0 };
	made->to = open_memstream(&made->text, &made->size);
	return made->to ? 0 : err_text(err, -ENOMEM, "out of memory");
}

int old_end(struct old_made *made, const struct cmd_run *run, int r, const char **ret_text,
	    struct weir_err *err)
{
	if (fclose(made->to) != 0 && r >= 0)
		r = err_text(err, -ENOMEM, "out of memory");
	if (made->text)
		(void)opt_keep(run->opts, made->text);
	if (r < 0)
		return r;
	*ret_text = *made->text ? made->text : NULL;
	return 0;
}
