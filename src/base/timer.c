/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The timers, and the system's clock: a GSource for each timer, whose ready time moves.
 */
#include "timer.h"

/* Longer than anything runs, and far from the end of the numbers. */
#define DELAY_MAX_MS (G_MAXINT64 / 4000)

static gint64
get_system_now_us (TimerClock *self)
{
  return g_get_monotonic_time ();
}

static gboolean
dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  Timer *timer = user_data;

  timer_clear (timer);
  timer->func (timer->user_data); /* @timer may be gone now */
  return G_SOURCE_CONTINUE;
}

static gboolean
never_called (gpointer user_data)
{
  return G_SOURCE_CONTINUE;
}

static void
set_system_timer (TimerClock *self, Timer *timer)
{
  static GSourceFuncs funcs = { .dispatch = dispatch };

  if (timer->source == NULL) {
    timer->source = g_source_new (&funcs, sizeof (GSource));
    /* GLib hands the data to dispatch() only together with a callback. */
    g_source_set_callback (timer->source, never_called, timer, NULL);
    g_source_attach (timer->source, g_main_context_get_thread_default ());
  }
  g_source_set_ready_time (timer->source, timer->due_us);
}

static void
clear_system_timer (TimerClock *self, Timer *timer)
{
  g_source_set_ready_time (timer->source, -1);
}

TimerClock *
timer_clock_get_system (void)
{
  static const TimerClockClass klass = { get_system_now_us, set_system_timer, clear_system_timer };
  static TimerClock clock = { &klass };

  return &clock;
}

gint64
timer_clock_get_now_us (TimerClock *self)
{
  return self->klass->get_now_us (self);
}

void
timer_init (Timer *timer, TimerClock *clock, TimerFunc func, gpointer user_data)
{
  *timer = (Timer){ .clock = clock, .func = func, .user_data = user_data };
}

void
timer_set (Timer *timer, guint64 delay_ms)
{
  timer_clear (timer);
  timer->due_us = timer_clock_get_now_us (timer->clock) + (gint64) MIN (delay_ms, DELAY_MAX_MS) * 1000;
  timer->clock->klass->set (timer->clock, timer);
}

void
timer_clear (Timer *timer)
{
  if (timer->due_us == 0)
    return;

  timer->due_us = 0;
  timer->clock->klass->clear (timer->clock, timer);
}

gboolean
timer_is_set (const Timer *timer)
{
  return timer->due_us != 0;
}

void
timer_dispose (Timer *timer)
{
  timer_clear (timer);
  if (timer->source == NULL)
    return;

  g_source_destroy (timer->source);
  g_clear_pointer (&timer->source, g_source_unref);
}
