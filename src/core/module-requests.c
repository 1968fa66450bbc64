/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What is asked of a module from outside: by a person, by the claim of its port, and at the end.
 */
#include "module-private.h"

#include "mssl-error.h"

/* What a driver has to end on a port that is gone: only its link may be. */
#define UNPLUG_MS 1000

/* -- what a person asks ------------------------------------------------------------------------------ */

/** Returns @task with an error when the module is not ready or busy with itself. */
static gboolean
can_run (Module *self, GTask *task)
{
  GError *error = NULL;

  if (module_get_state (self) != MODULE_READY)
    module_set_not_ready (self, &error);
  else if (module_recovery_is_busy (self->recovery))
    g_set_error (&error, MSSL_ERROR, MSSL_ERROR_BUSY,
                 "Module \"%s\" is being brought back; try again in some seconds", module_get_name (self));
  if (error == NULL)
    return TRUE;
  g_task_return_error (task, error);
  g_object_unref (task);
  return FALSE;
}

void
module_reset_async (Module *self, GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (self, NULL, callback, user_data);

  g_task_set_source_tag (task, module_reset_async);
  if (can_run (self, task))
    module_errand_restart (self->errand, module_life_get_driver (self->life), task);
}

gboolean
module_reset_finish (Module *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

void
module_send_command_async (Module *self, const char *command, guint timeout_ms, GAsyncReadyCallback callback,
                           gpointer user_data)
{
  GTask *task = g_task_new (self, NULL, callback, user_data);

  g_task_set_source_tag (task, module_send_command_async);
  if (!module_life_get_config (self->life)->allow_commands) {
    g_autoptr (GTask) refused = task;

    g_task_return_new_error (refused, MSSL_ERROR, MSSL_ERROR_ACCESS_DENIED,
                             "AT commands are not allowed; set allow-commands=yes in [module %s] of the "
                             "configuration",
                             module_get_name (self));
    return;
  }
  if (can_run (self, task))
    module_errand_send_command (self->errand, module_life_get_driver (self->life), command, timeout_ms, task);
}

char **
module_send_command_finish (Module *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

/* -- the end ----------------------------------------------------------------------------------------- */

void
module_leave (Module *self)
{
  module_recovery_stop (self->recovery);
  readiness_end (self->readiness);
  module_life_leave (self->life);
}

void
module_abandon (Module *self)
{
  module_recovery_stop (self->recovery);
  readiness_end (self->readiness);
  module_life_abandon (self->life);
}

void
module_stop_async (Module *self, const char *why, GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (self, NULL, callback, user_data);

  g_task_set_source_tag (task, module_stop_async);
  module_recovery_stop (self->recovery);
  module_life_stop (self->life, why, task);
}

gboolean
module_stop_finish (Module *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

void
module_unplug (Module *self, const char *why)
{
  g_autoptr (GError) error = NULL;

  if (module_get_state (self) == MODULE_STOPPED)
    return;

  error = module_error_new (CLOSE_REASON_MODULE_LOST, 0, "%s", why);
  module_life_yield (self->life, error, why, UNPLUG_MS, NULL);
  /* Another module may be plugged in in its place. */
  module_facts_clear (&self->facts);
  module_facts_init (&self->facts);
}

/* -- the claim --------------------------------------------------------------------------------------- */

void
module_release_async (Module *self, CloseReason reason, const char *text, guint within_ms,
                      GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GError) error = module_error_new (reason, 0, "%s", text);
  GTask *task = g_task_new (self, NULL, callback, user_data);

  g_task_set_source_tag (task, module_release_async);
  dozer_forget (self->dozer);
  module_life_yield (self->life, error, text, within_ms, task);
}

gboolean
module_release_finish (Module *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

void
module_claim (Module *self)
{
  dozer_forget (self->dozer);
  module_life_resume (self->life);
}

gboolean
module_wake (Module *self)
{
  return dozer_wake (self->dozer);
}

void
module_set_claim_facts (Module *self, const ModuleClaimFacts *facts)
{
  module_life_set_claim_facts (self->life, facts);
}

void
module_tell_network (Module *self, ModuleRegistration registration, int signal_dbm)
{
  ModuleDriver *driver = module_life_get_driver (self->life);

  if (driver == NULL)
    return;

  module_driver_tell_network (driver, registration, signal_dbm);
  if (module_get_state (self) == MODULE_READY)
    module_handle_status_changed (self);
}

const ModuleClaimFacts *
module_get_claim_facts (Module *self)
{
  return module_life_get_claim_facts (self->life);
}
