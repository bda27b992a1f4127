/* SPDX-License-Identifier: BSD-2-Clause */
#include "capture.h"

#include <inttypes.h>

#include <weir/trace.h>

#include "json-util.h"
#include "util.h"

void capture_sum(const struct weir_capture *c, unsigned n_ports,
		 struct weir_capture_figures *ret_sum)
{
	struct weir_capture_figures sum = { 0 }, f;

	for (unsigned i = 0; i < n_ports; i++) {
		weir_capture_figures(c, i, &f);
		sum.received += f.received;
		sum.kept += f.kept;
		sum.filtered += f.filtered;
		sum.kernel_dropped += f.kernel_dropped;
		sum.ring_dropped += f.ring_dropped;
		sum.writer_dropped += f.writer_dropped;
		sum.late += f.late;
		sum.kept_bytes += f.kept_bytes;
		sum.hw_stamped += f.hw_stamped;
		sum.hw_missing += f.hw_missing;
	}
	*ret_sum = sum;
}

static void print_figures(FILE *to, const struct weir_capture_figures *f)
{
	fprintf(to,
		"%" PRIu64 " received, %" PRIu64 " kept (%" PRIu64 " bytes), %" PRIu64
		" filtered, %" PRIu64 " late\n",
		f->received, f->kept, f->kept_bytes, f->filtered, f->late);
	fprintf(to,
		"\tlost %" PRIu64 ": %" PRIu64 " by the kernel, %" PRIu64 " by the ring, %" PRIu64
		" by the writer\n",
		capture_lost(f), f->kernel_dropped, f->ring_dropped, f->writer_dropped);
}

void capture_print_text(FILE *to, const struct weir_capture *c, unsigned n_ports,
			uint64_t elapsed_ns)
{
	struct weir_capture_figures f;

	for (unsigned i = 0; i < n_ports; i++) {
		const struct weir_capture_port *p = weir_capture_port(c, i);

		weir_capture_figures(c, i, &f);
		fprintf(to, "%s (%s): ", p->name, p->engine);
		print_figures(to, &f);
		if (p->clock)
			fprintf(to,
				"\t%" PRIu64 " have times of %s, %" PRIu64
				" came without one and have the system's\n",
				f.hw_stamped, p->clock, f.hw_missing);
	}
	if (n_ports > 1) {
		capture_sum(c, n_ports, &f);
		fprintf(to, "All: ");
		print_figures(to, &f);
	}
	fprintf(to, "Captured for %.2f seconds\n", (double)elapsed_ns / NSEC_PER_SEC);
}

static json_t *figures_object(const struct weir_capture_figures *f)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:{s:o, s:o, s:o, s:o}}",
			 "hw_stamped", json_number(f->hw_stamped), "hw_missing",
			 json_number(f->hw_missing), "received", json_number(f->received), "kept",
			 json_number(f->kept), "kept_bytes", json_number(f->kept_bytes), "filtered",
			 json_number(f->filtered), "late", json_number(f->late), "lost", "total",
			 json_number(capture_lost(f)), "kernel", json_number(f->kernel_dropped),
			 "ring", json_number(f->ring_dropped), "writer",
			 json_number(f->writer_dropped));
}

static json_t *port_object(const struct weir_capture *c, unsigned i)
{
	const struct weir_capture_port *p = weir_capture_port(c, i);
	struct weir_capture_figures f;
	json_t *o;

	weir_capture_figures(c, i, &f);
	o = figures_object(&f);
	(void)json_object_set_new(o, "port", json_text(p->name)); /* or it is missing, as below */
	(void)json_object_set_new(o, "device", json_text(p->device));
	(void)json_object_set_new(o, "engine", json_string(p->engine));
	(void)json_object_set_new(o, "link_type", json_number(p->linktype));
	(void)json_object_set_new(o, "queues", json_number(p->n_queues));
	(void)json_object_set_new(o, "clock", p->clock ? json_string(p->clock) : json_null());
	return o;
}

int capture_print_json(FILE *to, const struct weir_capture *c, unsigned n_ports,
		       uint64_t elapsed_ns)
{
	json_t *ports = json_array(), *o;
	struct weir_capture_figures sum;

	for (unsigned i = 0; i < n_ports; i++)
		(void)json_array_append_new(ports, port_object(c, i));
	capture_sum(c, n_ports, &sum);
	o = figures_object(&sum);
	(void)json_object_set_new(o, "command", json_string("capture"));
	(void)json_object_set_new(o, "files", json_number(weir_capture_files(c)));
	(void)json_object_set_new(o, "elapsed_ns", json_number(elapsed_ns));
	(void)json_object_set_new(o, "ports", ports);
	return json_print(to, o);
}
