/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Keeps the main loop from going to sleep for a short while, so that the next event is noticed at once: a
 * process that sleeps is woken up tens of microseconds late, hardware is not. Knows nothing of what is
 * awaited.
 */
#pragma once

#include <glib.h>

typedef struct SimVigil SimVigil;

SimVigil *sim_vigil_new (void);
void sim_vigil_free (SimVigil *self);

/** From now on for @duration_ns at most; others who want to run may. */
void sim_vigil_begin (SimVigil *self, gint64 duration_ns);

void sim_vigil_end (SimVigil *self);
