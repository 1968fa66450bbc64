/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See ctl-peer.h.
 */
#include "ctl-peer.h"

#include "close-reason.h"
#include "ctl-bus.h"
#include "ctl-error.h"
#include "mssl-error.h"
#include "mssl-names.h"

#define PROPERTIES_INTERFACE "org.freedesktop.DBus.Properties"

struct CtlPeer {
  GDBusConnection *bus;
  char *service;
  GCancellable *cancellable;
  guint signal_subscription;
  guint property_subscription;
  guint name_watch;
  const CtlPeerEvents *events;
  gpointer user_data;

  char *path; /* NULL until Open has answered */
  char *module_path;
  gboolean known; /* all properties */
  gboolean queued;
  gboolean offline; /* it waits for the network, which was told */
  guint queue_position;
  guint told_position;
  gboolean announced; /* as connecting */
  gboolean connected;
  gboolean failed;
  gboolean close_called;
  gboolean close_known; /* code, reason and text */
  gboolean closed;      /* and all that had come before it */
  gint32 code;
  char *reason;
  char *text;
  guint64 end; /* bytes that come before the close counts */
  guint64 confirmed;
  guint64 received;
};

static void
call (CtlPeer *self, const char *path, const char *interface, const char *method, GVariant *parameters,
      const char *reply_type, GAsyncReadyCallback callback)
{
  g_dbus_connection_call (self->bus, self->service, path, interface, method, parameters,
                          reply_type != NULL ? G_VARIANT_TYPE (reply_type) : NULL,
                          G_DBUS_CALL_FLAGS_NO_AUTO_START, CTL_BUS_TIMEOUT_NONE,
                          callback != NULL ? self->cancellable : NULL, callback, self);
}

/* The reply, or NULL: with @error, or without one when the peer no longer exists. */
static GVariant *
finish_call (GObject *source, GAsyncResult *result, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  GVariant *reply = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &local_error);

  if (reply == NULL && !g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    g_propagate_error (error, g_steal_pointer (&local_error));
  return reply;
}

/* Takes @error. */
static void
fail (CtlPeer *self, GError *error)
{
  g_autoptr (GError) held = error;

  if (self->failed || self->closed)
    return;
  self->failed = TRUE;
  ctl_error_convert (&held);
  self->events->failed (held, self->user_data);
}

static void
check_closed (CtlPeer *self)
{
  if (!self->close_known || self->closed || self->failed || self->received < self->end)
    return;
  self->closed = TRUE;
  self->events->closed (self->user_data);
}

static void
note_close (CtlPeer *self, gint32 code, const char *reason, const char *text)
{
  if (self->close_known)
    return;
  self->close_known = TRUE;
  self->code = code;
  self->reason = g_strdup (reason);
  self->text = g_strdup (text);
}

static void
handle_received (CtlPeer *self, GVariant *parameters)
{
  guint64 offset;
  g_autoptr (GVariant) bytes = NULL;

  if (self->failed || self->closed)
    return;

  g_variant_get (parameters, "(t@ay)", &offset, &bytes);
  if (offset != self->received) {
    fail (self,
          g_error_new (CTL_ERROR, CTL_ERROR_FAILED,
                       "received data has a hole: offset %" G_GUINT64_FORMAT " instead of %" G_GUINT64_FORMAT,
                       offset, self->received));
    return;
  }

  g_autoptr (GBytes) data = g_variant_get_data_as_bytes (bytes);
  self->received += g_bytes_get_size (data);
  self->events->received (data, self->user_data);
  check_closed (self);
}

static void
handle_closed (CtlPeer *self, GVariant *parameters)
{
  gint32 code;
  const char *reason;
  const char *text;

  g_variant_get (parameters, "(i&s&s)", &code, &reason, &text);
  note_close (self, code, reason, text);
  self->end = 0; /* it comes behind the last data */
  check_closed (self);
}

static void
on_signal (GDBusConnection *bus, const char *sender, const char *path, const char *interface,
           const char *member, GVariant *parameters, gpointer user_data)
{
  CtlPeer *self = user_data;

  if (g_strcmp0 (path, self->path) != 0)
    return;
  if (g_str_equal (member, "Received") && g_variant_is_of_type (parameters, G_VARIANT_TYPE ("(tay)")))
    handle_received (self, parameters);
  else if (g_str_equal (member, "Closed") && g_variant_is_of_type (parameters, G_VARIANT_TYPE ("(iss)")))
    handle_closed (self, parameters);
}

static void
tell_queue (CtlPeer *self)
{
  if (self->queue_position == self->told_position)
    return;
  self->told_position = self->queue_position;
  self->events->queued (self->user_data);
}

static void
tell_connecting (CtlPeer *self)
{
  if (self->announced)
    return;
  self->announced = TRUE;
  self->events->connecting (self->user_data);
}

/* @properties: those that have changed, or all. What comes before all are known is among them. */
static void
handle_properties (CtlPeer *self, GVariant *properties)
{
  const char *state = "";
  const char *module_path = NULL;

  if (!self->known)
    return;

  if (g_variant_lookup (properties, "Module", "&o", &module_path)) {
    g_free (self->module_path);
    self->module_path = g_strdup (module_path);
  }
  (void) g_variant_lookup (properties, "QueuePosition", "u", &self->queue_position);
  if (g_variant_lookup (properties, "State", "&s", &state))
    self->queued = g_str_equal (state, "queued");
  if (self->queued) {
    tell_queue (self);
    return;
  }
  if (g_str_equal (state, "waiting-for-network")) {
    self->offline = TRUE;
    self->events->waiting (self->user_data);
    return;
  }
  if (self->offline && *state == '\0')
    return; /* another property */
  if (g_str_equal (state, "closed"))
    return; /* perhaps without ever having had a slot */
  tell_connecting (self);
  if (!g_str_equal (state, "connected") || self->connected)
    return;
  self->connected = TRUE;
  self->events->connected (self->user_data);
}

static void
on_properties_changed (GDBusConnection *bus, const char *sender, const char *path, const char *interface,
                       const char *member, GVariant *parameters, gpointer user_data)
{
  CtlPeer *self = user_data;

  if (g_strcmp0 (path, self->path) != 0 || !g_variant_is_of_type (parameters, G_VARIANT_TYPE ("(sa{sv}as)")))
    return;

  g_autoptr (GVariant) properties = g_variant_get_child_value (parameters, 1);
  handle_properties (self, properties);
}

/* It may have ended before its path was known here, and then its Closed went by unseen. */
static void
handle_early_end (CtlPeer *self, GVariant *properties)
{
  const char *state = "";
  const char *reason = "";
  const char *text = "";
  gint32 code = 0;

  (void) g_variant_lookup (properties, "State", "&s", &state);
  if (!g_str_equal (state, "closed") || self->close_known)
    return;
  (void) g_variant_lookup (properties, "CloseReason", "&s", &reason);
  (void) g_variant_lookup (properties, "CloseText", "&s", &text);
  (void) g_variant_lookup (properties, "CloseCode", "i", &code);
  note_close (self, code, reason, text);
  /* Only after an overflow is less handed out than has come. */
  if (!g_str_equal (reason, close_reason_get_name (CLOSE_REASON_OVERFLOW)))
    (void) g_variant_lookup (properties, "BytesReceived", "t", &self->end);
  check_closed (self);
}

static void
on_properties (GObject *source, GAsyncResult *result, gpointer user_data)
{
  CtlPeer *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = finish_call (source, result, &error);
  if (reply == NULL) {
    if (error != NULL)
      fail (self, g_steal_pointer (&error));
    return;
  }

  g_autoptr (GVariant) properties = g_variant_get_child_value (reply, 0);
  self->known = TRUE;
  handle_properties (self, properties);
  handle_early_end (self, properties);
}

static void
on_receiving (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = finish_call (source, result, &error);

  if (reply == NULL && error != NULL)
    fail (user_data, g_steal_pointer (&error));
}

static void
on_opened (GObject *source, GAsyncResult *result, gpointer user_data)
{
  CtlPeer *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = finish_call (source, result, &error);
  if (reply == NULL) {
    if (error != NULL)
      fail (self, g_steal_pointer (&error));
    return;
  }

  g_variant_get (reply, "(o)", &self->path);
  call (self, self->path, MSSL_INTERFACE_CONNECTION, "StartReceiving", NULL, NULL, on_receiving);
  call (self, self->path, PROPERTIES_INTERFACE, "GetAll", g_variant_new ("(s)", MSSL_INTERFACE_CONNECTION),
        "(a{sv})", on_properties);
}

static void
on_vanished (GDBusConnection *bus, const char *name, gpointer user_data)
{
  fail (user_data, g_error_new_literal (CTL_ERROR, CTL_ERROR_FAILED, "the daemon went away"));
}

static void
subscribe (CtlPeer *self)
{
  self->signal_subscription =
      g_dbus_connection_signal_subscribe (self->bus, self->service, MSSL_INTERFACE_CONNECTION, NULL, NULL,
                                          NULL, G_DBUS_SIGNAL_FLAGS_NONE, on_signal, self, NULL);
  self->property_subscription = g_dbus_connection_signal_subscribe (
      self->bus, self->service, PROPERTIES_INTERFACE, "PropertiesChanged", NULL, MSSL_INTERFACE_CONNECTION,
      G_DBUS_SIGNAL_FLAGS_NONE, on_properties_changed, self, NULL);
  self->name_watch = g_bus_watch_name_on_connection (self->bus, self->service, G_BUS_NAME_WATCHER_FLAGS_NONE,
                                                     NULL, on_vanished, self, NULL);
}

CtlPeer *
ctl_peer_new (GDBusConnection *bus, const CtlPeerTarget *target, const CtlPeerEvents *events,
              gpointer user_data)
{
  CtlPeer *self = g_new0 (CtlPeer, 1);

  self->bus = g_object_ref (bus);
  self->service = g_strdup (target->service);
  self->cancellable = g_cancellable_new ();
  self->events = events;
  self->user_data = user_data;
  subscribe (self);

  call (self, target->context_path, MSSL_INTERFACE_CONTEXT, "Open",
        g_variant_new ("(sq@a{sv})", target->host, target->port, target->options), "(o)", on_opened);
  return self;
}

static void
on_sent (GObject *source, GAsyncResult *result, gpointer user_data)
{
  CtlPeer *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = finish_call (source, result, &error);
  if (reply == NULL && error == NULL)
    return;

  if (reply != NULL)
    g_variant_get (reply, "(t)", &self->confirmed);
  else if (error->domain != MSSL_ERROR)
    fail (self, g_error_copy (error));
  ctl_error_convert (&error);
  self->events->sent (error, self->user_data);
}

void
ctl_peer_send (CtlPeer *self, GBytes *data)
{
  GVariant *bytes = g_variant_new_from_bytes (G_VARIANT_TYPE_BYTESTRING, data, TRUE);

  call (self, self->path, MSSL_INTERFACE_CONNECTION, "Send", g_variant_new ("(@ay)", bytes), "(t)", on_sent);
}

void
ctl_peer_close (CtlPeer *self)
{
  if (self->path == NULL || self->close_known || self->close_called)
    return;
  self->close_called = TRUE;
  call (self, self->path, MSSL_INTERFACE_CONNECTION, "Close", NULL, NULL, NULL);
}

static void
on_released (GObject *source, GAsyncResult *result, gpointer user_data)
{
  CtlPeer *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = finish_call (source, result, &error);

  /* An error changes nothing: leaving the bus releases it as well. */
  if (reply != NULL || error != NULL)
    self->events->released (self->user_data);
}

gboolean
ctl_peer_release (CtlPeer *self)
{
  if (self->path == NULL)
    return FALSE;
  ctl_peer_close (self);
  call (self, self->path, MSSL_INTERFACE_CONNECTION, "Release", NULL, NULL, on_released);
  return TRUE;
}

static const char *
or_empty (const char *text)
{
  return text != NULL ? text : "";
}

CtlPeerInfo
ctl_peer_get_info (CtlPeer *self)
{
  return (CtlPeerInfo){
    .path = or_empty (self->path),
    .module_path = or_empty (self->module_path),
    .queue_position = self->queue_position,
    .close_called = self->close_called,
    .reason = or_empty (self->reason),
    .code = self->code,
    .text = or_empty (self->text),
    .confirmed = self->confirmed,
    .received = self->received,
  };
}

void
ctl_peer_free (CtlPeer *self)
{
  g_cancellable_cancel (self->cancellable);
  g_bus_unwatch_name (self->name_watch);
  g_dbus_connection_signal_unsubscribe (self->bus, self->property_subscription);
  g_dbus_connection_signal_unsubscribe (self->bus, self->signal_subscription);
  g_object_unref (self->cancellable);
  g_object_unref (self->bus);
  g_free (self->service);
  g_free (self->path);
  g_free (self->module_path);
  g_free (self->reason);
  g_free (self->text);
  g_free (self);
}
