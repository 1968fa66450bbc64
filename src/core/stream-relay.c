/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The socket is read only when the sender asks, so that what the module cannot take yet stays with the
 * kernel.
 */
#include "stream-relay.h"

#include "stream-socket.h"

struct StreamRelay {
  Inbox *inbox;
  Sender *sender;
  const StreamRelayListener *listener;
  gpointer user_data;

  StreamSocket *socket;
  GIOCondition watched;
  gboolean started;
  gboolean hung_up; /* nobody has the client's end */
  gboolean done;    /* and all that it held was read and confirmed */
  gboolean refused; /* what it holds cannot be sent */
};

static void
watch (StreamRelay *self, GIOCondition condition, gboolean wanted)
{
  GIOCondition watched = wanted ? self->watched | condition : self->watched & ~condition;

  if (watched == self->watched)
    return;

  self->watched = watched;
  stream_socket_watch (self->socket, watched);
}

/* A SenderFeedFunc: runs when all before is confirmed. */
static GBytes *
feed (gsize max_bytes, gpointer user_data)
{
  StreamRelay *self = user_data;
  GBytes *piece = NULL;

  switch (stream_socket_read (self->socket, max_bytes, &piece)) {
  case STREAM_SOCKET_DATA:
    break;
  case STREAM_SOCKET_NOTHING:
    watch (self, G_IO_IN, TRUE);
    break;
  case STREAM_SOCKET_END:
    self->done = self->hung_up;
    break;
  case STREAM_SOCKET_BAD_SIZE:
    self->refused = TRUE;
    break;
  }
  if (self->done || self->refused)
    stream_socket_wake (self->socket);
  return piece;
}

/* An InboxOutletFunc. */
static gssize
pour (const struct iovec *parts, guint n_parts, gsize size, gpointer user_data)
{
  StreamRelay *self = user_data;
  gssize taken = stream_socket_write (self->socket, parts, n_parts);

  watch (self, G_IO_OUT, taken >= 0 && (gsize) taken < size);
  return taken;
}

/* Each is told once. */
static void
tell (StreamRelay *self)
{
  gboolean refused = self->refused;

  self->refused = self->done = FALSE;
  if (self->hung_up)
    stream_socket_wake (self->socket);
  if (refused)
    self->listener->refused (self->user_data);
  else
    self->listener->done (self->user_data);
}

/* What may free the relay comes last. */
static void
on_socket (GIOCondition condition, gpointer user_data)
{
  StreamRelay *self = user_data;

  if ((condition & G_IO_HUP) != 0)
    self->hung_up = TRUE;
  if (self->refused || self->done) {
    tell (self);
    return;
  }
  if ((condition & (G_IO_IN | G_IO_HUP)) != 0) {
    watch (self, G_IO_IN, FALSE);
    sender_pull (self->sender);
  }
  if (self->hung_up)
    inbox_close_outlet (self->inbox);
  else if ((condition & G_IO_OUT) != 0)
    inbox_pour (self->inbox);
}

StreamRelay *
stream_relay_new (Inbox *inbox, Sender *sender, gboolean datagrams, const StreamRelayListener *listener,
                  gpointer user_data, int *ret_client_fd, GError **error)
{
  StreamRelay *self;
  StreamSocket *socket;

  if (!inbox_check_mode (inbox, RECEIVE_MODE_STREAM, error))
    return NULL;

  self = g_new0 (StreamRelay, 1);
  socket = stream_socket_new (datagrams, on_socket, self, ret_client_fd, error);
  if (socket == NULL) {
    g_free (self);
    return NULL;
  }
  self->inbox = inbox;
  self->sender = sender;
  self->listener = listener;
  self->user_data = user_data;
  self->socket = socket;
  inbox_open_outlet (inbox, pour, self);
  return self;
}

gboolean
stream_relay_is_started (const StreamRelay *self)
{
  return self->started;
}

gboolean
stream_relay_is_held (const StreamRelay *self)
{
  return !stream_socket_is_hung_up (self->socket);
}

void
stream_relay_start (StreamRelay *self)
{
  self->started = TRUE;
  stream_socket_watch (self->socket, 0); /* the hang-up */
  sender_set_feed (self->sender, feed, self);
  sender_pull (self->sender);
  inbox_pour (self->inbox);
}

void
stream_relay_free (StreamRelay *self)
{
  sender_set_feed (self->sender, NULL, NULL);
  if (self->started)
    inbox_close_outlet (self->inbox);
  else
    inbox_withdraw_outlet (self->inbox);
  stream_socket_free (self->socket);
  g_free (self);
}
