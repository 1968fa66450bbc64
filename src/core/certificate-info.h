/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One X.509 certificate: checked, brought into the form that the module takes, and what it says.
 * Pure: no file, no clock.
 */
#pragma once

#include <glib.h>

/** Bytes of the identifier that a certificate shares with its private key (SHA-256 of the public key). */
#define CERTIFICATE_KEY_ID_BYTES 32

/** Smallest and largest RSA key that is accepted. */
#define CERTIFICATE_KEY_MIN_BITS 1024
#define CERTIFICATE_KEY_MAX_BITS 4096

/**
 * CertificateInfo:
 * @pem: one PEM block, lines of 64 characters, LF.
 * @subject: RFC 4514, valid UTF-8 without control characters.
 * @not_before: seconds since 1970, not negative.
 * @fingerprint: SHA-256 of the certificate, lower-case hexadecimal.
 */
typedef struct {
  GBytes *pem;
  char *subject;
  char *issuer;
  gint64 not_before;
  gint64 not_after;
  guint key_bits;
  char *fingerprint;
  guint8 key_id[CERTIFICATE_KEY_ID_BYTES];
} CertificateInfo;

typedef enum {
  CERTIFICATE_USE_CA,     /**< must be allowed to sign others */
  CERTIFICATE_USE_CLIENT, /**< any */
} CertificateUse;

/**
 * Takes exactly one certificate with an RSA key out of @input, a PEM file. MSSL_ERROR_INVALID_CREDENTIAL says
 * what is wrong, naming the part as @part ("ca"). Dates are not judged.
 */
CertificateInfo *certificate_info_new (GBytes *input, const char *part, CertificateUse use, GError **error);
void certificate_info_free (CertificateInfo *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CertificateInfo, certificate_info_free)

/** a{sv} as documented in org.modemssl1.Credential.xml; floating. */
GVariant *certificate_info_to_variant (const CertificateInfo *self);
