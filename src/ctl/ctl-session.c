/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The state machine of `connect`. enter() alone writes the state; every event looks at it first.
 */
#include "ctl-session.h"

#include <unistd.h>

#include "close-reason.h"
#include "ctl-bus.h"
#include "ctl-error.h"
#include "ctl-input.h"
#include "ctl-output.h"
#include "ctl-ping.h"
#include "mssl-error.h"
#include "mssl-names.h"

/* The daemon lets 16 calls of Send wait; four keep the module busy while the next is read. */
#define SEND_BYTES 16384
#define MAX_SENDS 4

/* What may wait for standard output before the daemon is no longer told to go on. */
#define OUTPUT_BYTES (1024 * 1024)

#define PROPERTIES_INTERFACE "org.freedesktop.DBus.Properties"

struct CtlSession {
  GDBusConnection *bus;
  char *service;
  GCancellable *cancellable;
  guint signal_subscription;
  guint property_subscription;
  guint name_watch;
  CtlSessionFunc func;
  gpointer user_data;

  CtlSessionState state;
  char *path; /* NULL until Open has answered */
  char *module_path;
  CtlInput *input;
  CtlOutput *output;
  CtlPing *ping;
  guint linger_ms;
  GSource *linger;
  gboolean input_ended;
  gboolean close_called;
  guint n_sends; /* not yet answered */
  guint64 sent;
  guint64 confirmed;
  guint64 received;

  gboolean closed; /* reason, code and text are known */
  guint64 end;     /* so much must have been received before that counts */
  gint32 code;
  char *reason;
  char *text;
  GError *send_error; /* counts unless the server had closed */
  GError *error;      /* counts in any case */
};

static void enter (CtlSession *self, CtlSessionState state);

static void
call (CtlSession *self, const char *path, const char *interface, const char *method, GVariant *parameters,
      const char *reply_type, GAsyncReadyCallback callback)
{
  g_dbus_connection_call (self->bus, self->service, path, interface, method, parameters,
                          reply_type != NULL ? G_VARIANT_TYPE (reply_type) : NULL,
                          G_DBUS_CALL_FLAGS_NO_AUTO_START, CTL_BUS_TIMEOUT_NONE,
                          callback != NULL ? self->cancellable : NULL, callback, self);
}

static void
call_connection (CtlSession *self, const char *method, GVariant *parameters, const char *reply_type,
                 GAsyncReadyCallback callback)
{
  call (self, self->path, MSSL_INTERFACE_CONNECTION, method, parameters, reply_type, callback);
}

/* The reply, or NULL: with @error, or without one when the session no longer exists. */
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
fail (CtlSession *self, GError *error, CtlSessionState next)
{
  ctl_error_convert (&error);
  if (self->error == NULL)
    self->error = g_steal_pointer (&error);
  g_clear_error (&error);
  if (self->state < next)
    enter (self, next);
}

static void
stop_linger (CtlSession *self)
{
  if (self->linger == NULL)
    return;
  g_source_destroy (self->linger);
  g_clear_pointer (&self->linger, g_source_unref);
}

static gboolean
on_linger (gpointer user_data)
{
  CtlSession *self = user_data;

  stop_linger (self);
  enter (self, CTL_SESSION_CLOSING);
  return G_SOURCE_REMOVE;
}

static void
start_linger (CtlSession *self)
{
  stop_linger (self);
  self->linger = g_timeout_source_new (self->linger_ms);
  g_source_set_callback (self->linger, on_linger, self, NULL);
  g_source_attach (self->linger, NULL);
}

static void
check_sent (CtlSession *self)
{
  if (self->state == CTL_SESSION_TRANSFERRING && self->input_ended && self->n_sends == 0)
    enter (self, self->linger_ms > 0 ? CTL_SESSION_LINGERING : CTL_SESSION_CLOSING);
}

static void
on_send_reply (GObject *source, GAsyncResult *result, gpointer user_data)
{
  CtlSession *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = finish_call (source, result, &error);
  if (reply == NULL && error == NULL)
    return;

  self->n_sends--;
  if (reply != NULL) {
    g_variant_get (reply, "(t)", &self->confirmed);
    ctl_input_set_reading (self->input, self->state == CTL_SESSION_TRANSFERRING);
    check_sent (self);
    return;
  }
  if (error->domain != MSSL_ERROR) {
    fail (self, g_steal_pointer (&error), CTL_SESSION_DRAINING);
    return;
  }
  ctl_error_convert (&error);
  if (self->send_error == NULL)
    self->send_error = g_steal_pointer (&error);
  if (self->state < CTL_SESSION_CLOSING)
    enter (self, CTL_SESSION_CLOSING);
}

static void
on_input (GBytes *data, const GError *error, gpointer user_data)
{
  CtlSession *self = user_data;

  if (error != NULL) {
    fail (self, g_error_copy (error), CTL_SESSION_CLOSING);
    return;
  }
  if (data == NULL) {
    self->input_ended = TRUE;
    check_sent (self);
    return;
  }

  GVariant *bytes = g_variant_new_from_bytes (G_VARIANT_TYPE_BYTESTRING, data, TRUE);
  call_connection (self, "Send", g_variant_new ("(@ay)", bytes), "(t)", on_send_reply);
  self->sent += g_bytes_get_size (data);
  self->n_sends++;
  if (self->n_sends == MAX_SENDS)
    ctl_input_set_reading (self->input, FALSE);
}

static void
check_drained (CtlSession *self)
{
  if (self->state == CTL_SESSION_DRAINING && ctl_output_get_queued (self->output) == 0)
    enter (self, CTL_SESSION_RELEASING);
}

static void
on_output (const GError *error, gpointer user_data)
{
  CtlSession *self = user_data;

  ctl_ping_set_answering (self->ping, ctl_output_get_queued (self->output) < OUTPUT_BYTES);
  /* Once the connection is over, a reader that has seen enough is nobody's fault. */
  if (error != NULL && self->state < CTL_SESSION_DRAINING)
    fail (self, g_error_copy (error), CTL_SESSION_RELEASING);
  else
    check_drained (self);
}

static void
check_end (CtlSession *self)
{
  if (self->closed && self->received >= self->end && self->state < CTL_SESSION_DRAINING)
    enter (self, CTL_SESSION_DRAINING);
}

static void
handle_received (CtlSession *self, GVariant *parameters)
{
  guint64 offset;
  g_autoptr (GVariant) bytes = NULL;

  g_variant_get (parameters, "(t@ay)", &offset, &bytes);
  if (offset != self->received) {
    fail (self,
          g_error_new (CTL_ERROR, CTL_ERROR_FAILED,
                       "received data has a hole: offset %" G_GUINT64_FORMAT " instead of %" G_GUINT64_FORMAT,
                       offset, self->received),
          CTL_SESSION_DRAINING);
    return;
  }

  g_autoptr (GBytes) data = g_variant_get_data_as_bytes (bytes);
  self->received += g_bytes_get_size (data);
  ctl_output_write (self->output, data);
  ctl_ping_set_answering (self->ping, ctl_output_get_queued (self->output) < OUTPUT_BYTES);
  if (self->state == CTL_SESSION_LINGERING)
    start_linger (self);
  check_end (self);
}

static void
note_closed (CtlSession *self, gint32 code, const char *reason, const char *text)
{
  if (self->closed)
    return;
  self->closed = TRUE;
  self->code = code;
  self->reason = g_strdup (reason);
  self->text = g_strdup (text);
}

static void
handle_closed (CtlSession *self, GVariant *parameters)
{
  gint32 code;
  const char *reason;
  const char *text;

  g_variant_get (parameters, "(i&s&s)", &code, &reason, &text);
  note_closed (self, code, reason, text);
  self->end = 0; /* it comes behind the last data */
  check_end (self);
}

static void
on_connection_signal (GDBusConnection *bus, const char *sender, const char *path, const char *interface,
                      const char *member, GVariant *parameters, gpointer user_data)
{
  CtlSession *self = user_data;

  if (g_strcmp0 (path, self->path) != 0)
    return;
  if (g_str_equal (member, "Received") && g_variant_is_of_type (parameters, G_VARIANT_TYPE ("(tay)"))
      && self->state < CTL_SESSION_DRAINING)
    handle_received (self, parameters);
  else if (g_str_equal (member, "Closed") && g_variant_is_of_type (parameters, G_VARIANT_TYPE ("(iss)")))
    handle_closed (self, parameters);
}

static void
handle_state (CtlSession *self, GVariant *properties)
{
  const char *state = "";

  (void) g_variant_lookup (properties, "State", "&s", &state);
  if (g_str_equal (state, "connected") && self->state == CTL_SESSION_CONNECTING)
    enter (self, CTL_SESSION_TRANSFERRING);
}

static void
on_properties_changed (GDBusConnection *bus, const char *sender, const char *path, const char *interface,
                       const char *member, GVariant *parameters, gpointer user_data)
{
  CtlSession *self = user_data;

  if (g_strcmp0 (path, self->path) != 0 || !g_variant_is_of_type (parameters, G_VARIANT_TYPE ("(sa{sv}as)")))
    return;

  g_autoptr (GVariant) properties = g_variant_get_child_value (parameters, 1);
  handle_state (self, properties);
}

/* It may have ended before its path was known here, and then its Closed went by unseen. */
static void
handle_early_end (CtlSession *self, GVariant *properties)
{
  const char *state = "";
  const char *reason = "";
  const char *text = "";
  gint32 code = 0;

  (void) g_variant_lookup (properties, "State", "&s", &state);
  if (!g_str_equal (state, "closed"))
    return;
  (void) g_variant_lookup (properties, "CloseReason", "&s", &reason);
  (void) g_variant_lookup (properties, "CloseText", "&s", &text);
  (void) g_variant_lookup (properties, "CloseCode", "i", &code);
  note_closed (self, code, reason, text);
  /* Only after an overflow is less handed out than has come. */
  if (!g_str_equal (reason, close_reason_get_name (CLOSE_REASON_OVERFLOW)))
    (void) g_variant_lookup (properties, "BytesReceived", "t", &self->end);
  check_end (self);
}

static void
on_properties (GObject *source, GAsyncResult *result, gpointer user_data)
{
  CtlSession *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = finish_call (source, result, &error);
  if (reply == NULL) {
    if (error != NULL)
      fail (self, g_steal_pointer (&error), CTL_SESSION_RELEASING);
    return;
  }

  g_autoptr (GVariant) properties = g_variant_get_child_value (reply, 0);
  (void) g_variant_lookup (properties, "Module", "o", &self->module_path);
  if (self->state != CTL_SESSION_OPENING)
    return;
  enter (self, CTL_SESSION_CONNECTING);
  handle_state (self, properties);
  handle_early_end (self, properties);
}

static void
on_receiving (GObject *source, GAsyncResult *result, gpointer user_data)
{
  CtlSession *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = finish_call (source, result, &error);

  if (error != NULL)
    fail (self, g_steal_pointer (&error), CTL_SESSION_RELEASING);
}

static void
on_opened (GObject *source, GAsyncResult *result, gpointer user_data)
{
  CtlSession *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = finish_call (source, result, &error);
  if (reply == NULL) {
    if (error != NULL)
      fail (self, g_steal_pointer (&error), CTL_SESSION_DONE);
    return;
  }

  g_variant_get (reply, "(o)", &self->path);
  call_connection (self, "StartReceiving", NULL, NULL, on_receiving);
  call (self, self->path, PROPERTIES_INTERFACE, "GetAll", g_variant_new ("(s)", MSSL_INTERFACE_CONNECTION),
        "(a{sv})", on_properties);
}

static void
on_released (GObject *source, GAsyncResult *result, gpointer user_data)
{
  CtlSession *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = finish_call (source, result, &error);

  /* An error changes nothing: leaving the bus releases it as well. */
  if (reply != NULL || error != NULL)
    enter (self, CTL_SESSION_DONE);
}

static void
on_daemon_vanished (GDBusConnection *bus, const char *name, gpointer user_data)
{
  CtlSession *self = user_data;

  if (self->closed)
    return;
  fail (self, g_error_new_literal (CTL_ERROR, CTL_ERROR_FAILED, "the daemon went away"),
        CTL_SESSION_DRAINING);
}

static void
call_close (CtlSession *self)
{
  if (self->path == NULL || self->closed || self->close_called)
    return;
  self->close_called = TRUE;
  call_connection (self, "Close", NULL, NULL, NULL);
}

static void
stop_transfer (CtlSession *self)
{
  stop_linger (self);
  ctl_input_set_reading (self->input, FALSE);
}

static void
release (CtlSession *self)
{
  call_close (self);
  if (self->path != NULL)
    call_connection (self, "Release", NULL, NULL, on_released);
  else
    enter (self, CTL_SESSION_DONE);
}

static void
enter (CtlSession *self, CtlSessionState state)
{
  self->state = state;
  self->func (self, state, self->user_data);

  switch (state) {
  case CTL_SESSION_OPENING:
  case CTL_SESSION_CONNECTING:
  case CTL_SESSION_DONE:
    break;
  case CTL_SESSION_TRANSFERRING:
    ctl_input_set_reading (self->input, TRUE);
    break;
  case CTL_SESSION_LINGERING:
    start_linger (self);
    break;
  case CTL_SESSION_CLOSING:
    stop_transfer (self);
    call_close (self);
    break;
  case CTL_SESSION_DRAINING:
    stop_transfer (self);
    check_drained (self);
    break;
  case CTL_SESSION_RELEASING:
    stop_transfer (self);
    release (self);
    break;
  }
}

static void
subscribe (CtlSession *self)
{
  self->signal_subscription =
      g_dbus_connection_signal_subscribe (self->bus, self->service, MSSL_INTERFACE_CONNECTION, NULL, NULL,
                                          NULL, G_DBUS_SIGNAL_FLAGS_NONE, on_connection_signal, self, NULL);
  self->property_subscription = g_dbus_connection_signal_subscribe (
      self->bus, self->service, PROPERTIES_INTERFACE, "PropertiesChanged", NULL, MSSL_INTERFACE_CONNECTION,
      G_DBUS_SIGNAL_FLAGS_NONE, on_properties_changed, self, NULL);
  self->name_watch = g_bus_watch_name_on_connection (self->bus, self->service, G_BUS_NAME_WATCHER_FLAGS_NONE,
                                                     NULL, on_daemon_vanished, self, NULL);
}

static void
open_connection (CtlSession *self, const CtlSessionTarget *target)
{
  GVariantBuilder options;

  g_variant_builder_init (&options, G_VARIANT_TYPE_VARDICT);
  if (target->module != NULL)
    g_variant_builder_add (&options, "{sv}", MSSL_OPTION_MODULE, g_variant_new_string (target->module));
  call (self, target->context_path, MSSL_INTERFACE_CONTEXT, "Open",
        g_variant_new ("(sqa{sv})", target->host, target->port, &options), "(o)", on_opened);
}

CtlSession *
ctl_session_new (GDBusConnection *bus, const CtlSessionTarget *target, CtlSessionFunc func,
                 gpointer user_data)
{
  CtlSession *self = g_new0 (CtlSession, 1);

  self->bus = g_object_ref (bus);
  self->service = g_strdup (target->service);
  self->cancellable = g_cancellable_new ();
  self->linger_ms = target->linger_ms;
  self->func = func;
  self->user_data = user_data;
  self->input = ctl_input_new (STDIN_FILENO, SEND_BYTES, on_input, self);
  self->output = ctl_output_new (STDOUT_FILENO, on_output, self);
  self->ping = ctl_ping_new (bus);

  subscribe (self);
  open_connection (self, target);
  return self;
}

void
ctl_session_abort (CtlSession *self, GError *error)
{
  fail (self, error, CTL_SESSION_RELEASING);
}

CtlSessionReport
ctl_session_get_report (CtlSession *self)
{
  return (CtlSessionReport){
    .path = self->path != NULL ? self->path : "",
    .module_path = self->module_path != NULL ? self->module_path : "",
    .reason = self->reason != NULL ? self->reason : "",
    .code = self->code,
    .text = self->text != NULL ? self->text : "",
    .sent = self->sent,
    .confirmed = self->confirmed,
    .received = self->received,
  };
}

static const char *
get_advice (CtlSession *self)
{
  if (*self->text != '\0')
    return self->text;
  for (guint reason = 0; reason <= CLOSE_REASON_LAST; reason++) {
    if (g_str_equal (self->reason, close_reason_get_name (reason)))
      return close_reason_get_advice (reason);
  }
  return "";
}

gboolean
ctl_session_check (CtlSession *self, GError **error)
{
  const char *server_closed = close_reason_get_name (CLOSE_REASON_SERVER_CLOSED);
  const char *requested = close_reason_get_name (CLOSE_REASON_REQUESTED);

  if (self->error != NULL) {
    g_propagate_error (error, g_error_copy (self->error));
    return FALSE;
  }
  if (g_strcmp0 (self->reason, server_closed) == 0)
    return TRUE;
  if (self->close_called && g_strcmp0 (self->reason, requested) == 0) {
    if (self->send_error != NULL)
      g_propagate_error (error, g_error_copy (self->send_error));
    return self->send_error == NULL;
  }
  g_set_error (error, CTL_ERROR, CTL_ERROR_FAILED, "the connection ended: %s (module code %d): %s",
               self->reason, self->code, get_advice (self));
  return FALSE;
}

void
ctl_session_free (CtlSession *self)
{
  g_cancellable_cancel (self->cancellable);
  g_bus_unwatch_name (self->name_watch);
  g_dbus_connection_signal_unsubscribe (self->bus, self->property_subscription);
  g_dbus_connection_signal_unsubscribe (self->bus, self->signal_subscription);
  stop_linger (self);
  ctl_ping_free (self->ping);
  ctl_output_free (self->output);
  ctl_input_free (self->input);
  g_object_unref (self->cancellable);
  g_object_unref (self->bus);
  g_free (self->service);
  g_free (self->path);
  g_free (self->module_path);
  g_free (self->reason);
  g_free (self->text);
  g_clear_error (&self->send_error);
  g_clear_error (&self->error);
  g_free (self);
}
