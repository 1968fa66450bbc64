/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One timer that looks at the clock when it rings: nothing is set again for each message.
 */
#include "idle-watch.h"

static void
wait (IdleWatch *self, gint64 left_us)
{
  timer_set (&self->timer, (left_us + 999) / 1000);
}

static void
on_timer (gpointer user_data)
{
  IdleWatch *self = user_data;
  gint64 left_us = self->moved_us + self->limit_us - timer_clock_get_now_us (self->clock);

  if (left_us > 0)
    wait (self, left_us);
  else
    self->rang (self->user_data);
}

void
idle_watch_init (IdleWatch *self, TimerClock *clock, guint limit_s, TimerFunc rang, gpointer user_data)
{
  *self = (IdleWatch){
    .clock = clock, .limit_us = (gint64) limit_s * G_USEC_PER_SEC, .rang = rang, .user_data = user_data
  };
  timer_init (&self->timer, clock, on_timer, self);
}

void
idle_watch_start (IdleWatch *self)
{
  idle_watch_note (self);
  if (self->limit_us > 0)
    wait (self, self->limit_us);
}

void
idle_watch_note (IdleWatch *self)
{
  if (self->limit_us > 0)
    self->moved_us = timer_clock_get_now_us (self->clock);
}

void
idle_watch_stop (IdleWatch *self)
{
  timer_clear (&self->timer);
}

void
idle_watch_dispose (IdleWatch *self)
{
  timer_dispose (&self->timer);
}
