/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See sim-sslcfg.h. One table of keys in the order of the note. */
#include "sim-sslcfg.h"

/* Nothing is known about the module's own limit; a chain of large certificates fits. */
#define MAX_FILE_BYTES 16384
#define MAX_VALUES 2

typedef struct {
  const char *key;
  guint n_values;         /* 0: a file */
  SimSslcfgNumber number; /* the first value */
  SimSslcfgFile file;
  gint min;
  gint max;
  gint initial;
  const char *ranges; /* in the test form */
} Row;

static const Row rows[] = {
  { "seclevel", 1, SIM_SSLCFG_SECLEVEL, 0, 0, 2, 0, ",(0-2)" },
  { "sslversion", 1, SIM_SSLCFG_SSLVERSION, 0, 1, 4, 4, ",(1-4)" },
  { "dataformat", 2, SIM_SSLCFG_SEND_FORMAT, 0, 0, 1, 0, ",(0,1),(0,1)" },
  { "timeout", 1, SIM_SSLCFG_TIMEOUT_S, 0, 10, 300, 90, ",(10-300)" },
  { "debug", 1, SIM_SSLCFG_DEBUG, 0, 0, 4, 0, ",(0-4)" },
  { "cacert", 0, 0, SIM_SSLCFG_CACERT, 0, 0, 0, "" },
  { "clientcert", 0, 0, SIM_SSLCFG_CLIENTCERT, 0, 0, 0, "" },
  { "clientkey", 0, 0, SIM_SSLCFG_CLIENTKEY, 0, 0, 0, "" },
  { "dtls", 1, SIM_SSLCFG_DTLS, 0, 0, 1, 0, ",(0,1)" },
  { "dtlsversion", 1, SIM_SSLCFG_DTLSVERSION, 0, 0, 2, 2, ",(0-2)" },
};

typedef struct {
  gint numbers[SIM_SSLCFG_N_NUMBERS];
  GBytes *files[SIM_SSLCFG_N_FILES]; /* NULL: never stored */
} Slot;

struct SimSslcfg {
  SimDialogue *dialogue;
  SimNvram *nvram;
  const SimSwitch *switches;
  Slot slots[SIM_SSLCFG_MAX_SLOTS];
  guint upload_slot; /* of the prompt that is open */
  const Row *upload_row;
};

static char *
name_in_nvram (guint slot, const Row *row)
{
  return g_strdup_printf ("%u-%s", slot, row->key);
}

static void
load_files (SimSslcfg *self, guint slot)
{
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    if (rows[i].n_values > 0)
      continue;
    g_autofree char *name = name_in_nvram (slot, &rows[i]);
    self->slots[slot].files[rows[i].file] = sim_nvram_get_bytes (self->nvram, name);
  }
}

SimSslcfg *
sim_sslcfg_new (SimDialogue *dialogue, SimNvram *nvram, const SimSwitch *switches)
{
  SimSslcfg *self = g_new0 (SimSslcfg, 1);
  self->dialogue = dialogue;
  self->nvram = nvram;
  self->switches = switches;
  for (guint slot = 0; slot < SIM_SSLCFG_MAX_SLOTS; slot++)
    load_files (self, slot);
  sim_sslcfg_reset (self);
  return self;
}

void
sim_sslcfg_free (SimSslcfg *self)
{
  for (guint slot = 0; slot < SIM_SSLCFG_MAX_SLOTS; slot++) {
    for (guint file = 0; file < SIM_SSLCFG_N_FILES; file++)
      g_clear_pointer (&self->slots[slot].files[file], g_bytes_unref);
  }
  g_free (self);
}

void
sim_sslcfg_reset (SimSslcfg *self)
{
  for (guint slot = 0; slot < SIM_SSLCFG_MAX_SLOTS; slot++) {
    for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
      for (guint j = 0; j < rows[i].n_values; j++)
        self->slots[slot].numbers[rows[i].number + j] = rows[i].initial;
    }
  }
}

void
sim_sslcfg_reset_seclevel (SimSslcfg *self)
{
  for (guint slot = 0; slot < SIM_SSLCFG_MAX_SLOTS; slot++)
    self->slots[slot].numbers[SIM_SSLCFG_SECLEVEL] = 0;
}

gint
sim_sslcfg_get_number (const SimSslcfg *self, guint slot, SimSslcfgNumber number)
{
  return self->slots[slot].numbers[number];
}

static gsize
file_length (const SimSslcfg *self, guint slot, SimSslcfgFile file)
{
  GBytes *bytes = self->slots[slot].files[file];
  return bytes != NULL ? g_bytes_get_size (bytes) : 0;
}

GBytes *
sim_sslcfg_get_file (const SimSslcfg *self, guint slot, SimSslcfgFile file)
{
  return file_length (self, slot, file) > 0 ? g_bytes_ref (self->slots[slot].files[file]) : NULL;
}

gboolean
sim_sslcfg_get_slot (const SimSwitch *switches, const SimCommand *command, guint *ret_slot)
{
  gint context;
  gint connection;
  gint last = (gint) sim_switch_get (switches, SIM_SWITCH_SLOTS) - 1;
  if (!sim_command_get_number (command, 0, 0, 0, &context)
      || !sim_command_get_number (command, 1, 0, last, &connection))
    return FALSE;
  *ret_slot = (guint) connection;
  return TRUE;
}

char *
sim_sslcfg_describe_ids (const SimSwitch *switches)
{
  guint ranges = sim_switch_get (switches, SIM_SWITCH_TEST_RANGES);
  guint n_slots = sim_switch_get (switches, SIM_SWITCH_SLOTS);
  if (ranges == SIM_TEST_RANGES_FAILS)
    return NULL;
  if (ranges == SIM_TEST_RANGES_PROMISES)
    return g_strdup ("(0-10),(0-4)");
  return n_slots == 1 ? g_strdup ("(0),(0)") : g_strdup_printf ("(0),(0-%u)", n_slots - 1);
}

static SimResult
test (SimSslcfg *self)
{
  g_autofree char *ids = sim_sslcfg_describe_ids (self->switches);
  if (ids == NULL)
    return SIM_RESULT_ERROR;
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    sim_dialogue_info (self->dialogue, "+QSSLCFG: %s,\"%s\"%s", ids, rows[i].key, rows[i].ranges);
  return SIM_RESULT_OK;
}

static void
show (SimSslcfg *self, guint slot, const Row *row)
{
  const gint *numbers = &self->slots[slot].numbers[row->number];
  if (row->n_values == 0)
    sim_dialogue_info (self->dialogue, "+QSSLCFG: 0,%u,\"%s\",%" G_GSIZE_FORMAT, slot, row->key,
                       file_length (self, slot, row->file));
  else if (row->n_values == 1)
    sim_dialogue_info (self->dialogue, "+QSSLCFG: 0,%u,\"%s\",%d", slot, row->key, numbers[0]);
  else
    sim_dialogue_info (self->dialogue, "+QSSLCFG: 0,%u,\"%s\",%d,%d", slot, row->key, numbers[0], numbers[1]);
}

static SimResult
store_file (const GByteArray *data, gpointer user_data)
{
  SimSslcfg *self = user_data;
  const Row *row = self->upload_row;
  GBytes **file = &self->slots[self->upload_slot].files[row->file];
  g_clear_pointer (file, g_bytes_unref);
  *file = g_bytes_new (data->data, data->len);

  g_autofree char *name = name_in_nvram (self->upload_slot, row);
  sim_nvram_set_bytes (self->nvram, name, *file);
  show (self, self->upload_slot, row);
  return SIM_RESULT_OK;
}

static SimResult
begin_upload (SimSslcfg *self, guint slot, const Row *row)
{
  SimDialoguePrompt prompt = { .max_length = MAX_FILE_BYTES };
  self->upload_slot = slot;
  self->upload_row = row;
  sim_dialogue_prompt (self->dialogue, &prompt, store_file, self);
  return SIM_RESULT_PENDING;
}

static SimResult
set_numbers (SimSslcfg *self, guint slot, const Row *row, const SimCommand *command)
{
  gint values[MAX_VALUES];
  if (sim_command_count (command) != 3 + row->n_values)
    return SIM_RESULT_ERROR;
  for (guint i = 0; i < row->n_values; i++) {
    if (!sim_command_get_number (command, 3 + i, row->min, row->max, &values[i]))
      return SIM_RESULT_ERROR;
  }
  for (guint i = 0; i < row->n_values; i++)
    self->slots[slot].numbers[row->number + i] = values[i];
  return SIM_RESULT_OK;
}

static const Row *
find_row (const char *key)
{
  for (guint i = 0; key != NULL && i < G_N_ELEMENTS (rows); i++) {
    if (g_ascii_strcasecmp (rows[i].key, key) == 0)
      return &rows[i];
  }
  return NULL;
}

static SimResult
write_or_query (SimSslcfg *self, const SimCommand *command)
{
  guint slot;
  if (!sim_sslcfg_get_slot (self->switches, command, &slot))
    return SIM_RESULT_ERROR;

  if (sim_command_count (command) == 2) {
    for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
      show (self, slot, &rows[i]);
    return SIM_RESULT_OK;
  }

  const Row *row = find_row (sim_command_get_string (command, 2));
  if (row == NULL)
    return SIM_RESULT_ERROR;
  if (row->n_values == 0)
    return sim_command_count (command) == 3 ? begin_upload (self, slot, row) : SIM_RESULT_ERROR;
  if (sim_command_count (command) > 3)
    return set_numbers (self, slot, row, command);
  show (self, slot, row);
  return SIM_RESULT_OK;
}

SimResult
sim_sslcfg_command (SimSslcfg *self, const SimCommand *command)
{
  switch (command->form) {
  case SIM_FORM_TEST:
    return test (self);
  case SIM_FORM_WRITE:
    return write_or_query (self, command);
  case SIM_FORM_READ:
  case SIM_FORM_EXECUTE:
    return SIM_RESULT_ERROR;
  }
  return SIM_RESULT_ERROR;
}
