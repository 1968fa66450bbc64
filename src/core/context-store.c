/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A table by name, and a file NAME.context for each.
 */
#include "context-store.h"

#include <string.h>

#include "creators.h"
#include "mssl-error.h"
#include "mssl-name.h"
#include "mssl-names.h"

#define SUFFIX ".context"

struct ContextStore {
  StateDir *state_dir;
  Creators *creators;
  Quotas quotas;
  CredentialStore *credentials;
  GHashTable *table; /* name -> Context */
  const ContextStoreListener *listener;
  gpointer listener_data;
};

static char *
make_file_name (const char *name)
{
  return g_strconcat (name, SUFFIX, NULL);
}

/** The name of the context in the file @file_name; NULL when it is none of ours. */
static char *
parse_file_name (const char *file_name)
{
  g_autofree char *name = NULL;

  if (!g_str_has_suffix (file_name, SUFFIX))
    return NULL;
  name = g_strndup (file_name, strlen (file_name) - strlen (SUFFIX));
  return mssl_name_is_valid (name) ? g_steal_pointer (&name) : NULL;
}

/** @before: what the setting was; one that stays as it is may name a credential that was lost meanwhile. */
static gboolean
check_credential (ContextStore *self, const char *key, const char *name, const char *before,
                  ModuleCredentialPart part, GError **error)
{
  Credential *credential;

  if (name == NULL || g_strcmp0 (name, before) == 0)
    return TRUE;
  credential = credential_store_lookup (self->credentials, name);
  if (credential == NULL) {
    g_set_error (error, MSSL_ERROR, MSSL_ERROR_NOT_FOUND,
                 "There is no credential %s for the setting \"%s\": import it first.", name, key);
    return FALSE;
  }
  if (credential_get_part (credential, part) == NULL) {
    g_set_error (error, MSSL_ERROR, MSSL_ERROR_INVALID_ARGUMENT,
                 "The credential %s of the setting \"%s\" has no %s.", name, key,
                 part == MODULE_CREDENTIAL_CA ? "CA certificate" : "client certificate");
    return FALSE;
  }
  return TRUE;
}

/** @before: NULL for a new context. */
static gboolean
save (ContextStore *self, const char *name, const ContextSettings *settings, const ContextSettings *before,
      GError **error)
{
  g_autofree char *file_name = make_file_name (name);
  g_autoptr (GBytes) content = context_settings_save (settings);

  if (!check_credential (self, MSSL_SETTING_CA_CERTIFICATE, settings->ca_certificate,
                         before != NULL ? before->ca_certificate : NULL, MODULE_CREDENTIAL_CA, error))
    return FALSE;
  if (!check_credential (self, MSSL_SETTING_CLIENT_CERTIFICATE, settings->client_certificate,
                         before != NULL ? before->client_certificate : NULL,
                         MODULE_CREDENTIAL_CLIENT_CERTIFICATE, error))
    return FALSE;
  return state_dir_write (self->state_dir, MSSL_STATE_CONTEXTS, file_name, content, error);
}

static gboolean
commit (Context *context, const ContextSettings *settings, gpointer user_data, GError **error)
{
  return save (user_data, context_get_name (context), settings, context_get_settings (context), error);
}

/** Takes @settings. */
static Context *
add (ContextStore *self, const char *name, ContextSettings *settings)
{
  Context *context = context_new (name, settings, commit, self);

  g_hash_table_insert (self->table, g_strdup (name), context);
  return context;
}

static void
set_aside (ContextStore *self, const char *file_name, const char *why)
{
  g_autoptr (GError) error = NULL;

  g_warning ("The file %s cannot be used (%s) and is renamed to %s" STATE_DIR_DAMAGED_SUFFIX
             "; create the context again.",
             file_name, why, file_name);
  if (!state_dir_set_aside (self->state_dir, MSSL_STATE_CONTEXTS, file_name, &error))
    g_warning ("%s", error->message);
}

static void
load (ContextStore *self, const char *file_name, const char *name)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) content = state_dir_read (self->state_dir, MSSL_STATE_CONTEXTS, file_name, &error);
  ContextSettings *settings = content != NULL ? context_settings_load (content, &error) : NULL;

  if (settings == NULL)
    set_aside (self, file_name, error->message);
  else
    add (self, name, settings);
}

ContextStore *
context_store_new (StateDir *state_dir, CredentialStore *credentials, GError **error)
{
  g_auto (GStrv) file_names = state_dir_list (state_dir, MSSL_STATE_CONTEXTS, error);
  ContextStore *self;

  if (file_names == NULL)
    return NULL;
  self = g_new0 (ContextStore, 1);
  self->state_dir = state_dir;
  self->credentials = credentials;
  self->creators = creators_new (state_dir, MSSL_STATE_CONTEXTS);
  quotas_init (&self->quotas);
  self->table = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_object_unref);
  for (gsize i = 0; file_names[i] != NULL; i++) {
    g_autofree char *name = parse_file_name (file_names[i]);

    if (name != NULL)
      load (self, file_names[i], name);
  }
  creators_keep (self->creators, self->table);
  return self;
}

void
context_store_free (ContextStore *self)
{
  GHashTableIter iter;
  gpointer context;

  g_hash_table_iter_init (&iter, self->table);
  while (g_hash_table_iter_next (&iter, NULL, &context))
    context_detach (context);
  g_hash_table_unref (self->table);
  creators_free (self->creators);
  g_free (self);
}

void
context_store_set_quotas (ContextStore *self, const Quotas *quotas)
{
  self->quotas = *quotas;
}

void
context_store_set_listener (ContextStore *self, const ContextStoreListener *listener, gpointer user_data)
{
  self->listener = listener;
  self->listener_data = user_data;
}

static gboolean
check_new (ContextStore *self, const char *name, guint uid, GError **error)
{
  if (!mssl_name_check (name, "context", error))
    return FALSE;
  if (context_store_lookup (self, name) != NULL) {
    g_set_error (error, MSSL_ERROR, MSSL_ERROR_EXISTS,
                 "There is a context %s already: configure it, or use another name.", name);
    return FALSE;
  }
  return creators_check (self->creators, &self->quotas, QUOTAS_CONTEXTS, QUOTAS_CONTEXTS_PER_USER,
                         g_hash_table_size (self->table), uid, error);
}

Context *
context_store_create (ContextStore *self, const char *name, GVariant *settings, guint uid, GError **error)
{
  g_autoptr (ContextSettings) all = context_settings_new ();
  Context *context;

  if (!check_new (self, name, uid, error) || !context_settings_update (all, settings, error)
      || !creators_add (self->creators, name, uid, error))
    return NULL;
  if (!save (self, name, all, NULL, error)) {
    creators_remove (self->creators, name);
    return NULL;
  }
  context = add (self, name, g_steal_pointer (&all));
  if (self->listener != NULL)
    self->listener->added (context, self->listener_data);
  return context;
}

static gboolean
check_deletable (ContextStore *self, Context *context, GError **error)
{
  const char *name = context_get_name (context);

  if (context_store_lookup (self, name) != context) {
    g_set_error (error, MSSL_ERROR, MSSL_ERROR_NOT_FOUND, "The context %s was deleted meanwhile.", name);
    return FALSE;
  }
  if (context_is_used (context)) {
    g_set_error (error, MSSL_ERROR, MSSL_ERROR_IN_USE,
                 "A connection that was opened with the context %s is not closed yet: close it first.", name);
    return FALSE;
  }
  return TRUE;
}

gboolean
context_store_delete (ContextStore *self, Context *context, GError **error)
{
  g_autoptr (Context) kept = g_object_ref (context);
  g_autofree char *file_name = make_file_name (context_get_name (kept));

  if (!check_deletable (self, kept, error)
      || !state_dir_remove (self->state_dir, MSSL_STATE_CONTEXTS, file_name, error))
    return FALSE;
  context_detach (kept);
  g_hash_table_remove (self->table, context_get_name (kept));
  creators_remove (self->creators, context_get_name (kept));
  if (self->listener != NULL)
    self->listener->removed (kept, self->listener_data);
  return TRUE;
}

Context *
context_store_lookup (ContextStore *self, const char *name)
{
  return g_hash_table_lookup (self->table, name);
}

static int
compare_contexts (gconstpointer a, gconstpointer b)
{
  return strcmp (context_get_name (*(Context *const *) a), context_get_name (*(Context *const *) b));
}

GPtrArray *
context_store_list (ContextStore *self)
{
  GPtrArray *list = g_ptr_array_new_with_free_func (g_object_unref);
  GHashTableIter iter;
  gpointer context;

  g_hash_table_iter_init (&iter, self->table);
  while (g_hash_table_iter_next (&iter, NULL, &context))
    g_ptr_array_add (list, g_object_ref (context));
  g_ptr_array_sort (list, compare_contexts);
  return list;
}

Context *
context_store_find_user_of_credential (ContextStore *self, const char *credential_name)
{
  GHashTableIter iter;
  gpointer context;

  g_hash_table_iter_init (&iter, self->table);
  while (g_hash_table_iter_next (&iter, NULL, &context)) {
    const ContextSettings *settings = context_get_settings (context);

    if (g_strcmp0 (settings->ca_certificate, credential_name) == 0
        || g_strcmp0 (settings->client_certificate, credential_name) == 0)
      return context;
  }
  return NULL;
}
