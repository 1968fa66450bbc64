/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The timers, and the system's clock: one GSource for all timers of a main context, which asks the queue how
 * long to wait. A ready time for each would wake up the main loop, by a system call, whenever it is moved,
 * and each iteration would look at all of them.
 */
#include "timer-queue.h"

/* Longer than anything runs, and far from the end of the numbers. */
#define DELAY_MAX_MS (G_MAXINT64 / 4000)

static gint64
get_system_now_us (TimerClock *self)
{
  return g_get_monotonic_time ();
}

/** The timers of one main context. */
typedef struct {
  GSource parent;
  TimerQueue queue;
  guint users;     /* timers that have a reference */
  gint64 asked_us; /* when the descriptors were asked before the last dispatch */
} Timers;

static gboolean
is_due (GSource *source, const Timer *timer)
{
  return timer != NULL && timer->due_us <= g_source_get_time (source);
}

static gboolean
prepare (GSource *source, gint *ret_timeout_ms)
{
  const Timer *first = timer_queue_get_first (&((Timers *) source)->queue);
  gint64 left_ms;

  *ret_timeout_ms = -1;
  if (is_due (source, first))
    return TRUE;
  if (first == NULL)
    return FALSE;
  left_ms = (first->due_us - g_source_get_time (source) + 999) / 1000;
  *ret_timeout_ms = (gint) MIN (left_ms, G_MAXINT);
  return FALSE;
}

static gboolean
check (GSource *source)
{
  return is_due (source, timer_queue_get_first (&((Timers *) source)->queue));
}

/** Each timer an iteration late: a process that did not run for a while finds timers due and answers that had
 * come in time, and those count. */
static gboolean
dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  Timers *self = (Timers *) source;
  gint64 asked_us = self->asked_us;
  Timer *timer;

  self->asked_us = g_source_get_time (source);
  while ((timer = timer_queue_get_first (&self->queue)) != NULL && timer->due_us <= asked_us) {
    timer_clear (timer);
    timer->func (timer->user_data); /* @timer may be gone now */
  }
  return G_SOURCE_CONTINUE;
}

static void
finalize (GSource *source)
{
  timer_queue_clear (&((Timers *) source)->queue);
}

static gboolean
never_called (gpointer user_data)
{
  return G_SOURCE_CONTINUE;
}

/** Those of this thread's main context; with a reference. */
static GSource *
find_timers (void)
{
  static GSourceFuncs funcs = { prepare, check, dispatch, finalize, NULL, NULL };
  GMainContext *context = g_main_context_get_thread_default ();
  GSource *source = g_main_context_find_source_by_funcs_user_data (context, &funcs, NULL);

  if (source != NULL)
    return g_source_ref (source);
  source = g_source_new (&funcs, sizeof (Timers));
  timer_queue_init (&((Timers *) source)->queue);
  /* GLib finds no source without a callback. */
  g_source_set_callback (source, never_called, NULL, NULL);
  g_source_attach (source, context);
  return source;
}

static void
set_system_timer (TimerClock *self, Timer *timer)
{
  if (timer->source == NULL) {
    timer->source = find_timers ();
    ((Timers *) timer->source)->users++;
  }
  timer_queue_add (&((Timers *) timer->source)->queue, timer);
}

static void
clear_system_timer (TimerClock *self, Timer *timer)
{
  timer_queue_remove (&((Timers *) timer->source)->queue, timer);
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

  timer->clock->klass->clear (timer->clock, timer);
  timer->due_us = 0;
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

  if (--((Timers *) timer->source)->users == 0)
    g_source_destroy (timer->source);
  g_clear_pointer (&timer->source, g_source_unref);
}
