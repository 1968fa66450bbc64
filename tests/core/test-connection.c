/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A connection from open to Closed and released, in every order of events that a driver may bring.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "mssl-error.h"
#include "watch.h"

/* -- states -- */

START_TEST (the_plain_way)
{
  static const ConnectionState states[] = { CONNECTION_CONNECTING, CONNECTION_CONNECTED, CONNECTION_CLOSING,
                                            CONNECTION_CLOSED };
  g_autoptr (World) world = world_new (TRUE);
  g_autoptr (Watch) watch = NULL;

  world_make_ready (world);
  watch = watch_open (world, NULL);
  ck_assert_int_eq (connection_get_state (watch->connection), CONNECTION_CONFIGURING);
  ck_assert (context_is_used (world->context));
  fake_port_settle ();
  ck_assert_str_eq (world->port->host, "example.org");
  ck_assert_uint_eq (world->port->port, 8883);
  ck_assert_int_eq (world->port->settings.authentication, TLS_AUTHENTICATION_NONE);
  fake_port_tell_connecting (world->port, 0);
  fake_port_finish (world->port, FAKE_OPEN, 0, CLOSE_REASON_NONE);
  fake_port_settle ();
  connection_close (watch->connection, CLOSE_REASON_REQUESTED);
  ck_assert_uint_eq (watch->closed, 0);
  fake_port_finish (world->port, FAKE_CLOSE, 0, CLOSE_REASON_NONE);
  fake_port_settle ();
  watch_expect_end (watch, CLOSE_REASON_REQUESTED, 0);
  watch_expect_slot_free (world);
  ck_assert_uint_eq (watch->n_states, G_N_ELEMENTS (states));
  for (guint i = 0; i < G_N_ELEMENTS (states); i++)
    ck_assert_int_eq (watch->states[i], states[i]);
}
END_TEST

static const struct {
  CloseReason reason;
  int code;
} failures[] = {
  { CLOSE_REASON_CONNECT_FAILED, -2 }, { CLOSE_REASON_CERTIFICATE, -3 }, { CLOSE_REASON_KEY, -4 },
  { CLOSE_REASON_CIPHER, -5 },         { CLOSE_REASON_STATE, -6 },       { CLOSE_REASON_TIMEOUT, -7 },
  { CLOSE_REASON_MODULE_ERROR, -1 },   { CLOSE_REASON_SETTINGS, 0 },     { CLOSE_REASON_CREDENTIAL, 0 },
};

START_TEST (an_open_that_fails)
{
  g_autoptr (World) world = world_new (TRUE);
  g_autoptr (Watch) watch = NULL;

  world_make_ready (world);
  watch = watch_open (world, NULL);
  fake_port_settle ();
  fake_port_finish (world->port, FAKE_OPEN, 0, failures[_i].reason);
  fake_port_settle ();
  watch_expect_end (watch, failures[_i].reason, failures[_i].code);
  ck_assert_ptr_nonnull (strstr (connection_get_close_text (watch->connection), "fake"));
  watch_expect_slot_free (world);
  ck_assert_uint_eq (world->port->calls[FAKE_CLOSE], 0);
}
END_TEST

START_TEST (closed_before_its_open_began)
{
  g_autoptr (World) world = world_new (TRUE);
  g_autoptr (Watch) watch = NULL;

  world_make_ready (world);
  watch = watch_open (world, NULL);
  connection_close (watch->connection, CLOSE_REASON_REQUESTED);
  watch_expect_end (watch, CLOSE_REASON_REQUESTED, 0);
  fake_port_settle ();
  watch_expect_slot_free (world);
  ck_assert_uint_eq (world->port->calls[FAKE_OPEN], 0);
}
END_TEST

START_TEST (closed_while_opening)
{
  g_autoptr (World) world = world_new (TRUE);
  g_autoptr (Watch) watch = NULL;

  world_make_ready (world);
  watch = watch_open (world, NULL);
  fake_port_settle ();
  connection_close (watch->connection, CLOSE_REASON_REQUESTED);
  ck_assert_int_eq (connection_get_state (watch->connection), CONNECTION_CLOSING);
  fake_port_finish (world->port, FAKE_OPEN, 0, CLOSE_REASON_NONE); /* too late */
  fake_port_settle ();
  ck_assert_int_eq (connection_get_state (watch->connection), CONNECTION_CLOSING);
  fake_port_finish (world->port, FAKE_CLOSE, 0, CLOSE_REASON_NONE);
  fake_port_settle ();
  watch_expect_end (watch, CLOSE_REASON_REQUESTED, 0);
  watch_expect_slot_free (world);
}
END_TEST

/* Bug class 10: close of a connection that the module has closed already; close twice. */
START_TEST (bug_10_close_after_the_end_and_twice)
{
  g_autoptr (World) world = world_new (TRUE);
  g_autoptr (Watch) watch = NULL;

  world_make_ready (world);
  watch = watch_connect (world, NULL);
  fake_port_tell_closed (world->port, 0, CLOSE_REASON_SERVER_CLOSED, 0);
  watch_expect_end (watch, CLOSE_REASON_SERVER_CLOSED, 0);
  connection_close (watch->connection, CLOSE_REASON_REQUESTED);
  connection_close (watch->connection, CLOSE_REASON_REQUESTED);
  fake_port_settle ();
  watch_expect_end (watch, CLOSE_REASON_SERVER_CLOSED, 0);
  ck_assert_uint_eq (world->port->calls[FAKE_CLOSE], 0);
  watch_expect_slot_free (world);
}
END_TEST

START_TEST (bug_10_server_closes_while_we_close)
{
  g_autoptr (World) world = world_new (TRUE);
  g_autoptr (Watch) watch = NULL;

  world_make_ready (world);
  watch = watch_connect (world, NULL);
  connection_close (watch->connection, CLOSE_REASON_REQUESTED);
  connection_close (watch->connection, CLOSE_REASON_IDLE_TIMEOUT);
  fake_port_tell_closed (world->port, 0, CLOSE_REASON_SERVER_CLOSED, 0);
  ck_assert_uint_eq (watch->closed, 0);
  fake_port_finish (world->port, FAKE_CLOSE, 0, CLOSE_REASON_STATE);
  fake_port_settle ();
  watch_expect_end (watch, CLOSE_REASON_REQUESTED, 0);
  ck_assert_uint_eq (world->port->calls[FAKE_CLOSE], 1);
}
END_TEST

/* Bug class 15: the driver goes while one of its events is being handled. */
START_TEST (bug_15_module_lost)
{
  g_autoptr (World) world = world_new (TRUE);
  g_autoptr (Watch) watch = NULL;
  g_auto (WatchSend) sent = { 0 };

  world_make_ready (world);
  watch = watch_connect (world, NULL);
  watch_send (watch, 10, &sent);
  fake_port_tell_lost (world->port, "hang-up");
  watch_expect_end (watch, CLOSE_REASON_MODULE_LOST, 0);
  fake_port_settle ();
  watch_send_expect_error (&sent, MSSL_ERROR_SEND_FAILED);
  watch_expect_slot_free (world);
}
END_TEST

START_TEST (module_lost_while_closing)
{
  g_autoptr (World) world = world_new (TRUE);
  g_autoptr (Watch) watch = NULL;

  world_make_ready (world);
  watch = watch_connect (world, NULL);
  connection_close (watch->connection, CLOSE_REASON_REQUESTED);
  fake_port_tell_lost (world->port, "hang-up");
  fake_port_settle ();
  watch_expect_end (watch, CLOSE_REASON_REQUESTED, 0);
  watch_expect_slot_free (world);
}
END_TEST

START_TEST (module_restarted)
{
  g_autoptr (World) world = world_new (TRUE);
  g_autoptr (Watch) watch = NULL;

  world_make_ready (world);
  watch = watch_connect (world, NULL);
  fake_port_tell_closed (world->port, 0, CLOSE_REASON_MODULE_RESTARTED, 0);
  fake_port_tell_restarted (world->port);
  watch_expect_end (watch, CLOSE_REASON_MODULE_RESTARTED, 0);
  watch_expect_slot_free (world);
}
END_TEST

/* -- owner, idle, release -- */

START_TEST (owner_left)
{
  g_autoptr (World) world = world_new (TRUE);
  g_autoptr (Watch) watch = NULL;

  world_make_ready (world);
  watch = watch_connect (world, NULL);
  connection_owner_left (watch->connection);
  ck_assert_uint_eq (watch->released, 0);
  fake_port_finish (world->port, FAKE_CLOSE, 0, CLOSE_REASON_NONE);
  fake_port_settle ();
  watch_expect_end (watch, CLOSE_REASON_OWNER_LEFT, 0);
  ck_assert_uint_eq (watch->released, 1);
  ck_assert_uint_eq (manager_get_connections (world->manager)->len, 0);
  ck_assert_uint_eq (fake_clock_count (world->clock), 0);
}
END_TEST

START_TEST (owner_left_after_the_end)
{
  g_autoptr (World) world = world_new (TRUE);
  g_autoptr (Watch) watch = NULL;

  world_make_ready (world);
  watch = watch_connect (world, NULL);
  fake_port_tell_closed (world->port, 0, CLOSE_REASON_SERVER_CLOSED, 0);
  connection_owner_left (watch->connection);
  watch_expect_end (watch, CLOSE_REASON_SERVER_CLOSED, 0);
  ck_assert_uint_eq (watch->released, 1);
}
END_TEST

START_TEST (persist_outlives_its_owner)
{
  g_autoptr (World) world = world_new (TRUE);
  g_autoptr (Watch) watch = NULL;

  world_make_ready (world);
  watch = watch_connect (world, "{'persist': <true>}");
  connection_owner_left (watch->connection);
  fake_port_settle ();
  ck_assert_int_eq (connection_get_state (watch->connection), CONNECTION_CONNECTED);
  world_advance (world, 300 * 1000 - 1);
  ck_assert_int_eq (connection_get_state (watch->connection), CONNECTION_CONNECTED);
  world_advance (world, 1);
  fake_port_finish (world->port, FAKE_CLOSE, 0, CLOSE_REASON_NONE);
  fake_port_settle ();
  watch_expect_end (watch, CLOSE_REASON_IDLE_TIMEOUT, 0);
  world_advance (world, CONNECTION_LINGER_MS);
  ck_assert_uint_eq (watch->released, 1);
}
END_TEST

START_TEST (idle_counts_from_the_last_byte)
{
  g_autoptr (World) world = world_new (TRUE);
  g_autoptr (Watch) watch = NULL;
  g_auto (WatchSend) sent = { 0 };

  world_make_ready (world);
  watch = watch_connect (world, "{'idle-timeout': <uint32 10>}");
  world_advance (world, 9000);
  fake_port_tell_received (world->port, 0, "x", 1);
  world_advance (world, 9000);
  watch_send (watch, 1, &sent);
  world_advance (world, 9000);
  fake_port_finish (world->port, FAKE_SEND, 0, CLOSE_REASON_NONE);
  fake_port_settle ();
  world_advance (world, 9999);
  ck_assert_int_eq (connection_get_state (watch->connection), CONNECTION_CONNECTED);
  world_advance (world, 1);
  ck_assert_int_eq (connection_get_state (watch->connection), CONNECTION_CLOSING);
  fake_port_finish (world->port, FAKE_CLOSE, 0, CLOSE_REASON_NONE);
  fake_port_settle ();
  watch_expect_end (watch, CLOSE_REASON_IDLE_TIMEOUT, 0);
}
END_TEST

START_TEST (no_idle_timeout_no_timer)
{
  g_autoptr (World) world = world_new (TRUE);
  g_autoptr (Watch) watch = NULL;

  world_make_ready (world);
  watch = watch_connect (world, NULL);
  ck_assert_uint_eq (fake_clock_count (world->clock), 0);
}
END_TEST

START_TEST (released_60_s_after_the_end)
{
  g_autoptr (World) world = world_new (TRUE);
  g_autoptr (Watch) watch = NULL;

  world_make_ready (world);
  watch = watch_connect (world, NULL);
  fake_port_tell_closed (world->port, 0, CLOSE_REASON_SERVER_CLOSED, 0);
  world_advance (world, CONNECTION_LINGER_MS - 1);
  ck_assert_uint_eq (watch->released, 0);
  world_advance (world, 1);
  ck_assert_uint_eq (watch->released, 1);
  connection_release (watch->connection);
}
END_TEST

START_TEST (release_closes)
{
  g_autoptr (World) world = world_new (TRUE);
  g_autoptr (Watch) watch = NULL;

  world_make_ready (world);
  watch = watch_open (world, NULL);
  fake_port_settle ();
  connection_release (watch->connection);
  connection_release (watch->connection);
  ck_assert_uint_eq (watch->released, 0);
  fake_port_finish (world->port, FAKE_CLOSE, 0, CLOSE_REASON_NONE);
  fake_port_settle ();
  watch_expect_end (watch, CLOSE_REASON_REQUESTED, 0);
  ck_assert_uint_eq (watch->released, 1);
}
END_TEST

START_TEST (release_before_the_open_began)
{
  g_autoptr (World) world = world_new (TRUE);
  g_autoptr (Watch) watch = NULL;

  world_make_ready (world);
  watch = watch_open (world, NULL);
  connection_release (watch->connection);
  watch_expect_end (watch, CLOSE_REASON_REQUESTED, 0);
  ck_assert_uint_eq (watch->released, 1);
}
END_TEST

static void
add_state_tests (TCase *tcase)
{
  tcase_add_test (tcase, the_plain_way);
  tcase_add_loop_test (tcase, an_open_that_fails, 0, G_N_ELEMENTS (failures));
  tcase_add_test (tcase, closed_before_its_open_began);
  tcase_add_test (tcase, closed_while_opening);
  tcase_add_test (tcase, bug_10_close_after_the_end_and_twice);
  tcase_add_test (tcase, bug_10_server_closes_while_we_close);
  tcase_add_test (tcase, bug_15_module_lost);
  tcase_add_test (tcase, module_lost_while_closing);
  tcase_add_test (tcase, module_restarted);
}

static void
add_release_tests (TCase *tcase)
{
  tcase_add_test (tcase, owner_left);
  tcase_add_test (tcase, owner_left_after_the_end);
  tcase_add_test (tcase, persist_outlives_its_owner);
  tcase_add_test (tcase, idle_counts_from_the_last_byte);
  tcase_add_test (tcase, no_idle_timeout_no_timer);
  tcase_add_test (tcase, released_60_s_after_the_end);
  tcase_add_test (tcase, release_closes);
  tcase_add_test (tcase, release_before_the_open_began);
}

int
main (void)
{
  Suite *suite = suite_create ("connection");
  TCase *tcase = tcase_create ("connection");
  SRunner *runner = srunner_create (suite);
  int failed;

  add_state_tests (tcase);
  add_release_tests (tcase);
  suite_add_tcase (suite, tcase);
  srunner_run_all (runner, CK_ENV);
  failed = srunner_ntests_failed (runner);
  srunner_free (runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
