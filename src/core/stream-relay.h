/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Joins a client's socket with the two sides of a connection: what the client writes goes to the sender,
 * piece by piece as the module takes it, and what the inbox gets goes to the client. Who is slow is waited
 * for by the kernel's buffers. Knows neither the bus nor the connection.
 */
#pragma once

#include "inbox.h"
#include "sender.h"

typedef struct StreamRelay StreamRelay;

/**
 * StreamRelayListener: both run from the main loop, and may free the relay. All are required.
 * @done: nobody has the client's end any more, and all that was written to it is confirmed.
 * @refused: the client wrote a datagram that is empty or longer than the module sends.
 */
typedef struct {
  void (*done) (gpointer user_data);
  void (*refused) (gpointer user_data);
} StreamRelayListener;

/**
 * Takes @inbox and @sender, which must outlive it, for a stream; *@ret_client_fd (the caller's) is the
 * client's end. Nothing is read or written before stream_relay_start(). Errors, and then nothing has changed:
 * ACQUIRED, RECEIVE_MODE, FAILED.
 */
StreamRelay *
stream_relay_new (Inbox *inbox, Sender *sender, gboolean datagrams, const StreamRelayListener *listener,
                  gpointer user_data, int *ret_client_fd, GError **error);

/** Whether data goes through it. */
gboolean stream_relay_is_started (const StreamRelay *self);

/** Whether anybody has the client's end. */
gboolean stream_relay_is_held (const StreamRelay *self);

/** The client has its end: data goes. Once. */
void stream_relay_start (StreamRelay *self);

/** Closes our end. The way of receiving can be chosen again unless it was started. */
void stream_relay_free (StreamRelay *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (StreamRelay, stream_relay_free)
