/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A connection with a stream on a fake module, seen from both sides. For the tests; checks the bytes by
 * itself.
 */
#pragma once

#include "watch.h"

#define STREAM_BLOCK_BYTES 1400

/** Stream: all fields may be used. */
typedef struct {
  World *world;
  Watch *watch;
  int fd;             /**< the client's end, -1 when it has closed it */
  GByteArray *wrote;  /**< what the client wrote */
  guint64 told;       /**< bytes that the module told; byte i is that of stream_get_byte (i) */
  guint64 read;       /**< bytes that the client read */
  gboolean saw_end;   /**< the client read the end of the file */
  gboolean saw_reset; /**< the client got ECONNRESET */
} Stream;

/** Byte @i of either direction. */
guint8 stream_get_byte (guint64 i);

/** A connection without a stream; @options in GVariant text or NULL. */
Stream *stream_new_with (gboolean datagrams, const char *options);

/** One whose stream goes. */
Stream *stream_new (void);
Stream *stream_new_datagrams (void);
void stream_free (Stream *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Stream, stream_free)

/** The stream that is then to be started or recalled. */
void stream_acquire (Stream *self);

/** The client writes: how many bytes the socket took. */
gsize stream_write (Stream *self, gsize size);

/** It reads what there is. */
void stream_read (Stream *self);

/** It closes its end. */
void stream_hang_up (Stream *self);

/** The module tells. */
void stream_tell_received (Stream *self, gsize size);
void stream_tell_closed (Stream *self);

/** Ends the operation, if it is under way, well. */
void stream_finish (Stream *self, FakeOperation operation);

/** Confirms what is sent until nothing more is. */
void stream_confirm_all (Stream *self);

/** What the module got is the beginning of what the client wrote. */
void stream_check_sent (Stream *self);

ConnectionStatistics stream_get_statistics (Stream *self);
ConnectionState stream_get_state (Stream *self);
