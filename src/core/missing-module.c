/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A list that is made anew with each change.
 */
#include "missing-module.h"

static void
missing_module_free (gpointer data)
{
  MissingModule *self = data;

  g_free (self->name);
  g_free (self->device);
  g_free (self->why);
  g_free (self);
}

GPtrArray *
missing_module_list_new (void)
{
  return g_ptr_array_new_with_free_func (missing_module_free);
}

void
missing_module_list_add (GPtrArray *list, const char *name, const char *device, const char *why)
{
  MissingModule *missing = g_new (MissingModule, 1);

  *missing = (MissingModule){ g_strdup (name), g_strdup (device), g_strdup (why) };
  g_ptr_array_add (list, missing);
}

gboolean
missing_module_list_equal (const GPtrArray *a, const GPtrArray *b)
{
  if (a->len != b->len)
    return FALSE;

  for (guint i = 0; i < a->len; i++) {
    const MissingModule *one = a->pdata[i];
    const MissingModule *other = b->pdata[i];

    if (!g_str_equal (one->name, other->name) || !g_str_equal (one->device, other->device)
        || !g_str_equal (one->why, other->why))
      return FALSE;
  }
  return TRUE;
}

const MissingModule *
missing_module_list_find (const GPtrArray *list, const char *name)
{
  for (guint i = 0; i < list->len; i++) {
    const MissingModule *missing = list->pdata[i];

    if (g_str_equal (missing->name, name))
      return missing;
  }
  return NULL;
}

char *
missing_module_list_describe (const GPtrArray *list)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < list->len; i++) {
    const MissingModule *missing = list->pdata[i];

    g_string_append_printf (text, "%s\"%s\": %s", i > 0 ? "; " : "", missing->name, missing->why);
  }
  return g_string_free (text, FALSE);
}
