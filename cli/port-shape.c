/* SPDX-License-Identifier: BSD-2-Clause */
#include "port-shape.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include "util.h"

/* Numbers with commas between them: how many, or -EINVAL. */
static int read_numbers(const char *text, unsigned *ret_numbers, unsigned max)
{
	unsigned n = 0;
	char *end;

	for (const char *p = text; n < max; p = end + 1) {
		unsigned long v = strtoul(p, &end, 10);

		if (*p < '0' || *p > '9' || v > UINT16_MAX || (*end && *end != ','))
			break;
		ret_numbers[n++] = (unsigned)v;
		if (!*end)
			return (int)n;
	}
	return -EINVAL;
}

int port_shape_parse(const char *text, struct weir_switch_shape *ret, struct weir_err *err)
{
	unsigned v[4] = { 0 };
	int n = read_numbers(text, v, ARRAY_SIZE(v));

	if (n < 0)
		return err_text(err, n, "-C: '%s' is not TX_SLOTS[,RX_SLOTS[,TX_RINGS[,RX_RINGS]]]",
				text);
	*ret = (struct weir_switch_shape){ .tx_slots = v[0],
					   .rx_slots = n > 1 ? v[1] : v[0],
					   .tx_rings = v[2],
					   .rx_rings = n > 3 ? v[3] : v[2] };
	return 0;
}
