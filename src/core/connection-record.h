/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a connection was opened with, as a value that a later life of the daemon reads. Pure.
 */
#pragma once

#include "connection-config.h"
#include "context-store.h"

/**
 * ConnectionTimes: in microseconds of the monotonic clock, which is the same for every process.
 * @born_us: of Open.
 * @granted_us: when it got its slot.
 */
typedef struct {
  gint64 born_us;
  gint64 granted_us;
} ConnectionTimes;

/** @module: the name of the one that it has its slot of. Floating. */
GVariant *
connection_record_save (const ConnectionConfig *config, const char *module, const ConnectionTimes *times);

/** Fills in @ret_config, which borrows from @facts, and @ret_times. Errors: INVALID_ARGUMENT when @facts
 * misses anything, NOT_FOUND when its context is no more. */
gboolean connection_record_load (GVariant *facts, ContextStore *contexts, ConnectionConfig *ret_config,
                                 ConnectionTimes *ret_times, GError **error);
