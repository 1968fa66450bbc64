/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See bc660k-confirm.h. The module reports sends in their order. So while one that was given up may still be
 * reported, a result that comes counts only when there are enough of them, or when no other follows.
 */
#include "bc660k-confirm.h"

/* As long as another result may follow one that may be an old one's. */
#define SETTLE_MS 1000
#define US_PER_MS 1000

static void
end (Bc660kConfirm *self, gboolean in_time, int result)
{
  timer_clear (&self->timer);
  self->awaited = FALSE;
  self->held = 0;
  self->func (in_time, result, self->user_data);
}

static void
on_timer (gpointer user_data)
{
  Bc660kConfirm *self = user_data;

  if (self->held > 0) {
    self->owed = 0;
    end (self, TRUE, self->held_result);
  } else {
    timer_clear (&self->timer);
    self->func (FALSE, 0, self->user_data);
  }
}

void
bc660k_confirm_init (Bc660kConfirm *self, Bc660kConfirmed func, gpointer user_data)
{
  *self = (Bc660kConfirm){ .func = func, .user_data = user_data };
  timer_init (&self->timer, timer_clock_get_system (), on_timer, self);
}

void
bc660k_confirm_dispose (Bc660kConfirm *self)
{
  timer_dispose (&self->timer);
}

void
bc660k_confirm_begin (Bc660kConfirm *self)
{
  self->awaited = TRUE;
  self->held = 0;
}

void
bc660k_confirm_expect (Bc660kConfirm *self, guint timeout_ms)
{
  if (self->awaited && self->held == 0)
    timer_set (&self->timer, timeout_ms);
}

void
bc660k_confirm_cancel (Bc660kConfirm *self)
{
  self->awaited = FALSE;
  timer_clear (&self->timer);
}

void
bc660k_confirm_give_up (Bc660kConfirm *self, guint within_ms)
{
  if (!self->awaited)
    return;
  self->owed += 1 - MIN (self->held, 1);
  self->owed_until_us = timer_clock_get_now_us (timer_clock_get_system ()) + (gint64) within_ms * US_PER_MS;
  bc660k_confirm_cancel (self);
}

void
bc660k_confirm_forget (Bc660kConfirm *self)
{
  self->owed = 0;
  bc660k_confirm_cancel (self);
}

gboolean
bc660k_confirm_take (Bc660kConfirm *self, int result)
{
  if (timer_clock_get_now_us (timer_clock_get_system ()) > self->owed_until_us)
    self->owed = 0;
  if (!self->awaited && self->owed == 0)
    return FALSE;
  if (!self->awaited) {
    self->owed--;
  } else if (self->held == self->owed) {
    self->owed = 0;
    end (self, TRUE, result);
  } else {
    self->held++;
    self->held_result = result;
    timer_set (&self->timer, SETTLE_MS);
  }
  return TRUE;
}
