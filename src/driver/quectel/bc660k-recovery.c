/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Bringing a module back that answers but does not do what it should: its slots closed, its radio off and on,
 * a restart. When, and which, is not known here.
 */
#include "bc660k-network.h"
#include "bc660k-private.h"

#define TIMEOUT_MS 3000
/* Leaving the network and finding it again may take this long. */
#define RADIO_TIMEOUT_MS 15000
/* Between the OK to AT+QRST and the moment when the module no longer hears: an AT in between would be
 * answered by the module as it was. */
#define RESTART_SETTLE_MS 500
/* A boot may announce itself more than once, and garbage may precede it. */
#define ATTEMPTS 5

typedef struct {
  Bc660kDriver *driver;
  GTask *task;
  guint slot;     /* being closed */
  guint attempts; /* what may still be tried again */
  guint restarts; /* as many the driver had seen when this began */
} Recovery;

/** @error: taken; NULL when it succeeded. */
static void
finish (Recovery *self, GError *error)
{
  g_autoptr (GTask) task = self->task;

  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_boolean (task, TRUE);
  bc660k_private_unref (self->driver);
  g_free (self);
}

static void
fail (Recovery *self, const GError *at_error, const char *what)
{
  finish (self, bc660k_private_translate (at_error, CLOSE_REASON_MODULE_ERROR, what));
}

static gboolean
is_lost (const GError *error)
{
  return g_error_matches (error, AT_ERROR, AT_ERROR_LOST);
}

static gboolean
is_refused (const GError *error)
{
  return g_error_matches (error, AT_ERROR, AT_ERROR_REFUSED);
}

/* -- the slots ---------------------------------------------------------------------------------------- */

static void close_slot (Recovery *self);

static void
on_slot_closed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Recovery *self = user_data;

  self->slot++;
  close_slot (self);
}

static void
close_slot (Recovery *self)
{
  Bc660kDriver *driver = self->driver;

  if (driver->channel == NULL || driver->lost)
    finish (self, module_error_new (CLOSE_REASON_MODULE_LOST, 0, "the module is lost"));
  else if (self->slot == driver->parent.capabilities.slots)
    finish (self, NULL);
  else
    bc660k_slot_close_leftover (driver->slots[self->slot], g_task_new (NULL, NULL, on_slot_closed, self));
}

/* -- the module --------------------------------------------------------------------------------------- */

static void await_module (Recovery *self);

static void
on_answered (Bc660kDriver *driver, char **lines, const GError *error, gpointer user_data)
{
  Recovery *self = user_data;

  if (error != NULL && !is_lost (error) && --self->attempts > 0) {
    await_module (self);
    return;
  }
  if (error != NULL) {
    fail (self, error, "Waiting for the module after its restart");
    return;
  }
  /* Some firmware may restart without a word. */
  if (self->restarts == driver->restarts && driver->channel != NULL)
    bc660k_driver_handle_restart (driver);
  finish (self, NULL);
}

static void
await_module (Recovery *self)
{
  bc660k_private_run_line (self->driver, "AT", NULL, on_answered, self);
}

static void
on_restart_asked (Bc660kDriver *driver, char **lines, const GError *error, gpointer user_data)
{
  Recovery *self = user_data;

  /* Anything else, silence too, may be the restart itself. */
  if (is_refused (error) || is_lost (error))
    fail (self, error, "Restarting the module");
  else
    await_module (self);
}

static void
run_restart (Recovery *self)
{
  AtCommand *command = at_command_new ("AT+QRST=1", NULL, TIMEOUT_MS);

  command->settle_ms = RESTART_SETTLE_MS;
  bc660k_private_run (self->driver, command, on_restart_asked, self);
}

/* -- the radio ---------------------------------------------------------------------------------------- */

static void
set_radio_off (Bc660kDriver *driver, gboolean radio_off)
{
  driver->radio_off = radio_off;
  bc660k_farewell_update (driver);
}

static void
on_radio_on (Bc660kDriver *driver, char **lines, const GError *error, gpointer user_data)
{
  Recovery *self = user_data;

  if (error != NULL && !is_lost (error) && --self->attempts > 0) {
    bc660k_private_run (driver, at_command_new (BC660K_RADIO_ON, NULL, RADIO_TIMEOUT_MS), on_radio_on, self);
    return;
  }
  if (is_lost (error)) {
    fail (self, error, "Turning the radio on");
    return;
  }
  set_radio_off (driver, FALSE);
  bc660k_network_doubt (driver);
  /* A module that is left without its radio is worse than it was before. */
  self->attempts = ATTEMPTS;
  if (error != NULL)
    run_restart (self);
  else
    finish (self, NULL);
}

static void
on_radio_off (Bc660kDriver *driver, char **lines, const GError *error, gpointer user_data)
{
  Recovery *self = user_data;

  if (is_lost (error)) {
    fail (self, error, "Turning the radio off");
  } else if (is_refused (error)) {
    set_radio_off (driver, FALSE);
    fail (self, error, "Turning the radio off");
  } else {
    bc660k_private_run (driver, at_command_new (BC660K_RADIO_ON, NULL, RADIO_TIMEOUT_MS), on_radio_on, self);
  }
}

static void
turn_radio_off (Recovery *self)
{
  set_radio_off (self->driver, TRUE);
  bc660k_private_run (self->driver, at_command_new ("AT+CFUN=0", NULL, RADIO_TIMEOUT_MS), on_radio_off, self);
}

/* -- all of them -------------------------------------------------------------------------------------- */

static void
refuse (Recovery *self)
{
  finish (self, module_error_new (CLOSE_REASON_STATE, 0, "a connection is open"));
}

void
bc660k_recovery_reset_async (ModuleDriver *base, ModuleReset reset, GTask *task)
{
  Bc660kDriver *driver = (Bc660kDriver *) base;
  gboolean taken = bc660k_private_has_taken_slot (driver);
  Recovery *self = g_new0 (Recovery, 1);

  self->driver = bc660k_private_ref (driver);
  self->task = task;
  self->attempts = ATTEMPTS;
  self->restarts = driver->restarts;
  switch (reset) {
  case MODULE_RESET_SLOTS:
    if (taken) {
      refuse (self);
      break;
    }
    if (driver->channel != NULL)
      at_channel_resync (driver->channel);
    close_slot (self);
    break;
  case MODULE_RESET_RADIO:
    if (taken)
      refuse (self);
    else
      turn_radio_off (self);
    break;
  case MODULE_RESET_RESTART:
    run_restart (self);
    break;
  case MODULE_RESET_AWAIT:
    if (driver->channel != NULL)
      at_channel_resync (driver->channel);
    await_module (self);
    break;
  }
}
