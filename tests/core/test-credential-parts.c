/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What is taken for a certificate or key, in which form it is kept, and the sentence for everything else. Bug
 * class 20: a certificate of length 0, truncated, or swapped with the key.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "credential-parts.h"
#include "mssl-error.h"
#include "pki.h"

#define NOW 1800000000
#define DAY_S (24 * 60 * 60)
#define LINE_CHARACTERS 64

static void
add (GHashTable *files, const char *name, GBytes *content)
{
  g_hash_table_insert (files, g_strdup (name), content);
}

static void
add_text (GHashTable *files, const char *name, const char *text)
{
  add (files, name, g_bytes_new (text, strlen (text)));
}

/** @name is @before, the file @of, and @behind, one after the other. */
static void
add_joined (GHashTable *files, const char *name, const char *before, const char *of, const char *behind)
{
  GBytes *content = g_hash_table_lookup (files, of);
  g_autoptr (GString) text = g_string_new (before);

  g_string_append_len (text, g_bytes_get_data (content, NULL), g_bytes_get_size (content));
  g_string_append (text, behind);
  add (files, name, g_bytes_new (text->str, text->len));
}

static char *
get_text (GHashTable *files, const char *name)
{
  GBytes *content = g_hash_table_lookup (files, name);

  return g_strndup (g_bytes_get_data (content, NULL), g_bytes_get_size (content));
}

static void
add_certificate (GHashTable *files, const char *name, const PkiRequest *request)
{
  add (files, name, pki_make_certificate (request, GNUTLS_X509_FMT_PEM));
}

static void
add_cas (GHashTable *files, gnutls_x509_privkey_t key)
{
  PkiRequest request = { .key = key, .name = "Example CA", .ca = PKI_CA_YES, .end_s = NOW + DAY_S };

  add_certificate (files, "ca", &request);
  request.end_s = NOW - 1;
  add_certificate (files, "ca-ended", &request);
  request.end_s = NOW + DAY_S;
  request.key_usage = GNUTLS_KEY_KEY_CERT_SIGN;
  add_certificate (files, "ca-signs", &request);
  request.key_usage = GNUTLS_KEY_DIGITAL_SIGNATURE;
  add_certificate (files, "ca-signs-not", &request);
  request.key_usage = 0;
  request.ca = PKI_CA_UNSAID;
  add_certificate (files, "ca-old", &request);
  request.ca = PKI_CA_NO;
  add_certificate (files, "no-ca", &request);
}

static void
add_clients (GHashTable *files, gnutls_x509_privkey_t key)
{
  PkiRequest request = { .key = key, .name = "meter 7", .ca = PKI_CA_NO, .end_s = NOW + DAY_S };

  add_certificate (files, "cert", &request);
  add (files, "cert-der", pki_make_certificate (&request, GNUTLS_X509_FMT_DER));
  request.start_s = NOW + DAY_S / 2;
  add_certificate (files, "cert-early", &request);
  request.start_s = 0;
  request.end_s = NOW - 1;
  add_certificate (files, "cert-ended", &request);
  request.end_s = NOW + DAY_S;
  request.names = 200;
  add_certificate (files, "cert-large", &request);
  request.names = 0;
  request.name = "tricks\033[2J\n";
  add_certificate (files, "cert-tricks", &request);
}

static void
add_keys (GHashTable *files, gnutls_x509_privkey_t key)
{
  add (files, "key", pki_export_key (key, GNUTLS_X509_FMT_PEM));
  add (files, "key-der", pki_export_key (key, GNUTLS_X509_FMT_DER));
  add (files, "key-pkcs8", pki_export_pkcs8 (key, NULL));
  add (files, "key-encrypted", pki_export_pkcs8 (key, "secret"));
  add_text (files, "key-encrypted-old",
            "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\n"
            "AAAA\n-----END RSA PRIVATE KEY-----\n");
}

static void
add_other_algorithms (GHashTable *files)
{
  gnutls_x509_privkey_t ec = pki_key_new (GNUTLS_PK_EC, GNUTLS_CURVE_TO_BITS (GNUTLS_ECC_CURVE_SECP256R1));
  gnutls_x509_privkey_t pss = pki_key_new (GNUTLS_PK_RSA_PSS, 1024);
  PkiRequest request = { .key = ec, .name = "curve", .ca = PKI_CA_YES, .end_s = NOW + DAY_S };

  add_certificate (files, "cert-ec", &request);
  add (files, "key-ec", pki_export_key (ec, GNUTLS_X509_FMT_PEM));
  add (files, "key-ec-pkcs8", pki_export_pkcs8 (ec, NULL));
  add (files, "key-pss", pki_export_pkcs8 (pss, NULL));
  gnutls_x509_privkey_deinit (ec);
  gnutls_x509_privkey_deinit (pss);
}

static void
add_other_size (GHashTable *files, unsigned int bits)
{
  g_autofree char *key_name = g_strdup_printf ("key-%u", bits);
  g_autofree char *certificate_name = g_strdup_printf ("cert-%u", bits);
  gnutls_x509_privkey_t key = pki_key_new (GNUTLS_PK_RSA, bits);
  PkiRequest request = { .key = key, .name = "size", .end_s = NOW + DAY_S };

  add (files, key_name, pki_export_key (key, GNUTLS_X509_FMT_PEM));
  add_certificate (files, certificate_name, &request);
  gnutls_x509_privkey_deinit (key);
}

static void
add_spoilt (GHashTable *files)
{
  g_autofree char *cert = get_text (files, "cert");
  g_autofree char *key = get_text (files, "key");
  g_autofree char *blanks = g_strnfill (CREDENTIAL_PARTS_INPUT_MAX_BYTES, ' ');
  char *middle;

  add_text (files, "empty", "");
  add_text (files, "words", "this is no certificate\n");
  add_text (files, "hollow", "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n");
  add (files, "with-nul", g_bytes_new ("-----BEGIN\0CERTIFICATE-----", 27));
  add_joined (files, "with-escape", "\033[1m", "cert", "");
  add_joined (files, "huge", blanks, "cert", "");
  add_joined (files, "two", cert, "cert", "");
  add_joined (files, "both", cert, "key", "");
  add (files, "cut", g_bytes_new (cert, strlen (cert) - 20));
  add (files, "cut-key", g_bytes_new (key, strlen (key) / 2));
  middle = cert + strlen (cert) / 2;
  middle[0] = middle[0] == 'A' ? 'B' : 'A';
  middle[LINE_CHARACTERS + 1] = '\n';
  add_text (files, "garbled", cert);
  middle = key + strlen (key) / 2;
  middle[0] = middle[0] == 'A' ? 'B' : 'A';
  add_text (files, "garbled-key", key);
}

static void
add_labels (GHashTable *files)
{
  static const char *const labels[][2] = {
    { "dsa", "DSA PRIVATE KEY" },
    { "openssh", "OPENSSH PRIVATE KEY" },
    { "public", "PUBLIC KEY" },
    { "request", "CERTIFICATE REQUEST" },
    { "trusted", "TRUSTED CERTIFICATE" },
    { "pkcs7", "PKCS7" },
    { "other", "SOMETHING" },
    { "endless", "A LABEL THAT IS MUCH TOO LONG FOR ANYTHING THAT IS KNOWN" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (labels); i++) {
    g_autofree char *text =
        g_strdup_printf ("-----BEGIN %s-----\nAAAA\n-----END %s-----\n", labels[i][1], labels[i][1]);

    add_text (files, labels[i][0], text);
  }
}

static void
add_decorated (GHashTable *files)
{
  g_autofree char *cert = get_text (files, "cert");
  g_auto (GStrv) lines = g_strsplit (cert, "\n", -1);
  g_autofree char *crlf = g_strjoinv ("\r\n", lines);

  add_text (files, "cert-crlf", crlf);
  add_joined (files, "cert-decorated", "\xef\xbb\xbfSubject: M\xc3\xbcller\n\tx\n", "cert", "the end");
}

/** The files that are good, by name. */
static GHashTable *
make_files (void)
{
  GHashTable *files = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_bytes_unref);
  gnutls_x509_privkey_t key = pki_key_new (GNUTLS_PK_RSA, 2048);

  add_cas (files, key);
  add_clients (files, key);
  add_keys (files, key);
  add_decorated (files);
  gnutls_x509_privkey_deinit (key);
  return files;
}

/** And those that are not to be taken, or take long to make. */
static GHashTable *
make_all_files (void)
{
  GHashTable *files = make_files ();

  add_other_algorithms (files);
  add_other_size (files, 1016);
  add_other_size (files, 1024);
  add_other_size (files, 4096);
  add_other_size (files, 4104);
  add (files, "pkcs12", pki_make_pkcs12 (g_hash_table_lookup (files, "cert")));
  add_spoilt (files);
  add_labels (files);
  return files;
}

/** A name that is NULL stands for no part, and one that is no file's is a mistake of the test. */
static GBytes *
find_file (GHashTable *files, const char *name)
{
  GBytes *content = name != NULL ? g_hash_table_lookup (files, name) : NULL;

  ck_assert_msg (name == NULL || content != NULL, "there is no file %s", name);
  return content;
}

static CredentialParts *
try_parts (GHashTable *files, const char *ca, const char *certificate, const char *key, GError **error)
{
  return credential_parts_new (find_file (files, ca), find_file (files, certificate), find_file (files, key),
                               NOW, error);
}

typedef struct {
  const char *ca;
  const char *certificate;
  const char *key;
  int code;
  const char *text; /* part of the message; NULL when the parts are good */
} Case;

#define GOOD 0, NULL
#define ARGUMENT MSSL_ERROR_INVALID_ARGUMENT
#define CREDENTIAL MSSL_ERROR_INVALID_CREDENTIAL

static const Case cases[] = {
  { "ca", NULL, NULL, GOOD },
  { "ca-signs", NULL, NULL, GOOD },
  { "ca-old", NULL, NULL, GOOD },
  { NULL, "cert", "key", GOOD },
  { NULL, "cert", "key-pkcs8", GOOD },
  { "ca", "cert", "key", GOOD },
  { NULL, "cert-early", "key", GOOD },
  { NULL, "cert-crlf", "key", GOOD },
  { NULL, "cert-decorated", "key", GOOD },
  { NULL, "cert-tricks", "key", GOOD },
  { NULL, "cert-1024", "key-1024", GOOD },
  { NULL, "cert-4096", "key-4096", GOOD },
  { NULL, NULL, NULL, ARGUMENT, "No part is given" },
  { NULL, "cert", NULL, ARGUMENT, "\"certificate\" is given without \"key\"" },
  { "ca", NULL, "key", ARGUMENT, "\"key\" is given without \"certificate\"" },
  { "empty", NULL, NULL, CREDENTIAL, "\"ca\" is empty" },
  { NULL, "cert", "empty", CREDENTIAL, "\"key\" is empty" },
  { NULL, "empty", "key", CREDENTIAL, "\"certificate\" is empty" },
  { "words", NULL, NULL, CREDENTIAL, "is no PEM file" },
  { "hollow", NULL, NULL, CREDENTIAL, "is a damaged certificate" },
  { "with-nul", NULL, NULL, CREDENTIAL, "byte 10 is the control character 0x00" },
  { "with-escape", NULL, NULL, CREDENTIAL, "byte 0 is the control character 0x1b" },
  { "huge", NULL, NULL, CREDENTIAL, "is larger than 16384 bytes" },
  { NULL, "cert-large", "key", CREDENTIAL, "and 8192 are the most" },
  { NULL, "two", "key", CREDENTIAL, "give the one certificate alone" },
  { NULL, "both", "key", CREDENTIAL, "give the one certificate alone" },
  { NULL, "cut", "key", CREDENTIAL, "\"certificate\" is cut off" },
  { NULL, "cert", "cut-key", CREDENTIAL, "\"key\" is cut off" },
  { NULL, "garbled", "key", CREDENTIAL, "is a damaged certificate" },
  { NULL, "cert", "garbled-key", CREDENTIAL, "is a damaged private key" },
  { NULL, "key", "cert", CREDENTIAL, "are swapped" },
  { NULL, "key-encrypted", "cert", CREDENTIAL, "are swapped" },
  { NULL, "key-ec", "cert", CREDENTIAL, "are swapped" },
  { NULL, "key", "key", CREDENTIAL, "\"certificate\" is a private key and not a certificate" },
  { NULL, "cert", "cert", CREDENTIAL, "\"key\" is a certificate and not a private key" },
  { "key", NULL, NULL, CREDENTIAL, "\"ca\" is a private key and not a certificate" },
  { "cert-der", NULL, NULL, CREDENTIAL, "is in the binary form DER" },
  { NULL, "cert", "key-der", CREDENTIAL, "is in the binary form DER" },
  { NULL, "pkcs12", "key", CREDENTIAL, "is a PKCS#12 file" },
  { NULL, "cert", "pkcs12", CREDENTIAL, "is a PKCS#12 file" },
  { NULL, "cert", "key-ec", CREDENTIAL, "is an EC key" },
  { NULL, "cert", "key-ec-pkcs8", CREDENTIAL, "is a key of the type EC/ECDSA" },
  { NULL, "cert", "key-pss", CREDENTIAL, "is a key of the type RSA-PSS" },
  { NULL, "cert-ec", "key", CREDENTIAL, "with a key of the type EC/ECDSA" },
  { "cert-ec", NULL, NULL, CREDENTIAL, "with a key of the type EC/ECDSA" },
  { NULL, "cert", "key-encrypted", CREDENTIAL, "is an encrypted private key" },
  { NULL, "cert", "key-encrypted-old", CREDENTIAL, "is an encrypted private key" },
  { NULL, "cert-1016", "key-1016", CREDENTIAL, "a key of 1016 bits; 1024 to 4096 are taken" },
  { NULL, "cert-4104", "key-4104", CREDENTIAL, "a key of 4104 bits; 1024 to 4096 are taken" },
  { NULL, "cert", "key-1016", CREDENTIAL, "is a key of 1016 bits" },
  { NULL, "cert", "key-1024", CREDENTIAL, "do not belong together: the key is that of another certificate" },
  { NULL, "cert-ended", "key", CREDENTIAL,
    "\"certificate\" is a certificate that ended on 2027-01-15 07:59:59" },
  { "ca-ended", NULL, NULL, CREDENTIAL, "\"ca\" is a certificate that ended" },
  { "ca", "cert-ended", "key", CREDENTIAL, "\"certificate\" is a certificate that ended" },
  { "no-ca", NULL, NULL, CREDENTIAL, "is not a CA certificate" },
  { "cert", NULL, NULL, CREDENTIAL, "is not a CA certificate" },
  { "ca-signs-not", NULL, NULL, CREDENTIAL, "may not sign others" },
  { NULL, "cert", "dsa", CREDENTIAL, "is a DSA key" },
  { NULL, "cert", "openssh", CREDENTIAL, "is a key of OpenSSH" },
  { NULL, "cert", "public", CREDENTIAL, "is a public key" },
  { NULL, "request", "key", CREDENTIAL, "is a certificate request" },
  { "trusted", NULL, NULL, CREDENTIAL, "is an OpenSSL trusted certificate" },
  { "pkcs7", NULL, NULL, CREDENTIAL, "is a PKCS#7 bundle" },
  { "other", NULL, NULL, CREDENTIAL, "is neither a certificate nor a private key" },
  { "endless", NULL, NULL, CREDENTIAL, "is neither a certificate nor a private key" },
};

START_TEST (every_sentence)
{
  g_autoptr (GHashTable) files = make_all_files ();

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    const Case *c = &cases[i];
    g_autoptr (GError) error = NULL;
    g_autoptr (CredentialParts) parts = try_parts (files, c->ca, c->certificate, c->key, &error);

    if (c->text == NULL) {
      ck_assert_msg (parts != NULL, "case %zu: %s", i, error != NULL ? error->message : "");
      continue;
    }
    ck_assert_msg (parts == NULL, "case %zu was taken", i);
    ck_assert_msg (g_error_matches (error, MSSL_ERROR, c->code), "case %zu: %s", i, error->message);
    ck_assert_msg (strstr (error->message, c->text) != NULL, "case %zu: %s", i, error->message);
  }
}
END_TEST

static void
check_form (GBytes *part, const char *label)
{
  g_autofree char *text = g_strndup (g_bytes_get_data (part, NULL), g_bytes_get_size (part));
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  guint count = g_strv_length (lines);
  g_autofree char *begin = g_strdup_printf ("-----BEGIN %s-----", label);
  g_autofree char *end = g_strdup_printf ("-----END %s-----", label);

  ck_assert_uint_gt (count, 4);
  ck_assert_str_eq (lines[0], begin);
  ck_assert_str_eq (lines[count - 2], end);
  ck_assert_str_eq (lines[count - 1], "");
  for (guint i = 1; i + 3 < count; i++)
    ck_assert_uint_eq (strlen (lines[i]), LINE_CHARACTERS);
  ck_assert_ptr_null (strchr (text, '\r'));
}

START_TEST (one_form_for_all)
{
  g_autoptr (GHashTable) files = make_files ();
  g_autoptr (CredentialParts) plain = try_parts (files, "ca", "cert", "key", NULL);
  g_autoptr (CredentialParts) other = try_parts (files, NULL, "cert-decorated", "key-pkcs8", NULL);
  g_autoptr (CredentialParts) crlf = try_parts (files, NULL, "cert-crlf", "key", NULL);
  g_autoptr (CredentialParts) again =
      credential_parts_new (plain->part[0], plain->part[1], plain->part[2], NOW, NULL);

  check_form (plain->part[MODULE_CREDENTIAL_CA], "CERTIFICATE");
  check_form (plain->part[MODULE_CREDENTIAL_CLIENT_CERTIFICATE], "CERTIFICATE");
  check_form (plain->part[MODULE_CREDENTIAL_CLIENT_KEY], "RSA PRIVATE KEY");
  for (int i = 0; i < MODULE_CREDENTIAL_PARTS; i++) {
    ck_assert_str_eq (plain->digest[i], again->digest[i]);
    ck_assert (g_bytes_equal (plain->part[i], again->part[i]));
  }
  ck_assert_ptr_null (other->part[MODULE_CREDENTIAL_CA]);
  ck_assert_ptr_null (other->digest[MODULE_CREDENTIAL_CA]);
  ck_assert_str_eq (other->digest[MODULE_CREDENTIAL_CLIENT_CERTIFICATE],
                    plain->digest[MODULE_CREDENTIAL_CLIENT_CERTIFICATE]);
  ck_assert_str_eq (other->digest[MODULE_CREDENTIAL_CLIENT_KEY], plain->digest[MODULE_CREDENTIAL_CLIENT_KEY]);
  ck_assert_str_eq (crlf->digest[MODULE_CREDENTIAL_CLIENT_CERTIFICATE],
                    plain->digest[MODULE_CREDENTIAL_CLIENT_CERTIFICATE]);
}
END_TEST

static void
expect_says (GVariant *says, const char *key, const char *type, const char *printed)
{
  g_autoptr (GVariant) value = g_variant_lookup_value (says, key, G_VARIANT_TYPE (type));
  g_autofree char *text = NULL;

  ck_assert_msg (value != NULL, "no %s", key);
  text = g_variant_print (value, FALSE);
  ck_assert_str_eq (text, printed);
}

START_TEST (what_a_certificate_says)
{
  g_autoptr (GHashTable) files = make_files ();
  g_autoptr (CredentialParts) parts = try_parts (files, "ca", NULL, NULL, NULL);
  const CertificateInfo *info = parts->info[MODULE_CREDENTIAL_CA];
  g_autoptr (GVariant) says = g_variant_ref_sink (certificate_info_to_variant (info));

  ck_assert_uint_eq (g_variant_n_children (says), 7);
  expect_says (says, "subject", "s", "'CN=Example CA'");
  expect_says (says, "issuer", "s", "'CN=Example CA'");
  expect_says (says, "not-before", "t", "0");
  expect_says (says, "not-after", "t", "1800086400");
  expect_says (says, "key-type", "s", "'RSA'");
  expect_says (says, "key-bits", "u", "2048");
  ck_assert_uint_eq (strlen (info->fingerprint), 64);
}
END_TEST

START_TEST (names_cannot_play_tricks)
{
  g_autoptr (GHashTable) files = make_files ();
  g_autoptr (CredentialParts) parts = try_parts (files, NULL, "cert-tricks", "key", NULL);
  const char *subject = parts->info[MODULE_CREDENTIAL_CLIENT_CERTIFICATE]->subject;

  ck_assert_ptr_nonnull (strstr (subject, "tricks"));
  for (const char *c = subject; *c != '\0'; c++)
    ck_assert (!g_ascii_iscntrl (*c));
  ck_assert_ptr_null (parts->info[MODULE_CREDENTIAL_CLIENT_KEY]);
}
END_TEST

START_TEST (saved_and_loaded)
{
  g_autoptr (GHashTable) files = make_files ();
  g_autoptr (CredentialParts) parts = try_parts (files, "ca", "cert", "key", NULL);
  g_autoptr (GBytes) file = credential_parts_save (parts);
  g_autoptr (CredentialParts) loaded = credential_parts_load (file, NULL);
  g_autoptr (CredentialParts) ca = try_parts (files, "ca", NULL, NULL, NULL);
  g_autoptr (GBytes) ca_file = credential_parts_save (ca);
  g_autoptr (CredentialParts) ca_loaded = credential_parts_load (ca_file, NULL);

  ck_assert_ptr_nonnull (loaded);
  for (int i = 0; i < MODULE_CREDENTIAL_PARTS; i++)
    ck_assert (g_bytes_equal (loaded->part[i], parts->part[i]));
  ck_assert_ptr_nonnull (ca_loaded);
  ck_assert_ptr_null (ca_loaded->part[MODULE_CREDENTIAL_CLIENT_KEY]);
}
END_TEST

/** A credential that was good when it was imported stays, with a warning, when its certificate has ended. */
START_TEST (an_ended_one_is_loaded)
{
  g_autoptr (GHashTable) files = make_files ();
  g_autoptr (CredentialParts) parts = credential_parts_new (NULL, find_file (files, "cert-ended"),
                                                            find_file (files, "key"), NOW - DAY_S, NULL);
  g_autoptr (GBytes) file = credential_parts_save (parts);
  g_autoptr (CredentialParts) loaded = credential_parts_load (file, NULL);

  ck_assert_ptr_nonnull (loaded);
}
END_TEST

static void
expect_damaged (gconstpointer data, gsize size)
{
  g_autoptr (GBytes) file = g_bytes_new (data, size);
  g_autoptr (GError) error = NULL;
  g_autoptr (CredentialParts) parts = credential_parts_load (file, &error);

  ck_assert_ptr_null (parts);
  ck_assert (g_error_matches (error, MSSL_ERROR, MSSL_ERROR_INVALID_CREDENTIAL));
  ck_assert_ptr_nonnull (strstr (error->message, "damaged"));
}

START_TEST (damaged_files)
{
  g_autoptr (GHashTable) files = make_files ();
  g_autoptr (CredentialParts) parts = try_parts (files, "ca", "cert", "key", NULL);
  g_autoptr (GBytes) file = credential_parts_save (parts);
  gsize size = g_bytes_get_size (file);
  g_autofree char *spoilt = g_memdup2 (g_bytes_get_data (file, NULL), size);
  g_autofree char *longer = g_strdup_printf ("%.*s\n", (int) size, spoilt);

  for (gsize length = 0; length < size; length++)
    expect_damaged (spoilt, length);
  for (gsize i = 0; i < size; i += 7) {
    spoilt[i] ^= 1;
    expect_damaged (spoilt, size);
    spoilt[i] ^= 1;
  }
  expect_damaged (longer, size + 1);
}
END_TEST

/** The checksum is right, and what it covers is not: written by something else. */
static void
expect_body_damaged (const char *body)
{
  g_autofree char *checksum = g_compute_checksum_for_string (G_CHECKSUM_SHA256, body, -1);
  g_autofree char *file = g_strdup_printf ("modemssl-credential 1\nsha256 %s\n%s", checksum, body);

  expect_damaged (file, strlen (file));
}

START_TEST (damaged_bodies)
{
  g_autoptr (GHashTable) files = make_files ();
  g_autofree char *ca = get_text (files, "ca");
  g_autofree char *twice = g_strdup_printf ("[ca]\n%s[ca]\n%s", ca, ca);
  g_autofree char *lonely = g_strdup_printf ("[certificate]\n%s", ca);
  g_autofree char *unknown = g_strdup_printf ("[ca]\n%s[more]\n%s", ca, ca);

  expect_body_damaged ("");
  expect_body_damaged ("[ca]\n");
  expect_body_damaged ("[ca]\n[key]\n");
  expect_body_damaged (ca);
  expect_body_damaged (twice);
  expect_body_damaged (lonely);
  expect_body_damaged (unknown);
}
END_TEST

int
main (void)
{
  TCase *tests = tcase_create ("credential-parts");
  Suite *suite = suite_create ("credential-parts");
  SRunner *runner = srunner_create (suite);
  int failed;

  tcase_set_timeout (tests, 120);
  tcase_add_test (tests, every_sentence);
  tcase_add_test (tests, one_form_for_all);
  tcase_add_test (tests, what_a_certificate_says);
  tcase_add_test (tests, names_cannot_play_tricks);
  tcase_add_test (tests, saved_and_loaded);
  tcase_add_test (tests, an_ended_one_is_loaded);
  tcase_add_test (tests, damaged_files);
  tcase_add_test (tests, damaged_bodies);
  suite_add_tcase (suite, tests);
  srunner_run_all (runner, CK_NORMAL);
  failed = srunner_ntests_failed (runner);
  srunner_free (runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
