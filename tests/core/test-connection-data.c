/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A connection's data: what is sent and what is received, also when it ends in the middle.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "mssl-error.h"
#include "watch.h"

static void
confirm (World *world)
{
  fake_port_finish (world->port, FAKE_SEND, 0, CLOSE_REASON_NONE);
  fake_port_settle ();
}

/* -- sending -- */

START_TEST (send_answers_with_the_last_piece)
{
  g_autoptr (World) world = world_new (TRUE);
  g_autoptr (Watch) watch = NULL;
  g_auto (WatchSend) sent = { 0 };

  world_make_ready (world);
  watch = watch_connect (world, NULL);
  watch_send (watch, 2500, &sent);
  ck_assert_uint_eq (world->port->last_send_bytes, 1024);
  confirm (world);
  confirm (world);
  ck_assert_uint_eq (world->port->last_send_bytes, 452);
  ck_assert_uint_eq (sent.answers, 0);
  ck_assert_uint_eq (watch_get_statistics (watch).bytes_confirmed, 2048);
  confirm (world);
  ck_assert_uint_eq (sent.answers, 1);
  ck_assert_uint_eq (sent.confirmed, 2500);
  ck_assert_uint_eq (watch_get_statistics (watch).bytes_sent, 2500);
  ck_assert_uint_eq (world->port->sent->len, 2500);
  for (guint i = 0; i < 2500; i++)
    ck_assert (world->port->sent->data[i] == (guint8) (i * 7));
}
END_TEST

START_TEST (sends_are_served_in_order)
{
  g_autoptr (World) world = world_new (TRUE);
  g_autoptr (Watch) watch = NULL;
  WatchSend sents[OUTBOX_MAX_CALLS + 1] = { 0 };

  world_make_ready (world);
  watch = watch_connect (world, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (sents); i++)
    watch_send (watch, i + 1, &sents[i]);
  fake_port_settle ();
  watch_send_expect_error (&sents[OUTBOX_MAX_CALLS], MSSL_ERROR_LIMIT_EXCEEDED);
  watch_send_clear (&sents[OUTBOX_MAX_CALLS]);
  for (guint i = 0; i < OUTBOX_MAX_CALLS; i++) {
    confirm (world);
    ck_assert_uint_eq (sents[i].answers, 1);
    ck_assert_uint_eq (sents[i].confirmed, (i + 1) * (i + 2) / 2);
  }
}
END_TEST

START_TEST (send_refuses)
{
  g_autoptr (World) world = world_new (TRUE);
  g_autoptr (Watch) watch = NULL;
  g_auto (WatchSend) early = { 0 };
  g_auto (WatchSend) empty = { 0 };
  g_auto (WatchSend) large = { 0 };
  g_auto (WatchSend) late = { 0 };

  world_make_ready (world);
  watch = watch_open (world, NULL);
  watch_send (watch, 1, &early);
  fake_port_settle ();
  watch_send_expect_error (&early, MSSL_ERROR_NOT_CONNECTED);
  fake_port_finish (world->port, FAKE_OPEN, 0, CLOSE_REASON_NONE);
  fake_port_settle ();
  watch_send (watch, 0, &empty);
  watch_send (watch, OUTBOX_CALL_MAX_BYTES + 1, &large);
  fake_port_settle ();
  watch_send_expect_error (&empty, MSSL_ERROR_INVALID_ARGUMENT);
  watch_send_expect_error (&large, MSSL_ERROR_INVALID_ARGUMENT);
  fake_port_tell_closed (world->port, 0, CLOSE_REASON_SERVER_CLOSED, 0);
  watch_send (watch, 1, &late);
  fake_port_settle ();
  watch_send_expect_error (&late, MSSL_ERROR_NOT_CONNECTED);
  ck_assert_uint_eq (watch_get_statistics (watch).bytes_sent, 0);
}
END_TEST

/* Bug class 8: the module says that the piece was not sent; nobody must believe that it was. */
START_TEST (bug_08_send_that_fails_ends_the_connection)
{
  g_autoptr (World) world = world_new (TRUE);
  g_autoptr (Watch) watch = NULL;
  g_auto (WatchSend) first = { 0 };
  g_auto (WatchSend) second = { 0 };

  world_make_ready (world);
  watch = watch_connect (world, NULL);
  watch_send (watch, 2000, &first);
  watch_send (watch, 5, &second);
  confirm (world);
  fake_port_finish (world->port, FAKE_SEND, 0, CLOSE_REASON_MODULE_ERROR);
  fake_port_settle ();
  watch_send_expect_error (&first, MSSL_ERROR_SEND_FAILED);
  watch_send_expect_error (&second, MSSL_ERROR_SEND_FAILED);
  ck_assert_uint_eq (watch_get_statistics (watch).bytes_confirmed, 1024);
  fake_port_finish (world->port, FAKE_CLOSE, 0, CLOSE_REASON_NONE);
  fake_port_settle ();
  watch_expect_end (watch, CLOSE_REASON_MODULE_ERROR, -1);
  /* Nothing was sent behind the hole. */
  ck_assert_uint_eq (world->port->sent->len, 2000);
}
END_TEST

START_TEST (bug_10_send_fails_beside_the_close)
{
  g_autoptr (World) world = world_new (TRUE);
  g_autoptr (Watch) watch = NULL;
  g_auto (WatchSend) sent = { 0 };

  world_make_ready (world);
  watch = watch_connect (world, NULL);
  watch_send (watch, 5, &sent);
  fake_port_finish (world->port, FAKE_SEND, 0, CLOSE_REASON_CONNECT_FAILED);
  g_main_context_iteration (NULL, FALSE);
  fake_port_tell_closed (world->port, 0, CLOSE_REASON_SERVER_CLOSED, 0);
  fake_port_settle ();
  watch_send_expect_error (&sent, MSSL_ERROR_SEND_FAILED);
  watch_expect_end (watch, CLOSE_REASON_SERVER_CLOSED, 0);
  ck_assert_uint_eq (world->port->calls[FAKE_CLOSE], 0);
}
END_TEST

START_TEST (close_fails_the_sends_that_wait)
{
  g_autoptr (World) world = world_new (TRUE);
  g_autoptr (Watch) watch = NULL;
  g_auto (WatchSend) first = { 0 };
  g_auto (WatchSend) second = { 0 };

  world_make_ready (world);
  watch = watch_connect (world, NULL);
  watch_send (watch, 2000, &first);
  watch_send (watch, 5, &second);
  connection_close (watch->connection, CLOSE_REASON_REQUESTED);
  fake_port_settle ();
  watch_send_expect_error (&first, MSSL_ERROR_SEND_FAILED);
  watch_send_expect_error (&second, MSSL_ERROR_SEND_FAILED);
  ck_assert_uint_lt (first.order, second.order);
  fake_port_finish (world->port, FAKE_SEND, 0, CLOSE_REASON_NONE); /* too late */
  fake_port_finish (world->port, FAKE_CLOSE, 0, CLOSE_REASON_NONE);
  fake_port_settle ();
  watch_expect_end (watch, CLOSE_REASON_REQUESTED, 0);
}
END_TEST

/* -- receiving -- */

static void
on_received (GObject *source, GAsyncResult *result, gpointer user_data)
{
  gboolean *ret_eof = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) data = inbox_receive_finish (result, ret_eof, &error);

  ck_assert_ptr_nonnull (data);
}

/* Bug class 2: data and close arrive in one read. */
START_TEST (bug_02_data_and_close_together)
{
  g_autoptr (World) world = world_new (TRUE);
  g_autoptr (Watch) watch = NULL;
  gboolean eof = FALSE;

  world_make_ready (world);
  watch = watch_connect (world, NULL);
  fake_port_tell_received (world->port, 0, "last words", 10);
  fake_port_tell_closed (world->port, 0, CLOSE_REASON_SERVER_CLOSED, 0);
  watch_expect_end (watch, CLOSE_REASON_SERVER_CLOSED, 0);
  connection_receive_async (watch->connection, 0, 100, 0, on_received, &eof);
  fake_port_settle ();
  ck_assert (eof);
  ck_assert_uint_eq (watch_get_statistics (watch).bytes_delivered, 10);
}
END_TEST

static void
fill (World *world, Watch *watch)
{
  static const guint8 block[1400];

  while (watch_get_statistics (watch).buffered_bytes + sizeof (block) <= INBOX_SIZE_USUAL_BYTES
         && connection_get_state (watch->connection) == CONNECTION_CONNECTED)
    fake_port_tell_received (world->port, 0, block, sizeof (block));
}

/* Bug class 7: a buffer fills and bytes are dropped in the middle of a stream. */
START_TEST (bug_07_overflow_closes)
{
  static const guint8 block[1400];
  g_autoptr (World) world = world_new (TRUE);
  g_autoptr (Watch) watch = NULL;
  gboolean eof = FALSE;
  guint64 kept;

  world_make_ready (world);
  watch = watch_connect (world, NULL);
  fill (world, watch);
  kept = watch_get_statistics (watch).bytes_received;
  fake_port_tell_received (world->port, 0, block, sizeof (block));
  ck_assert_int_eq (connection_get_state (watch->connection), CONNECTION_CLOSING);
  fake_port_tell_received (world->port, 0, block, 1);
  fake_port_finish (world->port, FAKE_CLOSE, 0, CLOSE_REASON_NONE);
  fake_port_settle ();
  watch_expect_end (watch, CLOSE_REASON_OVERFLOW, 0);
  connection_receive_async (watch->connection, 0, INBOX_SIZE_USUAL_BYTES, 0, on_received, &eof);
  fake_port_settle ();
  ck_assert (eof);
  ck_assert_uint_eq (watch_get_statistics (watch).bytes_delivered, kept);
}
END_TEST

typedef struct {
  guint64 pushed;
  guint probes;
} Receiver;

static void
deliver (guint64 offset, GBytes *data, gpointer user_data)
{
  Receiver *receiver = user_data;

  ck_assert_uint_eq (offset, receiver->pushed);
  receiver->pushed += g_bytes_get_size (data);
}

static void
probe (gpointer user_data)
{
  ((Receiver *) user_data)->probes++;
}

static const InboxSink sink = { deliver, probe };

static void
start_receiving (Watch *watch, Receiver *receiver)
{
  ck_assert (connection_set_sink (watch->connection, &sink, receiver, NULL));
  ck_assert_int_eq (connection_get_receive_mode (watch->connection), RECEIVE_MODE_SIGNALS);
  connection_deliver (watch->connection);
}

START_TEST (closed_is_held_until_all_is_handed_out)
{
  g_autoptr (World) world = world_new (TRUE);
  g_autoptr (Watch) watch = NULL;
  Receiver receiver = { 0 };

  world_make_ready (world);
  watch = watch_connect (world, NULL);
  start_receiving (watch, &receiver);
  fill (world, watch);
  fake_port_tell_closed (world->port, 0, CLOSE_REASON_SERVER_CLOSED, 0);
  ck_assert_int_eq (connection_get_state (watch->connection), CONNECTION_CLOSING);
  /* The slot does not wait for a slow client. */
  ck_assert (module_has_free_slot (world->module));
  while (watch->closed == 0)
    connection_acknowledge (watch->connection);
  watch_expect_end (watch, CLOSE_REASON_SERVER_CLOSED, 0);
  ck_assert_uint_eq (receiver.pushed, watch_get_statistics (watch).bytes_received);
}
END_TEST

START_TEST (a_receiver_that_is_still_for_60_s)
{
  g_autoptr (World) world = world_new (TRUE);
  g_autoptr (Watch) watch = NULL;
  Receiver receiver = { 0 };

  world_make_ready (world);
  watch = watch_connect (world, NULL);
  start_receiving (watch, &receiver);
  fill (world, watch);
  fake_port_tell_closed (world->port, 0, CLOSE_REASON_SERVER_CLOSED, 0);
  world_advance (world, INBOX_PATIENCE_MS - 1);
  ck_assert_uint_eq (watch->closed, 0);
  world_advance (world, 1);
  watch_expect_end (watch, CLOSE_REASON_OVERFLOW, 0);
  connection_acknowledge (watch->connection);
  watch_expect_slot_free (world);
}
END_TEST

START_TEST (release_does_not_wait_for_the_receiver)
{
  g_autoptr (World) world = world_new (TRUE);
  g_autoptr (Watch) watch = NULL;
  Receiver receiver = { 0 };

  world_make_ready (world);
  watch = watch_connect (world, NULL);
  start_receiving (watch, &receiver);
  fill (world, watch);
  fake_port_tell_closed (world->port, 0, CLOSE_REASON_SERVER_CLOSED, 0);
  connection_release (watch->connection);
  watch_expect_end (watch, CLOSE_REASON_SERVER_CLOSED, 0);
  ck_assert_uint_eq (watch->released, 1);
}
END_TEST

static void
add_send_tests (TCase *tcase)
{
  tcase_add_test (tcase, send_answers_with_the_last_piece);
  tcase_add_test (tcase, sends_are_served_in_order);
  tcase_add_test (tcase, send_refuses);
  tcase_add_test (tcase, bug_08_send_that_fails_ends_the_connection);
  tcase_add_test (tcase, bug_10_send_fails_beside_the_close);
  tcase_add_test (tcase, close_fails_the_sends_that_wait);
}

static void
add_receive_tests (TCase *tcase)
{
  tcase_add_test (tcase, bug_02_data_and_close_together);
  tcase_add_test (tcase, bug_07_overflow_closes);
  tcase_add_test (tcase, closed_is_held_until_all_is_handed_out);
  tcase_add_test (tcase, a_receiver_that_is_still_for_60_s);
  tcase_add_test (tcase, release_does_not_wait_for_the_receiver);
}

int
main (void)
{
  Suite *suite = suite_create ("connection-data");
  TCase *tcase = tcase_create ("connection-data");
  SRunner *runner = srunner_create (suite);
  int failed;

  add_send_tests (tcase);
  add_receive_tests (tcase);
  suite_add_tcase (suite, tcase);
  srunner_run_all (runner, CK_ENV);
  failed = srunner_ntests_failed (runner);
  srunner_free (runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
