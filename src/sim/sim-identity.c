/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See sim-identity.h. Three tables: fixed answers, settings that are one number, and commands with code. What
 * ModemManager asks in its initialization is among them. */
#include "sim-identity.h"

#include "sim-clock.h"
#include "sim-network.h"

#define ADDRESS "100.64.0.7"
#define MAX_PARAMETERS 12

/* Settings that are one number, in the order of number_rows. */
typedef enum { NUMBER_CMEE, NUMBER_CSCON, NUMBER_IFC, NUMBER_IPR, NUMBER_QSCLK, NUMBER_COUNT } Number;

struct SimIdentity {
  SimDialogue *dialogue;
  SimNvram *nvram;
  const SimSwitch *switches;
  const SimIdentityEvents *events;
  gpointer user_data;
  guint new_baud; /* of a new module */
  gint numbers[NUMBER_COUNT];
  gint operator_format;
  SimNetwork *network;
  SimClock *clock;
};

typedef struct {
  const char *name;
  const char *allowed; /* as the test form prints it */
  gint initial;
  gboolean is_kept; /* in nvram */
} NumberRow;

static const NumberRow number_rows[NUMBER_COUNT] = {
  [NUMBER_CMEE] = { "+CMEE", "0-2", 0, TRUE },
  [NUMBER_CSCON] = { "+CSCON", "0,1", 0, FALSE },
  [NUMBER_IFC] = { "+IFC", "0,2", 0, TRUE },
  [NUMBER_IPR] = { "+IPR", "2400,4800,9600,19200,38400,57600,115200,230400,460800", 115200, TRUE },
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
  { "+QCCID", "+QCCID: 89490200001234567890" },
  { "+WS46=?", "+WS46: (28)" },
  { "+CGDCONT=?",
    "+CGDCONT: (0-10),\"IP\",,,(0),(0),,,,,(0,1)\n+CGDCONT: (0-10),\"IPV6\",,,(0),(0),,,,,(0,1)\n"
    "+CGDCONT: (0-10),\"IPV4V6\",,,(0),(0),,,,,(0,1)" },
  { "+CGDCONT?", "+CGDCONT: 0,\"IP\",\"iot.simtel\",\"" ADDRESS "\",0,0,,,,,0" },
  { "+CGACT?", "+CGACT: 0,1" },
  { "+COPS=?", "+COPS: (2,\"Sim Telecom\",\"SimTel\",\"26201\",9),,(0-4),(0-2)" },
  { "+CEDRXS?", "+CEDRXS: 5,\"0000\"" },
};

/* Write forms that are accepted and change nothing here. */
static const char *const ignored_names[] = { "+CEDRXS", "+CGACT", "+CGDCONT", "+CGEREP",
                                             "+CTZR",   "+QCFG",  "+QBAND" };

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
apply_number (SimIdentity *self, Number number, gint value)
{
  self->numbers[number] = value;
  if (number_rows[number].is_kept)
    sim_nvram_set_number (self->nvram, number_rows[number].name, value);
  if (number == NUMBER_CMEE)
    sim_dialogue_set_error_format (self->dialogue, value);
  if (number == NUMBER_QSCLK)
    sim_dialogue_set_may_sleep (self->dialogue, value != 0);
  if (number == NUMBER_IPR)
    self->events->baud_changed ((guint) value, self->user_data);
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
  if (number == NUMBER_IFC)
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
  sim_network_reset_profile (self->network);
  return SIM_RESULT_OK;
}

static SimResult
run_operator (SimIdentity *self, const SimCommand *command)
{
  static const char *const names[] = { "Sim Telecom", "SimTel", "26201" };
  gint mode;
  gint format;
  if (command->form == SIM_FORM_READ && sim_network_is_registered (self->network)) {
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
  { "+COPS", run_operator },
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

  SimResult result;
  if (sim_network_command (self->network, command, &result))
    return result;
  if (g_str_equal (command->name, "+CCLK"))
    return sim_clock_command (self->clock, command);
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

void
sim_identity_start (SimIdentity *self, gboolean has_banner)
{
  if (has_banner) {
    sim_dialogue_urc (self->dialogue, "RDY");
    sim_dialogue_urc (self->dialogue, "+CFUN: 1");
  }
  sim_network_start (self->network, has_banner);
}

void
sim_identity_tell_event (SimIdentity *self, const char *event)
{
  sim_network_tell_event (self->network, event);
}

void
sim_identity_set_coverage (SimIdentity *self, gboolean is_there)
{
  sim_network_set_coverage (self->network, is_there);
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
  sim_network_reset (self->network);
  sim_clock_reset (self->clock);
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
  self->network = sim_network_new (dialogue, switches, events->network_changed, user_data);
  self->clock = sim_clock_new (dialogue, switches);
  return self;
}

void
sim_identity_free (SimIdentity *self)
{
  sim_network_free (self->network);
  sim_clock_free (self->clock);
  g_free (self);
}
