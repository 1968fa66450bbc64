/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Reads certificates with GnuTLS.
 */
#include "certificate-info.h"

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include "mssl-error.h"
#include "pem-block.h"

G_DEFINE_AUTO_CLEANUP_FREE_FUNC (gnutls_x509_crt_t, gnutls_x509_crt_deinit, NULL)

#define FINGERPRINT_BYTES 32

static gboolean
refuse (GError **error, const char *part, const char *text)
{
  g_set_error (error, MSSL_ERROR, MSSL_ERROR_INVALID_CREDENTIAL, "The part \"%s\" %s.", part, text);
  return FALSE;
}

static gboolean
import (gnutls_x509_crt_t certificate, GBytes *block, const char *part, GError **error)
{
  gsize size;
  gconstpointer data = g_bytes_get_data (block, &size);
  gnutls_datum_t datum = { (unsigned char *) data, size };
  int result = gnutls_x509_crt_import (certificate, &datum, GNUTLS_X509_FMT_PEM);
  g_autofree char *text = NULL;

  if (result >= 0)
    return TRUE;
  text = g_strdup_printf ("is a damaged certificate (%s)", gnutls_strerror (result));
  return refuse (error, part, text);
}

static gboolean
check_key (gnutls_x509_crt_t certificate, const char *part, guint *ret_bits, GError **error)
{
  unsigned int bits = 0;
  int algorithm = gnutls_x509_crt_get_pk_algorithm (certificate, &bits);
  const char *name = algorithm >= 0 ? gnutls_pk_get_name (algorithm) : NULL;
  g_autofree char *text = NULL;

  if (algorithm != GNUTLS_PK_RSA) {
    text = g_strdup_printf ("is a certificate with a key of the type %s, and the module can use RSA only",
                            name != NULL ? name : "unknown");
    return refuse (error, part, text);
  }
  if (bits < CERTIFICATE_KEY_MIN_BITS || bits > CERTIFICATE_KEY_MAX_BITS) {
    text = g_strdup_printf ("is a certificate with a key of %u bits; %d to %d are taken", bits,
                            CERTIFICATE_KEY_MIN_BITS, CERTIFICATE_KEY_MAX_BITS);
    return refuse (error, part, text);
  }
  *ret_bits = bits;
  return TRUE;
}

static gboolean
check_ca (gnutls_x509_crt_t certificate, const char *part, GError **error)
{
  unsigned int usage = 0, critical;
  int status = gnutls_x509_crt_get_ca_status (certificate, &critical);

  /* Old roots (X.509 version 1) do not say what they are; then a signature by themselves has to do. */
  if (status == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
    status = gnutls_x509_crt_check_issuer (certificate, certificate);
  if (status != 1)
    return refuse (error, part,
                   "is not a CA certificate: give the certificate of the CA that signed the server's");
  if (gnutls_x509_crt_get_key_usage (certificate, &usage, &critical) >= 0
      && (usage & GNUTLS_KEY_KEY_CERT_SIGN) == 0)
    return refuse (error, part, "is a CA certificate that may not sign others (key usage)");
  return TRUE;
}

/** Takes @datum; what is no UTF-8, or would play tricks on a terminal, is replaced. */
static char *
make_printable (gnutls_datum_t *datum)
{
  char *text = g_utf8_make_valid (datum->data != NULL ? (const char *) datum->data : "", datum->size);

  gnutls_free (datum->data);
  for (char *c = text; *c != '\0'; c++) {
    if (g_ascii_iscntrl (*c))
      *c = '?';
  }
  return text;
}

static void
read_names (gnutls_x509_crt_t certificate, CertificateInfo *self)
{
  gnutls_datum_t subject = { NULL, 0 }, issuer = { NULL, 0 };

  /* On failure (an empty name) the datum stays empty. */
  gnutls_x509_crt_get_dn3 (certificate, &subject, 0);
  gnutls_x509_crt_get_issuer_dn3 (certificate, &issuer, 0);
  self->subject = make_printable (&subject);
  self->issuer = make_printable (&issuer);
}

static char *
to_hexadecimal (const guint8 *data, gsize size)
{
  GString *text = g_string_sized_new (2 * size);

  for (gsize i = 0; i < size; i++)
    g_string_append_printf (text, "%02x", data[i]);
  return g_string_free (text, FALSE);
}

static gboolean
read_numbers (gnutls_x509_crt_t certificate, CertificateInfo *self)
{
  guint8 fingerprint[FINGERPRINT_BYTES];
  size_t fingerprint_size = sizeof fingerprint, key_id_size = sizeof self->key_id;
  time_t not_before = gnutls_x509_crt_get_activation_time (certificate);
  time_t not_after = gnutls_x509_crt_get_expiration_time (certificate);

  if (not_before == (time_t) -1 || not_after == (time_t) -1)
    return FALSE;
  if (gnutls_x509_crt_get_fingerprint (certificate, GNUTLS_DIG_SHA256, fingerprint, &fingerprint_size) < 0)
    return FALSE;
  if (gnutls_x509_crt_get_key_id (certificate, GNUTLS_KEYID_USE_SHA256, self->key_id, &key_id_size) < 0)
    return FALSE;
  self->not_before = MAX (not_before, 0);
  self->not_after = MAX (not_after, 0);
  self->fingerprint = to_hexadecimal (fingerprint, fingerprint_size);
  return TRUE;
}

static gboolean
read_pem (gnutls_x509_crt_t certificate, CertificateInfo *self)
{
  gnutls_datum_t pem = { NULL, 0 };

  if (gnutls_x509_crt_export2 (certificate, GNUTLS_X509_FMT_PEM, &pem) < 0)
    return FALSE;
  self->pem = g_bytes_new (pem.data, pem.size);
  gnutls_free (pem.data);
  return TRUE;
}

CertificateInfo *
certificate_info_new (GBytes *input, const char *part, CertificateUse use, GError **error)
{
  g_autoptr (CertificateInfo) self = g_new0 (CertificateInfo, 1);
  g_autoptr (GBytes) block = pem_block_find (input, part, PEM_KIND_CERTIFICATE, error);
  g_auto (gnutls_x509_crt_t) certificate = NULL;

  if (block == NULL)
    return NULL;
  if (gnutls_x509_crt_init (&certificate) < 0)
    g_error ("out of memory");
  if (!import (certificate, block, part, error) || !check_key (certificate, part, &self->key_bits, error))
    return NULL;
  if (use == CERTIFICATE_USE_CA && !check_ca (certificate, part, error))
    return NULL;
  read_names (certificate, self);
  if (!read_numbers (certificate, self) || !read_pem (certificate, self)) {
    refuse (error, part, "is a damaged certificate (its dates or its key cannot be read)");
    return NULL;
  }
  return g_steal_pointer (&self);
}

void
certificate_info_free (CertificateInfo *self)
{
  g_clear_pointer (&self->pem, g_bytes_unref);
  g_free (self->subject);
  g_free (self->issuer);
  g_free (self->fingerprint);
  g_free (self);
}

GVariant *
certificate_info_to_variant (const CertificateInfo *self)
{
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "subject", "s", self->subject);
  g_variant_dict_insert (&dict, "issuer", "s", self->issuer);
  g_variant_dict_insert (&dict, "not-before", "t", (guint64) self->not_before);
  g_variant_dict_insert (&dict, "not-after", "t", (guint64) self->not_after);
  g_variant_dict_insert (&dict, "key-type", "s", "RSA");
  g_variant_dict_insert (&dict, "key-bits", "u", self->key_bits);
  g_variant_dict_insert (&dict, "fingerprint", "s", self->fingerprint);
  return g_variant_dict_end (&dict);
}
