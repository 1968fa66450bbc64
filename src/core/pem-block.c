/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Looks for BEGIN and END lines, and has a sentence for everything that people take for a PEM file.
 */
#include "pem-block.h"

#include <string.h>

#include "mssl-error.h"

#define BEGIN "-----BEGIN "
#define END "-----END "
#define DASHES "-----"
#define LABEL_MAX_BYTES 40

typedef struct {
  const char *label;
  PemKind kind;
} LabelKind;

static const LabelKind labels[] = {
  { "CERTIFICATE", PEM_KIND_CERTIFICATE },
  { "X509 CERTIFICATE", PEM_KIND_CERTIFICATE },
  { "RSA PRIVATE KEY", PEM_KIND_PRIVATE_KEY },
  { "PRIVATE KEY", PEM_KIND_PRIVATE_KEY },
  { "ENCRYPTED PRIVATE KEY", PEM_KIND_ENCRYPTED_KEY },
  { "EC PARAMETERS", PEM_KIND_EC_KEY },
  { "EC PRIVATE KEY", PEM_KIND_EC_KEY },
  { "DSA PARAMETERS", PEM_KIND_DSA_KEY },
  { "DSA PRIVATE KEY", PEM_KIND_DSA_KEY },
  { "OPENSSH PRIVATE KEY", PEM_KIND_OPENSSH_KEY },
  { "PUBLIC KEY", PEM_KIND_PUBLIC_KEY },
  { "RSA PUBLIC KEY", PEM_KIND_PUBLIC_KEY },
  { "CERTIFICATE REQUEST", PEM_KIND_CERTIFICATE_REQUEST },
  { "NEW CERTIFICATE REQUEST", PEM_KIND_CERTIFICATE_REQUEST },
  { "TRUSTED CERTIFICATE", PEM_KIND_TRUSTED_CERTIFICATE },
  { "PKCS7", PEM_KIND_PKCS7 },
  { "CMS", PEM_KIND_PKCS7 },
};

/* A name of its own: clang takes two strings in a row for a forgotten comma. */
#define ENCRYPTED_TEXT \
  "an encrypted private key, which the module cannot use: decrypt it first, for example with openssl rsa"

/* What to say of a block that is not the one wanted: "The part X is ...". */
static const char *const kind_texts[] = {
  [PEM_KIND_NOTHING] = "no PEM file: it has no line that starts with -----BEGIN",
  [PEM_KIND_CERTIFICATE] = "a certificate and not a private key",
  [PEM_KIND_PRIVATE_KEY] = "a private key and not a certificate",
  [PEM_KIND_ENCRYPTED_KEY] = ENCRYPTED_TEXT,
  [PEM_KIND_EC_KEY] = "an EC key, and the module can use RSA keys only",
  [PEM_KIND_DSA_KEY] = "a DSA key, and the module can use RSA keys only",
  [PEM_KIND_OPENSSH_KEY] = "a key of OpenSSH: convert it first, with ssh-keygen -p -m PEM",
  [PEM_KIND_PUBLIC_KEY] = "a public key",
  [PEM_KIND_CERTIFICATE_REQUEST] = "a certificate request: give the certificate that the CA made of it",
  [PEM_KIND_TRUSTED_CERTIFICATE] = "an OpenSSL trusted certificate: convert it first, with openssl x509",
  [PEM_KIND_PKCS7] = "a PKCS#7 bundle: take the certificate out first, with openssl pkcs7 -print_certs",
  [PEM_KIND_OTHER] = "neither a certificate nor a private key",
};

G_STATIC_ASSERT (G_N_ELEMENTS (kind_texts) == PEM_KIND_OTHER + 1);

/** A piece of the input. */
typedef struct {
  const char *start;
  const char *end;
  PemKind kind;
  gboolean complete; /**< has its END line */
} Block;

static gboolean G_GNUC_PRINTF (3, 4) refuse (GError **error, const char *part, const char *format, ...)
{
  va_list args;
  g_autofree char *text = NULL;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error (error, MSSL_ERROR, MSSL_ERROR_INVALID_CREDENTIAL, "The part \"%s\" %s.", part, text);
  return FALSE;
}

static PemKind
find_kind (const char *label, gsize size)
{
  for (gsize i = 0; i < G_N_ELEMENTS (labels); i++) {
    if (strlen (labels[i].label) == size && memcmp (labels[i].label, label, size) == 0)
      return labels[i].kind;
  }
  return PEM_KIND_OTHER;
}

static const char *
find_text (const char *from, const char *to, const char *text)
{
  return memmem (from, to - from, text, strlen (text));
}

/** The first block that begins at or behind @from. */
static gboolean
next_block (const char *from, const char *to, Block *ret_block)
{
  const char *start = find_text (from, to, BEGIN);
  const char *label, *label_end, *end;
  g_autofree char *end_line = NULL;

  if (start == NULL)
    return FALSE;
  *ret_block = (Block){ start, to, PEM_KIND_OTHER, FALSE };
  label = start + strlen (BEGIN);
  label_end = find_text (label, MIN (to, label + LABEL_MAX_BYTES), DASHES);
  if (label_end == NULL)
    return TRUE;
  ret_block->kind = find_kind (label, label_end - label);
  end_line = g_strdup_printf (END "%.*s" DASHES, (int) (label_end - label), label);
  end = find_text (label_end, to, end_line);
  if (end == NULL)
    return TRUE;
  ret_block->end = end + strlen (end_line);
  ret_block->complete = TRUE;
  /* RFC 1421 headers, as OpenSSL writes them into an encrypted "RSA PRIVATE KEY". */
  if (ret_block->kind == PEM_KIND_PRIVATE_KEY && find_text (label_end, end, "ENCRYPTED") != NULL)
    ret_block->kind = PEM_KIND_ENCRYPTED_KEY;
  return TRUE;
}

PemKind
pem_block_guess (GBytes *input)
{
  gsize size;
  const char *data = g_bytes_get_data (input, &size);
  Block block;

  if (size == 0 || !next_block (data, data + size, &block))
    return PEM_KIND_NOTHING;
  return block.kind;
}

/** Whether it begins as DER does: a SEQUENCE of more than 127 bytes. No text does. */
static gboolean
is_der (const guint8 *data, gsize size)
{
  return size >= 2 && data[0] == 0x30 && data[1] >= 0x80;
}

/** Whether the SEQUENCE begins with the version of PKCS#12 (RFC 7292), 3; that of a key is 0. */
static gboolean
is_pkcs12 (const guint8 *data, gsize size)
{
  gsize content = 2 + (data[1] & 0x7f);

  return size >= content + 3 && memcmp (data + content, "\x02\x01\x03", 3) == 0;
}

static gboolean
is_forbidden (guint8 byte)
{
  return (byte < 0x20 && strchr ("\t\n\f\r", byte) == NULL) || byte == 0x7f;
}

static gboolean
check_text (const guint8 *data, gsize size, const char *part, GError **error)
{
  if (size == 0)
    return refuse (error, part, "is empty");
  if (size > PEM_BLOCK_INPUT_MAX_BYTES)
    return refuse (error, part, "is larger than %d bytes, the most that is taken", PEM_BLOCK_INPUT_MAX_BYTES);
  if (is_der (data, size) && is_pkcs12 (data, size))
    return refuse (error, part,
                   "is a PKCS#12 file: take it apart into PEM files first, with openssl pkcs12 -nodes");
  if (is_der (data, size))
    return refuse (error, part,
                   "is in the binary form DER: convert it to PEM first, with openssl -inform DER");
  for (gsize i = 0; i < size; i++) {
    if (data[i] == '\0' || is_forbidden (data[i]))
      return refuse (error, part, "is no text: byte %" G_GSIZE_FORMAT " is the control character 0x%02x", i,
                     data[i]);
  }
  return TRUE;
}

static gboolean
check_block (const Block *block, const char *part, PemKind wanted, GError **error)
{
  if (block->kind != wanted)
    return refuse (error, part, "is %s", kind_texts[block->kind]);
  if (!block->complete)
    return refuse (error, part, "is cut off: its last line, -----END ...-----, is missing");
  return TRUE;
}

GBytes *
pem_block_find (GBytes *input, const char *part, PemKind wanted, GError **error)
{
  gsize size;
  const char *data = g_bytes_get_data (input, &size);
  Block block = { data, data, PEM_KIND_NOTHING, FALSE };
  Block other;

  if (!check_text ((const guint8 *) data, size, part, error))
    return NULL;
  next_block (data, data + size, &block);
  if (!check_block (&block, part, wanted, error))
    return NULL;
  if (next_block (block.end, data + size, &other)) {
    refuse (error, part,
            "holds more than one certificate or key, and the module takes exactly one: give the %s",
            wanted == PEM_KIND_CERTIFICATE ? "one certificate alone" : "one private key alone");
    return NULL;
  }
  return g_bytes_new_from_bytes (input, block.start - data, block.end - block.start);
}
