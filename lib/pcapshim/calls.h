/* SPDX-License-Identifier: BSD-2-Clause */
/* The calls that this library answers, by their names. */
#ifndef PCAPSHIM_CALLS_H
#define PCAPSHIM_CALLS_H

/* The one of a name, and libpcap's own behind it; NULL: none is answered here. */
void *calls_find(const char *name, void **ret_real);

#endif
