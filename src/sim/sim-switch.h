/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The switches of the simulator (--set NAME=VALUE): their names, allowed values and defaults stand in one
 * table. This file must not know what a switch does. */
#pragma once

#include <glib.h>

typedef enum {
  SIM_SWITCH_PROMPT,
  SIM_SWITCH_PROMPT_DELAY_MS,
  SIM_SWITCH_DATA_ACCEPT_MS,
  SIM_SWITCH_DATA_ECHO,
  SIM_SWITCH_SEND_RESULT,
  SIM_SWITCH_OPEN_RESULT,
  SIM_SWITCH_OPEN_RESULT_LATE_MS,
  SIM_SWITCH_FAILED_OPEN,
  SIM_SWITCH_HEX_QUOTES,
  SIM_SWITCH_HEX_CASE,
  SIM_SWITCH_HEX_LENGTH,
  SIM_SWITCH_ESC,
  SIM_SWITCH_ESC_IN_FIXED,
  SIM_SWITCH_URC_IN_DATA_MODE,
  SIM_SWITCH_CLOSED_ORDER,
  SIM_SWITCH_CLOSE_ON_CLOSED,
  SIM_SWITCH_CLOSE_RESETS,
  SIM_SWITCH_TEST_RANGES,
  SIM_SWITCH_SLOTS,
  SIM_SWITCH_DEBUG_ON_AT_PORT,
  SIM_SWITCH_RESULT_8,
  SIM_SWITCH_DEGRADE_AFTER_OPENS,
  SIM_SWITCH_DEGRADE_UNTIL,
  SIM_SWITCH_SILENT_AFTER_OPENS,
  SIM_SWITCH_CHECKS_DATES,
  SIM_SWITCH_DEFAULT_SLEEP,
  SIM_SWITCH_SLEEP_AFTER_MS,
  SIM_SWITCH_SLEEP_FIRST_AT,
  SIM_SWITCH_REPLY_DELAY_MS,
  SIM_SWITCH_BOOT_MS,
  SIM_SWITCH_BOOT_BANNER,
  SIM_SWITCH_COLD_START,
  SIM_SWITCH_TIME_SCALE,
  SIM_SWITCH_DELIVER_SPLIT,
  SIM_SWITCH_SEED,
  SIM_SWITCH_COUNT
} SimSwitchId;

/* What sim_switch_get() returns for a switch with named values: its place among them. */
enum { SIM_NO, SIM_YES };
enum { SIM_PROMPT_BARE, SIM_PROMPT_CRLF, SIM_PROMPT_CRLF_SPACE };
enum { SIM_DATA_ECHO_NO, SIM_DATA_ECHO_YES, SIM_DATA_ECHO_ALWAYS };
enum { SIM_SEND_RESULT_AFTER_OK, SIM_SEND_RESULT_BEFORE_OK, SIM_SEND_RESULT_NONE };
enum { SIM_OPEN_RESULT_AFTER_OK, SIM_OPEN_RESULT_BEFORE_OK };
enum { SIM_FAILED_OPEN_AT_ONCE, SIM_FAILED_OPEN_AT_TIMEOUT };
enum { SIM_HEX_CASE_UPPER, SIM_HEX_CASE_LOWER };
enum { SIM_HEX_LENGTH_BYTES, SIM_HEX_LENGTH_CHARACTERS };
enum { SIM_ESC_OK, SIM_ESC_ERROR, SIM_ESC_SILENT };
enum { SIM_ESC_IN_FIXED_DATA, SIM_ESC_IN_FIXED_CANCEL };
enum { SIM_URC_IN_DATA_MODE_LOST, SIM_URC_IN_DATA_MODE_QUEUED };
enum { SIM_CLOSED_ORDER_AFTER_RECV, SIM_CLOSED_ORDER_BEFORE_RECV };
enum { SIM_CLOSE_ON_CLOSED_OK_6, SIM_CLOSE_ON_CLOSED_ERROR };
enum { SIM_CLOSE_RESETS_NONE, SIM_CLOSE_RESETS_SECLEVEL, SIM_CLOSE_RESETS_ALL };
enum { SIM_TEST_RANGES_WORKS, SIM_TEST_RANGES_PROMISES, SIM_TEST_RANGES_FAILS };
enum { SIM_DEGRADE_UNTIL_RADIO, SIM_DEGRADE_UNTIL_RESTART, SIM_DEGRADE_UNTIL_POWER };
enum { SIM_SLEEP_FIRST_AT_SWALLOW, SIM_SLEEP_FIRST_AT_CRLF };
enum { SIM_BOOT_BANNER_SHORT, SIM_BOOT_BANNER_LONG, SIM_BOOT_BANNER_NONE };

typedef struct SimSwitch SimSwitch;

/* A set of switches, all at their defaults. Owned by the caller. */
SimSwitch *sim_switch_new (void);
void sim_switch_free (SimSwitch *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SimSwitch, sim_switch_free)

/* Takes "NAME=VALUE". FALSE with a G_OPTION_ERROR_BAD_VALUE error that names what is allowed. */
gboolean sim_switch_set (SimSwitch *self, const char *assignment, GError **error);

/* The value: a number, or for named values their index. */
guint sim_switch_get (const SimSwitch *self, SimSwitchId id);

/* A time of the module (ms) on the scale of the time-scale switch; at least 1. */
guint sim_switch_scale_ms (const SimSwitch *self, guint ms);

/* The table as text for --help. Owned by the caller. */
char *sim_switch_describe (void);
