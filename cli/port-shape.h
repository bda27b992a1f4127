/* SPDX-License-Identifier: BSD-2-Clause */
/* The shape of a switch's port, as netmap's programs are told it by -C. */
#ifndef CLI_PORT_SHAPE_H
#define CLI_PORT_SHAPE_H

#include <weir/err.h>
#include <weir/switch.h>

/*
 * Reads "TX_SLOTS[,RX_SLOTS[,TX_RINGS[,RX_RINGS]]]". What is missing for receiving is as for
 * sending; 0 is as usual. -EINVAL, with a text on option -C.
 */
int port_shape_parse(const char *text, struct weir_switch_shape *ret_shape, struct weir_err *err);

#endif
