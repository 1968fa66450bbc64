/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a module is told that nobody comes back to: probes until it answers, then one line behind the answer
 * to the one before. Knows no daemon, and of what the module says only final results.
 */
#pragma once

#include <glib.h>

#include "serial-port.h"

typedef struct HolderFarewell HolderFarewell;

/**
 * HolderFarewellTiming: in milliseconds.
 * @answer_ms: for an answer to one line.
 * @quiet_ms: of silence behind an answer, since results may follow.
 * @probes: how many go unanswered before the module is let go as it is; at least 1.
 */
typedef struct {
  guint answer_ms;
  guint quiet_ms;
  guint probes;
} HolderFarewellTiming;

/** All was said; or, not @answered, the module has answered no probe. Runs from the main loop. */
typedef void (*HolderFarewellEndFunc) (gboolean answered, gpointer user_data);

/** A farewell without lines. @name: of the port, for warnings; it and @timing must outlive it. */
HolderFarewell *holder_farewell_new (const HolderFarewellTiming *timing, const char *name,
                                     HolderFarewellEndFunc func, gpointer user_data);
void holder_farewell_free (HolderFarewell *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HolderFarewell, holder_farewell_free)

/** Its lines, each with a newline, instead of the former ones. Nothing for a text that is none of such lines.
 */
void holder_farewell_set (HolderFarewell *self, GBytes *text);

/** NULL-terminated, borrowed. */
const char *const *holder_farewell_get_lines (HolderFarewell *self);

/** Begins to say it to @port, from its first line, until the end is reported or holder_farewell_stop(). */
void holder_farewell_begin (HolderFarewell *self, SerialPort *port);

/** Says no more; nothing if it does not. */
void holder_farewell_stop (HolderFarewell *self);

/** The module has said @line; nothing unless the farewell is being said. */
void holder_farewell_handle_line (HolderFarewell *self, const char *line);
