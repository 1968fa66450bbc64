/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Copies in the order in which they came, and the key file: a group for each part, with the keys known,
 * copies and, of those, unwanted.
 */
#include "ledger-entry.h"

#include <string.h>

#include "mssl-names.h"

#define KEY_KNOWN "known"
#define KEY_COPIES "copies"
#define KEY_UNWANTED "unwanted"

static const char *const group_names[MODULE_CREDENTIAL_PARTS] = {
  [MODULE_CREDENTIAL_CA] = MSSL_PART_CA,
  [MODULE_CREDENTIAL_CLIENT_CERTIFICATE] = MSSL_PART_CERTIFICATE,
  [MODULE_CREDENTIAL_CLIENT_KEY] = MSSL_PART_KEY,
};

gboolean
ledger_entry_digest_is_valid (const char *digest)
{
  return strlen (digest) == LEDGER_ENTRY_DIGEST_CHARACTERS
         && strspn (digest, G_CSET_DIGITS "abcdef") == LEDGER_ENTRY_DIGEST_CHARACTERS;
}

LedgerCopy *
ledger_entry_find (LedgerEntry *self, ModuleCredentialPart part, const char *digest)
{
  LedgerPart *holding = &self->parts[part];

  for (guint i = 0; i < holding->n_copies; i++) {
    if (g_str_equal (holding->copies[i].digest, digest))
      return &holding->copies[i];
  }
  return NULL;
}

gboolean
ledger_entry_has (LedgerEntry *self, const char *digest)
{
  for (int i = 0; i < MODULE_CREDENTIAL_PARTS; i++) {
    if (ledger_entry_find (self, i, digest) != NULL)
      return TRUE;
  }
  return FALSE;
}

void
ledger_entry_add (LedgerEntry *self, ModuleCredentialPart part, const char *digest)
{
  LedgerPart *holding = &self->parts[part];
  LedgerCopy *copy;

  holding->known = FALSE;
  if (digest == NULL || ledger_entry_find (self, part, digest) != NULL)
    return;
  if (holding->n_copies == LEDGER_ENTRY_COPIES_MAX) {
    holding->n_copies--;
    memmove (&holding->copies[0], &holding->copies[1], holding->n_copies * sizeof holding->copies[0]);
  }
  copy = &holding->copies[holding->n_copies++];
  copy->unwanted = FALSE;
  g_strlcpy (copy->digest, digest, sizeof copy->digest);
}

void
ledger_entry_set (LedgerEntry *self, ModuleCredentialPart part, const char *digest)
{
  LedgerPart *holding = &self->parts[part];
  const LedgerCopy *before = ledger_entry_find (self, part, digest);
  gboolean unwanted = before != NULL && before->unwanted;

  ledger_entry_clear (self, part);
  ledger_entry_add (self, part, digest);
  holding->copies[0].unwanted = unwanted;
  holding->known = TRUE;
}

void
ledger_entry_clear (LedgerEntry *self, ModuleCredentialPart part)
{
  self->parts[part] = (LedgerPart){ 0 };
}

void
ledger_entry_doubt (LedgerEntry *self)
{
  for (int i = 0; i < MODULE_CREDENTIAL_PARTS; i++)
    self->parts[i].known = FALSE;
}

static void
save_part (GKeyFile *file, const char *group, const LedgerPart *holding)
{
  const char *copies[LEDGER_ENTRY_COPIES_MAX], *unwanted[LEDGER_ENTRY_COPIES_MAX];
  gsize n_unwanted = 0;

  for (guint i = 0; i < holding->n_copies; i++) {
    copies[i] = holding->copies[i].digest;
    if (holding->copies[i].unwanted)
      unwanted[n_unwanted++] = holding->copies[i].digest;
  }
  g_key_file_set_boolean (file, group, KEY_KNOWN, holding->known);
  g_key_file_set_string_list (file, group, KEY_COPIES, copies, holding->n_copies);
  g_key_file_set_string_list (file, group, KEY_UNWANTED, unwanted, n_unwanted);
}

GBytes *
ledger_entry_save (const LedgerEntry *self)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  gsize size;
  char *data;

  for (int i = 0; i < MODULE_CREDENTIAL_PARTS; i++)
    save_part (file, group_names[i], &self->parts[i]);
  data = g_key_file_to_data (file, &size, NULL);
  return g_bytes_new_take (data, size);
}

static gboolean
load_copies (GKeyFile *file, const char *group, LedgerEntry *entry, ModuleCredentialPart part)
{
  g_auto (GStrv) copies = g_key_file_get_string_list (file, group, KEY_COPIES, NULL, NULL);

  if (copies == NULL || g_strv_length (copies) > LEDGER_ENTRY_COPIES_MAX)
    return FALSE;
  for (gsize i = 0; copies[i] != NULL; i++) {
    if (!ledger_entry_digest_is_valid (copies[i]))
      return FALSE;
    ledger_entry_add (entry, part, copies[i]);
  }
  return TRUE;
}

static gboolean
load_unwanted (GKeyFile *file, const char *group, LedgerEntry *entry, ModuleCredentialPart part)
{
  g_auto (GStrv) unwanted = g_key_file_get_string_list (file, group, KEY_UNWANTED, NULL, NULL);

  if (unwanted == NULL)
    return FALSE;
  for (gsize i = 0; unwanted[i] != NULL; i++) {
    LedgerCopy *copy = ledger_entry_find (entry, part, unwanted[i]);

    if (copy == NULL)
      return FALSE;
    copy->unwanted = TRUE;
  }
  return TRUE;
}

static gboolean
load_part (GKeyFile *file, const char *group, LedgerEntry *entry, ModuleCredentialPart part)
{
  g_autoptr (GError) error = NULL;
  gboolean known = g_key_file_get_boolean (file, group, KEY_KNOWN, &error);

  if (error != NULL || !load_copies (file, group, entry, part) || !load_unwanted (file, group, entry, part))
    return FALSE;
  if (known && entry->parts[part].n_copies != 1)
    return FALSE;
  entry->parts[part].known = known;
  return TRUE;
}

gboolean
ledger_entry_load (GBytes *content, LedgerEntry *ret_entry)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  LedgerEntry entry = { 0 };

  if (!g_key_file_load_from_bytes (file, content, G_KEY_FILE_NONE, NULL))
    return FALSE;
  for (int i = 0; i < MODULE_CREDENTIAL_PARTS; i++) {
    if (!load_part (file, group_names[i], &entry, i))
      return FALSE;
  }
  *ret_entry = entry;
  return TRUE;
}
