/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A client of the daemon, as a program in C would be written.
 */
#pragma once

#include <glib.h>

/** Where a connection goes: @context is the name of a context of the daemon. */
typedef struct {
  const char *context;
  const char *host;
  guint port;
} BenchTarget;

/** Sends @size bytes and waits for as many to come back, @count times: through AcquireStream. */
void bench_client_run_stream (const BenchTarget *target, gsize size, guint count);

/** The same through Send and Received: from the call until the reply and all data are there. */
void bench_client_run_signals (const BenchTarget *target, gsize size, guint count);

/** Sends @size bytes @count times through AcquireStream; one figure: until all is confirmed, which is not
 * asked before @least_ms have passed. */
void bench_client_run_upload (const BenchTarget *target, gsize size, guint count, guint least_ms);

/** Reads @size bytes @count times, or a little more, through AcquireStream from a server that sends as much
 * as it can once it has been sent a line. One figure: all of it; note "payload_bytes". */
void bench_client_run_download (const BenchTarget *target, gsize size, guint count);

/** Opens and closes @count times; figures: until connected. */
void bench_client_run_opens (const BenchTarget *target, guint count);
