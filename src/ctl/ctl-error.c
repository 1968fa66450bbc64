/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * From the errors of GDBus and of the daemon to exit status and sentence.
 */
#include "ctl-error.h"

#include <gio/gio.h>

#include "mssl-error.h"

#define UNREACHABLE_TEXT "the daemon cannot be reached: is modemssld running? (%s)"
#define DENIED_TEXT "the bus denies access to the daemon: are you root or in the group modemssl? (%s)"
#define GONE_TEXT "the daemon went away without an answer (%s)"

/* What g_dbus_error_get_remote_error() would name; the bus itself answers with these. */
static const char *const spawn_prefix = "org.freedesktop.DBus.Error.Spawn.";

G_DEFINE_QUARK (ctl - error - quark, ctl_error)

static gboolean
is_unreachable (const GError *error, const char *remote_name)
{
  return g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_SERVICE_UNKNOWN)
         || g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_NAME_HAS_NO_OWNER)
         || (remote_name != NULL && g_str_has_prefix (remote_name, spawn_prefix));
}

static gboolean
is_gone (const GError *error)
{
  return g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_NO_REPLY)
         || g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_DISCONNECTED)
         || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CLOSED)
         || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
}

static GError *
translate (GError *error)
{
  g_autofree char *remote_name = g_dbus_error_get_remote_error (error);
  g_dbus_error_strip_remote_error (error);

  if (is_unreachable (error, remote_name))
    return g_error_new (CTL_ERROR, CTL_ERROR_UNREACHABLE, UNREACHABLE_TEXT, error->message);
  if (g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_ACCESS_DENIED))
    return g_error_new (CTL_ERROR, CTL_ERROR_UNREACHABLE, DENIED_TEXT, error->message);
  if (is_gone (error))
    return g_error_new (CTL_ERROR, CTL_ERROR_FAILED, GONE_TEXT, error->message);
  return g_error_new_literal (CTL_ERROR, CTL_ERROR_FAILED, error->message);
}

gboolean
ctl_error_convert (GError **error)
{
  if (error == NULL || *error == NULL || (*error)->domain == CTL_ERROR)
    return FALSE;

  g_autoptr (GError) original = g_steal_pointer (error);
  *error = translate (original);
  return FALSE;
}
