/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the module waits for, as far as its daemon has said: bytes were announced that end its data mode, the
 * command that begins it was written, its prompt has come.
 */
#pragma once

#include "serial-port.h"

typedef struct HolderDataMode HolderDataMode;

HolderDataMode *holder_data_mode_new (void);
void holder_data_mode_free (HolderDataMode *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HolderDataMode, holder_data_mode_free)

/** The next command begins data mode, which @data ends; empty: the module waits for nothing any more. */
void holder_data_mode_announce (HolderDataMode *self, SerialPort *port, GBytes *data);

/** Something is written: the command, if one was announced. @position: of the next byte that the module says.
 */
void holder_data_mode_note_command (HolderDataMode *self, guint64 position);

void holder_data_mode_note_prompt (HolderDataMode *self);

/** Writes what was announced, once; the module waits for nothing any more. */
void holder_data_mode_finish (HolderDataMode *self, SerialPort *port);

/** The daemon is dead: what it announced without its command is forgotten. */
void holder_data_mode_take_over (HolderDataMode *self);

/** It waits for nothing any more, as far as anybody knows. */
void holder_data_mode_reset (HolderDataMode *self);

/** Whether the command was written and what was announced was not. */
gboolean holder_data_mode_is_awaited (HolderDataMode *self);

/** What was said next when the command was written; while it is awaited. */
guint64 holder_data_mode_get_position (HolderDataMode *self);

/** How many commands were written behind an announcement, since the beginning. So whoever numbers them knows
 * of the last one that a dead daemon wanted to write whether it was. */
guint64 holder_data_mode_count_commands (HolderDataMode *self);

/** Whether the prompt has come. */
gboolean holder_data_mode_is_prompted (HolderDataMode *self);
