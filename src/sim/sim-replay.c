/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See sim-replay.h. Each piece of a reply has a timer of its own, so that what a command set off later (a
 * URC) comes at its place beside later commands. */
#include "sim-replay.h"

#include <string.h>

#include "sim-line.h"
#include "sim-uart.h"

#define MAX_DATA_BYTES 65536

struct SimReplay {
  const SimTranscript *transcript;
  const SimSwitch *switches;
  SimTrace *trace;
  SimUart *uart;
  SimLine *line;
  SimReplayFailed failed;
  gpointer user_data;
  guint place;            /* of the command with arguments that was played last */
  GHashTable *played;     /* command → the place where it was played last */
  GHashTable *complaints; /* commands that were complained about */
  const SimTranscriptExchange *current;
  gboolean has_begun;
  GPtrArray *timers; /* of GSource */
};

/* A piece on its way. */
typedef struct {
  SimReplay *replay;
  const SimTranscriptPiece *piece;
  void (*next) (SimReplay *self); /* NULL: nothing waits for this piece */
} Due;

static void
say (SimReplay *self, const guint8 *data, gsize length)
{
  sim_trace_output (self->trace, data, length);
  sim_uart_send (self->uart, data, length);
}

static void
stop_timers (SimReplay *self)
{
  for (guint i = 0; i < self->timers->len; i++)
    g_source_destroy (g_ptr_array_index (self->timers, i));
  g_ptr_array_set_size (self->timers, 0);
}

static gboolean
on_due (gpointer user_data)
{
  Due due = *(Due *) user_data;
  SimReplay *self = due.replay;
  g_ptr_array_remove (self->timers, g_main_current_source ());
  say (self, due.piece->bytes->data, due.piece->bytes->len);
  if (due.next != NULL)
    due.next (self);
  return G_SOURCE_REMOVE;
}

static void
schedule (SimReplay *self, const SimTranscriptPiece *piece, void (*next) (SimReplay *self))
{
  Due *due = g_new (Due, 1);
  GSource *timer = g_timeout_source_new (sim_switch_scale_ms (self->switches, piece->after_ms));
  *due = (Due){ self, piece, next };
  g_source_set_callback (timer, on_due, due, g_free);
  g_source_attach (timer, NULL);
  g_ptr_array_add (self->timers, timer);
}

static void
accept_commands (SimReplay *self)
{
  sim_line_accept_commands (self->line);
  sim_line_feed (self->line, NULL, 0);
}

static void
set_echo (SimReplay *self, const char *command)
{
  if (g_ascii_strcasecmp (command, "ATE0") == 0)
    sim_line_set_echo (self->line, FALSE);
  else if (g_ascii_strcasecmp (command, "ATE1") == 0 || g_ascii_strcasecmp (command, "ATE") == 0)
    sim_line_set_echo (self->line, TRUE);
}

/* The final result of the command was said. */
static void
end_command (SimReplay *self)
{
  set_echo (self, self->current->command);
  accept_commands (self);
}

static void
await_data (SimReplay *self)
{
  const SimTranscriptExchange *exchange = self->current;
  SimLineData request = {
    .fixed_length = exchange->data == SIM_TRANSCRIPT_DATA_COUNTED ? exchange->data_length : 0,
    .max_length = MAX_DATA_BYTES,
    .echo = exchange->echoes_data,
  };
  sim_line_accept_data (self->line, &request);
  sim_line_feed (self->line, NULL, 0);
}

/* Plays the pieces; whatever the module said last of what the host has to wait for runs next. */
static void
play (SimReplay *self, GPtrArray *pieces, gboolean until_last, void (*next) (SimReplay *self))
{
  for (guint i = 0; i < pieces->len; i++) {
    const SimTranscriptPiece *piece = g_ptr_array_index (pieces, i);
    gboolean is_it = until_last ? i + 1 == pieces->len : sim_transcript_ends_reply (piece);
    schedule (self, piece, is_it ? next : NULL);
    if (is_it)
      next = NULL;
  }
}

static void
complain (SimReplay *self, const char *what, const char *command)
{
  g_autofree char *shown = g_strescape (command, NULL);
  if (!g_hash_table_add (self->complaints, g_strconcat (what, command, NULL)))
    return;
  g_printerr ("modemssl-sim: the transcript %s '%s': answered with ERROR\n", what, shown);
}

static void
refuse (SimReplay *self)
{
  static const char error[] = "\r\nERROR\r\n";
  say (self, (const guint8 *) error, strlen (error));
  sim_line_accept_commands (self->line);
}

static void
play_exchange (SimReplay *self, const SimTranscriptExchange *exchange)
{
  gboolean has_data = exchange->data != SIM_TRANSCRIPT_DATA_NONE;
  self->current = exchange;
  play (self, exchange->reply, has_data, has_data ? await_data : end_command);
  if (!has_data && !exchange->was_answered)
    sim_line_accept_commands (self->line);
}

/* The place of the next exchange of that command from there on; 0: there is none. */
static guint
find_next (SimReplay *self, const char *command, guint from)
{
  GPtrArray *exchanges = self->transcript->exchanges;
  for (guint i = MAX (from, 1); i < exchanges->len; i++) {
    const SimTranscriptExchange *exchange = g_ptr_array_index (exchanges, i);
    if (g_str_equal (exchange->command, command))
      return i;
  }
  return 0;
}

static GByteArray *
join_reply (SimReplay *self, guint place)
{
  const SimTranscriptExchange *exchange = g_ptr_array_index (self->transcript->exchanges, place);
  GByteArray *bytes = g_byte_array_new ();
  for (guint i = 0; i < exchange->reply->len; i++) {
    const SimTranscriptPiece *piece = g_ptr_array_index (exchange->reply, i);
    g_byte_array_append (bytes, piece->bytes->data, piece->bytes->len);
  }
  return bytes;
}

/* Whether it was always answered with the same information. */
static gboolean
is_constant (SimReplay *self, const char *command)
{
  guint place = find_next (self, command, 1);
  g_autoptr (GByteArray) first = join_reply (self, place);
  gboolean is_same = first->len > strlen ("\r\nERROR\r\n");
  while (is_same && (place = find_next (self, command, place + 1)) != 0) {
    g_autoptr (GByteArray) other = join_reply (self, place);
    is_same = other->len == first->len && memcmp (other->data, first->data, first->len) == 0;
  }
  return is_same;
}

/* Whether what is said to it depends on what was said before, and so will what follows. */
static gboolean
has_place (SimReplay *self, const char *command)
{
  return strchr (command, '=') != NULL && !g_str_has_suffix (command, "?") && !is_constant (self, command);
}

static const SimTranscriptExchange *
find_exchange (SimReplay *self, const char *command)
{
  if (find_next (self, command, 1) == 0)
    return NULL;

  gboolean moves = has_place (self, command);
  guint last = moves ? self->place : GPOINTER_TO_UINT (g_hash_table_lookup (self->played, command));
  guint place = find_next (self, command, last + 1);
  if (place == 0)
    place = moves ? find_next (self, command, 1) : last;
  if (moves)
    self->place = place;
  SimTranscriptExchange *exchange = g_ptr_array_index (self->transcript->exchanges, place);
  g_hash_table_insert (self->played, exchange->command, GUINT_TO_POINTER (place));
  return exchange;
}

/* What was said before the first command comes before the first reply. */
static void
begin (SimReplay *self)
{
  const SimTranscriptExchange *first = g_ptr_array_index (self->transcript->exchanges, 0);
  for (guint i = 0; !self->has_begun && i < first->reply->len; i++) {
    const SimTranscriptPiece *piece = g_ptr_array_index (first->reply, i);
    say (self, piece->bytes->data, piece->bytes->len);
  }
  self->has_begun = TRUE;
}

static void
on_line_command (const char *line, gpointer user_data)
{
  SimReplay *self = user_data;
  g_autofree char *command = sim_transcript_find_command (line != NULL ? line : "AT (a line too long)");
  if (command == NULL) {
    sim_line_accept_commands (self->line);
    return;
  }
  begin (self);
  const SimTranscriptExchange *exchange = find_exchange (self, command);
  if (exchange != NULL) {
    play_exchange (self, exchange);
    return;
  }
  complain (self, "has no", command);
  refuse (self);
}

static void
on_line_data (const GByteArray *data, SimLineEnd end, gpointer user_data)
{
  SimReplay *self = user_data;
  const SimTranscriptExchange *exchange = self->current;
  gboolean was_cancelled = exchange->data == SIM_TRANSCRIPT_DATA_ESC;
  if (end == SIM_LINE_END_TOO_LONG || (end == SIM_LINE_END_CANCELLED) != was_cancelled) {
    complain (self, was_cancelled ? "has only an ESC after" : "has no ESC after", exchange->command);
    refuse (self);
    return;
  }
  play (self, exchange->outcome, FALSE, end_command);
  if (!exchange->was_answered)
    sim_line_accept_commands (self->line);
}

static void
on_line_echo (const guint8 *data, gsize length, gpointer user_data)
{
  SimReplay *self = user_data;
  sim_uart_send (self->uart, data, length);
}

static const SimLineEvents line_events = { .echo = on_line_echo,
                                           .command = on_line_command,
                                           .data = on_line_data };

static void
on_uart_received (const guint8 *data, gsize length, gpointer user_data)
{
  SimReplay *self = user_data;
  sim_trace_input (self->trace, data, length);
  sim_line_feed (self->line, data, length);
}

static void
on_uart_sent (gpointer user_data)
{
  /* A transcript has an end, and so has what can wait. */
}

static void
on_uart_overflowed (gpointer user_data)
{
  SimReplay *self = user_data;
  self->failed ("the host does not read and too much output waits", self->user_data);
}

static const SimUartEvents uart_events = { .received = on_uart_received,
                                           .sent = on_uart_sent,
                                           .overflowed = on_uart_overflowed };

SimReplay *
sim_replay_new (SimPty *pty, const SimTranscript *transcript, const SimSwitch *switches, SimTrace *trace,
                guint baud, SimReplayFailed failed, gpointer user_data)
{
  SimReplay *self = g_new0 (SimReplay, 1);
  SimUartSetup setup = { .baud = baud,
                         .split = sim_switch_get (switches, SIM_SWITCH_DELIVER_SPLIT),
                         .seed = sim_switch_get (switches, SIM_SWITCH_SEED) };
  self->transcript = transcript;
  self->switches = switches;
  self->trace = trace;
  self->failed = failed;
  self->user_data = user_data;
  self->uart = sim_uart_new (pty, &setup, &uart_events, self);
  self->line = sim_line_new (&line_events, self);
  self->played = g_hash_table_new (g_str_hash, g_str_equal);
  self->complaints = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->timers = g_ptr_array_new_with_free_func ((GDestroyNotify) g_source_unref);
  sim_replay_rewind (self);
  return self;
}

void
sim_replay_free (SimReplay *self)
{
  stop_timers (self);
  g_ptr_array_unref (self->timers);
  g_hash_table_unref (self->played);
  g_hash_table_unref (self->complaints);
  sim_line_free (self->line);
  sim_uart_free (self->uart);
  g_free (self);
}

void
sim_replay_rewind (SimReplay *self)
{
  stop_timers (self);
  sim_uart_cut (self->uart);
  sim_line_be_deaf (self->line);
  sim_line_set_echo (self->line, self->transcript->echo);
  sim_line_accept_commands (self->line);
  g_hash_table_remove_all (self->played);
  self->place = 0;
  self->has_begun = FALSE;
}
