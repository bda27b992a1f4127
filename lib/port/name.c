/* SPDX-License-Identifier: BSD-2-Clause */
#include "port/name.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

size_t port_name_scheme_len(const char *name)
{
	size_t len = strcspn(name, ":");

	return name[len] == ':' ? len : 0;
}

static int copy_part(char *to, size_t size, const char *from, size_t len, const char *what,
		     struct weir_err *err)
{
	if (len >= size)
		return err_set(err, -EINVAL, "%s of the port name is longer than %zu bytes", what,
			       size - 1);
	memcpy(to, from, len);
	to[len] = '\0';
	return 0;
}

/* A queue number at *p, which moves behind it. */
static int parse_queue(const char **p, unsigned *ret_queue)
{
	unsigned long v;
	char *end;

	if (**p < '0' || **p > '9')
		return -EINVAL;
	errno = 0;
	v = strtoul(*p, &end, 10);
	if (errno || v >= PORT_MAX_QUEUES)
		return -EINVAL;
	*p = end;
	*ret_queue = (unsigned)v;
	return 0;
}

static int parse_queues(const char *text, struct port_args *args, struct weir_err *err)
{
	const char *p = text;
	unsigned first, last;
	int r;

	r = parse_queue(&p, &first);
	last = first;
	if (r == 0 && *p == '-') {
		p++;
		r = parse_queue(&p, &last);
	}
	if (r < 0 || *p || last < first)
		return err_set(err, -EINVAL,
			       "'@%s' is not a queue (@2) or a range of queues (@0-3)", text);

	args->has_queues = true;
	args->first_queue = first;
	args->n_queues = last - first + 1;
	return 0;
}

static int check_options(const char *options, struct weir_err *err)
{
	const char *p = options;

	for (;;) {
		size_t len = strcspn(p, ",");

		if (!len || *p == '=')
			return err_set(err, -EINVAL, "an option without a name in '%s'", options);
		if (!p[len])
			return 0;
		p += len + 1;
	}
}

int port_name_args(const char *rest, bool raw, struct port_args *ret_args, struct weir_err *err)
{
	struct port_args args = { 0 };
	size_t len = raw ? strlen(rest) : strcspn(rest, ",@");
	int r;

	r = copy_part(args.target, sizeof(args.target), rest, len, "the target", err);
	if (r < 0)
		return r;
	rest += len;

	if (*rest == ',') {
		rest++;
		len = strcspn(rest, "@");
		r = copy_part(args.options, sizeof(args.options), rest, len, "the options", err);
		if (r == 0)
			r = check_options(args.options, err);
		if (r < 0)
			return r;
		rest += len;
	}

	if (*rest == '@') {
		r = parse_queues(rest + 1, &args, err);
		if (r < 0)
			return r;
	}

	*ret_args = args;
	return 0;
}

static bool is_word_of(const char *word, size_t len, const char *words)
{
	while (words && *words) {
		size_t n = strcspn(words, " ");

		if (n == len && !memcmp(word, words, len))
			return true;
		words += n;
		words += strspn(words, " ");
	}
	return false;
}

size_t port_name_unknown_option(const struct port_args *args, const char *known,
				const char **ret_option)
{
	const char *p = args->options;

	while (*p) {
		size_t len = strcspn(p, ",=");

		if (!is_word_of(p, len, known)) {
			*ret_option = p;
			return len;
		}
		p += strcspn(p, ",");
		if (*p)
			p++;
	}
	return 0;
}

bool port_option(const struct port_args *args, const char *name, const char **ret_value)
{
	size_t n = strlen(name);
	const char *p = args->options;

	while (*p) {
		size_t len = strcspn(p, ",=");

		if (len == n && !memcmp(p, name, n)) {
			if (ret_value)
				*ret_value = p[len] == '=' ? p + len + 1 : NULL;
			return true;
		}
		p += strcspn(p, ",");
		if (*p)
			p++;
	}
	return false;
}

int port_option_number(const struct port_args *args, const char *name, uint64_t min, uint64_t max,
		       uint64_t *value, struct weir_err *err)
{
	const char *text;
	unsigned long long v;
	char *end;

	if (!port_option(args, name, &text))
		return 0;
	if (!text || *text < '0' || *text > '9')
		return err_set(err, -EINVAL, "option '%s' needs a number: %s=N", name, name);

	errno = 0;
	v = strtoull(text, &end, 10);
	if (errno || (*end && *end != ',') || v < min || v > max)
		return err_set(err, -EINVAL, "'%s=%.*s': not a number from %llu to %llu", name,
			       (int)strcspn(text, ","), text, (unsigned long long)min,
			       (unsigned long long)max);
	*value = v;
	return 0;
}
