/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Thin wrappers around GDBus that convert its errors.
 */
#include "ctl-bus.h"

#include <gio/gunixfdlist.h>

#include "ctl-error.h"
#include "mssl-error.h"
#include "mssl-names.h"

GDBusConnection *
ctl_bus_connect (GBusType type, GError **error)
{
  /* From here on the daemon's errors arrive as MSSL_ERROR. */
  (void) mssl_error_quark ();

  g_autoptr (GError) local_error = NULL;
  GDBusConnection *bus = g_bus_get_sync (type, NULL, &local_error);
  if (bus == NULL) {
    g_set_error (error, CTL_ERROR, CTL_ERROR_UNREACHABLE, "the %s bus cannot be reached: %s",
                 type == G_BUS_TYPE_SYSTEM ? "system" : "session", local_error->message);
    return NULL;
  }
  g_dbus_connection_set_exit_on_close (bus, FALSE);
  return bus;
}

GVariant *
ctl_bus_call (GDBusConnection *bus, const char *path, const char *interface, const char *method,
              GVariant *parameters, GUnixFDList *fds, const char *reply_type, int timeout_ms, GError **error)
{
  GVariant *reply = g_dbus_connection_call_with_unix_fd_list_sync (
      bus, MSSL_BUS_NAME, path, interface, method, parameters,
      reply_type != NULL ? G_VARIANT_TYPE (reply_type) : NULL, G_DBUS_CALL_FLAGS_NONE, timeout_ms, fds, NULL,
      NULL, error);

  if (reply == NULL)
    ctl_error_convert (error);
  return reply;
}

char *
ctl_bus_get_path (GDBusConnection *bus, const char *method, const char *name, GError **error)
{
  g_autoptr (GVariant) reply =
      ctl_bus_call (bus, MSSL_PATH, MSSL_INTERFACE_MANAGER, method, g_variant_new ("(s)", name), NULL, "(o)",
                    CTL_BUS_TIMEOUT_DEFAULT, error);
  char *path;

  if (reply == NULL) {
    /* Somebody who gave several names wants to know which one it is about. */
    if (g_error_matches (*error, CTL_ERROR, CTL_ERROR_FAILED) && strstr ((*error)->message, name) == NULL)
      g_prefix_error (error, "%s: ", name);
    return NULL;
  }
  g_variant_get (reply, "(o)", &path);
  return path;
}

char *
ctl_bus_get_owner (GDBusConnection *bus, GError **error)
{
  g_autoptr (GVariant) reply = g_dbus_connection_call_sync (
      bus, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "GetNameOwner",
      g_variant_new ("(s)", MSSL_BUS_NAME), G_VARIANT_TYPE ("(s)"), G_DBUS_CALL_FLAGS_NONE,
      CTL_BUS_TIMEOUT_DEFAULT, NULL, error);
  char *owner;

  if (reply == NULL) {
    ctl_error_convert (error);
    return NULL;
  }
  g_variant_get (reply, "(s)", &owner);
  return owner;
}
