/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A queue of calls; the first one is being sent.
 */
#include "send-queue.h"

typedef struct {
  GBytes *data;
  gpointer call;
} Entry;

struct SendQueue {
  guint max_calls;
  GQueue entries;
  gsize confirmed_bytes; /* of the first entry */
  gsize piece_bytes;     /* of the piece under way, 0 for none */
};

SendQueue *
send_queue_new (guint max_calls)
{
  SendQueue *self = g_new0 (SendQueue, 1);

  self->max_calls = max_calls;
  g_queue_init (&self->entries);
  return self;
}

void
send_queue_free (SendQueue *self)
{
  g_return_if_fail (g_queue_is_empty (&self->entries));

  g_free (self);
}

gboolean
send_queue_push (SendQueue *self, GBytes *data, gpointer call)
{
  Entry *entry;

  g_return_val_if_fail (call != NULL && g_bytes_get_size (data) > 0, FALSE);

  if (self->entries.length >= self->max_calls)
    return FALSE;

  entry = g_new (Entry, 1);
  *entry = (Entry){ g_bytes_ref (data), call };
  g_queue_push_tail (&self->entries, entry);
  return TRUE;
}

GBytes *
send_queue_begin_piece (SendQueue *self, gsize max_piece_bytes)
{
  Entry *entry = g_queue_peek_head (&self->entries);
  gsize left;

  if (entry == NULL || self->piece_bytes > 0)
    return NULL;

  left = g_bytes_get_size (entry->data) - self->confirmed_bytes;
  self->piece_bytes = MIN (left, max_piece_bytes);
  return g_bytes_new_from_bytes (entry->data, self->confirmed_bytes, self->piece_bytes);
}

gpointer
send_queue_pop (SendQueue *self)
{
  g_autofree Entry *entry = g_queue_pop_head (&self->entries);

  if (entry == NULL)
    return NULL;

  self->confirmed_bytes = self->piece_bytes = 0;
  g_bytes_unref (entry->data);
  return entry->call;
}

gpointer
send_queue_confirm (SendQueue *self, gsize *ret_bytes)
{
  Entry *entry = g_queue_peek_head (&self->entries);

  g_return_val_if_fail (entry != NULL && self->piece_bytes > 0, NULL);

  *ret_bytes = self->piece_bytes;
  self->confirmed_bytes += self->piece_bytes;
  self->piece_bytes = 0;
  if (self->confirmed_bytes < g_bytes_get_size (entry->data))
    return NULL;
  return send_queue_pop (self);
}

gboolean
send_queue_is_sending (const SendQueue *self)
{
  return self->piece_bytes > 0;
}
