/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The build without libmm-glib: ModemManager is never there.
 */
#include "mm-modems.h"

struct _MmModems {
  GObject parent_instance;
};

G_DEFINE_FINAL_TYPE (MmModems, mm_modems, G_TYPE_OBJECT)

static void
mm_modems_init (MmModems *self)
{
}

static void
mm_modems_class_init (MmModemsClass *klass)
{
  g_signal_new ("changed", MM_TYPE_MODEMS, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

void
mm_modems_facts_clear (MmModemsFacts *self)
{
}

gboolean
mm_modems_is_supported (void)
{
  return FALSE;
}

void
mm_modems_new_async (GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, callback, user_data);

  g_task_return_pointer (task, g_object_new (MM_TYPE_MODEMS, NULL), g_object_unref);
}

MmModems *
mm_modems_new_finish (GAsyncResult *result)
{
  return g_task_propagate_pointer (G_TASK (result), NULL);
}

GDBusConnection *
mm_modems_get_bus (MmModems *self)
{
  return NULL;
}

guint
mm_modems_get_life (MmModems *self)
{
  return 0;
}

guint
mm_modems_get_age_ms (MmModems *self)
{
  return 0;
}

gboolean
mm_modems_find (MmModems *self, const MmModemQuery *query, MmModemsFacts *ret_facts)
{
  return FALSE;
}

GPtrArray *
mm_modems_list (MmModems *self)
{
  return g_ptr_array_new ();
}

void
mm_modems_enable_async (MmModems *self, const char *path, guint timeout_ms, GAsyncReadyCallback callback,
                        gpointer user_data)
{
  g_return_if_reached ();
}
