/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One restart at a time. Commands may hold secrets, so none is ever shown.
 */
#include "module-errand.h"

#include "module-error.h"
#include "mssl-error.h"

struct ModuleErrand {
  char *name;
  ModuleErrandFunc done;
  gpointer user_data;
  gboolean restarting;
};

typedef struct {
  ModuleErrand *errand; /* kept alive by the task's object */
  GTask *task;
} Operation;

static Operation *
operation_new (ModuleErrand *self, GTask *task)
{
  Operation *operation = g_new (Operation, 1);

  *operation = (Operation){ self, task };
  return operation;
}

static void
return_error (GTask *task, const GError *error, MsslError refused, const char *what)
{
  MsslError code = MSSL_ERROR_FAILED;

  if (error->code == CLOSE_REASON_MODULE_LOST)
    code = MSSL_ERROR_NOT_READY;
  else if (error->code == CLOSE_REASON_MODULE_ERROR)
    code = refused;
  else if (error->code == CLOSE_REASON_STATE)
    code = MSSL_ERROR_BUSY;
  g_task_return_new_error (task, MSSL_ERROR, code, "%s: %s", what, error->message);
}

static void
on_restarted (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autofree Operation *operation = user_data;
  g_autoptr (GTask) task = operation->task;
  ModuleErrand *self = operation->errand;
  g_autoptr (GError) error = NULL;

  module_driver_reset_finish (NULL, result, &error);
  self->restarting = FALSE;
  self->done (self->user_data);
  if (error != NULL)
    return_error (task, error, MSSL_ERROR_FAILED, "The module did not restart");
  else
    g_task_return_boolean (task, TRUE);
}

void
module_errand_restart (ModuleErrand *self, ModuleDriver *driver, GTask *task)
{
  if (self->restarting) {
    g_autoptr (GTask) refused = task;

    g_task_return_new_error (refused, MSSL_ERROR, MSSL_ERROR_BUSY, "The module is being restarted already");
    return;
  }
  self->restarting = TRUE;
  g_message ("Module %s: it is restarted by request", self->name);
  module_driver_reset_async (driver, MODULE_RESET_RESTART, on_restarted, operation_new (self, task));
}

static void
on_answered (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autofree Operation *operation = user_data;
  g_autoptr (GTask) task = operation->task;
  g_autoptr (GError) error = NULL;
  char **lines = module_driver_run_command_finish (NULL, result, &error);

  if (lines != NULL)
    g_task_return_pointer (task, lines, (GDestroyNotify) g_strfreev);
  else
    return_error (task, error, MSSL_ERROR_COMMAND_FAILED, "The command failed");
}

void
module_errand_send_command (ModuleErrand *self, ModuleDriver *driver, const char *command, guint timeout_ms,
                            GTask *task)
{
  g_autoptr (GTask) refused = NULL;
  g_autoptr (GError) error = NULL;

  if (!module_driver_check_command (driver, command, &error)) {
    refused = task;
    g_task_return_new_error (refused, MSSL_ERROR, MSSL_ERROR_INVALID_ARGUMENT, "%s", error->message);
  } else if (timeout_ms < MODULE_ERRAND_TIMEOUT_MIN_MS || timeout_ms > MODULE_ERRAND_TIMEOUT_MAX_MS) {
    refused = task;
    g_task_return_new_error (refused, MSSL_ERROR, MSSL_ERROR_INVALID_ARGUMENT,
                             "timeout_ms is %u; allowed are %d to %d", timeout_ms,
                             MODULE_ERRAND_TIMEOUT_MIN_MS, MODULE_ERRAND_TIMEOUT_MAX_MS);
  } else if (self->restarting) {
    refused = task;
    g_task_return_new_error (refused, MSSL_ERROR, MSSL_ERROR_BUSY, "The module is being restarted");
  } else {
    module_driver_run_command_async (driver, command, timeout_ms, on_answered, operation_new (self, task));
  }
}

gboolean
module_errand_is_restarting (const ModuleErrand *self)
{
  return self->restarting;
}

ModuleErrand *
module_errand_new (const char *name, ModuleErrandFunc done, gpointer user_data)
{
  ModuleErrand *self = g_new0 (ModuleErrand, 1);

  self->name = g_strdup (name);
  self->done = done;
  self->user_data = user_data;
  return self;
}

void
module_errand_free (ModuleErrand *self)
{
  g_free (self->name);
  g_free (self);
}
