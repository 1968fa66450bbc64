/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See sim-identity.h. Three tables: fixed answers, settings that are one number, and commands with code. What
 * ModemManager asks in its initialization is among them. */
#include "sim-identity.h"

#include <string.h>

#define ADDRESS "100.64.0.7"
#define CELL "\"1A2B\",\"00C0FFEE\",9"
#define MAX_PARAMETERS 12

/* Settings that are one number, in the order of number_rows. */
typedef enum {
  NUMBER_CEREG,
  NUMBER_CFUN,
  NUMBER_CGATT,
  NUMBER_CMEE,
  NUMBER_CPSMS,
  NUMBER_CSCON,
  NUMBER_IFC,
  NUMBER_IPR,
  NUMBER_QNBIOTEVENT,
  NUMBER_QSCLK,
  NUMBER_COUNT
} Number;

struct SimIdentity {
  SimDialogue *dialogue;
  SimNvram *nvram;
  const SimSwitch *switches;
  const SimIdentityEvents *events;
  gpointer user_data;
  guint new_baud; /* of a new module */
  gint numbers[NUMBER_COUNT];
  gint operator_format;
  gint64 clock_offset_us;
};

typedef struct {
  const char *name;
  const char *allowed; /* as the test form prints it */
  gint initial;
  gboolean is_kept; /* in nvram */
} NumberRow;

static const NumberRow number_rows[NUMBER_COUNT] = {
  [NUMBER_CEREG] = { "+CEREG", "0-5", 0, FALSE },
  [NUMBER_CFUN] = { "+CFUN", "0,1,4", 1, FALSE },
  [NUMBER_CGATT] = { "+CGATT", "0,1", 1, FALSE },
  [NUMBER_CMEE] = { "+CMEE", "0-2", 0, TRUE },
  [NUMBER_CPSMS] = { "+CPSMS", "0-2", 0, FALSE },
  [NUMBER_CSCON] = { "+CSCON", "0,1", 0, FALSE },
  [NUMBER_IFC] = { "+IFC", "0,2", 0, TRUE },
  [NUMBER_IPR] = { "+IPR", "2400,4800,9600,19200,38400,57600,115200,230400,460800", 115200, TRUE },
  [NUMBER_QNBIOTEVENT] = { "+QNBIOTEVENT", "0,1", 0, FALSE },
  [NUMBER_QSCLK] = { "+QSCLK", "0-2", 1, TRUE },
};

static const struct {
  const char *text;   /* what follows AT, upper case */
  const char *answer; /* its lines; NULL: a bare OK */
} fixed_rows[] = {
  { "", NULL },
  { "I", "Quectel_Ltd\nQuectel_BC660K-GL\nRevision: BC660KGLAAR01A05" },
  { "I0", "Quectel_Ltd\nQuectel_BC660K-GL\nRevision: BC660KGLAAR01A05" },
  { "V1", NULL },
  { "X4", NULL },
  { "&C1", NULL },
  { "&D0", NULL },
  { "&W", NULL },
  { "H", NULL },
  { "+CGMI", "Quectel_Ltd" },
  { "+GMI", "Quectel_Ltd" },
  { "+CGMM", "Quectel_BC660K-GL" },
  { "+GMM", "Quectel_BC660K-GL" },
  { "+CGMR", "BC660KGLAAR01A05" },
  { "+GMR", "BC660KGLAAR01A05" },
  { "+CGSN", "860536040000015" },
  { "+GSN", "860536040000015" },
  { "+CGSN=1", "+CGSN: 860536040000015" },
  { "+CGSN=?", "+CGSN: (0-3)" },
  { "+CIMI", "262011234567890" },
  { "+QCCID", "+QCCID: 89490200001234567890" },
  { "+CPIN?", "+CPIN: READY" },
  { "+CSQ", "+CSQ: 21,0" },
  { "+CSQ=?", "+CSQ: (0-31,99),(0-7,99)" },
  { "+CESQ", "+CESQ: 41,0,255,255,20,41" },
  { "+CESQ=?", "+CESQ: (0-63,99),(0-7,99),(255),(255),(0-34,255),(0-97,255)" },
  { "+WS46=?", "+WS46: (28)" },
  { "+CGDCONT=?",
    "+CGDCONT: (0-10),\"IP\",,,(0),(0),,,,,(0,1)\n+CGDCONT: (0-10),\"IPV6\",,,(0),(0),,,,,(0,1)\n"
    "+CGDCONT: (0-10),\"IPV4V6\",,,(0),(0),,,,,(0,1)" },
  { "+CGDCONT?", "+CGDCONT: 0,\"IP\",\"iot.simtel\",\"" ADDRESS "\",0,0,,,,,0" },
  { "+CGACT?", "+CGACT: 0,1" },
  { "+CGPADDR", "+CGPADDR: 0,\"" ADDRESS "\"" },
  { "+CGPADDR=0", "+CGPADDR: 0,\"" ADDRESS "\"" },
  { "+CGPADDR=?", "+CGPADDR: (0)" },
  { "+COPS=?", "+COPS: (2,\"Sim Telecom\",\"SimTel\",\"26201\",9),,(0-4),(0-2)" },
  { "+CEDRXS?", "+CEDRXS: 5,\"0000\"" },
};

/* Write forms that are accepted and change nothing here. */
static const char *const ignored_names[] = { "+CEDRXS", "+CGACT", "+CGDCONT", "+CGEREP",
                                             "+CTZR",   "+QCFG",  "+QBAND" };

static gboolean
is_registered (const SimIdentity *self)
{
  return self->numbers[NUMBER_CFUN] == 1 && self->numbers[NUMBER_CGATT] == 1;
}

/* Whether a list such as "0-2,4" has the value. */
static gboolean
list_has (const char *list, gint value)
{
  g_auto (GStrv) ranges = g_strsplit (list, ",", -1);
  for (guint i = 0; ranges[i] != NULL; i++) {
    char *end;
    gint64 low = g_ascii_strtoll (ranges[i], &end, 10);
    gint64 high = *end == '-' ? g_ascii_strtoll (end + 1, NULL, 10) : low;
    if (value >= low && value <= high)
      return TRUE;
  }
  return FALSE;
}

static void
announce_registration (SimIdentity *self)
{
  gint format = self->numbers[NUMBER_CEREG];
  gboolean has_cell = is_registered (self) && format >= 2;
  sim_dialogue_urc (self->dialogue, "+CEREG: %d%s", is_registered (self) ? 1 : 0, has_cell ? "," CELL : "");
}

void
sim_identity_announce (SimIdentity *self)
{
  sim_dialogue_urc (self->dialogue, "RDY");
  sim_dialogue_urc (self->dialogue, "+CFUN: 1");
  sim_dialogue_urc (self->dialogue, "+CPIN: READY");
  announce_registration (self);
  sim_dialogue_urc (self->dialogue, "+IP: " ADDRESS);
}

static void
apply_number (SimIdentity *self, Number number, gint value)
{
  gboolean was_registered = is_registered (self);
  self->numbers[number] = value;
  if (number_rows[number].is_kept)
    sim_nvram_set_number (self->nvram, number_rows[number].name, value);
  if (number == NUMBER_CMEE)
    sim_dialogue_set_error_format (self->dialogue, value);
  if (number == NUMBER_QSCLK)
    sim_dialogue_set_may_sleep (self->dialogue, value != 0);
  if (number == NUMBER_IPR)
    self->events->baud_changed ((guint) value, self->user_data);
  if (was_registered == is_registered (self))
    return;

  self->events->network_changed (is_registered (self), self->user_data);
  if (self->numbers[NUMBER_CEREG] > 0)
    announce_registration (self);
  if (is_registered (self))
    sim_dialogue_urc (self->dialogue, "+IP: " ADDRESS);
}

static SimResult
write_number (SimIdentity *self, Number number, const SimCommand *command)
{
  gint value;
  if (!sim_command_get_number (command, 0, 0, G_MAXINT, &value)
      || sim_command_count (command) > MAX_PARAMETERS || !list_has (number_rows[number].allowed, value))
    return SIM_RESULT_BAD_PARAMETER;
  apply_number (self, number, value);
  return SIM_RESULT_OK;
}

static void
read_number (SimIdentity *self, Number number)
{
  const char *name = number_rows[number].name;
  gint value = self->numbers[number];
  if (number == NUMBER_CEREG)
    sim_dialogue_info (self->dialogue, "%s: %d,%d%s", name, value, is_registered (self) ? 1 : 0,
                       is_registered (self) && value >= 2 ? "," CELL : "");
  else if (number == NUMBER_IFC)
    sim_dialogue_info (self->dialogue, "%s: %d,%d", name, value, value);
  else
    sim_dialogue_info (self->dialogue, "%s: %d", name, value);
}

static SimResult
run_number (SimIdentity *self, Number number, const SimCommand *command)
{
  switch (command->form) {
  case SIM_FORM_EXECUTE:
    return SIM_RESULT_ERROR;
  case SIM_FORM_READ:
    read_number (self, number);
    return SIM_RESULT_OK;
  case SIM_FORM_TEST:
    sim_dialogue_info (self->dialogue, "%s: (%s)", number_rows[number].name, number_rows[number].allowed);
    return SIM_RESULT_OK;
  case SIM_FORM_WRITE:
    return write_number (self, number, command);
  }
  return SIM_RESULT_ERROR;
}

static void
set_echo (SimIdentity *self, gboolean echo)
{
  sim_nvram_set_number (self->nvram, "E", echo);
  sim_dialogue_set_echo (self->dialogue, echo);
}

static SimResult
run_echo (SimIdentity *self, const SimCommand *command)
{
  set_echo (self, g_str_equal (command->name, "E1"));
  return SIM_RESULT_OK;
}

static SimResult
run_reset_profile (SimIdentity *self, const SimCommand *command)
{
  set_echo (self, TRUE);
  apply_number (self, NUMBER_CMEE, number_rows[NUMBER_CMEE].initial);
  apply_number (self, NUMBER_CEREG, number_rows[NUMBER_CEREG].initial);
  return SIM_RESULT_OK;
}

static SimResult
read_clock (SimIdentity *self)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autoptr (GDateTime) shown = g_date_time_add (now, self->clock_offset_us);
  g_autofree char *text = g_date_time_format (shown, "%y/%m/%d,%H:%M:%S+00");
  sim_dialogue_info (self->dialogue, "+CCLK: \"%s\"", text);
  return SIM_RESULT_OK;
}

/* yy/MM/dd,hh:mm:ss and an optional zone in quarters of an hour. */
static GDateTime *
parse_clock (const char *text)
{
  g_autoptr (GRegex) regex =
      g_regex_new ("^(\\d\\d)/(\\d\\d)/(\\d\\d),(\\d\\d):(\\d\\d):(\\d\\d)([+-]\\d\\d)?$", 0, 0, NULL);
  g_autoptr (GMatchInfo) match = NULL;
  if (!g_regex_match (regex, text, 0, &match))
    return NULL;

  gint fields[7];
  for (gint i = 0; i < 7; i++) {
    g_autofree char *field = g_match_info_fetch (match, i + 1);
    fields[i] = field != NULL ? (gint) g_ascii_strtoll (field, NULL, 10) : 0;
  }
  g_autoptr (GDateTime) local =
      g_date_time_new_utc (2000 + fields[0], fields[1], fields[2], fields[3], fields[4], fields[5]);
  return local != NULL ? g_date_time_add_minutes (local, -15 * fields[6]) : NULL;
}

static SimResult
run_clock (SimIdentity *self, const SimCommand *command)
{
  if (command->form == SIM_FORM_READ)
    return read_clock (self);

  const char *text = sim_command_get_string (command, 0);
  g_autoptr (GDateTime) time = text != NULL ? parse_clock (text) : NULL;
  if (time == NULL)
    return SIM_RESULT_BAD_PARAMETER;
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  self->clock_offset_us = g_date_time_difference (time, now);
  return SIM_RESULT_OK;
}

static SimResult
run_operator (SimIdentity *self, const SimCommand *command)
{
  static const char *const names[] = { "Sim Telecom", "SimTel", "26201" };
  gint mode;
  gint format;
  if (command->form == SIM_FORM_READ && is_registered (self)) {
    sim_dialogue_info (self->dialogue, "+COPS: 0,%d,\"%s\",9", self->operator_format,
                       names[self->operator_format]);
    return SIM_RESULT_OK;
  }
  if (command->form == SIM_FORM_READ) {
    sim_dialogue_info (self->dialogue, "+COPS: 0");
    return SIM_RESULT_OK;
  }
  if (!sim_command_get_number (command, 0, 0, 4, &mode))
    return SIM_RESULT_BAD_PARAMETER;
  if (mode == 3 && !sim_command_get_number (command, 1, 0, 2, &format))
    return SIM_RESULT_BAD_PARAMETER;
  if (mode == 3)
    self->operator_format = format;
  return SIM_RESULT_OK;
}

static const struct {
  const char *name;
  SimResult (*run) (SimIdentity *self, const SimCommand *command);
} code_rows[] = {
  { "E0", run_echo },         { "E1", run_echo },          { "E", run_echo },
  { "Z", run_reset_profile }, { "Z0", run_reset_profile }, { "&F", run_reset_profile },
  { "+CCLK", run_clock },     { "+COPS", run_operator },
};

static gboolean
answer_fixed (SimIdentity *self, const SimCommand *command)
{
  for (guint i = 0; i < G_N_ELEMENTS (fixed_rows); i++) {
    if (!g_str_equal (fixed_rows[i].text, command->text))
      continue;
    g_auto (GStrv) lines = g_strsplit (fixed_rows[i].answer != NULL ? fixed_rows[i].answer : "", "\n", -1);
    for (guint j = 0; lines[j] != NULL; j++)
      sim_dialogue_info (self->dialogue, "%s", lines[j]);
    return TRUE;
  }
  return FALSE;
}

SimResult
sim_identity_command (SimIdentity *self, const SimCommand *command)
{
  if (answer_fixed (self, command))
    return SIM_RESULT_OK;

  for (guint i = 0; i < G_N_ELEMENTS (code_rows); i++) {
    if (g_str_equal (code_rows[i].name, command->name))
      return code_rows[i].run (self, command);
  }
  for (guint i = 0; i < NUMBER_COUNT; i++) {
    if (g_str_equal (number_rows[i].name, command->name))
      return run_number (self, i, command);
  }
  for (guint i = 0; i < G_N_ELEMENTS (ignored_names); i++) {
    if (command->form == SIM_FORM_WRITE && g_str_equal (ignored_names[i], command->name))
      return SIM_RESULT_OK;
  }
  return SIM_RESULT_ERROR;
}

static gint
initial_number (const SimIdentity *self, Number number)
{
  if (number == NUMBER_QSCLK)
    return (gint) sim_switch_get (self->switches, SIM_SWITCH_DEFAULT_SLEEP);
  if (number == NUMBER_IPR && self->new_baud != 0)
    return (gint) self->new_baud;
  return number_rows[number].initial;
}

void
sim_identity_reset (SimIdentity *self)
{
  for (guint i = 0; i < NUMBER_COUNT; i++) {
    gint initial = initial_number (self, i);
    self->numbers[i] =
        number_rows[i].is_kept ? sim_nvram_get_number (self->nvram, number_rows[i].name, initial) : initial;
  }
  self->operator_format = 0;
  sim_dialogue_set_echo (self->dialogue, sim_nvram_get_number (self->nvram, "E", 1) != 0);
  sim_dialogue_set_error_format (self->dialogue, CLAMP (self->numbers[NUMBER_CMEE], 0, 2));
  sim_dialogue_set_may_sleep (self->dialogue, self->numbers[NUMBER_QSCLK] != 0);
}

guint
sim_identity_get_baud (SimNvram *nvram, guint fallback)
{
  gint baud = sim_nvram_get_number (nvram, number_rows[NUMBER_IPR].name, 0);
  return list_has (number_rows[NUMBER_IPR].allowed, baud) ? (guint) baud : fallback;
}

SimIdentity *
sim_identity_new (SimDialogue *dialogue, SimNvram *nvram, const SimSwitch *switches, guint new_baud,
                  const SimIdentityEvents *events, gpointer user_data)
{
  SimIdentity *self = g_new0 (SimIdentity, 1);
  self->dialogue = dialogue;
  self->nvram = nvram;
  self->switches = switches;
  self->new_baud = new_baud;
  self->events = events;
  self->user_data = user_data;
  return self;
}

void
sim_identity_free (SimIdentity *self)
{
  g_free (self);
}
