/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Our end of the socket pair through which a client has its data: a stream, or datagrams. Reads and writes
 * without ever blocking, and tells when more can be done. Knows nothing of what the bytes are for.
 */
#pragma once

#include <gio/gio.h>
#include <sys/uio.h>

typedef struct StreamSocket StreamSocket;

/**
 * @condition: what of stream_socket_watch() has become possible, G_IO_HUP, or nothing after
 * stream_socket_wake(). Runs from the main loop. It may free the socket.
 */
typedef void (*StreamSocketFunc) (GIOCondition condition, gpointer user_data);

/**
 * Makes a pair, SOCK_SEQPACKET for @datagrams and SOCK_STREAM otherwise, and keeps one end. *@ret_client_fd
 * is the other, close-on-exec and blocking; the caller's. Nothing is watched yet. Error: MSSL_ERROR_FAILED.
 */
StreamSocket *stream_socket_new (gboolean datagrams, StreamSocketFunc func, gpointer user_data,
                                 int *ret_client_fd, GError **error);

/** Closes our end: the client reads what was written and then the end of the file, or ECONNRESET when it has
 * written what was not read. */
void stream_socket_free (StreamSocket *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (StreamSocket, stream_socket_free)

/** @wanted: any of G_IO_IN and G_IO_OUT. G_IO_HUP is told in any case, once. Makes no allocation. */
void stream_socket_watch (StreamSocket *self, GIOCondition wanted);

/** Lets the function run once from the main loop. */
void stream_socket_wake (StreamSocket *self);

/** Whether nobody has the other end any more, or who has it can neither read nor write. What was written
 * before can still be read. */
gboolean stream_socket_is_hung_up (StreamSocket *self);

/**
 * StreamSocketRead:
 * @STREAM_SOCKET_DATA: there is a piece.
 * @STREAM_SOCKET_NOTHING: not now.
 * @STREAM_SOCKET_END: never again.
 * @STREAM_SOCKET_BAD_SIZE: a datagram that is empty or too long was there; it is lost.
 */
typedef enum {
  STREAM_SOCKET_DATA,
  STREAM_SOCKET_NOTHING,
  STREAM_SOCKET_END,
  STREAM_SOCKET_BAD_SIZE,
} StreamSocketRead;

/** Reads 1 to @max_bytes bytes, or one datagram of such a size, into *@ret_data (the caller unrefs). */
StreamSocketRead stream_socket_read (StreamSocket *self, gsize max_bytes, GBytes **ret_data);

/** Writes what can be written of @parts, a datagram whole or not at all: how many bytes. -1: nobody will ever
 * read them. */
gssize stream_socket_write (StreamSocket *self, const struct iovec *parts, guint n_parts);
