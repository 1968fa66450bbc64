/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Sending through a slot (note 2.3.3), and taking up the send of an earlier life: OK alone does not mean
 * sent, the result does.
 */
#include "bc660k-commands.h"
#include "bc660k-slot-private.h"

void
bc660k_slot_handle_send_result (Bc660kSlot *self, int result)
{
  if (bc660k_record_is_known (&self->record))
    return;
  if (!bc660k_confirm_take (&self->confirm, result) && self->state == SLOT_OPEN)
    bc660k_slot_close_because (
        self, module_error_new (CLOSE_REASON_PROTOCOL, 0, "the module confirmed a send that there was not"));
}

static void
succeed_send (Bc660kSlot *self)
{
  bc660k_record_note_confirmed (&self->record);
  bc660k_slot_return_task (&self->send_task, NULL);
}

void
bc660k_slot_handle_confirmed (gboolean in_time, int result, gpointer user_data)
{
  Bc660kSlot *self = user_data;

  if (self->state != SLOT_OPEN || self->send_task == NULL)
    return;
  if (!in_time)
    bc660k_slot_close_because (
        self, module_error_new (CLOSE_REASON_TIMEOUT, 0, "the module did not confirm the data in time"));
  else if (result == 0)
    succeed_send (self);
  else
    bc660k_slot_close_because (self, bc660k_private_result_error (result, "Sending"));
}

static void
on_send_answered (Bc660kDriver *driver, char **lines, const GError *error, gpointer user_data)
{
  Bc660kSlot *self = user_data;

  if (g_error_matches (error, AT_ERROR, AT_ERROR_REFUSED))
    bc660k_confirm_cancel (&self->confirm);
  if (driver->channel == NULL || self->state != SLOT_OPEN || self->send_task == NULL)
    return;
  /* OK alone does not mean sent (note 2.3.3): the result must still come. */
  if (error == NULL)
    bc660k_confirm_expect (&self->confirm, bc660k_slot_get_timeout_ms (self));
  else
    bc660k_slot_close_because (self, bc660k_slot_translate (error, "Sending"));
}

/** NULL when this firmware cannot send @data. */
static AtCommand *
new_send (Bc660kSlot *self, GBytes *data, gboolean counted)
{
  const Bc660kSendFormat format = {
    .hex = self->settings.send_format == DATA_FORMAT_HEX,
    .counted = counted,
    .prompt_delay_ms = self->driver->prompt_delay_ms,
    .timeout_ms = bc660k_slot_get_timeout_ms (self),
  };

  return bc660k_commands_new_send (self->number, data, &format);
}

void
bc660k_slot_send (Bc660kSlot *self, GBytes *data, GTask *task)
{
  g_autoptr (GTask) owned = task;
  AtCommand *command;

  if (self->state != SLOT_OPEN || self->send_task != NULL) {
    g_task_return_error (task, module_error_new (CLOSE_REASON_STATE, 0, "the connection cannot send now"));
    return;
  }
  self->send_task = g_steal_pointer (&owned);
  command = new_send (self, data, self->driver->counted_send);
  if (command == NULL) { /* nothing was sent: the connection may go on */
    bc660k_slot_return_task (
        &self->send_task,
        module_error_new (CLOSE_REASON_MODULE_ERROR, 0,
                          "this firmware cannot send the bytes 0x1A and 0x1B as text: set send-format=hex"));
    return;
  }
  bc660k_record_follow (&self->record, command, data);
  bc660k_confirm_begin (&self->confirm);
  bc660k_private_run (self->driver, command, on_send_answered, self);
}

/** What the send of an adopted connection is for. */
typedef struct {
  GTask *task;
  gsize size;
} Adopted;

static void
on_adopted_sent (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autofree Adopted *adopted = user_data;
  g_autoptr (GTask) task = adopted->task;
  GError *error = NULL;

  if (g_task_propagate_boolean (G_TASK (result), &error))
    g_task_return_int (task, (gssize) adopted->size);
  else
    g_task_return_error (task, error);
}

/** Takes @task. */
static void
adopt_send (Bc660kSlot *self, GBytes *piece, AtStage stage, GTask *task)
{
  Adopted *adopted = g_new (Adopted, 1);
  AtCommand *command;

  *adopted = (Adopted){ task, g_bytes_get_size (piece) };
  self->send_task = g_task_new (NULL, NULL, on_adopted_sent, adopted);
  bc660k_confirm_begin (&self->confirm);
  if (stage == AT_STAGE_DONE) {
    bc660k_confirm_expect (&self->confirm, bc660k_slot_get_timeout_ms (self));
    return;
  }
  command = new_send (self, piece, TRUE);
  bc660k_record_follow (&self->record, command, piece);
  bc660k_private_adopt (self->driver, command, stage, on_send_answered, self);
}

gboolean
bc660k_slot_adopt (Bc660kSlot *self, const ModuleAdoption *adoption, GAsyncReadyCallback callback,
                   gpointer user_data, GError **error)
{
  AtStage stage;
  GBytes *piece;
  GTask *task;

  if (!bc660k_record_adopt (&self->record, adoption, &stage, &piece, error))
    return FALSE;
  self->settings = adoption->settings;
  self->connected = TRUE;
  self->driver->sleep.locks++;
  bc660k_farewell_inherit (self->driver);
  bc660k_slot_set_state (self, SLOT_OPEN, 0);
  task = g_task_new (NULL, NULL, callback, user_data);
  g_task_set_source_tag (task, module_driver_adopt);
  if (piece != NULL) {
    adopt_send (self, piece, stage, task);
    return TRUE;
  }
  g_task_return_int (task, 0);
  g_object_unref (task);
  return TRUE;
}
