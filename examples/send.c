/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sends a trace to a port at a rate: what "weir replay" is made of.
 *
 *	cc send.c $(pkg-config --cflags --libs weir)
 *	./a.out web.pcap null: 100	Mbit/s
 */
#include <inttypes.h>
#include <stdio.h>

#include <weir/send.h>

/* Runs the sender to its end and tells what was sent. */
static int run(struct weir_sender *sender, struct weir_err *err)
{
	struct weir_send_stats stats;
	int r = weir_sender_start(sender, err);

	if (r < 0)
		return r;
	r = weir_sender_join(sender, err);
	weir_sender_stats(sender, &stats);
	printf("%" PRIu64 " frames, %" PRIu64 " bytes in %.3f s, %" PRIu64 " refused\n",
	       stats.frames, stats.bytes, (double)stats.elapsed_ns / 1e9, stats.refused);
	return r;
}

static int send_trace(const char *trace, const char *port_name, const char *mbps,
		      struct weir_err *err)
{
	const struct weir_stream_opts stream_opts = {
		.files = &trace,
		.n_files = 1,
		.loops = 1,
		.n_cursors = 1,
	};
	struct weir_port_opts port_opts = { .dir = WEIR_PORT_TX };
	struct weir_send_opts send_opts = { .n_ports = 1, .rate = { .mode = WEIR_RATE_BITS } };
	struct weir_stream_info info;
	struct weir_sender *sender = NULL;
	int r;

	r = weir_rate_parse(mbps, 1000000, &send_opts.rate.num, &send_opts.rate.den);
	if (r < 0) {
		snprintf(err->text, sizeof(err->text), "'%s' is not a rate", mbps);
		return r;
	}
	r = weir_stream_open(&stream_opts, &send_opts.stream, err);
	if (r < 0)
		return r;
	/* Frames that lie in the stream's region need no copy on their way. */
	weir_stream_info(send_opts.stream, &info);
	port_opts.region = weir_stream_region(send_opts.stream);
	port_opts.linktype = info.linktype;
	r = weir_port_open(port_name, &port_opts, &send_opts.ports[0], err);
	if (r >= 0)
		r = weir_sender_new(&send_opts, &sender, err);
	if (r >= 0)
		r = run(sender, err);

	weir_sender_free(sender);
	weir_port_close(send_opts.ports[0]);
	weir_stream_close(send_opts.stream);
	return r;
}

int main(int argc, char **argv)
{
	struct weir_err err = { 0 };

	if (argc != 4) {
		fprintf(stderr, "usage: %s TRACE PORT MBPS\n", argv[0]);
		return 2;
	}
	if (send_trace(argv[1], argv[2], argv[3], &err) < 0) {
		fprintf(stderr, "%s\n", weir_err_text(&err));
		return 1;
	}
	return 0;
}
