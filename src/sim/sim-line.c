/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See sim-line.h. */
#include "sim-line.h"

#include <string.h>

#define MAX_COMMAND_BYTES 512
#define MAX_HELD_BYTES 65536
#define CTRL_Z 0x1a
#define ESC 0x1b
#define US_PER_MS 1000

struct SimLine {
  const SimLineEvents *events;
  gpointer user_data;
  SimLineMode mode;
  gboolean echo;
  GByteArray *waiting; /* received, not looked at */
  GString *command;
  gboolean command_is_too_long;
  SimLineData request;
  gint64 accept_us;
  GByteArray *data;
};

SimLine *
sim_line_new (const SimLineEvents *events, gpointer user_data)
{
  SimLine *self = g_new0 (SimLine, 1);
  self->events = events;
  self->user_data = user_data;
  self->mode = SIM_LINE_DEAF;
  self->echo = TRUE;
  self->waiting = g_byte_array_new ();
  self->command = g_string_new (NULL);
  self->data = g_byte_array_new ();
  return self;
}

void
sim_line_free (SimLine *self)
{
  g_byte_array_unref (self->waiting);
  g_string_free (self->command, TRUE);
  g_byte_array_unref (self->data);
  g_free (self);
}

void
sim_line_set_echo (SimLine *self, gboolean echo)
{
  self->echo = echo;
}

gboolean
sim_line_get_echo (const SimLine *self)
{
  return self->echo;
}

SimLineMode
sim_line_get_mode (const SimLine *self)
{
  return self->mode;
}

/* NUL and LF are no part of a command; the length is bounded. */
static void
append_to_command (SimLine *self, const guint8 *data, gsize length)
{
  for (gsize i = 0; i < length; i++) {
    if (data[i] == '\0' || data[i] == '\n')
      continue;
    if (self->command->len == MAX_COMMAND_BYTES)
      self->command_is_too_long = TRUE;
    else
      g_string_append_c (self->command, (char) data[i]);
  }
}

static void
end_command (SimLine *self)
{
  g_autofree char *line = self->command_is_too_long ? NULL : g_strdup (self->command->str);
  g_string_truncate (self->command, 0);
  self->command_is_too_long = FALSE;
  self->mode = SIM_LINE_HELD;
  self->events->command (line, self->user_data);
}

static void
take_command (SimLine *self)
{
  const guint8 *cr = memchr (self->waiting->data, '\r', self->waiting->len);
  gsize length = cr != NULL ? (gsize) (cr - self->waiting->data) : self->waiting->len;
  gsize n_taken = length + (cr != NULL ? 1 : 0);

  append_to_command (self, self->waiting->data, length);
  if (self->echo)
    self->events->echo (self->waiting->data, n_taken, self->user_data);
  g_byte_array_remove_range (self->waiting, 0, (guint) n_taken);
  if (cr != NULL)
    end_command (self);
}

static gboolean
ends_data (const SimLine *self, guint8 byte)
{
  if (self->request.fixed_length > 0)
    return byte == ESC && self->request.esc_cancels;
  return byte == CTRL_Z || byte == ESC;
}

static gsize
find_data_end (const SimLine *self)
{
  gsize length = self->waiting->len;
  if (self->request.fixed_length > 0)
    length = MIN (length, self->request.fixed_length - self->data->len);
  for (gsize i = 0; i < length; i++) {
    if (ends_data (self, self->waiting->data[i]))
      return i;
  }
  return length;
}

static void
end_data (SimLine *self, SimLineEnd end)
{
  g_autoptr (GByteArray) data = g_steal_pointer (&self->data);
  self->data = g_byte_array_new ();
  self->mode = SIM_LINE_HELD;
  self->events->data (data, end, self->user_data);
}

/* One byte more than allowed is kept, to know that there were too many. */
static void
append_to_data (SimLine *self, gsize length)
{
  gsize max = self->request.fixed_length > 0 ? self->request.fixed_length : self->request.max_length + 1;
  gsize room = max - self->data->len;
  g_byte_array_append (self->data, self->waiting->data, (guint) MIN (length, room));
  if (self->request.echo && length > 0)
    self->events->echo (self->waiting->data, length, self->user_data);
}

static void
take_data (SimLine *self)
{
  if (g_get_monotonic_time () < self->accept_us) {
    g_byte_array_set_size (self->waiting, 0);
    return;
  }

  gsize length = find_data_end (self);
  gboolean has_terminator = length < self->waiting->len && ends_data (self, self->waiting->data[length]);
  guint8 terminator = has_terminator ? self->waiting->data[length] : 0;
  append_to_data (self, length);

  gboolean is_full = self->request.fixed_length > 0 && self->data->len == self->request.fixed_length;
  has_terminator = has_terminator && !is_full;
  g_byte_array_remove_range (self->waiting, 0, (guint) (length + (has_terminator ? 1 : 0)));
  if (has_terminator && terminator == ESC)
    end_data (self, SIM_LINE_END_CANCELLED);
  else if (has_terminator && self->data->len > self->request.max_length)
    end_data (self, SIM_LINE_END_TOO_LONG);
  else if (has_terminator || is_full)
    end_data (self, SIM_LINE_END_COMPLETE);
}

static gboolean
take_some (SimLine *self)
{
  switch (self->mode) {
  case SIM_LINE_DEAF:
    g_byte_array_set_size (self->waiting, 0);
    return FALSE;
  case SIM_LINE_HELD:
    return FALSE;
  case SIM_LINE_COMMAND:
    take_command (self);
    return TRUE;
  case SIM_LINE_DATA:
    take_data (self);
    return TRUE;
  }
  return FALSE;
}

void
sim_line_feed (SimLine *self, const guint8 *data, gsize length)
{
  if (self->waiting->len + length <= MAX_HELD_BYTES)
    g_byte_array_append (self->waiting, data, (guint) length);
  while (self->waiting->len > 0 && take_some (self))
    continue;
}

void
sim_line_accept_commands (SimLine *self)
{
  self->mode = SIM_LINE_COMMAND;
}

void
sim_line_accept_data (SimLine *self, const SimLineData *request)
{
  self->request = *request;
  self->accept_us = g_get_monotonic_time () + (gint64) request->accept_ms * US_PER_MS;
  g_byte_array_set_size (self->data, 0);
  self->mode = SIM_LINE_DATA;
}

void
sim_line_be_deaf (SimLine *self)
{
  self->mode = SIM_LINE_DEAF;
  g_byte_array_set_size (self->waiting, 0);
  g_byte_array_set_size (self->data, 0);
  g_string_truncate (self->command, 0);
  self->command_is_too_long = FALSE;
}
