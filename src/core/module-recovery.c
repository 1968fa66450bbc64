/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One step at a time. What a driver that is gone still answers is told by the number of the step.
 */
#include "module-recovery.h"

#include "mssl-error.h"

struct ModuleRecovery {
  GObject *module; /* not owned: it owns us */
  char *name;
  ModuleRecoveryConfig config;
  gpointer power_data;
  TimerClock *clock;
  const ModuleRecoveryListener *listener;
  gpointer user_data;

  Recovery *ladder; /* NULL: nothing is ever done */
  Breaker *breaker;
  Timer break_end; /* the end of the first pause: a getter tells something else then */
  CloseReason last_reason;
  guint breaks;

  guint64 work; /* counts steps begun and drivers forgotten */
  gboolean powering;
  GCancellable *cancellable; /* of the command */
  gboolean busy;
  ModuleDriver *driver; /* of the step under way; NULL when it is gone */
};

typedef struct {
  GObject *module; /* keeps the recovery alive */
  ModuleRecovery *recovery;
  guint64 work;
  RecoveryStep step;
} Operation;

static Operation *
operation_new (ModuleRecovery *self, RecoveryStep step)
{
  Operation *operation = g_new (Operation, 1);

  *operation = (Operation){ g_object_ref (self->module), self, ++self->work, step };
  return operation;
}

static void
operation_free (Operation *operation)
{
  g_object_unref (operation->module);
  g_free (operation);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Operation, operation_free)

static gint64
get_now_us (const ModuleRecovery *self)
{
  return timer_clock_get_now_us (self->clock);
}

/* -- the breaker -------------------------------------------------------------------------------------- */

char *
module_recovery_name_peer (const char *context, const char *host, guint16 port)
{
  return g_strdup_printf ("%s %s:%u", context, host, port);
}

static void
add_wait (const char *peer, gint64 until_us, gpointer user_data)
{
  gint64 *first_us = user_data;

  *first_us = MIN (*first_us, until_us);
}

static void
watch_breaks (ModuleRecovery *self)
{
  gint64 now_us = get_now_us (self);
  gint64 first_us = G_MAXINT64;

  breaker_for_each (self->breaker, now_us, add_wait, &first_us);
  if (first_us < G_MAXINT64)
    timer_set (&self->break_end, (guint) ((first_us - now_us + 999) / 1000));
  else
    timer_clear (&self->break_end);
}

static void
on_break_end (gpointer user_data)
{
  ModuleRecovery *self = user_data;

  watch_breaks (self);
  self->listener->changed (self->user_data);
}

static guint
get_seconds (gint64 wait_us)
{
  return (guint) ((wait_us + G_USEC_PER_SEC - 1) / G_USEC_PER_SEC);
}

gboolean
module_recovery_check (ModuleRecovery *self, const char *peer, GError **error)
{
  gint64 wait_us = breaker_get_wait_us (self->breaker, peer, get_now_us (self));

  if (wait_us == 0)
    return TRUE;
  g_set_error (error, MSSL_ERROR, MSSL_ERROR_BREAKER_OPEN,
               "The last opens of \"%s\" failed, the last with \"%s\": the next is allowed in %u s", peer,
               close_reason_get_name (breaker_get_reason (self->breaker, peer)), get_seconds (wait_us));
  return FALSE;
}

gboolean
module_recovery_enter (ModuleRecovery *self, const char *peer, GError **error)
{
  if (!module_recovery_check (self, peer, error))
    return FALSE;
  breaker_begin (self->breaker, peer, get_now_us (self));
  watch_breaks (self);
  return TRUE;
}

static void
note_break (ModuleRecovery *self, const char *peer, CloseReason reason)
{
  gint64 wait_us = breaker_get_wait_us (self->breaker, peer, get_now_us (self));

  self->breaks++;
  g_message ("Module %s: opens of \"%s\" fail again and again (%s): the next is allowed in %u s", self->name,
             peer, close_reason_get_name (reason), get_seconds (wait_us));
}

static void
note_ladder (ModuleRecovery *self, CloseReason reason, gboolean network)
{
  RecoveryVerdict verdict = recovery_judge (reason, network);
  RecoveryStep before;

  if (self->ladder == NULL)
    return;
  if (verdict >= RECOVERY_DOUBT)
    self->last_reason = reason;
  before = recovery_get_step (self->ladder);
  recovery_note_open (self->ladder, verdict, get_now_us (self));
  if (before > RECOVERY_RETRY && recovery_get_step (self->ladder) == RECOVERY_NONE)
    g_message ("Module %s: it works again after the step \"%s\"", self->name,
               recovery_step_get_name (before));
}

void
module_recovery_note_open (ModuleRecovery *self, const char *peer, const GError *error, gboolean network)
{
  CloseReason reason = error != NULL ? (CloseReason) error->code : CLOSE_REASON_NONE;

  if (breaker_note (self->breaker, peer, reason, get_now_us (self)))
    note_break (self, peer, reason);
  note_ladder (self, reason, network);
  watch_breaks (self);
  self->listener->changed (self->user_data);
}

/* -- the ladder --------------------------------------------------------------------------------------- */

static const char *
describe (RecoveryStep step)
{
  static const char *const texts[RECOVERY_STEPS] = {
    [RECOVERY_NONE] = "",
    [RECOVERY_RETRY] = "it is tried again as it is",
    [RECOVERY_CLOSE] = "back into step with it and every slot closed",
    [RECOVERY_RADIO] = "its radio off and on",
    [RECOVERY_RESTART] = "it is restarted",
    [RECOVERY_POWER] = "power-cycle-command is run",
  };

  return texts[step];
}

void
module_recovery_note_silent (ModuleRecovery *self)
{
  self->last_reason = CLOSE_REASON_MODULE_LOST;
  if (self->ladder != NULL)
    recovery_note_silent (self->ladder, get_now_us (self));
}

void
module_recovery_note_answered (ModuleRecovery *self)
{
  if (self->ladder != NULL)
    recovery_note_answered (self->ladder);
  breaker_lift (self->breaker);
  watch_breaks (self);
}

static void
finish_step (ModuleRecovery *self, RecoveryStep step, const GError *error)
{
  self->busy = FALSE;
  self->driver = NULL;
  if (error != NULL && !g_cancellable_is_cancelled (self->cancellable))
    g_message ("Module %s: recovery step \"%s\" failed: %s", self->name, recovery_step_get_name (step),
               error->message);
  breaker_lift (self->breaker);
  watch_breaks (self);
  self->listener->changed (self->user_data);
  self->listener->done (self->user_data);
}

static void
on_reset (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Operation) operation = user_data;
  g_autoptr (GError) error = NULL;

  module_driver_reset_finish (NULL, result, &error);
  if (operation->work == operation->recovery->work)
    finish_step (operation->recovery, operation->step, error);
}

static void
on_power_cycled (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Operation) operation = user_data;
  ModuleRecovery *self = operation->recovery;
  g_autoptr (GError) error = NULL;
  gboolean cycled = self->config.power->cycle_finish (self->power_data, result, &error);

  self->powering = FALSE;
  /* A driver that has seen it happen goes on only when the module is back. */
  if (cycled && self->driver != NULL)
    module_driver_reset_async (self->driver, MODULE_RESET_AWAIT, on_reset,
                               operation_new (self, RECOVERY_POWER));
  else
    finish_step (self, RECOVERY_POWER, error);
}

static void
run_step (ModuleRecovery *self, RecoveryStep step, ModuleDriver *driver)
{
  static const ModuleReset resets[RECOVERY_STEPS] = {
    [RECOVERY_CLOSE] = MODULE_RESET_SLOTS,
    [RECOVERY_RADIO] = MODULE_RESET_RADIO,
    [RECOVERY_RESTART] = MODULE_RESET_RESTART,
  };

  self->busy = TRUE;
  self->driver = driver;
  if (step == RECOVERY_POWER) {
    self->powering = TRUE;
    self->config.power->cycle_async (self->power_data, self->cancellable, on_power_cycled,
                                     operation_new (self, step));
  } else {
    module_driver_reset_async (driver, resets[step], on_reset, operation_new (self, step));
  }
}

static void
tell_exhausted (ModuleRecovery *self, gint64 now_us)
{
  if (recovery_take_exhausted (self->ladder, now_us))
    g_warning ("Module %s: recovery has done what it may, and it still fails (%s); it begins again after "
               "recovery-interval. Have a look at the module.",
               self->name, close_reason_get_name (self->last_reason));
}

gboolean
module_recovery_begin (ModuleRecovery *self, ModuleDriver *driver)
{
  gint64 now_us = get_now_us (self);
  RecoveryStep step;

  if (self->ladder == NULL || self->busy || g_cancellable_is_cancelled (self->cancellable))
    return self->busy;

  step = recovery_get_due (self->ladder, now_us);
  if (step == RECOVERY_NONE) {
    tell_exhausted (self, now_us);
    return FALSE;
  }
  recovery_take (self->ladder, step, now_us);
  g_message ("Module %s: recovery step \"%s\" (%s): %s", self->name, recovery_step_get_name (step),
             close_reason_get_name (self->last_reason), describe (step));
  if (step != RECOVERY_RETRY)
    run_step (self, step, driver);
  self->listener->changed (self->user_data);
  return self->busy;
}

gboolean
module_recovery_is_busy (const ModuleRecovery *self)
{
  return self->busy;
}

void
module_recovery_forget (ModuleRecovery *self)
{
  self->driver = NULL;
  if (self->powering)
    return; /* the command goes on, and ends the step */
  self->work++;
  self->busy = FALSE;
}

void
module_recovery_stop (ModuleRecovery *self)
{
  timer_clear (&self->break_end);
  g_cancellable_cancel (self->cancellable);
}

/* -- what is told ------------------------------------------------------------------------------------- */

RecoveryStep
module_recovery_get_step (const ModuleRecovery *self)
{
  return self->ladder != NULL ? recovery_get_step (self->ladder) : RECOVERY_NONE;
}

guint
module_recovery_count (const ModuleRecovery *self, RecoveryStep step)
{
  return self->ladder != NULL ? recovery_count (self->ladder, step) : 0;
}

guint
module_recovery_count_breaks (const ModuleRecovery *self)
{
  return self->breaks;
}

typedef struct {
  ModuleRecoveryFunc func;
  gpointer user_data;
  gint64 now_us;
} Telling;

static void
tell_break (const char *peer, gint64 until_us, gpointer user_data)
{
  const Telling *telling = user_data;

  telling->func (peer, until_us - telling->now_us, telling->user_data);
}

void
module_recovery_for_each_break (ModuleRecovery *self, ModuleRecoveryFunc func, gpointer user_data)
{
  Telling telling = { func, user_data, get_now_us (self) };

  breaker_for_each (self->breaker, telling.now_us, tell_break, &telling);
}

ModuleRecovery *
module_recovery_new (GObject *module, const char *name, const ModuleRecoveryConfig *config,
                     gpointer power_data, TimerClock *clock, const ModuleRecoveryListener *listener,
                     gpointer user_data)
{
  ModuleRecovery *self = g_new0 (ModuleRecovery, 1);

  self->module = module;
  self->name = g_strdup (name);
  self->config = *config;
  self->config.ladder.has_power = config->power != NULL;
  self->power_data = power_data;
  self->clock = clock;
  self->cancellable = g_cancellable_new ();
  self->listener = listener;
  self->user_data = user_data;
  if (config->ladder.failures > 0)
    self->ladder = recovery_new (&self->config.ladder);
  self->breaker = breaker_new (&config->breaker);
  timer_init (&self->break_end, clock, on_break_end, self);
  return self;
}

void
module_recovery_free (ModuleRecovery *self)
{
  timer_dispose (&self->break_end);
  g_object_unref (self->cancellable);
  g_clear_pointer (&self->ladder, recovery_free);
  breaker_free (self->breaker);
  g_free (self->name);
  g_free (self);
}
