/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See at-echo.h. First the blanks are counted: as many as the data begin with, one more, one or none. Then
 * the first byte decides, since an answer begins with a line end. Where the data begin with one too, and
 * nothing was learned yet, bytes are kept back for as long as they are the same as the data.
 */
#include "at-echo.h"

#include <string.h>

/* The answer: where data are a part of it, its echo is taken for it. That does no harm, since what counts is
 * the result that follows. */
#define ANSWER "\r\nOK\r\n"

typedef enum {
  STATE_OFF,
  STATE_PROMPT, /* behind the prompt; nothing was written yet */
  STATE_BLANKS, /* the data were written; blanks may come */
  STATE_FIRST,  /* the next byte decides, or begins what is kept back */
  STATE_HELD,   /* what comes is the same as the data, and it is not known which it is */
  STATE_ECHO,   /* the data come back */
} State;

typedef enum {
  HABIT_UNKNOWN,
  HABIT_NO,
  HABIT_YES,
} Habit;

struct AtEcho {
  State state;
  Habit echo_habit;
  gboolean blank_seen; /* of this prompt, before the data were written */
  GBytes *payload;     /* NULL in the states OFF and PROMPT */
  gsize blanks;        /* since the data were written */
  gsize used;          /* bytes of the data that came back, as it seems */
  GString *held;       /* since STATE_FIRST, while it is not known what they are */
  GString *replay;     /* they are an answer */
};

AtEcho *
at_echo_new (void)
{
  AtEcho *self = g_new0 (AtEcho, 1);

  self->held = g_string_new (NULL);
  self->replay = g_string_new (NULL);
  return self;
}

void
at_echo_free (AtEcho *self)
{
  g_clear_pointer (&self->payload, g_bytes_unref);
  g_string_free (self->held, TRUE);
  g_string_free (self->replay, TRUE);
  g_free (self);
}

static gboolean
is_line_end (guint8 byte)
{
  return byte == '\r' || byte == '\n';
}

/** Nothing more is for here; what was kept back is an answer. */
static void
end (AtEcho *self)
{
  g_string_append_len (self->replay, self->held->str, (gssize) self->held->len);
  g_string_truncate (self->held, 0);
  g_clear_pointer (&self->payload, g_bytes_unref);
  self->state = STATE_OFF;
}

void
at_echo_begin (AtEcho *self)
{
  end (self);
  self->blank_seen = FALSE;
  self->state = STATE_PROMPT;
}

void
at_echo_expect (AtEcho *self, GBytes *payload)
{
  end (self);
  if (payload == NULL || g_bytes_get_size (payload) == 0)
    return;
  self->payload = g_bytes_ref (payload);
  self->blanks = 0;
  self->used = 0;
  self->state = STATE_BLANKS;
}

static gsize
count_blanks (const guint8 *data, gsize size)
{
  gsize count = 0;

  while (count < size && data[count] == ' ')
    count++;
  return count;
}

static gsize
skip_prompt_blanks (AtEcho *self, const guint8 *data, gsize size)
{
  gsize count = count_blanks (data, size);

  self->blank_seen = self->blank_seen || count > 0;
  if (count < size)
    end (self);
  return count;
}

/** All blanks are there and something else follows: which of them were the data's? */
static void
judge_blanks (AtEcho *self)
{
  gsize size;
  const guint8 *payload = g_bytes_get_data (self->payload, &size);
  gsize own = count_blanks (payload, size);
  gsize late = self->blank_seen ? 0 : 1; /* at most */
  gboolean may_be_echo = self->blanks >= own && self->blanks - own <= late;
  gboolean may_be_none = self->blanks <= late;

  self->used = own;
  self->state = STATE_FIRST;
  if (may_be_echo && may_be_none)
    return;
  self->echo_habit = may_be_echo ? HABIT_YES : HABIT_NO;
  if (may_be_echo)
    self->state = STATE_ECHO;
  else
    end (self);
}

static gsize
skip_blanks (AtEcho *self, const guint8 *data, gsize size)
{
  gsize count = count_blanks (data, size);

  self->blanks += count;
  if (count < size)
    judge_blanks (self);
  return count;
}

/** Uses nothing: says only what comes. */
static gsize
judge_first (AtEcho *self, const guint8 *data)
{
  gsize size;
  const guint8 *payload = g_bytes_get_data (self->payload, &size);

  if (self->used < size && !is_line_end (payload[self->used]))
    self->echo_habit = data[0] == payload[self->used] ? HABIT_YES : HABIT_NO;
  if (self->echo_habit == HABIT_YES)
    self->state = STATE_ECHO;
  else if (self->echo_habit == HABIT_UNKNOWN)
    self->state = STATE_HELD;
  else
    end (self);
  return 0;
}

/** The rest of the data that @data repeats. */
static gsize
match (AtEcho *self, const guint8 *data, gsize size, gboolean *ret_complete)
{
  gsize payload_size;
  const guint8 *payload = g_bytes_get_data (self->payload, &payload_size);
  gsize used = 0;

  while (used < size && self->used < payload_size && data[used] == payload[self->used]) {
    used++;
    self->used++;
  }
  *ret_complete = self->used == payload_size;
  return used;
}

/** Or its beginning. */
static gboolean
is_answer (const GString *text)
{
  return text->len <= strlen (ANSWER) && memcmp (text->str, ANSWER, text->len) == 0;
}

static gsize
skip_held (AtEcho *self, const guint8 *data, gsize size)
{
  gboolean complete;
  gsize used = match (self, data, size, &complete);

  g_string_append_len (self->held, (const char *) data, (gssize) used);
  if (complete && !is_answer (self->held)) {
    self->echo_habit = HABIT_YES;
    g_string_truncate (self->held, 0);
  } else if (used < size && !complete) {
    self->echo_habit = HABIT_NO;
  }
  if (complete || used < size)
    end (self);
  return used;
}

static gsize
skip_echo (AtEcho *self, const guint8 *data, gsize size)
{
  gboolean complete;
  gsize used = match (self, data, size, &complete);

  if (complete || used < size)
    end (self);
  return used;
}

static gsize
step (AtEcho *self, const guint8 *data, gsize size)
{
  switch (self->state) {
  case STATE_OFF:
    return 0;
  case STATE_PROMPT:
    return skip_prompt_blanks (self, data, size);
  case STATE_BLANKS:
    return skip_blanks (self, data, size);
  case STATE_FIRST:
    return judge_first (self, data);
  case STATE_HELD:
    return skip_held (self, data, size);
  case STATE_ECHO:
    return skip_echo (self, data, size);
  }
  g_assert_not_reached ();
}

gsize
at_echo_skip (AtEcho *self, const guint8 *data, gsize size)
{
  gsize used = 0;

  while (used < size && self->state != STATE_OFF)
    used += step (self, data + used, size - used);
  return used;
}

gboolean
at_echo_is_active (const AtEcho *self)
{
  return self->state != STATE_OFF;
}

GString *
at_echo_get_replay (AtEcho *self)
{
  return self->replay;
}
