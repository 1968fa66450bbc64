/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See at-job.h.
 */
#include "at-job.h"

AtJob *
at_job_new (AtCommand *command, GTask *task)
{
  AtJob *job = g_new0 (AtJob, 1);

  job->command = command;
  job->task = task;
  job->lines = g_ptr_array_new_with_free_func (g_free);
  return job;
}

void
at_job_tell_stage (AtJob *job, AtStage stage)
{
  const AtCommand *command = job->command;

  if (command->stage_func != NULL)
    command->stage_func (stage, command->stage_data);
}

gboolean
at_job_add_line (AtJob *job, const char *line)
{
  if (job->lines->len >= AT_CHANNEL_RESPONSE_MAX_LINES)
    return FALSE;
  g_ptr_array_add (job->lines, g_strdup (line));
  return TRUE;
}

static void
job_free (gpointer data)
{
  AtJob *job = data;

  at_command_free (job->command);
  g_clear_object (&job->task);
  g_ptr_array_unref (job->lines);
  g_free (job->refusal);
  g_clear_error (&job->error);
  g_free (job);
}

static gboolean
on_job_over (gpointer user_data)
{
  AtJob *job = user_data;

  if (job->error != NULL) {
    g_task_return_error (job->task, g_steal_pointer (&job->error));
    return G_SOURCE_REMOVE;
  }
  g_ptr_array_add (job->lines, NULL);
  g_task_return_pointer (job->task, g_ptr_array_steal (job->lines, NULL), (GDestroyNotify) g_strfreev);
  return G_SOURCE_REMOVE;
}

void
at_job_end (AtJob *job)
{
  /* A GTask by itself would often call back at once. */
  g_autoptr (GSource) source = g_idle_source_new ();

  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, on_job_over, job, job_free);
  g_source_attach (source, g_task_get_context (job->task));
}

void
at_job_fail (AtJob *job, AtError code, const char *message)
{
  job->error = g_error_new_literal (AT_ERROR, (int) code, message);
  at_job_end (job);
}
