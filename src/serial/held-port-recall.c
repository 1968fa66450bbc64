/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The one question to the holder that is waited for, at the start of the daemon.
 */
#include "held-port.h"

#include <unistd.h>

#include "holder-message.h"
#include "timer.h"

void
held_port_journal_free (HeldJournal *self)
{
  if (self->fd >= 0)
    close (self->fd);
  g_free (self->device);
  g_free (self);
}

static GSocket *
ask (const char *socket_path, GError **error)
{
  g_autoptr (GSocket) socket = holder_message_connect (socket_path, error);

  if (socket == NULL || !holder_message_send (socket, HOLDER_MESSAGE_RECALL, NULL, -1, error))
    return NULL;
  return g_steal_pointer (&socket);
}

static gboolean
wait_for_message (GSocket *socket, gint64 deadline_us, HolderMessage *ret_message, GError **error)
{
  TimerClock *clock = timer_clock_get_system ();

  for (;;) {
    g_autoptr (GError) none = NULL;
    gint64 left_us = deadline_us - timer_clock_get_now_us (clock);

    if (holder_message_receive (socket, ret_message, &none))
      return TRUE;
    if (!g_error_matches (none, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK)) {
      g_propagate_error (error, g_steal_pointer (&none));
      return FALSE;
    }
    if (!g_socket_condition_timed_wait (socket, G_IO_IN, MAX (left_us, 0), NULL, error))
      return FALSE;
  }
}

/** NULL when the message makes no sense. */
static HeldJournal *
take_journal (HolderMessage *message)
{
  g_autoptr (GVariant) value = message->type == HOLDER_MESSAGE_JOURNAL
                                   ? holder_message_get_value (message, HOLDER_MESSAGE_JOURNAL_TYPE)
                                   : NULL;
  HeldJournal *journal;

  if (value == NULL || message->fd < 0)
    return NULL;
  journal = g_new0 (HeldJournal, 1);
  g_variant_get (value, "(su)", &journal->device, &journal->slot);
  journal->fd = g_steal_fd (&message->fd);
  return journal;
}

/** FALSE for another message. */
static gboolean
take_notes (const HolderMessage *message, GStrv *ret_notes)
{
  g_autoptr (GVariant) value = message->type == HOLDER_MESSAGE_RECALLED
                                   ? holder_message_get_value (message, HOLDER_MESSAGE_RECALLED_TYPE)
                                   : NULL;

  if (value == NULL)
    return FALSE;
  g_variant_get (value, "(^as)", ret_notes);
  return TRUE;
}

GPtrArray *
held_port_recall (const char *socket_path, guint timeout_ms, GStrv *ret_notes, GError **error)
{
  gint64 deadline_us = timer_clock_get_now_us (timer_clock_get_system ()) + (gint64) timeout_ms * 1000;
  g_autoptr (GPtrArray) journals = g_ptr_array_new_with_free_func ((GDestroyNotify) held_port_journal_free);
  g_autoptr (GError) reason = NULL;
  g_autoptr (GSocket) socket = ask (socket_path, &reason);

  if (socket == NULL) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED,
                 "the holder of the ports at %s cannot be reached: %s", socket_path, reason->message);
    return NULL;
  }
  for (;;) {
    g_auto (HolderMessage) message = { .fd = -1 };
    HeldJournal *journal;

    if (!wait_for_message (socket, deadline_us, &message, error))
      return NULL;
    if (take_notes (&message, ret_notes))
      return g_steal_pointer (&journals);
    journal = take_journal (&message);
    if (journal == NULL) {
      g_propagate_error (error, holder_message_make_error (&message));
      return NULL;
    }
    g_ptr_array_add (journals, journal);
  }
}
