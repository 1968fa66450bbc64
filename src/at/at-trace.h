/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The record of an AT dialogue that a person can read and send to somebody else: one line an event, with time
 * and module. It shows sizes instead of payload and secrets.
 */
#pragma once

#include <glib.h>

#include "at-command.h"
#include "at-parser.h"

typedef struct AtTrace AtTrace;

/** Appends to the file @path, which is made for its owner alone. G_IO_ERROR when it cannot be opened. */
AtTrace *at_trace_open (const char *path, GError **error);
AtTrace *at_trace_ref (AtTrace *self);
void at_trace_unref (AtTrace *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (AtTrace, at_trace_unref)

/** What was written: the command's line, or @what ("ESC"). Each of these takes a NULL @self for "no trace".
 */
void at_trace_write_line (AtTrace *self, const char *name, const char *line);

/** A payload of @size bytes was written. */
void at_trace_write_payload (AtTrace *self, const char *name, gsize size);

/** What was read: the first @visible bytes of the event's line and how much was hidden. */
void at_trace_read (AtTrace *self, const char *name, const AtEvent *event, gsize visible);

/** Something that the channel did by itself, such as "resync". */
void at_trace_note (AtTrace *self, const char *name, const char *note);
