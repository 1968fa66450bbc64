/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One timer, set while the module is ready and nobody uses it.
 */
#include "dozer.h"

struct Dozer {
  ModuleLife *life;
  Timer idle; /* runs while the module is ready and nobody wants it */
  gboolean is_dozing;
};

static void
on_idle (gpointer user_data)
{
  Dozer *self = user_data;
  g_autoptr (GError) error = module_error_new (CLOSE_REASON_PORT_RELEASED, 0, "nobody used the module");

  self->is_dozing = TRUE;
  module_life_yield (self->life, error, "Nobody used the module; the next open, or Claim, takes it again",
                     MODULE_RELEASE_MS, NULL);
}

void
dozer_look (Dozer *self, gboolean is_idle)
{
  guint release_s = module_life_get_config (self->life)->release_when_idle_s;

  if (release_s == 0 || !is_idle || module_life_get_state (self->life) != MODULE_READY)
    timer_clear (&self->idle);
  else if (!timer_is_set (&self->idle))
    timer_set (&self->idle, release_s * 1000);
}

void
dozer_forget (Dozer *self)
{
  self->is_dozing = FALSE;
}

gboolean
dozer_wake (Dozer *self)
{
  if (self->is_dozing) {
    self->is_dozing = FALSE;
    module_life_resume (self->life);
  }
  return !module_life_is_yielded (self->life);
}

Dozer *
dozer_new (ModuleLife *life, TimerClock *clock)
{
  Dozer *self = g_new0 (Dozer, 1);

  self->life = life;
  timer_init (&self->idle, clock, on_idle, self);
  return self;
}

void
dozer_free (Dozer *self)
{
  timer_dispose (&self->idle);
  g_free (self);
}
