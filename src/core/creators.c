/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A table of names, saved as a key file whenever it changes.
 */
#include "creators.h"

#include "mssl-error.h"

#define FILE_NAME "creators"
#define GROUP "creators"

struct Creators {
  StateDir *state_dir;
  const char *directory;
  GHashTable *uids; /* name -> user id, never 0 */
};

static gboolean
read_uid (Creators *self, GKeyFile *file, const char *name)
{
  g_autofree char *text = g_key_file_get_string (file, GROUP, name, NULL);
  guint64 uid;

  if (text == NULL || !g_ascii_string_to_unsigned (text, 10, 1, G_MAXUINT32, &uid, NULL))
    return FALSE;

  g_hash_table_insert (self->uids, g_strdup (name), GUINT_TO_POINTER ((guint) uid));
  return TRUE;
}

static gboolean
read_all (Creators *self, GBytes *content)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_auto (GStrv) names = NULL;

  if (!g_key_file_load_from_bytes (file, content, G_KEY_FILE_NONE, NULL))
    return FALSE;

  names = g_key_file_get_keys (file, GROUP, NULL, NULL);
  for (guint i = 0; names != NULL && names[i] != NULL; i++)
    if (!read_uid (self, file, names[i]))
      return FALSE;
  return names != NULL;
}

static void
set_aside (Creators *self)
{
  g_autoptr (GError) error = NULL;

  g_hash_table_remove_all (self->uids);
  g_warning ("The file %s/%s cannot be used and is renamed; what there is counts as root's.", self->directory,
             FILE_NAME);
  if (!state_dir_set_aside (self->state_dir, self->directory, FILE_NAME, &error))
    g_warning ("%s", error->message);
}

static gboolean
save (Creators *self, GError **error)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autoptr (GBytes) content = NULL;
  GHashTableIter iter;
  gpointer name, uid;
  char *text;
  gsize size;

  if (g_hash_table_size (self->uids) == 0)
    return state_dir_remove (self->state_dir, self->directory, FILE_NAME, error);

  g_hash_table_iter_init (&iter, self->uids);
  while (g_hash_table_iter_next (&iter, &name, &uid))
    g_key_file_set_uint64 (file, GROUP, name, GPOINTER_TO_UINT (uid));
  text = g_key_file_to_data (file, &size, NULL);
  content = g_bytes_new_take (text, size);
  return state_dir_write (self->state_dir, self->directory, FILE_NAME, content, error);
}

Creators *
creators_new (StateDir *state_dir, const char *directory)
{
  Creators *self = g_new (Creators, 1);
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) content = NULL;

  *self = (Creators){ state_dir, directory, g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL) };
  content = state_dir_read (state_dir, directory, FILE_NAME, &error);
  if (content != NULL ? !read_all (self, content)
                      : !g_error_matches (error, MSSL_ERROR, MSSL_ERROR_NOT_FOUND))
    set_aside (self);
  return self;
}

void
creators_free (Creators *self)
{
  g_hash_table_unref (self->uids);
  g_free (self);
}

static gboolean
is_absent (gpointer name, gpointer uid, gpointer present)
{
  return !g_hash_table_contains (present, name);
}

void
creators_keep (Creators *self, GHashTable *present)
{
  g_hash_table_foreach_remove (self->uids, is_absent, present);
}

guint
creators_count (const Creators *self, guint uid)
{
  GHashTableIter iter;
  gpointer value;
  guint n = 0;

  g_hash_table_iter_init (&iter, self->uids);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    n += GPOINTER_TO_UINT (value) == uid;
  return n;
}

gboolean
creators_add (Creators *self, const char *name, guint uid, GError **error)
{
  if (uid == 0) {
    creators_remove (self, name);
    return TRUE;
  }
  g_hash_table_insert (self->uids, g_strdup (name), GUINT_TO_POINTER (uid));
  if (save (self, error))
    return TRUE;

  g_hash_table_remove (self->uids, name);
  return FALSE;
}

void
creators_remove (Creators *self, const char *name)
{
  g_autoptr (GError) error = NULL;

  if (g_hash_table_remove (self->uids, name) && !save (self, &error))
    g_warning ("%s", error->message);
}

gboolean
creators_check (const Creators *self, const Quotas *quotas, QuotasKey total, QuotasKey per_user, guint n,
                guint uid, GError **error)
{
  return quotas_check_count (quotas, total, n, error)
         && (uid == 0 || quotas_check_count (quotas, per_user, creators_count (self, uid), error));
}
