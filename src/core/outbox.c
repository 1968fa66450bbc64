/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A send queue whose calls are GTasks.
 */
#include "outbox.h"

#include "mssl-error.h"
#include "send-queue.h"

struct Outbox {
  SendQueue *queue;
  guint64 sent;
  guint64 confirmed;
};

Outbox *
outbox_new (void)
{
  Outbox *self = g_new0 (Outbox, 1);

  self->queue = send_queue_new (OUTBOX_MAX_CALLS);
  return self;
}

void
outbox_free (Outbox *self)
{
  send_queue_free (self->queue);
  g_free (self);
}

gboolean
outbox_check (GBytes *data, GError **error)
{
  gsize size = g_bytes_get_size (data);

  if (size >= 1 && size <= OUTBOX_CALL_MAX_BYTES)
    return TRUE;

  g_set_error (error, MSSL_ERROR, MSSL_ERROR_INVALID_ARGUMENT,
               "data has %" G_GSIZE_FORMAT " bytes, must have 1 to %d", size, OUTBOX_CALL_MAX_BYTES);
  return FALSE;
}

void
outbox_put (Outbox *self, GBytes *data, GTask *task)
{
  if (send_queue_push (self->queue, data, task)) {
    self->sent += g_bytes_get_size (data);
    return;
  }
  g_task_return_new_error (task, MSSL_ERROR, MSSL_ERROR_LIMIT_EXCEEDED,
                           "%d calls of Send are waiting already", OUTBOX_MAX_CALLS);
  g_object_unref (task);
}

gboolean
outbox_finish (GTask *task, guint64 *ret_confirmed, GError **error)
{
  g_autofree guint64 *confirmed = g_task_propagate_pointer (task, error);

  if (confirmed == NULL)
    return FALSE;

  *ret_confirmed = *confirmed;
  return TRUE;
}

GBytes *
outbox_begin_piece (Outbox *self, gsize max_bytes)
{
  return send_queue_begin_piece (self->queue, max_bytes);
}

gboolean
outbox_is_sending (const Outbox *self)
{
  return send_queue_is_sending (self->queue);
}

GTask *
outbox_confirm (Outbox *self)
{
  GTask *task;
  gsize size = 0;

  /* Its call may have been failed meanwhile. */
  if (!send_queue_is_sending (self->queue))
    return NULL;

  task = send_queue_confirm (self->queue, &size);
  self->confirmed += size;
  return task;
}

void
outbox_complete (Outbox *self, GTask *task)
{
  g_task_return_pointer (task, g_memdup2 (&self->confirmed, sizeof (guint64)), g_free);
  g_object_unref (task);
}

void
outbox_fail (Outbox *self, const char *why)
{
  GTask *task;

  while ((task = send_queue_pop (self->queue)) != NULL) {
    g_task_return_new_error (task, MSSL_ERROR, MSSL_ERROR_SEND_FAILED,
                             "Not all of the data was confirmed (BytesConfirmed tells how much was): %s",
                             why);
    g_object_unref (task);
  }
}

void
outbox_restore (Outbox *self, guint64 bytes)
{
  self->sent += bytes;
  self->confirmed += bytes;
}

guint64
outbox_get_sent (const Outbox *self)
{
  return self->sent;
}

guint64
outbox_get_confirmed (const Outbox *self)
{
  return self->confirmed;
}
