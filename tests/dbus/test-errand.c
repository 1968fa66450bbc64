/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Module.Reset and Module.SendCommand: who may, what the module is asked, and which error becomes which.
 */
#include <check.h>
#include <stdlib.h>
#include <unistd.h>

#include "client.h"
#include "mssl-error.h"
#include "mssl-names.h"

#define ERROR(name) MSSL_ERROR_PREFIX name
#define MODULE_PATH MSSL_PATH_MODULES "/m0"

static void
begin (Client *client, const char *command, Call *call)
{
  GVariant *arguments = command != NULL ? g_variant_new ("(su)", command, 5000) : NULL;

  client_begin (client, MODULE_PATH, MSSL_INTERFACE_MODULE, command != NULL ? "SendCommand" : "Reset",
                arguments, call);
}

static void
expect_error (Client *client, const char *command, const char *name)
{
  g_auto (Call) call = { NULL, NULL, 0 };

  begin (client, command, &call);
  call_expect_error (&call, name);
}

static gboolean
is_resetting (gpointer user_data)
{
  return fake_port_is_pending (user_data, FAKE_RESET, FAKE_PORT_NO_SLOT);
}

static void
finish_reset (Bus *bus, CloseReason reason)
{
  bus_wait (is_resetting, bus->world->port);
  ck_assert_int_eq (bus->world->port->reset, MODULE_RESET_RESTART);
  fake_port_finish (bus->world->port, FAKE_RESET, FAKE_PORT_NO_SLOT, reason);
}

START_TEST (root_only_for_root_alone)
{
  g_autoptr (Bus) bus = bus_new_ready ();
  g_autoptr (Client) client = client_new (bus, BUS_USER_MEMBER);

  expect_error (client, NULL, ERROR ("AccessDenied"));
  expect_error (client, "AT", ERROR ("AccessDenied"));
  ck_assert_uint_eq (bus->world->port->calls[FAKE_RESET], 0);
  ck_assert_ptr_null (bus->world->port->command);
}
END_TEST

START_TEST (one_reset_at_a_time_and_nothing_beside_it)
{
  g_autoptr (Bus) bus = bus_new_ready ();
  g_autoptr (Client) client = client_new (bus, NULL);
  g_autofree char *path = NULL;
  g_auto (Call) reset = { NULL, NULL, 0 };

  begin (client, NULL, &reset);
  bus_wait (is_resetting, bus->world->port);
  expect_error (client, NULL, ERROR ("Busy"));
  expect_error (client, "AT", ERROR ("Busy"));
  path = client_open (client, NULL);
  client_sync (client);
  ck_assert (!fake_port_is_pending (bus->world->port, FAKE_OPEN, 0));
  finish_reset (bus, CLOSE_REASON_NONE);
  call_expect_reply (&reset);
  fake_port_settle ();
  ck_assert (fake_port_is_pending (bus->world->port, FAKE_OPEN, 0));
}
END_TEST

static const struct {
  CloseReason reason;
  const char *name;
} reset_failures[] = {
  { CLOSE_REASON_MODULE_ERROR, ERROR ("Failed") },
  { CLOSE_REASON_MODULE_LOST, ERROR ("NotReady") },
};

START_TEST (a_reset_that_fails)
{
  g_autoptr (Bus) bus = bus_new_ready ();
  g_autoptr (Client) client = client_new (bus, NULL);
  g_auto (Call) reset = { NULL, NULL, 0 };

  begin (client, NULL, &reset);
  finish_reset (bus, reset_failures[_i].reason);
  call_expect_error (&reset, reset_failures[_i].name);
}
END_TEST

START_TEST (an_answer)
{
  g_autoptr (Bus) bus = bus_new_ready ();
  g_autoptr (Client) client = client_new (bus, NULL);
  g_autofree char *text = NULL;
  g_auto (Call) call = { NULL, NULL, 0 };

  bus->world->port->answer = "+X: \xff";
  begin (client, "AT+X", &call);
  text = g_variant_print (call_expect_reply (&call), FALSE);
  ck_assert_str_eq (text, "(['+X: \xef\xbf\xbd'],)");
  ck_assert_str_eq (bus->world->port->command, "AT+X");
  ck_assert_uint_eq (bus->world->port->command_timeout_ms, 5000);
}
END_TEST

static const struct {
  CloseReason reason;
  const char *name;
} command_failures[] = {
  { CLOSE_REASON_MODULE_ERROR, ERROR ("CommandFailed") },
  { CLOSE_REASON_STATE, ERROR ("Busy") },
  { CLOSE_REASON_TIMEOUT, ERROR ("Failed") },
  { CLOSE_REASON_PROTOCOL, ERROR ("Failed") },
  { CLOSE_REASON_MODULE_LOST, ERROR ("NotReady") },
};

START_TEST (a_command_that_fails)
{
  g_autoptr (Bus) bus = bus_new_ready ();
  g_autoptr (Client) client = client_new (bus, NULL);

  bus->world->port->command_failure = command_failures[_i].reason;
  expect_error (client, "AT+X", command_failures[_i].name);
}
END_TEST

START_TEST (a_command_that_may_not_be_sent)
{
  g_autoptr (Bus) bus = bus_new_ready ();
  g_autoptr (Client) client = client_new (bus, NULL);

  bus->world->port->answer = "never";
  expect_error (client, "AT+BAD", ERROR ("InvalidArgument"));
  ck_assert_ptr_null (bus->world->port->command);
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("errand");
  TCase *tcase = tcase_create ("errand");
  SRunner *runner;
  int failed;

  tcase_set_timeout (tcase, 60);
  if (geteuid () == 0)
    tcase_add_test (tcase, root_only_for_root_alone);
  tcase_add_test (tcase, one_reset_at_a_time_and_nothing_beside_it);
  tcase_add_loop_test (tcase, a_reset_that_fails, 0, G_N_ELEMENTS (reset_failures));
  tcase_add_test (tcase, an_answer);
  tcase_add_loop_test (tcase, a_command_that_fails, 0, G_N_ELEMENTS (command_failures));
  tcase_add_test (tcase, a_command_that_may_not_be_sent);
  suite_add_tcase (suite, tcase);
  runner = srunner_create (suite);
  srunner_run_all (runner, CK_ENV);
  failed = srunner_ntests_failed (runner);
  srunner_free (runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
