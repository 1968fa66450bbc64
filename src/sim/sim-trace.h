/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The log of the AT dialogue (--log): one line per transfer with the monotonic time, escaped. It shows
 * everything, keys and payload included: this is a simulator. Echo is not logged. */
#pragma once

#include <glib.h>

typedef struct SimTrace SimTrace;

/* path NULL: a trace that writes nowhere. Owned by the caller. Errors of G_FILE_ERROR. */
SimTrace *sim_trace_new (const char *path, GError **error);
void sim_trace_free (SimTrace *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SimTrace, sim_trace_free)

/* What came from the host ('>>') and what goes to it ('<<'). */
void sim_trace_input (SimTrace *self, const guint8 *data, gsize length);
void sim_trace_output (SimTrace *self, const guint8 *data, gsize length);

/* An event ('--'). */
void sim_trace_note (SimTrace *self, const char *format, ...) G_GNUC_PRINTF (2, 3);
