/* SPDX-License-Identifier: BSD-2-Clause */
/* Fields that are made of several things: options, lists of addresses, the DNS. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/macros.h"
#include "gen/build.h"

static int append_num(struct gen_build *b, uint32_t at, uint64_t v, unsigned bytes)
{
	uint8_t be[8];

	be64_put(be, v);
	return gen_append(b, at, be + 8 - bytes, bytes);
}

/* One number of so many bytes. */
static int append_num_node(struct gen_build *b, const struct gen_node *n, unsigned bytes)
{
	if (n->kind != GEN_NUM || n->negative || (bytes < 8 && n->num >> (bytes * 8)))
		return gen_fail(b->src, n->at, "a number of %u bytes expected", bytes);
	return append_num(b, n->at, n->num, bytes);
}

static int append_address(struct gen_build *b, const struct gen_node *n, bool ipv6)
{
	const char *text = (const char *)n->bytes;
	gen_u128 v;

	if (n->kind != GEN_BYTES || !(ipv6 ? gen_ip6_parse(text, &v) : gen_ip4_parse(text, &v)))
		return gen_fail(b->src, n->at, "an %s address expected", ipv6 ? "IPv6" : "IPv4");
	if (!ipv6)
		return append_num(b, n->at, (uint64_t)v, 4);
	return append_num(b, n->at, (uint64_t)(v >> 64), 8) < 0
		       ? -EINVAL
		       : append_num(b, n->at, (uint64_t)v, 8);
}

/* ---- layers as options ------------------------------------------------------------- */

/* Padding of IPv6 options (RFC 8200, 4.2): nothing, Pad1, or PadN. */
static int append_pad(struct gen_build *b, uint32_t at, uint32_t n)
{
	static const uint8_t pad1[1] = { 0 };
	uint8_t padn[2] = { 1, (uint8_t)(n - 2) };
	int r;

	if (n < 2)
		return n ? gen_append(b, at, pad1, 1) : 0;
	r = gen_append(b, at, padn, 2);
	return r < 0 ? r : gen_append(b, at, NULL, n - 2);
}

static int append_options(struct gen_build *b, const struct gen_inst *inst, unsigned i,
			  uint32_t begin)
{
	const struct gen_field *f = &inst->def->fields[i];
	const struct gen_val *v = inst->vals[i];
	int pad = gen_field_find(inst->def, "autopad"), r = 0;
	bool align = pad >= 0 && gen_field_num(b, inst, (unsigned)pad);

	for (uint32_t j = 0; v->kind == VAL_OPTIONS && j < v->n; j++) {
		const struct gen_layer *l = v->chains[j]->def;
		uint32_t unit = l->align_unit ? l->align_unit : 1;
		uint32_t off = b->bit / 8 - begin;

		if (align)
			r = append_pad(b, v->at, (unit + l->align_offset - off % unit) % unit);
		if (r >= 0)
			r = gen_append_layer(b, v->chains[j]);
		if (r < 0)
			return r;
	}
	return align ? append_pad(b, v->at, (f->unit - (b->bit / 8 - begin) % f->unit) % f->unit)
		     : 0;
}

static int append_addresses(struct gen_build *b, const struct gen_inst *inst, unsigned i)
{
	const struct gen_field *f = &inst->def->fields[i];
	const struct gen_val *v = inst->vals[i];
	const struct gen_node fallback = { .kind = GEN_BYTES,
					   .at = v->at,
					   .bytes = (const uint8_t *)f->text };
	bool ipv6 = f->kind == FIELD_IP6LIST;
	int r = 0;

	if (v->kind != VAL_NODE)
		return f->text ? append_address(b, &fallback, ipv6) : 0;
	if (v->node->kind != GEN_LIST)
		return append_address(b, v->node, ipv6);
	for (uint32_t j = 0; j < v->node->n_kids && r >= 0; j++)
		r = append_address(b, v->node->kids[j], ipv6);
	return r;
}

uint32_t gen_count_items(const struct gen_build *b, const struct gen_inst *inst, unsigned i)
{
	const struct gen_field *f = &inst->def->fields[i];
	const struct gen_val *v = inst->vals[i];
	const struct gen_inst *chain;
	uint32_t n = 0;

	if (v->kind == VAL_UNSET)
		return f->text ? 1 : 0;
	if (v->kind == VAL_NODE)
		return v->node->kind == GEN_LIST ? v->node->n_kids : 1;
	for (chain = gen_chain_of(b, v); chain; chain = chain->above)
		n++;
	return n;
}

/* ---- TCP ------------------------------------------------------------------------------ */

/* item: bytes of the numbers that a value is made of; 0: it is bytes. */
static const struct tcp_option {
	const char *name;
	uint8_t kind, item;
	bool alone; /* no length, no value */
} tcp_options[] = {
	{ "EOL", 0, 0, true },	      { "NOP", 1, 0, true },	 { "MSS", 2, 2, false },
	{ "WScale", 3, 1, false },    { "SAckOK", 4, 0, false }, { "SAck", 5, 4, false },
	{ "Timestamp", 8, 4, false }, { "UTO", 28, 2, false },
};

static const struct tcp_option *find_tcp_option(const struct gen_node *n)
{
	for (unsigned i = 0; i < ARRAY_SIZE(tcp_options); i++) {
		const struct tcp_option *o = &tcp_options[i];

		if (n->kind == GEN_BYTES ? !strcmp(o->name, (const char *)n->bytes)
					 : n->num == o->kind)
			return o;
	}
	return NULL;
}

static int append_tcp_value(struct gen_build *b, const struct tcp_option *o,
			    const struct gen_node *n)
{
	int r = 0;

	if (n->kind == GEN_BYTES)
		return gen_append(b, n->at, n->bytes, n->len);
	if (n->kind == GEN_NONE)
		return 0;
	if (!o || !o->item)
		return gen_fail(b->src, n->at, "bytes expected: b\"...\"");
	if (n->kind == GEN_NUM)
		return append_num_node(b, n, o->item);
	if (n->kind != GEN_TUPLE)
		return gen_fail(b->src, n->at, "a number or (number, number, ...) expected");
	for (uint32_t i = 0; i < n->n_kids && r >= 0; i++)
		r = append_num_node(b, n->kids[i], o->item);
	return r;
}

/* ("MSS", 1460) or (254, b"...") */
static int append_tcp_option(struct gen_build *b, const struct gen_node *n)
{
	const struct gen_node *kind = n->n_kids ? n->kids[0] : n;
	const struct tcp_option *o;
	uint8_t head[2];
	uint32_t at;
	int r;

	if (n->kind != GEN_TUPLE || n->n_kids != 2 ||
	    (kind->kind != GEN_BYTES && kind->kind != GEN_NUM))
		return gen_fail(b->src, n->at, "an option is (\"name\" or number, value)");
	o = find_tcp_option(kind);
	if (!o && (kind->kind == GEN_BYTES || kind->num > 255 || kind->negative))
		return gen_fail(b->src, kind->at, "no such TCP option");
	head[0] = o ? o->kind : (uint8_t)kind->num;
	if (o && o->alone)
		return gen_append(b, n->at, head, 1);
	at = b->bit / 8;
	r = gen_append(b, n->at, head, 2);
	if (r >= 0)
		r = append_tcp_value(b, o, n->kids[1]);
	if (r < 0)
		return r;
	b->mem[at + 1] = (uint8_t)(b->bit / 8 - at);
	return 0;
}

static int append_tcp_options(struct gen_build *b, const struct gen_val *v)
{
	int r = 0;

	if (v->kind != VAL_NODE)
		return 0;
	if (v->node->kind != GEN_LIST)
		return gen_fail(b->src, v->at, "options are a list: [(\"MSS\", 1460), ...]");
	for (uint32_t i = 0; i < v->node->n_kids && r >= 0; i++)
		r = append_tcp_option(b, v->node->kids[i]);
	return r;
}

/* ---- DHCP ------------------------------------------------------------------------------ */

enum dhcp_form {
	DHCP_BYTES,
	DHCP_IP4,
	DHCP_NUM,
	DHCP_LIST,
	DHCP_ALONE
};

static const struct dhcp_option {
	const char *name;
	uint8_t code, form, size;
} dhcp_options[] = {
	{ "pad", 0, DHCP_ALONE },
	{ "subnet_mask", 1, DHCP_IP4 },
	{ "time_zone", 2, DHCP_NUM, 4 },
	{ "router", 3, DHCP_IP4 },
	{ "time_server", 4, DHCP_IP4 },
	{ "name_server", 6, DHCP_IP4 },
	{ "log_server", 7, DHCP_IP4 },
	{ "hostname", 12, DHCP_BYTES },
	{ "boot-size", 13, DHCP_NUM, 2 },
	{ "domain", 15, DHCP_BYTES },
	{ "root_disk_path", 17, DHCP_BYTES },
	{ "max_dgram_reass_size", 22, DHCP_NUM, 2 },
	{ "default_ttl", 23, DHCP_NUM, 1 },
	{ "interface-mtu", 26, DHCP_NUM, 2 },
	{ "broadcast_address", 28, DHCP_IP4 },
	{ "static-routes", 33, DHCP_IP4 },
	{ "arp_cache_timeout", 35, DHCP_NUM, 4 },
	{ "tcp_ttl", 37, DHCP_NUM, 1 },
	{ "NIS_domain", 40, DHCP_BYTES },
	{ "NIS_server", 41, DHCP_IP4 },
	{ "NTP_server", 42, DHCP_IP4 },
	{ "vendor_specific", 43, DHCP_BYTES },
	{ "NetBIOS_server", 44, DHCP_IP4 },
	{ "NetBIOS_node_type", 46, DHCP_NUM, 1 },
	{ "requested_addr", 50, DHCP_IP4 },
	{ "lease_time", 51, DHCP_NUM, 4 },
	{ "dhcp-option-overload", 52, DHCP_NUM, 1 },
	{ "message-type", 53, DHCP_NUM, 1 },
	{ "server_id", 54, DHCP_IP4 },
	{ "param_req_list", 55, DHCP_LIST },
	{ "error_message", 56, DHCP_BYTES },
	{ "max_dhcp_size", 57, DHCP_NUM, 2 },
	{ "renewal_time", 58, DHCP_NUM, 4 },
	{ "rebinding_time", 59, DHCP_NUM, 4 },
	{ "vendor_class_id", 60, DHCP_BYTES },
	{ "client_id", 61, DHCP_BYTES },
	{ "tftp_server_name", 66, DHCP_BYTES },
	{ "boot-file-name", 67, DHCP_BYTES },
	{ "user_class", 77, DHCP_BYTES },
	{ "client_FQDN", 81, DHCP_BYTES },
	{ "relay_agent_information", 82, DHCP_BYTES },
	{ "tftp_server_address", 150, DHCP_IP4 },
	{ "end", 255, DHCP_ALONE },
};

static const struct dhcp_option *find_dhcp_option(const struct gen_node *n)
{
	for (unsigned i = 0; i < ARRAY_SIZE(dhcp_options); i++) {
		const struct dhcp_option *o = &dhcp_options[i];

		if (n->kind == GEN_BYTES ? !strcmp(o->name, (const char *)n->bytes)
					 : n->kind == GEN_NUM && n->num == o->code)
			return o;
	}
	return NULL;
}

static int append_dhcp_value(struct gen_build *b, const struct dhcp_option *o,
			     const struct gen_node *n)
{
	gen_u128 v;
	int r = 0;

	if (n->kind == GEN_LIST && o && o->form != DHCP_BYTES) {
		for (uint32_t i = 0; i < n->n_kids && r >= 0; i++)
			r = append_dhcp_value(b, o, n->kids[i]);
		return r;
	}
	if (o && o->form == DHCP_IP4)
		return append_address(b, n, false);
	if (o && o->form == DHCP_LIST)
		return append_num_node(b, n, 1);
	if (o && o->form == DHCP_NUM) {
		if (n->kind == GEN_BYTES &&
		    gen_name_find(gen_dhcp_messages, (const char *)n->bytes, &v))
			return append_num(b, n->at, (uint64_t)v, o->size);
		return append_num_node(b, n, o->size);
	}
	if (n->kind != GEN_BYTES)
		return gen_fail(b->src, n->at, "bytes expected: b\"...\"");
	return gen_append(b, n->at, n->bytes, n->len);
}

/* "end", ("name" or number, value, ...) */
static int append_dhcp_option(struct gen_build *b, const struct gen_node *n)
{
	const struct gen_node *name = n->kind == GEN_TUPLE && n->n_kids ? n->kids[0] : n;
	const struct dhcp_option *o = find_dhcp_option(name);
	uint8_t head[2];
	uint32_t at;
	int r;

	if (!o && (name->kind != GEN_NUM || name->num > 255 || name->negative))
		return gen_fail(b->src, name->at, "no such DHCP option");
	head[0] = o ? o->code : (uint8_t)name->num;
	if (o && o->form == DHCP_ALONE)
		return gen_append(b, n->at, head, 1);
	at = b->bit / 8;
	r = gen_append(b, n->at, head, 2);
	for (uint32_t i = 1; n->kind == GEN_TUPLE && i < n->n_kids && r >= 0; i++)
		r = append_dhcp_value(b, o, n->kids[i]);
	if (r < 0)
		return r;
	if (b->bit / 8 - at > 257)
		return gen_fail(b->src, n->at, "a DHCP option has at most 255 bytes");
	b->mem[at + 1] = (uint8_t)(b->bit / 8 - at - 2);
	return 0;
}

static int append_dhcp_options(struct gen_build *b, const struct gen_val *v)
{
	int r = 0;

	if (v->kind != VAL_NODE)
		return 0;
	if (v->node->kind == GEN_BYTES)
		return gen_append(b, v->at, v->node->bytes, v->node->len);
	if (v->node->kind != GEN_LIST)
		return gen_fail(b->src, v->at,
				"options are a list: [(\"message-type\", \"discover\"), \"end\"]");
	for (uint32_t i = 0; i < v->node->n_kids && r >= 0; i++)
		r = append_dhcp_option(b, v->node->kids[i]);
	return r;
}

/* ---- DNS --------------------------------------------------------------------------------- */

/* "www.example.com": labels behind their lengths, and an empty one. */
static int append_dns_name(struct gen_build *b, uint32_t at, const uint8_t *text, uint32_t len)
{
	static const uint8_t root[1] = { 0 };
	int r = 0;

	while (len) {
		const uint8_t *dot = memchr(text, '.', len);
		uint32_t n = dot ? (uint32_t)(dot - text) : len;
		uint8_t head[1] = { (uint8_t)n };

		if (n > 63)
			return gen_fail(b->src, at, "a label of a name has at most 63 bytes");
		if (!n) {
			if (len == 1)
				break; /* "." */
			return gen_fail(b->src, at, "a name has an empty label");
		}
		r = gen_append(b, at, head, 1);
		if (r >= 0)
			r = gen_append(b, at, text, n);
		if (r < 0)
			return r;
		len -= n + (dot ? 1 : 0);
		text += n + (dot ? 1 : 0);
	}
	return gen_append(b, at, root, 1);
}

static int append_name_field(struct gen_build *b, const struct gen_inst *inst, unsigned i)
{
	const char *fallback = inst->def->fields[i].text;
	const struct gen_val *v = inst->vals[i];
	const struct gen_string *s;

	if (v->kind == VAL_RANDOM_STRING)
		return gen_fail(b->src, v->at, "a name cannot be random");
	if (v->kind != VAL_STRINGS)
		return append_dns_name(b, v->at, (const uint8_t *)fallback,
				       (uint32_t)strlen(fallback));
	s = &v->strings[v->dim >= 0 ? b->digits[v->dim] : 0];
	return append_dns_name(b, v->at, s->bytes, s->len);
}

/* Strings of text, each behind its length. */
static int append_dns_text(struct gen_build *b, const struct gen_node *n)
{
	uint8_t head[1] = { (uint8_t)n->len };
	int r = 0;

	if (n->kind == GEN_LIST) {
		for (uint32_t i = 0; i < n->n_kids && r >= 0; i++)
			r = append_dns_text(b, n->kids[i]);
		return r;
	}
	if (n->kind != GEN_BYTES || n->len > 255)
		return gen_fail(b->src, n->at, "a string of at most 255 bytes expected");
	r = gen_append(b, n->at, head, 1);
	return r < 0 ? r : gen_append(b, n->at, n->bytes, n->len);
}

static bool names_a_name(uint32_t type)
{
	return type == 2 || type == 3 || type == 4 || type == 5 || type == 12 || type == 39;
}

static int append_rdata(struct gen_build *b, const struct gen_inst *inst, unsigned i)
{
	uint32_t type =
		(uint32_t)gen_field_num(b, inst, (unsigned)gen_field_find(inst->def, "type"));
	const struct gen_val *v = inst->vals[i];
	const struct gen_node *n = v->node;
	struct gen_node fallback = { .kind = GEN_BYTES, .at = v->at };

	if (v->kind == VAL_NODE && v->dim >= 0)
		n = n->kids[b->digits[v->dim]];
	if (v->kind != VAL_NODE) {
		fallback.bytes = (const uint8_t *)(type == 1 ? "0.0.0.0" : type == 28 ? "::" : "");
		n = &fallback;
	}
	if (type == 1 || type == 28)
		return append_address(b, n, type == 28);
	if (type == 16 && v->kind == VAL_NODE)
		return append_dns_text(b, n);
	if (n->kind != GEN_BYTES)
		return gen_fail(b->src, n->at, "a string expected");
	if (names_a_name(type))
		return append_dns_name(b, n->at, n->bytes, n->len);
	return gen_append(b, n->at, n->bytes, n->len);
}

/* A section; what stands there unless it is given is the layer .text with its defaults. */
static int append_section(struct gen_build *b, const struct gen_inst *inst, unsigned i)
{
	const struct gen_field *f = &inst->def->fields[i];
	const struct gen_inst *chain = gen_chain_of(b, inst->vals[i]);
	const struct gen_node call = { .kind = GEN_CALL,
				       .at = inst->node->at,
				       .bytes = (const uint8_t *)f->text };
	int r = 0;

	if (inst->vals[i]->kind == VAL_UNSET && f->text) {
		struct gen_inst *made;

		r = gen_inst_new(b->src, &call, true, &made);
		if (r < 0)
			return r;
		chain = made;
	}
	for (; chain && r >= 0; chain = chain->above)
		r = gen_append_layer(b, chain);
	return r;
}

int gen_append_items(struct gen_build *b, const struct gen_inst *inst, unsigned i, uint32_t begin)
{
	switch (inst->def->fields[i].kind) {
	case FIELD_OPTIONS:
		return append_options(b, inst, i, begin);
	case FIELD_CHAIN:
		return append_section(b, inst, i);
	case FIELD_IP4LIST:
	case FIELD_IP6LIST:
		return append_addresses(b, inst, i);
	case FIELD_TCPOPTS:
		return append_tcp_options(b, inst->vals[i]);
	case FIELD_DHCPOPTS:
		return append_dhcp_options(b, inst->vals[i]);
	case FIELD_NAME:
		return append_name_field(b, inst, i);
	default:
		return append_rdata(b, inst, i);
	}
}
