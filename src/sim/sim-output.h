/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the module says, on its way to the UART: written to the trace, and changed by the faults. Must not
 * know what the lines mean. */
#pragma once

#include <glib.h>

#include "sim-faults.h"
#include "sim-trace.h"
#include "sim-uart.h"

typedef struct SimOutput SimOutput;

/* A fault that is not about output happens: from SLEEP to HANG_UP. After SILENCE, RESTART and HANG_UP nothing
 * is sent until the next sim_output_reset(), which must not be called within. */
typedef void (*SimOutputFunc) (SimFaultKind kind, gpointer user_data);

/* All that it is given must outlive it. Owned by the caller. */
SimOutput *
sim_output_new (SimTrace *trace, SimUart *uart, SimFaults *faults, SimOutputFunc func, gpointer user_data);
void sim_output_free (SimOutput *self);

/* Says a line between what leads to it and its end. It is sent by the next sim_output_flush(). */
void sim_output_say (SimOutput *self, const char *lead, const guint8 *line, gsize length, const char *tail);

/* The same for bytes that are no line. */
void sim_output_print (SimOutput *self, const char *text);

/* Sends what was said, in one piece. */
void sim_output_flush (SimOutput *self);

/* The fault SILENCE happens. */
void sim_output_silence (SimOutput *self);

/* How many bytes a delay holds back. */
gsize sim_output_get_held (const SimOutput *self);

/* What was not sent is lost. */
void sim_output_reset (SimOutput *self);
