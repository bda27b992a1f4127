/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Makes the corpus of the fuzz targets for traces, small files of every kind, right and
 * wrong:
 *
 *	make-corpus tests/fuzz
 */
#include <stdio.h>

#include "trace/test-data.h"
#include "trace/test-pack.h"

struct out {
	const char *root;
	int failed;
};

static void save(struct out *o, const char *name, const struct blob *b)
{
	char path[4096];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%s", o->root, name); /* cut: not opened */
	f = fopen(path, "w");
	if (!f || fwrite(b->data, 1, b->size, f) != b->size)
		o->failed = 1;
	if (f && fclose(f))
		o->failed = 1;
}

static void make_pcap(struct out *o, const char *name, uint32_t magic, uint16_t minor, bool big)
{
	struct blob b = { .big_endian = big };
	const size_t extra = magic == 0xa1b2cd34 ? 8 : 0;

	blob_pcap(&b, magic, minor, 64, 1);
	blob_record(&b, 1, 2, 20, 20, extra, 1);
	blob_record(&b, 1, 3, 70, 90, extra, 2);
	blob_record(&b, 2, 0, 0, 0, extra, 3);
	save(o, name, &b);
	blob_done(&b);
}

/* The same with a 32-bit number changed. */
static void save_changed(struct out *o, const char *name, const struct blob *b, size_t at,
			 uint32_t v)
{
	struct blob copy = { .big_endian = b->big_endian };

	blob_put(&copy, b->data, b->size);
	blob_32_at(&copy, at, v);
	save(o, name, &copy);
	blob_done(&copy);
}

static void make_pcapng(struct out *o)
{
	struct blob b = { 0 };

	blob_everything(&b, NULL);
	save(o, "corpus-reader/everything-le.pcapng", &b);
	save_changed(o, "corpus-reader/short-block.pcapng", &b, 4, 8);
	save_changed(o, "corpus-reader/long-block.pcapng", &b, 28 + 4, 0xfffffffc);
	save_changed(o, "corpus-reader/bad-order.pcapng", &b, 8, 0);
	b.size -= 5;
	save(o, "corpus-reader/cut-off.pcapng", &b);
	blob_done(&b);

	b.big_endian = true;
	blob_everything(&b, NULL);
	save(o, "corpus-reader/everything-be.pcapng", &b);
	blob_done(&b);

	blob_section(&b);
	blob_iface(&b, 231, 0, 9, INT64_MIN);
	blob_epb(&b, 0, UINT64_MAX, 5, 6, 1);
	blob_epb(&b, 1, 0, 5, 6, 1);
	save(o, "corpus-reader/no-such-iface.pcapng", &b);
	blob_done(&b);
}

static void make_compressed(struct out *o, const char *name, const struct encoder *e,
			    unsigned members)
{
	struct blob plain = { 0 }, packed = { 0 };
	size_t begin = 0;

	blob_everything(&plain, NULL);
	for (unsigned i = 1; i <= members; i++) {
		const size_t end = plain.size * i / members;

		blob_pack(&packed, e, plain.data + begin, end - begin);
		begin = end;
	}
	save(o, name, &packed);
	blob_done(&plain);
	blob_done(&packed);
}

int main(int argc, char **argv)
{
	struct out o = { .root = argc > 1 ? argv[1] : "." };

	make_pcap(&o, "corpus-reader/us-le.pcap", 0xa1b2c3d4, 4, false);
	make_pcap(&o, "corpus-reader/us-be.pcap", 0xa1b2c3d4, 4, true);
	make_pcap(&o, "corpus-reader/ns-le.pcap", 0xa1b23c4d, 4, false);
	make_pcap(&o, "corpus-reader/kuznetzov-be.pcap", 0xa1b2cd34, 4, true);
	make_pcap(&o, "corpus-reader/version-2.3.pcap", 0xa1b2c3d4, 3, false);
	make_pcap(&o, "corpus-reader/version-2.2.pcap", 0xa1b2c3d4, 2, false);
	make_pcap(&o, "corpus-reader/version-2.9.pcap", 0xa1b2c3d4, 9, false);
	make_pcapng(&o);
	make_compressed(&o, "corpus-decompress/one.gz", &gzip_encoder, 1);
	make_compressed(&o, "corpus-decompress/two.gz", &gzip_encoder, 2);
	make_compressed(&o, "corpus-decompress/one.zst", &zstd_encoder, 1);
	make_compressed(&o, "corpus-decompress/two.zst", &zstd_encoder, 2);
	make_compressed(&o, "corpus-decompress/one.lz4", &lz4_encoder, 1);
	make_compressed(&o, "corpus-decompress/two.lz4", &lz4_encoder, 2);
	if (o.failed)
		(void)fprintf(stderr, "make-corpus: cannot write everything in %s\n", o.root);
	return o.failed;
}
