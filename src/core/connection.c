/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The states of a connection. Whatever ends it goes through end(), which takes the first cause and no other;
 * closed it is when its slot is free and what came was handed out.
 */
#include "connection.h"

#include "mssl-error.h"
#include "outbox.h"

/* Any number of seconds can be asked for, so a timer may have to ring in between. */
#define IDLE_CHECK_MAX_MS (24 * 60 * 60 * 1000)

struct _Connection {
  GObject parent_instance;

  guint64 number;
  Context *context;
  Module *module;
  char *host;
  guint16 port;
  gboolean persist;
  char *owner;
  guint owner_uid;
  TlsSettings settings;
  GBytes *pem[MODULE_CREDENTIAL_PARTS];
  char *digest[MODULE_CREDENTIAL_PARTS];

  TimerClock *clock;
  gint64 born_us;
  ConnectionState state;
  Slot *slot; /* NULL when it is given back */

  CloseReason end_reason; /* known from the moment of the end, shown when closed */
  int end_code;
  char *end_text;
  GError *send_error; /* a failed send waits here for the cause of it all */
  GSource *send_error_source;

  Outbox *outbox;
  Inbox *inbox;
  guint64 bytes_received;

  gint64 idle_us; /* 0 for never */
  gint64 moved_us;
  Timer idle;
  Timer linger;
  gboolean release_wanted;
  gboolean released;
};

G_DEFINE_FINAL_TYPE (Connection, connection, G_TYPE_OBJECT)

enum {
  SIGNAL_CHANGED,
  SIGNAL_CLOSED,
  SIGNAL_RELEASED,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

const char *
connection_state_get_name (ConnectionState state)
{
  static const char *const names[] = {
    [CONNECTION_CONFIGURING] = "configuring", [CONNECTION_CONNECTING] = "connecting",
    [CONNECTION_CONNECTED] = "connected",     [CONNECTION_CLOSING] = "closing",
    [CONNECTION_CLOSED] = "closed",
  };

  return names[state];
}

/* -- states ------------------------------------------------------------------------------------------ */

/* Forward only; the same state again is nothing. */
static void
set_state (Connection *self, ConnectionState state)
{
  if (state <= self->state)
    return;

  self->state = state;
  g_signal_emit (self, signals[SIGNAL_CHANGED], 0);
}

static void
release (Connection *self)
{
  if (self->released)
    return;

  self->released = TRUE;
  timer_clear (&self->linger);
  g_signal_emit (self, signals[SIGNAL_RELEASED], 0);
}

static void
on_linger (gpointer user_data)
{
  release (user_data);
}

/* After the end: closed, unless the slot or a receiver is still waited for. */
static void
finish_if_done (Connection *self)
{
  g_autoptr (Connection) alive G_GNUC_UNUSED = g_object_ref (self);

  if (self->state == CONNECTION_CLOSED)
    return;

  if (self->slot != NULL || !inbox_is_drained (self->inbox)) {
    set_state (self, CONNECTION_CLOSING);
    return;
  }
  context_end_use (self->context);
  timer_set (&self->linger, CONNECTION_LINGER_MS);
  set_state (self, CONNECTION_CLOSED);
  g_signal_emit (self, signals[SIGNAL_CLOSED], 0);
  if (self->release_wanted)
    release (self);
}

static void
clear_send_error (Connection *self)
{
  g_clear_error (&self->send_error);
  if (self->send_error_source == NULL)
    return;

  g_source_destroy (self->send_error_source);
  g_clear_pointer (&self->send_error_source, g_source_unref);
}

/* The one way to the end. @detail: what is known beside the reason, or NULL. */
static void
end (Connection *self, CloseReason reason, int code, const char *detail)
{
  g_autoptr (Connection) alive G_GNUC_UNUSED = g_object_ref (self);
  const char *advice = close_reason_get_advice (reason);

  if (self->end_reason != CLOSE_REASON_NONE)
    return;

  self->end_reason = reason;
  self->end_code = code;
  self->end_text = detail != NULL ? g_strdup_printf ("%s (%s)", advice, detail) : g_strdup (advice);
  clear_send_error (self);
  timer_clear (&self->idle);
  outbox_fail (self->outbox, self->end_text);
  inbox_end (self->inbox);
  if (self->release_wanted)
    inbox_stop_draining (self->inbox);
  if (self->slot != NULL && slot_get_state (self->slot) != SLOT_WAITING)
    set_state (self, CONNECTION_CLOSING);
  if (self->slot != NULL)
    slot_close (self->slot);
  finish_if_done (self);
}

static void
end_with_error (Connection *self, const GError *error)
{
  /* That the server closed is the whole story; of every other end the driver knows more. */
  if (g_error_matches (error, MODULE_ERROR, CLOSE_REASON_SERVER_CLOSED))
    end (self, CLOSE_REASON_SERVER_CLOSED, 0, NULL);
  else if (error->domain == MODULE_ERROR)
    end (self, (CloseReason) error->code, module_error_get_result (error), error->message);
  else
    end (self, CLOSE_REASON_MODULE_ERROR, 0, error->message);
}

static void
on_drained (gboolean complete, gpointer user_data)
{
  Connection *self = user_data;

  if (!complete) {
    self->end_reason = CLOSE_REASON_OVERFLOW;
    self->end_code = 0;
    g_free (self->end_text);
    self->end_text =
        g_strdup_printf ("%s (The receiver did not take the last data for %d seconds.)",
                         close_reason_get_advice (CLOSE_REASON_OVERFLOW), INBOX_PATIENCE_MS / 1000);
  }
  finish_if_done (self);
}

/* -- the idle time-out ------------------------------------------------------------------------------- */

static void
wait_idle (Connection *self, gint64 left_us)
{
  timer_set (&self->idle, MIN ((left_us + 999) / 1000, IDLE_CHECK_MAX_MS));
}

/* One timer that looks at the clock when it rings: nothing is set again for each message. */
static void
on_idle (gpointer user_data)
{
  Connection *self = user_data;
  gint64 left_us = self->moved_us + self->idle_us - timer_clock_get_now_us (self->clock);

  if (left_us > 0)
    wait_idle (self, left_us);
  else
    end (self, CLOSE_REASON_IDLE_TIMEOUT, 0, NULL);
}

static void
note_movement (Connection *self)
{
  if (self->idle_us > 0)
    self->moved_us = timer_clock_get_now_us (self->clock);
}

static gboolean
is_datagram (const Connection *self)
{
  return self->settings.protocol == TLS_PROTOCOL_DTLS;
}

/* -- sending ----------------------------------------------------------------------------------------- */

static void
send_next (Connection *self)
{
  g_autoptr (GBytes) piece = NULL;

  if (self->state != CONNECTION_CONNECTED || self->slot == NULL)
    return;

  piece = outbox_begin_piece (self->outbox, slot_get_max_send_bytes (self->slot));
  if (piece != NULL)
    slot_send (self->slot, piece);
}

static gboolean
on_send_error (gpointer user_data)
{
  Connection *self = user_data;
  g_autoptr (GError) error = g_steal_pointer (&self->send_error);

  end_with_error (self, error);
  return G_SOURCE_REMOVE;
}

/*
 * What was sent behind a piece that failed would make a hole, so the connection ends. The driver may be about
 * to tell that it has ended anyway, and why (bug class 10): that cause is better, so it goes first.
 */
static void
fail_send (Connection *self, const GError *error)
{
  if (self->send_error != NULL)
    return;

  outbox_fail (self->outbox, error->message);
  self->send_error = g_error_copy (error);
  self->send_error_source = g_idle_source_new ();
  g_source_set_callback (self->send_error_source, on_send_error, self, NULL);
  g_source_attach (self->send_error_source, g_main_context_get_thread_default ());
}

static void
on_sent (const GError *error, gpointer user_data)
{
  Connection *self = user_data;
  GTask *call;

  if (error != NULL) {
    fail_send (self, error);
    return;
  }
  call = outbox_confirm (self->outbox);
  note_movement (self);
  /* The next piece first: the module waits for it, the caller only hears of it. */
  send_next (self);
  if (call != NULL)
    outbox_complete (self->outbox, call);
}

static gboolean
check_send (Connection *self, GBytes *data, GError **error)
{
  if (!outbox_check (data, error))
    return FALSE;
  if (self->state != CONNECTION_CONNECTED || self->send_error != NULL) {
    g_set_error (error, MSSL_ERROR, MSSL_ERROR_NOT_CONNECTED, "The connection is %s",
                 self->send_error != NULL ? "ending" : connection_state_get_name (self->state));
    return FALSE;
  }
  if (!is_datagram (self) || g_bytes_get_size (data) <= slot_get_max_send_bytes (self->slot))
    return TRUE;

  g_set_error (error, MSSL_ERROR, MSSL_ERROR_INVALID_ARGUMENT,
               "data has %" G_GSIZE_FORMAT " bytes, but a datagram of this module holds at most %u",
               g_bytes_get_size (data), slot_get_max_send_bytes (self->slot));
  return FALSE;
}

void
connection_send_async (Connection *self, GBytes *data, GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, user_data);
  GError *error = NULL;

  g_task_set_source_tag (task, connection_send_async);
  if (!check_send (self, data, &error)) {
    g_task_return_error (task, error);
    return;
  }
  outbox_put (self->outbox, data, g_steal_pointer (&task));
  note_movement (self);
  send_next (self);
}

gboolean
connection_send_finish (Connection *self, GAsyncResult *result, guint64 *ret_confirmed, GError **error)
{
  return outbox_finish (G_TASK (result), ret_confirmed, error);
}

/* -- receiving --------------------------------------------------------------------------------------- */

static void
on_received (GBytes *data, gpointer user_data)
{
  Connection *self = user_data;

  if (self->end_reason != CLOSE_REASON_NONE)
    return;

  self->bytes_received += g_bytes_get_size (data);
  note_movement (self);
  if (!inbox_put (self->inbox, data))
    end (self, CLOSE_REASON_OVERFLOW, 0, NULL);
}

static void
note_receive_mode (Connection *self, ReceiveMode before)
{
  if (inbox_get_mode (self->inbox) != before)
    g_signal_emit (self, signals[SIGNAL_CHANGED], 0);
}

void
connection_receive_async (Connection *self, guint64 offset, guint max_bytes, guint timeout_ms,
                          GAsyncReadyCallback callback, gpointer user_data)
{
  ReceiveMode before = inbox_get_mode (self->inbox);

  inbox_receive_async (self->inbox, offset, max_bytes, timeout_ms, callback, user_data);
  note_receive_mode (self, before);
}

GBytes *
connection_receive_finish (Connection *self, GAsyncResult *result, gboolean *ret_eof, GError **error)
{
  return inbox_receive_finish (result, ret_eof, error);
}

gboolean
connection_set_sink (Connection *self, const InboxSink *sink, gpointer user_data, GError **error)
{
  ReceiveMode before = inbox_get_mode (self->inbox);

  if (!inbox_set_sink (self->inbox, sink, user_data, error))
    return FALSE;

  note_receive_mode (self, before);
  return TRUE;
}

void
connection_deliver (Connection *self)
{
  inbox_deliver (self->inbox);
}

void
connection_acknowledge (Connection *self)
{
  inbox_acknowledge (self->inbox);
}

void
connection_remove_sink (Connection *self)
{
  inbox_remove_sink (self->inbox);
}

/* -- the slot ---------------------------------------------------------------------------------------- */

static void
on_start (gpointer user_data)
{
  Connection *self = user_data;
  ModuleOpenRequest request = { .host = self->host, .port = self->port, .settings = self->settings };

  for (guint part = 0; part < MODULE_CREDENTIAL_PARTS; part++) {
    request.credentials[part].pem = self->pem[part];
    request.credentials[part].in_module = module_holds_credential (self->module, part, self->digest[part]);
  }
  slot_open (self->slot, &request, (const char *const *) self->digest);
}

static void
on_connecting (gpointer user_data)
{
  set_state (user_data, CONNECTION_CONNECTING);
}

static void
on_opened (gpointer user_data)
{
  Connection *self = user_data;

  if (self->idle_us > 0) {
    note_movement (self);
    wait_idle (self, self->idle_us);
  }
  set_state (self, CONNECTION_CONNECTED);
}

static void
on_ended (const GError *error, gpointer user_data)
{
  g_autoptr (Connection) self = user_data; /* the slot's reference */

  self->slot = NULL;
  if (self->end_reason != CLOSE_REASON_NONE)
    finish_if_done (self);
  else if (error != NULL)
    end_with_error (self, error);
  else
    end (self, CLOSE_REASON_MODULE_ERROR, 0, NULL);
}

static const SlotListener slot_listener = {
  on_start, on_connecting, on_opened, on_received, on_sent, on_ended,
};

/* -- from outside ------------------------------------------------------------------------------------ */

void
connection_close (Connection *self, CloseReason reason)
{
  end (self, reason, 0, NULL);
}

static void
close_and_release (Connection *self, CloseReason reason)
{
  g_autoptr (Connection) alive G_GNUC_UNUSED = g_object_ref (self);

  self->release_wanted = TRUE;
  end (self, reason, 0, NULL);
  if (self->state == CONNECTION_CLOSED)
    release (self);
  else
    connection_stop_draining (self);
}

void
connection_release (Connection *self)
{
  close_and_release (self, CLOSE_REASON_REQUESTED);
}

void
connection_owner_left (Connection *self)
{
  if (!self->persist)
    close_and_release (self, CLOSE_REASON_OWNER_LEFT);
}

void
connection_stop_draining (Connection *self)
{
  if (self->end_reason == CLOSE_REASON_NONE || inbox_is_drained (self->inbox))
    return;

  inbox_stop_draining (self->inbox);
  finish_if_done (self);
}

/* -- the object -------------------------------------------------------------------------------------- */

guint64
connection_get_number (Connection *self)
{
  return self->number;
}

Context *
connection_get_context (Connection *self)
{
  return self->context;
}

Module *
connection_get_module (Connection *self)
{
  return self->module;
}

const char *
connection_get_host (Connection *self)
{
  return self->host;
}

guint16
connection_get_port (Connection *self)
{
  return self->port;
}

const char *
connection_get_owner (Connection *self)
{
  return self->owner;
}

guint
connection_get_owner_uid (Connection *self)
{
  return self->owner_uid;
}

const TlsSettings *
connection_get_settings (Connection *self)
{
  return &self->settings;
}

gboolean
connection_get_persist (Connection *self)
{
  return self->persist;
}

ConnectionState
connection_get_state (Connection *self)
{
  return self->state;
}

ReceiveMode
connection_get_receive_mode (Connection *self)
{
  return inbox_get_mode (self->inbox);
}

CloseReason
connection_get_close_reason (Connection *self)
{
  return self->state == CONNECTION_CLOSED ? self->end_reason : CLOSE_REASON_NONE;
}

int
connection_get_close_code (Connection *self)
{
  return self->state == CONNECTION_CLOSED ? self->end_code : 0;
}

const char *
connection_get_close_text (Connection *self)
{
  return self->state == CONNECTION_CLOSED ? self->end_text : "";
}

void
connection_get_statistics (Connection *self, ConnectionStatistics *ret_statistics)
{
  *ret_statistics = (ConnectionStatistics){
    .bytes_sent = outbox_get_sent (self->outbox),
    .bytes_confirmed = outbox_get_confirmed (self->outbox),
    .bytes_received = self->bytes_received,
    .bytes_delivered = inbox_get_delivered (self->inbox),
    .buffered_bytes = inbox_get_size (self->inbox),
    .age_ms = (timer_clock_get_now_us (self->clock) - self->born_us) / 1000,
  };
}

static void
connection_dispose (GObject *object)
{
  Connection *self = MSSL_CONNECTION (object);

  timer_dispose (&self->idle);
  timer_dispose (&self->linger);
  clear_send_error (self);
  g_clear_pointer (&self->inbox, inbox_free);
  G_OBJECT_CLASS (connection_parent_class)->dispose (object);
}

static void
connection_finalize (GObject *object)
{
  Connection *self = MSSL_CONNECTION (object);

  outbox_free (self->outbox);
  for (guint part = 0; part < MODULE_CREDENTIAL_PARTS; part++) {
    g_clear_pointer (&self->pem[part], g_bytes_unref);
    g_free (self->digest[part]);
  }
  g_object_unref (self->context);
  g_object_unref (self->module);
  g_free (self->host);
  g_free (self->owner);
  g_free (self->end_text);
  G_OBJECT_CLASS (connection_parent_class)->finalize (object);
}

static void
connection_class_init (ConnectionClass *klass)
{
  static const char *const names[N_SIGNALS] = { "changed", "closed", "released" };
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = connection_dispose;
  object_class->finalize = connection_finalize;
  for (guint i = 0; i < N_SIGNALS; i++)
    signals[i] =
        g_signal_new (names[i], CONNECTION_TYPE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
connection_init (Connection *self)
{
  self->outbox = outbox_new ();
}

static void
take_config (Connection *self, const ConnectionConfig *config)
{
  self->number = config->number;
  self->context = g_object_ref (config->context);
  self->module = g_object_ref (config->module);
  self->host = g_strdup (config->host);
  self->port = config->port;
  self->persist = config->persist;
  self->idle_us = (gint64) config->idle_timeout_s * G_USEC_PER_SEC;
  self->owner = g_strdup (config->owner);
  self->owner_uid = config->owner_uid;
  self->settings = config->settings;
  for (guint part = 0; part < MODULE_CREDENTIAL_PARTS; part++) {
    self->pem[part] = config->pem[part] != NULL ? g_bytes_ref (config->pem[part]) : NULL;
    self->digest[part] = g_strdup (config->digest[part]);
  }
}

Connection *
connection_new (const ConnectionConfig *config, TimerClock *clock, GError **error)
{
  g_autoptr (Connection) self = g_object_new (CONNECTION_TYPE, NULL);

  take_config (self, config);
  self->clock = clock;
  self->born_us = timer_clock_get_now_us (clock);
  self->inbox = inbox_new (clock, is_datagram (self), on_drained, self);
  timer_init (&self->idle, clock, on_idle, self);
  timer_init (&self->linger, clock, on_linger, self);
  self->slot = module_take_slot (self->module, self->number, &slot_listener, self, error);
  if (self->slot == NULL)
    return NULL;

  g_object_ref (self); /* the slot's, until it has ended */
  context_begin_use (self->context);
  return g_steal_pointer (&self);
}
