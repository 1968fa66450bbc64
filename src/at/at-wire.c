/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See at-wire.h.
 */
#include "at-wire.h"

#include <string.h>

#define CTRL_Z "\x1a"
#define ESC "\x1b"

struct AtWire {
  SerialPort *port;
  char *name;
  AtTrace *trace;
  gboolean announced;
};

AtWire *
at_wire_new (SerialPort *port, const char *name, AtTrace *trace)
{
  AtWire *self = g_new0 (AtWire, 1);

  self->port = port;
  self->name = g_strdup (name);
  self->trace = trace != NULL ? at_trace_ref (trace) : NULL;
  return self;
}

void
at_wire_free (AtWire *self)
{
  serial_port_free (self->port);
  g_clear_pointer (&self->trace, at_trace_unref);
  g_free (self->name);
  g_free (self);
}

/** @text: static. */
static gboolean
write_text (AtWire *self, const char *text)
{
  g_autoptr (GBytes) bytes = g_bytes_new_static (text, strlen (text));

  return serial_port_write (self->port, bytes);
}

/** @line, and the CR behind it: for one write. */
static GBytes *
make_line (const char *line)
{
  gsize length = strlen (line);
  guint8 *text = g_malloc (length + 1);

  memcpy (text, line, length);
  text[length] = '\r';
  return g_bytes_new_take (text, length + 1);
}

gboolean
at_wire_write_line (AtWire *self, const char *line)
{
  g_autoptr (GBytes) bytes = make_line (line);

  at_trace_write_line (self->trace, self->name, line);
  return serial_port_write (self->port, bytes);
}

/** What ends the data mode of @command: a counted payload itself; the other form is cancelled. NULL where
 * there is none. */
static GBytes *
get_end (const AtCommand *command)
{
  switch (command->data_mode) {
  case AT_DATA_NONE:
    return NULL;
  case AT_DATA_COUNTED:
    return g_bytes_ref (command->payload);
  case AT_DATA_CTRL_Z:
    return g_bytes_new_static (ESC, strlen (ESC));
  }
  g_assert_not_reached ();
}

static void
trace_command (AtWire *self, const AtCommand *command)
{
  const char *line = command->line->str;
  gsize name_length = strcspn (line, "=");
  g_autofree char *hidden = NULL;

  if (self->trace == NULL)
    return;
  if (command->is_private && line[name_length] == '=')
    hidden = g_strdup_printf ("%.*s=...", (int) name_length, line);
  at_trace_write_line (self->trace, self->name, hidden != NULL ? hidden : line);
}

gboolean
at_wire_write_command (AtWire *self, const AtCommand *command)
{
  g_autoptr (GBytes) ends = get_end (command);
  g_autoptr (GBytes) line = make_line (command->line->str);

  trace_command (self, command);
  self->announced = ends != NULL;
  return ends != NULL ? serial_port_write_command (self->port, line, ends)
                      : serial_port_write (self->port, line);
}

void
at_wire_note_prompt (AtWire *self)
{
  serial_port_note_prompt (self->port);
}

void
at_wire_forget_payload (AtWire *self)
{
  if (self->announced)
    serial_port_forget_announced (self->port);
  self->announced = FALSE;
}

gboolean
at_wire_write_payload (AtWire *self, const AtCommand *command)
{
  gboolean written;

  at_trace_write_payload (self->trace, self->name, g_bytes_get_size (command->payload));
  if (command->data_mode == AT_DATA_COUNTED) {
    self->announced = FALSE;
    return serial_port_write_announced (self->port);
  }
  written = serial_port_write (self->port, command->payload) && write_text (self, CTRL_Z);
  at_wire_forget_payload (self);
  return written;
}

gboolean
at_wire_write_escape (AtWire *self)
{
  at_trace_write_line (self->trace, self->name, "ESC");
  at_wire_forget_payload (self);
  return write_text (self, ESC);
}

gboolean
at_wire_write_return (AtWire *self)
{
  return write_text (self, "\r");
}

void
at_wire_set_farewell (AtWire *self, const char *const *lines)
{
  serial_port_set_farewell (self->port, lines);
}

const char *const *
at_wire_get_unsaid (AtWire *self)
{
  return serial_port_get_unsaid (self->port);
}

SerialPort *
at_wire_get_port (AtWire *self)
{
  return self->port;
}

guint
at_wire_get_transfer_ms (AtWire *self, gsize size)
{
  return serial_port_get_transfer_ms (self->port, size);
}

void
at_wire_note (AtWire *self, const char *text)
{
  at_trace_note (self->trace, self->name, text);
}

void
at_wire_note_event (AtWire *self, const AtEvent *event, const AtFraming *framing, gpointer framing_data)
{
  gsize visible;

  if (self->trace == NULL)
    return;
  visible = framing->get_visible_length (event->line, event->length, framing_data);
  at_trace_read (self->trace, self->name, event, MIN (visible, event->length));
}
