/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See sim-pace.h. Every time is computed from the start of the run of bytes, never from the last wake-up. */
#include "sim-pace.h"

#define BITS_PER_BYTE 10
#define NS_PER_S G_GUINT64_CONSTANT (1000000000)

void
sim_pace_init (SimPace *self, guint baud)
{
  g_return_if_fail (baud > 0);

  self->baud = baud;
  self->start_ns = 0;
  self->taken = 0;
}

gint64
sim_pace_when (const SimPace *self, guint64 n_bytes)
{
  guint64 span = (self->taken + n_bytes) * BITS_PER_BYTE * NS_PER_S;
  return self->start_ns + (gint64) ((span + self->baud - 1) / self->baud);
}

void
sim_pace_begin (SimPace *self, gint64 now_ns)
{
  gint64 free_ns = sim_pace_when (self, 0);
  self->start_ns = MAX (now_ns, free_ns);
  self->taken = 0;
}

guint64
sim_pace_due (const SimPace *self, gint64 now_ns)
{
  if (now_ns <= self->start_ns)
    return 0;

  /* Whole seconds apart: the product of a long span and the rate would not fit. */
  guint64 span_ns = (guint64) (now_ns - self->start_ns);
  guint64 bits = span_ns / NS_PER_S * self->baud + span_ns % NS_PER_S * self->baud / NS_PER_S;
  guint64 passed = bits / BITS_PER_BYTE;
  return passed > self->taken ? passed - self->taken : 0;
}

void
sim_pace_take (SimPace *self, guint64 n_bytes)
{
  self->taken += n_bytes;

  /* As many bytes as the line has bits a second take exactly ten seconds: the start moves without a rest. */
  guint64 rounds = self->taken / self->baud;
  self->start_ns += (gint64) (rounds * BITS_PER_BYTE * NS_PER_S);
  self->taken -= rounds * self->baud;
}
