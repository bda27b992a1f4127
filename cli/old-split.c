/* SPDX-License-Identifier: BSD-2-Clause */
#include "old-split.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "old-text.h"
#include "util.h"

/* Quirk "rules". The letter of a rule and what should be a ':', but may be anything. */
#define RULE_HEAD 2u
/* The longest comment, as far as it is given and not the arguments. */
#define COMMENT_MAX 64511u

/* Quirk "frames". "N", "N-M" or "N-"; it is written unless it ends before it begins. */
static bool read_range(const char *text, FILE *to)
{
	bool open = false;
	unsigned long long first, last;
	char *end;

	if (!isdigit((unsigned char)*text))
		return false;
	first = last = strtoull(text, &end, 10);
	if (*end == '-') {
		open = !end[1];
		if (!open && !isdigit((unsigned char)end[1]))
			return false;
		last = open ? first : strtoull(end + 1, &end, 10);
	}
	if (*end && !open)
		return false;
	if (first > last)
		return true;
	fprintf(to, "%s%llu-", ftell(to) > 0 ? "," : "", first);
	if (!open)
		fprintf(to, "%llu", last);
	return true;
}

int old_numbers(const struct cmd_run *run, const char *rule, const char **numbers,
		struct weir_err *err)
{
	const char *at = *numbers, *bad = NULL;
	char token[OLD_TOKEN_MAX];
	struct old_made made;
	bool any = false;
	int r = old_begin(&made, err);

	if (r < 0)
		return r;
	while (!bad && old_token(&at, ",", token, sizeof(token))) {
		any = true;
		if (!read_range(token, made.to))
			bad = token;
	}
	if (!any)
		bad = "(null)";
	if (bad) {
		cmd_warn(run, "Unable to parse: %s", bad);
		r = err_text(err, -EINVAL, "Unable to parse include/exclude rule: %s", rule);
	} else if (ftell(made.to) == 0) {
		fputc('0', made.to); /* which no frame has */
	}
	return old_end(&made, run, r, numbers, err);
}

/* Networks joined by commas; none becomes NULL. */
static int read_nets(const struct cmd_run *run, const char **nets, struct weir_err *err)
{
	struct old_made made;
	int r = old_begin(&made, err);

	if (r < 0)
		return r;
	r = old_cidrs(*nets, made.to, err);
	return old_end(&made, run, r, nets, err);
}

/* The rule again, with another value. */
static int make_rule(const struct cmd_run *run, char letter, const char *value, const char **rule,
		     struct weir_err *err)
{
	struct old_made made;
	int r = old_begin(&made, err);

	if (r < 0)
		return r;
	fprintf(made.to, "%c:%s", letter, value);
	return old_end(&made, run, 0, rule, err);
}

int old_rule(const struct cmd_run *run, bool exclude, const char **rule, struct weir_err *err)
{
	const char *text = *rule, *value = text + RULE_HEAD;
	int r = 0;

	if (*text && !text[1])
		return err_text(err, -EINVAL, "Syntax error for option -%s", text);
	if (!*text || !strchr("SDBEPF", *text))
		return err_text(err, -EINVAL, "Invalid -%c option: %.1s", exclude ? 'X' : 'x',
				text);
	if (*text == 'F' && exclude)
		return err_text(err, -EINVAL,
				"\nUsing a BPF filter with -X doesn't work.\n"
				"Try using -xF:\"not <filter>\" instead");
	if (*text == 'F' && !*value) {
		*rule = NULL; /* such a filter takes everything */
		return 0;
	}
	if (*text == 'P')
		r = old_numbers(run, text, &value, err);
	else if (*text != 'F')
		r = read_nets(run, &value, err);
	if (r < 0)
		return r;
	if (!value)
		return err_text(err, -EINVAL, "Unable to parse include/exclude rule: %s", text);
	return make_rule(run, *text, value, rule, err);
}

static int check_regex(const char *text, struct weir_err *err)
{
	regex_t regex;
	char why[128];
	int r = regcomp(&regex, text, REG_EXTENDED | REG_NOSUB);

	if (!r) {
		regfree(&regex);
		return 0;
	}
	(void)regerror(r, &regex, why, sizeof(why));
	return err_text(err, -EINVAL, "Unable to compile regex: %s", why);
}

static int read_cidr(const struct cmd_run *run, const char **cidr, struct weir_err *err)
{
	const char *text = *cidr;
	int r = read_nets(run, cidr, err);

	return r < 0 || *cidr ? r : err_text(err, -EINVAL, "Unable to parse CIDR map: %s", text);
}

/* Any text is a list of MAC addresses, if only of one of zeros. */
static int read_macs(const struct cmd_run *run, const char **macs, struct weir_err *err)
{
	char mac[MAC_TEXT_SIZE];
	struct old_made made;
	int r = old_begin(&made, err);

	if (r < 0)
		return r;
	old_macs(*macs, UINT_MAX, made.to);
	if (ftell(made.to) == 0) {
		old_mac("", mac);
		old_add(made.to, mac);
	}
	return old_end(&made, run, 0, macs, err);
}

int old_split_modes(const struct cmd_run *run, struct split_cfg *cfg, struct weir_err *err)
{
	int r = 0;

	if (cfg->cidr)
		r = read_cidr(run, &cfg->cidr, err);
	if (r >= 0 && cfg->regex)
		r = check_regex(cfg->regex, err);
	if (r >= 0 && cfg->mac)
		r = read_macs(run, &cfg->mac, err);
	if (r >= 0 && cfg->include)
		r = old_rule(run, false, &cfg->include, err);
	if (r >= 0 && cfg->exclude)
		r = old_rule(run, true, &cfg->exclude, err);
	return r;
}

int old_comment(const char *comment, struct weir_err *err)
{
	if (strlen(comment) <= COMMENT_MAX)
		return 0;
	return err_text(err, -EINVAL, "Comment length %zu is longer then max allowed (%u)",
			strlen(comment), COMMENT_MAX);
}

/* Quirk "ratio". A number with anything behind it. */
static int read_ratio(const struct cmd_run *run, const char **ratio, struct weir_err *err)
{
	struct old_made made;
	char *end;
	double v = strtod(*ratio, &end);
	int r;

	if (end == *ratio)
		return err_text(err, -EINVAL, "\nRatio supplied is not a number.");
	if (v < 0)
		return err_text(err, -EINVAL, "\nRatio must be a non-negative number.");
	r = old_begin(&made, err);
	if (r < 0)
		return r;
	fprintf(made.to, "%.*s", (int)(end - *ratio), *ratio);
	return old_end(&made, run, 0, ratio, err);
}

int old_split_weights(const struct cmd_run *run, struct split_cfg *cfg, struct weir_err *err)
{
	if (cfg->mode && cfg->min_mask <= cfg->max_mask)
		return err_text(err, -EINVAL,
				"Min network mask len (%u) must be less then max network mask len "
				"(%u)",
				cfg->min_mask, cfg->max_mask);
	return cfg->ratio ? read_ratio(run, &cfg->ratio, err) : 0;
}

int old_filter_fault(const char *rule, int code, struct weir_err *err)
{
	const char *filter = rule && *rule == 'F' ? rule + RULE_HEAD : NULL;
	const char *why = filter ? strstr(weir_err_text(err), filter) : NULL;

	if (!why)
		return code;
	return err_text(err, code, "Error compiling BPF filter: %s",
			why + strlen(filter) + strlen("\": "));
}
