/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See holder-data-mode.h.
 */
#include "holder-data-mode.h"

struct HolderDataMode {
  gboolean awaited;
  gboolean prompted;
  guint64 position;
  guint64 commands;
};

void
holder_data_mode_reset (HolderDataMode *self)
{
  self->awaited = FALSE;
  self->prompted = FALSE;
}

void
holder_data_mode_begin (HolderDataMode *self, guint64 position)
{
  self->awaited = TRUE;
  self->prompted = FALSE;
  self->position = position;
  self->commands++;
}

void
holder_data_mode_note_prompt (HolderDataMode *self)
{
  self->prompted = TRUE;
}

void
holder_data_mode_finish (HolderDataMode *self, SerialPort *port)
{
  if (!self->awaited)
    return;
  serial_port_write_announced (port);
  holder_data_mode_reset (self);
}

gboolean
holder_data_mode_is_awaited (HolderDataMode *self)
{
  return self->awaited;
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
