/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * GnuTLS on the side of the one who issues.
 */
#include "pki.h"

#include <gnutls/pkcs12.h>
#include <string.h>

#define PARTS 3

static void
must (int result)
{
  if (result < 0)
    g_error ("GnuTLS: %s", gnutls_strerror (result));
}

static GBytes *
take (gnutls_datum_t *datum)
{
  GBytes *bytes = g_bytes_new (datum->data, datum->size);

  gnutls_free (datum->data);
  return bytes;
}

gnutls_x509_privkey_t
pki_key_new (gnutls_pk_algorithm_t algorithm, unsigned int bits)
{
  gnutls_x509_privkey_t key;

  must (gnutls_x509_privkey_init (&key));
  must (gnutls_x509_privkey_generate (key, algorithm, bits, 0));
  return key;
}

static void
add_names (gnutls_x509_crt_t certificate, guint count)
{
  for (guint i = 0; i < count; i++) {
    g_autofree char *name = g_strdup_printf ("a-rather-long-host-name-%u.example", i);

    must (gnutls_x509_crt_set_subject_alt_name (certificate, GNUTLS_SAN_DNSNAME, name, strlen (name),
                                                GNUTLS_FSAN_APPEND));
  }
}

static void
describe (gnutls_x509_crt_t certificate, const PkiRequest *request)
{
  must (gnutls_x509_crt_set_version (certificate, request->ca == PKI_CA_UNSAID ? 1 : 3));
  must (gnutls_x509_crt_set_serial (certificate, "\x01", 1));
  must (gnutls_x509_crt_set_dn_by_oid (certificate, GNUTLS_OID_X520_COMMON_NAME, 0, request->name,
                                       strlen (request->name)));
  must (gnutls_x509_crt_set_activation_time (certificate, request->start_s));
  must (gnutls_x509_crt_set_expiration_time (certificate, request->end_s));
  must (gnutls_x509_crt_set_key (certificate, request->key));
  if (request->ca != PKI_CA_UNSAID)
    must (gnutls_x509_crt_set_basic_constraints (certificate, request->ca == PKI_CA_YES, -1));
  if (request->key_usage != 0)
    must (gnutls_x509_crt_set_key_usage (certificate, request->key_usage));
  add_names (certificate, request->names);
}

GBytes *
pki_make_certificate (const PkiRequest *request, gnutls_x509_crt_fmt_t format)
{
  gnutls_x509_crt_t certificate;
  gnutls_datum_t datum;

  must (gnutls_x509_crt_init (&certificate));
  describe (certificate, request);
  must (gnutls_x509_crt_sign2 (certificate, certificate, request->key, GNUTLS_DIG_SHA256, 0));
  must (gnutls_x509_crt_export2 (certificate, format, &datum));
  gnutls_x509_crt_deinit (certificate);
  return take (&datum);
}

GBytes *
pki_export_key (gnutls_x509_privkey_t key, gnutls_x509_crt_fmt_t format)
{
  gnutls_datum_t datum;

  must (gnutls_x509_privkey_export2 (key, format, &datum));
  return take (&datum);
}

GBytes *
pki_export_pkcs8 (gnutls_x509_privkey_t key, const char *password)
{
  gnutls_datum_t datum;

  must (gnutls_x509_privkey_export2_pkcs8 (key, GNUTLS_X509_FMT_PEM, password,
                                           password != NULL ? GNUTLS_PKCS_PBES2_AES_128 : GNUTLS_PKCS_PLAIN,
                                           &datum));
  return take (&datum);
}

static gnutls_x509_crt_t
import (GBytes *pem)
{
  gsize size;
  gconstpointer data = g_bytes_get_data (pem, &size);
  gnutls_datum_t datum = { (unsigned char *) data, size };
  gnutls_x509_crt_t certificate;

  must (gnutls_x509_crt_init (&certificate));
  must (gnutls_x509_crt_import (certificate, &datum, GNUTLS_X509_FMT_PEM));
  return certificate;
}

GBytes *
pki_make_pkcs12 (GBytes *certificate)
{
  gnutls_x509_crt_t imported = import (certificate);
  gnutls_pkcs12_bag_t bag;
  gnutls_pkcs12_t file;
  gnutls_datum_t datum;

  must (gnutls_pkcs12_bag_init (&bag));
  must (gnutls_pkcs12_bag_set_crt (bag, imported));
  must (gnutls_pkcs12_init (&file));
  must (gnutls_pkcs12_set_bag (file, bag));
  must (gnutls_pkcs12_generate_mac (file, "secret"));
  must (gnutls_pkcs12_export2 (file, GNUTLS_X509_FMT_DER, &datum));
  gnutls_pkcs12_deinit (file);
  gnutls_pkcs12_bag_deinit (bag);
  gnutls_x509_crt_deinit (imported);
  return take (&datum);
}

GBytes **
pki_make_parts (gboolean ca, gboolean client, gint64 end_s)
{
  GBytes **parts = g_new0 (GBytes *, PARTS);
  gnutls_x509_privkey_t key = pki_key_new (GNUTLS_PK_RSA, 1024);
  PkiRequest request = { .key = key, .name = "ca", .ca = PKI_CA_YES, .end_s = end_s };

  if (ca)
    parts[0] = pki_make_certificate (&request, GNUTLS_X509_FMT_PEM);
  request.name = "client";
  request.ca = PKI_CA_NO;
  if (client) {
    parts[1] = pki_make_certificate (&request, GNUTLS_X509_FMT_PEM);
    parts[2] = pki_export_key (key, GNUTLS_X509_FMT_PEM);
  }
  gnutls_x509_privkey_deinit (key);
  return parts;
}

void
pki_free_parts (GBytes **parts)
{
  for (int i = 0; i < PARTS; i++)
    g_clear_pointer (&parts[i], g_bytes_unref);
  g_free (parts);
}
