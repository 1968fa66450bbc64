/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The timers, and the system's clock: a GSource for each timer that is set.
 */
#include "timer.h"

static gint64
get_system_now_us (TimerClock *self)
{
  return g_get_monotonic_time ();
}

static void
clear_system_timer (TimerClock *self, Timer *timer)
{
  if (timer->source == NULL)
    return;

  g_source_destroy (timer->source);
  g_clear_pointer (&timer->source, g_source_unref);
}

static gboolean
on_system_timer (gpointer user_data)
{
  Timer *timer = user_data;

  clear_system_timer (timer->clock, timer);
  timer->func (timer->user_data);
  return G_SOURCE_REMOVE;
}

static void
set_system_timer (TimerClock *self, Timer *timer, guint delay_ms)
{
  /* Whole seconds may be put together with other wake-ups of the machine. */
  timer->source =
      delay_ms % 1000 == 0 ? g_timeout_source_new_seconds (delay_ms / 1000) : g_timeout_source_new (delay_ms);
  g_source_set_callback (timer->source, on_system_timer, timer, NULL);
  g_source_attach (timer->source, g_main_context_get_thread_default ());
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
timer_set (Timer *timer, guint delay_ms)
{
  timer_clear (timer);
  timer->clock->klass->set (timer->clock, timer, delay_ms);
}

void
timer_clear (Timer *timer)
{
  if (timer->clock != NULL)
    timer->clock->klass->clear (timer->clock, timer);
}

gboolean
timer_is_set (const Timer *timer)
{
  return timer->source != NULL || timer->due_us != 0;
}
