/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A file, a line an event. Tracing never fails and never blocks the dialogue: what the disk does not take is
 * not traced.
 */
#include "at-trace.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <string.h>
#include <unistd.h>

struct AtTrace {
  int ref_count;
  int fd;
  GTimeZone *zone; /* looked up once: it would take a look at the disk for each line */
};

AtTrace *
at_trace_open (const char *path, GError **error)
{
  int fd = open (path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
  AtTrace *self;

  if (fd < 0) {
    int saved = errno;

    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved), "Cannot write the trace to %s: %s", path,
                 g_strerror (saved));
    return NULL;
  }
  self = g_new (AtTrace, 1);
  *self = (AtTrace){ 1, fd, g_time_zone_new_local () };
  return self;
}

AtTrace *
at_trace_ref (AtTrace *self)
{
  self->ref_count++;
  return self;
}

void
at_trace_unref (AtTrace *self)
{
  if (--self->ref_count > 0)
    return;
  close (self->fd);
  g_time_zone_unref (self->zone);
  g_free (self);
}

static void G_GNUC_PRINTF (4, 5)
    print (AtTrace *self, const char *name, const char *direction, const char *format, ...)
{
  g_autoptr (GDateTime) now = g_date_time_new_now (self->zone);
  g_autofree char *stamp = g_date_time_format (now, "%F %T.%f");
  g_autoptr (GString) line = g_string_new (NULL);
  va_list args;

  g_string_printf (line, "%.23s %s %s ", stamp, name, direction);
  va_start (args, format);
  g_string_append_vprintf (line, format, args);
  va_end (args);
  g_string_append_c (line, '\n');
  if (write (self->fd, line->str, line->len) < 0)
    return; /* a full disk must not stop the dialogue */
}

void
at_trace_write_line (AtTrace *self, const char *name, const char *line)
{
  if (self != NULL)
    print (self, name, ">", "%s", line);
}

void
at_trace_write_payload (AtTrace *self, const char *name, gsize size)
{
  if (self != NULL)
    print (self, name, ">", "[%" G_GSIZE_FORMAT " bytes]", size);
}

static char *
describe_hidden (const AtEvent *event, gsize visible)
{
  switch (event->kind) {
  case AT_EVENT_PAYLOAD:
    return g_strdup_printf ("[%" G_GSIZE_FORMAT " bytes]", g_bytes_get_size (event->payload));
  case AT_EVENT_PROMPT:
    return g_strdup (">");
  case AT_EVENT_OVERLONG:
    return g_strdup (" [line too long]");
  case AT_EVENT_BROKEN:
    return g_strdup (" [broken payload]");
  case AT_EVENT_NONE:
  case AT_EVENT_LINE:
    break;
  }
  if (visible < event->length)
    return g_strdup_printf ("[%" G_GSIZE_FORMAT " characters]", event->length - visible);
  return g_strdup ("");
}

void
at_trace_read (AtTrace *self, const char *name, const AtEvent *event, gsize visible)
{
  g_autofree char *text = NULL;
  g_autofree char *escaped = NULL;
  g_autofree char *hidden = NULL;

  if (self == NULL)
    return;
  text = g_strndup (event->line, visible);
  escaped = g_strescape (text, "\"\\");
  hidden = describe_hidden (event, visible);
  print (self, name, "<", "%s%s", escaped, hidden);
}

void
at_trace_note (AtTrace *self, const char *name, const char *note)
{
  if (self != NULL)
    print (self, name, "*", "%s", note);
}
