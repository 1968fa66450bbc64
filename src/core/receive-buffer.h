/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Bytes that have come and were not yet let go of: bounded, addressed by their offset in the stream.
 * Pure: no I/O, no time, no policy on what happens when it is full.
 */
#pragma once

#include <glib.h>
#include <sys/uio.h>

typedef struct ReceiveBuffer ReceiveBuffer;

/**
 * An empty buffer that never holds more than @max_bytes. Takes memory only while it holds something. With
 * @datagrams, each receive_buffer_append() stays one piece.
 */
ReceiveBuffer *receive_buffer_new (gsize max_bytes, gboolean datagrams);
void receive_buffer_free (ReceiveBuffer *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ReceiveBuffer, receive_buffer_free)

/** Copies @size bytes behind what is there. FALSE when they do not fit: then nothing was taken. */
gboolean receive_buffer_append (ReceiveBuffer *self, gconstpointer data, gsize size);

/** Counts @size bytes that came and went without lying here. The buffer must be empty. */
void receive_buffer_pass (ReceiveBuffer *self, gsize size);

/** Offset of the first byte that is still there, and of the one that comes next. */
guint64 receive_buffer_get_begin (const ReceiveBuffer *self);
guint64 receive_buffer_get_end (const ReceiveBuffer *self);

/** How many bytes are there. */
gsize receive_buffer_get_size (const ReceiveBuffer *self);

/** How many bytes belong together at the beginning: a whole datagram, of a stream everything. */
gsize receive_buffer_get_piece_size (const ReceiveBuffer *self);

/** That piece where it lies, in up to two parts, borrowed until the next change. How many parts. */
guint receive_buffer_get_parts (const ReceiveBuffer *self, struct iovec ret_parts[2]);

/** A copy of the first bytes of that piece, at most @max_bytes; possibly empty. They stay. */
GBytes *receive_buffer_peek (const ReceiveBuffer *self, gsize max_bytes);

/**
 * Lets go of everything below @offset. FALSE, and nothing is changed, unless begin <= @offset <= end, and
 * @offset lies between two datagrams.
 */
gboolean receive_buffer_let_go (ReceiveBuffer *self, guint64 offset);
