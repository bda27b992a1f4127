/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Layers: what may stand between the slashes. A layer is a table of fields in the
 * order in which they are sent, and rows that say what it asks of the layer below;
 * nothing about it is code. Names, defaults and quirks are those of Scapy 2.5.
 */
#ifndef GEN_LAYER_H
#define GEN_LAYER_H

#include <stdbool.h>
#include <stdint.h>

enum gen_field_kind {
	/* Numbers of .bits bits; they may be sets and change from frame to frame. */
	FIELD_UINT,
	FIELD_FLAGS, /* letters or names joined by '+': .flag_names */
	FIELD_MAC,
	FIELD_IP4,
	FIELD_IP6,
	/* Bytes: .size of them, or as many as there are. */
	FIELD_BYTES,
	/* Made of several things; only FIELD_CHAIN may be a set. */
	FIELD_OPTIONS, /* list of layers or bytes, filled up to .unit bytes */
	FIELD_CHAIN,   /* layer/layer/... */
	FIELD_IP4LIST,
	FIELD_IP6LIST,
	FIELD_TCPOPTS,
	FIELD_DHCPOPTS,
	FIELD_NAME,  /* of the DNS */
	FIELD_RDATA, /* what the DNS says; its form is told by the field "type" */
	FIELD_SWITCH /* takes no room: only steers others (autopad) */
};

/* How a field is computed that is not given. */
enum gen_auto {
	AUTO_NONE,
	AUTO_LEN,	  /* bytes from the layer's begin to the end of its payload, + .adj */
	AUTO_HEADER,	  /* (bytes of the layer alone + .adj) / .unit */
	AUTO_SIZE,	  /* bytes of the field .of, + .adj */
	AUTO_COUNT,	  /* items of the field .of, + .adj */
	AUTO_SUM,	  /* Internet checksum of the layer alone */
	AUTO_SUM_PAYLOAD, /* of the layer and its payload */
	AUTO_SUM_PSEUDO,  /* the same with a pseudo header of protocol .adj; 0 without IP */
	AUTO_CRC32C,	  /* of the layer and its payload */
};

/* Field flags. */
enum {
	GEN_MASK = 1U << 0,    /* values too large lose their high bits, without a word */
	GEN_NONZERO = 1U << 1, /* a checksum of 0 is sent as 0xffff */
	GEN_PPP = 1U << 2,     /* odd values below 256 take one byte */
	GEN_IFACE = 1U << 3,   /* the default is the sending interface's address */
	GEN_PAD = 1U << 4,     /* filled up to a multiple of .unit bytes */
};

/* Whether a field is there: by the value of another one of the layer. */
enum gen_test {
	TEST_NONE,
	TEST_IN,    /* value < 64 and its bit in .set is 1 */
	TEST_OUT,   /* not so */
	TEST_ANY,   /* value & .set */
	TEST_NO,    /* !(value & .set) */
	TEST_BELOW, /* the layer below is the one called .field */
};

struct gen_cond {
	enum gen_test test;
	const char *field;
	uint64_t set;
};

struct gen_name {
	const char *name; /* NULL ends the table */
	uint32_t num;
};

struct gen_field {
	const char *name; /* NULL ends the table */
	uint8_t kind, bits, flags, automatic;
	uint8_t unit;
	uint8_t shift; /* numbers are sent times 2^shift */
	int16_t adj;
	uint16_t size;
	uint64_t def;	  /* default of numbers */
	const char *text; /* default of addresses, bytes and chains, as one would write it */
	bool shape;	  /* the layout of the frame depends on the value */
	const char *of;
	const struct gen_name *names;
	const char *const *flag_names; /* the lowest bit first; NULL ends it */
	struct gen_cond when[3];       /* it is there if any holds; without any, always */
	struct gen_cond auto_when;     /* computed only then; otherwise .def */
};

/* A routing header: while its field "segleft" is not 0, the packet's last address is ... */
enum gen_route {
	ROUTE_NONE,
	ROUTE_FIRST, /* ... the first of "addresses" */
	ROUTE_LAST,
};

struct gen_layer {
	const char *name;
	const struct gen_field *fields;
	const char *like;   /* what it counts as for the layer above, after itself */
	uint8_t align_unit; /* as an option of IPv6: at unit * n + offset */
	uint8_t align_offset;
	uint8_t ip;	      /* 4 or 6: it has the addresses that checksums above it cover, */
	bool ip_ext;	      /* or stands between, */
	enum gen_route route; /* and may say that dst is elsewhere */
	bool raw;	      /* one argument without a keyword: bytes sent as they are */
	bool padding;	      /* stands behind the frame and counts in no length */
	uint32_t linktype;    /* LINKTYPE_ of frames that begin with it; 0: Ethernet is assumed */
};

/* upper on lower: this field of the lower one gets this default. */
struct gen_bind {
	const char *upper, *lower, *field;
	uint32_t num;
	const char *text;
};

#define GEN_MAX_FIELDS 24u

/* Exact names; NULL if there is none. */
const struct gen_layer *gen_layer_find(const char *name);

/* All layers, for help; NULL past the end. */
const struct gen_layer *gen_layer_nr(unsigned i);

/* The next of the rows for upper on lower, from *i on, which it advances; NULL at the
 * end. A row without a field only says that the two are known. */
const struct gen_bind *gen_bind_next(const struct gen_layer *upper, const char *lower, unsigned *i);

unsigned gen_field_count(const struct gen_layer *l);

/* -1: there is none. */
int gen_field_find(const struct gen_layer *l, const char *name);

/* Names of numbers. */
extern const struct gen_name gen_ether_types[], gen_ip_protos[], gen_ports[], gen_icmp_types[],
	gen_arp_ops[], gen_dns_types[], gen_dns_classes[], gen_dhcp_messages[];

/* Tables that several files share. */
extern const struct gen_layer gen_link_layers[], gen_ip_layers[], gen_icmp_layers[],
	gen_app_layers[];

/* Shorthand for rows of fields. */
#define U8(n, d, ...)                                                                              \
	{                                                                                          \
		.name = n, .bits = 8, .def = d, ##__VA_ARGS__                                      \
	}
#define U16(n, d, ...)                                                                             \
	{                                                                                          \
		.name = n, .bits = 16, .def = d, ##__VA_ARGS__                                     \
	}
#define U24(n, d, ...)                                                                             \
	{                                                                                          \
		.name = n, .bits = 24, .def = d, ##__VA_ARGS__                                     \
	}
#define U32(n, d, ...)                                                                             \
	{                                                                                          \
		.name = n, .bits = 32, .def = d, ##__VA_ARGS__                                     \
	}
#define BITS(n, b, d, ...)                                                                         \
	{                                                                                          \
		.name = n, .bits = b, .def = d, .flags = GEN_MASK, ##__VA_ARGS__                   \
	}
#define MAC(n, ...)                                                                                \
	{                                                                                          \
		.name = n, .kind = FIELD_MAC, .bits = 48, ##__VA_ARGS__                            \
	}
#define IP4(n, t)                                                                                  \
	{                                                                                          \
		.name = n, .kind = FIELD_IP4, .bits = 32, .text = t                                \
	}
#define IP6(n, t)                                                                                  \
	{                                                                                          \
		.name = n, .kind = FIELD_IP6, .bits = 128, .text = t                               \
	}
#define BYTES(n, ...)                                                                              \
	{                                                                                          \
		.name = n, .kind = FIELD_BYTES, ##__VA_ARGS__                                      \
	}
#define SUM16(n, a, ...)                                                                           \
	{                                                                                          \
		.name = n, .bits = 16, .automatic = a, ##__VA_ARGS__                               \
	}
#define END                                                                                        \
	{                                                                                          \
		.name = 0                                                                          \
	}

#endif
