/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a module says of its SIM card, its network, its sleep and its clock, and what follows from that. Plain
 * data and pure functions.
 */
#pragma once

#include <glib.h>

/**
 * ModuleSim:
 * @MODULE_SIM_UNKNOWN: it did not say, or is still reading the card.
 * @MODULE_SIM_LOCKED: it wants a PIN or the like.
 * @MODULE_SIM_ABSENT: there is none, or none that can be read.
 */
typedef enum {
  MODULE_SIM_UNKNOWN,
  MODULE_SIM_READY,
  MODULE_SIM_LOCKED,
  MODULE_SIM_ABSENT,
} ModuleSim;

/**
 * ModuleRegistration: @MODULE_REGISTRATION_UNTOLD when the module did not say, or cannot; the others are the
 * <stat> of +CEREG (3GPP TS 27.007, 10.1.22) plus 1.
 */
typedef enum {
  MODULE_REGISTRATION_UNTOLD,
  MODULE_REGISTRATION_IDLE,
  MODULE_REGISTRATION_HOME,
  MODULE_REGISTRATION_SEARCHING,
  MODULE_REGISTRATION_DENIED,
  MODULE_REGISTRATION_UNKNOWN,
  MODULE_REGISTRATION_ROAMING,
  MODULE_REGISTRATION_HOME_SMS_ONLY,
  MODULE_REGISTRATION_ROAMING_SMS_ONLY,
  MODULE_REGISTRATION_EMERGENCY_ONLY,
  MODULE_REGISTRATION_HOME_CSFB_NOT_PREFERRED,
  MODULE_REGISTRATION_ROAMING_CSFB_NOT_PREFERRED,
} ModuleRegistration;

#define MODULE_REGISTRATION_LAST MODULE_REGISTRATION_ROAMING_CSFB_NOT_PREFERRED

/** ModuleAnswer: of a question that a firmware may not understand. */
typedef enum {
  MODULE_ANSWER_UNTOLD,
  MODULE_ANSWER_NO,
  MODULE_ANSWER_YES,
} ModuleAnswer;

/** ModuleSleep: light sleep cannot be seen; the two others are told by +QNBIOTEVENT. */
typedef enum {
  MODULE_SLEEP_AWAKE,
  MODULE_SLEEP_POWER_SAVING, /**< the radio is off for a time that was agreed with the network */
  MODULE_SLEEP_DEEP,
} ModuleSleep;

/**
 * ModuleClock: what the last comparison with the host's clock gave.
 * @MODULE_CLOCK_UNKNOWN: none was made, or the module shows no clock.
 * @MODULE_CLOCK_RIGHT: it was right.
 * @MODULE_CLOCK_SET: it was not, and was set.
 * @MODULE_CLOCK_WRONG: it was not, and cannot be set.
 */
typedef enum {
  MODULE_CLOCK_UNKNOWN,
  MODULE_CLOCK_RIGHT,
  MODULE_CLOCK_SET,
  MODULE_CLOCK_WRONG,
} ModuleClock;

/**
 * ModuleStatus:
 * @current: all of it was asked for since the module started, and what changes is told by it.
 * @has_address, @address: for its default PDP context. @address is owned, and NULL when there is none.
 * @signal_dbm: RSRP when it was last asked for; 0 when not known.
 * @power_saving: PSM is switched on.
 * @clock_offset_s: how much the module's clock was ahead of the host's.
 */
typedef struct {
  gboolean current;
  ModuleSim sim;
  ModuleRegistration registration;
  ModuleAnswer attached;
  ModuleAnswer has_address;
  char *address;
  int signal_dbm;
  ModuleAnswer power_saving;
  ModuleSleep sleep;
  ModuleClock clock;
  gint64 clock_offset_s;
} ModuleStatus;

/** Frees what it holds; it is as at first, all zeros. */
void module_status_clear (ModuleStatus *self);

/** Whether nothing that the module has said speaks against an open. What it did not say does not count. */
gboolean module_status_is_online (const ModuleStatus *self);

/** Whether what keeps it from being online is the SIM card. */
gboolean module_status_lacks_sim (const ModuleStatus *self);

/** Why it is not online, as a MODULE_ERROR with CLOSE_REASON_NO_SIM or CLOSE_REASON_NO_NETWORK; NULL when it
 * is. */
GError *module_status_make_error (const ModuleStatus *self);

/** The names on the bus, those of the registration as ModemManager has them; "" when not known. Static. */
const char *module_status_get_sim_name (const ModuleStatus *self);
const char *module_status_get_registration_name (const ModuleStatus *self);
const char *module_status_get_sleep_name (const ModuleStatus *self);
const char *module_status_get_clock_name (const ModuleStatus *self);
