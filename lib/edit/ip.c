/* SPDX-License-Identifier: BSD-2-Clause */
/* Fields of IP headers: type of service, traffic class, flow label, time to live. */
#include <errno.h>

#include "base/bytes.h"
#include "base/err.h"
#include "base/macros.h"
#include "edit/edit.h"

static void tos(struct weir_editor *e, struct edit_frame *f)
{
	uint8_t *ip = edit_l3(f);
	uint16_t old;

	if (f->l.ip_version != 4)
		return;

	old = be16_at(ip);
	ip[1] = (uint8_t)e->opts.tos.value;
	edit_ip_changed16(f, old, be16_at(ip));
}
EDIT_STEP(tos)

static int check_max(const char *name, const struct weir_edit_num *num, uint32_t max,
		     struct weir_err *err)
{
	if (num->given && num->value > max)
		return err_set(err, -EINVAL, "%s: %u is more than %u", name, num->value, max);
	return 0;
}

static int tos_compile(struct weir_editor *e, const struct weir_edit_opts *o, struct weir_err *err)
{
	int r = check_max("tos", &o->tos, 255, err);

	(void)e; /* has the options */
	if (r < 0)
		return r;
	return o->tos.given ? EDIT_NETWORK : 0;
}

const struct edit_step edit_tos_step = { .compile = tos_compile,
					 .run = tos_run,
					 .on_packet = true };

/* |version 4|traffic class 8|flow label 20| */
static void class(struct weir_editor *e, struct edit_frame *f)
{
	uint32_t head;

	if (f->l.ip_version != 6)
		return;

	head = be32_at(edit_l3(f));
	if (e->opts.traffic_class.given)
		head = (head & 0xf00fffff) | e->opts.traffic_class.value << 20;
	if (e->opts.flow_label.given)
		head = (head & 0xfff00000) | e->opts.flow_label.value;
	be32_put(edit_l3(f), head);
}
EDIT_STEP(class)

static int class_compile(struct weir_editor *e, const struct weir_edit_opts *o,
			 struct weir_err *err)
{
	int r = check_max("tclass", &o->traffic_class, 255, err);

	(void)e; /* has the options */
	if (r >= 0)
		r = check_max("flowlabel", &o->flow_label, 0xfffff, err);
	if (r < 0)
		return r;
	return o->traffic_class.given || o->flow_label.given ? EDIT_NETWORK : 0;
}

const struct edit_step edit_class_step = { .compile = class_compile,
					   .run = class_run,
					   .on_packet = true };

static void ttl(struct weir_editor *e, struct edit_frame *f)
{
	uint8_t *ip = edit_l3(f);
	uint8_t *field = ip + (f->l.ip_version == 4 ? 8 : 7);
	int v = e->ttl;
	uint16_t old;

	if (!f->l.ip_version)
		return;
	if (e->ttl_sign == '+')
		v = MIN(*field + e->ttl, 255);
	else if (e->ttl_sign == '-')
		v = MAX(*field - e->ttl, 1);
	f->sum |= (e->quirks & WEIR_QUIRK_SUM_ALWAYS) && (e->ttl_sign || *field != v);
	if (*field == v)
		return;

	old = be16_at(ip + 8);
	*field = (uint8_t)v;
	if (f->l.ip_version == 4)
		edit_ip_changed16(f, old, be16_at(ip + 8));
}
EDIT_STEP(ttl)

static int ttl_compile(struct weir_editor *e, const struct weir_edit_opts *o, struct weir_err *err)
{
	struct scan s = scan_begin("ttl", o->ttl, err);
	uint32_t v;
	int r;

	if (!o->ttl)
		return 0;
	if (*s.at == '+' || *s.at == '-')
		e->ttl_sign = *s.at++;
	r = scan_number(&s, 10, 255, &v);
	if (r >= 0)
		r = scan_end(&s);
	if (r < 0)
		return r;

	e->ttl = (int)v;
	return EDIT_NETWORK;
}

const struct edit_step edit_ttl_step = { .compile = ttl_compile,
					 .run = ttl_run,
					 .on_packet = true };
