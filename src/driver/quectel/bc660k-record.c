/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See bc660k-record.h. All journals of a module are noted at the same positions, since what the module says
 * is one stream: a prompt is understood only from behind its command.
 */
#include "bc660k-record.h"

#include "bc660k-private.h"

/* How much of what the port says may be there without a record, and be noted without being let go of. */
#define LAG_BYTES 8192

static AtChannel *
get_channel (const Bc660kRecord *self)
{
  return self->driver->channel;
}

static SerialPort *
get_port (const Bc660kRecord *self)
{
  return at_channel_get_port (get_channel (self));
}

static gboolean
keep (int fd, gpointer user_data)
{
  const Bc660kRecord *self = user_data;

  return get_channel (self) != NULL && serial_port_keep_journal (get_port (self), self->slot, fd);
}

/* Never behind what was noted already. */
static guint64
get_position (const Bc660kRecord *self)
{
  return MAX (at_channel_get_position (get_channel (self)), connection_journal_get_position (self->journal));
}

static void
note_position (Bc660kRecord *self, guint64 position)
{
  if (self->journal != NULL && !self->frozen && position > connection_journal_get_position (self->journal))
    connection_journal_note_position (self->journal, position, self->stage);
}

/* All other journals come as far as this one, which has just been written. */
static void
take_others_along (Bc660kRecord *self)
{
  for (guint i = 0; i < MODULE_SLOTS_MAX; i++) {
    Bc660kRecord *other = bc660k_slot_get_record (self->driver->slots[i]);

    if (other != self)
      note_position (other, connection_journal_get_position (self->journal));
  }
}

/* Nobody needs to read for us where no journal is. */
static void
watch_no_more (Bc660kDriver *driver)
{
  for (guint i = 0; i < MODULE_SLOTS_MAX; i++)
    if (bc660k_slot_get_record (driver->slots[i])->journal != NULL)
      return;
  if (driver->channel != NULL)
    serial_port_unwatch (at_channel_get_port (driver->channel));
}

void
bc660k_record_prepare (Bc660kRecord *self, ConnectionJournal *journal)
{
  self->stage = CONNECTION_JOURNAL_NO_STAGE;
  self->frozen = FALSE;
  if (journal == NULL || get_channel (self) == NULL || !self->driver->counted_send)
    return;
  if (serial_port_watch (get_port (self)))
    self->journal = connection_journal_ref (journal);
}

void
bc660k_record_begin (Bc660kRecord *self)
{
  if (self->journal == NULL)
    return;
  if (connection_journal_begin (self->journal, at_channel_get_position (get_channel (self)), keep, self))
    take_others_along (self);
  else
    bc660k_record_end (self);
}

void
bc660k_record_end (Bc660kRecord *self)
{
  g_autoptr (ConnectionJournal) journal = g_steal_pointer (&self->journal);

  if (journal == NULL)
    return;
  connection_journal_end (journal);
  watch_no_more (self->driver);
}

void
bc660k_record_leave (Bc660kRecord *self)
{
  if (self->journal != NULL)
    connection_journal_leave (self->journal);
  g_clear_pointer (&self->journal, connection_journal_unref);
}

void
bc660k_record_freeze (Bc660kRecord *self)
{
  self->frozen = TRUE;
}

void
bc660k_record_note_received (Bc660kRecord *self, GBytes *data)
{
  if (self->journal == NULL || self->frozen)
    return;
  connection_journal_note_received (self->journal, get_position (self), self->stage, data);
  take_others_along (self);
}

static void
on_stage (AtStage stage, gpointer user_data)
{
  Bc660kRecord *self = user_data;

  self->stage = stage + 1;
  if (stage != AT_STAGE_PROMPT || self->journal == NULL || self->frozen)
    return;
  connection_journal_note_sending (self->journal, get_position (self), self->stage, self->piece,
                                   serial_port_count_commands (get_port (self)) + 1);
  take_others_along (self);
}

void
bc660k_record_follow (Bc660kRecord *self, AtCommand *command, GBytes *piece)
{
  g_clear_pointer (&self->piece, g_bytes_unref);
  self->piece = g_bytes_ref (piece);
  command->stage_func = on_stage;
  command->stage_data = self;
}

void
bc660k_record_note_confirmed (Bc660kRecord *self)
{
  self->stage = CONNECTION_JOURNAL_NO_STAGE;
  if (self->journal == NULL || self->frozen)
    return;
  connection_journal_note_confirmed (self->journal, get_position (self));
  take_others_along (self);
}

gboolean
bc660k_record_is_known (const Bc660kRecord *self)
{
  return self->known > 0 && at_channel_get_position (get_channel (self)) <= self->known;
}

gboolean
bc660k_record_adopt (Bc660kRecord *self, const ModuleAdoption *adoption, AtStage *ret_stage,
                     GBytes **ret_piece, GError **error)
{
  const SerialPortHistory *history = serial_port_get_history (get_port (self));
  const ConnectionJournalPast *past = adoption->past;

  if (!history->watched || !history->complete || history->log_begin > past->position
      || !connection_journal_begin (adoption->journal, past->position, keep, self)) {
    keep (-1, self);
    g_propagate_error (error, module_error_new (CLOSE_REASON_MODULE_LOST, 0,
                                                "the daemon was restarted, and not all that the module said "
                                                "meanwhile was kept"));
    return FALSE;
  }
  self->journal = connection_journal_ref (adoption->journal);
  self->known = past->position;
  self->frozen = FALSE;
  self->stage = CONNECTION_JOURNAL_NO_STAGE;
  *ret_piece = NULL;
  if (past->sending == NULL || past->stage == CONNECTION_JOURNAL_NO_STAGE)
    return TRUE;
  /* One whose command never reached the port is none, also for those to come: they find more commands. */
  if (past->ordinal > history->commands) {
    connection_journal_note_position (self->journal, past->position, self->stage);
    return TRUE;
  }
  self->stage = past->stage;
  *ret_stage = (AtStage) (past->stage - 1);
  *ret_piece = past->sending;
  return TRUE;
}

void
bc660k_record_settle (Bc660kDriver *driver)
{
  SerialPort *port = at_channel_get_port (driver->channel);
  guint64 known = G_MAXUINT64;

  for (guint i = 0; i < MODULE_SLOTS_MAX; i++) {
    const Bc660kRecord *record = bc660k_slot_get_record (driver->slots[i]);

    if (record->journal != NULL)
      known = MIN (known, record->known);
    else if (serial_port_get_history (port)->held_over)
      serial_port_keep_journal (port, i, -1);
  }
  if (known == G_MAXUINT64)
    watch_no_more (driver);
  else
    serial_port_set_taken (port, known);
}

/* Whoever has the connection may have ended its journal, since nobody can go on with it any more. */
static void
drop_ended (Bc660kDriver *driver)
{
  for (guint i = 0; i < MODULE_SLOTS_MAX; i++) {
    Bc660kRecord *record = bc660k_slot_get_record (driver->slots[i]);

    if (record->journal != NULL && connection_journal_is_over (record->journal))
      bc660k_record_end (record);
  }
}

void
bc660k_record_catch_up (Bc660kDriver *driver)
{
  SerialPort *port = at_channel_get_port (driver->channel);
  guint64 position = at_channel_get_position (driver->channel);
  guint64 noted = position;

  drop_ended (driver);
  if (!serial_port_is_watched (port))
    return;
  for (guint i = 0; i < MODULE_SLOTS_MAX; i++) {
    Bc660kRecord *record = bc660k_slot_get_record (driver->slots[i]);

    if (record->journal == NULL || !connection_journal_is_kept (record->journal))
      continue;
    if (position > connection_journal_get_position (record->journal) + LAG_BYTES)
      note_position (record, position);
    noted = MIN (noted, connection_journal_get_position (record->journal));
  }
  if (noted <= driver->taken + LAG_BYTES)
    return;
  driver->taken = noted;
  serial_port_set_taken (port, noted);
}

void
bc660k_record_init (Bc660kRecord *self, Bc660kDriver *driver, guint slot)
{
  *self = (Bc660kRecord){ .driver = driver, .slot = slot };
}

void
bc660k_record_dispose (Bc660kRecord *self)
{
  g_clear_pointer (&self->journal, connection_journal_unref);
  g_clear_pointer (&self->piece, g_bytes_unref);
}
