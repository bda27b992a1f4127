/* SPDX-License-Identifier: BSD-2-Clause */
/* Rules for which frames are sent: "S:10.0.0.0/8", "P:1-5", "F:tcp port 80". */
#ifndef SPLIT_RULES_H
#define SPLIT_RULES_H

#include <stdbool.h>
#include <stdint.h>

#include <weir/err.h>
#include <weir/trace.h>

#include "pkt/parse.h"

struct rule;

/* Reads a rule; option is "include" or "exclude", for messages. To be freed with
 * rule_free(). -EINVAL: the text names the place. */
int rule_new(const char *option, const char *text, struct rule **ret_rule, struct weir_err *err);

/* A rule that is the capture filter text, of the option of that name: what does not match is
 * left out. As rule_new(); whether the filter is right shows when it is prepared. */
int rule_new_filter(const char *option, const char *text, struct rule **ret_rule,
		    struct weir_err *err);

/* Makes it ready for frames of a link type, which otherwise happens at the first of them.
 * -EINVAL: the filter is wrong, or cannot be used on this link type. */
int rule_prepare(struct rule *r, uint32_t linktype, struct weir_err *err);

/* Is the frame left out? l is what its walk found: rules about addresses leave what is not
 * IP. Negative: the filter cannot be used on this link type. */
int rule_leaves_out(struct rule *r, const struct weir_record *rec, const struct pkt_layers *l,
		    struct weir_err *err);

/* Kinds that tcpprep treats apart. */
bool rule_is_address(const struct rule *r);
bool rule_is_number(const struct rule *r);
bool rule_is_filter(const struct rule *r);

/* NULL is allowed. Returns NULL. */
struct rule *rule_free(struct rule *r);

#endif
