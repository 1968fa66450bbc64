/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a connection has received and how it is handed out: pulled by offset, pushed through a window that
 * opens as the receiver proves that it reads, or poured into an outlet as far as that takes it. Knows no bus
 * and no socket: who receives is a table of functions.
 */
#pragma once

#include <gio/gio.h>
#include <sys/uio.h>

#include "timer.h"

/** What may wait: the range, and what is usual. */
#define INBOX_SIZE_MIN_BYTES 4096
#define INBOX_SIZE_MAX_BYTES (64 * 1024 * 1024)
#define INBOX_SIZE_USUAL_BYTES (256 * 1024)

#define INBOX_RECEIVE_MAX_BYTES (256 * 1024)
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
  RECEIVE_MODE_STREAM,
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
 * Takes what it can of the @size bytes in @parts, with datagrams all or nothing: how many. After less than
 * all inbox_pour() is to be called when it can take more. -1: it will never take any more. Must not call
 * back.
 */
typedef gssize (*InboxOutletFunc) (const struct iovec *parts, guint n_parts, gsize size, gpointer user_data);

/**
 * Runs once after inbox_end(), from the main loop or inside a call of this file but inbox_end() itself, when
 * all was handed out (@complete), or when a receiver has been still for too long. Not if inbox_is_drained()
 * is TRUE when inbox_end() has returned.
 */
typedef void (*InboxDrainedFunc) (gboolean complete, gpointer user_data);

/** Holds at most @max_bytes. With @datagrams, what each inbox_put() brings is handed out as one piece. */
Inbox *inbox_new (TimerClock *clock, gsize max_bytes, gboolean datagrams, InboxDrainedFunc drained,
                  gpointer user_data);

/** A waiting inbox_receive_async() ends as by inbox_refuse(). */
void inbox_free (Inbox *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Inbox, inbox_free)

/** For an empty inbox: @end bytes have come, of which the last, @pieces (GBytes), were not let go of. FALSE
 * when not all of them have room. */
gboolean inbox_restore (Inbox *self, guint64 end, const GPtrArray *pieces);

/** Offset of the first byte that was not let go of. */
guint64 inbox_get_begin (const Inbox *self);

/** Takes what has come. FALSE when it does not fit: then nothing of it was taken. */
gboolean inbox_put (Inbox *self, GBytes *data);

/** Nothing comes any more. */
void inbox_end (Inbox *self);

/** We end and the data go on: a waiting inbox_receive_async() fails with NOT_CONNECTED, and so does the next.
 */
void inbox_refuse (Inbox *self);

/** Whether inbox_end() was called and no receiver is waited for any more. */
gboolean inbox_is_drained (const Inbox *self);

/** After inbox_end(): does not wait for a receiver. What is there can still be had. No callback. */
void inbox_stop_draining (Inbox *self);

ReceiveMode inbox_get_mode (const Inbox *self);

/** Whether @wanted can be the way of receiving. Errors: RECEIVE_MODE, ACQUIRED. */
gboolean inbox_check_mode (const Inbox *self, ReceiveMode wanted, GError **error);

/** Offset behind the last byte that was handed out; and how many lie here. */
guint64 inbox_get_delivered (const Inbox *self);
gsize inbox_get_size (const Inbox *self);

/**
 * Connection.Receive: see org.modemssl1.Connection.xml. Errors: INVALID_ARGUMENT (also: @max_bytes is less
 * than the datagram has), RECEIVE_MODE, ACQUIRED, OFFSET, LIMIT_EXCEEDED, NOT_CONNECTED (inbox_refuse()).
 */
void inbox_receive_async (Inbox *self, guint64 offset, guint max_bytes, guint timeout_ms,
                          GAsyncReadyCallback callback, gpointer user_data);

/** Caller unrefs the result. */
GBytes *inbox_receive_finish (GAsyncResult *result, gboolean *ret_eof, GError **error);

/**
 * Sets the receiver that is pushed to. There must be none. Delivers nothing yet: call inbox_deliver() when
 * the receiver was told that it is one. Errors: RECEIVE_MODE, ACQUIRED.
 */
gboolean inbox_set_sink (Inbox *self, const InboxSink *sink, gpointer user_data, GError **error);
gboolean inbox_has_sink (const Inbox *self);

/** Delivers what lies here, as far as the window allows. */
void inbox_deliver (Inbox *self);

/** The receiver has read all that was delivered before the probe. */
void inbox_acknowledge (Inbox *self);

/** The receiver is gone; another may be set, which gets what follows. */
void inbox_remove_sink (Inbox *self);

/** Lets all go to @outlet, for good. inbox_check_mode() must have said that it can. Nothing goes before the
 * first inbox_pour(). */
void inbox_open_outlet (Inbox *self, InboxOutletFunc outlet, gpointer user_data);

/** The outlet takes more. */
void inbox_pour (Inbox *self);

/** The outlet will never take any more: what is here and what still comes is dropped. */
void inbox_close_outlet (Inbox *self);

/** As if the outlet had not been opened; inbox_pour() was not called. After inbox_end() nobody is waited for.
 */
void inbox_withdraw_outlet (Inbox *self);
