/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * From the manager's property MissingModules.
 */
#include "ctl-missing.h"

#include "ctl-bus.h"
#include "ctl-record.h"
#include "mssl-names.h"

#define MISSING_TYPE "a(sss)"

static GVariant *
make_record (const char *name, const char *device, const char *why)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&builder, "{sv}", "name", g_variant_new_string (name));
  g_variant_builder_add (&builder, "{sv}", "state", g_variant_new_string ("missing"));
  g_variant_builder_add (&builder, "{sv}", "state-text", g_variant_new_string (why));
  g_variant_builder_add (&builder, "{sv}", "device", g_variant_new_string (device));
  return g_variant_ref_sink (g_variant_builder_end (&builder));
}

gboolean
ctl_missing_add (GDBusConnection *bus, GPtrArray *records, GError **error)
{
  g_autoptr (GVariant) reply = ctl_bus_call (bus, MSSL_PATH, "org.freedesktop.DBus.Properties", "GetAll",
                                             g_variant_new ("(s)", MSSL_INTERFACE_MANAGER), NULL, "(a{sv})",
                                             CTL_BUS_TIMEOUT_DEFAULT, error);
  g_autoptr (GVariant) properties = NULL;
  g_autoptr (GVariant) missing = NULL;
  GVariantIter iter;
  const char *name, *device, *why;

  if (reply == NULL)
    return FALSE;

  properties = g_variant_get_child_value (reply, 0);
  missing = g_variant_lookup_value (properties, "MissingModules", G_VARIANT_TYPE (MISSING_TYPE));
  if (missing == NULL)
    return TRUE;

  g_variant_iter_init (&iter, missing);
  while (g_variant_iter_next (&iter, "(&s&s&s)", &name, &device, &why))
    g_ptr_array_add (records, make_record (name, device, why));
  ctl_record_sort (records);
  return TRUE;
}
