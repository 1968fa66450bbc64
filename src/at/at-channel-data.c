/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Data mode: the prompt, the payload behind it, and the way out of it when something went wrong.
 */
#include "at-channel-private.h"

/**
 * No answer has come, but the module may be in data mode all the same. A counted send cannot be cancelled
 * (note 2.3.3): the bytes that it waits for are given to it, since any others, a probe's too, would become
 * part of what the server receives. The other form is cancelled by ESC, also when its Ctrl-Z may have got
 * lost.
 */
void
at_channel_leave_data_mode (AtChannel *self, const AtJob *job)
{
  const AtCommand *command = job->command;

  if (job->adopted)
    return;
  switch (command->data_mode) {
  case AT_DATA_NONE:
    break;
  case AT_DATA_COUNTED:
    if (self->phase != PHASE_RESPONSE)
      at_channel_check_written (self, at_wire_write_payload (self->wire, command));
    break;
  case AT_DATA_CTRL_Z:
    at_channel_check_written (self, at_wire_write_escape (self->wire));
    break;
  }
}

void
at_channel_send_data (AtChannel *self)
{
  const AtCommand *command = self->job->command;
  guint transfer_ms = at_wire_get_transfer_ms (self->wire, g_bytes_get_size (command->payload) + 1);

  at_channel_set_phase (self, PHASE_RESPONSE, command->timeout_ms + transfer_ms);
  at_parser_expect_echo (self->parser, command->payload);
  if (self->job->adopted)
    return;
  at_channel_check_written (self, at_wire_write_payload (self->wire, command));
}

/**
 * A refusal instead of the prompt. It may be about something else, and the prompt on its way: until that is
 * known nothing is written, since it would become part of what the server receives.
 */
void
at_channel_doubt_refusal (AtChannel *self, const char *line)
{
  guint transfer_ms = at_wire_get_transfer_ms (self->wire, self->job->command->line->len + 1);

  self->job->refusal = g_strdup (line);
  at_channel_set_phase (self, PHASE_REFUSED, self->timing.quiet_ms + transfer_ms);
}

/** The probe begins with ESC. */
static void
refuse_prompt (AtChannel *self)
{
  AtJob *job = g_steal_pointer (&self->job);

  self->in_step = FALSE;
  at_job_fail (job, AT_ERROR_PROMPT, "the module asked for data, which was cancelled");
  at_channel_start_probing (self);
}

void
at_channel_handle_prompt (AtChannel *self)
{
  guint delay_ms = self->job->command->data_delay_ms;

  if (self->phase == PHASE_RESPONSE) {
    refuse_prompt (self);
    return;
  }
  if (self->phase == PHASE_REFUSED)
    at_wire_note (self->wire, "the refusal was about something else");
  at_job_tell_stage (self->job, AT_STAGE_ANSWER);
  /* Its answer may stand right behind the prompt, in the same read. */
  if (self->job->adopted) {
    at_channel_send_data (self);
    return;
  }
  at_channel_set_phase (self, PHASE_DATA, delay_ms);
  if (delay_ms > 0)
    at_wire_note_prompt (self->wire);
}

void
at_channel_adopt_async (AtChannel *self, AtCommand *command, AtStage stage, GAsyncReadyCallback callback,
                        gpointer user_data)
{
  AtJob *job = at_job_new (command, g_task_new (NULL, NULL, callback, user_data));

  g_task_set_source_tag (job->task, at_channel_run_async);
  g_return_if_fail (stage != AT_STAGE_DONE);

  if (self->phase != PHASE_IDLE || self->job != NULL) { /* two lives cannot both be right */
    at_job_fail (job, AT_ERROR_BROKEN, "another command of an earlier life is under way");
    return;
  }
  job->adopted = TRUE;
  self->job = job;
  if (stage == AT_STAGE_PROMPT)
    at_channel_set_phase (self, PHASE_PROMPT, command->prompt_timeout_ms);
  else
    at_channel_send_data (self); /* which may come back */
}
