/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Whether a line that nobody expects is one that a sound module says, or the remains of a damaged one, which
 * may have held received data: then a stream must not go on. Pure.
 */
#pragma once

#include <glib.h>

/** Whether a module that restarted in the middle of @payload said so within it. */
gboolean bc660k_line_is_banner_in (GBytes *payload);

/** @line may also have stopped before its end. @verbose: the module was told to print "debug" lines (note
 * 2.3.1), whose form nobody knows. */
gboolean bc660k_line_is_sound (const char *line, gsize length, gboolean verbose);
