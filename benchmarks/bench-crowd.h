/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Many at once: connections, each of which needs a module, or clients, all but one of which wait for it. What
 * the daemon uses is measured here, where it is known when it begins and ends.
 */
#pragma once

#include "bench-client.h"

/**
 * Opens @number connections and sends @size bytes and waits for as many, @count times on each, all at once,
 * through AcquireStream. One figure: until all is back; notes "cpu_ns" of the daemon meanwhile, and
 * "private_dirty_kb".
 */
void bench_crowd_run_streams (const BenchTarget *target, gsize size, guint count, guint number);

/**
 * @number clients of the bus open a connection each, and ask for its state @count times, one after the other.
 * Figures: each such call; notes "cpu_ns" of the daemon meanwhile, and "before_kb" and "after_kb", its
 * private dirty memory without and with the clients.
 */
void bench_crowd_run_clients (const BenchTarget *target, guint count, guint number);

/** One client asks for the path of the context @count times. Figures: each call; note "cpu_ns". */
void bench_crowd_run_calls (const BenchTarget *target, guint count);
