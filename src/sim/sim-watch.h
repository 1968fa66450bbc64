/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A file descriptor in the main loop whose condition may change at any time. Knows nothing of what is read.
 */
#pragma once

#include <glib.h>

typedef struct SimWatch SimWatch;

/* Called from the main loop; it may free the watch. */
typedef void (*SimWatchFunc) (GIOCondition condition, gpointer user_data);

/* Watches the fd, which stays the caller's and must outlive the watch; no condition is awaited yet. */
SimWatch *sim_watch_new (int fd, int priority, SimWatchFunc func, gpointer user_data);

/* 0 awaits nothing, not even a hang-up. */
void sim_watch_set (SimWatch *self, GIOCondition condition);
void sim_watch_free (SimWatch *self);
