/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * handle_*: a call came, may this caller? serve_*: it may.
 */
#include "dbus-connection.h"

#include "dbus-caller.h"
#include "dbus-connection-skeleton.h"
#include "dbus-error.h"
#include "dbus-received.h"
#include "dbus-stream.h"
#include "mssl-error.h"
#include "mssl-name.h"
#include "mssl-names.h"
#include "tls-security.h"

/* Counted: a call that waits for its caller's user id holds one. */
struct DBusConnection {
  Connection *connection;
  GDBusObjectManagerServer *objects; /* NULL when it is no more exported */
  GDBusConnection *bus;
  DBusClients *clients;
  MsslDBusConnection *skeleton;
  char *path;
  DBusReceived *received; /* NULL for none */
};

char *
dbus_connection_make_path (guint64 number)
{
  return g_strdup_printf ("%s/%" G_GUINT64_FORMAT, MSSL_PATH_CONNECTIONS, number);
}

/* -- what it tells ----------------------------------------------------------------------------------- */

/* No path of an object is "none": the root stands for it. */
static void
set_module (DBusConnection *self)
{
  const char *name = connection_get_module_name (self->connection);
  g_autofree char *path = name != NULL ? mssl_name_to_path (MSSL_PATH_MODULES, name) : g_strdup ("/");

  mssl_dbus_connection_set_module (self->skeleton, path);
}

static void
on_changed (Connection *connection, gpointer user_data)
{
  DBusConnection *self = user_data;
  MsslDBusConnection *skeleton = self->skeleton;

  set_module (self);
  mssl_dbus_connection_set_queue_position (skeleton, connection_get_queue_position (connection));
  mssl_dbus_connection_set_state (skeleton, connection_state_get_name (connection_get_state (connection)));
  mssl_dbus_connection_set_close_reason (skeleton,
                                         close_reason_get_name (connection_get_close_reason (connection)));
  mssl_dbus_connection_set_close_code (skeleton, connection_get_close_code (connection));
  mssl_dbus_connection_set_close_text (skeleton, connection_get_close_text (connection));
  mssl_dbus_connection_set_receive_mode (skeleton,
                                         inbox_get_mode_name (connection_get_receive_mode (connection)));
  /* Or GDBus would merge this step with the next. */
  g_dbus_interface_skeleton_flush (G_DBUS_INTERFACE_SKELETON (skeleton));
}

static void
on_closed (Connection *connection, gpointer user_data)
{
  DBusConnection *self = user_data;

  mssl_dbus_connection_emit_closed (self->skeleton, connection_get_close_code (connection),
                                    close_reason_get_name (connection_get_close_reason (connection)),
                                    connection_get_close_text (connection));
}

/* -- Send -------------------------------------------------------------------------------------------- */

static void
on_sent (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GDBusMethodInvocation *invocation = user_data;
  GError *error = NULL;
  guint64 confirmed;

  if (connection_send_finish (MSSL_CONNECTION (source), result, &confirmed, &error))
    g_dbus_method_invocation_return_value (invocation, g_variant_new ("(t)", confirmed));
  else
    dbus_error_return (invocation, error);
}

static void
serve_send (GDBusMethodInvocation *invocation, Connection *connection, gpointer adapter)
{
  GVariant *parameters = g_dbus_method_invocation_get_parameters (invocation);
  g_autoptr (GVariant) data = g_variant_get_child_value (parameters, 0);
  g_autoptr (GBytes) bytes = g_variant_get_data_as_bytes (data);

  connection_send_async (connection, bytes, on_sent, invocation);
}

/* -- Receive ----------------------------------------------------------------------------------------- */

static void
on_receive (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GDBusMethodInvocation *invocation = user_data;
  GVariant *parameters = g_dbus_method_invocation_get_parameters (invocation);
  GError *error = NULL;
  gboolean eof = FALSE;
  g_autoptr (GBytes) data = inbox_receive_finish (result, &eof, &error);
  guint64 offset;

  if (data == NULL) {
    dbus_error_return (invocation, error);
    return;
  }
  g_variant_get (parameters, "(tuu)", &offset, NULL, NULL);
  g_dbus_method_invocation_return_value (
      invocation, g_variant_new ("(t@ayb)", offset,
                                 g_variant_new_from_bytes (G_VARIANT_TYPE_BYTESTRING, data, TRUE), eof));
}

static void
serve_receive (GDBusMethodInvocation *invocation, Connection *connection, gpointer adapter)
{
  guint64 offset;
  guint max_bytes, timeout_ms;

  g_variant_get (g_dbus_method_invocation_get_parameters (invocation), "(tuu)", &offset, &max_bytes,
                 &timeout_ms);
  connection_receive_async (connection, offset, max_bytes, timeout_ms, on_receive, invocation);
}

/* -- StartReceiving ---------------------------------------------------------------------------------- */

static gboolean
start_receiving (DBusConnection *self, const char *receiver, GError **error)
{
  if (self->objects == NULL) {
    g_set_error (error, MSSL_ERROR, MSSL_ERROR_NOT_CONNECTED, "The connection was released");
    return FALSE;
  }
  if (self->received != NULL && dbus_received_is_for (self->received, receiver))
    return TRUE;
  if (self->received != NULL && dbus_received_is_gone (self->received))
    g_clear_pointer (&self->received, dbus_received_free);
  if (self->received != NULL) {
    g_set_error (error, MSSL_ERROR, MSSL_ERROR_RECEIVE_MODE,
                 "Data of this connection goes to another client already");
    return FALSE;
  }
  self->received = dbus_received_new (self->bus, self->path, receiver, self->connection, error);
  return self->received != NULL;
}

static void
serve_start_receiving (GDBusMethodInvocation *invocation, Connection *connection, gpointer adapter)
{
  GError *error = NULL;

  if (!start_receiving (adapter, g_dbus_method_invocation_get_sender (invocation), &error)) {
    dbus_error_return (invocation, error);
    return;
  }
  g_dbus_method_invocation_return_value (invocation, NULL);
  connection_deliver (connection);
}

/* -- AcquireStream ------------------------------------------------------------------------------------ */

static void
serve_acquire_stream (GDBusMethodInvocation *invocation, Connection *connection, gpointer adapter)
{
  dbus_stream_serve (invocation, connection);
}

/* -- GetStatistics, Close, Release ------------------------------------------------------------------- */

static void
serve_get_statistics (GDBusMethodInvocation *invocation, Connection *connection, gpointer adapter)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);
  ConnectionStatistics statistics;

  connection_get_statistics (connection, &statistics);
  g_variant_builder_add (&builder, "{sv}", "bytes-sent", g_variant_new_uint64 (statistics.bytes_sent));
  g_variant_builder_add (&builder, "{sv}", "bytes-confirmed",
                         g_variant_new_uint64 (statistics.bytes_confirmed));
  g_variant_builder_add (&builder, "{sv}", "bytes-received",
                         g_variant_new_uint64 (statistics.bytes_received));
  g_variant_builder_add (&builder, "{sv}", "bytes-delivered",
                         g_variant_new_uint64 (statistics.bytes_delivered));
  g_variant_builder_add (&builder, "{sv}", "buffered-bytes",
                         g_variant_new_uint32 (statistics.buffered_bytes));
  g_variant_builder_add (&builder, "{sv}", "age-ms", g_variant_new_uint64 (statistics.age_ms));
  g_dbus_method_invocation_return_value (invocation, g_variant_new ("(a{sv})", &builder));
}

/* The answer first: Closed may be emitted at once. */
static void
serve_close (GDBusMethodInvocation *invocation, Connection *connection, gpointer adapter)
{
  g_dbus_method_invocation_return_value (invocation, NULL);
  connection_close (connection, CLOSE_REASON_REQUESTED);
}

static void
serve_release (GDBusMethodInvocation *invocation, Connection *connection, gpointer adapter)
{
  g_dbus_method_invocation_return_value (invocation, NULL);
  connection_release (connection);
}

/* -- every call -------------------------------------------------------------------------------------- */

static void
clear (gpointer user_data)
{
  DBusConnection *self = user_data;

  g_clear_pointer (&self->received, dbus_received_free);
  g_object_unref (self->connection);
  g_object_unref (self->bus);
  g_object_unref (self->skeleton);
  g_free (self->path);
}

static void
unref (gpointer user_data)
{
  g_rc_box_release_full (user_data, clear);
}

static gboolean
check (DBusConnection *self, GDBusMethodInvocation *invocation, DBusCallerFunc serve)
{
  dbus_caller_check (self->clients, invocation, self->connection, serve, g_rc_box_acquire (self), unref);
  return TRUE;
}

static gboolean
handle_send (MsslDBusConnection *skeleton, GDBusMethodInvocation *invocation, GVariant *data,
             gpointer user_data)
{
  return check (user_data, invocation, serve_send);
}

static gboolean
handle_receive (MsslDBusConnection *skeleton, GDBusMethodInvocation *invocation, guint64 offset,
                guint max_bytes, guint timeout_ms, gpointer user_data)
{
  return check (user_data, invocation, serve_receive);
}

static gboolean
handle_start_receiving (MsslDBusConnection *skeleton, GDBusMethodInvocation *invocation, gpointer user_data)
{
  return check (user_data, invocation, serve_start_receiving);
}

static gboolean
handle_acquire_stream (MsslDBusConnection *skeleton, GDBusMethodInvocation *invocation, GUnixFDList *fds,
                       gpointer user_data)
{
  return check (user_data, invocation, serve_acquire_stream);
}

static gboolean
handle_get_statistics (MsslDBusConnection *skeleton, GDBusMethodInvocation *invocation, gpointer user_data)
{
  return check (user_data, invocation, serve_get_statistics);
}

static gboolean
handle_close (MsslDBusConnection *skeleton, GDBusMethodInvocation *invocation, gpointer user_data)
{
  return check (user_data, invocation, serve_close);
}

static gboolean
handle_release (MsslDBusConnection *skeleton, GDBusMethodInvocation *invocation, gpointer user_data)
{
  return check (user_data, invocation, serve_release);
}

/* -- the object -------------------------------------------------------------------------------------- */

static void
set_constants (DBusConnection *self)
{
  Connection *connection = self->connection;
  const ConnectionConfig *config = connection_get_config (connection);
  MsslDBusConnection *skeleton = self->skeleton;

  mssl_dbus_connection_set_number (skeleton, connection_get_number (connection));
  mssl_dbus_connection_set_context (skeleton, context_get_name (config->context));
  mssl_dbus_connection_set_host (skeleton, config->host);
  mssl_dbus_connection_set_port (skeleton, config->port);
  mssl_dbus_connection_set_owner (skeleton, connection_get_owner (connection));
  mssl_dbus_connection_set_owner_user_id (skeleton, config->owner_uid);
  mssl_dbus_connection_set_security (skeleton, tls_security_describe (&config->settings));
  mssl_dbus_connection_set_persist (skeleton, config->persist);
}

static void
connect_signals (DBusConnection *self)
{
  g_signal_connect (self->connection, "changed", G_CALLBACK (on_changed), self);
  g_signal_connect (self->connection, "closed", G_CALLBACK (on_closed), self);
  g_signal_connect (self->skeleton, "handle-send", G_CALLBACK (handle_send), self);
  g_signal_connect (self->skeleton, "handle-receive", G_CALLBACK (handle_receive), self);
  g_signal_connect (self->skeleton, "handle-start-receiving", G_CALLBACK (handle_start_receiving), self);
  g_signal_connect (self->skeleton, "handle-acquire-stream", G_CALLBACK (handle_acquire_stream), self);
  g_signal_connect (self->skeleton, "handle-get-statistics", G_CALLBACK (handle_get_statistics), self);
  g_signal_connect (self->skeleton, "handle-close", G_CALLBACK (handle_close), self);
  g_signal_connect (self->skeleton, "handle-release", G_CALLBACK (handle_release), self);
}

DBusConnection *
dbus_connection_new (Connection *connection, GDBusObjectManagerServer *objects, GDBusConnection *bus,
                     DBusClients *clients)
{
  DBusConnection *self = g_rc_box_new0 (DBusConnection);
  g_autoptr (MsslDBusObjectSkeleton) object = NULL;

  self->connection = g_object_ref (connection);
  self->objects = objects;
  self->bus = g_object_ref (bus);
  self->clients = clients;
  self->skeleton = dbus_connection_skeleton_new (connection);
  self->path = dbus_connection_make_path (connection_get_number (connection));
  set_constants (self);
  on_changed (connection, self);
  connect_signals (self);

  object = mssl_dbus_object_skeleton_new (self->path);
  mssl_dbus_object_skeleton_set_connection (object, self->skeleton);
  g_dbus_object_manager_server_export (objects, G_DBUS_OBJECT_SKELETON (object));
  return self;
}

void
dbus_connection_free (DBusConnection *self)
{
  g_dbus_object_manager_server_unexport (self->objects, self->path);
  self->objects = NULL;
  g_signal_handlers_disconnect_by_data (self->connection, self);
  g_signal_handlers_disconnect_by_data (self->skeleton, self);
  g_clear_pointer (&self->received, dbus_received_free);
  unref (self);
}

void
dbus_connection_client_left (DBusConnection *self, const char *name)
{
  if (self->received != NULL && dbus_received_is_for (self->received, name))
    dbus_received_client_left (self->received);
  if (g_str_equal (connection_get_owner (self->connection), name))
    connection_owner_left (self->connection);
}
