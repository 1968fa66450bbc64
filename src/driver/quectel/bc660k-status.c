/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Parsers by fields; what comes from the tty is not trusted.
 */
#include "bc660k-status.h"

#include <gio/gio.h>
#include <stdlib.h>
#include <string.h>

#include "at-fields.h"

#define STAT_MAX (MODULE_REGISTRATION_LAST - 1)
#define MODE_MAX 5
#define ADDRESS_MAX_BYTES 64
/* <rsrp> of +CESQ, 3GPP TS 27.007, 8.69: 0 is below -140 dBm, 97 is -44 dBm and above. */
#define RSRP_MAX 97
#define RSRP_OFFSET_DBM 141
#define CESQ_FIELDS 6
/* Two digits from here on are of the last century: no such module is older than its clock's epochs, 1970 and
 * 1980. */
#define CENTURY_TURN 70
#define ZONE_MAX_QUARTERS 56
#define QUARTER_S 900

/** A cell's identity in the same place is longer or in quotes. */
static gboolean
is_stat (const char *field)
{
  gsize digits = field != NULL ? strspn (field, "0123456789") : 0;

  return (digits == 1 || digits == 2) && (field[digits] == ',' || field[digits] == '\0');
}

gboolean
bc660k_status_parse_registration (const char *line, int *ret_mode, ModuleRegistration *ret_registration)
{
  AtFields fields;
  int first, stat, mode = -1;

  if (!at_fields_begin (&fields, line, "+CEREG:") || !at_fields_next_int (&fields, 0, STAT_MAX, &first))
    return FALSE;
  stat = first;
  if (is_stat (fields.next)) {
    if (first > MODE_MAX || !at_fields_next_int (&fields, 0, STAT_MAX, &stat))
      return FALSE;
    mode = first;
  }
  *ret_mode = mode;
  *ret_registration = (ModuleRegistration) (stat + 1);
  return TRUE;
}

gboolean
bc660k_status_parse_sim (const char *line, ModuleSim *ret_sim)
{
  AtFields fields;
  g_autofree char *text = NULL;

  if (!at_fields_begin (&fields, line, "+CPIN:") || !at_fields_next_string (&fields, &text) || *text == '\0')
    return FALSE;
  if (strcmp (text, "READY") == 0)
    *ret_sim = MODULE_SIM_READY;
  else if (g_str_has_prefix (text, "NOT "))
    *ret_sim = MODULE_SIM_ABSENT;
  else if (g_str_has_suffix (text, "PIN") || g_str_has_suffix (text, "PUK") || g_str_has_suffix (text, "PIN2")
           || g_str_has_suffix (text, "PUK2"))
    *ret_sim = MODULE_SIM_LOCKED;
  else
    return FALSE;
  return TRUE;
}

ModuleSim
bc660k_status_judge_sim_refusal (const char *refusal)
{
  static const struct {
    const char *line; /* 3GPP TS 27.007, 9.2.1 */
    ModuleSim sim;
  } known[] = {
    { "+CME ERROR: 5", MODULE_SIM_LOCKED },
    { "+CME ERROR: 10", MODULE_SIM_ABSENT },
    { "+CME ERROR: 11", MODULE_SIM_LOCKED },
    { "+CME ERROR: 12", MODULE_SIM_LOCKED },
    { "+CME ERROR: 13", MODULE_SIM_ABSENT },
    { "+CME ERROR: 15", MODULE_SIM_ABSENT },
    { "+CME ERROR: SIM PIN required", MODULE_SIM_LOCKED },
    { "+CME ERROR: SIM PUK required", MODULE_SIM_LOCKED },
    { "+CME ERROR: SIM not inserted", MODULE_SIM_ABSENT },
    { "+CME ERROR: SIM failure", MODULE_SIM_ABSENT },
    { "+CME ERROR: SIM wrong", MODULE_SIM_ABSENT },
    /* With a card in it the command works, so even this speaks. */
    { "ERROR", MODULE_SIM_ABSENT },
  };

  for (guint i = 0; i < G_N_ELEMENTS (known); i++) {
    if (strcmp (known[i].line, refusal) == 0)
      return known[i].sim;
  }
  /* A module that is busy, still searching, or does not have the command: no word about the card. */
  return MODULE_SIM_UNKNOWN;
}

gboolean
bc660k_status_parse_attached (const char *line, ModuleAnswer *ret_attached)
{
  AtFields fields;
  int attached;

  if (!at_fields_begin (&fields, line, "+CGATT:") || !at_fields_next_int (&fields, 0, 1, &attached)
      || !at_fields_at_end (&fields))
    return FALSE;
  *ret_attached = attached == 1 ? MODULE_ANSWER_YES : MODULE_ANSWER_NO;
  return TRUE;
}

static gboolean
is_address (const char *text)
{
  return strlen (text) <= ADDRESS_MAX_BYTES && strspn (text, "0123456789abcdefABCDEF.:") == strlen (text);
}

gboolean
bc660k_status_parse_address (const char *line, char **ret_address)
{
  AtFields fields;
  g_autofree char *address = NULL;
  int context;

  if (at_fields_begin (&fields, line, "+CGPADDR:")) {
    if (!at_fields_next_int (&fields, 0, 0, &context))
      return FALSE;
    if (at_fields_at_end (&fields)) {
      *ret_address = NULL;
      return TRUE;
    }
  } else if (!at_fields_begin (&fields, line, "+IP:")) {
    return FALSE;
  }
  if (!at_fields_next_string (&fields, &address) || !is_address (address))
    return FALSE;
  *ret_address = *address == '\0' || strcmp (address, "0.0.0.0") == 0 ? NULL : g_steal_pointer (&address);
  return TRUE;
}

gboolean
bc660k_status_parse_signal (const char *line, int *ret_dbm)
{
  AtFields fields;
  int rsrp = 0;

  if (!at_fields_begin (&fields, line, "+CESQ:"))
    return FALSE;
  for (guint i = 0; i < CESQ_FIELDS; i++) {
    if (!at_fields_next_int (&fields, 0, 255, &rsrp))
      return FALSE;
  }
  if (!at_fields_at_end (&fields) || (rsrp > RSRP_MAX && rsrp != 255))
    return FALSE;
  *ret_dbm = rsrp == 255 ? 0 : rsrp - RSRP_OFFSET_DBM;
  return TRUE;
}

gboolean
bc660k_status_parse_mode (const char *line, const char *prefix, int *ret_mode)
{
  AtFields fields;

  return at_fields_begin (&fields, line, prefix) && at_fields_next_int (&fields, 0, 2, ret_mode);
}

gboolean
bc660k_status_parse_event (const char *line, ModuleSleep *ret_sleep)
{
  static const struct {
    const char *text;
    ModuleSleep sleep;
  } events[] = {
    { "ENTER PSM", MODULE_SLEEP_POWER_SAVING },
    { "EXIT PSM", MODULE_SLEEP_AWAKE },
    { "ENTER DEEPSLEEP", MODULE_SLEEP_DEEP },
    { "EXIT DEEPSLEEP", MODULE_SLEEP_AWAKE },
  };
  AtFields fields;
  g_autofree char *text = NULL;

  if (!at_fields_begin (&fields, line, "+QNBIOTEVENT:") || !at_fields_next_string (&fields, &text))
    return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (events); i++) {
    if (strcmp (events[i].text, text) == 0) {
      *ret_sleep = events[i].sleep;
      return TRUE;
    }
  }
  return FALSE;
}

/* -- the clock --------------------------------------------------------------------------------------- */

/** Takes @digits digits at *@at, and @end behind them unless that is NUL. */
static gboolean
take_number (const char **at, gsize digits, char end, int *ret_value)
{
  int value = 0;

  for (gsize i = 0; i < digits; i++) {
    if (!g_ascii_isdigit ((*at)[i]))
      return FALSE;
    value = 10 * value + ((*at)[i] - '0');
  }
  if (end != '\0' && (*at)[digits] != end)
    return FALSE;
  *at += digits + (end != '\0' ? 1 : 0);
  *ret_value = value;
  return TRUE;
}

static gboolean
take_zone (const char *at, int *ret_zone)
{
  int sign = *at == '-' ? -1 : 1;
  int zone;

  if (*at == '\0') {
    *ret_zone = 0;
    return TRUE;
  }
  if ((*at != '+' && *at != '-') || strlen (at) != 3)
    return FALSE;
  at++;
  if (!take_number (&at, 2, '\0', &zone) || zone > ZONE_MAX_QUARTERS)
    return FALSE;
  *ret_zone = sign * zone;
  return TRUE;
}

static gboolean
take_year (const char **at, int *ret_year)
{
  gsize digits = strspn (*at, "0123456789");

  if ((digits != 2 && digits != 4) || !take_number (at, digits, '/', ret_year))
    return FALSE;
  if (digits == 2)
    *ret_year += *ret_year < CENTURY_TURN ? 2000 : 1900;
  return TRUE;
}

gboolean
bc660k_status_parse_clock (const char *line, gint64 *ret_unix_s, int *ret_zone)
{
  AtFields fields;
  g_autofree char *text = NULL;
  g_autoptr (GDateTime) time = NULL;
  const char *at;
  int year, month, day, hour, minute, second, zone;

  if (!at_fields_begin (&fields, line, "+CCLK:") || !at_fields_next_string (&fields, &text)
      || !at_fields_at_end (&fields))
    return FALSE;
  at = text;
  if (!take_year (&at, &year) || !take_number (&at, 2, '/', &month) || !take_number (&at, 2, ',', &day)
      || !take_number (&at, 2, ':', &hour) || !take_number (&at, 2, ':', &minute)
      || !take_number (&at, 2, '\0', &second) || !take_zone (at, &zone))
    return FALSE;
  time = g_date_time_new_utc (year, month, day, hour, minute, second);
  if (time == NULL)
    return FALSE;
  *ret_unix_s = g_date_time_to_unix (time) - (gint64) zone * QUARTER_S;
  *ret_zone = zone;
  return TRUE;
}

char *
bc660k_status_format_clock (gint64 unix_s, int zone)
{
  g_autoptr (GDateTime) local = g_date_time_new_from_unix_utc (unix_s + (gint64) zone * QUARTER_S);
  g_autofree char *text = g_date_time_format (local, "%y/%m/%d,%H:%M:%S");

  return g_strdup_printf ("%s%c%02d", text, zone < 0 ? '-' : '+', abs (zone));
}
