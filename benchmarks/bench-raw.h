/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a bare read and write loop on the port can do: the yardstick.
 */
#pragma once

#include <glib.h>

/**
 * Opens a connection on the port @device (a tty in raw mode afterwards) to @host and @port without
 * authentication, sends @size bytes @count times and, when @echo, waits each time for as many to come back.
 * Figures: each such round; note "line_bytes": what passed the port meanwhile, both ways.
 */
void bench_raw_run (const char *device, const char *host, guint port, gsize size, guint count, gboolean echo);
