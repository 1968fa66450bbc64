/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Reads keys with GnuTLS, which wipes its own copies.
 */
#include "private-key.h"

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include "certificate-info.h"
#include "mssl-error.h"
#include "pem-block.h"
#include "secret.h"

G_DEFINE_AUTO_CLEANUP_FREE_FUNC (gnutls_x509_privkey_t, gnutls_x509_privkey_deinit, NULL)

static gboolean
refuse (GError **error, const char *part, const char *text)
{
  g_set_error (error, MSSL_ERROR, MSSL_ERROR_INVALID_CREDENTIAL, "The part \"%s\" %s.", part, text);
  return FALSE;
}

static gboolean
import (gnutls_x509_privkey_t key, GBytes *block, const char *part, GError **error)
{
  gsize size;
  gconstpointer data = g_bytes_get_data (block, &size);
  gnutls_datum_t datum = { (unsigned char *) data, size };
  int result = gnutls_x509_privkey_import (key, &datum, GNUTLS_X509_FMT_PEM);
  g_autofree char *text = NULL;

  if (result >= 0)
    return TRUE;
  text = g_strdup_printf ("is a damaged private key (%s)", gnutls_strerror (result));
  return refuse (error, part, text);
}

static gboolean
check (gnutls_x509_privkey_t key, const char *part, GError **error)
{
  unsigned int bits = 0;
  int algorithm = gnutls_x509_privkey_get_pk_algorithm2 (key, &bits);
  const char *name = algorithm >= 0 ? gnutls_pk_get_name (algorithm) : NULL;
  g_autofree char *text = NULL;

  if (algorithm != GNUTLS_PK_RSA) {
    text = g_strdup_printf ("is a key of the type %s, and the module can use RSA keys only",
                            name != NULL ? name : "unknown");
    return refuse (error, part, text);
  }
  if (bits < CERTIFICATE_KEY_MIN_BITS || bits > CERTIFICATE_KEY_MAX_BITS) {
    text = g_strdup_printf ("is a key of %u bits; %d to %d are taken", bits, CERTIFICATE_KEY_MIN_BITS,
                            CERTIFICATE_KEY_MAX_BITS);
    return refuse (error, part, text);
  }
  if (gnutls_x509_privkey_verify_params (key) < 0)
    return refuse (error, part, "is a damaged private key (its numbers do not fit each other)");
  return TRUE;
}

static GBytes *export(gnutls_x509_privkey_t key)
{
  gnutls_datum_t pem = { NULL, 0 };
  GBytes *bytes;

  if (gnutls_x509_privkey_export2 (key, GNUTLS_X509_FMT_PEM, &pem) < 0)
    return NULL;
  bytes = secret_bytes_new (pem.data, pem.size);
  secret_wipe (pem.data, pem.size);
  gnutls_free (pem.data);
  return bytes;
}

GBytes *
private_key_normalise (GBytes *input, const char *part, guint8 *ret_key_id, GError **error)
{
  g_autoptr (GBytes) block = pem_block_find (input, part, PEM_KIND_PRIVATE_KEY, error);
  g_auto (gnutls_x509_privkey_t) key = NULL;
  guint8 key_id[CERTIFICATE_KEY_ID_BYTES];
  size_t size = sizeof key_id;
  GBytes *bytes;

  if (block == NULL)
    return NULL;
  if (gnutls_x509_privkey_init (&key) < 0)
    g_error ("out of memory");
  if (!import (key, block, part, error) || !check (key, part, error))
    return NULL;
  if (gnutls_x509_privkey_get_key_id (key, GNUTLS_KEYID_USE_SHA256, key_id, &size) < 0
      || (bytes = export(key)) == NULL) {
    refuse (error, part, "is a damaged private key (it cannot be written again)");
    return NULL;
  }
  memcpy (ret_key_id, key_id, sizeof key_id);
  return bytes;
}
