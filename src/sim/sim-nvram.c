/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A key file, written anew at each change. See sim-nvram.h. */
#include "sim-nvram.h"

#define GROUP_NUMBERS "settings"
#define GROUP_BYTES "files"

struct SimNvram {
  char *path;
  GKeyFile *memory;
};

SimNvram *
sim_nvram_new (const char *path, GError **error)
{
  g_autoptr (SimNvram) self = g_new0 (SimNvram, 1);
  self->path = g_strdup (path);
  self->memory = g_key_file_new ();

  g_autoptr (GError) local = NULL;
  if (path == NULL || g_key_file_load_from_file (self->memory, path, G_KEY_FILE_NONE, &local)
      || g_error_matches (local, G_FILE_ERROR, G_FILE_ERROR_NOENT))
    return g_steal_pointer (&self);

  g_propagate_prefixed_error (error, g_steal_pointer (&local), "%s: ", path);
  return NULL;
}

void
sim_nvram_free (SimNvram *self)
{
  g_free (self->path);
  g_key_file_unref (self->memory);
  g_free (self);
}

static void
save (SimNvram *self)
{
  if (self->path == NULL)
    return;

  gsize length;
  g_autofree char *text = g_key_file_to_data (self->memory, &length, NULL);
  g_autoptr (GError) error = NULL;
  if (!g_file_set_contents_full (self->path, text, (gssize) length, G_FILE_SET_CONTENTS_CONSISTENT, 0600,
                                 &error))
    g_printerr ("modemssl-sim: nvram is not saved: %s\n", error->message);
}

gint
sim_nvram_get_number (SimNvram *self, const char *name, gint fallback)
{
  g_autoptr (GError) error = NULL;
  gint value = g_key_file_get_integer (self->memory, GROUP_NUMBERS, name, &error);
  return error == NULL ? value : fallback;
}

void
sim_nvram_set_number (SimNvram *self, const char *name, gint value)
{
  g_key_file_set_integer (self->memory, GROUP_NUMBERS, name, value);
  save (self);
}

GBytes *
sim_nvram_get_bytes (SimNvram *self, const char *name)
{
  g_autofree char *text = g_key_file_get_string (self->memory, GROUP_BYTES, name, NULL);
  if (text == NULL)
    return NULL;

  gsize length;
  guchar *data = g_base64_decode (text, &length);
  return g_bytes_new_take (data, length);
}

void
sim_nvram_set_bytes (SimNvram *self, const char *name, GBytes *value)
{
  gsize length;
  const guchar *data = g_bytes_get_data (value, &length);
  g_autofree char *text = g_base64_encode (data, length);
  g_key_file_set_string (self->memory, GROUP_BYTES, name, text);
  save (self);
}
