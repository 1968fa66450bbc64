/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A list of timers.
 */
#include "fake-clock.h"

struct FakeClock {
  TimerClock parent;
  gint64 now_us;
  GList *timers;
};

static gint64
get_now_us (TimerClock *clock)
{
  return ((FakeClock *) clock)->now_us;
}

static void
clear (TimerClock *clock, Timer *timer)
{
  FakeClock *self = (FakeClock *) clock;

  self->timers = g_list_remove (self->timers, timer);
}

static void
set (TimerClock *clock, Timer *timer)
{
  FakeClock *self = (FakeClock *) clock;

  self->timers = g_list_append (self->timers, timer);
}

static const TimerClockClass klass = { get_now_us, set, clear };

FakeClock *
fake_clock_new (void)
{
  FakeClock *self = g_new0 (FakeClock, 1);

  self->parent.klass = &klass;
  self->now_us = 1;
  return self;
}

void
fake_clock_free (FakeClock *self)
{
  g_assert_null (self->timers);
  g_free (self);
}

TimerClock *
fake_clock_get (FakeClock *self)
{
  return &self->parent;
}

guint
fake_clock_count (FakeClock *self)
{
  return g_list_length (self->timers);
}

static Timer *
find_first (FakeClock *self)
{
  Timer *first = NULL;

  for (GList *link = self->timers; link != NULL; link = link->next) {
    Timer *timer = link->data;

    if (first == NULL || timer->due_us < first->due_us)
      first = timer;
  }
  return first;
}

void
fake_clock_advance (FakeClock *self, guint ms)
{
  gint64 end_us = self->now_us + (gint64) ms * 1000;
  Timer *timer;

  while ((timer = find_first (self)) != NULL && timer->due_us <= end_us) {
    self->now_us = MAX (self->now_us, timer->due_us);
    timer_clear (timer);
    timer->func (timer->user_data);
  }
  self->now_us = end_us;
}

const Timer *
fake_clock_get_timer (FakeClock *self, guint index)
{
  return g_list_nth_data (self->timers, index);
}

void
fake_clock_ring (FakeClock *self, guint index)
{
  Timer *timer = g_list_nth_data (self->timers, index);

  timer_clear (timer);
  timer->func (timer->user_data);
}
