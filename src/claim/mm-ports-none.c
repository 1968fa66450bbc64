/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The build without libmm-glib: no port is ModemManager's.
 */
#include "mm-ports.h"

struct MmPorts {
  char none;
};

void
mm_ports_new_async (GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, callback, user_data);

  g_task_return_pointer (task, g_new0 (MmPorts, 1), g_free);
}

MmPorts *
mm_ports_new_finish (GAsyncResult *result)
{
  return g_task_propagate_pointer (G_TASK (result), NULL);
}

void
mm_ports_free (MmPorts *self)
{
  g_free (self);
}

gboolean
mm_ports_uses (MmPorts *self, const char *device, char **ret_modem)
{
  return FALSE;
}
