/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What time it is, and one-shot timers, which can be set again any number of times without an allocation: the
 * one door through which all layers see time, so that tests can turn the hands. Knows nothing of what the
 * timers are for. Setting and clearing make no system call.
 */
#pragma once

#include <glib.h>

typedef struct TimerClock TimerClock;
typedef struct Timer Timer;
typedef void (*TimerFunc) (gpointer user_data);

/**
 * TimerClockClass: what a clock implements.
 * @get_now_us: timer_clock_get_now_us().
 * @set: lets @timer, which was not set, ring at its due_us.
 * @clear: @timer, which was set, does not ring any more.
 */
typedef struct {
  gint64 (*get_now_us) (TimerClock *self);
  void (*set) (TimerClock *self, Timer *timer);
  void (*clear) (TimerClock *self, Timer *timer);
} TimerClockClass;

/** The part of every clock that this file knows; a clock's own struct begins with it. */
struct TimerClock {
  const TimerClockClass *klass;
};

/** Timer: lies inside the struct of its owner, who calls timer_dispose() before that goes. All fields are
 * private. */
struct Timer {
  TimerClock *clock;
  TimerFunc func;
  gpointer user_data;
  gint64 due_us;   /**< 0 while not set */
  GSource *source; /**< of the system's clock: found or made by the first timer_set(); one reference */
  guint position;  /**< of the system's clock: in its queue, while set */
};

/** The monotonic clock and the thread-default main context of the caller of the first timer_set(), whose
 * thread is the only one that may use the timer. What a file descriptor had to tell when a timer was due is
 * dispatched first, and may still clear it. Static; never freed. */
TimerClock *timer_clock_get_system (void);

/** Microseconds since some fixed moment, above 0; never goes back. */
gint64 timer_clock_get_now_us (TimerClock *self);

/** Prepares @timer, which is not set yet. @func runs from the main loop, never inside timer_set(); it may
 * dispose of @timer and free what holds it. */
void timer_init (Timer *timer, TimerClock *clock, TimerFunc func, gpointer user_data);

/** Lets @timer ring once, @delay_ms from now; takes the place of an earlier setting. */
void timer_set (Timer *timer, guint64 delay_ms);

/** It does not ring any more. Allowed at any time, also inside its own function and when it was never
 * prepared but is all zeros. */
void timer_clear (Timer *timer);

/** Whether it is going to ring. FALSE inside its own function. */
gboolean timer_is_set (const Timer *timer);

/** The end of @timer, set or not; allowed where timer_clear() is. */
void timer_dispose (Timer *timer);
