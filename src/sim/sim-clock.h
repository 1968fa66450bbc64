/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * AT+CCLK and the switches on it. Must not know of anything else. */
#pragma once

#include <glib.h>

#include "sim-command.h"
#include "sim-dialogue.h"
#include "sim-switch.h"

typedef struct SimClock SimClock;

/* All that it is given must outlive it. Owned by the caller. */
SimClock *sim_clock_new (SimDialogue *dialogue, const SimSwitch *switches);
void sim_clock_free (SimClock *self);

/* The power is gone: it shows what the switches say again. */
void sim_clock_reset (SimClock *self);

SimResult sim_clock_command (SimClock *self, const SimCommand *command);
