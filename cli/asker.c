/* SPDX-License-Identifier: BSD-2-Clause */
#include "asker.h"

#include <inttypes.h>
#include <poll.h>
#include <sys/eventfd.h>

#include "util.h"

struct asker {
	const char *const *names;
	int stop; /* eventfd */
	char line[64];
};

struct asker *asker_new(const char *const *names)
{
	struct asker *a = xcalloc(1, sizeof(*a));

	a->names = names;
	a->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (a->stop < 0) {
		free(a);
		return NULL;
	}
	return a;
}

struct asker *asker_free(struct asker *a)
{
	if (a)
		(void)close(a->stop); /* an eventfd: nothing is lost */
	free(a);
	return NULL;
}

void asker_stop(struct asker *a)
{
	(void)eventfd_write(a->stop, 1); /* an eventfd at 0 takes a 1 */
}

/* The next byte that was typed, or -1: the end, or stopped. Bytes one by one, so that
 * nothing is kept from whoever reads after us. */
static int next_byte(struct asker *a)
{
	struct pollfd fds[2] = { { .fd = STDIN_FILENO, .events = POLLIN },
				 { .fd = a->stop, .events = POLLIN } };
	unsigned char byte;

	if (poll(fds, 2, -1) < 0 || fds[1].revents)
		return -1;
	return read(STDIN_FILENO, &byte, 1) == 1 ? byte : -1;
}

uint64_t asker_ask(void *asker, uint64_t nr, unsigned port)
{
	struct asker *a = asker;
	uint64_t count;
	size_t len = 0;
	int c;

	printf("**** Next packet #%" PRIu64 " out %s.  How many packets do you wish to send? ", nr,
	       a->names[port]);
	(void)fflush(stdout);
	while ((c = next_byte(a)) != '\n') {
		if (c < 0) {
			putchar('\n'); /* what is printed next begins a line */
			return 0;
		}
		if (len + 1 < sizeof(a->line))
			a->line[len++] = (char)c;
	}
	a->line[len] = '\0';
	count = strtoull(a->line, NULL, 0);
	return count ? count : 1;
}
