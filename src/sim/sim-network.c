/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See sim-network.h. update() alone tells what the registration has become. */
#include "sim-network.h"

#include <string.h>

#define ADDRESS "100.64.0.7"
#define CELL "\"1A2B\",\"00C0FFEE\",9"
#define PIN "1234"
#define MAX_PARAMETERS 12

/* <stat> of +CEREG. */
enum { STAT_IDLE = 0, STAT_HOME = 1, STAT_SEARCHING = 2, STAT_DENIED = 3, STAT_ROAMING = 5 };

/* Settings that are one number, in the order of number_rows. */
typedef enum {
  NUMBER_CEREG,
  NUMBER_CFUN,
  NUMBER_CGATT,
  NUMBER_CPSMS,
  NUMBER_QNBIOTEVENT,
  NUMBER_COUNT
} Number;

static const struct {
  const char *name;
  const char *values; /* as the test form prints them */
  gint max;
  gint initial;
} number_rows[NUMBER_COUNT] = {
  [NUMBER_CEREG] = { "+CEREG", "(0-5)", 5, 0 },
  [NUMBER_CFUN] = { "+CFUN", "(0,1,4)", 4, 1 },
  [NUMBER_CGATT] = { "+CGATT", "(0,1)", 1, 1 },
  [NUMBER_CPSMS] = { "+CPSMS", "(0-2)", 2, 0 },
  [NUMBER_QNBIOTEVENT] = { "+QNBIOTEVENT", "(0,1)", 1, 0 },
};

struct SimNetwork {
  SimDialogue *dialogue;
  const SimSwitch *switches;
  SimNetworkChanged changed;
  gpointer user_data;
  gboolean is_on;
  gboolean is_card_ready;
  gboolean has_searched; /* for register-ms */
  gboolean has_coverage;
  gboolean is_quiet;  /* it has been on for long: nothing is told of what it has found already */
  gboolean announces; /* the boot: the first registration is told though nobody asked for it */
  gint stat;
  GSource *card_timer;
  GSource *search_timer;
  gint numbers[NUMBER_COUNT];
};

static void update (SimNetwork *self);

static void
clear_timer (GSource **timer)
{
  if (*timer == NULL)
    return;
  g_source_destroy (*timer);
  g_clear_pointer (timer, g_source_unref);
}

static GSource *
make_timer (SimNetwork *self, guint ms, GSourceFunc func)
{
  GSource *timer = g_timeout_source_new (ms);
  g_source_set_callback (timer, func, self, NULL);
  g_source_attach (timer, NULL);
  return timer;
}

gboolean
sim_network_is_registered (const SimNetwork *self)
{
  return self->stat == STAT_HOME || self->stat == STAT_ROAMING;
}

/* Whether it looks for a network at all. */
static gboolean
is_looking (const SimNetwork *self)
{
  return self->is_on && self->is_card_ready && self->numbers[NUMBER_CFUN] == 1
         && self->numbers[NUMBER_CGATT] == 1;
}

static gint
get_stat (const SimNetwork *self)
{
  static const gint found[] = { [SIM_REGISTRATION_HOME] = STAT_HOME,
                                [SIM_REGISTRATION_ROAMING] = STAT_ROAMING,
                                [SIM_REGISTRATION_DENIED] = STAT_DENIED,
                                [SIM_REGISTRATION_NEVER] = STAT_SEARCHING };
  if (!is_looking (self))
    return STAT_IDLE;
  if (!self->has_coverage || !self->has_searched)
    return STAT_SEARCHING;
  return found[sim_switch_get (self->switches, SIM_SWITCH_REGISTRATION)];
}

static gboolean
on_searched (gpointer user_data)
{
  SimNetwork *self = user_data;
  clear_timer (&self->search_timer);
  self->has_searched = TRUE;
  update (self);
  return G_SOURCE_REMOVE;
}

/* A search begins when there is something to look with and something to find, and takes register-ms. */
static void
follow_search (SimNetwork *self)
{
  guint ms = sim_switch_get (self->switches, SIM_SWITCH_REGISTER_MS);
  if (!is_looking (self) || !self->has_coverage) {
    clear_timer (&self->search_timer);
    self->has_searched = FALSE;
  } else if (ms == 0) {
    self->has_searched = TRUE;
  } else if (!self->has_searched && self->search_timer == NULL) {
    self->search_timer = make_timer (self, ms, on_searched);
  }
}

static const char *
describe_cell (const SimNetwork *self)
{
  return sim_network_is_registered (self) && self->numbers[NUMBER_CEREG] >= 2 ? "," CELL : "";
}

static void
announce_stat (SimNetwork *self)
{
  if (self->is_quiet)
    return;
  if (self->numbers[NUMBER_CEREG] > 0 || (self->announces && sim_network_is_registered (self)))
    sim_dialogue_urc (self->dialogue, "+CEREG: %d%s", self->stat, describe_cell (self));
  if (sim_network_is_registered (self))
    sim_dialogue_urc (self->dialogue, "+IP: " ADDRESS);
}

static void
update (SimNetwork *self)
{
  gboolean was_registered = sim_network_is_registered (self);
  gint before = self->stat;
  follow_search (self);
  self->stat = get_stat (self);
  if (self->stat == before)
    return;

  if (was_registered != sim_network_is_registered (self))
    self->changed (!was_registered, self->user_data);
  announce_stat (self);
  self->announces = self->announces && !sim_network_is_registered (self);
}

/* -- the card ---------------------------------------------------------------------------------------- */

static const char *
describe_card (const SimNetwork *self)
{
  if (self->is_card_ready)
    return "READY";
  return sim_switch_get (self->switches, SIM_SWITCH_SIM_CARD) == SIM_CARD_PIN ? "SIM PIN" : "NOT READY";
}

static gboolean
on_card (gpointer user_data)
{
  SimNetwork *self = user_data;
  clear_timer (&self->card_timer);
  self->is_card_ready = sim_switch_get (self->switches, SIM_SWITCH_SIM_CARD) == SIM_CARD_READY;
  if (self->announces)
    sim_dialogue_urc (self->dialogue, "+CPIN: %s", describe_card (self));
  update (self);
  return G_SOURCE_REMOVE;
}

static SimResult
get_card_result (const SimNetwork *self)
{
  if (self->card_timer != NULL)
    return SIM_RESULT_SIM_BUSY;
  return sim_switch_get (self->switches, SIM_SWITCH_SIM_CARD) == SIM_CARD_NONE ? SIM_RESULT_NO_SIM
                                                                               : SIM_RESULT_OK;
}

static SimResult
run_pin (SimNetwork *self, const SimCommand *command)
{
  SimResult result = get_card_result (self);
  if (result != SIM_RESULT_OK)
    return result;
  if (command->form == SIM_FORM_READ) {
    sim_dialogue_info (self->dialogue, "+CPIN: %s", describe_card (self));
    return SIM_RESULT_OK;
  }
  if (command->form != SIM_FORM_WRITE || self->is_card_ready)
    return SIM_RESULT_NOT_ALLOWED;
  if (g_strcmp0 (sim_command_get_string (command, 0), PIN) != 0)
    return SIM_RESULT_WRONG_PIN;
  self->is_card_ready = TRUE;
  sim_dialogue_urc (self->dialogue, "+CPIN: READY");
  update (self);
  return SIM_RESULT_OK;
}

static SimResult
run_imsi (SimNetwork *self, const SimCommand *command)
{
  SimResult result = get_card_result (self);
  if (result == SIM_RESULT_OK)
    sim_dialogue_info (self->dialogue, "262011234567890");
  return result;
}

/* -- the network --------------------------------------------------------------------------------------- */

static SimResult
run_signal (SimNetwork *self, const SimCommand *command)
{
  if (command->form == SIM_FORM_TEST)
    sim_dialogue_info (self->dialogue, "+CSQ: (0-31,99),(0-7,99)");
  else
    sim_dialogue_info (self->dialogue, sim_network_is_registered (self) ? "+CSQ: 21,0" : "+CSQ: 99,99");
  return SIM_RESULT_OK;
}

static SimResult
run_extended_signal (SimNetwork *self, const SimCommand *command)
{
  if (command->form == SIM_FORM_TEST)
    sim_dialogue_info (self->dialogue, "+CESQ: (0-63,99),(0-7,99),(255),(255),(0-34,255),(0-97,255)");
  else
    sim_dialogue_info (self->dialogue, "+CESQ: %s",
                       sim_network_is_registered (self) ? "41,0,255,255,20,41" : "99,99,255,255,255,255");
  return SIM_RESULT_OK;
}

static SimResult
run_address (SimNetwork *self, const SimCommand *command)
{
  if (command->form == SIM_FORM_TEST)
    sim_dialogue_info (self->dialogue, "+CGPADDR: (0)");
  else
    sim_dialogue_info (self->dialogue, "+CGPADDR: 0%s",
                       sim_network_is_registered (self) ? ",\"" ADDRESS "\"" : "");
  return SIM_RESULT_OK;
}

static const struct {
  const char *name;
  SimResult (*run) (SimNetwork *self, const SimCommand *command);
} code_rows[] = {
  { "+CESQ", run_extended_signal }, { "+CGPADDR", run_address }, { "+CIMI", run_imsi }, { "+CPIN", run_pin },
  { "+CSQ", run_signal },
};

static gint
get_number (const SimNetwork *self, Number number)
{
  return number == NUMBER_CGATT ? sim_network_is_registered (self) : self->numbers[number];
}

static SimResult
run_number (SimNetwork *self, Number number, const SimCommand *command)
{
  const char *name = number_rows[number].name;
  gint value;
  switch (command->form) {
  case SIM_FORM_EXECUTE:
    return SIM_RESULT_ERROR;
  case SIM_FORM_READ:
    if (number == NUMBER_CEREG)
      sim_dialogue_info (self->dialogue, "%s: %d,%d%s", name, self->numbers[number], self->stat,
                         describe_cell (self));
    else
      sim_dialogue_info (self->dialogue, "%s: %d", name, get_number (self, number));
    return SIM_RESULT_OK;
  case SIM_FORM_TEST:
    sim_dialogue_info (self->dialogue, "%s: %s", name, number_rows[number].values);
    return SIM_RESULT_OK;
  case SIM_FORM_WRITE:
    if (!sim_command_get_number (command, 0, 0, number_rows[number].max, &value)
        || sim_command_count (command) > MAX_PARAMETERS)
      return SIM_RESULT_BAD_PARAMETER;
    if (number == NUMBER_CFUN && value != 0 && value != 1 && value != 4)
      return SIM_RESULT_BAD_PARAMETER;
    self->numbers[number] = value;
    update (self);
    return SIM_RESULT_OK;
  }
  return SIM_RESULT_ERROR;
}

gboolean
sim_network_command (SimNetwork *self, const SimCommand *command, SimResult *ret_result)
{
  for (guint i = 0; i < G_N_ELEMENTS (code_rows); i++) {
    if (!g_str_equal (code_rows[i].name, command->name))
      continue;
    *ret_result = code_rows[i].run (self, command);
    return TRUE;
  }
  for (guint i = 0; i < NUMBER_COUNT; i++) {
    if (!g_str_equal (number_rows[i].name, command->name))
      continue;
    *ret_result = run_number (self, i, command);
    return TRUE;
  }
  return FALSE;
}

void
sim_network_tell_event (SimNetwork *self, const char *event)
{
  if (self->numbers[NUMBER_QNBIOTEVENT] != 0)
    sim_dialogue_urc (self->dialogue, "+QNBIOTEVENT: \"%s\"", event);
}

void
sim_network_set_coverage (SimNetwork *self, gboolean is_there)
{
  self->has_coverage = is_there;
  update (self);
}

void
sim_network_reset_profile (SimNetwork *self)
{
  self->numbers[NUMBER_CEREG] = number_rows[NUMBER_CEREG].initial;
}

void
sim_network_reset (SimNetwork *self)
{
  clear_timer (&self->card_timer);
  clear_timer (&self->search_timer);
  self->is_on = FALSE;
  self->is_card_ready = FALSE;
  self->has_searched = FALSE;
  self->announces = FALSE;
  self->stat = STAT_IDLE;
  for (guint i = 0; i < NUMBER_COUNT; i++)
    self->numbers[i] = number_rows[i].initial;
}

void
sim_network_start (SimNetwork *self, gboolean has_banner)
{
  guint ms = sim_switch_get (self->switches, SIM_SWITCH_SIM_MS);
  self->is_on = TRUE;
  self->announces = has_banner;
  self->is_quiet = !has_banner;
  if (ms == 0)
    on_card (self);
  else
    self->card_timer = make_timer (self, ms, on_card);
  self->is_quiet = FALSE;
}

SimNetwork *
sim_network_new (SimDialogue *dialogue, const SimSwitch *switches, SimNetworkChanged changed,
                 gpointer user_data)
{
  SimNetwork *self = g_new0 (SimNetwork, 1);
  self->dialogue = dialogue;
  self->switches = switches;
  self->changed = changed;
  self->user_data = user_data;
  self->has_coverage = TRUE;
  sim_network_reset (self);
  return self;
}

void
sim_network_free (SimNetwork *self)
{
  clear_timer (&self->card_timer);
  clear_timer (&self->search_timer);
  g_free (self);
}
