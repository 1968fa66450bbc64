/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The data of a connection, both ways: by calls, pushed, and through a stream.
 */
#include "connection-private.h"

#include "mssl-error.h"

/* -- sending ----------------------------------------------------------------------------------------- */

static void
on_send_moved (gpointer user_data)
{
  Connection *self = user_data;

  idle_watch_note (&self->idle);
}

static void
on_send_failed (const GError *error, gpointer user_data)
{
  connection_end_with_error (user_data, error);
}

const SenderListener connection_sender_listener = { on_send_moved, on_send_failed };

static gboolean
check_connected (Connection *self, GError **error)
{
  if (self->state == CONNECTION_CONNECTED)
    return TRUE;

  g_set_error (error, MSSL_ERROR, MSSL_ERROR_NOT_CONNECTED, "The connection is %s",
               connection_state_get_name (self->state));
  return FALSE;
}

static gboolean
check_send (Connection *self, GBytes *data, GError **error)
{
  if (!outbox_check (data, error) || !check_connected (self, error))
    return FALSE;
  /* The stream's own refusal says it best. */
  return self->relay == NULL || inbox_check_mode (self->inbox, RECEIVE_MODE_STREAM, error);
}

void
connection_send_async (Connection *self, GBytes *data, GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, user_data);
  GError *error = NULL;

  g_task_set_source_tag (task, connection_send_async);
  if (check_send (self, data, &error))
    sender_send (self->sender, data, g_steal_pointer (&task));
  else
    g_task_return_error (task, error);
}

gboolean
connection_send_finish (Connection *self, GAsyncResult *result, guint64 *ret_confirmed, GError **error)
{
  return sender_finish (G_TASK (result), ret_confirmed, error);
}

/* -- receiving --------------------------------------------------------------------------------------- */

void
connection_handle_received (GBytes *data, gpointer user_data)
{
  Connection *self = user_data;

  if (self->ending.reason != CLOSE_REASON_NONE)
    return;

  self->bytes_received += g_bytes_get_size (data);
  idle_watch_note (&self->idle);
  if (!inbox_put (self->inbox, data))
    connection_end_for (self, CLOSE_REASON_OVERFLOW);
}

static void
note_receive_mode (Connection *self, ReceiveMode before)
{
  if (inbox_get_mode (self->inbox) != before)
    connection_emit_changed (self);
}

void
connection_receive_async (Connection *self, guint64 offset, guint max_bytes, guint timeout_ms,
                          GAsyncReadyCallback callback, gpointer user_data)
{
  ReceiveMode before = inbox_get_mode (self->inbox);
  guint64 begin = inbox_get_begin (self->inbox);

  inbox_receive_async (self->inbox, offset, max_bytes, timeout_ms, callback, user_data);
  if (self->journal != NULL && inbox_get_begin (self->inbox) > begin)
    connection_journal_note_let_go (self->journal, inbox_get_begin (self->inbox));
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

  if (!connection_is_resuming (self)) /* or when it has */
    connection_end_journal (self);    /* what was sent to the bus cannot be sent again */
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

/* -- the stream -------------------------------------------------------------------------------------- */

static void
on_stream_done (gpointer user_data)
{
  connection_end_for (user_data, CLOSE_REASON_REQUESTED);
}

static void
on_stream_refused (gpointer user_data)
{
  connection_end_for (user_data, CLOSE_REASON_DATAGRAM_SIZE);
}

static const StreamRelayListener relay_listener = { on_stream_done, on_stream_refused };

gboolean
connection_acquire_stream (Connection *self, int *ret_fd, GError **error)
{
  StreamRelay *relay;

  if (!check_connected (self, error))
    return FALSE;
  relay = stream_relay_new (self->inbox, self->sender, connection_is_datagram (self), &relay_listener, self,
                            ret_fd, error);
  if (relay == NULL)
    return FALSE;

  self->relay = relay;
  connection_emit_changed (self);
  return TRUE;
}

void
connection_start_stream (Connection *self)
{
  if (self->relay == NULL)
    return;

  connection_end_journal (self); /* the stream ends with this process */
  stream_relay_start (self->relay);
}

void
connection_recall_stream (Connection *self)
{
  g_autoptr (Connection) alive G_GNUC_UNUSED = g_object_ref (self);
  g_autoptr (StreamRelay) relay = NULL;

  if (self->relay == NULL)
    return;
  if (stream_relay_is_held (self->relay)) {
    stream_relay_start (self->relay);
    return;
  }
  relay = g_steal_pointer (&self->relay);
  g_clear_pointer (&relay, stream_relay_free);
  connection_emit_changed (self);
  if (self->owner_gone)
    connection_owner_left (self);
}
