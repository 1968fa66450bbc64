/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One driver after the other. Each has a number; what one that was dropped still answers is told by it.
 */
#include "module-life.h"

/* Whether the port is wanted. */
typedef enum {
  PORT_WANTED,
  PORT_YIELDING, /* being given back */
  PORT_YIELDED,
} PortState;

struct ModuleLife {
  GObject *module; /* not owned: it owns us */
  ModuleConfig config;
  const ModuleLifeListener *listener;
  const ModuleDriverListener *driver_listener;
  gpointer user_data;

  ModuleState state;
  char *text;
  char *logged_text;

  ModuleClaim *claim;
  ModuleDriver *driver; /* NULL while absent and lost */
  guint64 number;       /* of the driver */
  ModuleDriver *doomed; /* dropped, to be freed when none of its code is on the stack */
  GSource *doomed_source;
  Timer retry;
  guint retry_ms;
  GTask *stop_task;
  char *end_text; /* why it was stopped; NULL when the daemon ends */

  PortState port_state;
  gboolean resume; /* as soon as it is yielded */
  char *yield_text;
  GPtrArray *yield_tasks;
};

const char *
module_state_get_name (ModuleState state)
{
  static const char *const names[] = {
    [MODULE_ABSENT] = "absent", [MODULE_STARTING] = "starting", [MODULE_READY] = "ready",
    [MODULE_LOST] = "lost",     [MODULE_STOPPED] = "stopped",
  };

  return names[state];
}

/* A port that is tried for hours is told of once, and again when the cause is another. */
static void
log_state (ModuleLife *self)
{
  if (self->state == MODULE_STARTING || g_strcmp0 (self->text, self->logged_text) == 0)
    return;

  g_free (self->logged_text);
  self->logged_text = g_strdup (self->text);
  g_message ("Module %s (%s) is %s%s%s", self->config.name, module_claim_get_facts (self->claim)->device,
             module_state_get_name (self->state), *self->text != '\0' ? ": " : "", self->text);
}

/* @text: why, for MODULE_ABSENT and MODULE_LOST, and for MODULE_STARTING why it was one of these before. */
static void
set_state (ModuleLife *self, ModuleState state, const char *text)
{
  g_autofree char *old_text = g_steal_pointer (&self->text);

  if (state == self->state && g_str_equal (old_text, text)) {
    self->text = g_steal_pointer (&old_text);
    return;
  }
  self->state = state;
  self->text = g_strdup (text);
  log_state (self);
  self->listener->changed (self->user_data);
}

/* -- dropped and lost -------------------------------------------------------------------------------- */

static void
free_doomed (ModuleLife *self)
{
  if (self->doomed_source == NULL)
    return;

  g_source_destroy (self->doomed_source);
  g_clear_pointer (&self->doomed_source, g_source_unref);
  g_clear_pointer (&self->doomed, module_driver_free);
}

static void open_port (ModuleLife *self);

static void
return_yields (ModuleLife *self)
{
  g_autoptr (GPtrArray) tasks = g_steal_pointer (&self->yield_tasks);

  self->yield_tasks = g_ptr_array_new_with_free_func (g_object_unref);
  for (guint i = 0; i < tasks->len; i++)
    g_task_return_boolean (tasks->pdata[i], TRUE);
}

static void
finish_yield (ModuleLife *self)
{
  gboolean resume = self->resume;

  self->resume = FALSE;
  self->port_state = resume ? PORT_WANTED : PORT_YIELDED;
  set_state (self, MODULE_ABSENT, self->yield_text);
  if (resume)
    open_port (self);
  return_yields (self);
}

static void
on_given (const GError *error, gpointer user_data)
{
  ModuleLife *self = user_data;

  if (self->stop_task != NULL)
    module_life_abandon (self);
  else if (self->port_state == PORT_YIELDING)
    finish_yield (self);
}

static gboolean
on_port_closed (gpointer user_data)
{
  ModuleLife *self = user_data;
  g_autoptr (GObject) alive G_GNUC_UNUSED = g_object_ref (self->module); /* its calls may have the last one */

  free_doomed (self);
  if (self->stop_task != NULL || self->port_state == PORT_YIELDING)
    module_claim_give (self->claim, on_given, self);
  return G_SOURCE_REMOVE;
}

/* One of the driver's own functions may be on the stack, so it goes later (bug class 15). */
static void
drop_driver (ModuleLife *self, const GError *error)
{
  self->listener->losing (error, self->user_data);
  if (self->driver == NULL)
    return;

  free_doomed (self);
  self->number++;
  module_driver_set_listener (self->driver, NULL, NULL);
  self->doomed = g_steal_pointer (&self->driver);
  self->doomed_source = g_idle_source_new ();
  g_source_set_callback (self->doomed_source, on_port_closed, self, NULL);
  g_source_attach (self->doomed_source, g_main_context_get_thread_default ());
}

static void
retry_later (ModuleLife *self)
{
  timer_set (&self->retry, self->retry_ms);
  self->retry_ms = MIN (self->retry_ms * 2, MODULE_RETRY_LAST_MS);
}

static GError *
make_end_error (ModuleLife *self)
{
  if (self->end_text != NULL)
    return module_error_new (CLOSE_REASON_MODULE_LOST, 0, "%s", self->end_text);
  return module_error_new (CLOSE_REASON_SHUTDOWN, 0, "The daemon is ending");
}

/* The port is closed before it is given back, and nothing of its driver may be on the stack then. */
static void
give_port (ModuleLife *self)
{
  g_autoptr (GError) error = make_end_error (self);

  timer_clear (&self->retry);
  drop_driver (self, error);
  if (self->doomed_source == NULL)
    module_claim_give (self->claim, on_given, self);
}

void
module_life_lose (ModuleLife *self, const GError *error)
{
  g_autoptr (GError) lost = NULL;

  if (self->state == MODULE_STOPPED || self->port_state == PORT_YIELDING) {
    give_port (self);
    return;
  }
  lost = module_error_new (CLOSE_REASON_MODULE_LOST, 0, "%s", error->message);
  drop_driver (self, lost);
  set_state (self, MODULE_LOST, error->message);
  retry_later (self);
}

/* -- opened and started ------------------------------------------------------------------------------ */

/* A call of the driver: by which one. */
typedef struct {
  GObject *module; /* keeps the life alive */
  ModuleLife *life;
  guint64 number;
} Operation;

static Operation *
operation_new (ModuleLife *self)
{
  Operation *operation = g_new (Operation, 1);

  *operation = (Operation){ g_object_ref (self->module), self, self->number };
  return operation;
}

static void
operation_free (Operation *operation)
{
  g_object_unref (operation->module);
  g_free (operation);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Operation, operation_free)

/* Another device, or one that refuses what it is asked, would do so again after any reset. */
static gboolean
says_nothing_useful (const GError *error)
{
  return g_error_matches (error, MODULE_ERROR, CLOSE_REASON_MODULE_LOST)
         || g_error_matches (error, MODULE_ERROR, CLOSE_REASON_MODULE_RESTARTED);
}

static void
on_started (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Operation) operation = user_data;
  ModuleLife *self = operation->life;
  g_autoptr (GError) error = NULL;
  gboolean started = module_driver_start_finish (NULL, result, &error);

  if (operation->number != self->number || self->state != MODULE_STARTING)
    return;

  if (!started) {
    module_life_lose (self, error);
    if (self->state == MODULE_LOST && says_nothing_useful (error))
      self->listener->silent (self->user_data);
    return;
  }
  self->retry_ms = MODULE_RETRY_FIRST_MS;
  self->listener->started (self->driver, self->user_data);
  set_state (self, MODULE_READY, "");
}

static void
on_claimed (const GError *claim_error, gpointer user_data)
{
  ModuleLife *self = user_data;
  g_autoptr (GError) error = claim_error != NULL ? g_error_copy (claim_error) : NULL;

  if (error == NULL)
    self->driver = self->config.open_driver (self->config.user_data, &error);
  if (self->driver == NULL) {
    set_state (self, MODULE_ABSENT, error->message);
    retry_later (self);
    return;
  }
  self->number++;
  module_driver_set_listener (self->driver, self->driver_listener, self->user_data);
  /* Why it failed the last time stays to be seen: trying again takes longer than waiting for it. */
  set_state (self, MODULE_STARTING, self->text);
  self->listener->opened (self->user_data);
  module_driver_start_async (self->driver, on_started, operation_new (self));
}

static void
open_port (ModuleLife *self)
{
  free_doomed (self);
  module_claim_take (self->claim, on_claimed, self);
}

static void
on_retry (gpointer user_data)
{
  ModuleLife *self = user_data;

  if (self->port_state != PORT_YIELDING) {
    open_port (self);
    return;
  }
  g_message ("Module %s: it did not end in good order in time", self->config.name);
  give_port (self);
}

void
module_life_hurry (ModuleLife *self)
{
  if (!timer_is_set (&self->retry))
    return;

  self->retry_ms = MODULE_RETRY_FIRST_MS;
  timer_set (&self->retry, 0);
}

void
module_life_start (ModuleLife *self)
{
  if (self->port_state != PORT_WANTED) {
    module_life_resume (self);
    return;
  }
  g_return_if_fail (self->state == MODULE_ABSENT && self->driver == NULL);

  open_port (self);
}

void
module_life_try_again (ModuleLife *self)
{
  if (self->state != MODULE_ABSENT || !timer_is_set (&self->retry))
    return;

  timer_clear (&self->retry);
  self->retry_ms = MODULE_RETRY_FIRST_MS;
  open_port (self);
}

/* -- stopped ----------------------------------------------------------------------------------------- */

static void
begin_end (ModuleLife *self)
{
  timer_clear (&self->retry);
  set_state (self, MODULE_STOPPED, self->end_text != NULL ? self->end_text : "");
}

void
module_life_abandon (ModuleLife *self)
{
  g_autoptr (GError) error = make_end_error (self);
  g_autoptr (GTask) task = g_steal_pointer (&self->stop_task);

  begin_end (self);
  drop_driver (self, error);
  return_yields (self);
  if (task != NULL)
    g_task_return_boolean (task, TRUE);
}

void
module_life_leave (ModuleLife *self)
{
  if (self->driver != NULL)
    module_driver_leave (self->driver);
  module_life_abandon (self);
}

static void
on_stopped (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Operation) operation = user_data;
  ModuleLife *self = operation->life;
  g_autoptr (GError) error = NULL;

  if (!module_driver_stop_finish (NULL, result, &error))
    g_message ("Module %s: it did not end in good order: %s", self->config.name, error->message);
  if (operation->number == self->number)
    give_port (self);
}

void
module_life_stop (ModuleLife *self, const char *why, GTask *task)
{
  g_return_if_fail (self->stop_task == NULL);

  self->stop_task = task;
  self->end_text = g_strdup (why);
  begin_end (self);
  if (self->port_state == PORT_YIELDING)
    return; /* its end is the end of all */
  if (self->driver == NULL)
    give_port (self);
  else
    module_driver_stop_async (self->driver, on_stopped, operation_new (self));
}

/* -- given back for a while -------------------------------------------------------------------------- */

void
module_life_yield (ModuleLife *self, const GError *error, const char *text, guint within_ms, GTask *task)
{
  if (task != NULL)
    g_ptr_array_add (self->yield_tasks, task);
  if (self->state == MODULE_STOPPED) {
    return_yields (self);
    return;
  }
  g_free (self->yield_text);
  self->yield_text = g_strdup (text);
  self->resume = FALSE;
  if (self->port_state == PORT_YIELDING)
    return;

  self->port_state = PORT_YIELDING;
  self->listener->losing (error, self->user_data);
  if (self->driver == NULL) {
    give_port (self);
    return;
  }
  timer_set (&self->retry, within_ms);
  set_state (self, MODULE_ABSENT, text);
  module_driver_stop_async (self->driver, on_stopped, operation_new (self));
}

void
module_life_resume (ModuleLife *self)
{
  if (self->port_state == PORT_YIELDING) {
    self->resume = TRUE;
  } else if (self->port_state == PORT_YIELDED && self->state != MODULE_STOPPED) {
    self->port_state = PORT_WANTED;
    open_port (self);
  }
}

gboolean
module_life_is_yielded (const ModuleLife *self)
{
  return self->port_state != PORT_WANTED && !self->resume;
}

void
module_life_set_claim_facts (ModuleLife *self, const ModuleClaimFacts *facts)
{
  if (!module_claim_set_facts (self->claim, facts))
    return;
  if (self->state == MODULE_ABSENT && self->port_state == PORT_WANTED && !timer_is_set (&self->retry)
      && *facts->text != '\0')
    set_state (self, MODULE_ABSENT, facts->text);
  self->listener->changed (self->user_data);
}

const ModuleClaimFacts *
module_life_get_claim_facts (const ModuleLife *self)
{
  return module_claim_get_facts (self->claim);
}

/* -- the rest ---------------------------------------------------------------------------------------- */

const ModuleConfig *
module_life_get_config (const ModuleLife *self)
{
  return &self->config;
}

ModuleState
module_life_get_state (const ModuleLife *self)
{
  return self->state;
}

const char *
module_life_get_text (const ModuleLife *self)
{
  return self->text;
}

ModuleDriver *
module_life_get_driver (const ModuleLife *self)
{
  return self->driver;
}

ModuleLife *
module_life_new (GObject *module, const ModuleConfig *config, TimerClock *clock,
                 const ModuleLifeListener *listener, const ModuleDriverListener *driver_listener,
                 gpointer user_data)
{
  ModuleLife *self = g_new0 (ModuleLife, 1);

  self->module = module;
  self->config = *config;
  self->config.name = g_strdup (config->name);
  self->config.device = g_strdup (config->device);
  self->config.claim_mode = g_strdup (config->claim_mode);
  self->listener = listener;
  self->driver_listener = driver_listener;
  self->user_data = user_data;
  self->text = g_strdup ("");
  self->yield_text = g_strdup ("");
  self->yield_tasks = g_ptr_array_new_with_free_func (g_object_unref);
  self->retry_ms = MODULE_RETRY_FIRST_MS;
  self->claim = module_claim_new (config->door, config->user_data, config->device);
  timer_init (&self->retry, clock, on_retry, self);
  return self;
}

void
module_life_free (ModuleLife *self)
{
  timer_dispose (&self->retry);
  g_clear_pointer (&self->claim, module_claim_free);
  free_doomed (self);
  if (self->driver != NULL)
    module_driver_set_listener (self->driver, NULL, NULL);
  g_clear_pointer (&self->driver, module_driver_free);
  if (self->config.free_user_data != NULL)
    self->config.free_user_data (self->config.user_data);
  g_free ((char *) self->config.name);
  g_free ((char *) self->config.device);
  g_free ((char *) self->config.claim_mode);
  g_free (self->text);
  g_free (self->logged_text);
  g_free (self->end_text);
  g_free (self->yield_text);
  g_ptr_array_unref (self->yield_tasks);
  g_free (self);
}
