/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * weir tap: captures inside the kernel that outlive whoever starts them. Its words are as
 * those of ip(8): "start dev eth0 mode drop", in any order.
 */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <string.h>

#include <weir/tap.h>

#include "commands.h"
#include "json-util.h"
#include "util.h"

struct tap_cfg {
	bool hold, json;
};

static const struct opt rows[] = {
	{ OPT(struct tap_cfg, hold), .name = "hold",
	  .help = "start, set: the word hold: drop also when nobody reads" },
	{ OPT(struct tap_cfg, json), .name = "json", .letter = 'j',
	  .help = "show: print one JSON object" },
	{ 0 },
};

enum verb {
	VERB_NONE,
	VERB_START,
	VERB_STOP,
	VERB_SET,
	VERB_SHOW,
};

static const char *const verbs[] = { "", "start", "stop", "set", "show" };
static const char *const modes[] = { "mirror", "drop" };
static const char *const directions[] = { "both", "in", "out" };
static const char *const engines[] = { "auto", "xdp", "tc", "clsact" };

#define ENGINE_CLSACT 3
static const char *const pairs[] = { "dev", "mode", "snaplen", "direction", "engine", "buffer" };
static const char *const states[] = { "runs", "elsewhere", "left over" };

/* What the words say. */
struct words {
	uint32_t verb; /* enum verb */
	struct weir_tap_opts opts;
	struct weir_tap_change change;
	bool for_start; /* some of them only a start heeds */
};

/* The place of a word in a list, or -1. */
static int place_of(const char *word, const char *const *list, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (strcmp(word, list[i]) == 0)
			return (int)i;
	return -1;
}

static int read_choice(const char *name, const char *word, const char *const *list, unsigned n,
		       unsigned *ret, struct weir_err *err)
{
	const int i = place_of(word, list, n);
	char all[64] = "";

	for (unsigned k = 0; i < 0 && k < n; k++)
		(void)snprintf(all + strlen(all), sizeof(all) - strlen(all), "%s%s",
			       k ? k + 1 == n ? " or " : ", " : "", list[k]);
	if (i < 0)
		return err_text(err, -EINVAL, "%s '%s' is not %s", name, word, all);
	*ret = (unsigned)i;
	return 0;
}

static int read_number(const char *name, const char *word, uint64_t max, uint64_t *ret,
		       struct weir_err *err)
{
	char *end = NULL;
	const unsigned long long n = *word >= '0' && *word <= '9' ? strtoull(word, &end, 10) : 0;

	if (!end || *end || n > max)
		return err_text(err, -EINVAL, "%s '%s' is not a number from 0 to %" PRIu64, name,
				word, max);
	*ret = n;
	return 0;
}

/* A word with a value behind it. 1: it is none. */
static int read_pair(struct words *w, const char *name, const char *value, struct weir_err *err)
{
	unsigned choice = 0;
	uint64_t number = 0;
	int r;

	if (strcmp(name, "dev") == 0) {
		w->opts.device = value;
		return 0;
	}
	if (strcmp(name, "mode") == 0) {
		r = read_choice(name, value, modes, ARRAY_SIZE(modes), &choice, err);
		w->opts.mode = w->change.mode = (enum weir_capture_mode)choice;
		w->change.set_mode = true;
		return r;
	}
	if (strcmp(name, "snaplen") == 0) {
		r = read_number(name, value, WEIR_FRAME_MAX, &number, err);
		w->opts.snaplen = w->change.snaplen = (uint32_t)number;
		w->change.set_snaplen = true;
		return r;
	}
	w->for_start = true;
	if (strcmp(name, "direction") == 0) {
		r = read_choice(name, value, directions, ARRAY_SIZE(directions), &choice, err);
		w->opts.direction = (enum weir_capture_direction)choice;
	} else if (strcmp(name, "engine") == 0) {
		r = read_choice(name, value, engines, ARRAY_SIZE(engines), &choice, err);
		w->opts.classic = choice == ENGINE_CLSACT;
		w->opts.engine =
			w->opts.classic ? WEIR_CAPTURE_TC : (enum weir_capture_engine)choice;
	} else {
		r = read_number(name, value, 16384, &number, err);
		w->opts.buffer_size = number << 20;
	}
	return r;
}

static void set_hold(struct words *w, bool hold)
{
	w->opts.hold = w->change.hold = hold;
	w->change.set_hold = true;
}

/* Words that stand alone; anything that is no word of ours names the interface. */
static int read_word(struct words *w, const char *word, struct weir_err *err)
{
	const int verb = place_of(word, verbs, ARRAY_SIZE(verbs));

	if (strcmp(word, "hold") == 0 || strcmp(word, "nohold") == 0) {
		set_hold(w, word[0] == 'h');
		return 0;
	}
	if (verb > 0 && !w->verb) {
		w->verb = (uint32_t)verb;
		return 0;
	}
	if (w->opts.device)
		return err_text(err, -EINVAL, "what does '%s' mean?", word);
	w->opts.device = word;
	return 0;
}

static bool is_keyword(const char *word)
{
	return place_of(word, pairs, ARRAY_SIZE(pairs)) >= 0 || strcmp(word, "filter") == 0 ||
	       strcmp(word, "hold") == 0 || strcmp(word, "nohold") == 0;
}

/* All words up to the next one of ours, as one text. How many they were. */
static unsigned read_filter(const struct cmd_run *run, unsigned first, struct words *w)
{
	unsigned end = first;
	size_t len = 1;
	char *text;

	for (; end < run->n_operands && !is_keyword(run->operands[end]); end++)
		len += strlen(run->operands[end]) + 1;
	text = xcalloc(len, 1);
	for (unsigned i = first; i < end; i++) {
		(void)strcat(text, run->operands[i]); /* has room, as below */
		if (i + 1 < end)
			(void)strcat(text, " ");
	}
	w->opts.filter = opt_keep(run->opts, text);
	w->for_start = true;
	return end - first;
}

static int read_words(const struct cmd_run *run, const struct tap_cfg *cfg, struct words *w,
		      struct weir_err *err)
{
	int r = 0;

	if (cfg->hold)
		set_hold(w, true);
	for (unsigned i = 0; r == 0 && i < run->n_operands; i++) {
		const char *word = run->operands[i];

		if (strcmp(word, "filter") == 0)
			i += read_filter(run, i + 1, w);
		else if (place_of(word, pairs, ARRAY_SIZE(pairs)) < 0)
			r = read_word(w, word, err);
		else if (i + 1 == run->n_operands)
			r = err_text(err, -EINVAL, "'%s' is the last word: of what?", word);
		else
			r = read_pair(w, word, run->operands[++i], err);
	}
	return r;
}

/* Do the words go together? */
static int check_words(const struct words *w, struct weir_err *err)
{
	const bool changes = w->change.set_mode || w->change.set_hold || w->change.set_snaplen;

	if (!w->verb)
		return err_text(err, -EINVAL, "start, stop, set or show is missing");
	if (!w->opts.device && w->verb != VERB_SHOW)
		return err_text(err, -EINVAL, "dev and the name of an interface are missing");
	if (w->for_start && w->verb != VERB_START)
		return err_text(err, -EINVAL,
				"filter, direction, engine and buffer can only be chosen by "
				"start");
	if (changes && (w->verb == VERB_STOP || w->verb == VERB_SHOW))
		return err_text(err, -EINVAL, "%s changes nothing: set does", verbs[w->verb]);
	if (!changes && w->verb == VERB_SET)
		return err_text(err, -EINVAL, "mode, snaplen, hold or nohold is missing");
	return 0;
}

static json_t *tap_object(const struct weir_tap_info *t)
{
	return json_pack(
		"{s:o, s:o, s:s, s:s, s:s, s:s, s:o, s:b, s:b, s:o, s:o, s:o, s:o, s:o, s:o, "
		"s:o, s:o, s:o, s:o}",
		"device", json_text(t->device), "path", json_text(t->path), "state",
		states[t->state], "engine", t->engine, "mode", modes[t->mode], "direction",
		directions[t->direction], "filter", json_text(t->filter), "hold", t->hold,
		"passes_on", t->passes_on, "snaplen", json_number(t->snaplen), "rings",
		json_number(t->n_rings), "ring_size", json_number(t->ring_size), "waiting_bytes",
		json_number(t->waiting_bytes), "reader",
		t->reader ? json_integer(t->reader) : json_null(), "age_ns", json_number(t->age_ns),
		"seen", json_number(t->stored + t->filtered + t->dropped), "stored",
		json_number(t->stored), "filtered", json_number(t->filtered), "dropped",
		json_number(t->dropped));
}

static void print_state(const struct weir_tap_info *t)
{
	switch (t->state) {
	case WEIR_TAP_RUNS:
		if (t->reader)
			printf("    read by process %d\n", t->reader);
		else
			printf("    nobody reads it%s\n",
			       t->passes_on ? ": frames are passed on" : "");
		break;
	case WEIR_TAP_ELSEWHERE:
		printf("    in another network namespace\n");
		break;
	case WEIR_TAP_LEFT_OVER:
		printf("    left over: its interface is gone ('weir tap stop dev %s' removes it)\n",
		       t->device);
		break;
	}
}

static void print_tap(const struct weir_tap_info *t)
{
	if (!t->n_rings) {
		printf("%s: %s\n", t->device, t->path);
		print_state(t);
		return;
	}
	printf("%s: %s, mode %s%s, direction %s, snaplen %" PRIu32 "\n", t->device, t->engine,
	       modes[t->mode], t->hold ? " hold" : "", directions[t->direction], t->snaplen);
	if (t->filter[0])
		printf("    filter %s\n", t->filter);
	printf("    %s, for %llu s\n", t->path, t->age_ns / NSEC_PER_SEC);
	printf("    %u rings of %" PRIu64 " MiB, %" PRIu64 " bytes to be read\n", t->n_rings,
	       t->ring_size >> 20, t->waiting_bytes);
	printf("    %" PRIu64 " seen: %" PRIu64 " stored, %" PRIu64 " filtered, %" PRIu64
	       " dropped\n",
	       t->stored + t->filtered + t->dropped, t->stored, t->filtered, t->dropped);
	print_state(t);
}

static int show(const struct words *w, bool json, struct weir_err *err)
{
	CLEANUP(freep)
	struct weir_tap_info *taps = NULL;
	json_t *list = json ? json_array() : NULL;
	const char *device = w->opts.device;
	unsigned n = 0, shown = 0;
	int r = weir_tap_list(&taps, &n, err);

	for (unsigned i = 0; r == 0 && i < n; i++) {
		if (device && strcmp(taps[i].device, device) != 0)
			continue;
		shown++;
		if (json)
			(void)json_array_append_new(list, tap_object(&taps[i])); /* NULL: below */
		else
			print_tap(&taps[i]);
	}
	if (r == 0 && device && !shown)
		r = err_text(err, -ENOENT, "there is no tap on '%s'", device);
	if (r < 0 || !json) {
		json_decref(list);
		return r;
	}
	return json_print(stdout, json_pack("{s:s, s:o}", "command", "tap", "taps", list));
}

static int act(const struct words *w, bool json, struct weir_err *err)
{
	switch ((enum verb)w->verb) {
	case VERB_START:
		return weir_tap_start(&w->opts, err);
	case VERB_STOP:
		return weir_tap_stop(w->opts.device, err);
	case VERB_SET:
		return weir_tap_set(w->opts.device, &w->change, err);
	case VERB_SHOW:
	case VERB_NONE:
		break;
	}
	return show(w, json, err);
}

static int run_tap(const struct cmd_run *run, const void *fields)
{
	const struct tap_cfg *cfg = fields;
	struct weir_err err = { 0 };
	struct words w = { 0 };
	int r = read_words(run, cfg, &w, &err);

	if (r == 0)
		r = check_words(&w, &err);
	if (r < 0)
		return cmd_usage(run, "%s", weir_err_text(&err));
	r = act(&w, cfg->json, &err);
	return r < 0 ? cmd_fail(run, "%s", weir_err_text(&err)) : 0;
}

const struct cmd cmd_tap = {
	.name = "tap",
	.summary = "captures inside the kernel that outlive whoever starts them",
	.operands = "start|stop|set|show [dev IF] [WORD ...]",
	.about = "  weir tap start dev IF [mode mirror|drop] [snaplen N] [direction both|in|out]\n"
		 "                        [engine auto|xdp|tc|clsact] [buffer MIB] [hold]\n"
		 "  weir tap set dev IF [mode mirror|drop] [snaplen N] [hold|nohold]\n"
		 "  weir tap stop dev IF\n"
		 "  weir tap show [dev IF] [--json]\n\n"
		 "weir capture -i tap:IF reads one, from where the last reader stopped.",
	.min_operands = 1,
	.opts = rows,
	.cfg_size = sizeof(struct tap_cfg),
	.run = run_tap,
};
