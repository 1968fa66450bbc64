/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The commands that are not about SSL: identity, sleep, UART, and by files of their own network and clock.
 * Must not know of TLS. */
#pragma once

#include <glib.h>

#include "sim-command.h"
#include "sim-dialogue.h"
#include "sim-nvram.h"
#include "sim-switch.h"

typedef struct SimIdentity SimIdentity;

typedef struct {
  /* The module has found or lost its network. */
  void (*network_changed) (gboolean is_up, gpointer user_data);
  /* AT+IPR: another rate is to be used after the reply. */
  void (*baud_changed) (guint baud, gpointer user_data);
} SimIdentityEvents;

/* All that it is given must outlive it; new_baud is the rate of a new module, 0 for the usual one. Owned by
 * the caller. */
SimIdentity *sim_identity_new (SimDialogue *dialogue, SimNvram *nvram, const SimSwitch *switches,
                               guint new_baud, const SimIdentityEvents *events, gpointer user_data);
void sim_identity_free (SimIdentity *self);

/* After a restart: what nvram holds, and defaults for the rest. Tells the dialogue; no events. */
void sim_identity_reset (SimIdentity *self);

/* The module has booted, and tells so with a banner. */
void sim_identity_start (SimIdentity *self, gboolean has_banner);

/* As sim_network_tell_event(). */
void sim_identity_tell_event (SimIdentity *self, const char *event);

/* The radio finds no network any more, or again. */
void sim_identity_set_coverage (SimIdentity *self, gboolean is_there);

/* Answers a command, an unknown one with ERROR. Events run within. */
SimResult sim_identity_command (SimIdentity *self, const SimCommand *command);

/* The rate that AT+IPR has stored, or the fallback. */
guint sim_identity_get_baud (SimNvram *nvram, guint fallback);
