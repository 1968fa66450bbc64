/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a connection has received and how it is handed out: pulled by offset, or pushed through a window that
 * opens as the receiver proves that it reads. Knows no bus: who receives is a table of functions.
 */
#pragma once

#include <gio/gio.h>

#include "timer.h"

#define INBOX_MAX_BYTES (256 * 1024)
#define INBOX_WINDOW_BYTES (64 * 1024)
#define INBOX_DELIVERY_MAX_BYTES (16 * 1024)

/** What a message costs the bus beside its payload; it counts in the window, or small ones could flood it. */
#define INBOX_DELIVERY_OVERHEAD_BYTES 256
#define INBOX_RECEIVE_TIMEOUT_MAX_MS 20000

/** At the end: how long a receiver may take to prove that it reads on. */
#define INBOX_PATIENCE_MS 60000

typedef struct Inbox Inbox;

/** The first use decides, for good. */
typedef enum {
  RECEIVE_MODE_NONE,
  RECEIVE_MODE_RECEIVE,
  RECEIVE_MODE_SIGNALS,
} ReceiveMode;

/** The name on the bus. Static. */
const char *inbox_get_mode_name (ReceiveMode mode);

/**
 * InboxSink: a receiver that is pushed to. Both run inside the call that caused them and must not call back.
 *
 * @deliver: hands out @data, 1 to INBOX_DELIVERY_MAX_BYTES bytes, which follow those before.
 * @probe: asks the receiver to prove that it has read all until now; when it has, inbox_acknowledge() is to
 * be called, once. Never more than INBOX_WINDOW_BYTES are delivered without that. One at a time.
 */
typedef struct {
  void (*deliver) (guint64 offset, GBytes *data, gpointer user_data);
  void (*probe) (gpointer user_data);
} InboxSink;

/**
 * Runs once after inbox_end(), from the main loop or inside a call of this file but inbox_end() itself, when
 * all was handed out (@complete), or when a receiver has been still for too long. Not if inbox_is_drained()
 * is TRUE when inbox_end() has returned.
 */
typedef void (*InboxDrainedFunc) (gboolean complete, gpointer user_data);

/** With @datagrams, what each inbox_put() brings is handed out as one piece. */
Inbox *inbox_new (TimerClock *clock, gboolean datagrams, InboxDrainedFunc drained, gpointer user_data);

/** A waiting inbox_receive_async() ends as at the end of the data. */
void inbox_free (Inbox *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Inbox, inbox_free)

/** Takes what has come. FALSE when it does not fit: then nothing of it was taken. */
gboolean inbox_put (Inbox *self, GBytes *data);

/** Nothing comes any more. */
void inbox_end (Inbox *self);

/** Whether inbox_end() was called and no receiver is waited for any more. */
gboolean inbox_is_drained (const Inbox *self);

/** After inbox_end(): does not wait for a receiver. What is there can still be had. No callback. */
void inbox_stop_draining (Inbox *self);

ReceiveMode inbox_get_mode (const Inbox *self);

/** Offset behind the last byte that was handed out; and how many lie here. */
guint64 inbox_get_delivered (const Inbox *self);
gsize inbox_get_size (const Inbox *self);

/**
 * Connection.Receive: see org.modemssl1.Connection.xml. Errors: INVALID_ARGUMENT (also: @max_bytes is less
 * than the datagram has), RECEIVE_MODE, OFFSET, LIMIT_EXCEEDED.
 */
void inbox_receive_async (Inbox *self, guint64 offset, guint max_bytes, guint timeout_ms,
                          GAsyncReadyCallback callback, gpointer user_data);

/** Caller unrefs the result. */
GBytes *inbox_receive_finish (GAsyncResult *result, gboolean *ret_eof, GError **error);

/**
 * Sets the receiver that is pushed to. There must be none. Delivers nothing yet: call inbox_deliver() when
 * the receiver was told that it is one. Error: RECEIVE_MODE.
 */
gboolean inbox_set_sink (Inbox *self, const InboxSink *sink, gpointer user_data, GError **error);
gboolean inbox_has_sink (const Inbox *self);

/** Delivers what lies here, as far as the window allows. */
void inbox_deliver (Inbox *self);

/** The receiver has read all that was delivered before the probe. */
void inbox_acknowledge (Inbox *self);

/** The receiver is gone; another may be set, which gets what follows. */
void inbox_remove_sink (Inbox *self);
