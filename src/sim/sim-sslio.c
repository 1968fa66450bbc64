/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See sim-sslio.h: the commands in all their forms; what they do is in sim-slot.h. */
#include "sim-sslio.h"

#include <string.h>

#include "sim-hex.h"
#include "sim-slot.h"

#define MAX_HOST_BYTES 150
#define MAX_SEND_BYTES 1024

struct SimSslio {
  SimDialogue *dialogue;
  SimSslcfg *settings;
  const SimSwitch *switches;
  SimSlot *slots[SIM_SSLCFG_MAX_SLOTS];
  gboolean has_network;
  guint n_opens;
  guint prompting; /* the slot whose data is asked for */
};

static gboolean
has_switch (const SimSslio *self, SimSwitchId id, guint value)
{
  return sim_switch_get (self->switches, id) == value;
}

/* The last connection of the context has ended: the module releases the context (the note, 2.3.4). */
static void
on_released (gpointer user_data)
{
  SimSslio *self = user_data;
  for (guint i = 0; i < SIM_SSLCFG_MAX_SLOTS; i++) {
    if (!sim_slot_is_closed (self->slots[i]))
      return;
  }
  if (has_switch (self, SIM_SWITCH_CLOSE_RESETS, SIM_CLOSE_RESETS_SECLEVEL))
    sim_sslcfg_reset_seclevel (self->settings);
  else if (has_switch (self, SIM_SWITCH_CLOSE_RESETS, SIM_CLOSE_RESETS_ALL))
    sim_sslcfg_reset (self->settings);
}

static SimResult
describe (SimSslio *self, const char *name, const char *rest)
{
  g_autofree char *ids = sim_sslcfg_describe_ids (self->switches);
  if (ids == NULL)
    return SIM_RESULT_ERROR;
  sim_dialogue_info (self->dialogue, "%s: %s%s", name, ids, rest);
  return SIM_RESULT_OK;
}

/* Whatever form is no write: TRUE, and its result. */
static gboolean
answer_other_forms (SimSslio *self, const SimCommand *command, const char *ranges, SimResult *ret_result)
{
  switch (command->form) {
  case SIM_FORM_TEST:
    *ret_result = describe (self, command->name, ranges);
    return TRUE;
  case SIM_FORM_READ:
    *ret_result = SIM_RESULT_OK;
    return TRUE;
  case SIM_FORM_EXECUTE:
    *ret_result = SIM_RESULT_ERROR;
    return TRUE;
  case SIM_FORM_WRITE:
    return FALSE;
  }
  return FALSE;
}

static gboolean
has_had_enough (const SimSslio *self, SimSwitchId id)
{
  guint limit = sim_switch_get (self->switches, id);
  return limit > 0 && self->n_opens >= limit;
}

/* What is known beforehand about the next open. */
static SimTlsCode
foresee (SimSslio *self)
{
  if (has_had_enough (self, SIM_SWITCH_DEGRADE_AFTER_OPENS))
    return SIM_TLS_CODE_EXCEPTION;
  self->n_opens++;
  return self->has_network ? SIM_TLS_CODE_OK : SIM_TLS_CODE_CONNECTION;
}

SimResult
sim_sslio_open (SimSslio *self, const SimCommand *command)
{
  SimResult result;
  guint slot;
  gint port;
  gint mode;
  if (answer_other_forms (self, command, ",<host_name>,(1-65535),(0)", &result))
    return result;

  const char *host = sim_command_get_string (command, 2);
  if (!sim_sslcfg_get_slot (self->switches, command, &slot) || sim_command_count (command) != 5
      || host == NULL || *host == '\0' || strlen (host) > MAX_HOST_BYTES
      || !sim_command_get_number (command, 3, 1, 65535, &port)
      || !sim_command_get_number (command, 4, 0, 0, &mode))
    return SIM_RESULT_ERROR;
  if (!sim_slot_is_closed (self->slots[slot]) || !sim_slot_has_files (self->slots[slot]))
    return SIM_RESULT_ERROR;
  if (has_had_enough (self, SIM_SWITCH_SILENT_AFTER_OPENS)) {
    sim_dialogue_fall_silent (self->dialogue);
    return SIM_RESULT_PENDING;
  }

  sim_slot_open (self->slots[slot], host, (guint16) port, foresee (self));
  return has_switch (self, SIM_SWITCH_OPEN_RESULT, SIM_OPEN_RESULT_BEFORE_OK) ? SIM_RESULT_PENDING
                                                                              : SIM_RESULT_OK;
}

static gboolean
sends_hex (const SimSslio *self, guint slot)
{
  return sim_sslcfg_get_number (self->settings, slot, SIM_SSLCFG_SEND_FORMAT) != 0;
}

static SimResult
on_send_data (const GByteArray *data, gpointer user_data)
{
  SimSslio *self = user_data;
  SimSlot *slot = self->slots[self->prompting];
  gboolean is_hex = sends_hex (self, self->prompting);
  g_autoptr (GByteArray) decoded = is_hex ? sim_hex_decode (data->data, data->len) : NULL;
  const GByteArray *payload = is_hex ? decoded : data;
  if (!sim_slot_can_send (slot) || payload == NULL || payload->len == 0)
    return SIM_RESULT_ERROR;

  sim_slot_send (slot, payload->data, payload->len);
  return has_switch (self, SIM_SWITCH_SEND_RESULT, SIM_SEND_RESULT_AFTER_OK) ? SIM_RESULT_OK
                                                                             : SIM_RESULT_PENDING;
}

SimResult
sim_sslio_send (SimSslio *self, const SimCommand *command)
{
  SimResult result;
  guint slot;
  gint length = 0;
  if (answer_other_forms (self, command, ",(1-1024)", &result))
    return result;

  guint count = sim_command_count (command);
  if (!sim_sslcfg_get_slot (self->switches, command, &slot) || count > 3
      || (count == 3 && !sim_command_get_number (command, 2, 1, MAX_SEND_BYTES, &length))
      || !sim_slot_can_send (self->slots[slot]))
    return SIM_RESULT_ERROR;

  guint n_characters = sends_hex (self, slot) ? 2 : 1;
  SimDialoguePrompt prompt = {
    .fixed_length = (gsize) length * n_characters,
    .max_length = MAX_SEND_BYTES * n_characters,
  };
  self->prompting = slot;
  sim_dialogue_prompt (self->dialogue, &prompt, on_send_data, self);
  return SIM_RESULT_PENDING;
}

SimResult
sim_sslio_close (SimSslio *self, const SimCommand *command)
{
  SimResult result;
  guint slot;
  if (answer_other_forms (self, command, "", &result))
    return result;

  if (!sim_sslcfg_get_slot (self->switches, command, &slot) || sim_command_count (command) != 2)
    return SIM_RESULT_ERROR;
  if (sim_slot_is_closed (self->slots[slot])
      && has_switch (self, SIM_SWITCH_CLOSE_ON_CLOSED, SIM_CLOSE_ON_CLOSED_ERROR))
    return SIM_RESULT_ERROR;

  sim_slot_close (self->slots[slot]);
  return SIM_RESULT_OK;
}

void
sim_sslio_reset (SimSslio *self)
{
  for (guint i = 0; i < SIM_SSLCFG_MAX_SLOTS; i++)
    sim_slot_drop (self->slots[i]);
}

void
sim_sslio_cure (SimSslio *self, guint cure)
{
  if (cure >= sim_switch_get (self->switches, SIM_SWITCH_DEGRADE_UNTIL))
    self->n_opens = 0;
}

void
sim_sslio_set_network (SimSslio *self, gboolean is_up)
{
  self->has_network = is_up;
  for (guint i = 0; !is_up && i < SIM_SSLCFG_MAX_SLOTS; i++)
    sim_slot_lose_network (self->slots[i]);
}

void
sim_sslio_resume (SimSslio *self)
{
  for (guint i = 0; i < SIM_SSLCFG_MAX_SLOTS; i++)
    sim_slot_resume (self->slots[i]);
}

SimSslio *
sim_sslio_new (SimDialogue *dialogue, SimSslcfg *settings, const SimSwitch *switches, SimTrace *trace)
{
  SimSslio *self = g_new0 (SimSslio, 1);
  SimSlotWorld world = {
    .dialogue = dialogue,
    .settings = settings,
    .switches = switches,
    .trace = trace,
    .released = on_released,
    .user_data = self,
  };
  self->dialogue = dialogue;
  self->settings = settings;
  self->switches = switches;
  for (guint i = 0; i < SIM_SSLCFG_MAX_SLOTS; i++)
    self->slots[i] = sim_slot_new (&world, i);
  return self;
}

void
sim_sslio_free (SimSslio *self)
{
  for (guint i = 0; i < SIM_SSLCFG_MAX_SLOTS; i++)
    sim_slot_free (self->slots[i]);
  g_free (self);
}
