/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A state machine over bytes. Each byte is looked at once, so the time is linear in the input; payload is
 * copied in blocks.
 */
#include "at-parser.h"

#include <string.h>

#include "at-echo.h"

/* Enough of an overlong line to see which one it was. */
#define OVERLONG_HEAD_BYTES 64

typedef enum {
  STATE_LINE_START,   /* nothing of a line yet; empty lines and leading blanks are skipped */
  STATE_LINE,         /* inside a line */
  STATE_OVERLONG,     /* inside a line that is over the limit: reported at its end */
  STATE_SKIP,         /* inside the rest of a line that was reported as broken */
  STATE_PAYLOAD_OPEN, /* the next byte is the opening quote or the first one of the payload */
  STATE_PAYLOAD,      /* inside the payload */
  STATE_PAYLOAD_END,  /* the closing quote must follow, or the line end where there was no opening one */
  STATE_LINE_END,     /* then the line end: only now it is sure that nothing is missing */
} State;

struct AtParser {
  const AtFraming *framing;
  gpointer framing_data;
  State state;
  gboolean prompt_expected;
  gboolean quoted;
  guint8 last_byte; /* that was parsed */
  GString *line;
  guint8 *payload; /* payload_size bytes, payload_used of them there */
  gsize payload_size;
  gsize payload_used;
  GBytes *event_payload; /* of the last event */
  AtEcho *echo;
};

AtParser *
at_parser_new (const AtFraming *framing, gpointer user_data)
{
  AtParser *self = g_new0 (AtParser, 1);

  self->framing = framing;
  self->framing_data = user_data;
  self->line = g_string_sized_new (AT_PARSER_LINE_MAX_BYTES);
  self->echo = at_echo_new ();
  return self;
}

void
at_parser_free (AtParser *self)
{
  g_string_free (self->line, TRUE);
  g_free (self->payload);
  at_echo_free (self->echo);
  g_clear_pointer (&self->event_payload, g_bytes_unref);
  g_free (self);
}

static gboolean
is_line_end (guint8 byte)
{
  return byte == '\r' || byte == '\n';
}

static void
emit (AtParser *self, AtEventKind kind, AtEvent *ret_event)
{
  *ret_event = (AtEvent){ kind, self->line->str, self->line->len, self->event_payload };
}

static void
begin_payload (AtParser *self, gsize size)
{
  self->payload = g_malloc (size);
  self->payload_size = size;
  self->payload_used = 0;
  self->state = STATE_PAYLOAD_OPEN;
}

static gsize
skip_line_start (AtParser *self, const guint8 *data, gsize size, AtEvent *ret_event)
{
  gsize used = 0;

  while (used < size && (is_line_end (data[used]) || data[used] == ' '))
    used++;
  if (used == size)
    return used;
  g_string_truncate (self->line, 0);
  if (data[used] == '>' && self->prompt_expected) {
    self->prompt_expected = FALSE;
    at_echo_begin (self->echo);
    emit (self, AT_EVENT_PROMPT, ret_event);
    return used + 1;
  }
  self->state = STATE_LINE;
  return used;
}

static void
emit_broken (AtParser *self, AtEvent *ret_event)
{
  if (self->payload != NULL)
    self->event_payload = g_bytes_new_take (g_steal_pointer (&self->payload), self->payload_used);
  self->state = STATE_SKIP;
  emit (self, AT_EVENT_BROKEN, ret_event);
}

/** A comma has ended a field: does payload follow? */
static void
check_payload (AtParser *self, AtEvent *ret_event)
{
  gssize payload_size =
      self->framing->get_payload_size (self->line->str, self->line->len, self->framing_data);

  if (payload_size > 0) {
    begin_payload (self, (gsize) payload_size);
  } else if (payload_size < 0) {
    emit_broken (self, ret_event);
  }
}

static gsize
parse_line (AtParser *self, const guint8 *data, gsize size, AtEvent *ret_event)
{
  gsize room = AT_PARSER_LINE_MAX_BYTES - self->line->len;
  gsize used = 0;

  while (used < size && used < room && !is_line_end (data[used]) && data[used] != ',')
    used++;
  g_string_append_len (self->line, (const char *) data, (gssize) used);
  if (used == room) {
    g_string_truncate (self->line, OVERLONG_HEAD_BYTES);
    self->state = STATE_OVERLONG;
    return used;
  }
  if (used == size)
    return used;
  if (data[used] == ',') {
    g_string_append_c (self->line, ',');
    check_payload (self, ret_event);
    return used + 1;
  }
  self->state = STATE_LINE_START;
  emit (self, AT_EVENT_LINE, ret_event);
  return used + 1;
}

static gsize
skip_line (AtParser *self, const guint8 *data, gsize size, AtEvent *ret_event)
{
  gsize used = 0;

  while (used < size && !is_line_end (data[used]))
    used++;
  if (used == size)
    return used;
  if (self->state == STATE_OVERLONG)
    emit (self, AT_EVENT_OVERLONG, ret_event);
  self->state = STATE_LINE_START;
  return used + 1;
}

static void
emit_payload (AtParser *self, AtEvent *ret_event)
{
  self->event_payload = g_bytes_new_take (g_steal_pointer (&self->payload), self->payload_size);
  self->state = STATE_LINE_START;
  emit (self, AT_EVENT_PAYLOAD, ret_event);
}

static gsize
open_payload (AtParser *self, const guint8 *data)
{
  self->quoted = data[0] == '"';
  self->state = STATE_PAYLOAD;
  return self->quoted ? 1 : 0;
}

static gsize
copy_payload (AtParser *self, const guint8 *data, gsize size)
{
  gsize used = MIN (size, self->payload_size - self->payload_used);

  memcpy (self->payload + self->payload_used, data, used);
  self->payload_used += used;
  if (self->payload_used == self->payload_size)
    self->state = STATE_PAYLOAD_END;
  return used;
}

static gsize
close_payload (AtParser *self, const guint8 *data, AtEvent *ret_event)
{
  if (self->quoted && data[0] == '"') {
    self->state = STATE_LINE_END;
    return 1;
  }
  if (!self->quoted && is_line_end (data[0])) {
    emit_payload (self, ret_event);
    return 1;
  }
  emit_broken (self, ret_event);
  return 0;
}

static gsize
end_line (AtParser *self, const guint8 *data, AtEvent *ret_event)
{
  if (is_line_end (data[0])) {
    emit_payload (self, ret_event);
    return 1;
  }
  /* More than was announced. */
  emit_broken (self, ret_event);
  return 0;
}

static gsize
step (AtParser *self, const guint8 *data, gsize size, AtEvent *ret_event)
{
  switch (self->state) {
  case STATE_LINE_START:
    return skip_line_start (self, data, size, ret_event);
  case STATE_LINE:
    return parse_line (self, data, size, ret_event);
  case STATE_OVERLONG:
  case STATE_SKIP:
    return skip_line (self, data, size, ret_event);
  case STATE_PAYLOAD_OPEN:
    return open_payload (self, data);
  case STATE_PAYLOAD:
    return copy_payload (self, data, size);
  case STATE_PAYLOAD_END:
    return close_payload (self, data, ret_event);
  case STATE_LINE_END:
    return end_line (self, data, ret_event);
  }
  g_assert_not_reached ();
}

static gsize
parse (AtParser *self, const guint8 *data, gsize size, AtEvent *ret_event)
{
  gsize used = 0;

  while (used < size && ret_event->kind == AT_EVENT_NONE)
    used += step (self, data + used, size - used, ret_event);
  if (used > 0)
    self->last_byte = data[used - 1];
  return used;
}

/** What is left of a line end, and what is no line: the blank of a prompt, an echo. */
static gsize
skip_between_lines (AtParser *self, const guint8 *data, gsize size)
{
  gsize used = 0;

  if (size > 0 && self->last_byte == '\r' && data[0] == '\n')
    used++;
  if (size > 0)
    self->last_byte = 0;
  return used + at_echo_skip (self->echo, data + used, size - used);
}

/** What was kept back as a possible echo and was none comes first. */
static void
parse_replay (AtParser *self, AtEvent *ret_event)
{
  GString *replay = at_echo_get_replay (self->echo);
  gsize used = parse (self, (const guint8 *) replay->str, replay->len, ret_event);

  g_string_erase (replay, 0, (gssize) used);
}

gsize
at_parser_parse (AtParser *self, const guint8 *data, gsize size, AtEvent *ret_event)
{
  gsize used = 0;

  g_clear_pointer (&self->event_payload, g_bytes_unref);
  *ret_event = (AtEvent){ .kind = AT_EVENT_NONE };
  if (self->state == STATE_LINE_START && at_echo_is_active (self->echo))
    used = skip_between_lines (self, data, size);
  parse_replay (self, ret_event);
  return used + parse (self, data + used, size - used, ret_event);
}

void
at_parser_expect_echo (AtParser *self, GBytes *payload)
{
  at_echo_expect (self->echo, payload);
}

void
at_parser_expect_prompt (AtParser *self, gboolean expected)
{
  self->prompt_expected = expected;
}

gboolean
at_parser_is_in_payload (AtParser *self)
{
  return self->state == STATE_PAYLOAD_OPEN || self->state == STATE_PAYLOAD || self->state == STATE_PAYLOAD_END
         || self->state == STATE_LINE_END;
}

gboolean
at_parser_is_between_lines (AtParser *self)
{
  return self->state == STATE_LINE_START;
}

gboolean
at_parser_is_in_line (AtParser *self)
{
  return self->state == STATE_LINE || self->state == STATE_OVERLONG || at_parser_is_in_payload (self);
}

void
at_parser_abort (AtParser *self, AtEvent *ret_event)
{
  gboolean in_payload = at_parser_is_in_payload (self);

  g_return_if_fail (at_parser_is_in_line (self));

  g_clear_pointer (&self->event_payload, g_bytes_unref);
  emit_broken (self, ret_event);
  if (in_payload)
    self->state = STATE_LINE_START;
}
