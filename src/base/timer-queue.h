/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Timers in the order in which they are due: a binary heap, so that looking for the first one costs nothing
 * and a change little, however many there are. Owns none of them.
 */
#pragma once

#include "timer.h"

typedef struct {
  GPtrArray *timers; /* of Timer; each knows its position */
} TimerQueue;

void timer_queue_init (TimerQueue *self);
void timer_queue_clear (TimerQueue *self);

/** Adds @timer, which is in no queue, by its due_us, which stays as it is until it is removed. */
void timer_queue_add (TimerQueue *self, Timer *timer);

/** Removes @timer, which is in this queue. */
void timer_queue_remove (TimerQueue *self, Timer *timer);

/** NULL when there is none. */
Timer *timer_queue_get_first (const TimerQueue *self);
