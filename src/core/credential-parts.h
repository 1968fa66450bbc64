/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The parts of one credential, checked together: a CA certificate, a client certificate with its key, or
 * both, exactly as they go into the module. Pure: no file, no clock of its own.
 */
#pragma once

#include <glib.h>

#include "certificate-info.h"
#include "module-driver.h"

/** The most that is taken of one part as it is given, and the most that is left of it in the module's form.
 */
#define CREDENTIAL_PARTS_INPUT_MAX_BYTES 16384
#define CREDENTIAL_PARTS_MAX_BYTES 8192

/**
 * CredentialParts: immutable. Arrays are indexed by #ModuleCredentialPart; NULL where there is no such part.
 * @part: the exact bytes for the module: one PEM block, lines of 64 characters, LF; the key as
 *   "RSA PRIVATE KEY" and in memory that is wiped.
 * @digest: SHA-256 of @part, 64 lower-case hexadecimal digits.
 * @info: what a certificate says; always NULL for the key.
 */
typedef struct {
  GBytes *part[MODULE_CREDENTIAL_PARTS];
  char *digest[MODULE_CREDENTIAL_PARTS];
  CertificateInfo *info[MODULE_CREDENTIAL_PARTS];
} CredentialParts;

/**
 * Checks and normalises what a user gave; @ca, @certificate and @key are contents of PEM files or NULL.
 * @now: seconds since 1970; a certificate that has ended by then is refused.
 *
 * MSSL_ERROR_INVALID_ARGUMENT when none is given, or only one of @certificate and @key; else
 * MSSL_ERROR_INVALID_CREDENTIAL, with one sentence that says which part is wrong, how, and what to do.
 */
CredentialParts *
credential_parts_new (GBytes *ca, GBytes *certificate, GBytes *key, gint64 now, GError **error);
void credential_parts_free (CredentialParts *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CredentialParts, credential_parts_free)

/** The content of a credential's file: all parts and a checksum, in memory that is wiped. Caller unrefs. */
GBytes *credential_parts_save (const CredentialParts *self);

/**
 * The reverse of credential_parts_save(), with all its checks but the end date, since a saved certificate may
 * have ended. MSSL_ERROR_INVALID_CREDENTIAL when the file is damaged.
 */
CredentialParts *credential_parts_load (GBytes *content, GError **error);
