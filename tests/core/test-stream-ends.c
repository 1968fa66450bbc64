/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * How a stream ends: by the client, by the server, by the module, and in every order of them.
 */
#include <check.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "stream.h"

/* -- the ends -- */

START_TEST (half_closed_goes_on_receiving)
{
  g_autoptr (Stream) stream = stream_new ();

  stream_write (stream, 3000);
  shutdown (stream->fd, SHUT_WR);
  stream_confirm_all (stream);
  ck_assert_uint_eq (stream_get_statistics (stream).bytes_confirmed, 3000);
  ck_assert_int_eq (stream_get_state (stream), CONNECTION_CONNECTED);
  stream_tell_received (stream, 1000);
  stream_read (stream);
  ck_assert_uint_eq (stream->read, 1000);
  stream_tell_closed (stream);
  watch_expect_end (stream->watch, CLOSE_REASON_SERVER_CLOSED, 0);
  stream_read (stream);
  ck_assert (stream->saw_end && !stream->saw_reset);
}
END_TEST

START_TEST (half_closed_then_closed)
{
  g_autoptr (Stream) stream = stream_new ();

  stream_write (stream, 10);
  shutdown (stream->fd, SHUT_WR);
  stream_confirm_all (stream);
  stream_hang_up (stream);
  stream_finish (stream, FAKE_CLOSE);
  watch_expect_end (stream->watch, CLOSE_REASON_REQUESTED, 0);
  ck_assert_uint_eq (stream_get_statistics (stream).bytes_confirmed, 10);
}
END_TEST

START_TEST (closed_by_the_client_all_is_sent_first)
{
  g_autoptr (Stream) stream = stream_new ();

  stream_tell_received (stream, 10); /* it does not read: its close resets */
  stream_write (stream, 3000);
  stream_hang_up (stream);
  ck_assert_int_eq (stream_get_state (stream), CONNECTION_CONNECTED);
  stream_tell_received (stream, 20);
  stream_confirm_all (stream);
  ck_assert_int_eq (stream_get_state (stream), CONNECTION_CLOSING);
  stream_finish (stream, FAKE_CLOSE);
  watch_expect_end (stream->watch, CLOSE_REASON_REQUESTED, 0);
  ck_assert_uint_eq (stream_get_statistics (stream).bytes_confirmed, 3000);
  stream_check_sent (stream);
  ck_assert_uint_eq (stream_get_statistics (stream).bytes_received, 30);
  ck_assert_uint_eq (stream_get_statistics (stream).bytes_delivered, 10);
}
END_TEST

START_TEST (send_that_fails_ends_the_stream)
{
  g_autoptr (Stream) stream = stream_new ();

  stream_write (stream, 3000);
  fake_port_settle ();
  stream_finish (stream, FAKE_SEND);
  fake_port_finish (stream->world->port, FAKE_SEND, 0, CLOSE_REASON_MODULE_ERROR);
  fake_port_settle ();
  stream_finish (stream, FAKE_CLOSE);
  watch_expect_end (stream->watch, CLOSE_REASON_MODULE_ERROR, -1);
  ck_assert_uint_eq (stream_get_statistics (stream).bytes_confirmed, 1024);
  ck_assert_uint_eq (stream->world->port->calls[FAKE_SEND], 2);
  stream_read (stream);
  ck_assert (stream->saw_reset); /* 952 bytes were not taken */
}
END_TEST

START_TEST (owner_leaves_and_the_stream_stays)
{
  g_autoptr (Stream) stream = stream_new ();

  connection_owner_left (stream->watch->connection);
  stream_write (stream, 5);
  stream_confirm_all (stream);
  ck_assert_uint_eq (stream_get_statistics (stream).bytes_confirmed, 5);
  stream_hang_up (stream);
  stream_finish (stream, FAKE_CLOSE);
  watch_expect_end (stream->watch, CLOSE_REASON_REQUESTED, 0);
  ck_assert_uint_eq (stream->watch->released, 0);
  world_advance (stream->world, CONNECTION_LINGER_MS);
  ck_assert_uint_eq (stream->watch->released, 1);
}
END_TEST

START_TEST (released_by_the_owner)
{
  g_autoptr (Stream) stream = stream_new ();

  while (stream_get_statistics (stream).buffered_bytes == 0)
    stream_tell_received (stream, STREAM_BLOCK_BYTES);
  connection_release (stream->watch->connection);
  stream_finish (stream, FAKE_CLOSE);
  watch_expect_end (stream->watch, CLOSE_REASON_REQUESTED, 0);
  ck_assert_uint_eq (stream->watch->released, 1);
  stream_read (stream);
  ck_assert (stream->saw_end);
}
END_TEST

/* -- every order of them -- */

static void
order_write (Stream *self)
{
  if (self->fd >= 0)
    stream_write (self, 1500);
}

static void
order_shutdown (Stream *self)
{
  if (self->fd >= 0)
    shutdown (self->fd, SHUT_WR);
}

static void
order_client_close (Stream *self)
{
  if (self->fd >= 0)
    stream_hang_up (self);
}

static void
order_read (Stream *self)
{
  if (self->fd >= 0)
    stream_read (self);
}

static gboolean
is_open (Stream *self)
{
  g_autoptr (GArray) holders = module_list_holders (self->world->module);

  return holders->len > 0 && !fake_port_is_pending (self->world->port, FAKE_CLOSE, 0);
}

static void
order_receive (Stream *self)
{
  if (is_open (self) && stream_get_state (self) == CONNECTION_CONNECTED)
    stream_tell_received (self, STREAM_BLOCK_BYTES);
}

static void
order_fill (Stream *self)
{
  while (is_open (self) && stream_get_state (self) == CONNECTION_CONNECTED && self->fd >= 0
         && stream_get_statistics (self).buffered_bytes < 2 * STREAM_BLOCK_BYTES)
    stream_tell_received (self, STREAM_BLOCK_BYTES);
}

static void
order_server_close (Stream *self)
{
  if (is_open (self) && !fake_port_is_pending (self->world->port, FAKE_SEND, 0))
    stream_tell_closed (self);
}

static void
order_lost (Stream *self)
{
  if (self->world->port->driver != NULL)
    fake_port_tell_lost (self->world->port, "in this order");
}

static void
order_confirm (Stream *self)
{
  stream_finish (self, FAKE_SEND);
}

static void
order_bus_close (Stream *self)
{
  connection_close (self->watch->connection, CLOSE_REASON_REQUESTED);
}

static void
order_owner_left (Stream *self)
{
  connection_owner_left (self->watch->connection);
}

static void (*const orders[]) (Stream *self) = {
  order_write,        order_shutdown, order_client_close, order_read,      order_receive,    order_fill,
  order_server_close, order_lost,     order_confirm,      order_bus_close, order_owner_left,
};

#define N_ORDERS (sizeof orders / sizeof orders[0])
#define DEPTH 3
#define FULL_DEPTH 4

/* The client reads to the end and goes; what waits is confirmed; then there is one Closed, and all adds up.
 */
static void
bring_to_an_end (Stream *self)
{
  guint64 accepted;

  fake_port_settle ();
  for (guint i = 0; i < 3; i++) {
    order_read (self);
    stream_confirm_all (self);
    stream_finish (self, FAKE_CLOSE);
  }
  ck_assert (self->watch->closed == 1 || !(self->saw_end || self->saw_reset));
  if (self->fd >= 0 && self->watch->closed == 1) {
    order_read (self);
    ck_assert (self->saw_end || self->saw_reset);
  }
  accepted = stream_get_statistics (self).bytes_delivered + stream_get_statistics (self).buffered_bytes;
  if (self->fd >= 0)
    ck_assert_uint_eq (self->read, accepted);
  order_client_close (self);
  stream_confirm_all (self);
  stream_finish (self, FAKE_CLOSE);
  ck_assert_uint_eq (self->watch->closed, 1);
  ck_assert_uint_le (self->read, stream_get_statistics (self).bytes_received);
  stream_check_sent (self);
  watch_expect_slot_free (self->world);
}

/* The same world again, because making one takes longer than all else. */
static void
begin_again (Stream *self)
{
  World *world = self->world;

  connection_release (self->watch->connection);
  if (self->fd >= 0)
    stream_hang_up (self);
  for (guint i = 0; i < 20 && module_get_state (world->module) != MODULE_READY; i++) {
    world_advance (world, MODULE_RETRY_LAST_MS);
    stream_finish (self, FAKE_START);
  }
  watch_free (self->watch);
  g_byte_array_set_size (world->port->sent, 0);
  g_byte_array_set_size (self->wrote, 0);
  *self = (Stream){ world, watch_connect (world, NULL), -1, self->wrote };
  stream_acquire (self);
  connection_start_stream (self->watch->connection);
}

static void
be_quiet (const char *domain, GLogLevelFlags level, const char *message, gpointer user_data)
{
}

START_TEST (every_order)
{
  guint depth = g_getenv ("MODEMSSL_FULL") != NULL ? FULL_DEPTH : DEPTH;
  g_autoptr (Stream) stream = stream_new ();
  gsize end = 1;

  g_log_set_handler (NULL, G_LOG_LEVEL_MESSAGE, be_quiet, NULL);
  for (guint i = 0; i < depth; i++)
    end *= N_ORDERS;
  for (gsize number = 0; number < end; number++) {
    gsize rest = number;

    stream_write (stream, 2000);
    stream_tell_received (stream, 300);
    for (guint i = 0; i < depth; i++, rest /= N_ORDERS) {
      orders[rest % N_ORDERS](stream);
      fake_port_settle ();
    }
    bring_to_an_end (stream);
    begin_again (stream);
  }
}
END_TEST

static TCase *
make_tests (void)
{
  TCase *tcase = tcase_create ("end");

  tcase_set_timeout (tcase, 60);
  tcase_add_test (tcase, half_closed_goes_on_receiving);
  tcase_add_test (tcase, half_closed_then_closed);
  tcase_add_test (tcase, closed_by_the_client_all_is_sent_first);
  tcase_add_test (tcase, send_that_fails_ends_the_stream);
  tcase_add_test (tcase, owner_leaves_and_the_stream_stays);
  tcase_add_test (tcase, released_by_the_owner);
  tcase_add_test (tcase, every_order);
  return tcase;
}

int
main (void)
{
  Suite *suite = suite_create ("stream-ends");
  SRunner *runner = srunner_create (suite);
  int failed;

  suite_add_tcase (suite, make_tests ());
  srunner_run_all (runner, CK_ENV);
  failed = srunner_ntests_failed (runner);
  srunner_free (runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
