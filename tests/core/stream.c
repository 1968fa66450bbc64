/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A world, a connection, and the client's end of its socket.
 */
#include "stream.h"

#include <check.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

guint8
stream_get_byte (guint64 i)
{
  return i * 7 + i / 251;
}

static void
use_datagrams (World *world)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) settings =
      g_variant_ref_sink (g_variant_new_parsed ("{'authentication': <'none'>, 'protocol': <'dtls'>}"));
  Context *context = context_store_create (world->contexts, "datagrams", settings, 0, &error);

  ck_assert_ptr_nonnull (context);
  g_set_object (&world->context, context);
}

Stream *
stream_new_with (gboolean datagrams, const char *options)
{
  Stream *self = g_new0 (Stream, 1);

  self->world = world_new (TRUE);
  if (datagrams)
    use_datagrams (self->world);
  world_make_ready (self->world);
  self->watch = watch_connect (self->world, options);
  self->wrote = g_byte_array_new ();
  self->fd = -1;
  return self;
}

void
stream_acquire (Stream *self)
{
  ck_assert (connection_acquire_stream (self->watch->connection, &self->fd, NULL));
}

Stream *
stream_new (void)
{
  Stream *self = stream_new_with (FALSE, NULL);

  stream_acquire (self);
  connection_start_stream (self->watch->connection);
  return self;
}

Stream *
stream_new_datagrams (void)
{
  Stream *self = stream_new_with (TRUE, NULL);

  stream_acquire (self);
  connection_start_stream (self->watch->connection);
  return self;
}

void
stream_free (Stream *self)
{
  if (self->fd >= 0)
    close (self->fd);
  watch_free (self->watch);
  world_free (self->world);
  g_byte_array_unref (self->wrote);
  g_free (self);
}

gsize
stream_write (Stream *self, gsize size)
{
  g_autofree guint8 *data = g_malloc (size + 1);
  gssize written;

  for (gsize i = 0; i < size; i++)
    data[i] = stream_get_byte (self->wrote->len + i);
  written = send (self->fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (written <= 0)
    return 0;
  g_byte_array_append (self->wrote, data, written);
  return written;
}

void
stream_read (Stream *self)
{
  guint8 data[65536];
  gssize size;
  guint wrong = 0;

  while ((size = recv (self->fd, data, sizeof data, MSG_DONTWAIT)) > 0) {
    for (gssize i = 0; i < size; i++)
      wrong += data[i] != stream_get_byte (self->read + i);
    self->read += size;
    fake_port_settle ();
  }
  ck_assert_uint_eq (wrong, 0); /* once: each one costs a write */
  if (size == 0)
    self->saw_end = TRUE;
  else if (errno == ECONNRESET)
    self->saw_reset = TRUE;
  else
    ck_assert_int_eq (errno, EAGAIN);
}

void
stream_hang_up (Stream *self)
{
  close (self->fd);
  self->fd = -1;
  fake_port_settle ();
}

void
stream_tell_received (Stream *self, gsize size)
{
  g_autofree guint8 *data = g_malloc (size);

  for (gsize i = 0; i < size; i++)
    data[i] = stream_get_byte (self->told + i);
  self->told += size;
  fake_port_tell_received (self->world->port, 0, data, size);
}

void
stream_tell_closed (Stream *self)
{
  fake_port_tell_closed (self->world->port, 0, CLOSE_REASON_SERVER_CLOSED, 0);
  fake_port_settle ();
}

void
stream_finish (Stream *self, FakeOperation operation)
{
  if (fake_port_is_pending (self->world->port, operation, 0))
    fake_port_finish (self->world->port, operation, 0, CLOSE_REASON_NONE);
  fake_port_settle ();
}

void
stream_confirm_all (Stream *self)
{
  fake_port_settle ();
  while (fake_port_is_pending (self->world->port, FAKE_SEND, 0))
    stream_finish (self, FAKE_SEND);
}

void
stream_check_sent (Stream *self)
{
  const GByteArray *sent = self->world->port->sent;

  ck_assert_uint_le (sent->len, self->wrote->len);
  ck_assert (sent->len == 0 || memcmp (sent->data, self->wrote->data, sent->len) == 0);
}

ConnectionStatistics
stream_get_statistics (Stream *self)
{
  return watch_get_statistics (self->watch);
}

ConnectionState
stream_get_state (Stream *self)
{
  return connection_get_state (self->watch->connection);
}
