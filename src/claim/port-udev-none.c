/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The build without udev: what is there is settled.
 */
#include "port-udev.h"

struct PortUdev {
  char none;
};

PortUdev *
port_udev_new (const char *data, PortUdevFunc changed, gpointer user_data)
{
  return g_new0 (PortUdev, 1);
}

void
port_udev_free (PortUdev *self)
{
  g_free (self);
}

gboolean
port_udev_is_settled (PortUdev *self, const PortPath *path)
{
  return TRUE;
}
