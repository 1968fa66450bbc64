/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See timer-queue.h. No timer is due before the one at half its position.
 */
#include "timer-queue.h"

void
timer_queue_init (TimerQueue *self)
{
  self->timers = g_ptr_array_new ();
}

void
timer_queue_clear (TimerQueue *self)
{
  g_clear_pointer (&self->timers, g_ptr_array_unref);
}

static Timer *
get (const TimerQueue *self, guint position)
{
  return g_ptr_array_index (self->timers, position);
}

static void
put (TimerQueue *self, guint position, Timer *timer)
{
  g_ptr_array_index (self->timers, position) = timer;
  timer->position = position;
}

/** Where @timer belongs, from @position towards the first one. */
static void
rise (TimerQueue *self, guint position, Timer *timer)
{
  while (position > 0 && get (self, (position - 1) / 2)->due_us > timer->due_us) {
    put (self, position, get (self, (position - 1) / 2));
    position = (position - 1) / 2;
  }
  put (self, position, timer);
}

/** The one of the two below @position that is due first; the length when there is none. */
static guint
get_child (const TimerQueue *self, guint position)
{
  guint child = 2 * position + 1;

  if (child + 1 < self->timers->len && get (self, child + 1)->due_us < get (self, child)->due_us)
    return child + 1;
  return MIN (child, self->timers->len);
}

/** Where @timer belongs, from @position towards the last one. */
static void
sink (TimerQueue *self, guint position, Timer *timer)
{
  guint child;

  while ((child = get_child (self, position)) < self->timers->len
         && get (self, child)->due_us < timer->due_us) {
    put (self, position, get (self, child));
    position = child;
  }
  put (self, position, timer);
}

void
timer_queue_add (TimerQueue *self, Timer *timer)
{
  g_ptr_array_add (self->timers, timer);
  rise (self, self->timers->len - 1, timer);
}

void
timer_queue_remove (TimerQueue *self, Timer *timer)
{
  guint position = timer->position;
  Timer *last = g_ptr_array_steal_index (self->timers, self->timers->len - 1);

  if (last == timer)
    return;
  if (last->due_us < timer->due_us)
    rise (self, position, last);
  else
    sink (self, position, last);
}

Timer *
timer_queue_get_first (const TimerQueue *self)
{
  return self->timers->len > 0 ? get (self, 0) : NULL;
}
