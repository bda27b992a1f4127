/* SPDX-License-Identifier: BSD-2-Clause */
/* Option files of weir replay, and the lists of frames in them. */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "opt.h"
#include "replay.h"

static void check_numbers(const char *list)
{
	struct weir_numset *s = NULL;
	struct weir_err err = { 0 };

	if (!list)
		return;
	if (weir_numset_parse(list, &s, &err) < 0)
		FUZZ_CHECK(err.text[0] && !s);
	else
		(void)weir_numset_has(s, 7);
	weir_numset_free(s);
}

static void check_rate(const struct replay_cfg *cfg)
{
	struct weir_rate rate;
	struct weir_err err = { 0 };

	if (replay_rate(cfg, false, &rate, &err) < 0)
		FUZZ_CHECK(err.text[0]);
	else
		FUZZ_CHECK(rate.mode == WEIR_RATE_TOPSPEED || (rate.num && rate.den));
}

static void load(enum opt_dialect dialect, const uint8_t *data, size_t size)
{
	struct replay_cfg cfg = replay_defaults;
	const struct opt_table tables[] = { { replay_rows, &cfg }, { 0 } };
	char *text = calloc(1, size + 1);
	struct opt_set set;

	if (!text)
		return;
	memcpy(text, data, size);
	opt_init(&set, dialect, "weir replay", "weir", tables);
	if (opt_load_text(&set, "input", text, "tcpreplay") < 0 || opt_check(&set) < 0)
		FUZZ_CHECK(set.error[0]);
	check_numbers(cfg.include);
	check_numbers(cfg.exclude);
	check_rate(&cfg);
	opt_done(&set);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	load(OPT_WEIR, data, size);
	load(OPT_AUTOOPTS, data, size);
	return 0;
}
