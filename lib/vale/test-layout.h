/* SPDX-License-Identifier: BSD-2-Clause */
/* Layouts for tests. */
#ifndef VALE_TEST_LAYOUT_H
#define VALE_TEST_LAYOUT_H

#include "vale/layout.h"

/* A port of that shape at the beginning of a region without more room. As vale_shape_check(). */
static inline int layout_of(const struct vale_shape *shape, struct vale_layout *ret_layout,
			    struct weir_err *err)
{
	int r = vale_shape_check(shape, err);

	if (r < 0)
		return r;
	*ret_layout = (struct vale_layout){
		.shape = *shape,
		.in = vale_region_of(shape, 0),
		.ring_size = (size_t)vale_ring_pages(shape) * VALE_PAGE,
		.first_buf = VALE_FIRST_BUF,
		.ctl_size = vale_ctl_size(shape->tx_rings + shape->rx_rings),
	};
	ret_layout->ring_at = ret_layout->in.rings_at;
	return 0;
}

#endif
