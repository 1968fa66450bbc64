/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Rings when nothing has moved for some time. Knows nothing of what moves.
 */
#pragma once

#include "timer.h"

/** IdleWatch: lies inside the struct of its owner, who calls idle_watch_dispose() before that goes. All
 * fields are private. */
typedef struct {
  TimerClock *clock;
  Timer timer;
  gint64 limit_us; /**< 0 for never */
  gint64 moved_us;
  TimerFunc rang;
  gpointer user_data;
} IdleWatch;

/** Prepares it; @limit_s is 0 for one that never rings. @rang runs from the main loop. */
void idle_watch_init (IdleWatch *self, TimerClock *clock, guint limit_s, TimerFunc rang, gpointer user_data);

/** The time begins. */
void idle_watch_start (IdleWatch *self);

/** Something moved. Cheap: no timer is set. */
void idle_watch_note (IdleWatch *self);

/** Does not ring any more. */
void idle_watch_stop (IdleWatch *self);
void idle_watch_dispose (IdleWatch *self);
