/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Tells when the way to a port may have changed: plugged in, unplugged, a link that leads elsewhere, other
 * permissions. What is at the end of the way is looked up by port-path.h.
 *
 * It uses inotify itself and not GFileMonitor, which would also ask for each write, and with that wake up the
 * daemon whenever any program writes to anything in /dev.
 */
#pragma once

#include "timer.h"

typedef struct PortWatch PortWatch;

/** Runs from the main loop; something may have changed for some of the paths. May free the watch. */
typedef void (*PortWatchFunc) (gpointer user_data);

/** How often all is looked at where the kernel gives no more watches. Never otherwise. */
#define PORT_WATCH_POLL_MS 5000

/** Watches nothing yet. */
PortWatch *port_watch_new (TimerClock *clock, PortWatchFunc changed, gpointer user_data);
void port_watch_free (PortWatch *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PortWatch, port_watch_free)

/** Watches these absolute paths and no others from now on: a change after this call is told. */
void port_watch_set_paths (PortWatch *self, const char *const *paths);
