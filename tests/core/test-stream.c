/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The stream of a connection, with a real socket and a fake module: back-pressure, datagrams, who may have it
 * when, and that a step taken back leaves no trace.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "mssl-error.h"
#include "stream.h"

/* -- data -- */

START_TEST (both_ways)
{
  g_autoptr (Stream) stream = stream_new ();

  ck_assert_int_eq (connection_get_receive_mode (stream->watch->connection), RECEIVE_MODE_STREAM);
  stream_write (stream, 2500);
  stream_tell_received (stream, 10);
  fake_port_settle ();
  ck_assert_uint_eq (stream->world->port->last_send_bytes, 1024);
  ck_assert_uint_eq (stream_get_statistics (stream).bytes_sent, 1024);
  ck_assert_uint_eq (stream_get_statistics (stream).bytes_confirmed, 0);
  stream_confirm_all (stream);
  ck_assert_uint_eq (stream_get_statistics (stream).bytes_confirmed, 2500);
  ck_assert_uint_eq (stream->world->port->calls[FAKE_SEND], 3);
  stream_read (stream);
  ck_assert_uint_eq (stream->read, 10);
  ck_assert_uint_eq (stream_get_statistics (stream).bytes_delivered, 10);
  stream_check_sent (stream);
}
END_TEST

START_TEST (what_came_before_comes_first)
{
  g_autoptr (Stream) stream = stream_new_with (FALSE, NULL);
  g_auto (WatchSend) sent = { 0 };

  stream_tell_received (stream, 3000);
  watch_send (stream->watch, 5, &sent);
  stream_acquire (stream);
  stream_tell_received (stream, 500);
  stream_write (stream, 10);
  fake_port_settle ();
  /* Not before the client is known to have it. */
  stream_read (stream);
  ck_assert_uint_eq (stream->read, 0);
  connection_start_stream (stream->watch->connection);
  stream_tell_received (stream, 7);
  stream_read (stream);
  ck_assert_uint_eq (stream->read, 3507);
  ck_assert_uint_eq (stream->world->port->last_send_bytes, 5);
  stream_confirm_all (stream);
  ck_assert_uint_eq (sent.answers, 1);
  ck_assert_uint_eq (stream->world->port->last_send_bytes, 10);
}
END_TEST

/* One piece is under way; the rest lies with the kernel, and the client is held back. */
START_TEST (a_writer_is_held_back)
{
  g_autoptr (Stream) stream = stream_new ();
  gsize before = 0;

  fake_port_settle ();
  while (stream_write (stream, 65536) > 0)
    fake_port_settle ();
  ck_assert_uint_eq (stream_get_statistics (stream).bytes_sent, 1024);
  before = stream->wrote->len;
  stream_confirm_all (stream);
  ck_assert_uint_eq (stream_get_statistics (stream).bytes_confirmed, before);
  ck_assert_uint_gt (stream_write (stream, 1), 0);
  stream_confirm_all (stream);
  stream_check_sent (stream);
  ck_assert_uint_eq (stream->world->port->sent->len, before + 1);
}
END_TEST

START_TEST (a_writer_of_single_bytes)
{
  g_autoptr (Stream) stream = stream_new ();

  for (guint i = 0; i < 3000; i++) {
    stream_write (stream, 1);
    fake_port_settle ();
    if (i % 100 == 99)
      stream_finish (stream, FAKE_SEND);
  }
  stream_confirm_all (stream);
  stream_check_sent (stream);
  ck_assert_uint_eq (stream->world->port->sent->len, 3000);
  /* What comes while the module is busy goes together. */
  ck_assert_uint_le (stream->world->port->calls[FAKE_SEND], 40);
}
END_TEST

/* The kernel's buffer first, then ours; a reader that wakes up gets all of it. */
START_TEST (a_reader_that_is_slow)
{
  g_autoptr (Stream) stream = stream_new ();

  while (stream_get_statistics (stream).buffered_bytes < 100000)
    stream_tell_received (stream, STREAM_BLOCK_BYTES);
  ck_assert_uint_eq (stream_get_statistics (stream).bytes_delivered
                         + stream_get_statistics (stream).buffered_bytes,
                     stream->told);
  stream_read (stream);
  ck_assert_uint_eq (stream->read, stream->told);
  ck_assert_uint_eq (stream_get_statistics (stream).buffered_bytes, 0);
}
END_TEST

static void
overflow (Stream *self)
{
  while (stream_get_state (self) == CONNECTION_CONNECTED)
    stream_tell_received (self, STREAM_BLOCK_BYTES);
}

START_TEST (bug_07_a_reader_that_never_reads)
{
  g_autoptr (Stream) stream = stream_new ();

  overflow (stream);
  stream_finish (stream, FAKE_CLOSE);
  ck_assert_uint_eq (stream->watch->closed, 0);
  stream_read (stream);
  fake_port_settle ();
  watch_expect_end (stream->watch, CLOSE_REASON_OVERFLOW, 0);
  stream_read (stream);
  ck_assert (stream->saw_end);
  /* All but the last, which had no room; and no hole. */
  ck_assert_uint_eq (stream->read, stream->told - STREAM_BLOCK_BYTES);
}
END_TEST

START_TEST (a_reader_that_is_still_for_60_s_after_the_end)
{
  g_autoptr (Stream) stream = stream_new ();

  while (stream_get_statistics (stream).buffered_bytes < 1000)
    stream_tell_received (stream, STREAM_BLOCK_BYTES);
  stream_tell_closed (stream);
  ck_assert (module_has_free_slot (stream->world->module));
  world_advance (stream->world, INBOX_PATIENCE_MS - 1);
  ck_assert_uint_eq (stream->watch->closed, 0);
  world_advance (stream->world, 1);
  watch_expect_end (stream->watch, CLOSE_REASON_OVERFLOW, 0);
  watch_expect_slot_free (stream->world);
}
END_TEST

/* -- datagrams -- */

START_TEST (one_write_is_one_datagram)
{
  g_autoptr (Stream) stream = stream_new_datagrams ();
  guint8 data[2000];

  stream_write (stream, 1);
  stream_write (stream, 1024);
  stream_write (stream, 10);
  fake_port_settle ();
  ck_assert_uint_eq (stream->world->port->last_send_bytes, 1);
  stream_finish (stream, FAKE_SEND);
  ck_assert_uint_eq (stream->world->port->last_send_bytes, 1024);
  stream_finish (stream, FAKE_SEND);
  ck_assert_uint_eq (stream->world->port->last_send_bytes, 10);
  stream_tell_received (stream, 7);
  stream_tell_received (stream, 1400);
  ck_assert_int_eq (recv (stream->fd, data, sizeof data, MSG_DONTWAIT), 7);
  ck_assert_int_eq (recv (stream->fd, data, sizeof data, MSG_DONTWAIT), 1400);
}
END_TEST

START_TEST (datagrams_wait_whole)
{
  g_autoptr (Stream) stream = stream_new_datagrams ();
  guint8 data[2000];
  guint count = 0;

  while (stream_get_statistics (stream).buffered_bytes < 20 * STREAM_BLOCK_BYTES) {
    stream_tell_received (stream, STREAM_BLOCK_BYTES);
    count++;
  }
  for (guint i = 0; i < count; i++) {
    ck_assert_int_eq (recv (stream->fd, data, sizeof data, MSG_DONTWAIT), STREAM_BLOCK_BYTES);
    ck_assert_uint_eq (data[0], stream_get_byte ((guint64) i * STREAM_BLOCK_BYTES));
    fake_port_settle ();
  }
}
END_TEST

/* _i: the size. */
START_TEST (a_datagram_that_cannot_be_sent)
{
  static const gsize sizes[] = { 0, 1025, 60000 };
  g_autoptr (Stream) stream = stream_new_datagrams ();
  guint8 data[60000] = { 0 };

  stream_write (stream, 5);
  ck_assert_int_eq (send (stream->fd, data, sizes[_i], MSG_DONTWAIT), sizes[_i]);
  stream_write (stream, 6);
  fake_port_settle ();
  stream_finish (stream, FAKE_SEND);
  ck_assert_uint_eq (stream->world->port->calls[FAKE_SEND], 1);
  stream_finish (stream, FAKE_CLOSE);
  watch_expect_end (stream->watch, CLOSE_REASON_DATAGRAM_SIZE, 0);
  ck_assert_uint_eq (stream_get_statistics (stream).bytes_confirmed, 5);
  ck_assert_uint_eq (stream->world->port->sent->len, 5);
}
END_TEST

START_TEST (a_datagram_that_cannot_be_sent_and_the_client_is_gone)
{
  g_autoptr (Stream) stream = stream_new_datagrams ();

  while (stream_get_statistics (stream).buffered_bytes == 0)
    stream_tell_received (stream, STREAM_BLOCK_BYTES);
  ck_assert_int_eq (send (stream->fd, "", 0, MSG_DONTWAIT), 0);
  stream_hang_up (stream);
  stream_finish (stream, FAKE_CLOSE);
  watch_expect_end (stream->watch, CLOSE_REASON_DATAGRAM_SIZE, 0);
}
END_TEST

/* An empty datagram and the end are both a read of 0 bytes. */
START_TEST (the_end_of_datagrams)
{
  g_autoptr (Stream) stream = stream_new_datagrams ();

  stream_write (stream, 5);
  shutdown (stream->fd, SHUT_WR);
  stream_confirm_all (stream);
  ck_assert_int_eq (stream_get_state (stream), CONNECTION_CONNECTED);
  stream_tell_received (stream, 5);
  stream_hang_up (stream);
  stream_finish (stream, FAKE_CLOSE);
  watch_expect_end (stream->watch, CLOSE_REASON_REQUESTED, 0);
  ck_assert_uint_eq (stream_get_statistics (stream).bytes_confirmed, 5);
}
END_TEST

/* -- who may, when -- */

static void
expect_refused (Stream *self, MsslError code)
{
  g_autoptr (GError) error = NULL;
  int fd = -7;

  ck_assert (!connection_acquire_stream (self->watch->connection, &fd, &error));
  ck_assert (g_error_matches (error, MSSL_ERROR, code));
  ck_assert_int_eq (fd, -7);
}

static void
ignore (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GBytes) data G_GNUC_UNUSED = inbox_receive_finish (result, &(gboolean){ FALSE }, user_data);
}

START_TEST (only_once_and_only_connected)
{
  g_autoptr (Stream) stream = stream_new ();
  g_auto (WatchSend) sent = { 0 };
  g_autoptr (GError) error = NULL;

  expect_refused (stream, MSSL_ERROR_ACQUIRED);
  watch_send (stream->watch, 5, &sent);
  connection_receive_async (stream->watch->connection, 0, 10, 0, ignore, &error);
  fake_port_settle ();
  watch_send_expect_error (&sent, MSSL_ERROR_ACQUIRED);
  ck_assert (g_error_matches (error, MSSL_ERROR, MSSL_ERROR_ACQUIRED));
  ck_assert (!connection_set_sink (stream->watch->connection, NULL, NULL, NULL));
  stream_tell_closed (stream);
  expect_refused (stream, MSSL_ERROR_NOT_CONNECTED);
}
END_TEST

START_TEST (not_after_receive)
{
  g_autoptr (Stream) stream = stream_new_with (FALSE, NULL);

  connection_receive_async (stream->watch->connection, 0, 10, 0, ignore, NULL);
  fake_port_settle ();
  expect_refused (stream, MSSL_ERROR_RECEIVE_MODE);
}
END_TEST

/* Bug class 27: the acquired flag is set before the socket pair exists, and never rolled back. */
START_TEST (bug_27_no_descriptor_is_left)
{
  g_autoptr (Stream) stream = stream_new_with (FALSE, NULL);
  struct rlimit before, none;

  ck_assert_int_eq (getrlimit (RLIMIT_NOFILE, &before), 0);
  none = (struct rlimit){ 3, before.rlim_max };
  ck_assert_int_eq (setrlimit (RLIMIT_NOFILE, &none), 0);
  expect_refused (stream, MSSL_ERROR_FAILED);
  ck_assert_int_eq (setrlimit (RLIMIT_NOFILE, &before), 0);
  ck_assert_int_eq (connection_get_receive_mode (stream->watch->connection), RECEIVE_MODE_NONE);
  stream_acquire (stream);
  connection_start_stream (stream->watch->connection);
  stream_tell_received (stream, 10);
  stream_read (stream);
  ck_assert_uint_eq (stream->read, 10);
}
END_TEST

/* _i: whether the connection ends, and whether its owner leaves, before it is known that nobody got the
 * stream. */
START_TEST (bug_27_nobody_got_it)
{
  gboolean ends = _i & 1, leaves = _i & 2;
  g_autoptr (Stream) stream = stream_new_with (FALSE, leaves ? NULL : "{'persist': <true>}");
  g_auto (WatchSend) sent = { 0 };

  stream_acquire (stream);
  stream_tell_received (stream, 10);
  close (stream->fd);
  stream->fd = -1;
  if (leaves)
    connection_owner_left (stream->watch->connection);
  if (ends)
    stream_tell_closed (stream);
  connection_recall_stream (stream->watch->connection);
  stream_finish (stream, FAKE_CLOSE);
  if (leaves || ends) {
    watch_expect_end (stream->watch, ends ? CLOSE_REASON_SERVER_CLOSED : CLOSE_REASON_OWNER_LEFT, 0);
    return;
  }
  ck_assert_int_eq (connection_get_receive_mode (stream->watch->connection), RECEIVE_MODE_NONE);
  watch_send (stream->watch, 5, &sent);
  stream_confirm_all (stream);
  ck_assert_uint_eq (sent.confirmed, 5);
  stream_acquire (stream);
  connection_start_stream (stream->watch->connection);
  stream_read (stream);
  ck_assert_uint_eq (stream->read, 10);
}
END_TEST

START_TEST (somebody_else_got_it)
{
  g_autoptr (Stream) stream = stream_new_with (FALSE, NULL);

  stream_acquire (stream);
  connection_owner_left (stream->watch->connection);
  connection_recall_stream (stream->watch->connection);
  stream_tell_received (stream, 10);
  stream_read (stream);
  ck_assert_uint_eq (stream->read, 10);
  ck_assert_int_eq (stream_get_state (stream), CONNECTION_CONNECTED);
}
END_TEST

static TCase *
make_tests (void)
{
  TCase *tcase = tcase_create ("data");

  tcase_add_test (tcase, both_ways);
  tcase_add_test (tcase, what_came_before_comes_first);
  tcase_add_test (tcase, a_writer_is_held_back);
  tcase_add_test (tcase, a_writer_of_single_bytes);
  tcase_add_test (tcase, a_reader_that_is_slow);
  tcase_add_test (tcase, bug_07_a_reader_that_never_reads);
  tcase_add_test (tcase, a_reader_that_is_still_for_60_s_after_the_end);
  tcase_add_test (tcase, one_write_is_one_datagram);
  tcase_add_test (tcase, datagrams_wait_whole);
  tcase_add_loop_test (tcase, a_datagram_that_cannot_be_sent, 0, 3);
  tcase_add_test (tcase, a_datagram_that_cannot_be_sent_and_the_client_is_gone);
  tcase_add_test (tcase, the_end_of_datagrams);
  tcase_add_test (tcase, only_once_and_only_connected);
  tcase_add_test (tcase, not_after_receive);
  tcase_add_test (tcase, bug_27_no_descriptor_is_left);
  tcase_add_loop_test (tcase, bug_27_nobody_got_it, 0, 4);
  tcase_add_test (tcase, somebody_else_got_it);
  return tcase;
}

int
main (void)
{
  Suite *suite = suite_create ("stream");
  SRunner *runner = srunner_create (suite);
  int failed;

  suite_add_tcase (suite, make_tests ());
  srunner_run_all (runner, CK_ENV);
  failed = srunner_ntests_failed (runner);
  srunner_free (runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
