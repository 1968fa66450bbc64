/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See holder-relay.h. A daemon that is gone is noticed by whoever reads the link.
 */
#include "holder-relay.h"

#include "holder-message.h"

#define CHUNK_MAX_BYTES (16 * 1024)

typedef enum { SENT, BLOCKED, FAILED } Outcome;

struct HolderRelay {
  HolderLog *log;
  GSocket *link;   /* NULL while nobody is attached */
  GSource *source; /* while the link is full */
  guint64 passed;  /* the position behind what the daemon has got */
  gboolean watched;
  gboolean ending;  /* it will be no more when all is passed on */
  guint unanswered; /* ends that the daemon has not been told of */
};

static void
clear_source (HolderRelay *self)
{
  if (self->source != NULL)
    g_source_destroy (self->source);
  g_clear_pointer (&self->source, g_source_unref);
}

static Outcome
say (HolderRelay *self, HolderMessageType type, GBytes *data)
{
  g_autoptr (GError) error = NULL;

  if (holder_message_send (self->link, type, data, -1, &error))
    return SENT;
  return g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK) ? BLOCKED : FAILED;
}

static Outcome
pass_on (HolderRelay *self)
{
  while (self->passed < holder_log_get_end (self->log)) {
    g_autoptr (GBytes) chunk = holder_log_copy (self->log, self->passed, CHUNK_MAX_BYTES);
    Outcome outcome = say (self, HOLDER_MESSAGE_RECEIVED, chunk);

    if (outcome != SENT)
      return outcome;
    self->passed += g_bytes_get_size (chunk);
  }
  return SENT;
}

static Outcome
answer (HolderRelay *self)
{
  for (; self->unanswered > 0; self->unanswered--) {
    Outcome outcome = say (self, HOLDER_MESSAGE_UNWATCHED, NULL);

    if (outcome != SENT)
      return outcome;
  }
  return SENT;
}

static Outcome
run (HolderRelay *self)
{
  Outcome outcome = pass_on (self);

  if (outcome == SENT)
    outcome = answer (self);
  if (outcome == SENT && self->ending)
    holder_relay_reset (self);
  return outcome;
}

static gboolean
on_writable (GSocket *socket, GIOCondition condition, gpointer user_data)
{
  HolderRelay *self = user_data;

  if (run (self) == BLOCKED)
    return G_SOURCE_CONTINUE;
  g_clear_pointer (&self->source, g_source_unref);
  return G_SOURCE_REMOVE;
}

void
holder_relay_run (HolderRelay *self)
{
  if (self->link == NULL || self->source != NULL || run (self) != BLOCKED)
    return;
  self->source = g_socket_create_source (self->link, G_IO_OUT, NULL);
  g_source_set_callback (self->source, G_SOURCE_FUNC (on_writable), self, NULL);
  g_source_attach (self->source, g_main_context_get_thread_default ());
}

void
holder_relay_watch (HolderRelay *self)
{
  self->watched = TRUE;
  self->ending = FALSE;
}

void
holder_relay_unwatch (HolderRelay *self)
{
  self->ending = self->watched;
  self->unanswered++;
  holder_relay_run (self);
}

void
holder_relay_take (HolderRelay *self, guint64 position)
{
  if (self->watched)
    holder_log_drop (self->log, MIN (position, self->passed));
}

void
holder_relay_reset (HolderRelay *self)
{
  if (self->watched)
    holder_log_drop (self->log, self->passed);
  self->watched = FALSE;
  self->ending = FALSE;
}

gboolean
holder_relay_is_watched (HolderRelay *self)
{
  return self->watched;
}

gboolean
holder_relay_is_reading (HolderRelay *self)
{
  return self->watched && !self->ending;
}

void
holder_relay_attach (HolderRelay *self, GSocket *link)
{
  holder_relay_detach (self);
  self->link = g_object_ref (link);
  self->passed = holder_log_get_end (self->log);
}

void
holder_relay_detach (HolderRelay *self)
{
  clear_source (self);
  g_clear_object (&self->link);
  self->ending = FALSE;
  self->unanswered = 0;
}

HolderRelay *
holder_relay_new (HolderLog *log)
{
  HolderRelay *self = g_new0 (HolderRelay, 1);

  self->log = log;
  return self;
}

void
holder_relay_free (HolderRelay *self)
{
  holder_relay_detach (self);
  g_free (self);
}
