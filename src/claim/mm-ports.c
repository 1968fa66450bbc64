/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A view of MMManager, which is a GDBusObjectManagerClient and keeps itself up to date.
 */
#include "mm-ports.h"

#include <libmm-glib.h>
#include <stdlib.h>

struct MmPorts {
  MMManager *manager; /* NULL when there is no system bus */
};

static void
finish_new (GTask *task, MMManager *manager)
{
  MmPorts *self = g_new (MmPorts, 1);

  self->manager = manager;
  g_task_return_pointer (task, self, (GDestroyNotify) mm_ports_free);
  g_object_unref (task);
}

static void
on_manager (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  MMManager *manager = mm_manager_new_finish (result, &error);

  if (manager == NULL)
    g_debug ("ModemManager cannot be watched: %s", error->message);
  finish_new (user_data, manager);
}

static void
on_bus (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GDBusConnection) connection = g_bus_get_finish (result, &error);

  if (connection != NULL) {
    mm_manager_new (connection, G_DBUS_OBJECT_MANAGER_CLIENT_FLAGS_DO_NOT_AUTO_START, NULL, on_manager,
                    user_data);
    return;
  }
  g_debug ("no system bus to watch ModemManager on: %s", error->message);
  finish_new (user_data, NULL);
}

void
mm_ports_new_async (GAsyncReadyCallback callback, gpointer user_data)
{
  g_bus_get (G_BUS_TYPE_SYSTEM, NULL, on_bus, g_task_new (NULL, NULL, callback, user_data));
}

MmPorts *
mm_ports_new_finish (GAsyncResult *result)
{
  return g_task_propagate_pointer (G_TASK (result), NULL);
}

void
mm_ports_free (MmPorts *self)
{
  g_clear_object (&self->manager);
  g_free (self);
}

static gboolean
modem_uses (MMModem *modem, const char *name)
{
  MMModemPortInfo *ports = NULL;
  guint n_ports = 0;
  gboolean found = FALSE;

  if (!mm_modem_get_ports (modem, &ports, &n_ports))
    return FALSE;
  for (guint i = 0; i < n_ports; i++)
    found = found || (ports[i].type != MM_MODEM_PORT_TYPE_IGNORED && g_str_equal (ports[i].name, name));
  mm_modem_port_info_array_free (ports, n_ports);
  return found;
}

gboolean
mm_ports_uses (MmPorts *self, const char *device, char **ret_modem)
{
  g_autofree char *target = NULL;
  g_autofree char *name = NULL;
  GList *objects;
  gboolean found = FALSE;

  if (self->manager == NULL)
    return FALSE;
  target = realpath (device, NULL);
  name = g_path_get_basename (target != NULL ? target : device);
  objects = g_dbus_object_manager_get_objects (G_DBUS_OBJECT_MANAGER (self->manager));
  for (GList *l = objects; l != NULL && !found; l = l->next) {
    MMModem *modem = mm_object_peek_modem (MM_OBJECT (l->data));

    found = modem != NULL && modem_uses (modem, name);
    if (found)
      *ret_modem = g_strdup (mm_object_get_path (MM_OBJECT (l->data)));
  }
  g_list_free_full (objects, g_object_unref);
  return found;
}
