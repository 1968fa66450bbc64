/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * By libgudev, which reads /sys and /run/udev/data for it, and listens to udev about ttys and nothing else.
 */
#include "port-udev.h"

#include <gudev/gudev.h>
#include <unistd.h>

struct PortUdev {
  const char *data;
  GUdevClient *client;
  PortUdevFunc changed;
  gpointer user_data;
};

static void
on_uevent (GUdevClient *client, const char *action, GUdevDevice *device, gpointer user_data)
{
  PortUdev *self = user_data;

  self->changed (self->user_data);
}

PortUdev *
port_udev_new (const char *data, PortUdevFunc changed, gpointer user_data)
{
  static const char *const subsystems[] = { "tty", NULL };
  PortUdev *self = g_new (PortUdev, 1);

  *self = (PortUdev){ data, g_udev_client_new (subsystems), changed, user_data };
  g_signal_connect (self->client, "uevent", G_CALLBACK (on_uevent), self);
  return self;
}

void
port_udev_free (PortUdev *self)
{
  g_signal_handlers_disconnect_by_data (self->client, self);
  g_object_unref (self->client);
  g_free (self);
}

gboolean
port_udev_is_settled (PortUdev *self, const PortPath *path)
{
  g_autoptr (GUdevDevice) device = NULL;

  if (path->target == NULL || !S_ISCHR (path->node.st_mode) || access (self->data, F_OK) < 0)
    return TRUE;

  device = g_udev_client_query_by_device_number (self->client, G_UDEV_DEVICE_TYPE_CHAR, path->node.st_rdev);
  return device == NULL || g_udev_device_get_is_initialized (device);
}
