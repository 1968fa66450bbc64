/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * AT+QSSLOPEN, AT+QSSLSEND and AT+QSSLCLOSE (the note, 2.3.2 to 2.3.4) for all slots. Must not know how
 * settings are stored or what a connection does. */
#pragma once

#include <glib.h>

#include "sim-command.h"
#include "sim-dialogue.h"
#include "sim-sslcfg.h"
#include "sim-switch.h"
#include "sim-trace.h"

typedef struct SimSslio SimSslio;

/* All that it is given must outlive it. Owned by the caller. */
SimSslio *
sim_sslio_new (SimDialogue *dialogue, SimSslcfg *settings, const SimSwitch *switches, SimTrace *trace);
void sim_sslio_free (SimSslio *self);

SimResult sim_sslio_open (SimSslio *self, const SimCommand *command);
SimResult sim_sslio_send (SimSslio *self, const SimCommand *command);
SimResult sim_sslio_close (SimSslio *self, const SimCommand *command);

/* A restart: every connection is gone without a word. */
void sim_sslio_reset (SimSslio *self);

/* What may cure a degraded stack has happened: a value of the switch degrade-until. */
void sim_sslio_cure (SimSslio *self, guint cure);

/* The network has come, or gone and every connection with it. */
void sim_sslio_set_network (SimSslio *self, gboolean is_up);

/* The output is no longer congested. */
void sim_sslio_resume (SimSslio *self);
