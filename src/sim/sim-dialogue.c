/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See sim-dialogue.h. The line (sim-line.h) tells commands from data; this file gives the answers. */
#include "sim-dialogue.h"

#include <string.h>

#include "sim-line.h"
#include "sim-output.h"

/* More than this queued: the server has to wait; less than half of it: it may go on. */
#define CONGESTED_BYTES 65536
#define WAKE_UP_MS 1800
#define US_PER_MS 1000

struct SimDialogue {
  const SimSwitch *switches;
  SimTrace *trace;
  SimUart *uart;
  const SimDialogueEvents *events;
  gpointer user_data;
  SimLine *line;
  gint cmee;
  guint next_baud; /* 0: stays */
  SimOutput *output;
  GPtrArray *reply;     /* information lines of the current command */
  GPtrArray *follow_up; /* lines behind the reply */
  GPtrArray *urcs;      /* URCs, as GBytes, that wait for the end of data mode */
  gsize n_urc_bytes;    /* in them */
  char *delayed_line;   /* a command that waits for its time */
  GSource *timer;       /* of the delayed command, the prompt, or waking up */
  SimDialoguePrompt prompt;
  SimDialogueDataFunc data_func;
  gpointer data_user_data;
  gboolean is_congested;
  GSource *relief; /* an idle source: the queue emptied without a wait */
  gboolean may_sleep;
  gboolean is_waking; /* the first line to a sleeping module is being eaten */
  gboolean is_silent; /* until the power is off */
  SimFaultKind break_kind;
  GSource
      *break_source; /* the power fails or the port is gone, as soon as nobody is in the middle of anything */
  gint64 last_activity_us;
};

static void
clear_timer (SimDialogue *self)
{
  if (self->timer == NULL)
    return;
  g_source_destroy (self->timer);
  g_clear_pointer (&self->timer, g_source_unref);
}

static void
set_timer (SimDialogue *self, guint ms, GSourceFunc func)
{
  clear_timer (self);
  self->timer = g_timeout_source_new (ms);
  g_source_set_callback (self->timer, func, self, NULL);
  g_source_attach (self->timer, NULL);
}

static void
flush (SimDialogue *self)
{
  self->last_activity_us = g_get_monotonic_time ();
  sim_output_flush (self->output);
}

static void
say (SimDialogue *self, const char *lead, const char *line, const char *tail)
{
  sim_output_say (self->output, lead, (const guint8 *) line, strlen (line), tail);
}

void
sim_dialogue_print (SimDialogue *self, const char *text)
{
  sim_output_print (self->output, text);
  flush (self);
}

static void
clear_relief (SimDialogue *self)
{
  if (self->relief == NULL)
    return;
  g_source_destroy (self->relief);
  g_clear_pointer (&self->relief, g_source_unref);
}

static void
clear_break (SimDialogue *self)
{
  if (self->break_source == NULL)
    return;
  g_source_destroy (self->break_source);
  g_clear_pointer (&self->break_source, g_source_unref);
}

static gboolean
on_relief (gpointer user_data)
{
  SimDialogue *self = user_data;
  clear_relief (self);
  sim_dialogue_sent (self);
  return G_SOURCE_REMOVE;
}

static void
say_bytes (SimDialogue *self, GBytes *line)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (line, &size);
  sim_output_say (self->output, "\r\n", data, size, "\r\n");
}

static void
drop_urcs (SimDialogue *self)
{
  g_ptr_array_set_size (self->urcs, 0);
  self->n_urc_bytes = 0;
}

static void
flush_urcs (SimDialogue *self)
{
  if (self->urcs->len == 0)
    return;
  for (guint i = 0; i < self->urcs->len; i++)
    say_bytes (self, g_ptr_array_index (self->urcs, i));
  flush (self);
  drop_urcs (self);
  if (!self->is_congested || self->relief != NULL)
    return;
  self->relief = g_idle_source_new ();
  g_source_set_callback (self->relief, on_relief, self, NULL);
  g_source_attach (self->relief, NULL);
}

static const char *
describe_result (const SimDialogue *self, SimResult result)
{
  static const char *const numbers[] = {
    [SIM_RESULT_NOT_ALLOWED] = "+CME ERROR: 3", [SIM_RESULT_NOT_SUPPORTED] = "+CME ERROR: 4",
    [SIM_RESULT_NO_SIM] = "+CME ERROR: 10",     [SIM_RESULT_SIM_BUSY] = "+CME ERROR: 14",
    [SIM_RESULT_WRONG_PIN] = "+CME ERROR: 16",  [SIM_RESULT_BAD_PARAMETER] = "+CME ERROR: 50"
  };
  static const char *const texts[] = { [SIM_RESULT_NOT_ALLOWED] = "+CME ERROR: operation not allowed",
                                       [SIM_RESULT_NOT_SUPPORTED] = "+CME ERROR: operation not supported",
                                       [SIM_RESULT_NO_SIM] = "+CME ERROR: SIM not inserted",
                                       [SIM_RESULT_SIM_BUSY] = "+CME ERROR: SIM busy",
                                       [SIM_RESULT_WRONG_PIN] = "+CME ERROR: incorrect password",
                                       [SIM_RESULT_BAD_PARAMETER] = "+CME ERROR: incorrect parameters" };
  if (result == SIM_RESULT_OK)
    return "OK";
  if (result == SIM_RESULT_ERROR || self->cmee == 0)
    return "ERROR";
  return self->cmee == 1 ? numbers[result] : texts[result];
}

/* Information, result and what follows: \r\nLINE\r\nLINE\r\n \r\nOK\r\n \r\nLINE\r\n */
static void
reply (SimDialogue *self, SimResult result)
{
  for (guint i = 0; result == SIM_RESULT_OK && i < self->reply->len; i++)
    say (self, i == 0 ? "\r\n" : "", g_ptr_array_index (self->reply, i), "\r\n");
  say (self, "\r\n", describe_result (self, result), "\r\n");
  for (guint i = 0; i < self->follow_up->len; i++)
    say (self, "\r\n", g_ptr_array_index (self->follow_up, i), "\r\n");
  g_ptr_array_set_size (self->reply, 0);
  g_ptr_array_set_size (self->follow_up, 0);
  flush (self);
  if (self->next_baud != 0)
    sim_uart_set_baud_after_send (self->uart, self->next_baud);
  self->next_baud = 0;
  sim_line_accept_commands (self->line);
}

void
sim_dialogue_info (SimDialogue *self, const char *format, ...)
{
  va_list arguments;
  va_start (arguments, format);
  g_ptr_array_add (self->reply, g_strdup_vprintf (format, arguments));
  va_end (arguments);
}

void
sim_dialogue_follow (SimDialogue *self, const char *format, ...)
{
  va_list arguments;
  va_start (arguments, format);
  g_ptr_array_add (self->follow_up, g_strdup_vprintf (format, arguments));
  va_end (arguments);
}

void
sim_dialogue_finish (SimDialogue *self, SimResult result)
{
  reply (self, result);
  sim_line_feed (self->line, NULL, 0);
}

static void
run_command (SimDialogue *self, const char *line)
{
  const char *at = line;
  while (*at != '\0' && g_ascii_strncasecmp (at, "AT", 2) != 0)
    at++;
  if (*at == '\0') {
    sim_line_accept_commands (self->line); /* noise has no answer */
    return;
  }

  g_autofree char *command = g_strchomp (g_strdup (at + 2));
  SimResult result = self->events->command (command, self->user_data);
  if (result != SIM_RESULT_PENDING)
    reply (self, result);
}

static gboolean
on_reply_delay (gpointer user_data)
{
  SimDialogue *self = user_data;
  g_autofree char *line = g_steal_pointer (&self->delayed_line);
  clear_timer (self);
  run_command (self, line);
  sim_line_feed (self->line, NULL, 0);
  return G_SOURCE_REMOVE;
}

static void
on_line_command (const char *line, gpointer user_data)
{
  SimDialogue *self = user_data;
  if (line == NULL) {
    sim_trace_note (self->trace, "command line too long");
    reply (self, SIM_RESULT_ERROR);
    return;
  }

  guint delay_ms = sim_switch_get (self->switches, SIM_SWITCH_REPLY_DELAY_MS);
  if (delay_ms == 0) {
    run_command (self, line);
    return;
  }
  self->delayed_line = g_strdup (line);
  set_timer (self, delay_ms, on_reply_delay);
}

static void
answer_esc (SimDialogue *self)
{
  guint esc = sim_switch_get (self->switches, SIM_SWITCH_ESC);
  if (esc == SIM_ESC_SILENT)
    sim_line_accept_commands (self->line);
  else
    reply (self, esc == SIM_ESC_OK ? SIM_RESULT_OK : SIM_RESULT_ERROR);
}

static void
on_line_data (const GByteArray *data, SimLineEnd end, gpointer user_data)
{
  SimDialogue *self = user_data;
  flush_urcs (self);
  if (end == SIM_LINE_END_CANCELLED) {
    answer_esc (self);
    return;
  }

  SimResult result =
      end == SIM_LINE_END_COMPLETE ? self->data_func (data, self->data_user_data) : SIM_RESULT_ERROR;
  if (result != SIM_RESULT_PENDING)
    reply (self, result);
}

static void
on_line_echo (const guint8 *data, gsize length, gpointer user_data)
{
  SimDialogue *self = user_data;
  sim_uart_send (self->uart, data, length);
}

static const SimLineEvents line_events = {
  .echo = on_line_echo,
  .command = on_line_command,
  .data = on_line_data,
};

static gboolean
echoes_data (const SimDialogue *self)
{
  guint echo = sim_switch_get (self->switches, SIM_SWITCH_DATA_ECHO);
  return echo == SIM_DATA_ECHO_ALWAYS || (echo == SIM_DATA_ECHO_YES && sim_line_get_echo (self->line));
}

static void
show_prompt (SimDialogue *self)
{
  guint form = sim_switch_get (self->switches, SIM_SWITCH_PROMPT);
  SimLineData request = {
    .fixed_length = self->prompt.fixed_length,
    .max_length = self->prompt.max_length,
    .esc_cancels = sim_switch_get (self->switches, SIM_SWITCH_ESC_IN_FIXED) == SIM_ESC_IN_FIXED_CANCEL,
    .echo = echoes_data (self),
    .accept_ms = sim_switch_get (self->switches, SIM_SWITCH_DATA_ACCEPT_MS),
  };
  say (self, form == SIM_PROMPT_BARE ? "" : "\r\n", ">", form == SIM_PROMPT_CRLF_SPACE ? " " : "");
  flush (self);
  sim_line_accept_data (self->line, &request);
}

static gboolean
on_prompt_delay (gpointer user_data)
{
  SimDialogue *self = user_data;
  clear_timer (self);
  show_prompt (self);
  return G_SOURCE_REMOVE;
}

void
sim_dialogue_prompt (SimDialogue *self, const SimDialoguePrompt *prompt, SimDialogueDataFunc func,
                     gpointer user_data)
{
  self->prompt = *prompt;
  self->data_func = func;
  self->data_user_data = user_data;

  guint delay_ms = sim_switch_get (self->switches, SIM_SWITCH_PROMPT_DELAY_MS);
  if (delay_ms == 0) {
    show_prompt (self);
    return;
  }
  sim_line_be_deaf (self->line);
  set_timer (self, delay_ms, on_prompt_delay);
}

void
sim_dialogue_urc_bytes (SimDialogue *self, const guint8 *data, gsize length)
{
  gboolean is_data_mode = sim_line_get_mode (self->line) == SIM_LINE_DATA;
  if (is_data_mode
      && sim_switch_get (self->switches, SIM_SWITCH_URC_IN_DATA_MODE) == SIM_URC_IN_DATA_MODE_LOST) {
    sim_trace_note (self->trace, "a URC of %" G_GSIZE_FORMAT " bytes is lost in data mode", length);
    return;
  }

  g_ptr_array_add (self->urcs, g_bytes_new (data, length));
  self->n_urc_bytes += length;
  if (!is_data_mode)
    flush_urcs (self);
}

void
sim_dialogue_urc (SimDialogue *self, const char *format, ...)
{
  va_list arguments;
  va_start (arguments, format);
  g_autofree char *text = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  sim_dialogue_urc_bytes (self, (const guint8 *) text, strlen (text));
}

static gboolean
on_woken (gpointer user_data)
{
  SimDialogue *self = user_data;
  clear_timer (self);
  sim_dialogue_print (self, "\r\n");
  sim_line_accept_commands (self->line);
  return G_SOURCE_REMOVE;
}

static gboolean
falls_asleep (SimDialogue *self)
{
  guint after_ms = sim_switch_get (self->switches, SIM_SWITCH_SLEEP_AFTER_MS);
  return self->may_sleep && after_ms > 0 && sim_line_get_mode (self->line) == SIM_LINE_COMMAND
         && g_get_monotonic_time () - self->last_activity_us > (gint64) after_ms * US_PER_MS;
}

/* How many bytes a sleeping module eats: those up to the first CR, which wakes it up. */
static gsize
eat_first_line (SimDialogue *self, const guint8 *data, gsize length)
{
  const guint8 *cr = memchr (data, '\r', length);
  self->is_waking = cr == NULL;
  if (cr == NULL)
    return length;

  sim_trace_note (self->trace, "asleep, woken up");
  if (sim_switch_get (self->switches, SIM_SWITCH_SLEEP_FIRST_AT) == SIM_SLEEP_FIRST_AT_SWALLOW)
    return (gsize) (cr - data) + 1;
  sim_line_be_deaf (self->line);
  set_timer (self, sim_switch_scale_ms (self->switches, WAKE_UP_MS), on_woken);
  return length;
}

void
sim_dialogue_receive (SimDialogue *self, const guint8 *data, gsize length)
{
  sim_trace_input (self->trace, data, length);
  if (self->is_silent)
    return;
  gboolean is_asleep = self->is_waking || falls_asleep (self);
  /* Nobody sleeps while waiting for data. */
  if (sim_line_get_mode (self->line) == SIM_LINE_DATA)
    is_asleep = FALSE;
  gsize n_eaten = is_asleep ? eat_first_line (self, data, length) : 0;
  self->last_activity_us = g_get_monotonic_time ();
  sim_line_feed (self->line, data + n_eaten, length - n_eaten);
}

static gsize
count_waiting (const SimDialogue *self)
{
  return sim_uart_get_queued (self->uart) + sim_output_get_held (self->output) + self->n_urc_bytes;
}

gboolean
sim_dialogue_is_congested (SimDialogue *self)
{
  self->is_congested = self->is_congested || count_waiting (self) > CONGESTED_BYTES;
  return self->is_congested;
}

void
sim_dialogue_sent (SimDialogue *self)
{
  if (!self->is_congested || count_waiting (self) > CONGESTED_BYTES / 2)
    return;
  self->is_congested = FALSE;
  self->events->relieved (self->user_data);
}

static gboolean
on_break (gpointer user_data)
{
  SimDialogue *self = user_data;
  clear_break (self);
  self->events->broken (self->break_kind, self->user_data);
  return G_SOURCE_REMOVE;
}

static void
on_fault (SimFaultKind kind, gpointer user_data)
{
  SimDialogue *self = user_data;
  if (kind == SIM_FAULT_SLEEP) {
    self->is_waking = TRUE;
    return;
  }
  if (kind == SIM_FAULT_SILENCE) {
    self->is_silent = TRUE;
    return;
  }
  self->break_kind = kind;
  clear_break (self);
  self->break_source = g_idle_source_new ();
  g_source_set_priority (self->break_source, G_PRIORITY_HIGH);
  g_source_set_callback (self->break_source, on_break, self, NULL);
  g_source_attach (self->break_source, NULL);
}

SimDialogue *
sim_dialogue_new (const SimSwitch *switches, SimTrace *trace, SimUart *uart, SimFaults *faults,
                  const SimDialogueEvents *events, gpointer user_data)
{
  SimDialogue *self = g_new0 (SimDialogue, 1);
  self->switches = switches;
  self->trace = trace;
  self->uart = uart;
  self->events = events;
  self->user_data = user_data;
  self->line = sim_line_new (&line_events, self);
  self->output = sim_output_new (trace, uart, faults, on_fault, self);
  self->reply = g_ptr_array_new_with_free_func (g_free);
  self->follow_up = g_ptr_array_new_with_free_func (g_free);
  self->urcs = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  return self;
}

void
sim_dialogue_free (SimDialogue *self)
{
  clear_timer (self);
  clear_relief (self);
  sim_line_free (self->line);
  clear_break (self);
  sim_output_free (self->output);
  g_ptr_array_unref (self->reply);
  g_ptr_array_unref (self->follow_up);
  g_ptr_array_unref (self->urcs);
  g_free (self->delayed_line);
  g_free (self);
}

void
sim_dialogue_set_next_baud (SimDialogue *self, guint baud)
{
  self->next_baud = baud;
}

void
sim_dialogue_fall_silent (SimDialogue *self)
{
  sim_output_silence (self->output);
}

void
sim_dialogue_sleep (SimDialogue *self)
{
  self->is_waking = TRUE;
}

void
sim_dialogue_power (SimDialogue *self, gboolean on)
{
  clear_timer (self);
  clear_relief (self);
  self->is_congested = FALSE;
  sim_line_be_deaf (self->line);
  clear_break (self);
  sim_output_reset (self->output);
  g_ptr_array_set_size (self->reply, 0);
  g_ptr_array_set_size (self->follow_up, 0);
  drop_urcs (self);
  g_clear_pointer (&self->delayed_line, g_free);
  self->is_waking = FALSE;
  self->is_silent = FALSE;
  self->last_activity_us = g_get_monotonic_time ();
  if (on)
    sim_line_accept_commands (self->line);
}

void
sim_dialogue_set_echo (SimDialogue *self, gboolean echo)
{
  sim_line_set_echo (self->line, echo);
}

void
sim_dialogue_set_error_format (SimDialogue *self, gint cmee)
{
  self->cmee = cmee;
}

void
sim_dialogue_set_may_sleep (SimDialogue *self, gboolean may_sleep)
{
  self->may_sleep = may_sleep;
}
