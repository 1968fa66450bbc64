/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One SSL slot: its connection, the results and URCs that it prints, and the switches on these. Must not know
 * how commands are written, nor how TLS is spoken. */
#pragma once

#include <glib.h>

#include "sim-dialogue.h"
#include "sim-sslcfg.h"
#include "sim-switch.h"
#include "sim-tls.h"
#include "sim-trace.h"

typedef struct {
  SimDialogue *dialogue;
  SimSslcfg *settings;
  const SimSwitch *switches;
  SimTrace *trace;
  /* A connection that stood has ended. */
  void (*released) (gpointer user_data);
  gpointer user_data;
} SimSlotWorld;

typedef struct SimSlot SimSlot;

/* The world is copied; what it points to must outlive the slot. Owned by the caller. */
SimSlot *sim_slot_new (const SimSlotWorld *world, guint index);
void sim_slot_free (SimSlot *slot);

gboolean sim_slot_is_closed (const SimSlot *slot);
gboolean sim_slot_can_send (const SimSlot *slot);

/* The files that its seclevel needs are there (the note, 2.3.1, note 2). */
gboolean sim_slot_has_files (const SimSlot *slot);

/* Opens a closed slot; with a doom other than OK that is how it ends. The result is printed later, and ends
 * the command too if the switch open-result wants it before the OK. */
void sim_slot_open (SimSlot *slot, const char *host, guint16 port, SimTlsCode doom);

/* Sends when that can be. The result is printed later, and ends the command unless it comes after the OK. */
void sim_slot_send (SimSlot *slot, const guint8 *data, gsize length);

/* The host closes it, whatever its state; the result follows the reply of the command. */
void sim_slot_close (SimSlot *slot);

/* The power is gone: nobody is told anything. */
void sim_slot_drop (SimSlot *slot);

/* The network is gone: an open fails, a connection closes. */
void sim_slot_lose_network (SimSlot *slot);

/* Output is no longer congested: data may come in again. */
void sim_slot_resume (SimSlot *slot);
