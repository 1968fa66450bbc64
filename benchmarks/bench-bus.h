/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The bus alone: what a method call and a signal through a bus daemon cost.
 */
#pragma once

#include <gio/gio.h>

/** Owns a name, answers Echo(ay) by a signal with the same bytes to the caller and then by a reply. Never
 * returns. */
void bench_bus_serve (void);

/** Calls that service @count times with @size bytes. Figures: from the call until signal and reply are there.
 */
void bench_bus_run (gsize size, guint count);

/** A process that gives back what it is sent through a socket pair. Figures: each round. */
void bench_bus_run_socketpair (gsize size, guint count);

/** ModemManager sends @command to the modem at @path @count times. Figures: from the call to its reply. */
void bench_bus_run_modem_manager (const char *path, const char *command, guint count);
