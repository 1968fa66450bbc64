/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The bus serves in order: when it says, behind our answer, that the client is there, the answer has gone to
 * the client. (A Ping of the client would prove more, but one that only reads its stream need never answer.)
 */
#include "dbus-stream.h"

#include <gio/gunixfdlist.h>

#include "dbus-error.h"
#include "mssl-error.h"

#define BUS_NAME "org.freedesktop.DBus"
#define BUS_PATH "/org/freedesktop/DBus"

static void
on_has_owner (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Connection) connection = user_data;
  g_autoptr (GVariant) reply = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, NULL);
  gboolean there = TRUE;

  if (reply != NULL)
    g_variant_get (reply, "(b)", &there);
  if (there)
    connection_start_stream (connection);
  else
    connection_recall_stream (connection);
}

static gboolean
check_bus (GDBusConnection *bus, GError **error)
{
  if ((g_dbus_connection_get_capabilities (bus) & G_DBUS_CAPABILITY_FLAGS_UNIX_FD_PASSING) != 0)
    return TRUE;

  g_set_error (error, MSSL_ERROR, MSSL_ERROR_FAILED,
               "The daemon's message bus cannot carry file descriptors; use Send and Receive");
  return FALSE;
}

void
dbus_stream_serve (GDBusMethodInvocation *invocation, Connection *connection)
{
  GDBusConnection *bus = g_dbus_method_invocation_get_connection (invocation);
  g_autofree char *client = g_strdup (g_dbus_method_invocation_get_sender (invocation));
  g_autoptr (GUnixFDList) fds = NULL;
  GError *error = NULL;
  int fd;

  if (!check_bus (bus, &error) || !connection_acquire_stream (connection, &fd, &error)) {
    dbus_error_return (invocation, error);
    return;
  }
  fds = g_unix_fd_list_new_from_array (&fd, 1); /* takes the fd */
  g_dbus_method_invocation_return_value_with_unix_fd_list (invocation, g_variant_new ("(h)", 0), fds);
  g_dbus_connection_call (bus, BUS_NAME, BUS_PATH, BUS_NAME, "NameHasOwner", g_variant_new ("(s)", client),
                          G_VARIANT_TYPE ("(b)"), G_DBUS_CALL_FLAGS_NONE, -1, NULL, on_has_owner,
                          g_object_ref (connection));
}
