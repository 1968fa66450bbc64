/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The sending side of a connection: takes calls, or asks a feed, for what the slot takes, one piece at a
 * time. Knows no state of a connection but whether there is a slot to send through.
 */
#pragma once

#include <gio/gio.h>

#include "slot.h"

typedef struct Sender Sender;

/**
 * SenderListener: both run from the main loop, or @moved inside sender_send(). All are required.
 * @moved: data was taken or confirmed.
 * @failed: a piece was not sent, so what is behind it would make a hole; every call was answered. Once; not
 *   after sender_end().
 */
typedef struct {
  void (*moved) (gpointer user_data);
  void (*failed) (const GError *error, gpointer user_data);
} SenderListener;

/** @datagrams: what one call sends is never cut. */
Sender *sender_new (gboolean datagrams, const SenderListener *listener, gpointer user_data);
void sender_free (Sender *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Sender, sender_free)

/** @slot is open; it must stay taken until sender_end(). */
void sender_begin (Sender *self, Slot *slot);

/** Before sender_begin(): @bytes more were sent and confirmed in an earlier life of the daemon. */
void sender_restore (Sender *self, guint64 bytes);

/** No slot any more: every call that waits fails with SEND_FAILED, for the reason @why. */
void sender_end (Sender *self, const char *why);

/**
 * @task (taken) is returned when all of @data is confirmed, or not; read it with sender_finish(). Errors:
 * INVALID_ARGUMENT (size), NOT_CONNECTED, LIMIT_EXCEEDED, SEND_FAILED.
 */
void sender_send (Sender *self, GBytes *data, GTask *task);
gboolean sender_finish (GTask *task, guint64 *ret_confirmed, GError **error);

/**
 * The next piece of 1 to @max_bytes bytes (transfer full), or NULL when there is none; then sender_pull() is
 * to be called when there may be one. Runs inside sender_pull() and sender_handle_sent(), when all before it
 * is confirmed. Must not call back.
 */
typedef GBytes *(*SenderFeedFunc) (gsize max_bytes, gpointer user_data);

/** From now on @feed is asked whenever no call waits; NULL: nobody. */
void sender_set_feed (Sender *self, SenderFeedFunc feed, gpointer user_data);

/** Asks the feed, unless a piece is under way, or there is no slot. */
void sender_pull (Sender *self);

/** The slot's answer to the piece under way. */
void sender_handle_sent (Sender *self, const GError *error);

guint64 sender_get_sent (const Sender *self);
guint64 sender_get_confirmed (const Sender *self);
