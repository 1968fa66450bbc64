/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a bare read and write loop on the port can do: the yardstick.
 */
#pragma once

#include <glib.h>

/** @baud: 115200, 460800 or 921600; does not matter where the line is not paced. */
typedef struct {
  const char *device;
  guint baud;
} BenchRawPort;

/** @echo: wait each time for as many bytes to come back. */
typedef struct {
  const char *host;
  guint port;
  gsize size;
  guint count;
  gboolean echo;
} BenchRawRounds;

/**
 * Opens a connection through @port (a tty in raw mode afterwards) without authentication and does the rounds.
 * Figures: each of them; note "line_bytes": what passed the port meanwhile, both ways.
 */
void bench_raw_run (const BenchRawPort *port, const BenchRawRounds *rounds);
