/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One TLS connection: its states from the open to the one end, what is sent and what is received. Knows the
 * scheduler and its slot, no driver and no bus.
 *
 * Signals, all without arguments; they run inside the call or event that caused them:
 * "changed": state, place in the queue, module or receive mode; each step of the state is one emission.
 * "closed": exactly once, after the "changed" of the state CONNECTION_CLOSED.
 * "released": exactly once, after "closed": nobody wants the object any more.
 */
#pragma once

#include <gio/gio.h>

#include "connection-config.h"
#include "context-store.h"
#include "inbox.h"
#include "outbox.h"
#include "scheduler.h"

#define CONNECTION_TYPE (connection_get_type ())
G_DECLARE_FINAL_TYPE (Connection, connection, MSSL, CONNECTION, GObject)

/** How long the object stays after the end if nobody lets go of it. */
#define CONNECTION_LINGER_MS 60000

/** As documented in org.modemssl1.Connection.xml; in this order. */
typedef enum {
  CONNECTION_QUEUED,
  CONNECTION_WAITING_FOR_NETWORK,
  CONNECTION_CONFIGURING,
  CONNECTION_CONNECTING,
  CONNECTION_RESUMING,
  CONNECTION_CONNECTED,
  CONNECTION_CLOSING,
  CONNECTION_CLOSED,
} ConnectionState;

/** The name on the bus. Static. */
const char *connection_state_get_name (ConnectionState state);

typedef struct {
  guint64 bytes_sent;
  guint64 bytes_confirmed;
  guint64 bytes_received;
  guint64 bytes_delivered;
  guint buffered_bytes;
  guint64 age_ms;
} ConnectionStatistics;

/**
 * A connection that has its slot, or waits for it; the open begins from the main loop. Errors: those of
 * scheduler_enter(). @scheduler and @clock must outlive it, unless it has ended.
 */
Connection *
connection_new (const ConnectionConfig *config, Scheduler *scheduler, TimerClock *clock, GError **error);

/**
 * Goes on with a connection of an earlier life of the daemon, on slot @slot of its module, as soon as that is
 * there, on the port @device. @fd (taken): what it has left. @scheduler and @clock as above. Errors:
 * INVALID_ARGUMENT, NOT_FOUND, and those of connection_journal_resume().
 */
Connection *connection_resume (const char *device, guint slot, int fd, ContextStore *contexts,
                               Scheduler *scheduler, TimerClock *clock, GError **error);

/** Our end is near. Whether its successor is going to go on with it: then it must not be closed. */
gboolean connection_leave (Connection *self);
gboolean connection_is_left (Connection *self);

guint64 connection_get_number (Connection *self);

/** The name of the module whose slot it has or had, or that it asked for; NULL while it waits for any. */
const char *connection_get_module_name (Connection *self);

/** Its place in the queue, from 1; 0 when it does not wait. */
guint connection_get_queue_position (Connection *self);
const char *connection_get_owner (Connection *self);

/** What it was opened with. Borrowed. */
const ConnectionConfig *connection_get_config (Connection *self);
ConnectionState connection_get_state (Connection *self);
ReceiveMode connection_get_receive_mode (Connection *self);
void connection_get_statistics (Connection *self, ConnectionStatistics *ret_statistics);

/** CLOSE_REASON_NONE, 0 and "" until the state is CONNECTION_CLOSED. */
CloseReason connection_get_close_reason (Connection *self);
int connection_get_close_code (Connection *self);
const char *connection_get_close_text (Connection *self);

/**
 * Sends @data; the callback runs when all of it is confirmed, or not. Never inside this call. Errors:
 * INVALID_ARGUMENT (not 1 to OUTBOX_CALL_MAX_BYTES), NOT_CONNECTED, ACQUIRED, LIMIT_EXCEEDED, SEND_FAILED.
 */
void connection_send_async (Connection *self, GBytes *data, GAsyncReadyCallback callback, gpointer user_data);
gboolean
connection_send_finish (Connection *self, GAsyncResult *result, guint64 *ret_confirmed, GError **error);

/** As inbox_receive_async(). */
void connection_receive_async (Connection *self, guint64 offset, guint max_bytes, guint timeout_ms,
                               GAsyncReadyCallback callback, gpointer user_data);
GBytes *connection_receive_finish (Connection *self, GAsyncResult *result, gboolean *ret_eof, GError **error);

/** As inbox_set_sink(), inbox_deliver(), inbox_acknowledge(), inbox_remove_sink(). */
gboolean connection_set_sink (Connection *self, const InboxSink *sink, gpointer user_data, GError **error);
void connection_deliver (Connection *self);
void connection_acknowledge (Connection *self);
void connection_remove_sink (Connection *self);

/**
 * Lets data go through a socket from now on: *@ret_fd (the caller's) is the client's end. Nothing moves, and
 * the step can be taken back, until one of the two calls below. Errors, and then nothing has changed:
 * NOT_CONNECTED, ACQUIRED, RECEIVE_MODE, FAILED.
 */
gboolean connection_acquire_stream (Connection *self, int *ret_fd, GError **error);

/** The client was given its end, so it is the stream that keeps the connection, not the owner's being there.
 * The state CONNECTION_CLOSED may come inside. */
void connection_start_stream (Connection *self);

/** The client has gone before it was given its end: if nobody holds that, all is as before; else as above. */
void connection_recall_stream (Connection *self);

/** Ends it for @reason, unless it has ended already. The state CONNECTION_CLOSED may come inside. */
void connection_close (Connection *self, CloseReason reason);

/** Closes it, and "released" follows as soon as it is closed; possibly inside. */
void connection_release (Connection *self);

/** Its owner is gone: unless it persists or has a stream, closes and releases it. */
void connection_owner_left (Connection *self);

/** For a daemon that must end now: does not wait for a receiver any more. */
void connection_stop_draining (Connection *self);
