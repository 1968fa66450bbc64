/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * How a connection outlives the daemon: what is noted of it, what of it is left to the next life, and how
 * that goes on.
 */
#include "connection-private.h"

/* How long its module may take to be found again; whoever keeps the port does not wait longer. */
#define RESUME_MS 60000

void
connection_begin_journal (Connection *self)
{
  if (!self->config.persist || connection_get_receive_mode (self) == RECEIVE_MODE_SIGNALS)
    return;

  self->journal = connection_journal_new (
      connection_record_save (&self->config, module_get_name (self->module), &self->times));
}

void
connection_end_journal (Connection *self)
{
  g_autoptr (ConnectionJournal) journal = g_steal_pointer (&self->journal);

  if (journal != NULL)
    connection_journal_end (journal);
}

/* -- left to the next life --------------------------------------------------------------------------- */

gboolean
connection_leave (Connection *self)
{
  self->left = self->state >= CONNECTION_RESUMING && self->state <= CONNECTION_CONNECTED
               && (connection_is_resuming (self)
                   || (self->journal != NULL && connection_journal_is_kept (self->journal)));
  return self->left;
}

/* Nobody may take this for the end of it. */
void
connection_take_leave (Connection *self)
{
  sender_end (self->sender, "The daemon is ending; ask the next one.");
  inbox_refuse (self->inbox);
}

gboolean
connection_is_left (Connection *self)
{
  return self->left;
}

/* -- gone on with ------------------------------------------------------------------------------------ */

gboolean
connection_is_resuming (Connection *self)
{
  return self->adoption.past != NULL;
}

static void
forget_past (Connection *self)
{
  connection_journal_past_free ((ConnectionJournalPast *) g_steal_pointer (&self->adoption.past));
}

void
connection_handle_resumed (gsize confirmed, gpointer user_data)
{
  Connection *self = user_data;

  timer_clear (&self->patience);
  sender_restore (self->sender, confirmed);
  sender_begin (self->sender, self->slot);
  idle_watch_start (&self->idle);
  forget_past (self);
  if (connection_get_receive_mode (self) == RECEIVE_MODE_SIGNALS)
    connection_end_journal (self);
  connection_set_state (self, CONNECTION_CONNECTED);
}

void
connection_give_up_resuming (Connection *self)
{
  g_autoptr (GError) error = module_error_new (
      CLOSE_REASON_MODULE_LOST, 0, "The daemon was restarted, and the module was not found again in time");

  connection_end_with_error (self, error);
}

/* Takes @past. */
static Connection *
resume (const ConnectionConfig *config, const ConnectionTimes *times, const char *device, guint slot,
        ConnectionJournal *journal, ConnectionJournalPast *past, Scheduler *scheduler, TimerClock *clock)
{
  const SchedulerRequest request = { config->number, config->module, config->priority, 0,
                                     config->max_hold_s };
  Connection *self = connection_make (config, times, scheduler, clock);
  gint64 held_us = timer_clock_get_now_us (clock) - times->granted_us;
  gboolean fits;

  self->journal = connection_journal_ref (journal);
  self->adoption = (ModuleAdoption){ config->settings, journal, past };
  self->state = CONNECTION_RESUMING;
  self->bytes_received = past->received;
  fits = inbox_restore (self->inbox, past->received, past->pieces);
  sender_restore (self->sender, past->confirmed);
  context_begin_use (self->config.context);
  timer_set (&self->patience, RESUME_MS);
  self->ticket = scheduler_resume (scheduler, &request, device, slot, &self->adoption,
                                   (guint64) MAX (held_us, 0) / 1000, &connection_scheduler_listener, self);
  if (!fits) /* as the former life was about to say */
    connection_end_for (self, CLOSE_REASON_OVERFLOW);
  return self;
}

Connection *
connection_resume (const char *device, guint slot, int fd, ContextStore *contexts, Scheduler *scheduler,
                   TimerClock *clock, GError **error)
{
  g_autoptr (ConnectionJournalPast) past = NULL;
  g_autoptr (ConnectionJournal) journal = connection_journal_resume (fd, &past, error);
  ConnectionConfig config;
  ConnectionTimes times;

  if (journal == NULL)
    return NULL;
  if (!connection_record_load (past->facts, contexts, &config, &times, error)) {
    connection_journal_end (journal);
    return NULL;
  }

  return resume (&config, &times, device, slot, journal, g_steal_pointer (&past), scheduler, clock);
}
