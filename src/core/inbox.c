/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Handing out: the waiting Receive, the window of what is pushed, and what an outlet takes.
 */
#include "inbox.h"

#include "mssl-error.h"
#include "receive-buffer.h"

struct Inbox {
  ReceiveBuffer *buffer;
  gboolean datagrams;
  ReceiveMode mode;
  guint64 delivered;

  gboolean ended;
  gboolean refuses;
  gboolean draining; /* ended, and a receiver is waited for */
  Timer patience;
  InboxDrainedFunc drained;
  gpointer drained_data;

  GTask *waiter; /* of a Receive; NULL for none */
  guint waiter_max_bytes;
  Timer waiter_timeout;

  const InboxSink *sink; /* NULL for none */
  gpointer sink_data;
  guint64 sent_cost;   /* of all messages so far */
  guint64 proven_cost; /* of those that the receiver has read */
  guint64 probed_cost; /* of those that an acknowledgement will prove */
  gboolean probing;

  InboxOutletFunc outlet; /* NULL for none */
  gpointer outlet_data;
  gboolean pouring; /* the outlet has been told to begin */
};

const char *
inbox_get_mode_name (ReceiveMode mode)
{
  static const char *const names[] = {
    [RECEIVE_MODE_NONE] = "none",
    [RECEIVE_MODE_RECEIVE] = "receive",
    [RECEIVE_MODE_SIGNALS] = "signals",
    [RECEIVE_MODE_STREAM] = "stream",
  };

  return names[mode];
}

gboolean
inbox_check_mode (const Inbox *self, ReceiveMode wanted, GError **error)
{
  if (self->mode == RECEIVE_MODE_STREAM) {
    g_set_error (error, MSSL_ERROR, MSSL_ERROR_ACQUIRED,
                 "Data of this connection goes through the stream that was acquired (AcquireStream)");
    return FALSE;
  }
  if (self->mode == RECEIVE_MODE_NONE || self->mode == wanted)
    return TRUE;

  g_set_error (error, MSSL_ERROR, MSSL_ERROR_RECEIVE_MODE,
               "Data of this connection is already received by %s",
               self->mode == RECEIVE_MODE_RECEIVE ? "Receive" : "signals (StartReceiving)");
  return FALSE;
}

/* -- the end ----------------------------------------------------------------------------------------- */

static void
on_patience (gpointer user_data)
{
  Inbox *self = user_data;

  self->draining = FALSE;
  self->drained (FALSE, self->drained_data);
}

static void
check_drained (Inbox *self)
{
  if (!self->draining || receive_buffer_get_size (self->buffer) > 0)
    return;

  self->draining = FALSE;
  timer_clear (&self->patience);
  self->drained (TRUE, self->drained_data);
}

gboolean
inbox_is_drained (const Inbox *self)
{
  return self->ended && !self->draining;
}

void
inbox_stop_draining (Inbox *self)
{
  self->draining = FALSE;
  timer_clear (&self->patience);
}

/* -- pulled ------------------------------------------------------------------------------------------ */

typedef struct {
  GBytes *data;
  gboolean eof;
} Received;

static void
received_free (gpointer user_data)
{
  Received *received = user_data;

  g_bytes_unref (received->data);
  g_free (received);
}

static void
return_received (Inbox *self, GTask *task, gsize max_bytes)
{
  gsize piece = receive_buffer_get_piece_size (self->buffer);
  Received *received;
  guint64 end;

  if (self->datagrams && max_bytes > 0 && piece > max_bytes) {
    g_task_return_new_error (
        task, MSSL_ERROR, MSSL_ERROR_INVALID_ARGUMENT,
        "max_bytes is %" G_GSIZE_FORMAT ", but the datagram has %" G_GSIZE_FORMAT " bytes", max_bytes, piece);
    return;
  }
  received = g_new (Received, 1);
  received->data = receive_buffer_peek (self->buffer, max_bytes);
  end = receive_buffer_get_begin (self->buffer) + g_bytes_get_size (received->data);
  received->eof = self->ended && end == receive_buffer_get_end (self->buffer);
  self->delivered = MAX (self->delivered, end);
  g_task_return_pointer (task, received, received_free);
}

static void
finish_waiter (Inbox *self)
{
  g_autoptr (GTask) waiter = g_steal_pointer (&self->waiter);

  timer_clear (&self->waiter_timeout);
  if (waiter != NULL)
    return_received (self, waiter, self->waiter_max_bytes);
}

static void
set_refused (GError **error)
{
  g_set_error (error, MSSL_ERROR, MSSL_ERROR_NOT_CONNECTED, "The daemon is ending; ask the next one");
}

void
inbox_refuse (Inbox *self)
{
  g_autoptr (GTask) waiter = g_steal_pointer (&self->waiter);
  GError *error = NULL;

  self->refuses = TRUE;
  timer_clear (&self->waiter_timeout);
  if (waiter == NULL)
    return;

  set_refused (&error);
  g_task_return_error (waiter, error);
}

static void
on_waiter_timeout (gpointer user_data)
{
  finish_waiter (user_data);
}

static gboolean
begin_receive (Inbox *self, guint64 offset, guint max_bytes, guint timeout_ms, GError **error)
{
  if (self->refuses) {
    set_refused (error);
    return FALSE;
  }
  if (max_bytes > INBOX_RECEIVE_MAX_BYTES) {
    g_set_error (error, MSSL_ERROR, MSSL_ERROR_INVALID_ARGUMENT, "max_bytes is %u, must be 0 to %u",
                 max_bytes, INBOX_RECEIVE_MAX_BYTES);
    return FALSE;
  }
  if (timeout_ms > INBOX_RECEIVE_TIMEOUT_MAX_MS) {
    g_set_error (error, MSSL_ERROR, MSSL_ERROR_INVALID_ARGUMENT, "timeout_ms is %u, must be 0 to %u",
                 timeout_ms, INBOX_RECEIVE_TIMEOUT_MAX_MS);
    return FALSE;
  }
  if (!inbox_check_mode (self, RECEIVE_MODE_RECEIVE, error))
    return FALSE;
  if (self->waiter != NULL) {
    g_set_error (error, MSSL_ERROR, MSSL_ERROR_LIMIT_EXCEEDED,
                 "Another Receive is waiting, and there can be only 1");
    return FALSE;
  }
  if (!receive_buffer_let_go (self->buffer, offset)) {
    g_set_error (error, MSSL_ERROR, MSSL_ERROR_OFFSET,
                 "offset is %" G_GUINT64_FORMAT ", must be %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT "%s",
                 offset, receive_buffer_get_begin (self->buffer), receive_buffer_get_end (self->buffer),
                 self->datagrams ? " and lie between two datagrams" : "");
    return FALSE;
  }
  return TRUE;
}

void
inbox_receive_async (Inbox *self, guint64 offset, guint max_bytes, guint timeout_ms,
                     GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, callback, user_data);
  GError *error = NULL;

  g_task_set_source_tag (task, inbox_receive_async);
  if (!begin_receive (self, offset, max_bytes, timeout_ms, &error)) {
    g_task_return_error (task, error);
    return;
  }
  self->mode = RECEIVE_MODE_RECEIVE;
  if (receive_buffer_get_size (self->buffer) > 0 || self->ended || max_bytes == 0 || timeout_ms == 0) {
    return_received (self, task, max_bytes);
    return;
  }
  self->waiter = g_steal_pointer (&task);
  self->waiter_max_bytes = max_bytes;
  timer_set (&self->waiter_timeout, timeout_ms);
}

GBytes *
inbox_receive_finish (GAsyncResult *result, gboolean *ret_eof, GError **error)
{
  g_autofree Received *received = g_task_propagate_pointer (G_TASK (result), error);

  if (received == NULL)
    return NULL;

  *ret_eof = received->eof;
  return received->data;
}

/* -- pushed ------------------------------------------------------------------------------------------ */

/* How many bytes the next message may carry. */
static gsize
get_room (const Inbox *self)
{
  guint64 cost = self->sent_cost - self->proven_cost + INBOX_DELIVERY_OVERHEAD_BYTES;

  return cost < INBOX_WINDOW_BYTES ? MIN (INBOX_WINDOW_BYTES - cost, INBOX_DELIVERY_MAX_BYTES) : 0;
}

static void
push (Inbox *self, guint64 offset, GBytes *data)
{
  gsize size = g_bytes_get_size (data);

  self->delivered = offset + size;
  self->sent_cost += size + INBOX_DELIVERY_OVERHEAD_BYTES;
  self->sink->deliver (offset, data, self->sink_data);
}

/* Half a window early, so that the answer is there before the window closes. */
static void
probe_if_needed (Inbox *self)
{
  if (self->probing || self->sent_cost - self->proven_cost < INBOX_WINDOW_BYTES / 2)
    return;

  self->probing = TRUE;
  self->probed_cost = self->sent_cost;
  self->sink->probe (self->sink_data);
}

/* Pushes @data as it is, without a copy. FALSE when it must wait in the buffer. */
static gboolean
push_through (Inbox *self, GBytes *data)
{
  gsize size = g_bytes_get_size (data);
  guint64 offset = receive_buffer_get_end (self->buffer);

  if (self->sink == NULL || receive_buffer_get_size (self->buffer) > 0 || size > get_room (self))
    return FALSE;

  receive_buffer_pass (self->buffer, size);
  push (self, offset, data);
  probe_if_needed (self);
  return TRUE;
}

/* Whether the next message has room: of a stream any part of it, a datagram whole. */
static gboolean
can_push (const Inbox *self)
{
  gsize piece = receive_buffer_get_piece_size (self->buffer);

  return self->sink != NULL && piece > 0 && get_room (self) >= (self->datagrams ? piece : 1);
}

void
inbox_deliver (Inbox *self)
{
  while (can_push (self)) {
    guint64 offset = receive_buffer_get_begin (self->buffer);
    g_autoptr (GBytes) data = receive_buffer_peek (self->buffer, get_room (self));

    receive_buffer_let_go (self->buffer, offset + g_bytes_get_size (data));
    push (self, offset, data);
    probe_if_needed (self);
  }
  check_drained (self);
}

void
inbox_acknowledge (Inbox *self)
{
  if (!self->probing)
    return;

  self->probing = FALSE;
  self->proven_cost = self->probed_cost;
  if (self->draining)
    timer_set (&self->patience, INBOX_PATIENCE_MS);
  probe_if_needed (self);
  inbox_deliver (self);
}

gboolean
inbox_set_sink (Inbox *self, const InboxSink *sink, gpointer user_data, GError **error)
{
  if (!inbox_check_mode (self, RECEIVE_MODE_SIGNALS, error))
    return FALSE;
  if (self->sink != NULL) {
    g_set_error (error, MSSL_ERROR, MSSL_ERROR_RECEIVE_MODE,
                 "Data of this connection already goes to another client");
    return FALSE;
  }
  self->mode = RECEIVE_MODE_SIGNALS;
  self->sink = sink;
  self->sink_data = user_data;
  self->proven_cost = self->sent_cost;
  self->probing = FALSE;
  return TRUE;
}

gboolean
inbox_has_sink (const Inbox *self)
{
  return self->sink != NULL;
}

void
inbox_remove_sink (Inbox *self)
{
  self->sink = NULL;
  self->sink_data = NULL;
  self->probing = FALSE;
}

/* -- poured ------------------------------------------------------------------------------------------- */

/* What nobody takes. */
static void
drop_all (Inbox *self)
{
  if (self->mode == RECEIVE_MODE_STREAM && self->outlet == NULL)
    receive_buffer_let_go (self->buffer, receive_buffer_get_end (self->buffer));
}

/* Gives @parts to the outlet: how many bytes it took, which follow those that it took before. */
static gsize
pour_parts (Inbox *self, const struct iovec *parts, guint n_parts, gsize size)
{
  gssize taken = self->outlet (parts, n_parts, size, self->outlet_data);

  if (taken < 0) {
    self->outlet = NULL;
    return 0;
  }
  self->delivered += taken;
  return taken;
}

/* As push_through(), of the outlet. What is left over is *@bytes, *@size. */
static void
pour_through (Inbox *self, gconstpointer *bytes, gsize *size)
{
  const struct iovec part = { (gpointer) *bytes, *size };
  gsize taken;

  if (self->outlet == NULL || !self->pouring || receive_buffer_get_size (self->buffer) > 0 || *size == 0)
    return;

  taken = pour_parts (self, &part, 1, *size);
  receive_buffer_pass (self->buffer, taken);
  *bytes = (const guint8 *) *bytes + taken;
  *size -= taken;
}

void
inbox_open_outlet (Inbox *self, InboxOutletFunc outlet, gpointer user_data)
{
  g_return_if_fail (self->mode == RECEIVE_MODE_NONE);

  self->mode = RECEIVE_MODE_STREAM;
  self->outlet = outlet;
  self->outlet_data = user_data;
}

void
inbox_pour (Inbox *self)
{
  struct iovec parts[2];
  gsize size, taken = 0, poured = 0;

  self->pouring = TRUE;
  while (self->outlet != NULL && (size = receive_buffer_get_piece_size (self->buffer)) > 0) {
    taken = pour_parts (self, parts, receive_buffer_get_parts (self->buffer, parts), size);
    receive_buffer_let_go (self->buffer, receive_buffer_get_begin (self->buffer) + taken);
    poured += taken;
    if (taken < size)
      break;
  }
  drop_all (self);
  if (self->draining && poured > 0)
    timer_set (&self->patience, INBOX_PATIENCE_MS);
  check_drained (self);
}

void
inbox_close_outlet (Inbox *self)
{
  self->outlet = NULL;
  drop_all (self);
  check_drained (self);
}

void
inbox_withdraw_outlet (Inbox *self)
{
  g_return_if_fail (!self->pouring);

  self->outlet = NULL;
  self->mode = RECEIVE_MODE_NONE;
  if (!self->draining)
    return;

  inbox_stop_draining (self);
  self->drained (TRUE, self->drained_data);
}

/* -- what comes -------------------------------------------------------------------------------------- */

gboolean
inbox_put (Inbox *self, GBytes *data)
{
  gsize size;
  gconstpointer bytes = g_bytes_get_data (data, &size);

  if (push_through (self, data))
    return TRUE;
  pour_through (self, &bytes, &size);
  if (self->mode == RECEIVE_MODE_STREAM && self->outlet == NULL) {
    drop_all (self);
    receive_buffer_pass (self->buffer, size);
    return TRUE;
  }
  if (!receive_buffer_append (self->buffer, bytes, size))
    return FALSE;

  if (self->waiter != NULL)
    finish_waiter (self);
  else
    inbox_deliver (self);
  return TRUE;
}

void
inbox_end (Inbox *self)
{
  self->ended = TRUE;
  finish_waiter (self);
  if (self->mode == RECEIVE_MODE_NONE || self->mode == RECEIVE_MODE_RECEIVE
      || receive_buffer_get_size (self->buffer) == 0)
    return;

  self->draining = TRUE;
  timer_set (&self->patience, INBOX_PATIENCE_MS);
}

/* -- the object -------------------------------------------------------------------------------------- */

gboolean
inbox_restore (Inbox *self, guint64 end, const GPtrArray *pieces)
{
  guint64 begin = end;
  gboolean fits = TRUE;

  for (guint i = 0; i < pieces->len; i++)
    begin -= g_bytes_get_size (pieces->pdata[i]);
  receive_buffer_pass (self->buffer, begin);
  self->delivered = begin;
  for (guint i = 0; i < pieces->len && fits; i++) {
    gsize size;
    gconstpointer bytes = g_bytes_get_data (pieces->pdata[i], &size);

    fits = receive_buffer_append (self->buffer, bytes, size);
  }
  return fits;
}

guint64
inbox_get_begin (const Inbox *self)
{
  return receive_buffer_get_begin (self->buffer);
}

ReceiveMode
inbox_get_mode (const Inbox *self)
{
  return self->mode;
}

guint64
inbox_get_delivered (const Inbox *self)
{
  return self->delivered;
}

gsize
inbox_get_size (const Inbox *self)
{
  return receive_buffer_get_size (self->buffer);
}

Inbox *
inbox_new (TimerClock *clock, gsize max_bytes, gboolean datagrams, InboxDrainedFunc drained,
           gpointer user_data)
{
  Inbox *self = g_new0 (Inbox, 1);

  self->buffer = receive_buffer_new (max_bytes, datagrams);
  self->datagrams = datagrams;
  self->drained = drained;
  self->drained_data = user_data;
  timer_init (&self->patience, clock, on_patience, self);
  timer_init (&self->waiter_timeout, clock, on_waiter_timeout, self);
  return self;
}

void
inbox_free (Inbox *self)
{
  inbox_refuse (self);
  timer_dispose (&self->waiter_timeout);
  timer_dispose (&self->patience);
  receive_buffer_free (self->buffer);
  g_free (self);
}
