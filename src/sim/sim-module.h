/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The module as a whole: its parts, its power, and which part answers which command. */
#pragma once

#include <glib.h>

#include "sim-faults.h"
#include "sim-nvram.h"
#include "sim-pty.h"
#include "sim-switch.h"
#include "sim-trace.h"

typedef struct SimModule SimModule;

/* The program has to end: the reason is a sentence; NULL when a fault has it so. */
typedef void (*SimModuleFailed) (const char *reason, gpointer user_data);

/* On the port, at that rate unless AT+IPR has stored another (0: without a pace). It has booted long ago, or
 * boots now if the switch cold-start says so. All that it is given must outlive it. Owned by the caller. */
SimModule *sim_module_new (SimPty *pty, SimNvram *nvram, const SimSwitch *switches, SimFaults *faults,
                           SimTrace *trace, guint baud, SimModuleFailed failed, gpointer user_data);
void sim_module_free (SimModule *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SimModule, sim_module_free)

/* The power goes, and comes back. */
void sim_module_power_cycle (SimModule *self);

/* The radio finds no network any more, or again. */
void sim_module_set_coverage (SimModule *self, gboolean is_there);
