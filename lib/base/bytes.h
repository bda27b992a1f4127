/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading and writing numbers at unaligned places, in a stated byte order. */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include <endian.h>
#include <stdint.h>
#include <string.h>

#define BYTES_DEFINE(bits)                                                                         \
	static inline uint##bits##_t raw##bits##_at(const void *p)                                 \
	{                                                                                          \
		uint##bits##_t v;                                                                  \
		memcpy(&v, p, sizeof(v));                                                          \
		return v;                                                                          \
	}                                                                                          \
	static inline uint##bits##_t be##bits##_at(const void *p)                                  \
	{                                                                                          \
		return be##bits##toh(raw##bits##_at(p));                                           \
	}                                                                                          \
	static inline uint##bits##_t le##bits##_at(const void *p)                                  \
	{                                                                                          \
		return le##bits##toh(raw##bits##_at(p));                                           \
	}                                                                                          \
	static inline void raw##bits##_put(void *p, uint##bits##_t v)                              \
	{                                                                                          \
		memcpy(p, &v, sizeof(v));                                                          \
	}                                                                                          \
	static inline void be##bits##_put(void *p, uint##bits##_t v)                               \
	{                                                                                          \
		raw##bits##_put(p, htobe##bits(v));                                                \
	}                                                                                          \
	static inline void le##bits##_put(void *p, uint##bits##_t v)                               \
	{                                                                                          \
		raw##bits##_put(p, htole##bits(v));                                                \
	}

BYTES_DEFINE(16)
BYTES_DEFINE(32)
BYTES_DEFINE(64)

#undef BYTES_DEFINE

#endif
