/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Certificates and keys made for a test, in memory and with the dates that it wants. A failure to make one
 * aborts.
 */
#pragma once

#include <gio/gio.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

typedef enum {
  PKI_CA_UNSAID, /**< no basic constraints at all */
  PKI_CA_NO,
  PKI_CA_YES,
} PkiCa;

/** @end_s: seconds since 1970. @key_usage: 0 for none. @names: so many alternative names, to make it large.
 */
typedef struct {
  gnutls_x509_privkey_t key;
  const char *name;
  PkiCa ca;
  gint64 start_s;
  gint64 end_s;
  unsigned int key_usage;
  guint names;
} PkiRequest;

/** Caller frees with gnutls_x509_privkey_deinit(). */
gnutls_x509_privkey_t pki_key_new (gnutls_pk_algorithm_t algorithm, unsigned int bits);

/** A certificate that signs itself. Caller unrefs. */
GBytes *pki_make_certificate (const PkiRequest *request, gnutls_x509_crt_fmt_t format);

/** In the form that GnuTLS likes: PKCS#1 for RSA. */
GBytes *pki_export_key (gnutls_x509_privkey_t key, gnutls_x509_crt_fmt_t format);

/** PKCS#8; encrypted unless @password is NULL. */
GBytes *pki_export_pkcs8 (gnutls_x509_privkey_t key, const char *password);

/** A PKCS#12 file that holds @certificate (PEM). */
GBytes *pki_make_pkcs12 (GBytes *certificate);

/** Ready parts: a CA when @ca, a client certificate and key when @client; new keys of 1024 bits; they end at
 * @end_s. */
GBytes **pki_make_parts (gboolean ca, gboolean client, gint64 end_s);
void pki_free_parts (GBytes **parts);
