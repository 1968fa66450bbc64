/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The calls of Send that wait, cut into the pieces that the module takes, in order and without copying.
 * Pure: it hands out pieces and says which call is complete; who sends and who answers is not known here.
 */
#pragma once

#include <glib.h>

typedef struct SendQueue SendQueue;

/** An empty queue of at most @max_calls calls. */
SendQueue *send_queue_new (guint max_calls);

/** The queue must be empty: every call has an answer coming. */
void send_queue_free (SendQueue *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SendQueue, send_queue_free)

/**
 * Puts @data, at least one byte, behind the others. @call is the caller's mark for it, not NULL, and comes
 * back exactly once, from send_queue_confirm() or send_queue_pop(). FALSE, and nothing is kept, when the
 * queue is full.
 */
gboolean send_queue_push (SendQueue *self, GBytes *data, gpointer call);

/**
 * The next piece of at most @max_piece_bytes to send (transfer full), or NULL when there is none or the one
 * before was not confirmed yet.
 */
GBytes *send_queue_begin_piece (SendQueue *self, gsize max_piece_bytes);

/** The piece under way was confirmed. The call that is complete with it, or NULL; *@ret_bytes: size of the
 * piece. */
gpointer send_queue_confirm (SendQueue *self, gsize *ret_bytes);

/** Takes the first call out of the queue, complete or not; NULL when there is none. For the end. */
gpointer send_queue_pop (SendQueue *self);

/** Whether a piece was begun and not yet confirmed. */
gboolean send_queue_is_sending (const SendQueue *self);
