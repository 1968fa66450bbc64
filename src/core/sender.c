/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * An outbox, then a feed, and the slot that empties them.
 */
#include "sender.h"

#include "mssl-error.h"
#include "outbox.h"

struct Sender {
  gboolean datagrams;
  const SenderListener *listener;
  gpointer user_data;

  Outbox *outbox;
  SenderFeedFunc feed; /* NULL for none */
  gpointer feed_data;
  gsize fed_bytes; /* of the feed's piece under way, 0 for none */
  guint64 fed_sent;
  guint64 fed_confirmed;
  Slot *slot;    /* NULL before the begin and after the end */
  GError *error; /* a failed piece waits here for the cause of it all */
  GSource *error_source;
};

static GBytes *
ask_feed (Sender *self, gsize max_bytes)
{
  GBytes *piece;

  if (self->feed == NULL || self->error != NULL || outbox_is_sending (self->outbox))
    return NULL;

  piece = self->feed (max_bytes, self->feed_data);
  if (piece == NULL)
    return NULL;

  self->fed_bytes = g_bytes_get_size (piece);
  self->fed_sent += self->fed_bytes;
  return piece;
}

static void
send_next (Sender *self)
{
  g_autoptr (GBytes) piece = NULL;
  gsize max_bytes;

  if (self->slot == NULL || self->fed_bytes > 0)
    return;

  max_bytes = slot_get_max_send_bytes (self->slot);
  piece = outbox_begin_piece (self->outbox, max_bytes);
  if (piece == NULL)
    piece = ask_feed (self, max_bytes);
  if (piece != NULL)
    slot_send (self->slot, piece);
}

static void
clear_error (Sender *self)
{
  g_clear_error (&self->error);
  if (self->error_source == NULL)
    return;

  g_source_destroy (self->error_source);
  g_clear_pointer (&self->error_source, g_source_unref);
}

static gboolean
on_error (gpointer user_data)
{
  Sender *self = user_data;
  g_autoptr (GError) error = g_steal_pointer (&self->error);

  clear_error (self);
  self->listener->failed (error, self->user_data);
  return G_SOURCE_REMOVE;
}

/* The driver may be about to tell that the connection has ended anyway, and why (bug class 10): that cause is
 * better, so it goes first. */
static void
fail (Sender *self, const GError *error)
{
  if (self->error != NULL)
    return;

  outbox_fail (self->outbox, error->message);
  self->error = g_error_copy (error);
  self->error_source = g_idle_source_new ();
  g_source_set_callback (self->error_source, on_error, self, NULL);
  g_source_attach (self->error_source, g_main_context_get_thread_default ());
}

void
sender_handle_sent (Sender *self, const GError *error)
{
  GTask *call = NULL;

  if (error != NULL) {
    fail (self, error);
    return;
  }
  self->fed_confirmed += self->fed_bytes;
  if (self->fed_bytes == 0)
    call = outbox_confirm (self->outbox);
  self->fed_bytes = 0;
  self->listener->moved (self->user_data);
  /* The next piece first: the module waits for it, the caller only hears of it. */
  send_next (self);
  if (call != NULL)
    outbox_complete (self->outbox, call);
}

static gboolean
check (Sender *self, GBytes *data, GError **error)
{
  if (self->slot == NULL || self->error != NULL) {
    g_set_error (error, MSSL_ERROR, MSSL_ERROR_NOT_CONNECTED, "The connection is ending");
    return FALSE;
  }
  if (!self->datagrams || g_bytes_get_size (data) <= slot_get_max_send_bytes (self->slot))
    return TRUE;

  g_set_error (error, MSSL_ERROR, MSSL_ERROR_INVALID_ARGUMENT,
               "data has %" G_GSIZE_FORMAT " bytes, but a datagram of this module holds at most %u",
               g_bytes_get_size (data), slot_get_max_send_bytes (self->slot));
  return FALSE;
}

void
sender_send (Sender *self, GBytes *data, GTask *task)
{
  GError *error = NULL;

  if (!check (self, data, &error)) {
    g_task_return_error (task, error);
    g_object_unref (task);
    return;
  }
  outbox_put (self->outbox, data, task);
  self->listener->moved (self->user_data);
  send_next (self);
}

void
sender_set_feed (Sender *self, SenderFeedFunc feed, gpointer user_data)
{
  self->feed = feed;
  self->feed_data = user_data;
}

void
sender_pull (Sender *self)
{
  send_next (self);
  if (self->fed_bytes > 0)
    self->listener->moved (self->user_data);
}

gboolean
sender_finish (GTask *task, guint64 *ret_confirmed, GError **error)
{
  return outbox_finish (task, ret_confirmed, error);
}

void
sender_begin (Sender *self, Slot *slot)
{
  self->slot = slot;
}

void
sender_restore (Sender *self, guint64 bytes)
{
  outbox_restore (self->outbox, bytes);
}

void
sender_end (Sender *self, const char *why)
{
  self->slot = NULL;
  clear_error (self);
  outbox_fail (self->outbox, why);
}

guint64
sender_get_sent (const Sender *self)
{
  return outbox_get_sent (self->outbox) + self->fed_sent;
}

guint64
sender_get_confirmed (const Sender *self)
{
  return outbox_get_confirmed (self->outbox) + self->fed_confirmed;
}

Sender *
sender_new (gboolean datagrams, const SenderListener *listener, gpointer user_data)
{
  Sender *self = g_new0 (Sender, 1);

  self->datagrams = datagrams;
  self->listener = listener;
  self->user_data = user_data;
  self->outbox = outbox_new ();
  return self;
}

void
sender_free (Sender *self)
{
  clear_error (self);
  outbox_free (self->outbox);
  g_free (self);
}
