/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A table by name, and a file NAME.credential for each.
 */
#include "credential-store.h"

#include <string.h>

#include "creators.h"
#include "mssl-error.h"
#include "mssl-name.h"
#include "mssl-names.h"

#define SUFFIX ".credential"

struct CredentialStore {
  StateDir *state_dir;
  Creators *creators;
  Quotas quotas;
  Ledger *ledger;
  GHashTable *table; /* name -> Credential */
  const CredentialStoreListener *listener;
  gpointer listener_data;
};

static char *
make_file_name (const char *name)
{
  return g_strconcat (name, SUFFIX, NULL);
}

/** The name of the credential in the file @file_name; NULL when it is none of ours. */
static char *
parse_file_name (const char *file_name)
{
  g_autofree char *name = NULL;

  if (!g_str_has_suffix (file_name, SUFFIX))
    return NULL;
  name = g_strndup (file_name, strlen (file_name) - strlen (SUFFIX));
  return mssl_name_is_valid (name) ? g_steal_pointer (&name) : NULL;
}

static gboolean
is_wanted (const char *digest, gpointer user_data)
{
  CredentialStore *self = user_data;
  GHashTableIter iter;
  gpointer credential;

  g_hash_table_iter_init (&iter, self->table);
  while (g_hash_table_iter_next (&iter, NULL, &credential)) {
    if (credential_has_digest (credential, digest))
      return TRUE;
  }
  return FALSE;
}

/** Has the copies that no credential has any more overwritten. Done again at each change and each start. */
static void
update_marks (CredentialStore *self)
{
  g_autoptr (GError) error = NULL;

  if (!ledger_update_marks (self->ledger, is_wanted, self, &error))
    g_warning ("Copies of certificates and keys that are not needed any more stay in a module for now: %s",
               error->message);
}

static void
on_ledger_changed (const char *imei, gpointer user_data)
{
  CredentialStore *self = user_data;
  g_autoptr (GPtrArray) credentials = credential_store_list (self);

  update_marks (self);
  for (guint i = 0; i < credentials->len; i++)
    credential_notify_changed (credentials->pdata[i]);
}

static void
set_aside (CredentialStore *self, const char *file_name, const char *why)
{
  g_autoptr (GError) error = NULL;

  g_warning ("The file %s cannot be used (%s) and is renamed to %s" STATE_DIR_DAMAGED_SUFFIX
             "; import the credential again, and delete that file, which may hold a key.",
             file_name, why, file_name);
  if (!state_dir_set_aside (self->state_dir, MSSL_STATE_CREDENTIALS, file_name, &error))
    g_warning ("%s", error->message);
}

static void
load (CredentialStore *self, const char *file_name, const char *name)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) content = state_dir_read (self->state_dir, MSSL_STATE_CREDENTIALS, file_name, &error);
  CredentialParts *parts = content != NULL ? credential_parts_load (content, &error) : NULL;

  if (parts == NULL)
    set_aside (self, file_name, error->message);
  else
    g_hash_table_insert (self->table, g_strdup (name), credential_new (name, parts));
}

CredentialStore *
credential_store_new (StateDir *state_dir, Ledger *ledger, GError **error)
{
  g_auto (GStrv) file_names = state_dir_list (state_dir, MSSL_STATE_CREDENTIALS, error);
  CredentialStore *self;

  if (file_names == NULL)
    return NULL;
  self = g_new0 (CredentialStore, 1);
  self->state_dir = state_dir;
  self->ledger = ledger;
  self->creators = creators_new (state_dir, MSSL_STATE_CREDENTIALS);
  quotas_init (&self->quotas);
  self->table = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_object_unref);
  for (gsize i = 0; file_names[i] != NULL; i++) {
    g_autofree char *name = parse_file_name (file_names[i]);

    if (name != NULL)
      load (self, file_names[i], name);
  }
  creators_keep (self->creators, self->table);
  update_marks (self);
  ledger_watch (ledger, on_ledger_changed, self);
  return self;
}

void
credential_store_free (CredentialStore *self)
{
  ledger_unwatch (self->ledger, on_ledger_changed, self);
  g_hash_table_unref (self->table);
  creators_free (self->creators);
  g_free (self);
}

void
credential_store_set_quotas (CredentialStore *self, const Quotas *quotas)
{
  self->quotas = *quotas;
}

void
credential_store_set_listener (CredentialStore *self, const CredentialStoreListener *listener,
                               gpointer user_data)
{
  self->listener = listener;
  self->listener_data = user_data;
}

gboolean
credential_store_check_new (CredentialStore *self, const char *name, guint uid, GError **error)
{
  if (!mssl_name_check (name, "credential", error))
    return FALSE;
  if (credential_store_lookup (self, name) != NULL) {
    g_set_error (error, MSSL_ERROR, MSSL_ERROR_EXISTS,
                 "There is a credential %s already: replace its parts, or use another name.", name);
    return FALSE;
  }
  return creators_check (self->creators, &self->quotas, QUOTAS_CREDENTIALS, QUOTAS_CREDENTIALS_PER_USER,
                         g_hash_table_size (self->table), uid, error);
}

static gboolean
save (CredentialStore *self, const char *name, const CredentialParts *parts, GError **error)
{
  g_autofree char *file_name = make_file_name (name);
  g_autoptr (GBytes) content = credential_parts_save (parts);

  return state_dir_write (self->state_dir, MSSL_STATE_CREDENTIALS, file_name, content, error);
}

Credential *
credential_store_import (CredentialStore *self, const char *name, CredentialParts *parts, guint uid,
                         GError **error)
{
  g_autoptr (CredentialParts) taken = parts;
  Credential *credential;

  if (!credential_store_check_new (self, name, uid, error)
      || !creators_add (self->creators, name, uid, error))
    return NULL;
  if (!save (self, name, parts, error)) {
    creators_remove (self->creators, name);
    return NULL;
  }
  credential = credential_new (name, g_steal_pointer (&taken));
  g_hash_table_insert (self->table, g_strdup (name), credential);
  if (self->listener != NULL)
    self->listener->added (credential, self->listener_data);
  update_marks (self);
  return credential;
}

static gboolean
check_present (CredentialStore *self, Credential *credential, GError **error)
{
  const char *name = credential_get_name (credential);

  if (credential_store_lookup (self, name) == credential)
    return TRUE;
  g_set_error (error, MSSL_ERROR, MSSL_ERROR_NOT_FOUND, "The credential %s was deleted meanwhile.", name);
  return FALSE;
}

gboolean
credential_store_replace (CredentialStore *self, Credential *credential, CredentialParts *parts,
                          GError **error)
{
  g_autoptr (CredentialParts) taken = parts;
  g_autoptr (CredentialParts) before = NULL;

  if (!check_present (self, credential, error)
      || !save (self, credential_get_name (credential), parts, error))
    return FALSE;
  before = credential_replace_parts (credential, g_steal_pointer (&taken));
  update_marks (self);
  return TRUE;
}

gboolean
credential_store_delete (CredentialStore *self, Credential *credential, GError **error)
{
  g_autoptr (Credential) kept = g_object_ref (credential);
  g_autofree char *file_name = make_file_name (credential_get_name (kept));

  if (!check_present (self, kept, error)
      || !state_dir_remove (self->state_dir, MSSL_STATE_CREDENTIALS, file_name, error))
    return FALSE;
  g_hash_table_remove (self->table, credential_get_name (kept));
  creators_remove (self->creators, credential_get_name (kept));
  if (self->listener != NULL)
    self->listener->removed (kept, self->listener_data);
  update_marks (self);
  return TRUE;
}

Credential *
credential_store_lookup (CredentialStore *self, const char *name)
{
  return g_hash_table_lookup (self->table, name);
}

static int
compare_credentials (gconstpointer a, gconstpointer b)
{
  return strcmp (credential_get_name (*(Credential *const *) a),
                 credential_get_name (*(Credential *const *) b));
}

GPtrArray *
credential_store_list (CredentialStore *self)
{
  GPtrArray *list = g_ptr_array_new_with_free_func (g_object_unref);
  GHashTableIter iter;
  gpointer credential;

  g_hash_table_iter_init (&iter, self->table);
  while (g_hash_table_iter_next (&iter, NULL, &credential))
    g_ptr_array_add (list, g_object_ref (credential));
  g_ptr_array_sort (list, compare_credentials);
  return list;
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

static void
add_holders (GPtrArray *imeis, char **holders)
{
  for (gsize i = 0; holders[i] != NULL; i++) {
    if (g_ptr_array_find_with_equal_func (imeis, holders[i], g_str_equal, NULL))
      g_free (holders[i]);
    else
      g_ptr_array_add (imeis, holders[i]);
  }
  g_free (holders);
}

char **
credential_store_list_modules (CredentialStore *self, Credential *credential)
{
  GPtrArray *imeis = g_ptr_array_new ();
  gboolean deleted = credential_store_lookup (self, credential_get_name (credential)) != credential;

  for (int i = 0; i < MODULE_CREDENTIAL_PARTS; i++) {
    const char *digest = credential_get_digest (credential, i);

    /* What another credential has too stays in the module for that one. */
    if (digest == NULL || (deleted && is_wanted (digest, self)))
      continue;
    add_holders (imeis, ledger_list_holders (self->ledger, digest));
  }
  g_ptr_array_sort (imeis, compare_names);
  g_ptr_array_add (imeis, NULL);
  return (char **) g_ptr_array_free (imeis, FALSE);
}
