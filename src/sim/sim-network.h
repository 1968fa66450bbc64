/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The SIM card, the registration, the address and power saving: their commands, their URCs, and the switches
 * on these. Must not know of TLS. */
#pragma once

#include <glib.h>

#include "sim-command.h"
#include "sim-dialogue.h"
#include "sim-switch.h"

typedef struct SimNetwork SimNetwork;

/* The module has found or lost its network. */
typedef void (*SimNetworkChanged) (gboolean is_up, gpointer user_data);

/* Off. All that it is given must outlive it. Owned by the caller. */
SimNetwork *sim_network_new (SimDialogue *dialogue, const SimSwitch *switches, SimNetworkChanged changed,
                             gpointer user_data);
void sim_network_free (SimNetwork *self);

/* The power is gone, and every setting with it. No event. */
void sim_network_reset (SimNetwork *self);

/* The module has booted. With a banner it tells what there is, and the registration when it comes. */
void sim_network_start (SimNetwork *self, gboolean has_banner);

/* +QNBIOTEVENT: an event of power saving, if they are asked for. */
void sim_network_tell_event (SimNetwork *self, const char *event);

/* The radio finds no network any more, or again. */
void sim_network_set_coverage (SimNetwork *self, gboolean is_there);

gboolean sim_network_is_registered (const SimNetwork *self);

/* AT+CEREG=0, for ATZ. */
void sim_network_reset_profile (SimNetwork *self);

/* FALSE when the command is none of this file. The event may run within. */
gboolean sim_network_command (SimNetwork *self, const SimCommand *command, SimResult *ret_result);
