/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The arithmetic of a serial line: which byte has passed when, at 10 bits a byte, on an ideal clock that
 * does not add up the lateness of timers. Knows no clock, no queue and no file descriptor. */
#pragma once

#include <glib.h>

typedef struct {
  guint baud;      /* bits a second */
  gint64 start_ns; /* when the first counted byte began */
  guint64 taken;   /* bytes since then */
} SimPace;

/* A line of that rate (> 0), free since ever. */
void sim_pace_init (SimPace *self, guint baud);

/* Bytes begin to wait on a line that had none: the first one starts at once, or when the line is free. */
void sim_pace_begin (SimPace *self, gint64 now_ns);

/* How many more bytes have passed by now than were taken. */
guint64 sim_pace_due (const SimPace *self, gint64 now_ns);

/* Takes so many bytes off the line. */
void sim_pace_take (SimPace *self, guint64 n_bytes);

/* When the n-th byte after those taken has passed. */
gint64 sim_pace_when (const SimPace *self, guint64 n_bytes);
