/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the files of a connection share. Only connection*.c may include this.
 */
#pragma once

#include "connection.h"
#include "ending.h"
#include "idle-watch.h"
#include "sender.h"
#include "stream-relay.h"

struct _Connection {
  GObject parent_instance;

  ConnectionConfig config;
  TimerClock *clock;
  gint64 born_us;
  ConnectionState state;
  Scheduler *scheduler;
  SchedulerTicket *ticket; /* NULL after the end */
  Module *module;          /* NULL until it has had a slot */
  Slot *slot;              /* NULL while it waits and when it is given back */
  char *peer;              /* as the module's recovery calls it */
  Ending ending;           /* known from the moment of the end, shown when closed */

  Sender *sender;
  Inbox *inbox;
  StreamRelay *relay; /* NULL for none */
  guint64 bytes_received;

  Timer patience; /* with a network that is not there */
  IdleWatch idle;
  Timer linger;
  gboolean owner_gone;
  gboolean release_wanted;
  gboolean released;
};

/** It ends for this cause, unless there is one already. */
void connection_end_for (Connection *self, CloseReason reason);
void connection_end_with_error (Connection *self, const GError *error);

void connection_emit_changed (Connection *self);
gboolean connection_is_datagram (const Connection *self);

/** connection-data.c: what the sender and the slot tell. */
extern const SenderListener connection_sender_listener;
void connection_handle_received (GBytes *data, gpointer user_data);
