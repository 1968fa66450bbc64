/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The names, and the one rule of what "online" is.
 */
#include "module-status.h"

#include "module-error.h"

static const char *const sim_names[] = {
  [MODULE_SIM_UNKNOWN] = "",
  [MODULE_SIM_READY] = "ready",
  [MODULE_SIM_LOCKED] = "locked",
  [MODULE_SIM_ABSENT] = "absent",
};

static const struct {
  const char *name;
  const char *obstacle; /* NULL: none */
} registrations[] = {
  [MODULE_REGISTRATION_UNTOLD] = { "", NULL },
  [MODULE_REGISTRATION_IDLE] = { "idle", "it is not registered and does not search" },
  [MODULE_REGISTRATION_HOME] = { "home", NULL },
  [MODULE_REGISTRATION_SEARCHING] = { "searching", "it is searching for a network" },
  [MODULE_REGISTRATION_DENIED] = { "denied", "the network denies the registration" },
  [MODULE_REGISTRATION_UNKNOWN] = { "unknown", "its registration is unknown, perhaps for want of coverage" },
  [MODULE_REGISTRATION_ROAMING] = { "roaming", NULL },
  [MODULE_REGISTRATION_HOME_SMS_ONLY] = { "home-sms-only", "it is registered for SMS only" },
  [MODULE_REGISTRATION_ROAMING_SMS_ONLY] = { "roaming-sms-only", "it is registered for SMS only" },
  [MODULE_REGISTRATION_EMERGENCY_ONLY] = { "emergency-only", "it is registered for emergencies only" },
  [MODULE_REGISTRATION_HOME_CSFB_NOT_PREFERRED] = { "home-csfb-not-preferred", NULL },
  [MODULE_REGISTRATION_ROAMING_CSFB_NOT_PREFERRED] = { "roaming-csfb-not-preferred", NULL },
};

static const char *const sleep_names[] = {
  [MODULE_SLEEP_AWAKE] = "awake",
  [MODULE_SLEEP_POWER_SAVING] = "power-saving",
  [MODULE_SLEEP_DEEP] = "deep-sleep",
};

static const char *const clock_names[] = {
  [MODULE_CLOCK_UNKNOWN] = "",
  [MODULE_CLOCK_RIGHT] = "right",
  [MODULE_CLOCK_SET] = "set",
  [MODULE_CLOCK_WRONG] = "wrong",
};

G_STATIC_ASSERT (G_N_ELEMENTS (registrations) == MODULE_REGISTRATION_LAST + 1);

void
module_status_clear (ModuleStatus *self)
{
  g_free (self->address);
  *self = (ModuleStatus){ 0 };
}

gboolean
module_status_is_online (const ModuleStatus *self)
{
  return registrations[self->registration].obstacle == NULL && self->attached != MODULE_ANSWER_NO
         && self->has_address != MODULE_ANSWER_NO;
}

gboolean
module_status_lacks_sim (const ModuleStatus *self)
{
  return !module_status_is_online (self)
         && (self->sim == MODULE_SIM_LOCKED || self->sim == MODULE_SIM_ABSENT);
}

static const char *
get_obstacle (const ModuleStatus *self)
{
  if (registrations[self->registration].obstacle != NULL)
    return registrations[self->registration].obstacle;
  if (self->attached == MODULE_ANSWER_NO)
    return "it is registered, but not attached to the packet service";
  return "it is registered, but has no address";
}

GError *
module_status_make_error (const ModuleStatus *self)
{
  if (module_status_is_online (self))
    return NULL;
  if (!module_status_lacks_sim (self))
    return module_error_new (CLOSE_REASON_NO_NETWORK, 0, "%s", get_obstacle (self));
  if (self->sim == MODULE_SIM_LOCKED)
    return module_error_new (CLOSE_REASON_NO_SIM, 0, "the SIM card wants its PIN");
  return module_error_new (CLOSE_REASON_NO_SIM, 0, "the module finds no SIM card");
}

const char *
module_status_get_sim_name (const ModuleStatus *self)
{
  return sim_names[self->sim];
}

const char *
module_status_get_registration_name (const ModuleStatus *self)
{
  return registrations[self->registration].name;
}

const char *
module_status_get_sleep_name (const ModuleStatus *self)
{
  return sleep_names[self->sleep];
}

const char *
module_status_get_clock_name (const ModuleStatus *self)
{
  return clock_names[self->clock];
}
