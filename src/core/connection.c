/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The states of a connection. Whatever ends it goes through end(), which takes the first cause and no other;
 * closed it is when it has no slot any more and what came was handed out.
 */
#include "connection-private.h"

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
    [CONNECTION_QUEUED] = "queued",           [CONNECTION_WAITING_FOR_NETWORK] = "waiting-for-network",
    [CONNECTION_CONFIGURING] = "configuring", [CONNECTION_CONNECTING] = "connecting",
    [CONNECTION_RESUMING] = "resuming",       [CONNECTION_CONNECTED] = "connected",
    [CONNECTION_CLOSING] = "closing",         [CONNECTION_CLOSED] = "closed",
  };

  return names[state];
}

void
connection_emit_changed (Connection *self)
{
  g_signal_emit (self, signals[SIGNAL_CHANGED], 0);
}

/* -- states ------------------------------------------------------------------------------------------ */

void
connection_set_state (Connection *self, ConnectionState state)
{
  if (state <= self->state)
    return;

  self->state = state;
  connection_emit_changed (self);
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
    connection_set_state (self, CONNECTION_CLOSING);
    return;
  }
  context_end_use (self->config.context);
  timer_set (&self->linger, CONNECTION_LINGER_MS);
  connection_set_state (self, CONNECTION_CLOSED);
  g_signal_emit (self, signals[SIGNAL_CLOSED], 0);
  /* Who sees the end of the stream finds out why. */
  g_clear_pointer (&self->relay, stream_relay_free);
  if (self->release_wanted)
    release (self);
}

static void
leave_scheduler (Connection *self)
{
  SchedulerTicket *ticket = g_steal_pointer (&self->ticket);

  if (ticket != NULL)
    scheduler_leave (self->scheduler, ticket);
}

/* The rest of the way to the end, once the cause is taken. */
static void
end (Connection *self)
{
  g_autoptr (Connection) alive G_GNUC_UNUSED = g_object_ref (self);

  idle_watch_stop (&self->idle);
  timer_clear (&self->patience);
  /* Before it is left it may still end by itself, or be closed. */
  self->left = self->left && self->ending.reason == CLOSE_REASON_SHUTDOWN;
  if (!self->left)
    connection_end_journal (self);
  sender_end (self->sender, self->ending.text);
  inbox_end (self->inbox);
  if (self->release_wanted)
    inbox_stop_draining (self->inbox);
  if (self->slot != NULL && slot_get_state (self->slot) != SLOT_WAITING)
    connection_set_state (self, CONNECTION_CLOSING);
  if (self->slot != NULL)
    slot_close (self->slot);
  else
    leave_scheduler (self);
  finish_if_done (self);
}

void
connection_end_for (Connection *self, CloseReason reason)
{
  if (ending_take (&self->ending, reason, 0, NULL))
    end (self);
}

void
connection_end_with_error (Connection *self, const GError *error)
{
  if (ending_take_error (&self->ending, error))
    end (self);
}

static void
on_drained (gboolean complete, gpointer user_data)
{
  Connection *self = user_data;
  g_autofree char *detail = NULL;

  if (!complete) {
    detail =
        g_strdup_printf ("The receiver did not take the last data for %d seconds.", INBOX_PATIENCE_MS / 1000);
    ending_replace (&self->ending, CLOSE_REASON_OVERFLOW, detail);
  }
  finish_if_done (self);
}

static void
on_idle (gpointer user_data)
{
  connection_end_for (user_data, CLOSE_REASON_IDLE_TIMEOUT);
}

gboolean
connection_is_datagram (const Connection *self)
{
  return self->config.settings.protocol == TLS_PROTOCOL_DTLS;
}

/* -- the slot ---------------------------------------------------------------------------------------- */

/* It is waited for a network as long as for a server. */
static void
wait_for_network (Connection *self)
{
  timer_set (&self->patience, self->config.settings.timeout_s * 1000);
}

static void
on_patience_over (gpointer user_data)
{
  Connection *self = user_data;
  g_autoptr (GError) error = NULL;

  if (connection_is_resuming (self)) {
    connection_give_up_resuming (self);
    return;
  }
  error = module_status_make_error (module_get_status (self->module));
  if (error != NULL)
    connection_end_with_error (self, error);
  else
    wait_for_network (self); /* it came this very moment, or others are before us */
}

static void
on_granted (Module *module, Slot *slot, gpointer user_data)
{
  Connection *self = user_data;

  g_object_ref (self); /* the slot's, until it has ended */
  self->slot = slot;
  g_set_object (&self->module, module);
  if (connection_is_resuming (self)) {
    timer_clear (&self->patience); /* what its last send waits for is the driver's to say */
    return;
  }
  self->times.granted_us = timer_clock_get_now_us (self->clock);
  wait_for_network (self);
  connection_set_state (self,
                        module_is_online (module) ? CONNECTION_CONFIGURING : CONNECTION_WAITING_FOR_NETWORK);
}

static void
on_moved (gpointer user_data)
{
  g_signal_emit (user_data, signals[SIGNAL_CHANGED], 0);
}

static void
on_expired (const char *why, gpointer user_data)
{
  Connection *self = user_data;

  if (ending_take (&self->ending, CLOSE_REASON_QUEUE_TIMEOUT, 0, why))
    end (self);
}

static void
on_preempted (gpointer user_data)
{
  connection_end_for (user_data, CLOSE_REASON_PREEMPTED);
}

static void
on_start (gpointer user_data)
{
  Connection *self = user_data;
  const ConnectionConfig *config = &self->config;
  ModuleOpenRequest request = { .host = config->host, .port = config->port, .settings = config->settings };
  g_autoptr (GError) error = NULL;

  if (!module_recovery_enter (module_get_recovery (self->module), self->peer, &error)) {
    if (ending_take (&self->ending, CLOSE_REASON_BREAKER, 0, error->message))
      end (self);
    return;
  }
  for (guint part = 0; part < MODULE_CREDENTIAL_PARTS; part++) {
    request.credentials[part].pem = config->pem[part];
    request.credentials[part].in_module = module_holds_credential (self->module, part, config->digest[part]);
  }
  timer_clear (&self->patience);
  connection_begin_journal (self);
  request.journal = self->journal;
  connection_set_state (self, CONNECTION_CONFIGURING);
  if (self->slot != NULL) /* nobody closed it inside */
    slot_open (self->slot, &request, config->digest);
}

static void
on_connecting (gpointer user_data)
{
  connection_set_state (user_data, CONNECTION_CONNECTING);
}

static void
note_open (Connection *self, const GError *error)
{
  module_recovery_note_open (module_get_recovery (self->module), self->peer, error,
                             module_status_is_online (module_get_status (self->module)));
}

static void
on_opened (gpointer user_data)
{
  Connection *self = user_data;

  note_open (self, NULL);
  idle_watch_start (&self->idle);
  sender_begin (self->sender, self->slot);
  connection_set_state (self, CONNECTION_CONNECTED);
}

static void
on_sent (const GError *error, gpointer user_data)
{
  Connection *self = user_data;

  sender_handle_sent (self->sender, error);
}

static void
on_ended (const GError *error, gpointer user_data)
{
  g_autoptr (Connection) self = user_data; /* the slot's reference */

  self->slot = NULL;
  leave_scheduler (self);
  if (self->left && g_error_matches (error, MODULE_ERROR, CLOSE_REASON_SHUTDOWN)) {
    connection_take_leave (self);
    return;
  }
  if (self->ending.reason == CLOSE_REASON_NONE && self->state < CONNECTION_RESUMING && error != NULL)
    note_open (self, error);
  if (self->ending.reason != CLOSE_REASON_NONE)
    finish_if_done (self);
  else if (error != NULL)
    connection_end_with_error (self, error);
  else
    connection_end_for (self, CLOSE_REASON_MODULE_ERROR);
}

const SchedulerListener connection_scheduler_listener = {
  on_granted,
  on_moved,
  on_expired,
  on_preempted,
  { on_start, on_connecting, on_opened, connection_handle_resumed, connection_handle_received, on_sent,
    on_ended },
};

/* -- from outside ------------------------------------------------------------------------------------ */

void
connection_close (Connection *self, CloseReason reason)
{
  connection_end_for (self, reason);
}

static void
close_and_release (Connection *self, CloseReason reason)
{
  g_autoptr (Connection) alive G_GNUC_UNUSED = g_object_ref (self);

  self->release_wanted = TRUE;
  connection_end_for (self, reason);
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
  self->owner_gone = TRUE;
  if (!self->config.persist && self->relay == NULL)
    close_and_release (self, CLOSE_REASON_OWNER_LEFT);
}

void
connection_stop_draining (Connection *self)
{
  if (self->ending.reason == CLOSE_REASON_NONE || inbox_is_drained (self->inbox))
    return;

  inbox_stop_draining (self->inbox);
  finish_if_done (self);
}

/* -- the object -------------------------------------------------------------------------------------- */

guint64
connection_get_number (Connection *self)
{
  return self->config.number;
}

const char *
connection_get_module_name (Connection *self)
{
  return self->module != NULL ? module_get_name (self->module) : self->config.module;
}

guint
connection_get_queue_position (Connection *self)
{
  return self->ticket != NULL ? scheduler_get_position (self->ticket) : 0;
}

const ConnectionConfig *
connection_get_config (Connection *self)
{
  return &self->config;
}

const char *
connection_get_owner (Connection *self)
{
  return self->config.owner;
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
  return self->state == CONNECTION_CLOSED ? self->ending.reason : CLOSE_REASON_NONE;
}

int
connection_get_close_code (Connection *self)
{
  return self->state == CONNECTION_CLOSED ? self->ending.code : 0;
}

const char *
connection_get_close_text (Connection *self)
{
  return self->state == CONNECTION_CLOSED ? self->ending.text : "";
}

void
connection_get_statistics (Connection *self, ConnectionStatistics *ret_statistics)
{
  *ret_statistics = (ConnectionStatistics){
    .bytes_sent = sender_get_sent (self->sender),
    .bytes_confirmed = sender_get_confirmed (self->sender),
    .bytes_received = self->bytes_received,
    .bytes_delivered = inbox_get_delivered (self->inbox),
    .buffered_bytes = inbox_get_size (self->inbox),
    .age_ms = (timer_clock_get_now_us (self->clock) - self->times.born_us) / 1000,
  };
}

static void
connection_dispose (GObject *object)
{
  Connection *self = MSSL_CONNECTION (object);

  idle_watch_dispose (&self->idle);
  timer_dispose (&self->linger);
  timer_dispose (&self->patience);
  g_clear_pointer (&self->relay, stream_relay_free);
  g_clear_pointer (&self->inbox, inbox_free);
  G_OBJECT_CLASS (connection_parent_class)->dispose (object);
}

static void
connection_finalize (GObject *object)
{
  Connection *self = MSSL_CONNECTION (object);

  sender_free (self->sender);
  g_clear_pointer (&self->journal, connection_journal_unref);
  g_clear_pointer ((ConnectionJournalPast **) &self->adoption.past, connection_journal_past_free);
  g_clear_object (&self->module);
  connection_config_clear (&self->config);
  g_free (self->peer);
  ending_clear (&self->ending);
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
}

Connection *
connection_make (const ConnectionConfig *config, const ConnectionTimes *times, Scheduler *scheduler,
                 TimerClock *clock)
{
  Connection *self = g_object_new (CONNECTION_TYPE, NULL);

  connection_config_copy (&self->config, config);
  self->clock = clock;
  self->times = *times;
  self->inbox =
      inbox_new (clock, config->receive_buffer_bytes, connection_is_datagram (self), on_drained, self);
  self->sender = sender_new (connection_is_datagram (self), &connection_sender_listener, self);
  idle_watch_init (&self->idle, clock, config->idle_timeout_s, on_idle, self);
  timer_init (&self->linger, clock, on_linger, self);
  timer_init (&self->patience, clock, on_patience_over, self);
  self->peer = module_recovery_name_peer (context_get_name (config->context), config->host, config->port);
  self->scheduler = scheduler;
  return self;
}

Connection *
connection_new (const ConnectionConfig *config, Scheduler *scheduler, TimerClock *clock, GError **error)
{
  const SchedulerRequest request = { config->number, config->module, config->priority,
                                     config->queue_timeout_s, config->max_hold_s };
  const ConnectionTimes times = { .born_us = timer_clock_get_now_us (clock) };
  g_autoptr (Connection) self = connection_make (config, &times, scheduler, clock);

  self->ticket = scheduler_enter (scheduler, &request, &connection_scheduler_listener, self, error);
  if (self->ticket == NULL)
    return NULL;

  context_begin_use (self->config.context);
  return g_steal_pointer (&self);
}
