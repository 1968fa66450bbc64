/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the files of a connection share. Only connection*.c may include this.
 */
#pragma once

#include "connection-record.h"
#include "connection.h"
#include "ending.h"
#include "idle-watch.h"
#include "sender.h"
#include "stream-relay.h"

struct _Connection {
  GObject parent_instance;

  ConnectionConfig config;
  TimerClock *clock;
  ConnectionTimes times;
  ModuleAdoption adoption; /* while it resumes; it owns its past */
  ConnectionState state;
  Scheduler *scheduler;
  SchedulerTicket *ticket; /* NULL after the end */
  Module *module;          /* NULL until it has had a slot */
  Slot *slot;              /* NULL while it waits and when it is given back */
  char *peer;              /* as the module's recovery calls it */
  Ending ending;           /* known from the moment of the end, shown when closed */

  Sender *sender;
  ConnectionJournal *journal; /* NULL when nobody goes on with it after us */
  Inbox *inbox;
  StreamRelay *relay; /* NULL for none */
  guint64 bytes_received;

  Timer patience; /* with a network or a module that is not there */
  IdleWatch idle;
  Timer linger;
  gboolean owner_gone;
  gboolean release_wanted;
  gboolean released;
  gboolean left; /* to our successor */
};

/** It ends for this cause, unless there is one already. */
void connection_end_for (Connection *self, CloseReason reason);
void connection_end_with_error (Connection *self, const GError *error);

void connection_emit_changed (Connection *self);
gboolean connection_is_datagram (const Connection *self);

/** The only writer of the state. Forward only; the same state again is nothing. */
void connection_set_state (Connection *self, ConnectionState state);

/** Without a slot and a ticket. @config: copied. */
Connection *connection_make (const ConnectionConfig *config, const ConnectionTimes *times,
                             Scheduler *scheduler, TimerClock *clock);

/** What the scheduler and the slot tell. */
extern const SchedulerListener connection_scheduler_listener;

/** connection-resume.c: begins a journal for a connection that persists; nobody goes on with it from now on;
 * it has been left and is not ours any more; it resumes; its module has not come. */
void connection_begin_journal (Connection *self);
void connection_end_journal (Connection *self);
void connection_take_leave (Connection *self);
void connection_handle_resumed (gsize confirmed, gpointer user_data);
gboolean connection_is_resuming (Connection *self);
void connection_give_up_resuming (Connection *self);

/** connection-data.c: what the sender and the slot tell. */
extern const SenderListener connection_sender_listener;
void connection_handle_received (GBytes *data, gpointer user_data);
