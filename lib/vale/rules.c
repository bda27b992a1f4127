/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rules of ports: a filter and edits for the frames of a port, each way. The texts stay with
 * the port as long as it is there; while its memory is, each ring has a sieve of its own.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/err.h"
#include "vale/server.h"
#include "vale/sieve.h"

/* A sieve for each ring of a port, by side; what is not needed is NULL. */
struct sieves {
	struct sieve *of[SIEVE_N_SIDES][VALE_MAX_RINGS];
};

static bool is_empty(const struct vale_rules *t, enum sieve_side side)
{
	return !t->filter[side][0] && !t->edit[side][0];
}

static int check_texts(const struct vale_rules *t, struct weir_err *err)
{
	for (unsigned side = 0; side < SIEVE_N_SIDES; side++)
		if (!vale_text_ok(t->filter[side], sizeof(t->filter[side])) ||
		    !vale_text_ok(t->edit[side], sizeof(t->edit[side])))
			return err_set(err, -EINVAL, "a filter or an edit has no end");
	return 0;
}

static void free_sieves(struct sieves *s)
{
	for (unsigned side = 0; side < SIEVE_N_SIDES; side++)
		for (unsigned i = 0; i < VALE_MAX_RINGS; i++)
			s->of[side][i] = sieve_free(s->of[side][i]);
}

/* One for each ring, or, to see whether they can be made, one each way. */
static int make_sieves(const struct server *srv, const struct vport *v, const struct vale_rules *t,
		       struct sieves *ret_sieves, struct weir_err *err)
{
	const struct vale_shape *shape = &v->p.layout.shape;
	struct sieves s = { 0 };
	int r = 0;

	for (unsigned side = 0; side < SIEVE_N_SIDES; side++) {
		unsigned n = side == SIEVE_IN ? shape->tx_rings : shape->rx_rings;

		if (is_empty(t, side))
			continue;
		for (unsigned i = 0; i < (v->p.mem ? n : 1) && r == 0; i++)
			r = sieve_new(srv->opts.maker, t->filter[side], t->edit[side], side,
				      &s.of[side][i], err);
	}
	if (r < 0)
		free_sieves(&s);
	else
		*ret_sieves = s;
	return r;
}

/* The rings get these, and s what they had. The switch is held, or the port is not in it. */
static void exchange(struct vport *v, struct sieves *s)
{
	for (unsigned i = 0; i < VALE_MAX_RINGS; i++) {
		struct sieve *in = v->p.tx[i].sieve, *out = v->p.rx[i].sieve;

		v->p.tx[i].sieve = s->of[SIEVE_IN][i];
		v->p.rx[i].sieve = s->of[SIEVE_OUT][i];
		s->of[SIEVE_IN][i] = in;
		s->of[SIEVE_OUT][i] = out;
	}
}

static int keep_texts(struct vport *v, const struct vale_rules *t, struct weir_err *err)
{
	struct vale_rules *copy = NULL;

	if (!is_empty(t, SIEVE_IN) || !is_empty(t, SIEVE_OUT)) {
		copy = malloc(sizeof(*copy));
		if (!copy)
			return err_set(err, -ENOMEM, "no memory for a filter");
		*copy = *t;
	}
	free(v->rules);
	v->rules = copy;
	return 0;
}

int rules_set(struct server *srv, struct vport *v, const struct vale_rules *t, struct weir_err *err)
{
	struct sieves s = { 0 };
	int r = check_texts(t, err);

	if (r == 0 && v->is_wired)
		r = err_set(err, -EOPNOTSUPP,
			    "what goes through an interface's own port is not looked at");
	if (r == 0 && v->kind != VALE_KIND_PORT)
		r = err_set(err, -EOPNOTSUPP, "nothing that goes through a pipe is looked at");
	if (r == 0 && !srv->opts.maker && (!is_empty(t, SIEVE_IN) || !is_empty(t, SIEVE_OUT)))
		r = err_set(err, -ENOTSUP, "this switch has no filters and no edits");
	if (r == 0)
		r = make_sieves(srv, v, t, &s, err);
	if (r == 0)
		r = keep_texts(v, t, err);
	if (r == 0 && v->p.mem) {
		server_hold(srv);
		exchange(v, &s);
		server_go_on(srv);
	}
	free_sieves(&s);
	return r;
}

int rules_begin(struct server *srv, struct vport *v, struct weir_err *err)
{
	struct sieves s = { 0 };
	int r = v->rules ? make_sieves(srv, v, v->rules, &s, err) : 0;

	if (r == 0)
		exchange(v, &s);
	return r;
}
