/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A LedgerEntry and a file for each IMEI; who watches them.
 */
#include "ledger.h"

#include <string.h>

#include "ledger-entry.h"
#include "mssl-error.h"
#include "mssl-names.h"

#define IMEI_DIGITS 15

/** @saved: the file says the same. */
typedef struct {
  LedgerEntry entry;
  gboolean saved;
} Record;

struct Ledger {
  StateDir *state_dir;
  GHashTable *records; /* IMEI -> Record */
  GHookList watchers;
};

static gboolean
imei_is_valid (const char *imei)
{
  return strlen (imei) == IMEI_DIGITS && strspn (imei, G_CSET_DIGITS) == IMEI_DIGITS;
}

static void
put (Ledger *self, const char *imei, const LedgerEntry *entry, gboolean saved)
{
  Record *record = g_new (Record, 1);

  *record = (Record){ *entry, saved };
  g_hash_table_insert (self->records, g_strdup (imei), record);
}

/** NULL when nothing is known of it. */
static LedgerEntry *
find (Ledger *self, const char *imei)
{
  Record *record = g_hash_table_lookup (self->records, imei);

  return record != NULL ? &record->entry : NULL;
}

static void
set_aside (Ledger *self, const char *name, const char *why)
{
  g_autoptr (GError) error = NULL;

  g_warning ("The ledger of the module %s is damaged (%s) and is renamed to %s" STATE_DIR_DAMAGED_SUFFIX
             "; what the module holds will be uploaded again.",
             name, why, name);
  if (!state_dir_set_aside (self->state_dir, MSSL_STATE_LEDGER, name, &error))
    g_warning ("%s", error->message);
}

static void
load (Ledger *self, const char *name)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) content = state_dir_read (self->state_dir, MSSL_STATE_LEDGER, name, &error);
  LedgerEntry entry;

  if (content == NULL)
    set_aside (self, name, error->message);
  else if (!ledger_entry_load (content, &entry))
    set_aside (self, name, "it is no ledger");
  else
    put (self, name, &entry, TRUE);
}

Ledger *
ledger_new (StateDir *state_dir, GError **error)
{
  g_auto (GStrv) names = state_dir_list (state_dir, MSSL_STATE_LEDGER, error);
  Ledger *self;

  if (names == NULL)
    return NULL;
  self = g_new0 (Ledger, 1);
  self->state_dir = state_dir;
  self->records = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_hook_list_init (&self->watchers, sizeof (GHook));
  for (gsize i = 0; names[i] != NULL; i++) {
    if (imei_is_valid (names[i]))
      load (self, names[i]);
  }
  return self;
}

void
ledger_free (Ledger *self)
{
  g_hook_list_clear (&self->watchers);
  g_hash_table_unref (self->records);
  g_free (self);
}

void
ledger_watch (Ledger *self, LedgerChangedFunc func, gpointer user_data)
{
  GHook *hook = g_hook_alloc (&self->watchers);

  hook->func = (gpointer) func;
  hook->data = user_data;
  g_hook_append (&self->watchers, hook);
}

void
ledger_unwatch (Ledger *self, LedgerChangedFunc func, gpointer user_data)
{
  GHook *hook = g_hook_find_func_data (&self->watchers, TRUE, (gpointer) func, user_data);

  g_return_if_fail (hook != NULL);

  g_hook_destroy_link (&self->watchers, hook);
}

static void
call_watcher (GHook *hook, gpointer imei)
{
  LedgerChangedFunc func = (LedgerChangedFunc) hook->func;

  func (imei, hook->data);
}

static gboolean
is_same (const LedgerEntry *a, const LedgerEntry *b)
{
  g_autoptr (GBytes) a_file = ledger_entry_save (a);
  g_autoptr (GBytes) b_file = ledger_entry_save (b);

  return g_bytes_equal (a_file, b_file);
}

/** Makes @entry what is known of @imei. */
static gboolean
commit (Ledger *self, const char *imei, LedgerEntry *entry, GError **error)
{
  const Record *before = g_hash_table_lookup (self->records, imei);
  g_autofree char *key = g_strdup (imei);
  g_autoptr (GBytes) content = NULL;
  gboolean saved, changed;

  if (before != NULL && before->saved && is_same (&before->entry, entry))
    return TRUE;
  content = ledger_entry_save (entry);
  saved = state_dir_write (self->state_dir, MSSL_STATE_LEDGER, imei, content, error);
  /* Believing a copy to be there that is not would open a connection with the wrong one. */
  if (!saved)
    ledger_entry_doubt (entry);
  /* A watcher may commit again: without news for it, a disk that stays full would keep both at it for ever.
   */
  changed = before == NULL || !is_same (&before->entry, entry);
  put (self, imei, entry, saved);
  if (changed)
    g_hook_list_marshal (&self->watchers, TRUE, call_watcher, key);
  return saved;
}

/** A copy of what is known of @imei, to be changed and committed. */
static gboolean
begin (Ledger *self, const char *imei, LedgerEntry *ret_entry, GError **error)
{
  const LedgerEntry *entry = find (self, imei);

  if (!imei_is_valid (imei)) {
    g_set_error (
        error, MSSL_ERROR, MSSL_ERROR_INVALID_ARGUMENT,
        "The module's identity is not an IMEI of %d digits, so it cannot be remembered what it holds.",
        IMEI_DIGITS);
    return FALSE;
  }
  if (entry == NULL && g_hash_table_size (self->records) >= LEDGER_MODULES_MAX) {
    g_set_error (
        error, MSSL_ERROR, MSSL_ERROR_LIMIT_EXCEEDED,
        "The ledger knows %d modules, the most that it takes: remove those that are gone from the directory "
        "\"%s\" in the state directory.",
        LEDGER_MODULES_MAX, MSSL_STATE_LEDGER);
    return FALSE;
  }
  *ret_entry = entry != NULL ? *entry : (LedgerEntry){ 0 };
  return TRUE;
}

gboolean
ledger_holds (Ledger *self, const char *imei, ModuleCredentialPart part, const char *digest)
{
  LedgerEntry *entry = find (self, imei);

  return digest != NULL && entry != NULL && entry->parts[part].known
         && ledger_entry_find (entry, part, digest) != NULL;
}

gboolean
ledger_begin_upload (Ledger *self, const char *imei, ModuleCredentialPart part, const char *digest,
                     GError **error)
{
  LedgerEntry entry;

  g_return_val_if_fail (digest == NULL || ledger_entry_digest_is_valid (digest), FALSE);

  if (!begin (self, imei, &entry, error))
    return FALSE;
  ledger_entry_add (&entry, part, digest);
  return commit (self, imei, &entry, error);
}

gboolean
ledger_set (Ledger *self, const char *imei, ModuleCredentialPart part, const char *digest, GError **error)
{
  LedgerEntry entry;

  if (digest == NULL)
    return ledger_begin_upload (self, imei, part, NULL, error);
  g_return_val_if_fail (ledger_entry_digest_is_valid (digest), FALSE);

  if (!begin (self, imei, &entry, error))
    return FALSE;
  ledger_entry_set (&entry, part, digest);
  return commit (self, imei, &entry, error);
}

gboolean
ledger_set_erased (Ledger *self, const char *imei, ModuleCredentialPart part, GError **error)
{
  LedgerEntry entry;

  if (!begin (self, imei, &entry, error))
    return FALSE;
  ledger_entry_clear (&entry, part);
  return commit (self, imei, &entry, error);
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/** All IMEIs that have @digest, all at all when it is NULL; sorted. */
static char **
list_modules (Ledger *self, const char *digest)
{
  GPtrArray *names = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer imei, record;

  g_hash_table_iter_init (&iter, self->records);
  while (g_hash_table_iter_next (&iter, &imei, &record)) {
    if (digest == NULL || ledger_entry_has (&((Record *) record)->entry, digest))
      g_ptr_array_add (names, g_strdup (imei));
  }
  g_ptr_array_sort (names, compare_names);
  g_ptr_array_add (names, NULL);
  return (char **) g_ptr_array_free (names, FALSE);
}

char **
ledger_list_holders (Ledger *self, const char *digest)
{
  return list_modules (self, digest);
}

static void
mark_part (LedgerPart *holding, LedgerWantedFunc wanted, gpointer user_data)
{
  for (guint i = 0; i < holding->n_copies; i++)
    holding->copies[i].unwanted = !wanted (holding->copies[i].digest, user_data);
}

gboolean
ledger_update_marks (Ledger *self, LedgerWantedFunc wanted, gpointer user_data, GError **error)
{
  /* A watcher may change the table. */
  g_auto (GStrv) imeis = list_modules (self, NULL);

  for (gsize i = 0; imeis[i] != NULL; i++) {
    LedgerEntry entry;

    if (!begin (self, imeis[i], &entry, error))
      return FALSE;
    for (int part = 0; part < MODULE_CREDENTIAL_PARTS; part++)
      mark_part (&entry.parts[part], wanted, user_data);
    if (!commit (self, imeis[i], &entry, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
is_unwanted (const LedgerPart *holding)
{
  for (guint i = 0; i < holding->n_copies; i++) {
    if (holding->copies[i].unwanted)
      return TRUE;
  }
  return FALSE;
}

gboolean
ledger_next_erasure (Ledger *self, const char *imei, ModuleCredentialPart *ret_part)
{
  const LedgerEntry *entry = find (self, imei);

  for (int i = 0; entry != NULL && i < MODULE_CREDENTIAL_PARTS; i++) {
    if (is_unwanted (&entry->parts[i])) {
      *ret_part = i;
      return TRUE;
    }
  }
  return FALSE;
}
