/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lists the frames of a trace: number, time, length. The smallest use of libweir.
 *
 *	cc list.c $(pkg-config --cflags --libs weir)
 */
#include <inttypes.h>
#include <stdio.h>

#include <weir/trace.h>

int main(int argc, char **argv)
{
	struct weir_err err = { 0 };
	struct weir_reader *reader;
	struct weir_record rec;
	int r;

	if (argc != 2) {
		fprintf(stderr, "usage: %s TRACE\n", argv[0]);
		return 2;
	}
	r = weir_reader_open(argv[1], &reader, &err);
	if (r < 0) {
		fprintf(stderr, "%s\n", weir_err_text(&err));
		return 1;
	}
	while ((r = weir_reader_next(reader, &rec, &err)) > 0)
		printf("%" PRIu64 " %" PRId64 ".%09" PRId64 " %" PRIu32 "\n", rec.nr,
		       rec.ts_ns / 1000000000, rec.ts_ns % 1000000000, rec.len);
	if (r < 0) /* what stands before the damage has been listed */
		fprintf(stderr, "%s\n", weir_err_text(&err));
	weir_reader_close(reader);
	return r < 0;
}
