/* SPDX-License-Identifier: BSD-2-Clause */
#include "split-opts.h"

#include <errno.h>
#include <string.h>

#include "util.h"

static const char *const modes[] = { [WEIR_SPLIT_BRIDGE] = "bridge",
				     [WEIR_SPLIT_ROUTER] = "router",
				     [WEIR_SPLIT_CLIENT] = "client",
				     [WEIR_SPLIT_SERVER] = "server",
				     [WEIR_SPLIT_FIRST] = "first" };

/* The place of an automatic mode's name in the list, or -1. */
static int find_mode(const char *name)
{
	for (unsigned i = 0; i < ARRAY_SIZE(modes); i++) {
		if (strcmp(name, modes[i]) == 0)
			return (int)i;
	}
	return -1;
}

int split_mode_parse(const char *text, struct split_cfg *cfg, struct weir_err *err)
{
	const struct {
		const char *name;
		const char **field;
	} with_list[] = {
		{ "cidr=", &cfg->cidr },
		{ "regex=", &cfg->regex },
		{ "mac=", &cfg->mac },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(with_list); i++) {
		size_t n = strlen(with_list[i].name);

		if (strncmp(text, with_list[i].name, n) != 0)
			continue;
		*with_list[i].field = text + n;
		return 0;
	}
	cfg->port = strcmp(text, "port") == 0;
	if (cfg->port)
		return 0;
	if (find_mode(text) < 0)
		return err_text(err, -EINVAL,
				"'%s' is none of bridge, router, client, server, first, port, "
				"cidr=NET,..., regex=REGEX, mac=MAC,...",
				text);
	cfg->mode = text;
	return 0;
}

static int read_services(const char *path, char **ret_text, struct weir_err *err)
{
	int r = read_text(path, ret_text);

	if (r < 0)
		return err_text(err, r, "Unable to open service file: %s\n%s", path, strerror(-r));
	return 0;
}

static int read_mode(const struct split_cfg *c, struct weir_classify_opts *o, struct weir_err *err)
{
	int mode;

	o->what = c->cidr ? c->cidr : c->regex ? c->regex : c->mac;
	o->mode = c->cidr ? WEIR_SPLIT_CIDR : c->regex ? WEIR_SPLIT_REGEX : WEIR_SPLIT_MAC;
	if (c->port)
		o->mode = WEIR_SPLIT_PORT;
	if (o->what || c->port)
		return 0;
	if (!c->mode)
		return err_text(err, -EINVAL, "Must specify a processing mode: -a, -c, -r, -p");
	mode = find_mode(c->mode);
	if (mode < 0)
		return err_text(err, -EINVAL, "Invalid auto mode type: %s", c->mode);
	o->mode = (enum weir_split_mode)mode;
	return 0;
}

static int read_ratio(const struct split_cfg *c, struct weir_classify_opts *o, struct weir_err *err)
{
	char *end;

	if (!c->ratio)
		return 0;
	o->ratio = strtod(c->ratio, &end);
	if (end == c->ratio || *end || !(o->ratio >= 0))
		return err_text(err, -EINVAL, "Ratio must be a non-negative number.");
	if (o->ratio == 0)
		o->ratio = -1; /* 0 is the default */
	return 0;
}

int split_classifier(const struct split_cfg *c, bool old, struct weir_classifier **ret_c,
		     struct weir_err *err)
{
	struct weir_classify_opts o = {
		.reverse = c->reverse,
		.nonip = c->nonip,
		.min_mask = (uint8_t)c->min_mask,
		.max_mask = (uint8_t)c->max_mask,
		.include = c->include,
		.exclude = c->exclude,
		.quirks = old ? WEIR_SPLIT_QUIRKS_TCPPREP : 0,
	};
	CLEANUP(freep)
	char *services = NULL;
	int r = read_mode(c, &o, err);

	if (r >= 0)
		r = read_ratio(c, &o, err);
	if (r >= 0 && c->services)
		r = read_services(c->services, &services, err);
	if (r < 0)
		return r;
	o.services = services;
	o.services_size = services ? strlen(services) : 0;
	return weir_classifier_new(&o, ret_c, err);
}
