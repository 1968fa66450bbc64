/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Keeps the module awake while a connection is wanted (note, chapter 3), and gives it back its own mode. A
 * firmware without AT+QSCLK is left as it is.
 */
#include "bc660k-private.h"

/* A module that falls asleep at the wrong moment swallows a command. */
#define ATTEMPTS 3

typedef struct {
  Bc660kDone done;
  gpointer user_data;
  guint attempt;
} Acquire;

static void run_read (Bc660kDriver *driver, Acquire *acquire);
static void run_wake (Bc660kDriver *driver, Acquire *acquire);
static void restore (Bc660kDriver *driver);

/** The command may have been swallowed: by now the channel has heard the module again. */
static gboolean
may_try_again (Bc660kDriver *driver, const GError *error, guint *attempt)
{
  return g_error_matches (error, AT_ERROR, AT_ERROR_TIMEOUT) && driver->channel != NULL
         && ++*attempt < ATTEMPTS;
}

/** @awake: the module says that it does not sleep. One that cannot be told so may, and is probed before use.
 */
static void
finish_acquire (Bc660kDriver *driver, Acquire *acquire, gboolean awake, const GError *error)
{
  Bc660kDone done = acquire->done;
  gpointer user_data = acquire->user_data;

  g_free (acquire);
  if (driver->channel != NULL)
    at_channel_set_may_sleep (driver->channel, driver->sleep.locks == 0 || !awake);
  done (driver, NULL, g_error_matches (error, AT_ERROR, AT_ERROR_REFUSED) ? NULL : error, user_data);
}

static void
on_awake (Bc660kDriver *driver, char **lines, const GError *error, gpointer user_data)
{
  Acquire *acquire = user_data;

  if (may_try_again (driver, error, &acquire->attempt))
    run_wake (driver, acquire);
  else
    finish_acquire (driver, acquire, error == NULL, error);
}

static void
run_wake (Bc660kDriver *driver, Acquire *acquire)
{
  bc660k_private_run (driver, bc660k_sleep_new_command (0), on_awake, acquire);
}

static void
on_mode_read (Bc660kDriver *driver, char **lines, const GError *error, gpointer user_data)
{
  Acquire *acquire = user_data;
  int mode = -1;

  if (may_try_again (driver, error, &acquire->attempt)) {
    run_read (driver, acquire);
    return;
  }
  if (error == NULL && lines[0] != NULL)
    bc660k_reply_parse_qsclk (lines[0], &mode);
  /* Whoever wanted it awake may have gone meanwhile: then it stays as it is. */
  if (mode <= 0 || driver->sleep.locks == 0) {
    finish_acquire (driver, acquire, mode == 0, error);
    return;
  }
  driver->sleep.former_mode = mode;
  driver->sleep.former_known = TRUE;
  bc660k_farewell_update (driver);
  run_wake (driver, acquire);
}

static void
run_read (Bc660kDriver *driver, Acquire *acquire)
{
  bc660k_private_run_line (driver, "AT+QSCLK?", "+QSCLK:", on_mode_read, acquire);
}

void
bc660k_sleep_acquire (Bc660kDriver *driver, Bc660kDone done, gpointer user_data)
{
  Acquire *acquire = g_new (Acquire, 1);

  *acquire = (Acquire){ done, user_data, 0 };
  driver->sleep.locks++;
  run_read (driver, acquire);
}

AtCommand *
bc660k_sleep_new_command (int mode)
{
  AtCommand *command = at_command_new ("AT+QSCLK=", NULL, 3000);

  at_command_add_int (command, mode);
  return command;
}

static void
on_restored (Bc660kDriver *driver, char **lines, const GError *error, gpointer user_data)
{
  driver->sleep.restoring = FALSE;
  /* Whoever has taken a lock meanwhile reads the mode behind this, and gives it back at the end. */
  if (driver->sleep.locks > 0)
    return;
  if (g_error_matches (error, AT_ERROR, AT_ERROR_RESTARTED)
      || may_try_again (driver, error, &driver->sleep.restore_attempt)) {
    restore (driver);
    return;
  }
  driver->sleep.former_known = error != NULL && !g_error_matches (error, AT_ERROR, AT_ERROR_REFUSED);
  bc660k_farewell_update (driver);
}

static void
restore (Bc660kDriver *driver)
{
  if (driver->channel == NULL || driver->sleep.restoring || !driver->sleep.former_known)
    return;
  driver->sleep.restoring = TRUE;
  bc660k_private_run (driver, bc660k_sleep_new_command (driver->sleep.former_mode), on_restored, NULL);
}

void
bc660k_sleep_restore (Bc660kDriver *driver)
{
  driver->sleep.restore_attempt = 0;
  restore (driver);
}

void
bc660k_sleep_release (Bc660kDriver *driver)
{
  if (driver->sleep.locks == 0)
    return;
  driver->sleep.locks--;
  if (driver->sleep.locks > 0)
    return;
  if (driver->channel != NULL)
    at_channel_set_may_sleep (driver->channel, TRUE);
  /* A module in deep sleep would only be woken by it; it can wait until it is woken anyway. */
  if (driver->parent.status.sleep != MODULE_SLEEP_DEEP)
    bc660k_sleep_restore (driver);
}
