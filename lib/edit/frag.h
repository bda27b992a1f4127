/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The inside of fragroute's rules: directives, and the queue that they are applied to.
 *
 * A directive is a struct frag_directive, the only global of its kind; the table in
 * frag-rules.c has all of them.
 */
#ifndef EDIT_FRAG_H
#define EDIT_FRAG_H

#include <stdbool.h>
#include <stdint.h>

#include <weir/fragroute.h>

#include "edit/cut.h"
#include "edit/made.h"
#include "pkt/parse.h"

/* What has become of a frame so far, in order. */
struct frag_queue {
	struct made_list now;
	struct made_list next; /* what a directive makes of each of them */
	struct made_pool pool;
	uint64_t random;  /* state; see frag_draw() */
	bool stays_whole; /* tcp_seg and ip_frag leave it */
	bool failed[WEIR_N_EDIT_REASONS];
	const struct weir_fragroute_opts *opts;
};

#define FRAG_MAX_BYTES 1024u

/* A line of the rules. */
struct frag_rule {
	const struct frag_directive *directive;
	unsigned kind;	/* which of the words that a directive takes */
	uint32_t value; /* its number; what it means is the directive's */
	uint32_t value2;
	uint32_t n_bytes;
	uint8_t bytes[FRAG_MAX_BYTES];
};

/* Reading a line, word by word. */
struct frag_text {
	const char *name; /* of the file */
	const char *directive;
	unsigned line;		      /* from 1 */
	const char *begin, *at, *end; /* of the line, and what is left */
	bool old_messages;
	struct weir_err *err;
};

struct frag_directive {
	const char *name;
	/* Reads what follows the name, up to the end of the line (which the caller checks).
	 * 0, or -EINVAL with the text. */
	int (*parse)(struct frag_rule *r, struct frag_text *t);
	/* One of these. Each gives 0, -ENOMEM, or -E2BIG: too many frames. */

	/* Changes the queue, q->now. */
	int (*run)(const struct frag_rule *r, struct frag_queue *q);
	/* Appends to q->next what an IP frame of q->now becomes; others stay. */
	int (*each)(const struct frag_rule *r, struct frag_queue *q, struct cut *c);
};

extern const struct frag_directive frag_delay, frag_drop, frag_dup, frag_echo, frag_ip6_opt,
	frag_ip6_qos, frag_ip_chaff, frag_ip_frag, frag_ip_opt, frag_ip_tos, frag_ip_ttl,
	frag_order, frag_print, frag_tcp_chaff, frag_tcp_opt, frag_tcp_seg;

/* Reads the rules of a text: *ret_rules to be freed. */
int frag_rules_read(const struct weir_fragroute_opts *o, struct frag_rule **ret_rules,
		    unsigned *ret_n, struct weir_err *err);

/* For parse(): each takes the next word of the line. 0, or -EINVAL with the text. */

/* One of the n words: its place in *ret_kind. */
int frag_word(struct frag_text *t, const char *const *words, unsigned n, unsigned *ret_kind);
/* A number of base 10, or 16 if it begins with 0x. what it is stands in messages. */
int frag_number(struct frag_text *t, const char *what, uint32_t min, uint32_t max,
		uint32_t *ret_number);
/* All that is left: bytes as words of two hexadecimal digits, 1 to max of them. */
int frag_bytes(struct frag_text *t, struct frag_rule *r, uint32_t max);
/* All that is left: 1 to max IP addresses of the version. */
int frag_addresses(struct frag_text *t, struct frag_rule *r, unsigned version, uint32_t max);
/* Is nothing left? */
bool frag_at_end(struct frag_text *t);
/* Fails at the next word. */
int frag_bad(struct frag_text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* For run(): */

/* A number from 0 to n - 1, and bytes that can be printed. */
uint32_t frag_draw(struct frag_queue *q, uint32_t n);
void frag_draw_bytes(struct frag_queue *q, uint8_t *p, uint32_t n);

/* For each(): the frame stays. The same, and why that is. */
int frag_stay(struct frag_queue *q, const struct cut *c);
int frag_refuse(struct frag_queue *q, const struct cut *c, enum weir_edit_reason why);

/* Says why a directive did not do all that it should; told once for the whole frame. */
void frag_fail(struct frag_queue *q, enum weir_edit_reason why);

/* Looks at a frame of the queue: false if it is no IP that can be read. */
bool frag_look(struct weir_buf *b, struct cut *ret_cut);

/* Appends to q->next a copy of a frame with n zeros inserted at offset off (n may be 0),
 * and its IP length right. */
int frag_insert(struct frag_queue *q, const struct cut *c, uint32_t off, uint32_t n,
		struct weir_buf **ret_buf);

/* Computes the checksums of a frame of the queue whole. */
void frag_sum(struct weir_buf *b);
/* Of an IPv4 header that begins where c's does. */
void frag_sum_header(struct weir_buf *b, const struct cut *c);
/* All checksums of q->next from place from on, if the quirk asks for it. */
void frag_sum_quirk(const struct frag_queue *q, unsigned from);

/* frag-print.c: what the directive print says of a frame. */
void frag_describe(const struct weir_buf *b, char *ret_line, unsigned size);

#endif
