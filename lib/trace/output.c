/* SPDX-License-Identifier: BSD-2-Clause */
#include "trace/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "trace/codec.h"

enum {
	PACKED_SIZE = 2 * ENCODER_ROOM,
	WRITE_MIN = 16 * 1024, /* less is better copied than written by itself */
};

static const struct encoder *const encoders[] = { &gzip_encoder, &zstd_encoder, &lz4_encoder };

DEFINE_CLEANUP(struct output *, output_close)

static int output_fail(struct output *o, int code, const char *reason)
{
	return err_set(&o->failure, code, "%s: %s", o->name, reason);
}

static int write_all(struct output *o, const uint8_t *data, size_t n)
{
	while (n) {
		ssize_t done = write(o->fd, data, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return output_fail(o, -errno, strerror(errno));
		data += done;
		n -= (size_t)done;
	}
	return 0;
}

static int write_packed(struct output *o)
{
	const size_t n = o->packed_len;

	o->packed_len = 0;
	return write_all(o, o->packed, n);
}

/* Compresses left bytes at in; last: and ends the compressed frame. */
static int encode(struct output *o, const uint8_t *in, size_t left, bool last)
{
	int more;

	do {
		size_t used = left, made = PACKED_SIZE - o->packed_len;
		const char *reason;

		more = o->encoder->run(o->state, in, &used, o->packed + o->packed_len, &made,
				       last ? ENCODER_END : ENCODER_MORE, &reason);
		if (more < 0)
			return output_fail(o, more, reason);
		in += used;
		left -= used;
		o->packed_len += made;
		if (o->packed_len > PACKED_SIZE - ENCODER_ROOM) {
			int ret = write_packed(o);

			if (ret < 0)
				return ret;
		}
	} while (left || more);
	return last ? write_packed(o) : 0;
}

static int hand_on(struct output *o, const uint8_t *data, size_t n, bool last)
{
	if (o->failure.code || (!n && !last)) /* to encoders nothing means the end */
		return o->failure.code;
	return o->encoder ? encode(o, data, n, last) : write_all(o, data, n);
}

/* Empties the buffer. */
static int flush(struct output *o, bool last)
{
	const size_t n = o->len;

	o->len = 0;
	return hand_on(o, o->buf, n, last);
}

static int tell_failure(const struct output *o, struct weir_err *err)
{
	return err_set(err, o->failure.code, "%s", o->failure.text);
}

int output_spill(struct output *o, const void *data, size_t n, struct weir_err *err)
{
	const uint8_t *p = data;

	while (n) {
		const size_t part = MIN(n, OUTPUT_SIZE - o->len);

		memcpy(o->buf + o->len, p, part);
		o->len += part;
		p += part;
		n -= part;
		if (o->len == OUTPUT_SIZE && flush(o, false) < 0)
			return tell_failure(o, err);
	}
	return 0;
}

int output_write(struct output *o, const void *data, size_t n, struct weir_err *err)
{
	if (n < WRITE_MIN)
		return output_put(o, data, n, err);
	if (flush(o, false) < 0 || hand_on(o, data, n, false) < 0)
		return tell_failure(o, err);
	return 0;
}

int output_flush(struct output *o, struct weir_err *err)
{
	return flush(o, false) < 0 ? tell_failure(o, err) : 0;
}

int output_finish(struct output *o, struct weir_err *err)
{
	const int fd = o->fd;

	if (fd < 0)
		return o->failure.code ? tell_failure(o, err) : 0;
	(void)flush(o, true); /* the result is in o->failure */
	o->fd = -EBADF;
	if (fd != STDOUT_FILENO && close(fd) < 0 && !o->failure.code)
		(void)output_fail(o, -errno, strerror(errno));
	return o->failure.code ? tell_failure(o, err) : 0;
}

struct output *output_close(struct output *o)
{
	if (!o)
		return NULL;

	(void)output_finish(o, NULL); /* who wants to know has called it */
	if (o->state)
		o->encoder->free(o->state);
	free(o->packed);
	free(o->buf);
	free(o);
	return NULL;
}

static const struct encoder *find_encoder(enum weir_compression compression)
{
	for (size_t i = 0; i < ARRAY_SIZE(encoders); i++)
		if (encoders[i]->compression == compression)
			return encoders[i];
	return NULL;
}

static struct output *output_new(const char *name, const struct encoder *encoder)
{
	CLEANUP(output_closep)
	struct output *o = calloc(1, sizeof(*o) + strlen(name) + 1);

	if (!o)
		return NULL;
	memcpy(o->name, name, strlen(name) + 1);
	o->fd = -EBADF;
	o->buf = malloc(OUTPUT_SIZE);
	if (!o->buf)
		return NULL;
	if (encoder) {
		o->encoder = encoder;
		o->packed = malloc(PACKED_SIZE);
		o->state = encoder->new (0);
		if (!o->packed || !o->state)
			return NULL;
	}
	return TAKE_PTR(o);
}

int output_open(const char *path, enum weir_compression compression, struct output **ret_out,
		struct weir_err *err)
{
	const bool to_stdout = strcmp(path, "-") == 0;
	CLEANUP(output_closep)
	struct output *o =
		output_new(to_stdout ? "standard output" : path, find_encoder(compression));

	if (!o)
		return err_set(err, -ENOMEM, "%s: no memory to write it", path);

	/* Last, so that nothing is emptied in vain. */
	o->fd = to_stdout ? STDOUT_FILENO
			  : open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (o->fd < 0)
		return err_set(err, -errno, "%s: %s", path, strerror(errno));

	*ret_out = TAKE_PTR(o);
	return 0;
}
