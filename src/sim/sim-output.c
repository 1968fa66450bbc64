/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See sim-output.h. Lines meet the faults of lines, then their bytes those of bytes. */
#include "sim-output.h"

#include <string.h>

#define GARBLING_BITS 0x15

struct SimOutput {
  SimTrace *trace;
  SimUart *uart;
  SimFaults *faults;
  SimOutputFunc func;
  gpointer user_data;
  GByteArray *said; /* not flushed */
  guint64 n_bytes;  /* said since the beginning */
  GByteArray *held; /* by a delay */
  GSource *timer;   /* of the delay; NULL: none */
  gboolean is_dead; /* until the next reset */
};

SimOutput *
sim_output_new (SimTrace *trace, SimUart *uart, SimFaults *faults, SimOutputFunc func, gpointer user_data)
{
  SimOutput *self = g_new0 (SimOutput, 1);
  self->trace = trace;
  self->uart = uart;
  self->faults = faults;
  self->func = func;
  self->user_data = user_data;
  self->said = g_byte_array_new ();
  self->held = g_byte_array_new ();
  return self;
}

static void
clear_timer (SimOutput *self)
{
  if (self->timer == NULL)
    return;
  g_source_destroy (self->timer);
  g_clear_pointer (&self->timer, g_source_unref);
}

void
sim_output_free (SimOutput *self)
{
  clear_timer (self);
  g_byte_array_unref (self->said);
  g_byte_array_unref (self->held);
  g_free (self);
}

void
sim_output_reset (SimOutput *self)
{
  clear_timer (self);
  g_byte_array_set_size (self->said, 0);
  g_byte_array_set_size (self->held, 0);
  self->is_dead = FALSE;
}

gsize
sim_output_get_held (const SimOutput *self)
{
  return self->held->len;
}

static void
transmit (SimOutput *self, GByteArray *bytes)
{
  if (bytes->len == 0)
    return;
  sim_trace_output (self->trace, bytes->data, bytes->len);
  sim_uart_send (self->uart, bytes->data, bytes->len);
  g_byte_array_set_size (bytes, 0);
}

void
sim_output_flush (SimOutput *self)
{
  if (self->timer == NULL) {
    transmit (self, self->said);
    return;
  }
  g_byte_array_append (self->held, self->said->data, self->said->len);
  g_byte_array_set_size (self->said, 0);
}

static gboolean
on_delay_over (gpointer user_data)
{
  SimOutput *self = user_data;
  clear_timer (self);
  transmit (self, self->held);
  return G_SOURCE_REMOVE;
}

static void
delay (SimOutput *self, guint ms)
{
  sim_output_flush (self);
  if (self->timer != NULL)
    return;
  self->timer = g_timeout_source_new (ms);
  g_source_set_callback (self->timer, on_delay_over, self, NULL);
  g_source_attach (self->timer, NULL);
}

/* Those that are not about output, for the trace. */
static const char *const happenings[] = {
  [SIM_FAULT_SLEEP] = "falls asleep",
  [SIM_FAULT_DEEP_SLEEP] = "falls into deep sleep",
  [SIM_FAULT_LOSE_NETWORK] = "loses the network",
  [SIM_FAULT_FIND_NETWORK] = "finds the network",
  [SIM_FAULT_SILENCE] = "falls silent",
  [SIM_FAULT_RESTART] = "power fails",
  [SIM_FAULT_HANG_UP] = "hangs up",
};

static void
happen (SimOutput *self, SimFaultKind kind)
{
  sim_output_flush (self);
  sim_trace_note (self->trace, "fault: %s", happenings[kind]);
  self->is_dead =
      self->is_dead || kind == SIM_FAULT_SILENCE || kind == SIM_FAULT_RESTART || kind == SIM_FAULT_HANG_UP;
  self->func (kind, self->user_data);
}

static void
append (SimOutput *self, const void *data, gsize length)
{
  g_byte_array_append (self->said, data, (guint) length);
}

/* Returns how many bytes of data the fault has dealt with. */
static gsize
change_byte (SimOutput *self, const SimFault *fault, const guint8 *data, gsize length)
{
  switch (fault->kind) {
  case SIM_FAULT_DELAY:
    delay (self, fault->number);
    return 0;
  case SIM_FAULT_GARBLE:
    append (self, &(guint8){ data[0] ^ GARBLING_BITS }, 1);
    return 1;
  case SIM_FAULT_LOSE:
    return MIN (fault->number, length);
  case SIM_FAULT_INSERT:
    append (self, "\r\n", 2);
    append (self, fault->text, strlen (fault->text));
    append (self, "\r\n", 2);
    return 0;
  case SIM_FAULT_SLEEP:
  case SIM_FAULT_DEEP_SLEEP:
  case SIM_FAULT_LOSE_NETWORK:
  case SIM_FAULT_FIND_NETWORK:
  case SIM_FAULT_SILENCE:
  case SIM_FAULT_RESTART:
  case SIM_FAULT_HANG_UP:
    happen (self, fault->kind);
    return 0;
  case SIM_FAULT_DROP:
  case SIM_FAULT_CUT:
  case SIM_FAULT_REPLACE:
    return 0; /* of lines only */
  }
  return 0;
}

static void
put (SimOutput *self, const void *bytes, gsize length)
{
  const guint8 *data = bytes;
  while (length > 0 && !self->is_dead) {
    gsize n_good = length;
    const SimFault *fault = sim_faults_take_byte (self->faults, self->n_bytes, length, &n_good);
    append (self, data, n_good);
    gsize n_done = n_good + (fault != NULL ? change_byte (self, fault, data + n_good, length - n_good) : 0);
    self->n_bytes += n_done;
    data += n_done;
    length -= n_done;
  }
}

static void
put_text (SimOutput *self, const char *text)
{
  put (self, text, strlen (text));
}

static void
put_garbled (SimOutput *self, const guint8 *line, gsize length)
{
  g_autofree guint8 *changed = g_malloc (length);
  for (gsize i = 0; i < length; i++)
    changed[i] = line[i] ^ GARBLING_BITS;
  put (self, changed, length);
}

/* The line itself, and whether its end follows. */
static gboolean
put_changed (SimOutput *self, const SimFault *fault, const char *lead, const guint8 *line, gsize length)
{
  switch (fault->kind) {
  case SIM_FAULT_DROP:
    return FALSE;
  case SIM_FAULT_GARBLE:
    put_text (self, lead);
    put_garbled (self, line, length);
    return TRUE;
  case SIM_FAULT_CUT:
    put_text (self, lead);
    put (self, line, MIN (fault->number, length));
    return FALSE;
  case SIM_FAULT_REPLACE:
    put_text (self, lead);
    put_text (self, fault->text);
    return TRUE;
  case SIM_FAULT_INSERT:
    put_text (self, "\r\n");
    put_text (self, fault->text);
    put_text (self, "\r\n");
    break;
  case SIM_FAULT_DELAY:
    delay (self, fault->number);
    break;
  case SIM_FAULT_LOSE:
  case SIM_FAULT_SLEEP:
  case SIM_FAULT_DEEP_SLEEP:
  case SIM_FAULT_LOSE_NETWORK:
  case SIM_FAULT_FIND_NETWORK:
  case SIM_FAULT_SILENCE:
  case SIM_FAULT_RESTART:
  case SIM_FAULT_HANG_UP:
    break;
  }
  put_text (self, lead);
  put (self, line, length);
  return TRUE;
}

void
sim_output_say (SimOutput *self, const char *lead, const guint8 *line, gsize length, const char *tail)
{
  const SimFault *fault = sim_faults_take_line (self->faults, line, length);
  if (fault == NULL) {
    put_text (self, lead);
    put (self, line, length);
    put_text (self, tail);
    return;
  }
  sim_trace_note (self->trace, "fault at this line");
  if (put_changed (self, fault, lead, line, length))
    put_text (self, tail);
  if (happenings[fault->kind] != NULL)
    happen (self, fault->kind);
}

void
sim_output_silence (SimOutput *self)
{
  happen (self, SIM_FAULT_SILENCE);
}

void
sim_output_print (SimOutput *self, const char *text)
{
  put_text (self, text);
}
