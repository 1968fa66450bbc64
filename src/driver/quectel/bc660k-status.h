/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Pure parsers of what a BC660K-GL says of SIM card, network, power saving and clock. Each understands a line
 * whole or returns FALSE and touches nothing.
 */
#pragma once

#include "module-status.h"

/**
 * `+CEREG:`, as the answer to `AT+CEREG?` with the mode before the state, or as a URC without it: the two
 * differ in nothing but that, so what follows the first number decides, not what is awaited. *@ret_mode is -1
 * for a URC.
 */
gboolean
bc660k_status_parse_registration (const char *line, int *ret_mode, ModuleRegistration *ret_registration);

/** `+CPIN: READY`, `+CPIN: SIM PIN` and the like. */
gboolean bc660k_status_parse_sim (const char *line, ModuleSim *ret_sim);

/** What a refused `AT+CPIN?` means: @refusal is its final line. */
ModuleSim bc660k_status_judge_sim_refusal (const char *refusal);

/** `+CGATT: 0` or `1`. */
gboolean bc660k_status_parse_attached (const char *line, ModuleAnswer *ret_attached);

/** `+CGPADDR: 0,<address>`, `+CGPADDR: 0` and `+IP: <address>`. *@ret_address is a new string, or NULL when
 * there is none. */
gboolean bc660k_status_parse_address (const char *line, char **ret_address);

/** `+CESQ:`: RSRP in dBm, 0 when the module does not know it. */
gboolean bc660k_status_parse_signal (const char *line, int *ret_dbm);

/** `+CPSMS: <n>[,…]`, `+QNBIOTEVENT: <n>[,…]`: the number behind @prefix, 0 to 2. */
gboolean bc660k_status_parse_mode (const char *line, const char *prefix, int *ret_mode);

/** `+QNBIOTEVENT: "ENTER PSM"` and the like. */
gboolean bc660k_status_parse_event (const char *line, ModuleSleep *ret_sleep);

/** `+CCLK: "yy/MM/dd,hh:mm:ss±zz"`; the year may have four digits, and the zone, in quarters of an hour, may
 * be missing: then *@ret_zone is 0. Seconds since 1970 in UTC. */
gboolean bc660k_status_parse_clock (const char *line, gint64 *ret_unix_s, int *ret_zone);

/** The argument of `AT+CCLK=` for that moment in that zone. Owned by the caller. */
char *bc660k_status_format_clock (gint64 unix_s, int zone);
