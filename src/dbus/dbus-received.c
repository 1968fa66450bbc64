/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Signals with a destination: what the generated emitters send would go to everybody.
 */
#include "dbus-received.h"

#include "mssl-names.h"

struct DBusReceived {
  GDBusConnection *bus;
  char *path;
  char *receiver; /* NULL when it is gone */
  Connection *connection;
  GCancellable *pings;
};

static void
deliver (guint64 offset, GBytes *data, gpointer user_data)
{
  DBusReceived *self = user_data;
  GVariant *bytes = g_variant_new_from_bytes (G_VARIANT_TYPE_BYTESTRING, data, TRUE);

  g_dbus_connection_emit_signal (self->bus, self->receiver, self->path, MSSL_INTERFACE_CONNECTION, "Received",
                                 g_variant_new ("(t@ay)", offset, bytes), NULL);
}

/* An error that the client itself gives proves that it reads. One of the bus says that it cannot. */
static gboolean
is_from_bus (const GError *error)
{
  static const GDBusError of_bus[] = {
    G_DBUS_ERROR_SERVICE_UNKNOWN, G_DBUS_ERROR_NAME_HAS_NO_OWNER, G_DBUS_ERROR_NO_REPLY,
    G_DBUS_ERROR_DISCONNECTED,    G_DBUS_ERROR_ACCESS_DENIED,     G_DBUS_ERROR_LIMITS_EXCEEDED,
    G_DBUS_ERROR_TIMEOUT,         G_DBUS_ERROR_TIMED_OUT,
  };

  if (error->domain != G_DBUS_ERROR)
    return !g_dbus_error_is_remote_error (error);
  for (guint i = 0; i < G_N_ELEMENTS (of_bus); i++)
    if (error->code == (int) of_bus[i])
      return TRUE;
  return FALSE;
}

static void
note_gone (DBusReceived *self, const GError *error)
{
  /* Usually it has just left. But if the bus lets no Ping through, nobody can receive by signals. */
  if (g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_ACCESS_DENIED))
    g_warning ("The bus policy does not let %s ask its clients whether they read (%s); install %s.conf",
               MSSL_BUS_NAME, error->message, MSSL_BUS_NAME);
  else
    g_debug ("Client %s does not receive any more: %s", self->receiver, error->message);
}

static void
on_pong (GObject *source, GAsyncResult *result, gpointer user_data)
{
  DBusReceived *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply G_GNUC_UNUSED =
      g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return; /* self is gone */

  if (error != NULL && is_from_bus (error)) {
    note_gone (self, error);
    dbus_received_client_left (self);
    return;
  }
  connection_acknowledge (self->connection);
}

static void
probe (gpointer user_data)
{
  DBusReceived *self = user_data;

  /* However long it takes: the buffer fills meanwhile, and that has its own end. */
  g_dbus_connection_call (self->bus, self->receiver, "/", "org.freedesktop.DBus.Peer", "Ping", NULL, NULL,
                          G_DBUS_CALL_FLAGS_NO_AUTO_START, G_MAXINT, self->pings, on_pong, self);
}

static const InboxSink sink = { deliver, probe };

DBusReceived *
dbus_received_new (GDBusConnection *bus, const char *path, const char *receiver, Connection *connection,
                   GError **error)
{
  DBusReceived *self = g_new0 (DBusReceived, 1);

  if (!connection_set_sink (connection, &sink, self, error)) {
    g_free (self);
    return NULL;
  }
  self->bus = g_object_ref (bus);
  self->path = g_strdup (path);
  self->receiver = g_strdup (receiver);
  self->connection = connection;
  self->pings = g_cancellable_new ();
  return self;
}

gboolean
dbus_received_is_for (DBusReceived *self, const char *name)
{
  return g_strcmp0 (self->receiver, name) == 0;
}

gboolean
dbus_received_is_gone (DBusReceived *self)
{
  return self->receiver == NULL;
}

void
dbus_received_client_left (DBusReceived *self)
{
  if (self->receiver == NULL)
    return;

  g_clear_pointer (&self->receiver, g_free);
  g_cancellable_cancel (self->pings);
  connection_remove_sink (self->connection);
}

void
dbus_received_free (DBusReceived *self)
{
  dbus_received_client_left (self);
  g_object_unref (self->bus);
  g_object_unref (self->pings);
  g_free (self->path);
  g_free (self);
}
