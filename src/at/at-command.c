/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The builder. Refusing is safer than escaping: the syntax of the note (2.1.2) has no escapes.
 */
#include "at-command.h"

#include <gio/gio.h>
#include <string.h>

/* A prompt is the answer to a short line; generous, because a busy module may be late. */
#define PROMPT_TIMEOUT_MS 5000

AtCommand *
at_command_new (const char *start, const char *response, guint timeout_ms)
{
  AtCommand *self = g_new0 (AtCommand, 1);

  self->line = g_string_new (start);
  self->response = response;
  self->timeout_ms = timeout_ms;
  self->prompt_timeout_ms = PROMPT_TIMEOUT_MS;
  return self;
}

void
at_command_free (AtCommand *self)
{
  g_string_free (self->line, TRUE);
  g_clear_pointer (&self->payload, g_bytes_unref);
  g_free (self);
}

static void
add_separator (AtCommand *self)
{
  if (self->line->str[self->line->len - 1] != '=')
    g_string_append_c (self->line, ',');
}

void
at_command_add_int (AtCommand *self, int value)
{
  char digits[16];
  char *first = digits + sizeof digits;
  guint rest = value < 0 ? 0 - (guint) value : (guint) value;

  add_separator (self);
  /* By hand, as printf() would be the larger part of what it costs to make a command. */
  do
    *--first = (char) ('0' + rest % 10);
  while ((rest /= 10) > 0);
  if (value < 0)
    *--first = '-';
  g_string_append_len (self->line, first, digits + sizeof digits - first);
}

void
at_command_add_keyword (AtCommand *self, const char *value)
{
  add_separator (self);
  g_string_append_printf (self->line, "\"%s\"", value);
}

gboolean
at_command_add_string (AtCommand *self, const char *value, gsize max_bytes, GError **error)
{
  gsize length = strlen (value);

  if (length == 0 || length > max_bytes) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                 "an argument must have 1 to %" G_GSIZE_FORMAT " bytes", max_bytes);
    return FALSE;
  }
  for (gsize i = 0; i < length; i++) {
    if (!g_ascii_isgraph (value[i]) || value[i] == '"' || value[i] == '\\') {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   "byte %" G_GSIZE_FORMAT " of an argument is not allowed in an AT command", i + 1);
      return FALSE;
    }
  }
  at_command_add_keyword (self, value);
  return TRUE;
}

void
at_command_set_payload (AtCommand *self, AtDataMode mode, GBytes *payload)
{
  self->data_mode = mode;
  self->payload = g_bytes_ref (payload);
}
