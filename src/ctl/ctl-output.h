/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A file descriptor that is written as fast as it takes data, and a queue before it. Never blocks the main
 * loop and never loses a byte; the descriptor's flags are left alone. Knows nothing of where the data comes
 * from.
 */
#pragma once

#include <glib.h>

typedef struct CtlOutput CtlOutput;

/**
 * Runs from the main loop whenever the queue has become shorter, or with @error (CTL_ERROR) once when writing
 * has failed: then the queue is empty and all further data is thrown away. It must not free the output.
 */
typedef void (*CtlOutputFunc) (const GError *error, gpointer user_data);

/** Writes to @fd, which stays the caller's. */
CtlOutput *ctl_output_new (int fd, CtlOutputFunc func, gpointer user_data);

/** Appends @data to the queue. */
void ctl_output_write (CtlOutput *self, GBytes *data);

/** How much waits, in bytes. */
gsize ctl_output_get_queued (CtlOutput *self);

void ctl_output_free (CtlOutput *self);
