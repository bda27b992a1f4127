/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Generators: frames from templates, at memory speed.
 *
 * A template is an expression of layers, as in Scapy 2.5:
 *
 *     Ether()/IP(dst="10.0.0.0/24")/TCP(dport=(1,1024), flags="S")/"payload"
 *
 * It is compiled once, into the bytes of a frame and a list of what changes in it;
 * making a frame parses and allocates nothing. weir-gen(1) has the language.
 *
 * A frame is a pure function of its number: any number of threads may make disjoint
 * shares of one run from one generator, and random fields come out the same.
 */
#ifndef WEIR_GEN_H
#define WEIR_GEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <weir/err.h>
#include <weir/frame.h>
#include <weir/recipe.h>
#include <weir/stream.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Frame check sequence: what an Ethernet frame on the wire has behind the bytes that
 * software sees. */
#define WEIR_FCS_LEN 4u

struct weir_gen_opts {
	const char *text; /* templates: one, or several on lines of their own; names
			   * may be given to parts (X = IP()/UDP()) */
	size_t len;	  /* bytes of it; it is not needed any more after the call */
	const char *name; /* of the file it comes from, for messages; NULL: none */
	/*
	 * Length of frames without one in their template: "64"; "64-1500", drawn
	 * uniformly; "64:7,594:4,1518:1", in these proportions, evenly mixed; "IMIX",
	 * which is just that. Zeros are added to the payload. NULL: as they are.
	 */
	const char *size;
	bool no_fcs;	    /* sizes do not count the frame check sequence */
	bool stamp;	    /* the last bytes of each frame are a stamp (see stamp.h) */
	bool random_order;  /* each pass is shuffled */
	uint64_t seed;	    /* of all that is random */
	const uint8_t *mac; /* 6 bytes, the default of Ether.src and ARP.hwsrc; NULL: zeros */
};

struct weir_gen_info {
	uint64_t n_frames;    /* of one pass: every member of every set once */
	bool repeats;	      /* every pass is the same; otherwise something is random,
			       * counts or is stamped */
	uint32_t max_len;     /* of the longest frame */
	uint32_t linktype;    /* LINKTYPE_ number that the first layer calls for */
	unsigned n_templates; /* lists count for each of their packets */
	/* Frames a second of all templates that tell a rate, 0 if none does. Proportions
	 * between them are in the order of frames already. */
	uint64_t rate_fps;
};

struct weir_gen;

/*
 * Compiles templates. ret_gen is the caller's, to be freed with weir_gen_free().
 * -EINVAL: the text is wrong; err says "[name: ][line L, ]column C: what".
 * -ENOMEM: the layouts of the frames take too much memory.
 */
int weir_gen_new(const struct weir_gen_opts *opts, struct weir_gen **ret_gen, struct weir_err *err);

/* The same with the text of a file; opts->text, len and name are not used. "-" is
 * standard input. */
int weir_gen_new_file(const char *path, const struct weir_gen_opts *opts, struct weir_gen **ret_gen,
		      struct weir_err *err);

void weir_gen_info(const struct weir_gen *g, struct weir_gen_info *ret_info);

/* Lengths of the n frames from number first on, from 0. After a pass comes the next. */
void weir_gen_lens(const struct weir_gen *g, uint64_t first, unsigned n, uint32_t *ret_lens);

/*
 * Makes the n frames from number first on. Frame i is written to pkts[i].data, where
 * there is room for its length, and its length to .len and .orig_len; .ts_ns is left
 * alone. Any thread, any order of calls.
 */
void weir_gen_frames(const struct weir_gen *g, uint64_t first, struct weir_pkt *pkts, unsigned n);

/* What a stream needs to send frames of g, which is lent to it (stream.h). */
void weir_gen_maker(struct weir_gen *g, struct weir_maker *ret_maker);

/*
 * How frames of g are made, for somebody else to make them (recipe.h). What it points to is
 * lent while g lives. -ENOTSUP: they are not that simple; err says why, of "the frames".
 */
int weir_gen_recipe(const struct weir_gen *g, struct weir_recipe *ret_recipe, struct weir_err *err);

/* As weir_gen_maker(), for whoever makes them: of g's frames, which have a recipe of at least
 * 8 bytes, nothing is there but their numbers; see weir_port_opts.recipe. */
void weir_gen_numberer(struct weir_gen *g, struct weir_maker *ret_maker);

/* NULL is allowed. Returns NULL. */
struct weir_gen *weir_gen_free(struct weir_gen *g);

/* Names of layers and of the fields of one, for help: NULL past the end. Static. */
const char *weir_gen_layer_name(unsigned i);
const char *weir_gen_field_name(unsigned layer, unsigned field);

#ifdef __cplusplus
}
#endif
#endif
