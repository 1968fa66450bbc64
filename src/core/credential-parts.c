/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The checks that concern more than one part, and the file that holds them all.
 */
#include "credential-parts.h"

#include <string.h>

#include "mssl-error.h"
#include "mssl-names.h"
#include "pem-block.h"
#include "private-key.h"
#include "secret.h"

G_STATIC_ASSERT (CREDENTIAL_PARTS_INPUT_MAX_BYTES == PEM_BLOCK_INPUT_MAX_BYTES);

/* The file: this line, the checksum of all behind the second line, and for each part "[name]" and its block.
 */
#define FILE_MAGIC "modemssl-credential 1\n"
#define FILE_CHECKSUM "sha256 "
#define DIGEST_CHARACTERS 64

static const char *const part_names[MODULE_CREDENTIAL_PARTS] = {
  [MODULE_CREDENTIAL_CA] = MSSL_PART_CA,
  [MODULE_CREDENTIAL_CLIENT_CERTIFICATE] = MSSL_PART_CERTIFICATE,
  [MODULE_CREDENTIAL_CLIENT_KEY] = MSSL_PART_KEY,
};

static gboolean
check_which (GBytes *const *inputs, GError **error)
{
  gboolean has_certificate = inputs[MODULE_CREDENTIAL_CLIENT_CERTIFICATE] != NULL;
  gboolean has_key = inputs[MODULE_CREDENTIAL_CLIENT_KEY] != NULL;

  if (inputs[MODULE_CREDENTIAL_CA] == NULL && !has_certificate && !has_key) {
    g_set_error (error, MSSL_ERROR, MSSL_ERROR_INVALID_ARGUMENT,
                 "No part is given: \"ca\", or \"certificate\" and \"key\", or all three are needed.");
    return FALSE;
  }
  if (has_certificate != has_key) {
    g_set_error (error, MSSL_ERROR, MSSL_ERROR_INVALID_ARGUMENT,
                 "The part \"%s\" is given without \"%s\": a client certificate and its key belong together.",
                 has_key ? MSSL_PART_KEY : MSSL_PART_CERTIFICATE,
                 has_key ? MSSL_PART_CERTIFICATE : MSSL_PART_KEY);
    return FALSE;
  }
  return TRUE;
}

static gboolean
is_private_key (PemKind kind)
{
  return kind == PEM_KIND_PRIVATE_KEY || kind == PEM_KIND_ENCRYPTED_KEY || kind == PEM_KIND_EC_KEY;
}

static gboolean
check_order (GBytes *const *inputs, GError **error)
{
  GBytes *certificate = inputs[MODULE_CREDENTIAL_CLIENT_CERTIFICATE];
  GBytes *key = inputs[MODULE_CREDENTIAL_CLIENT_KEY];

  if (certificate == NULL || pem_block_guess (key) != PEM_KIND_CERTIFICATE
      || !is_private_key (pem_block_guess (certificate)))
    return TRUE;
  g_set_error (error, MSSL_ERROR, MSSL_ERROR_INVALID_CREDENTIAL,
               "The parts \"certificate\" and \"key\" are swapped: give each as the other.");
  return FALSE;
}

static gboolean
take_certificate (CredentialParts *self, ModuleCredentialPart part, GBytes *input, GError **error)
{
  CertificateUse use = part == MODULE_CREDENTIAL_CA ? CERTIFICATE_USE_CA : CERTIFICATE_USE_CLIENT;

  if (input == NULL)
    return TRUE;
  self->info[part] = certificate_info_new (input, part_names[part], use, error);
  if (self->info[part] == NULL)
    return FALSE;
  self->part[part] = g_bytes_ref (self->info[part]->pem);
  return TRUE;
}

static gboolean
take_key (CredentialParts *self, GBytes *input, GError **error)
{
  const CertificateInfo *certificate = self->info[MODULE_CREDENTIAL_CLIENT_CERTIFICATE];
  guint8 key_id[CERTIFICATE_KEY_ID_BYTES];

  if (input == NULL)
    return TRUE;
  self->part[MODULE_CREDENTIAL_CLIENT_KEY] = private_key_normalise (input, MSSL_PART_KEY, key_id, error);
  if (self->part[MODULE_CREDENTIAL_CLIENT_KEY] == NULL)
    return FALSE;
  if (memcmp (key_id, certificate->key_id, sizeof key_id) == 0)
    return TRUE;
  g_set_error (
      error, MSSL_ERROR, MSSL_ERROR_INVALID_CREDENTIAL,
      "The parts \"certificate\" and \"key\" do not belong together: the key is that of another certificate "
      "than \"%s\".",
      certificate->subject);
  return FALSE;
}

static gboolean
take_digests (CredentialParts *self, GError **error)
{
  for (int i = 0; i < MODULE_CREDENTIAL_PARTS; i++) {
    GBytes *part = self->part[i];

    if (part == NULL)
      continue;
    if (g_bytes_get_size (part) > CREDENTIAL_PARTS_MAX_BYTES) {
      g_set_error (error, MSSL_ERROR, MSSL_ERROR_INVALID_CREDENTIAL,
                   "The part \"%s\" is %" G_GSIZE_FORMAT " bytes in the module's form, and %d are the most.",
                   part_names[i], g_bytes_get_size (part), CREDENTIAL_PARTS_MAX_BYTES);
      return FALSE;
    }
    self->digest[i] = g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, part);
  }
  return TRUE;
}

static CredentialParts *
build (GBytes *const *inputs, GError **error)
{
  g_autoptr (CredentialParts) self = g_new0 (CredentialParts, 1);

  if (!check_which (inputs, error) || !check_order (inputs, error))
    return NULL;
  if (!take_certificate (self, MODULE_CREDENTIAL_CA, inputs[MODULE_CREDENTIAL_CA], error)
      || !take_certificate (self, MODULE_CREDENTIAL_CLIENT_CERTIFICATE,
                            inputs[MODULE_CREDENTIAL_CLIENT_CERTIFICATE], error)
      || !take_key (self, inputs[MODULE_CREDENTIAL_CLIENT_KEY], error) || !take_digests (self, error))
    return NULL;
  return g_steal_pointer (&self);
}

static gboolean
check_dates (const CredentialParts *self, gint64 now, GError **error)
{
  for (int i = 0; i < MODULE_CREDENTIAL_PARTS; i++) {
    const CertificateInfo *info = self->info[i];
    g_autoptr (GDateTime) end = NULL;
    g_autofree char *text = NULL;

    if (info == NULL || info->not_after >= now)
      continue;
    end = g_date_time_new_from_unix_utc (info->not_after);
    text = g_date_time_format (end, "%F %T");
    g_set_error (
        error, MSSL_ERROR, MSSL_ERROR_INVALID_CREDENTIAL,
        "The part \"%s\" is a certificate that ended on %s (UTC): get a new one, or set the clock of this "
        "machine.",
        part_names[i], text);
    return FALSE;
  }
  return TRUE;
}

CredentialParts *
credential_parts_new (GBytes *ca, GBytes *certificate, GBytes *key, gint64 now, GError **error)
{
  GBytes *const inputs[MODULE_CREDENTIAL_PARTS] = {
    [MODULE_CREDENTIAL_CA] = ca,
    [MODULE_CREDENTIAL_CLIENT_CERTIFICATE] = certificate,
    [MODULE_CREDENTIAL_CLIENT_KEY] = key,
  };
  g_autoptr (CredentialParts) self = build (inputs, error);

  if (self == NULL || !check_dates (self, now, error))
    return NULL;
  return g_steal_pointer (&self);
}

void
credential_parts_free (CredentialParts *self)
{
  for (int i = 0; i < MODULE_CREDENTIAL_PARTS; i++) {
    g_clear_pointer (&self->part[i], g_bytes_unref);
    g_clear_pointer (&self->info[i], certificate_info_free);
    g_free (self->digest[i]);
  }
  g_free (self);
}

static gsize
measure_body (const CredentialParts *self)
{
  gsize size = 0;

  for (int i = 0; i < MODULE_CREDENTIAL_PARTS; i++) {
    if (self->part[i] != NULL)
      size += strlen (part_names[i]) + strlen ("[]\n") + g_bytes_get_size (self->part[i]);
  }
  return size;
}

/** Writes the parts to @out, which has measure_body() bytes. */
static void
write_body (const CredentialParts *self, char *out)
{
  for (int i = 0; i < MODULE_CREDENTIAL_PARTS; i++) {
    g_autofree char *heading = g_strdup_printf ("[%s]\n", part_names[i]);
    gsize size;
    gconstpointer data;

    if (self->part[i] == NULL)
      continue;
    out = (char *) memcpy (out, heading, strlen (heading)) + strlen (heading);
    data = g_bytes_get_data (self->part[i], &size);
    out = (char *) memcpy (out, data, size) + size;
  }
}

GBytes *
credential_parts_save (const CredentialParts *self)
{
  gsize body_size = measure_body (self);
  /* Of its final size at once: a buffer that grows would leave copies of the key behind. */
  gsize head_size = strlen (FILE_MAGIC FILE_CHECKSUM) + DIGEST_CHARACTERS + 1;
  char *file = g_malloc (head_size + body_size);
  g_autofree char *checksum = NULL;
  g_autofree char *head = NULL;

  write_body (self, file + head_size);
  checksum = g_compute_checksum_for_data (G_CHECKSUM_SHA256, (const guchar *) file + head_size, body_size);
  head = g_strconcat (FILE_MAGIC FILE_CHECKSUM, checksum, "\n", NULL);
  memcpy (file, head, head_size);
  return secret_bytes_new_take (file, head_size + body_size);
}

/** The body of a file whose checksum is right, sharing the memory of @content; else NULL. */
static GBytes *
open_body (GBytes *content)
{
  gsize size;
  const char *data = g_bytes_get_data (content, &size);
  gsize head_size = strlen (FILE_MAGIC FILE_CHECKSUM) + DIGEST_CHARACTERS + 1;
  g_autofree char *checksum = NULL;
  g_autofree char *head = NULL;

  if (size < head_size)
    return NULL;
  checksum =
      g_compute_checksum_for_data (G_CHECKSUM_SHA256, (const guchar *) data + head_size, size - head_size);
  head = g_strconcat (FILE_MAGIC FILE_CHECKSUM, checksum, "\n", NULL);
  if (memcmp (data, head, head_size) != 0)
    return NULL;
  return g_bytes_new_from_bytes (content, head_size, size - head_size);
}

/** Where the part that begins at @data ends: before the next heading. */
static gsize
measure_part (const char *data, gsize size)
{
  const char *next = memmem (data, size, "\n[", 2);

  return next != NULL ? (gsize) (next + 1 - data) : size;
}

/** Cuts @body into the parts, in their order. FALSE when anything else stands there. */
static gboolean
split_body (GBytes *body, GBytes **ret_inputs)
{
  gsize size, at = 0;
  const char *data = g_bytes_get_data (body, &size);

  for (int i = 0; i < MODULE_CREDENTIAL_PARTS; i++) {
    g_autofree char *heading = g_strdup_printf ("[%s]\n", part_names[i]);
    gsize length = strlen (heading);

    if (size - at < length || memcmp (data + at, heading, length) != 0)
      continue;
    at += length;
    length = measure_part (data + at, size - at);
    ret_inputs[i] = g_bytes_new_from_bytes (body, at, length);
    at += length;
  }
  return at == size;
}

static void
clear_inputs (GBytes **inputs)
{
  for (int i = 0; i < MODULE_CREDENTIAL_PARTS; i++)
    g_clear_pointer (&inputs[i], g_bytes_unref);
}

CredentialParts *
credential_parts_load (GBytes *content, GError **error)
{
  g_autoptr (GBytes) body = open_body (content);
  GBytes *inputs[MODULE_CREDENTIAL_PARTS] = { NULL };
  g_autoptr (GError) cause = NULL;
  CredentialParts *self = NULL;

  if (body != NULL && split_body (body, inputs))
    self = build (inputs, &cause);
  clear_inputs (inputs);
  if (self == NULL)
    g_set_error (error, MSSL_ERROR, MSSL_ERROR_INVALID_CREDENTIAL,
                 "The file of the credential is damaged%s%s", cause != NULL ? ": " : ".",
                 cause != NULL ? cause->message : "");
  return self;
}
