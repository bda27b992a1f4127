/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libnetmap's contexts. That there is a default one, which a program may replace, is its
 * interface: this is where a library of weir has state of its own.
 */
#include <libnetmap.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static void say(struct nmctx *ctx, const char *text)
{
	(void)ctx;
	(void)fprintf(stderr, "%s\n", text); /* nothing can be done if it fails */
}

static void *take(struct nmctx *ctx, size_t size)
{
	(void)ctx;
	return malloc(size);
}

static void give(struct nmctx *ctx, void *p)
{
	(void)ctx;
	free(p);
}

static void hold(struct nmctx *ctx, int lock)
{
	static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

	(void)ctx;
	if (lock)
		(void)pthread_mutex_lock(&mutex); /* cannot fail: no thread takes it twice */
	else
		(void)pthread_mutex_unlock(&mutex);
}

static struct nmctx first = {
	.verbose = 1, .error = say, .malloc = take, .free = give, .lock = hold
};
static struct nmctx *standard = &first;

struct nmctx *nmctx_get(void)
{
	return standard;
}

struct nmctx *nmctx_set_default(struct nmctx *ctx)
{
	struct nmctx *was = standard;

	standard = ctx;
	return was;
}

void nmctx_set_threadsafe(void)
{
	if (!standard->lock)
		standard->lock = hold;
}

void nmctx_ferror(struct nmctx *ctx, const char *format, ...)
{
	char text[1024];
	va_list args;

	if (!ctx->verbose)
		return;
	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args); /* a long one is cut */
	va_end(args);
	ctx->error(ctx, text);
}

void *nmctx_malloc(struct nmctx *ctx, size_t size)
{
	return ctx->malloc(ctx, size);
}

void nmctx_free(struct nmctx *ctx, void *p)
{
	if (p)
		ctx->free(ctx, p);
}

void nmctx_lock(struct nmctx *ctx)
{
	if (ctx->lock)
		ctx->lock(ctx, 1);
}

void nmctx_unlock(struct nmctx *ctx)
{
	if (ctx->lock)
		ctx->lock(ctx, 0);
}
