/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The text of a PEM file: that it is text, which block it holds, and what that block is by its label. Knows
 * nothing of what is inside a block.
 */
#pragma once

#include <glib.h>

/** The largest file that is looked at. */
#define PEM_BLOCK_INPUT_MAX_BYTES 16384

typedef enum {
  PEM_KIND_NOTHING, /**< no block at all */
  PEM_KIND_CERTIFICATE,
  PEM_KIND_PRIVATE_KEY, /**< RSA, or any other as PKCS#8 */
  PEM_KIND_ENCRYPTED_KEY,
  PEM_KIND_EC_KEY,
  PEM_KIND_DSA_KEY,
  PEM_KIND_OPENSSH_KEY,
  PEM_KIND_PUBLIC_KEY,
  PEM_KIND_CERTIFICATE_REQUEST,
  PEM_KIND_TRUSTED_CERTIFICATE,
  PEM_KIND_PKCS7,
  PEM_KIND_OTHER,
} PemKind;

/** What the first block of @input is, whatever else is wrong with it. */
PemKind pem_block_guess (GBytes *input);

/**
 * The one block of @input, which must be of kind @wanted (PEM_KIND_CERTIFICATE or PEM_KIND_PRIVATE_KEY); text
 * around it is left out. The bytes keep @input alive and are wiped with it. MSSL_ERROR_INVALID_CREDENTIAL
 * names the part as @part and says what it is instead. Caller unrefs.
 */
GBytes *pem_block_find (GBytes *input, const char *part, PemKind wanted, GError **error);
