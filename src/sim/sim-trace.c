/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See sim-trace.h. */
#include "sim-trace.h"

#include <errno.h>
#include <stdio.h>

/* Input arrives in small pieces; it is written as one transfer up to a CR, or up to the next output. */
#define MAX_PENDING_BYTES 4096

struct SimTrace {
  FILE *file;
  GByteArray *input; /* not written yet */
  gint64 input_us;   /* when its first byte came */
};

SimTrace *
sim_trace_new (const char *path, GError **error)
{
  g_autoptr (SimTrace) self = g_new0 (SimTrace, 1);
  self->input = g_byte_array_new ();
  if (path == NULL)
    return g_steal_pointer (&self);

  self->file = fopen (path, "we");
  if (self->file == NULL) {
    int saved = errno;
    g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (saved), "%s: %s", path, g_strerror (saved));
    return NULL;
  }
  return g_steal_pointer (&self);
}

static void
write_line (SimTrace *self, gint64 time_us, const char *mark, const char *text)
{
  fprintf (self->file, "%6" G_GINT64_FORMAT ".%06" G_GINT64_FORMAT " %s %s\n", time_us / G_USEC_PER_SEC,
           time_us % G_USEC_PER_SEC, mark, text);
  fflush (self->file);
}

static void
append_escaped (GString *text, guint8 byte)
{
  if (byte == '\r')
    g_string_append (text, "\\r");
  else if (byte == '\n')
    g_string_append (text, "\\n");
  else if (byte == '\\')
    g_string_append (text, "\\\\");
  else if (byte >= 0x20 && byte < 0x7f)
    g_string_append_c (text, (char) byte);
  else
    g_string_append_printf (text, "\\x%02x", byte);
}

static void
write_bytes (SimTrace *self, gint64 time_us, const char *mark, const guint8 *data, gsize length)
{
  g_autoptr (GString) text = g_string_sized_new (length + 16);
  for (gsize i = 0; i < length; i++)
    append_escaped (text, data[i]);
  write_line (self, time_us, mark, text->str);
}

static void
flush_input (SimTrace *self)
{
  if (self->input->len == 0)
    return;
  write_bytes (self, self->input_us, ">>", self->input->data, self->input->len);
  g_byte_array_set_size (self->input, 0);
}

void
sim_trace_free (SimTrace *self)
{
  if (self->file != NULL) {
    flush_input (self);
    fclose (self->file);
  }
  g_byte_array_unref (self->input);
  g_free (self);
}

void
sim_trace_input (SimTrace *self, const guint8 *data, gsize length)
{
  if (self->file == NULL || length == 0)
    return;

  if (self->input->len == 0)
    self->input_us = g_get_monotonic_time ();
  g_byte_array_append (self->input, data, (guint) length);
  if (data[length - 1] == '\r' || self->input->len >= MAX_PENDING_BYTES)
    flush_input (self);
}

void
sim_trace_output (SimTrace *self, const guint8 *data, gsize length)
{
  if (self->file == NULL || length == 0)
    return;

  flush_input (self);
  write_bytes (self, g_get_monotonic_time (), "<<", data, length);
}

void
sim_trace_note (SimTrace *self, const char *format, ...)
{
  if (self->file == NULL)
    return;

  va_list arguments;
  va_start (arguments, format);
  g_autofree char *text = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  flush_input (self);
  write_line (self, g_get_monotonic_time (), "--", text);
}
