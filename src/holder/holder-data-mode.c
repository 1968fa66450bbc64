/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See holder-data-mode.h. The bytes themselves are with the port.
 */
#include "holder-data-mode.h"

struct HolderDataMode {
  gboolean announced;       /* the port knows what the module will wait for */
  gboolean command_written; /* and the module has been told */
  gboolean prompted;
  guint64 position; /* of what the module says behind the command */
  guint64 commands; /* that were written behind an announcement, since the port is held */
};

void
holder_data_mode_reset (HolderDataMode *self)
{
  *self = (HolderDataMode){ .commands = self->commands };
}

void
holder_data_mode_announce (HolderDataMode *self, SerialPort *port, GBytes *data)
{
  holder_data_mode_reset (self);
  self->announced = g_bytes_get_size (data) > 0;
  serial_port_announce (port, self->announced ? data : NULL);
}

void
holder_data_mode_note_command (HolderDataMode *self, guint64 position)
{
  if (!self->announced || self->command_written)
    return;
  self->command_written = TRUE;
  self->commands++;
  self->position = position;
}

void
holder_data_mode_note_prompt (HolderDataMode *self)
{
  self->prompted = TRUE;
}

void
holder_data_mode_finish (HolderDataMode *self, SerialPort *port)
{
  if (!self->announced)
    return;
  serial_port_write_announced (port);
  holder_data_mode_reset (self);
}

void
holder_data_mode_take_over (HolderDataMode *self)
{
  if (!holder_data_mode_is_awaited (self))
    holder_data_mode_reset (self);
}

gboolean
holder_data_mode_is_awaited (HolderDataMode *self)
{
  return self->announced && self->command_written;
}

guint64
holder_data_mode_get_position (HolderDataMode *self)
{
  return self->position;
}

guint64
holder_data_mode_count_commands (HolderDataMode *self)
{
  return self->commands;
}

gboolean
holder_data_mode_is_prompted (HolderDataMode *self)
{
  return self->prompted;
}

HolderDataMode *
holder_data_mode_new (void)
{
  return g_new0 (HolderDataMode, 1);
}

void
holder_data_mode_free (HolderDataMode *self)
{
  g_free (self);
}
