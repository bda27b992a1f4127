/* SPDX-License-Identifier: BSD-2-Clause */
/* The bare loop beside packet: sendmmsg(2) on AF_PACKET with PACKET_QDISC_BYPASS. */
#include "bare.h"

#include <errno.h>
#include <linux/if_packet.h>
#include <sys/socket.h>
#include <unistd.h>

static int open_socket(const struct bare *b)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_ifindex = (int)b->ifindex };
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	int one = 1;

	if (fd < 0)
		err(1, "socket");
	if (setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &one, sizeof(one)) < 0)
		err(1, "PACKET_QDISC_BYPASS");
	if (bind(fd, (const struct sockaddr *)&to, sizeof(to)) < 0)
		err(1, "bind");
	return fd;
}

int main(int argc, char **argv)
{
	struct bare b = bare_arguments(argc, argv);
	struct mmsghdr msgs[BARE_BATCH] = { 0 };
	uint8_t frame[2048];
	struct iovec iov = { frame, b.len };
	uint64_t sent = 0;
	int fd = open_socket(&b);

	bare_frame(frame, b.len);
	for (unsigned i = 0; i < BARE_BATCH; i++) {
		msgs[i].msg_hdr.msg_iov = &iov;
		msgs[i].msg_hdr.msg_iovlen = 1;
	}

	bare_begin(&b);
	while (sent < b.count) {
		uint64_t left = b.count - sent;
		int n = sendmmsg(fd, msgs, left < BARE_BATCH ? (unsigned)left : BARE_BATCH, 0);

		if (n < 0 && errno != ENOBUFS && errno != EAGAIN && errno != EINTR)
			err(1, "sendmmsg");
		sent += n > 0 ? (uint64_t)n : 0;
	}
	bare_end(&b, sent);
	return close(fd);
}
