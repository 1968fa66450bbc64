/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See sim-clock.h. The clock is the machine's and an offset to it. */
#include "sim-clock.h"

/* Where a clock that was not set begins. */
#define EPOCH_1970 G_GINT64_CONSTANT (0)
#define EPOCH_1980 G_GINT64_CONSTANT (315964800)

struct SimClock {
  SimDialogue *dialogue;
  const SimSwitch *switches;
  gint64 offset_us;
  gboolean is_empty; /* it shows nothing until it is set */
};

static gint
get_zone_quarters (const SimClock *self)
{
  static const gint quarters[] = { [SIM_CLOCK_ZONE_0] = 0,
                                   [SIM_CLOCK_ZONE_EAST] = 8,
                                   [SIM_CLOCK_ZONE_WEST] = -20,
                                   [SIM_CLOCK_ZONE_NONE] = 0,
                                   [SIM_CLOCK_ZONE_BESIDE] = 32 };
  return quarters[sim_switch_get (self->switches, SIM_SWITCH_CLOCK_ZONE)];
}

static SimResult
read_clock (SimClock *self)
{
  gint quarters = get_zone_quarters (self);
  gboolean beside = sim_switch_get (self->switches, SIM_SWITCH_CLOCK_ZONE) == SIM_CLOCK_ZONE_BESIDE;
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autoptr (GDateTime) utc = g_date_time_add (now, self->offset_us);
  g_autoptr (GDateTime) local = g_date_time_add_minutes (utc, beside ? 0 : 15 * quarters);
  g_autofree char *text = g_date_time_format (local, "%y/%m/%d,%H:%M:%S");

  if (self->is_empty)
    return SIM_RESULT_OK;
  if (sim_switch_get (self->switches, SIM_SWITCH_CLOCK_ZONE) == SIM_CLOCK_ZONE_NONE)
    sim_dialogue_info (self->dialogue, "+CCLK: \"%s\"", text);
  else
    sim_dialogue_info (self->dialogue, "+CCLK: \"%s%+03d\"", text, quarters);
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

SimResult
sim_clock_command (SimClock *self, const SimCommand *command)
{
  const char *text = sim_command_get_string (command, 0);
  g_autoptr (GDateTime) time = text != NULL ? parse_clock (text) : NULL;
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();

  if (command->form == SIM_FORM_READ)
    return read_clock (self);
  if (time == NULL)
    return SIM_RESULT_BAD_PARAMETER;
  if (sim_switch_get (self->switches, SIM_SWITCH_CLOCK_WRITE) == SIM_CLOCK_WRITE_ERROR)
    return SIM_RESULT_ERROR;
  if (sim_switch_get (self->switches, SIM_SWITCH_CLOCK_WRITE) == SIM_CLOCK_WRITE_IGNORED)
    return SIM_RESULT_OK;
  self->offset_us = g_date_time_difference (time, now);
  self->is_empty = FALSE;
  return SIM_RESULT_OK;
}

void
sim_clock_reset (SimClock *self)
{
  guint clock = sim_switch_get (self->switches, SIM_SWITCH_CLOCK);
  gint64 now_us = g_get_real_time ();

  self->is_empty = clock == SIM_CLOCK_EMPTY;
  self->offset_us = (gint64) sim_switch_get (self->switches, SIM_SWITCH_CLOCK_FAST_S) * G_USEC_PER_SEC;
  if (clock == SIM_CLOCK_1970)
    self->offset_us = EPOCH_1970 * G_USEC_PER_SEC - now_us;
  else if (clock == SIM_CLOCK_1980)
    self->offset_us = EPOCH_1980 * G_USEC_PER_SEC - now_us;
}

SimClock *
sim_clock_new (SimDialogue *dialogue, const SimSwitch *switches)
{
  SimClock *self = g_new0 (SimClock, 1);
  self->dialogue = dialogue;
  self->switches = switches;
  sim_clock_reset (self);
  return self;
}

void
sim_clock_free (SimClock *self)
{
  g_free (self);
}
