/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * All blocks of an address (32 or 128) go through AES in one call, which processors with
 * AES do side by side. What has been mapped before is found in a table.
 */
#include "edit/crypto-pan.h"

#include <errno.h>
#include <stddef.h>

#include "base/err.h"

#ifdef WEIR_HAVE_LIBCRYPTO

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/library.h"
#include "base/macros.h"

#define BLOCK	   16u
#define KNOWN_BITS 14u

/* Addresses as two big-endian numbers; IPv4 in the first 32 bits. */
struct known {
	uint64_t from[2], to[2];
	uint8_t version; /* 0: empty */
};

/* The functions of the same names. */
struct libcrypto {
	__typeof__(&EVP_CIPHER_CTX_new) CIPHER_CTX_new;
	__typeof__(&EVP_CIPHER_CTX_free) CIPHER_CTX_free;
	__typeof__(&EVP_CIPHER_CTX_set_padding) CIPHER_CTX_set_padding;
	__typeof__(&EVP_aes_128_ecb) aes_128_ecb;
	__typeof__(&EVP_EncryptInit_ex) EncryptInit_ex;
	__typeof__(&EVP_EncryptUpdate) EncryptUpdate;
};

struct crypto_pan {
	struct libcrypto evp;
	EVP_CIPHER_CTX *aes;
	bool groups_stay;
	uint64_t pad[2];
	uint8_t in[128 * BLOCK], out[128 * BLOCK];
	struct known known[1U << KNOWN_BITS];
};

DEFINE_CLEANUP(struct crypto_pan *, crypto_pan_free)

#define FUNCTION(name) LIBRARY_FUNCTION(struct libcrypto, "EVP_", name)

static int load_libcrypto(struct libcrypto *ret, struct weir_err *err)
{
	static const char *const names[] = { "libcrypto.so.3", "libcrypto.so.1.1", NULL };
	static const struct library_function functions[] = {
		FUNCTION(CIPHER_CTX_new),	  FUNCTION(CIPHER_CTX_free),
		FUNCTION(CIPHER_CTX_set_padding), FUNCTION(aes_128_ecb),
		FUNCTION(EncryptInit_ex),	  FUNCTION(EncryptUpdate),
	};

	return library_load(names, functions, ARRAY_SIZE(functions), ret, err);
}

static int encrypt(struct crypto_pan *p, unsigned blocks)
{
	int len = 0;

	if (p->evp.EncryptUpdate(p->aes, p->out, &len, p->in, (int)(blocks * BLOCK)) != 1 ||
	    len != (int)(blocks * BLOCK))
		return -EIO;
	return 0;
}

int crypto_pan_new(const uint8_t key[CRYPTO_PAN_KEY], bool groups_stay, struct crypto_pan **ret_pan,
		   struct weir_err *err)
{
	CLEANUP(crypto_pan_freep)
	struct crypto_pan *p = calloc(1, sizeof(*p));
	int r;

	if (!p)
		return err_set(err, -ENOMEM, "out of memory");
	r = load_libcrypto(&p->evp, err);
	if (r < 0)
		return r;
	p->groups_stay = groups_stay;
	p->aes = p->evp.CIPHER_CTX_new();
	if (!p->aes || p->evp.EncryptInit_ex(p->aes, p->evp.aes_128_ecb(), NULL, key, NULL) != 1 ||
	    p->evp.CIPHER_CTX_set_padding(p->aes, 0) != 1)
		return err_set(err, -EIO, "libcrypto gives no AES");

	memcpy(p->in, key + 16, BLOCK);
	if (encrypt(p, 1) < 0)
		return err_set(err, -EIO, "libcrypto cannot encrypt");
	p->pad[0] = be64_at(p->out);
	p->pad[1] = be64_at(p->out + 8);
	*ret_pan = TAKE_PTR(p);
	return 0;
}

struct crypto_pan *crypto_pan_free(struct crypto_pan *p)
{
	if (!p)
		return NULL;

	if (p->aes)
		p->evp.CIPHER_CTX_free(p->aes);
	explicit_bzero(p, sizeof(*p));
	free(p);
	return NULL;
}

/* The first n bits of 64. */
static uint64_t first(unsigned n)
{
	return n ? ~0ULL << (64 - n) : 0;
}

/* Those before bit i of the address, and the padding from there on. */
static void put_block(struct crypto_pan *p, unsigned i, const uint64_t addr[2])
{
	uint64_t high = first(MIN(i, 64u)), low = first(i > 64 ? i - 64 : 0);

	be64_put(p->in + i * BLOCK, (addr[0] & high) | (p->pad[0] & ~high));
	be64_put(p->in + i * BLOCK + 8, (addr[1] & low) | (p->pad[1] & ~low));
}

/* How many bits stay since those before them are all ones. */
static unsigned stay(const struct crypto_pan *p, uint8_t version, const uint64_t addr[2])
{
	unsigned ones = ~addr[0] ? (unsigned)__builtin_clzll(~addr[0]) : 64;

	return p->groups_stay ? MIN(ones + 1, version == 4 ? 32u : 8u) : 0;
}

static int compute(struct crypto_pan *p, struct known *k)
{
	unsigned bits = k->version == 4 ? 32 : 128;
	uint64_t flip[2] = { 0 };

	for (unsigned i = 0; i < bits; i++)
		put_block(p, i, k->from);
	if (encrypt(p, bits) < 0)
		return -EIO;
	for (unsigned i = stay(p, k->version, k->from); i < bits; i++)
		flip[i / 64] |= (uint64_t)(p->out[i * BLOCK] >> 7) << (63 - i % 64);
	k->to[0] = k->from[0] ^ flip[0];
	k->to[1] = k->from[1] ^ flip[1];
	return 0;
}

static struct known *place(struct crypto_pan *p, const struct known *k)
{
	uint64_t mix = (k->from[0] ^ k->from[1] * 0x9e3779b97f4a7c15u) * 0xbf58476d1ce4e5b9u;

	return &p->known[mix >> (64 - KNOWN_BITS)];
}

int crypto_pan_map(struct crypto_pan *p, uint8_t version, uint8_t *addr)
{
	struct known k = { .version = version };
	struct known *known;

	k.from[0] = version == 4 ? (uint64_t)be32_at(addr) << 32 : be64_at(addr);
	k.from[1] = version == 4 ? 0 : be64_at(addr + 8);
	known = place(p, &k);
	if (known->version != version || known->from[0] != k.from[0] ||
	    known->from[1] != k.from[1]) {
		int r = compute(p, &k);

		if (r < 0)
			return r;
		*known = k;
	}
	if (version == 4) {
		be32_put(addr, (uint32_t)(known->to[0] >> 32));
		return 0;
	}
	be64_put(addr, known->to[0]);
	be64_put(addr + 8, known->to[1]);
	return 0;
}

#else

int crypto_pan_new(const uint8_t key[CRYPTO_PAN_KEY], bool groups_stay, struct crypto_pan **ret_pan,
		   struct weir_err *err)
{
	(void)key, (void)groups_stay, (void)ret_pan;
	return err_set(err, -ENOSYS, "anonymize: built without libcrypto");
}

int crypto_pan_map(struct crypto_pan *p, uint8_t version, uint8_t *addr)
{
	(void)p, (void)version, (void)addr;
	return -EIO;
}

struct crypto_pan *crypto_pan_free(struct crypto_pan *p)
{
	(void)p;
	return NULL;
}

#endif
