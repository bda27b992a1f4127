/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two TUN devices back to back, for ports on interfaces without a link layer:
 *
 *     tunpair TUN-A TUN-B
 *
 * makes both and carries packets from each to the other until it is killed or one of them
 * is removed. Prints "ready" when they are there.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static int open_tun(const char *name)
{
	struct ifreq ifr = { .ifr_flags = IFF_TUN | IFF_NO_PI };
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		err(1, "/dev/net/tun");
	memcpy(ifr.ifr_name, name, strnlen(name, sizeof(ifr.ifr_name) - 1));
	if (ioctl(fd, TUNSETIFF, &ifr) < 0)
		err(1, "%s", name);
	return fd;
}

/* Carries what is there from one to the other. */
static void carry(int from, int to)
{
	static char buf[65536];
	ssize_t n;

	while ((n = read(from, buf, sizeof(buf))) > 0) {
		if (write(to, buf, (size_t)n) < 0 && errno != EIO) /* EIO: it is down */
			err(1, "write");
	}
	if (n < 0 && errno != EAGAIN)
		err(1, "read");
}

int main(int argc, char **argv)
{
	struct pollfd fds[2];

	if (argc != 3)
		errx(2, "usage: %s TUN-A TUN-B", argv[0]);
	for (unsigned i = 0; i < 2; i++)
		fds[i] = (struct pollfd){ .fd = open_tun(argv[1 + i]), .events = POLLIN };
	puts("ready");
	fflush(stdout);
	while (poll(fds, 2, -1) > 0 && !((fds[0].revents | fds[1].revents) & POLLERR)) {
		carry(fds[0].fd, fds[1].fd);
		carry(fds[1].fd, fds[0].fd);
	}
	return 0;
}
