/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One question at a time. An answer is fresh until it has been used, or the module has told that it changes;
 * what speaks against an open is believed only when it is fresh, because a URC may have got lost.
 */
#include "readiness.h"

struct Readiness {
  GObject *module; /* not owned: it owns us */
  gboolean sync_clock;
  TimerClock *clock;
  ReadinessFunc changed;
  gpointer user_data;

  ModuleDriver *driver; /* NULL while there is none that has started */
  guint64 life;         /* counts drivers: an answer of an earlier one is dropped */
  gboolean asking;
  gboolean ask_again; /* the module restarted meanwhile */
  gboolean fresh;
  gint64 restarted_us;
  gint64 compared_us; /* when the clock was; 0 for never in this life of the module */
  Timer pause;
  guint pause_ms;
};

typedef struct {
  GObject *module; /* keeps us alive */
  Readiness *readiness;
  guint64 life;
} Question;

static void ask (Readiness *self);

static void
on_answered (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autofree Question *question = user_data;
  g_autoptr (GObject) module G_GNUC_UNUSED = question->module;
  g_autoptr (GError) error = NULL;
  Readiness *self = question->readiness;

  module_driver_check_finish (NULL, result, &error);
  if (question->life != self->life)
    return;

  self->asking = FALSE;
  self->fresh = TRUE; /* a failed one too: it is not tried again before the pause is over */
  if (self->ask_again)
    ask (self);
  else
    self->changed (self->user_data);
}

static gboolean
must_compare_clock (Readiness *self)
{
  return self->sync_clock
         && (self->compared_us == 0
             || timer_clock_get_now_us (self->clock) - self->compared_us >= READINESS_CLOCK_INTERVAL_US);
}

static void
ask (Readiness *self)
{
  gboolean compare_clock = must_compare_clock (self);
  Question *question;

  self->ask_again = self->asking;
  if (self->asking)
    return;

  question = g_new (Question, 1);
  *question = (Question){ g_object_ref (self->module), self, self->life };
  self->asking = TRUE;
  timer_clear (&self->pause);
  if (compare_clock)
    self->compared_us = timer_clock_get_now_us (self->clock);
  module_driver_check_async (self->driver, compare_clock, on_answered, question);
}

static void
note_start (Readiness *self)
{
  self->fresh = FALSE;
  self->compared_us = 0;
  self->restarted_us = timer_clock_get_now_us (self->clock);
}

void
readiness_begin (Readiness *self, ModuleDriver *driver)
{
  g_return_if_fail (self->driver == NULL);

  self->driver = driver;
  note_start (self);
  if (must_compare_clock (self) || !module_driver_get_status (driver)->current)
    ask (self);
}

void
readiness_end (Readiness *self)
{
  self->driver = NULL;
  self->life++;
  self->asking = FALSE;
  self->ask_again = FALSE;
  readiness_rest (self);
}

void
readiness_handle_restarted (Readiness *self)
{
  if (self->driver == NULL)
    return;

  note_start (self);
  ask (self);
}

void
readiness_handle_status_changed (Readiness *self)
{
  if (self->driver == NULL)
    return;

  self->fresh = self->fresh && module_driver_get_status (self->driver)->current;
  if (!self->asking)
    self->changed (self->user_data);
}

static void
on_pause_over (gpointer user_data)
{
  Readiness *self = user_data;

  self->fresh = FALSE;
  self->changed (self->user_data);
}

/* Until the module is asked again. It usually tells before. */
static void
pause_for (Readiness *self, guint at_most_ms)
{
  if (timer_is_set (&self->pause))
    return;

  timer_set (&self->pause, MIN (self->pause_ms, at_most_ms));
  self->pause_ms = MIN (self->pause_ms * 2, READINESS_PAUSE_LAST_MS);
}

/* How much longer a SIM card may take to be found. */
static guint
get_grace_ms (Readiness *self)
{
  gint64 gone_ms = (timer_clock_get_now_us (self->clock) - self->restarted_us) / 1000;

  return gone_ms < READINESS_SIM_GRACE_MS ? READINESS_SIM_GRACE_MS - (guint) gone_ms : 0;
}

ReadinessVerdict
readiness_want (Readiness *self)
{
  const ModuleStatus *status;

  if (self->driver == NULL || self->asking)
    return READINESS_WAIT;

  status = module_driver_get_status (self->driver);
  if (!self->fresh && (!readiness_is_online (self) || must_compare_clock (self))) {
    ask (self);
    return READINESS_WAIT;
  }
  if (module_status_is_online (status)) {
    self->fresh = FALSE;
    readiness_rest (self);
    return READINESS_READY;
  }
  if (!module_status_lacks_sim (status)) {
    pause_for (self, READINESS_PAUSE_LAST_MS);
    return READINESS_WAIT;
  }
  if (get_grace_ms (self) == 0) {
    self->fresh = FALSE;
    return READINESS_NO_SIM;
  }
  pause_for (self, get_grace_ms (self));
  return READINESS_WAIT;
}

void
readiness_rest (Readiness *self)
{
  /* The answer was used by whoever has given up waiting. */
  if (timer_is_set (&self->pause))
    self->fresh = FALSE;
  timer_clear (&self->pause);
  self->pause_ms = READINESS_PAUSE_FIRST_MS;
}

gboolean
readiness_is_online (Readiness *self)
{
  return self->driver != NULL && !self->asking && module_driver_get_status (self->driver)->current
         && module_status_is_online (module_driver_get_status (self->driver));
}

Readiness *
readiness_new (GObject *module, gboolean sync_clock, TimerClock *clock, ReadinessFunc changed,
               gpointer user_data)
{
  Readiness *self = g_new0 (Readiness, 1);

  self->module = module;
  self->sync_clock = sync_clock;
  self->clock = clock;
  self->changed = changed;
  self->user_data = user_data;
  self->pause_ms = READINESS_PAUSE_FIRST_MS;
  timer_init (&self->pause, clock, on_pause_over, self);
  return self;
}

void
readiness_free (Readiness *self)
{
  timer_dispose (&self->pause);
  g_free (self);
}
