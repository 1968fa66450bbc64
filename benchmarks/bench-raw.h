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

/**
 * BenchRawWay:
 * @BENCH_RAW_ECHO: each round sends, and waits for as many bytes to come back.
 * @BENCH_RAW_UPLOAD: each round sends.
 * @BENCH_RAW_DOWNLOAD: each round waits for what comes, once the server has been sent a line.
 */
typedef enum {
  BENCH_RAW_ECHO,
  BENCH_RAW_UPLOAD,
  BENCH_RAW_DOWNLOAD,
} BenchRawWay;

/** @hex: the data format, both ways. */
typedef struct {
  const char *host;
  guint port;
  gsize size;
  guint count;
  BenchRawWay way;
  gboolean hex;
} BenchRawRounds;

/**
 * Opens a connection through @port (a tty in raw mode afterwards) without authentication and does the rounds.
 * Figures: each of them; notes "line_bytes": what passed the port meanwhile, both ways,
 * and "payload_bytes".
 */
void bench_raw_run (const BenchRawPort *port, const BenchRawRounds *rounds);
