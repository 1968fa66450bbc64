/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A subprocess in a session of its own, so that a command that hangs can be killed whole.
 */
#include "power-cycle.h"

#include <signal.h>
#include <unistd.h>

typedef struct {
  GSubprocess *process;
  GSource *timeout;
  guint timeout_s;
  gboolean timed_out;
} Run;

static void
run_free (gpointer data)
{
  Run *run = data;

  g_source_destroy (run->timeout);
  g_source_unref (run->timeout);
  g_object_unref (run->process);
  g_free (run);
}

static char **
parse (const char *command, GError **error)
{
  g_auto (GStrv) words = NULL;

  if (!g_shell_parse_argv (command, NULL, &words, error))
    return NULL;
  if (g_path_is_absolute (words[0]))
    return g_steal_pointer (&words);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "\"%s\" is not an absolute path", words[0]);
  return NULL;
}

gboolean
power_cycle_check (const char *command, GError **error)
{
  g_auto (GStrv) words = parse (command, error);

  return words != NULL;
}

static void
be_a_session (gpointer user_data)
{
  setsid ();
}

static gboolean
on_timeout (gpointer user_data)
{
  Run *run = user_data;
  const char *identifier = g_subprocess_get_identifier (run->process);

  run->timed_out = TRUE;
  if (identifier != NULL)
    kill (-(pid_t) g_ascii_strtoll (identifier, NULL, 10), SIGKILL);
  return G_SOURCE_REMOVE;
}

static void
on_ended (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  const Run *run = g_task_get_task_data (task);
  GError *error = NULL;

  if (g_subprocess_wait_check_finish (G_SUBPROCESS (source), result, &error)) {
    g_task_return_boolean (task, TRUE);
    return;
  }
  if (run->timed_out) {
    g_clear_error (&error);
    error = g_error_new (G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "it did not end within %u s and was killed",
                         run->timeout_s);
  }
  g_task_return_error (task, error);
}

static GSubprocess *
spawn (const PowerCycle *config, GError **error)
{
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_NONE);
  g_auto (GStrv) words = parse (config->command, error);

  if (words == NULL)
    return NULL;
  g_subprocess_launcher_setenv (launcher, POWER_CYCLE_ENV_MODULE, config->module, TRUE);
  g_subprocess_launcher_setenv (launcher, POWER_CYCLE_ENV_DEVICE, config->device, TRUE);
  g_subprocess_launcher_set_child_setup (launcher, be_a_session, NULL, NULL);
  return g_subprocess_launcher_spawnv (launcher, (const char *const *) words, error);
}

void
power_cycle_run_async (const PowerCycle *config, GCancellable *cancellable, GAsyncReadyCallback callback,
                       gpointer user_data)
{
  GTask *task = g_task_new (NULL, cancellable, callback, user_data);
  GError *error = NULL;
  GSubprocess *process = spawn (config, &error);
  Run *run;

  g_task_set_source_tag (task, power_cycle_run_async);
  if (process == NULL) {
    g_task_return_error (task, error);
    g_object_unref (task);
    return;
  }
  run = g_new0 (Run, 1);
  run->process = process;
  run->timeout_s = config->timeout_s;
  run->timeout = g_timeout_source_new_seconds (config->timeout_s);
  g_source_set_callback (run->timeout, on_timeout, run, NULL);
  g_source_attach (run->timeout, g_task_get_context (task));
  g_task_set_task_data (task, run, run_free);
  g_subprocess_wait_check_async (process, cancellable, on_ended, task);
}

gboolean
power_cycle_run_finish (GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_async_result_is_tagged (result, power_cycle_run_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
