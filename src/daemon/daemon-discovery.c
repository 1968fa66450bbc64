/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A list that only grows, by the IMEIs that ModemManager tells.
 */
#include "daemon-discovery.h"

struct DaemonDiscovery {
  MmModems *modems;
  gulong changed_id;
  GPtrArray *found; /* DaemonConfigModule */
  DaemonDiscoveryFunc changed;
  gpointer user_data;
};

static gboolean
is_found (DaemonDiscovery *self, const char *imei)
{
  for (guint i = 0; i < self->found->len; i++)
    if (g_str_equal (((DaemonConfigModule *) self->found->pdata[i])->imei, imei))
      return TRUE;
  return FALSE;
}

static void
add (DaemonDiscovery *self, const char *imei)
{
  if (!is_found (self, imei) && self->found->len < DAEMON_CONFIG_MAX_MODULES)
    g_ptr_array_add (self->found, daemon_config_module_new_found (imei));
}

static gboolean
look (DaemonDiscovery *self)
{
  g_autoptr (GPtrArray) imeis = mm_modems_list (self->modems);
  guint before = self->found->len;

  for (guint i = 0; i < imeis->len; i++)
    add (self, imeis->pdata[i]);
  return self->found->len > before;
}

static void
on_modems_changed (DaemonDiscovery *self)
{
  if (look (self))
    self->changed (self->user_data);
}

const GPtrArray *
daemon_discovery_get_modules (DaemonDiscovery *self)
{
  return self->found;
}

DaemonDiscovery *
daemon_discovery_new (MmModems *modems, const char *const *held_over, DaemonDiscoveryFunc changed,
                      gpointer user_data)
{
  DaemonDiscovery *self = g_new0 (DaemonDiscovery, 1);

  self->modems = modems;
  self->changed = changed;
  self->user_data = user_data;
  self->found = g_ptr_array_new_with_free_func ((GDestroyNotify) daemon_config_module_unref);
  self->changed_id = g_signal_connect_swapped (modems, "changed", G_CALLBACK (on_modems_changed), self);
  for (guint i = 0; held_over != NULL && held_over[i] != NULL; i++)
    add (self, held_over[i]);
  look (self);
  return self;
}

void
daemon_discovery_free (DaemonDiscovery *self)
{
  g_signal_handler_disconnect (self->modems, self->changed_id);
  g_ptr_array_unref (self->found);
  g_free (self);
}
