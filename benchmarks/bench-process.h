/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a process has used so far, as the kernel counts it.
 */
#pragma once

#include <gio/gio.h>

/** The process that owns @name on @bus. Ends the program when nobody does. */
guint bench_process_find (GDBusConnection *bus, const char *name);

/** What all threads of @pid together have run, in nanoseconds. */
gint64 bench_process_get_cpu_ns (guint pid);

/** @key of /proc/PID/smaps_rollup, in kB. */
guint64 bench_process_get_memory_kb (guint pid, const char *key);
