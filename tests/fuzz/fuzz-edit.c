/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The editor: options as in an option file, and frames that they are applied to.
 *
 *     |link type|flags|options, up to a 0|length|frame|length|frame|...
 *
 * Whatever the frame is, the editor stays within its room.
 */
#include <weir/edit.h>

#include <stdlib.h>
#include <string.h>

#include "edit-opts.h"
#include "fuzz.h"

struct fields {
	struct edit_cfg edit;
};

static const struct opt rows[] = {
	EDIT_ROWS(struct fields, edit),
	EDIT_ENDPOINTS_ROW(struct fields, edit, NULL),
	{ 0 },
};

enum {
	QUIRKS = 1U << 0,
	SERVER = 1U << 1,
	DROP = 1U << 2,
	NO_ROOM = 1U << 3,
	CUT = 1U << 4, /* the capture had cut the frames */
};

static const uint16_t linktypes[] = { 1,   1,	1,   101, 113, 276, 0,	 108, 104,
				      105, 127, 178, 50,  9,   228, 229, 147 };

static void edit_frame(struct weir_editor *e, uint16_t linktype, unsigned flags, uint64_t nr,
		       const uint8_t *data, uint32_t len)
{
	struct weir_stage stage = weir_editor_stage(e);
	uint32_t room = len + (flags & NO_ROOM ? 0 : 300);
	uint8_t *mem = malloc(room + 1u);
	struct weir_buf b = { .data = mem,
			      .len = len,
			      .room = room,
			      .orig_len = flags & CUT ? 2 * len : len,
			      .nr = nr,
			      .linktype = linktype,
			      .port = flags & SERVER ? 1 : 0 };

	if (!mem)
		return;
	memcpy(mem, data, len);
	(void)stage.run(stage.ctx, &b, 1); /* some quirks end the run: fine */
	FUZZ_CHECK(b.data == mem && b.room == room && b.len <= room);
	FUZZ_CHECK(b.port != WEIR_NO_PORT || b.len == 0);
	free(mem);
}

static void edit_frames(const struct weir_edit_opts *opts, uint16_t linktype, unsigned flags,
			const uint8_t *data, size_t size)
{
	struct weir_edit_counts counts;
	struct weir_editor *e = NULL;
	struct weir_err err = { 0 };
	uint64_t nr = 0;

	if (weir_editor_new(opts, &e, &err) < 0) {
		FUZZ_CHECK(err.text[0] && !e);
		return;
	}
	while (size > 1) {
		uint32_t len = data[0] < size - 1 ? data[0] : (uint32_t)(size - 1);

		edit_frame(e, linktype, flags, ++nr, data + 1, len);
		data += 1 + len;
		size -= 1 + len;
	}
	weir_editor_counts(e, &counts);
	FUZZ_CHECK(counts.frames <= nr && counts.dropped <= counts.frames);
	weir_editor_free(e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct cmd old = { .dialect = OPT_AUTOOPTS };
	static const struct cmd new = { .dialect = OPT_WEIR };
	struct fields fields = { 0 };
	const struct opt_table tables[] = { { rows, &fields }, { 0 } };
	struct cmd_run run = { 0 };
	struct weir_edit_opts opts;
	struct weir_err err = { 0 };
	struct opt_set set;
	const uint8_t *end;
	char *text;

	end = size > 2 ? memchr(data + 2, 0, size - 2) : NULL;
	if (!end)
		return 0;
	run.cmd = data[1] & QUIRKS ? &old : &new;
	run.opts = &set;
	text = strdup((const char *)data + 2);
	opt_init(&set, OPT_WEIR, "weir edit", "weir", tables);
	if (text && opt_load_text(&set, "input", text, "tcprewrite") >= 0) {
		if (edit_opts(&run, &fields.edit, &opts, &err) >= 0) {
			opts.drop_failed = data[1] & DROP;
			edit_frames(&opts,
				    linktypes[data[0] % (sizeof(linktypes) / sizeof(linktypes[0]))],
				    data[1], end + 1, size - (size_t)(end + 1 - data));
		} else {
			FUZZ_CHECK(err.text[0]);
		}
	}
	opt_done(&set);
	free(text);
	return 0;
}
