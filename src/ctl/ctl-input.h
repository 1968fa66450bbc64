/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A file descriptor that is read piece by piece, only while somebody wants more. Knows nothing of where it
 * goes. The descriptor's flags are left alone, because it is shared with whoever started the program.
 */
#pragma once

#include <glib.h>

typedef struct CtlInput CtlInput;

/**
 * Runs from the main loop with the next bytes; with neither @data nor @error at the end of input; or with
 * @error (CTL_ERROR). After the last two it does not run again. It may free or stop the input.
 */
typedef void (*CtlInputFunc) (GBytes *data, const GError *error, gpointer user_data);

/** Starts stopped. Reads at most @max_bytes at a time from @fd, which stays the caller's. */
CtlInput *ctl_input_new (int fd, gsize max_bytes, CtlInputFunc func, gpointer user_data);

/** Goes on reading, or stops. After the end it does nothing. */
void ctl_input_set_reading (CtlInput *self, gboolean reading);

void ctl_input_free (CtlInput *self);
