/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the module has said and nobody has taken yet. Bytes only: knows neither port nor daemon.
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

/** A copy of all of it; to be freed. */
GBytes *holder_log_get_bytes (HolderLog *self);

/** Whether nothing was dropped. */
gboolean holder_log_is_complete (HolderLog *self);

/** It is empty, and complete. */
void holder_log_clear (HolderLog *self);
