/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the module waits for, as far as its daemon has said: a command was written that begins data mode, its
 * prompt has come. The bytes that end it are with the port.
 */
#pragma once

#include "serial-port.h"

typedef struct HolderDataMode HolderDataMode;

HolderDataMode *holder_data_mode_new (void);
void holder_data_mode_free (HolderDataMode *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HolderDataMode, holder_data_mode_free)

/** A command that begins it was written. @position: of the next byte that the module says. */
void holder_data_mode_begin (HolderDataMode *self, guint64 position);

void holder_data_mode_note_prompt (HolderDataMode *self);

/** Writes what ends it, once; the module waits for nothing any more. */
void holder_data_mode_finish (HolderDataMode *self, SerialPort *port);

/** It waits for nothing any more, as far as anybody knows. */
void holder_data_mode_reset (HolderDataMode *self);

/** Whether it was begun and what ends it was not written. */
gboolean holder_data_mode_is_awaited (HolderDataMode *self);

/** Of the last begin. */
guint64 holder_data_mode_get_position (HolderDataMode *self);

/** How often it was begun. So whoever numbers such commands knows of the last one that a dead daemon wanted
 * to write whether it was. */
guint64 holder_data_mode_count_commands (HolderDataMode *self);

/** Whether the prompt has come. */
gboolean holder_data_mode_is_prompted (HolderDataMode *self);
