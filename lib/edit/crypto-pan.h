/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Crypto-PAn: a permutation of addresses under a key that keeps prefixes. Two addresses
 * that have their first n bits in common, and no more, still do afterwards.
 *
 * Each bit is flipped or not as AES-128 says of the bits in front of it. Source: Xu, Fan,
 * Ammar, Moon: "Prefix-Preserving IP Address Anonymization", ICNP 2002; IPv6 as other
 * programs do it, with all 128 bits in the same way.
 */
#ifndef EDIT_CRYPTO_PAN_H
#define EDIT_CRYPTO_PAN_H

#include <stdbool.h>
#include <stdint.h>

#include <weir/err.h>

#define CRYPTO_PAN_KEY 32u

struct crypto_pan;

/*
 * key: that of AES and what the padding is made of, 16 bytes each. groups_stay: what is
 * multicast or 255.255.255.255 is mapped to such addresses only and nothing else is, since
 * bits in front of which there are only ones stay as they are (of IPv6, the first 8).
 *
 * Gives an object for one thread, to be freed with crypto_pan_free(). -ENOSYS: built
 * without libcrypto.
 */
int crypto_pan_new(const uint8_t key[CRYPTO_PAN_KEY], bool groups_stay, struct crypto_pan **ret_pan,
		   struct weir_err *err);

/* Maps an address of that IP version in place. -EIO: libcrypto failed; it is as it was. */
int crypto_pan_map(struct crypto_pan *pan, uint8_t version, uint8_t *addr);

/* NULL is allowed. Returns NULL. */
struct crypto_pan *crypto_pan_free(struct crypto_pan *pan);

#endif
