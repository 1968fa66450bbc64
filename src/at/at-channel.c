/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Phases of the channel and what each one waits for; set_phase() is the only place that changes them. Every
 * completion is a source of its own, so that no caller's code runs inside a function of this file but that of
 * the URC handlers, whose call is always the last thing that is done for an event.
 */
#include "at-channel-private.h"

#include <string.h>

G_DEFINE_QUARK (at - error - quark, at_error)

const AtTiming at_timing_default = {
  .probe_timeout_ms = 2500,
  .probes = 6,
  .quiet_ms = 300,
  .line_gap_ms = 2000,
  .wake_after_ms = 200,
};

void
at_channel_set_phase (AtChannel *self, AtPhase phase, guint timeout_ms)
{
  if (self->phase == PHASE_LOST)
    return;
  self->phase = phase;
  if (timeout_ms > 0)
    timer_set (&self->timer, timeout_ms);
  else
    timer_clear (&self->timer);
  at_parser_expect_prompt (self->parser,
                           phase == PHASE_PROMPT || phase == PHASE_REFUSED
                               || (phase == PHASE_RESPONSE && self->job->command->refuses_prompt));
  if (phase != PHASE_DATA)
    at_parser_expect_echo (self->parser, NULL);
}

static gboolean
on_lost (gpointer user_data)
{
  AtChannel *self = user_data;
  g_autoptr (GError) error = g_steal_pointer (&self->lost_error);

  g_clear_pointer (&self->lost_source, g_source_unref);
  if (self->lost_func != NULL)
    self->lost_func (error, self->lost_data);
  return G_SOURCE_REMOVE;
}

static void
fail_all (AtChannel *self, AtError code, const char *message)
{
  AtJob *job = g_steal_pointer (&self->job);

  if (job != NULL)
    at_job_fail (job, code, message);
  while ((job = g_queue_pop_head (&self->queue)) != NULL)
    at_job_fail (job, code, message);
}

void
at_channel_lose (AtChannel *self, const char *message)
{
  if (self->phase == PHASE_LOST)
    return;
  at_channel_set_phase (self, PHASE_LOST, 0);
  timer_clear (&self->line_gap);
  at_wire_note (self->wire, message);
  fail_all (self, AT_ERROR_LOST, message);
  self->lost_error = g_error_new_literal (AT_ERROR, AT_ERROR_LOST, message);
  /* Behind the completions of the commands, which have the same priority. */
  self->lost_source = g_idle_source_new ();
  g_source_set_priority (self->lost_source, G_PRIORITY_DEFAULT);
  g_source_set_callback (self->lost_source, on_lost, self, NULL);
  g_source_attach (self->lost_source, g_main_context_get_thread_default ());
}

void
at_channel_check_written (AtChannel *self, gboolean written)
{
  if (!written)
    at_channel_lose (self, "the port takes no more data");
}

static void
start_job (AtChannel *self)
{
  const AtCommand *command;
  guint transfer_ms;

  self->job = g_queue_pop_head (&self->queue);
  command = self->job->command;
  transfer_ms = at_wire_get_transfer_ms (self->wire, command->line->len + 1);
  if (command->data_mode == AT_DATA_NONE)
    at_channel_set_phase (self, PHASE_RESPONSE, command->timeout_ms + transfer_ms);
  else
    at_channel_set_phase (self, PHASE_PROMPT, command->prompt_timeout_ms + transfer_ms);
  if (command->data_mode != AT_DATA_NONE)
    at_job_tell_stage (self->job, AT_STAGE_PROMPT);
  at_channel_check_written (self, at_wire_write_command (self->wire, command));
}

void
at_channel_pump (AtChannel *self)
{
  if (self->phase != PHASE_IDLE || g_queue_is_empty (&self->queue))
    return;
  if (!self->in_step || at_channel_must_wake (self))
    at_channel_start_probing (self);
  else
    start_job (self);
}

static void
end_job (AtChannel *self, guint settle_ms)
{
  self->job = NULL;
  if (settle_ms > 0) {
    at_channel_set_phase (self, PHASE_SETTLE, settle_ms);
    return;
  }
  at_channel_set_phase (self, PHASE_IDLE, 0);
  at_channel_pump (self);
}

static void
time_out_job (AtChannel *self)
{
  AtJob *job = g_steal_pointer (&self->job);

  at_wire_note (self->wire, "no answer in time: getting back into step");
  self->in_step = FALSE;
  at_channel_leave_data_mode (self, job);
  at_job_fail (job, AT_ERROR_TIMEOUT, "the module did not answer in time");
  if (self->phase != PHASE_LOST)
    at_channel_start_probing (self);
}

/** What is awaited may stand behind a payload that a slow line is still carrying. */
static gboolean
is_kept_waiting (AtChannel *self)
{
  switch (self->phase) {
  case PHASE_PROBE:
  case PHASE_PROMPT:
  case PHASE_REFUSED:
  case PHASE_RESPONSE:
    return at_channel_is_receiving (self);
  case PHASE_IDLE:
  case PHASE_QUIET:
  case PHASE_DATA:
  case PHASE_SETTLE:
  case PHASE_LOST:
    return FALSE;
  }
  g_assert_not_reached ();
}

static void
refuse_job (AtChannel *self, const char *line)
{
  AtJob *job = self->job;
  guint settle_ms = job->command->settle_ms;

  at_wire_forget_payload (self->wire);
  at_job_fail (job, AT_ERROR_REFUSED, line);
  end_job (self, settle_ms);
}

static void
on_timer (gpointer user_data)
{
  AtChannel *self = user_data;

  if (is_kept_waiting (self)) {
    timer_set (&self->timer, self->timing.line_gap_ms);
    return;
  }
  switch (self->phase) {
  case PHASE_IDLE:
  case PHASE_LOST:
    break;
  case PHASE_PROBE:
    at_channel_send_probe (self);
    break;
  case PHASE_QUIET:
    at_channel_finish_probing (self);
    break;
  case PHASE_PROMPT:
  case PHASE_RESPONSE:
    time_out_job (self);
    break;
  case PHASE_REFUSED:
    refuse_job (self, self->job->refusal);
    break;
  case PHASE_DATA:
    at_channel_send_data (self);
    break;
  case PHASE_SETTLE:
    end_job (self, 0);
    break;
  }
}

gboolean
at_channel_is_error_line (const char *line)
{
  return strcmp (line, "ERROR") == 0 || g_str_has_prefix (line, "+CME ERROR")
         || g_str_has_prefix (line, "+CMS ERROR");
}

static void
complete_job (AtChannel *self, const char *line)
{
  AtJob *job = self->job;
  guint settle_ms = job->command->settle_ms;
  gboolean is_ok = strcmp (line, "OK") == 0;

  if (self->phase == PHASE_PROMPT && !is_ok)
    at_channel_doubt_refusal (self, line);
  /* OK answers a data command only behind its payload, and behind the prompt that is all that ends data mode:
   * before, they can only be stray ones. */
  if (self->phase != PHASE_RESPONSE)
    return;
  if (is_ok) {
    if (job->command->data_mode != AT_DATA_NONE)
      at_job_tell_stage (job, AT_STAGE_DONE);
    at_job_end (job);
    end_job (self, settle_ms);
    return;
  }
  /* Part of a payload may have been left to the module's command line. */
  if (job->command->data_mode != AT_DATA_NONE)
    self->in_step = FALSE;
  refuse_job (self, line);
}

static void
add_response_line (AtChannel *self, const char *line)
{
  AtJob *job = self->job;

  if (at_job_add_line (job, line))
    return;
  self->job = NULL;
  self->in_step = FALSE;
  at_channel_leave_data_mode (self, job);
  at_job_fail (job, AT_ERROR_BROKEN, "the module's answer does not end");
  at_channel_start_probing (self);
}

static gboolean
has_job (AtChannel *self)
{
  return self->phase == PHASE_PROMPT || self->phase == PHASE_REFUSED || self->phase == PHASE_DATA
         || self->phase == PHASE_RESPONSE;
}

static gboolean
is_response (AtChannel *self, const AtEvent *event)
{
  const char *response = self->job->command->response;

  return event->kind == AT_EVENT_LINE && response != NULL && g_str_has_prefix (event->line, response);
}

/** FALSE: the line has nothing to do with commands and probes. */
static gboolean
handle_own_line (AtChannel *self, const char *line)
{
  gboolean is_final = strcmp (line, "OK") == 0 || at_channel_is_error_line (line);

  if (self->phase == PHASE_PROBE || self->phase == PHASE_QUIET) {
    at_channel_handle_probe_line (self, line);
    return is_final;
  }
  if (!has_job (self))
    return is_final; /* late */
  if (is_final)
    complete_job (self, line);
  else if (strcmp (line, self->job->command->line->str) == 0)
    return TRUE; /* the echo of the command */
  else if (self->job->command->any_response && line[0] != '+')
    add_response_line (self, line);
  else
    return FALSE;
  return TRUE;
}

static void
handle_line (AtChannel *self, const AtEvent *event)
{
  if (has_job (self) && is_response (self, event)) {
    add_response_line (self, event->line);
    return;
  }
  if (at_urcs_dispatch (self->urcs, event))
    return;
  if (event->kind == AT_EVENT_LINE && handle_own_line (self, event->line))
    return;
  if (self->stray_func != NULL)
    self->stray_func (event, self->stray_data);
}

/** A URC handler may free the channel, so this must be the last use of it. */
static void
dispatch (AtChannel *self, const AtEvent *event)
{
  at_wire_note_event (self->wire, event, self->framing, self->framing_data);
  /* What follows may be the rest of it, so the next command starts with a probe. */
  if (event->kind == AT_EVENT_BROKEN)
    self->in_step = FALSE;
  if (event->kind == AT_EVENT_PROMPT)
    at_channel_handle_prompt (self);
  else
    handle_line (self, event);
}

static void
watch_line (AtChannel *self)
{
  if (self->phase != PHASE_LOST && at_parser_is_in_line (self->parser))
    timer_set (&self->line_gap, self->timing.line_gap_ms);
  else
    timer_clear (&self->line_gap);
}

/** @rest bytes of what was received are not looked at yet. Where the port is read by ourselves they have no
 * position, and there may be fewer that have. */
static void
set_position (AtChannel *self, gsize rest)
{
  guint64 end = serial_port_get_position (at_wire_get_port (self->wire));

  self->position = end - MIN (rest, end);
}

static void
on_received (const guint8 *data, gsize size, gpointer user_data)
{
  AtChannel *self = user_data;
  gboolean freed = FALSE;

  self->last_activity_us = g_get_monotonic_time ();
  if (at_channel_is_waking (self, data, size))
    timer_set (&self->timer, self->timing.quiet_ms);
  self->freed = &freed;
  while (size > 0 && self->phase != PHASE_LOST) {
    AtEvent event;
    gsize used = at_parser_parse (self->parser, data, size, &event);

    data += used;
    size -= used;
    if (event.kind == AT_EVENT_NONE)
      break;
    set_position (self, size);
    dispatch (self, &event);
    if (freed)
      return;
  }
  self->freed = NULL;
  /* What came with the prompt, its blank perhaps, is no answer to the data. */
  if (self->phase == PHASE_DATA && !timer_is_set (&self->timer))
    at_channel_send_data (self);
  watch_line (self);
  if (self->read_func != NULL)
    self->read_func (self->read_data);
}

static void
on_line_gap (gpointer user_data)
{
  AtChannel *self = user_data;
  AtEvent event;

  at_parser_abort (self->parser, &event);
  dispatch (self, &event);
}

static void
on_hung_up (const GError *error, gpointer user_data)
{
  at_channel_lose (user_data, error->message);
}

static const SerialPortListener port_listener = { on_received, on_hung_up };

AtChannel *
at_channel_new (SerialPort *port, const AtFraming *framing, gpointer framing_data, const AtTiming *timing,
                const char *name, AtTrace *trace)
{
  AtChannel *self = g_new0 (AtChannel, 1);

  self->wire = at_wire_new (port, name, trace);
  self->framing = framing;
  self->framing_data = framing_data;
  self->timing = *timing;
  self->parser = at_parser_new (framing, framing_data);
  self->urcs = at_urcs_new ();
  timer_init (&self->timer, timer_clock_get_system (), on_timer, self);
  timer_init (&self->line_gap, timer_clock_get_system (), on_line_gap, self);
  self->may_sleep = TRUE;
  g_queue_init (&self->queue);
  serial_port_set_listener (port, &port_listener, self);
  return self;
}

void
at_channel_free (AtChannel *self)
{
  if (self->freed != NULL)
    *self->freed = TRUE;
  if (self->lost_source != NULL)
    g_source_destroy (self->lost_source);
  g_clear_pointer (&self->lost_source, g_source_unref);
  g_clear_error (&self->lost_error);
  fail_all (self, AT_ERROR_LOST, "the port was closed");
  timer_dispose (&self->timer);
  timer_dispose (&self->line_gap);
  at_wire_free (self->wire);
  at_parser_free (self->parser);
  at_urcs_free (self->urcs);
  g_free (self);
}

void
at_channel_set_lost_func (AtChannel *self, AtLostFunc func, gpointer user_data)
{
  self->lost_func = func;
  self->lost_data = user_data;
}

void
at_channel_add_urc (AtChannel *self, const char *prefix, AtUrcFunc func, gpointer user_data)
{
  at_urcs_add (self->urcs, prefix, func, user_data);
}

void
at_channel_set_stray_func (AtChannel *self, AtUrcFunc func, gpointer user_data)
{
  self->stray_func = func;
  self->stray_data = user_data;
}

void
at_channel_set_read_func (AtChannel *self, AtReadFunc func, gpointer user_data)
{
  self->read_func = func;
  self->read_data = user_data;
}

SerialPort *
at_channel_get_port (AtChannel *self)
{
  return at_wire_get_port (self->wire);
}

guint64
at_channel_get_position (AtChannel *self)
{
  return self->position;
}

void
at_channel_run_async (AtChannel *self, AtCommand *command, GAsyncReadyCallback callback, gpointer user_data)
{
  AtJob *job = at_job_new (command, g_task_new (NULL, NULL, callback, user_data));

  g_task_set_source_tag (job->task, at_channel_run_async);
  if (self->phase == PHASE_LOST) {
    at_job_fail (job, AT_ERROR_LOST, "the module is lost");
    return;
  }
  if (g_queue_get_length (&self->queue) >= AT_CHANNEL_QUEUE_MAX) {
    at_job_fail (job, AT_ERROR_BROKEN, "too many commands wait for the module");
    return;
  }
  g_queue_push_tail (&self->queue, job);
  at_channel_pump (self);
}

char **
at_channel_run_finish (AtChannel *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_async_result_is_tagged (result, at_channel_run_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

void
at_channel_restart (AtChannel *self)
{
  if (self->phase == PHASE_LOST)
    return;
  at_wire_note (self->wire, "the module restarted");
  self->in_step = FALSE;
  at_wire_forget_payload (self->wire);
  fail_all (self, AT_ERROR_RESTARTED, "the module restarted");
  at_channel_start_probing (self);
}

void
at_channel_resync (AtChannel *self)
{
  self->in_step = FALSE;
}

void
at_channel_set_farewell (AtChannel *self, const char *const *lines)
{
  at_wire_set_farewell (self->wire, lines);
}

const char *const *
at_channel_get_unsaid (AtChannel *self)
{
  return at_wire_get_unsaid (self->wire);
}

gboolean
at_channel_has_data_command (AtChannel *self)
{
  if (self->job != NULL && self->job->command->data_mode != AT_DATA_NONE)
    return TRUE;
  for (GList *link = self->queue.head; link != NULL; link = link->next) {
    if (((AtJob *) link->data)->command->data_mode != AT_DATA_NONE)
      return TRUE;
  }
  return FALSE;
}

gboolean
at_channel_is_receiving (AtChannel *self)
{
  gint64 silence_us = g_get_monotonic_time () - self->last_activity_us;

  return !at_parser_is_between_lines (self->parser) && silence_us < (gint64) self->timing.line_gap_ms * 1000;
}

void
at_channel_set_may_sleep (AtChannel *self, gboolean may_sleep)
{
  self->may_sleep = may_sleep;
}
