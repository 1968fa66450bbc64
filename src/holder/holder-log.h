/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the module has said and somebody may still need. Its bytes have positions, which count on from when
 * the port was opened; bytes that were dropped have none. Knows neither port nor daemon.
 */
#pragma once

#include <glib.h>

typedef struct HolderLog HolderLog;

/** How much is kept. */
#define HOLDER_LOG_MAX_BYTES (64 * 1024)

HolderLog *holder_log_new (void);
void holder_log_free (HolderLog *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HolderLog, holder_log_free)

/** What does not fit is dropped, and the log is not complete any more. */
void holder_log_append (HolderLog *self, const guint8 *data, gsize size);

/** Whether @size bytes fit. */
gboolean holder_log_has_room (HolderLog *self, gsize size);

/** The position of the first byte. */
guint64 holder_log_get_begin (HolderLog *self);

/** The position behind the last byte. */
guint64 holder_log_get_end (HolderLog *self);

/** A copy of what it holds from @position on, but of @max_bytes at most; to be freed. */
GBytes *holder_log_copy (HolderLog *self, guint64 position, gsize max_bytes);

/** Whether nothing was dropped behind its first byte. */
gboolean holder_log_is_complete (HolderLog *self);

/** Nothing below @position is needed any more. */
void holder_log_drop (HolderLog *self, guint64 position);

/** It is empty, and complete; its positions go on. */
void holder_log_clear (HolderLog *self);

/** It is as new: the port was closed. */
void holder_log_reset (HolderLog *self);
