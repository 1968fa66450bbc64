/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A check is a table of questions, of which only those are asked whose answer is not known. A refused one
 * means that the firmware does not say, which is no obstacle.
 */
#include "bc660k-network.h"

#include "bc660k-clock.h"
#include "bc660k-status.h"

typedef struct {
  Bc660kDriver *driver;
  GTask *task;
  gboolean compare_clock;
  guint question;
} Check;

typedef struct {
  const char *line;
  const char *response;
  gboolean (*is_needed) (Bc660kDriver *driver);
  /** @lines is NULL when the module refused, with @refusal. */
  void (*take) (Bc660kDriver *driver, char **lines, const char *refusal);
} Question;

static void
tell (Bc660kDriver *driver)
{
  if (driver->parent.listener != NULL)
    driver->parent.listener->status_changed (driver->parent.listener_data);
}

static gboolean
is_registered (Bc660kDriver *driver)
{
  switch (driver->parent.status.registration) {
  case MODULE_REGISTRATION_HOME:
  case MODULE_REGISTRATION_ROAMING:
  case MODULE_REGISTRATION_HOME_CSFB_NOT_PREFERRED:
  case MODULE_REGISTRATION_ROAMING_CSFB_NOT_PREFERRED:
    return TRUE;
  case MODULE_REGISTRATION_UNTOLD:
  case MODULE_REGISTRATION_IDLE:
  case MODULE_REGISTRATION_SEARCHING:
  case MODULE_REGISTRATION_DENIED:
  case MODULE_REGISTRATION_UNKNOWN:
  case MODULE_REGISTRATION_HOME_SMS_ONLY:
  case MODULE_REGISTRATION_ROAMING_SMS_ONLY:
  case MODULE_REGISTRATION_EMERGENCY_ONLY:
    return FALSE;
  }
  return FALSE;
}

static void
set_address (ModuleStatus *status, ModuleAnswer has_address, char *address)
{
  g_free (status->address);
  status->address = address;
  status->has_address = has_address;
}

/* -- what the module says ------------------------------------------------------------------------------ */

static void
set_registration (Bc660kDriver *driver, ModuleRegistration registration)
{
  ModuleStatus *status = &driver->parent.status;

  if (registration == status->registration)
    return;
  status->registration = registration;
  /* What is told of another registration, or of none, does not count for this one. */
  status->current = FALSE;
  status->attached = MODULE_ANSWER_UNTOLD;
  status->signal_dbm = 0;
  set_address (status, MODULE_ANSWER_UNTOLD, NULL);
}

static void
take_registration_line (Bc660kDriver *driver, const char *line)
{
  ModuleRegistration registration;
  int mode;

  if (driver->network.told != MODULE_REGISTRATION_UNTOLD
      || !bc660k_status_parse_registration (line, &mode, &registration))
    return;
  set_registration (driver, registration);
  if (mode >= 0)
    driver->network.cereg_mode = mode;
}

/** An address of a registration that is followed: nothing is left to ask for. */
static void
take_address_line (Bc660kDriver *driver, const char *line)
{
  ModuleStatus *status = &driver->parent.status;
  char *address;

  if (!bc660k_status_parse_address (line, &address))
    return;
  set_address (status, address != NULL ? MODULE_ANSWER_YES : MODULE_ANSWER_NO, address);
  if (address == NULL)
    return;
  status->attached = MODULE_ANSWER_YES;
  status->current = driver->network.asked && driver->network.followed && is_registered (driver);
}

static void
take_sim_line (Bc660kDriver *driver, const char *line)
{
  bc660k_status_parse_sim (line, &driver->parent.status.sim);
}

static void
take_event_line (Bc660kDriver *driver, const char *line)
{
  if (!bc660k_status_parse_event (line, &driver->parent.status.sleep))
    return;
  /* Whether it still tells what changes when it wakes up is not known. */
  if (driver->parent.status.sleep == MODULE_SLEEP_DEEP)
    bc660k_network_doubt (driver);
}

static const struct {
  const char *prefix;
  void (*take) (Bc660kDriver *driver, const char *line);
} urcs[] = {
  { "+CEREG:", take_registration_line },
  { "+CPIN:", take_sim_line },
  { "+IP:", take_address_line },
  { "+QNBIOTEVENT:", take_event_line },
};

static void
on_urc (const AtEvent *event, gpointer user_data)
{
  Bc660kDriver *driver = bc660k_private_ref (user_data);
  ModuleSleep former = driver->parent.status.sleep;

  for (guint i = 0; event->kind == AT_EVENT_LINE && i < G_N_ELEMENTS (urcs); i++) {
    if (g_str_has_prefix (event->line, urcs[i].prefix))
      urcs[i].take (driver, event->line);
  }
  if (driver->parent.status.sleep == MODULE_SLEEP_DEEP && former != MODULE_SLEEP_DEEP)
    bc660k_driver_handle_deep_sleep (driver);
  if (driver->channel != NULL)
    tell (driver);
  bc660k_private_unref (driver);
}

void
bc660k_network_listen (Bc660kDriver *driver)
{
  for (guint i = 0; i < G_N_ELEMENTS (urcs); i++)
    at_channel_add_urc (driver->channel, urcs[i].prefix, on_urc, driver);
}

/* -- the questions ------------------------------------------------------------------------------------- */

static gboolean
is_untold (Bc660kDriver *driver)
{
  return driver->network.told == MODULE_REGISTRATION_UNTOLD;
}

static gboolean
is_registered_untold (Bc660kDriver *driver)
{
  return is_untold (driver) && is_registered (driver);
}

static gboolean
is_first (Bc660kDriver *driver)
{
  return !driver->network.asked;
}

static gboolean
needs_sim (Bc660kDriver *driver)
{
  return is_untold (driver) && driver->parent.status.sim != MODULE_SIM_READY;
}

static void
take_sim (Bc660kDriver *driver, char **lines, const char *refusal)
{
  if (lines == NULL)
    driver->parent.status.sim = bc660k_status_judge_sim_refusal (refusal);
  for (guint i = 0; lines != NULL && lines[i] != NULL; i++)
    take_sim_line (driver, lines[i]);
}

/** A URC may stand among the lines: the newest state is in the last one (bug class 17). */
static void
take_registration (Bc660kDriver *driver, char **lines, const char *refusal)
{
  for (guint i = 0; lines != NULL && lines[i] != NULL; i++)
    take_registration_line (driver, lines[i]);
  driver->network.followed = driver->network.cereg_mode > 0;
  driver->network.looks_again = FALSE;
  if (driver->network.cereg_mode != 0)
    return;
  driver->network.gives_back_cereg = TRUE;
  bc660k_farewell_update (driver);
}

static gboolean
needs_following (Bc660kDriver *driver)
{
  return is_untold (driver) && driver->network.cereg_mode == 0;
}

static void
take_following (Bc660kDriver *driver, char **lines, const char *refusal)
{
  if (lines == NULL)
    return;
  driver->network.followed = TRUE;
  driver->network.looks_again = TRUE;
  driver->network.cereg_mode = 1;
}

static gboolean
must_look_again (Bc660kDriver *driver)
{
  return driver->network.looks_again;
}

static void
take_attached (Bc660kDriver *driver, char **lines, const char *refusal)
{
  for (guint i = 0; lines != NULL && lines[i] != NULL; i++)
    bc660k_status_parse_attached (lines[i], &driver->parent.status.attached);
}

static void
take_address (Bc660kDriver *driver, char **lines, const char *refusal)
{
  for (guint i = 0; lines != NULL && lines[i] != NULL; i++)
    take_address_line (driver, lines[i]);
}

static void
take_signal (Bc660kDriver *driver, char **lines, const char *refusal)
{
  for (guint i = 0; lines != NULL && lines[i] != NULL; i++)
    bc660k_status_parse_signal (lines[i], &driver->parent.status.signal_dbm);
}

static void
take_power_saving (Bc660kDriver *driver, char **lines, const char *refusal)
{
  int mode;

  if (lines != NULL && lines[0] != NULL && bc660k_status_parse_mode (lines[0], "+CPSMS:", &mode))
    driver->parent.status.power_saving = mode == 1 ? MODULE_ANSWER_YES : MODULE_ANSWER_NO;
}

static void
take_events (Bc660kDriver *driver, char **lines, const char *refusal)
{
  int mode;

  for (guint i = 0; lines != NULL && lines[i] != NULL; i++) {
    take_event_line (driver, lines[i]);
    if (bc660k_status_parse_mode (lines[i], "+QNBIOTEVENT:", &mode))
      driver->network.lacks_events = mode == 0;
  }
  if (!driver->network.lacks_events)
    return;
  driver->network.gives_back_events = TRUE;
  bc660k_farewell_update (driver);
}

static gboolean
needs_events (Bc660kDriver *driver)
{
  return driver->network.lacks_events;
}

static void
take_events_set (Bc660kDriver *driver, char **lines, const char *refusal)
{
  driver->network.lacks_events = FALSE;
}

static const Question questions[] = {
  { "AT+CPIN?", "+CPIN:", needs_sim, take_sim },
  { "AT+CEREG?", "+CEREG:", is_untold, take_registration },
  { "AT+CEREG=1", NULL, needs_following, take_following },
  { "AT+CEREG?", "+CEREG:", must_look_again, take_registration },
  { "AT+CGATT?", "+CGATT:", is_registered_untold, take_attached },
  { "AT+CGPADDR=0", "+CGPADDR:", is_registered, take_address },
  { "AT+CESQ", "+CESQ:", is_registered_untold, take_signal },
  { "AT+CPSMS?", "+CPSMS:", is_first, take_power_saving },
  { "AT+QNBIOTEVENT?", "+QNBIOTEVENT:", is_first, take_events },
  { "AT+QNBIOTEVENT=1,1", NULL, needs_events, take_events_set },
};

/* -- a check ------------------------------------------------------------------------------------------- */

static void ask_next (Check *self);

static void
end_check (Check *self, GError *error)
{
  Bc660kDriver *driver = self->driver;
  g_autoptr (GTask) task = self->task;

  g_free (self);
  tell (driver);
  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_boolean (task, TRUE);
  bc660k_private_unref (driver);
}

static void
on_clock_compared (Bc660kDriver *driver, char **lines, const GError *error, gpointer user_data)
{
  end_check (user_data, NULL);
}

static void
finish_questions (Check *self)
{
  Bc660kDriver *driver = self->driver;

  driver->network.asked = TRUE;
  driver->parent.status.current = driver->network.followed;
  if (self->compare_clock)
    bc660k_clock_compare (driver, on_clock_compared, self);
  else
    end_check (self, NULL);
}

static void
on_answered (Bc660kDriver *driver, char **lines, const GError *error, gpointer user_data)
{
  Check *self = user_data;
  const Question *question = &questions[self->question];

  if (g_error_matches (error, AT_ERROR, AT_ERROR_LOST)
      || g_error_matches (error, AT_ERROR, AT_ERROR_RESTARTED)) {
    end_check (self, bc660k_private_translate (error, CLOSE_REASON_MODULE_ERROR, "Asking for the network"));
    return;
  }
  if (error == NULL || g_error_matches (error, AT_ERROR, AT_ERROR_REFUSED))
    question->take (driver, lines, error != NULL ? error->message : NULL);
  self->question++;
  ask_next (self);
}

static void
ask_next (Check *self)
{
  Bc660kDriver *driver = self->driver;

  if (driver->network.ended) {
    end_check (self, module_error_new (CLOSE_REASON_REQUESTED, 0, "the driver stops"));
    return;
  }
  while (self->question < G_N_ELEMENTS (questions) && !questions[self->question].is_needed (driver))
    self->question++;
  if (self->question == G_N_ELEMENTS (questions)) {
    finish_questions (self);
    return;
  }
  bc660k_private_run_line (driver, questions[self->question].line, questions[self->question].response,
                           on_answered, self);
}

void
bc660k_network_check_async (ModuleDriver *base, gboolean compare_clock, GTask *task)
{
  Check *self = g_new (Check, 1);

  *self = (Check){ bc660k_private_ref ((Bc660kDriver *) base), task, compare_clock, 0 };
  ask_next (self);
}

/* -- what the rest of the driver notes ------------------------------------------------------------------ */

void
bc660k_network_forget (Bc660kDriver *driver)
{
  const Bc660kNetwork former = driver->network;

  module_status_clear (&driver->parent.status);
  driver->network = (Bc660kNetwork){ .cereg_mode = -1, .ended = former.ended };
  if (former.told != MODULE_REGISTRATION_UNTOLD)
    bc660k_network_tell (&driver->parent, former.told, former.told_signal_dbm);
}

void
bc660k_network_tell (ModuleDriver *base, ModuleRegistration registration, int signal_dbm)
{
  Bc660kDriver *driver = (Bc660kDriver *) base;
  Bc660kNetwork *network = &driver->network;

  if (registration == MODULE_REGISTRATION_UNTOLD && network->told != MODULE_REGISTRATION_UNTOLD) {
    network->followed = FALSE;
    bc660k_network_doubt (driver);
  } else if (registration != MODULE_REGISTRATION_UNTOLD) {
    set_registration (driver, registration);
    driver->parent.status.signal_dbm = signal_dbm;
    network->followed = TRUE;
  }
  network->told = registration;
  network->told_signal_dbm = signal_dbm;
}

void
bc660k_network_doubt (Bc660kDriver *driver)
{
  driver->parent.status.current = FALSE;
}

void
bc660k_network_note_awake (Bc660kDriver *driver)
{
  if (driver->parent.status.sleep == MODULE_SLEEP_AWAKE)
    return;
  driver->parent.status.sleep = MODULE_SLEEP_AWAKE;
  tell (driver);
}

static void
on_restored (Bc660kDriver *driver, char **lines, const GError *error, gpointer user_data)
{
  /* A module that refuses, or is gone, has nothing to be given back. */
}

void
bc660k_network_restore (Bc660kDriver *driver)
{
  driver->network.ended = TRUE;
  if (driver->network.gives_back_cereg)
    bc660k_private_run_line (driver, BC660K_NETWORK_CEREG_OFF, NULL, on_restored, NULL);
  if (driver->network.gives_back_events)
    bc660k_private_run_line (driver, BC660K_NETWORK_EVENTS_OFF, NULL, on_restored, NULL);
}
