/* SPDX-License-Identifier: BSD-2-Clause */
/* --oneatatime: asks on standard output before frames leave, reads standard input. */
#ifndef CLI_ASKER_H
#define CLI_ASKER_H

#include <stdint.h>

struct asker;

/* names[port] stands in the question; lent. NULL with errno. */
struct asker *asker_new(const char *const *names);

/* How many frames to send: at least 1, or 0 at the end of the input and after
 * asker_stop(). For weir_send_opts.ask. */
uint64_t asker_ask(void *asker, uint64_t nr, unsigned port);

/* Ends a question that is being asked. From any thread. */
void asker_stop(struct asker *a);

/* NULL is allowed. Returns NULL. */
struct asker *asker_free(struct asker *a);

#endif
