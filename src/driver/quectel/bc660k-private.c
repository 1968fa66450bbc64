/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The life of the driver's memory, running one command, and turning what failed into the reasons that core
 * knows.
 */
#include "bc660k-private.h"

#include "bc660k-network.h"

#define TIMEOUT_MS 3000

Bc660kDriver *
bc660k_private_ref (Bc660kDriver *driver)
{
  driver->ref_count++;
  return driver;
}

void
bc660k_private_unref (Bc660kDriver *driver)
{
  if (--driver->ref_count > 0)
    return;
  for (guint i = 0; i < MODULE_SLOTS_MAX; i++)
    bc660k_slot_free (driver->slots[i]);
  g_free (driver->manufacturer);
  g_free (driver->model);
  g_free (driver->revision);
  g_free (driver->imei);
  module_status_clear (&driver->parent.status);
  g_free (driver);
}

typedef struct {
  Bc660kDriver *driver;
  Bc660kDone done;
  gpointer user_data;
  gboolean wakes; /* the module was known to sleep */
} Run;

static void
on_run (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autofree Run *run = user_data;
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) lines = g_task_propagate_pointer (G_TASK (result), &error);

  run->done (run->driver, lines, error, run->user_data);
  if (error == NULL && run->wakes)
    bc660k_network_note_awake (run->driver);
  bc660k_private_unref (run->driver);
}

void
bc660k_private_run (Bc660kDriver *driver, AtCommand *command, Bc660kDone done, gpointer user_data)
{
  Run *run = g_new (Run, 1);

  /* An answer to what was asked before it fell asleep says nothing. */
  *run = (Run){ bc660k_private_ref (driver), done, user_data,
                driver->parent.status.sleep != MODULE_SLEEP_AWAKE };
  if (driver->channel != NULL) {
    at_channel_run_async (driver->channel, command, on_run, run);
    return;
  }
  at_command_free (command);
  g_task_report_new_error (NULL, on_run, run, bc660k_private_run, AT_ERROR, AT_ERROR_LOST,
                           "the port was closed");
}

void
bc660k_private_adopt (Bc660kDriver *driver, AtCommand *command, AtStage stage, Bc660kDone done,
                      gpointer user_data)
{
  Run *run = g_new (Run, 1);

  *run = (Run){ bc660k_private_ref (driver), done, user_data, FALSE };
  at_channel_adopt_async (driver->channel, command, stage, on_run, run);
}

void
bc660k_private_run_line (Bc660kDriver *driver, const char *line, const char *response, Bc660kDone done,
                         gpointer user_data)
{
  bc660k_private_run (driver, at_command_new (line, response, TIMEOUT_MS), done, user_data);
}

GError *
bc660k_private_translate (const GError *at_error, CloseReason refused, const char *what)
{
  CloseReason reason = refused;

  switch ((AtError) at_error->code) {
  case AT_ERROR_REFUSED:
    break;
  case AT_ERROR_TIMEOUT:
    reason = CLOSE_REASON_MODULE_LOST;
    break;
  case AT_ERROR_RESTARTED:
    reason = CLOSE_REASON_MODULE_RESTARTED;
    break;
  case AT_ERROR_LOST:
    reason = CLOSE_REASON_MODULE_LOST;
    break;
  case AT_ERROR_BROKEN:
  case AT_ERROR_PROMPT:
    reason = CLOSE_REASON_PROTOCOL;
    break;
  }
  return module_error_new (reason, 0, "%s: %s", what, at_error->message);
}

/** Table 5 of the note, chapter 4. A code that is not in it is an error all the same. */
static CloseReason
get_result_reason (int result)
{
  switch (result) {
  case -2:
    return CLOSE_REASON_CONNECT_FAILED;
  case -3:
    return CLOSE_REASON_CERTIFICATE;
  case -4:
    return CLOSE_REASON_KEY;
  case -5:
    return CLOSE_REASON_CIPHER;
  case -6:
    return CLOSE_REASON_STATE;
  case -7:
    return CLOSE_REASON_TIMEOUT;
  }
  return CLOSE_REASON_MODULE_ERROR;
}

GError *
bc660k_private_result_error (int result, const char *what)
{
  return module_error_new (get_result_reason (result), result, "%s: the module reported %d", what, result);
}

gboolean
bc660k_private_has_taken_slot (Bc660kDriver *driver)
{
  for (guint i = 0; i < MODULE_SLOTS_MAX; i++) {
    if (!bc660k_slot_is_free (driver->slots[i]))
      return TRUE;
  }
  return FALSE;
}
