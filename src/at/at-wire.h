/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The port with its trace: whatever is written is traced, payload as its size only. Knows no order in which
 * things are written, and does not read.
 */
#pragma once

#include "at-command.h"
#include "at-parser.h"
#include "at-trace.h"
#include "serial-port.h"

typedef struct AtWire AtWire;

/** Takes @port. @trace may be NULL; @name is how the port is called in it. */
AtWire *at_wire_new (SerialPort *port, const char *name, AtTrace *trace);

/** Closes the port. */
void at_wire_free (AtWire *self);

/** Each of these queues its bytes; FALSE: the port takes no more data. */
gboolean at_wire_write_line (AtWire *self, const char *line);

/** The line of @command. What ends its data mode is announced to the port, should we die. */
gboolean at_wire_write_command (AtWire *self, const AtCommand *command);

/** The payload of the command that was written last. */
gboolean at_wire_write_payload (AtWire *self, const AtCommand *command);

/** The prompt of the command that was written last has come. */
void at_wire_note_prompt (AtWire *self);

/** The module is not in data mode any more: it refused the command, or restarted. */
void at_wire_forget_payload (AtWire *self);

/** ESC: ends data mode of the form AT_DATA_CTRL_Z (note 2.3.1). */
gboolean at_wire_write_escape (AtWire *self);

/** A CR: ends whatever garbage stands in the module's line buffer. */
gboolean at_wire_write_return (AtWire *self);

/** As serial_port_set_farewell() and serial_port_get_unsaid(). */
void at_wire_set_farewell (AtWire *self, const char *const *lines);
const char *const *at_wire_get_unsaid (AtWire *self);

/** Borrowed; what is written through it is not traced. */
SerialPort *at_wire_get_port (AtWire *self);

/** How long @size bytes take on the line. */
guint at_wire_get_transfer_ms (AtWire *self, gsize size);

/** For the trace: what happens, and an event, of which @framing says how much may be shown. */
void at_wire_note (AtWire *self, const char *text);
void at_wire_note_event (AtWire *self, const AtEvent *event, const AtFraming *framing, gpointer framing_data);
