/* SPDX-License-Identifier: BSD-2-Clause */
#include "port/xdp-features.h"

#include <errno.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/macros.h"

/* Newer than the oldest headers we build with: linux/netdev.h. */
#define NETDEV_FAMILY	     "netdev"
#define NETDEV_VERSION	     1
#define NETDEV_CMD_GET	     1
#define NETDEV_ATTR_IFINDEX  1
#define NETDEV_ATTR_FEATURES 3
#define NETDEV_ATTR_METADATA 5 /* that programs may ask for */

#define METADATA_TIMESTAMP (1u << 0)

struct request {
	struct nlmsghdr h;
	struct genlmsghdr g;
	struct nlattr a;
	char value[16];
};

/* Appends the attribute, asks, and reads the answer: its length, or a negative errno. */
static int ask(int fd, uint16_t family, uint8_t cmd, uint16_t attr, const void *value, size_t len,
	       struct nlmsghdr *reply, size_t size)
{
	struct request rq = {
		.h = { .nlmsg_len = (uint32_t)(offsetof(struct request, value) + NLA_ALIGN(len)),
		       .nlmsg_type = family,
		       .nlmsg_flags = NLM_F_REQUEST },
		.g = { .cmd = cmd, .version = NETDEV_VERSION },
		.a = { .nla_len = (uint16_t)(NLA_HDRLEN + len), .nla_type = attr },
	};
	ssize_t n;

	memcpy(rq.value, value, len);
	if (send(fd, &rq, rq.h.nlmsg_len, 0) < 0)
		return -errno;
	n = recv(fd, reply, size, 0);
	if (n < 0)
		return -errno;
	if (!NLMSG_OK(reply, (size_t)n))
		return -EPROTO;
	if (reply->nlmsg_type == NLMSG_ERROR)
		return ((struct nlmsgerr *)NLMSG_DATA(reply))->error ?: -EPROTO;
	return (int)reply->nlmsg_len;
}

/* Copies an attribute of at most size bytes out of an answer. */
static int find(const struct nlmsghdr *reply, uint16_t type, void *ret_value, size_t size)
{
	const uint8_t *p = (const uint8_t *)reply + NLMSG_HDRLEN + GENL_HDRLEN;
	const uint8_t *end = (const uint8_t *)reply + reply->nlmsg_len;
	struct nlattr a;

	for (; end - p >= NLA_HDRLEN; p += NLA_ALIGN(a.nla_len)) {
		memcpy(&a, p, sizeof(a));
		if (a.nla_len < NLA_HDRLEN || a.nla_len > end - p)
			return -EPROTO;
		if ((a.nla_type & NLA_TYPE_MASK) != type)
			continue;
		memcpy(ret_value, p + NLA_HDRLEN, MIN(size, (size_t)a.nla_len - NLA_HDRLEN));
		return 0;
	}
	return -ENOTSUP;
}

/* A number that the kernel tells of a device. */
static int read_number(unsigned ifindex, uint16_t attr, uint64_t *ret_number)
{
	union {
		struct nlmsghdr h;
		char room[8192];
	} reply;
	CLEANUP(closep)
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	uint32_t index = ifindex;
	uint16_t family = 0;
	int r;

	if (fd < 0)
		return -errno;
	r = ask(fd, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, CTRL_ATTR_FAMILY_NAME, NETDEV_FAMILY,
		sizeof(NETDEV_FAMILY), &reply.h, sizeof(reply));
	if (r == -ENOENT)
		return -ENOTSUP;
	if (r >= 0)
		r = find(&reply.h, CTRL_ATTR_FAMILY_ID, &family, sizeof(family));
	if (r >= 0)
		r = ask(fd, family, NETDEV_CMD_GET, NETDEV_ATTR_IFINDEX, &index, sizeof(index),
			&reply.h, sizeof(reply));
	if (r < 0)
		return r;
	*ret_number = 0;
	return find(&reply.h, attr, ret_number, sizeof(*ret_number));
}

int xdp_features(unsigned ifindex, uint64_t *ret_features)
{
	return read_number(ifindex, NETDEV_ATTR_FEATURES, ret_features);
}

bool xdp_tells_time(unsigned ifindex)
{
	uint64_t metadata;

	return read_number(ifindex, NETDEV_ATTR_METADATA, &metadata) == 0 &&
	       metadata & METADATA_TIMESTAMP;
}
