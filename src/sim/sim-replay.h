/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Plays a transcript on the port in the place of a module. The rules stand in modemssl-sim(1). */
#pragma once

#include "sim-pty.h"
#include "sim-switch.h"
#include "sim-trace.h"
#include "sim-transcript.h"

typedef struct SimReplay SimReplay;

/* The program has to end; the reason is a sentence. */
typedef void (*SimReplayFailed) (const char *reason, gpointer user_data);

/* At that rate (0: without a pace). All that it is given must outlive it. Owned by the caller. */
SimReplay *sim_replay_new (SimPty *pty, const SimTranscript *transcript, const SimSwitch *switches,
                           SimTrace *trace, guint baud, SimReplayFailed failed, gpointer user_data);
void sim_replay_free (SimReplay *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SimReplay, sim_replay_free)

/* From the beginning again. */
void sim_replay_rewind (SimReplay *self);
