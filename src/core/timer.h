/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What time it is, and timers: the one door through which core sees time, so that tests can turn the
 * hands. Knows nothing of what the timers are for.
 */
#pragma once

#include <glib.h>

typedef struct TimerClock TimerClock;
typedef struct Timer Timer;
typedef void (*TimerFunc) (gpointer user_data);

/** TimerClockClass: what a clock implements. Each entry is the function below of a similar name. */
typedef struct {
  gint64 (*get_now_us) (TimerClock *self);
  void (*set) (TimerClock *self, Timer *timer, guint delay_ms);
  void (*clear) (TimerClock *self, Timer *timer);
} TimerClockClass;

/** The part of every clock that this file knows; a clock's own struct begins with it. */
struct TimerClock {
  const TimerClockClass *klass;
};

/** Timer: lies inside the struct of its owner, who calls timer_clear() before that goes. All fields are
 * private. */
struct Timer {
  TimerClock *clock;
  TimerFunc func;
  gpointer user_data;
  GSource *source; /**< of the system's clock: owned, NULL while not set */
  gint64 due_us;   /**< of a test's clock: 0 while not set */
};

/** The monotonic clock and the thread-default main context of the caller of timer_set(). Static; never freed.
 */
TimerClock *timer_clock_get_system (void);

/** Microseconds since some fixed moment; never goes back. */
gint64 timer_clock_get_now_us (TimerClock *self);

/** Prepares @timer, which is not set yet. @func runs from the main loop, never inside timer_set(). */
void timer_init (Timer *timer, TimerClock *clock, TimerFunc func, gpointer user_data);

/** Lets @timer ring once, @delay_ms from now; one that was set before does not ring any more. */
void timer_set (Timer *timer, guint delay_ms);

/** It does not ring any more. Allowed at any time, also inside its own function. */
void timer_clear (Timer *timer);

/** Whether it is going to ring. FALSE inside its own function. */
gboolean timer_is_set (const Timer *timer);
