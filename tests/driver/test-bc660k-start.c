/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The start of the driver: who the module is, what it can do, and what it left open.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "driver-fixture.h"

static DriverFixture *const fixture = &driver_fixture;

static void
on_started (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;

  if (module_driver_start_finish (fixture->driver, result, &error))
    g_string_append (fixture->log, "start;");
  else
    g_string_append_printf (fixture->log, "start failed %s;", close_reason_get_name (error->code));
  fixture->entries++;
}

static void
start (const char *log)
{
  module_driver_start_async (fixture->driver, on_started, NULL);
  driver_fixture_check (log);
}

static void
script_tests (const char *open_answer, const char *send_answer)
{
  driver_fixture_script_probe ();
  driver_fixture_script_identity ();
  driver_fixture_expect ("AT+QSSLCFG=?", "ERROR");
  driver_fixture_expect ("AT+QSSLOPEN=?", open_answer);
  driver_fixture_expect ("AT+QSSLSEND=?", send_answer);
}

START_TEST (nothing_is_written_before_the_start)
{
  scripted_module_run_what_is_ready ();
}
END_TEST

START_TEST (identity_and_capabilities)
{
  const ModuleIdentity *identity;
  const ModuleCapabilities *capabilities;

  driver_fixture_start ();
  identity = module_driver_get_identity (fixture->driver);
  capabilities = module_driver_get_capabilities (fixture->driver);
  ck_assert_str_eq (identity->manufacturer, "Quectel_Ltd");
  ck_assert_str_eq (identity->model, "Quectel_BC660K-GL");
  ck_assert_str_eq (identity->revision, "BC660KGLAAR01A05");
  ck_assert_str_eq (identity->imei, "866123456789012");
  ck_assert_uint_eq (capabilities->slots, 1);
  ck_assert_uint_eq (capabilities->max_send_bytes, 1024);
  ck_assert_uint_eq (capabilities->max_receive_bytes, 1400);
  ck_assert_uint_eq (capabilities->max_host_bytes, 150);
  ck_assert_uint_eq (module_driver_get_sleep_locks (fixture->driver), 0);
}
END_TEST

START_TEST (test_commands_that_fail_mean_the_note)
{
  script_tests ("ERROR", "+CME ERROR: 50");
  driver_fixture_expect ("AT+QSSLCLOSE=0,0", "ERROR");
  start ("start;");
  ck_assert_uint_eq (module_driver_get_capabilities (fixture->driver)->slots, 1);
  ck_assert_uint_eq (module_driver_get_capabilities (fixture->driver)->max_send_bytes, 1024);
}
END_TEST

START_TEST (a_smaller_send)
{
  script_tests ("OK", "+QSSLSEND: (0),(0),(1-512)\r\n\r\nOK");
  driver_fixture_expect ("AT+QSSLCLOSE=0,0", "ERROR");
  start ("start;");
  ck_assert_uint_eq (module_driver_get_capabilities (fixture->driver)->max_send_bytes, 512);
}
END_TEST

START_TEST (a_larger_send_is_not_believed)
{
  script_tests ("OK", "+QSSLSEND: (0),(0),(1-99999)\r\n\r\nOK");
  driver_fixture_expect ("AT+QSSLCLOSE=0,0", "ERROR");
  start ("start;");
  ck_assert_uint_eq (module_driver_get_capabilities (fixture->driver)->max_send_bytes, 1024);
}
END_TEST

static const struct {
  const char *answer_1, *answer_2; /* to AT+QSSLCFG=0,1 and 0,2 */
  guint slots;
} promises[] = {
  { "ERROR", NULL, 1 },
  { "OK", NULL, 1 },
  { "+QSSLCFG: 0,0,\"seclevel\",0\r\n\r\nOK", NULL, 1 },
  { "+QSSLCFG: 0,1,\"seclevel\",0\r\n\r\nOK", "ERROR", 2 },
};

START_TEST (an_id_is_believed_when_it_works)
{
  script_tests ("+QSSLOPEN: (0-10),(0-4),<host_name>,(1-65535),(0,1)\r\n\r\nOK", "ERROR");
  driver_fixture_expect ("AT+QSSLCFG=0,1", promises[_i].answer_1);
  if (promises[_i].answer_2 != NULL)
    driver_fixture_expect ("AT+QSSLCFG=0,2", promises[_i].answer_2);
  driver_fixture_expect ("AT+QSSLCLOSE=0,0", "ERROR");
  if (promises[_i].slots > 1)
    driver_fixture_expect ("AT+QSSLCLOSE=0,1", "ERROR");
  start ("start;");
  ck_assert_uint_eq (module_driver_get_capabilities (fixture->driver)->slots, promises[_i].slots);
}
END_TEST

START_TEST (another_model_is_refused)
{
  driver_fixture_script_probe ();
  driver_fixture_expect ("ATE0", "OK");
  driver_fixture_expect ("ATI", "Quectel\r\nEC25\r\nRevision: EC25EFAR06A01M4G\r\n\r\nOK");
  driver_fixture_expect ("AT+CGSN=1", "ERROR");
  driver_fixture_expect ("AT+QSSLCFG=?", "ERROR");
  driver_fixture_expect ("AT+QSSLOPEN=?", "ERROR");
  driver_fixture_expect ("AT+QSSLSEND=?", "ERROR");
  start ("start failed module-error;");
  ck_assert_ptr_null (module_driver_get_identity (fixture->driver)->imei);
}
END_TEST

START_TEST (an_identity_that_is_too_short)
{
  driver_fixture_script_probe ();
  driver_fixture_expect ("ATE0", "OK");
  driver_fixture_expect ("ATI", "Quectel\r\n\r\nOK");
  start ("start failed protocol;");
}
END_TEST

START_TEST (the_echo_is_on)
{
  driver_fixture_script_probe ();
  scripted_module_expect (fixture->module, "ATE0\r");
  driver_fixture_say ("ATE0\r\r\nOK\r\n");
  driver_fixture_expect ("ATI", "ATI\r\r\nQuectel_Ltd\r\nQuectel_BC660K-GL\r\nRevision: 1\r\n\r\nOK");
  driver_fixture_expect ("AT+CGSN=1", "OK");
  driver_fixture_expect ("AT+QSSLCFG=?", "ERROR");
  driver_fixture_expect ("AT+QSSLOPEN=?", "ERROR");
  driver_fixture_expect ("AT+QSSLSEND=?", "ERROR");
  driver_fixture_expect ("AT+QSSLCLOSE=0,0", "ERROR");
  start ("start;");
  ck_assert_str_eq (module_driver_get_identity (fixture->driver)->revision, "1");
}
END_TEST

static const char *const leftovers[] = {
  "OK\r\n\r\n+QSSLCLOSE: 0,0,0",
  "OK\r\n\r\n+QSSLCLOSE: 0,0,-6",
  "+QSSLCLOSE: 0,0,0\r\n\r\nOK",
  "ERROR",
  "+QSSLURC: \"recv\",0,0,6,\"SECRET\"\r\n\r\n+QSSLURC: \"closed\",0,0\r\n\r\nOK\r\n\r\n+QSSLCLOSE: 0,0,-6",
};

START_TEST (bug_22_a_leftover_connection_is_closed)
{
  script_tests ("ERROR", "ERROR");
  driver_fixture_expect ("AT+QSSLCLOSE=0,0", leftovers[_i]);
  start ("start;");
  ck_assert_uint_eq (module_driver_get_sleep_locks (fixture->driver), 0);
}
END_TEST

#define RESTART_STEPS 6

START_TEST (a_restart_starts_over)
{
  static const char *const lines[] = { "ATE0",         "ATI",           "AT+CGSN=1",
                                       "AT+QSSLCFG=?", "AT+QSSLOPEN=?", "AT+QSSLSEND=?" };

  driver_fixture_script_probe ();
  driver_fixture_expect ("ATE0", _i == 0 ? "RDY" : "OK");
  if (_i > 0)
    driver_fixture_expect ("ATI", _i == 1 ? "RDY" : "Quectel_Ltd\r\nQuectel_BC660K-GL\r\n1\r\n\r\nOK");
  for (int i = 2; i <= _i; i++)
    driver_fixture_expect (lines[i], i == _i ? "RDY" : "ERROR");
  driver_fixture_script_probe ();
  driver_fixture_expect ("ATE0", "OK"); /* after every restart */
  driver_fixture_script_identity ();
  driver_fixture_expect ("AT+QSSLCFG=?", "ERROR");
  driver_fixture_expect ("AT+QSSLOPEN=?", "ERROR");
  driver_fixture_expect ("AT+QSSLSEND=?", "ERROR");
  driver_fixture_expect ("AT+QSSLCLOSE=0,0", "ERROR");
  start ("restarted;start;");
}
END_TEST

#define LOSS_STEPS 5

START_TEST (a_loss_ends_the_start_once)
{
  static const char *const lines[] = { "ATE0", "ATI", "AT+CGSN=1", "AT+QSSLCFG=?", "AT+QSSLOPEN=?" };

  driver_fixture_script_probe ();
  for (int i = 0; i <= _i; i++)
    driver_fixture_expect (lines[i], i == _i ? NULL : i == 1 ? "A\r\nBC660K\r\nC\r\n\r\nOK" : "OK");
  scripted_module_hang_up (fixture->module);
  start ("start failed module-lost;lost;");
}
END_TEST

START_TEST (a_loss_at_the_leftover_close)
{
  script_tests ("ERROR", "ERROR");
  driver_fixture_expect ("AT+QSSLCLOSE=0,0", "OK");
  scripted_module_hang_up (fixture->module);
  start ("start failed module-lost;lost;");
}
END_TEST

START_TEST (freed_while_it_starts)
{
  driver_fixture_script_probe ();
  driver_fixture_expect ("ATE0", NULL);
  module_driver_start_async (fixture->driver, on_started, NULL);
  scripted_module_run (fixture->module);
  g_clear_pointer (&fixture->driver, module_driver_free);
  driver_fixture_check ("start failed module-lost;");
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("bc660k-start");
  TCase *tcase = tcase_create ("bc660k-start");
  SRunner *runner;
  int failed;

  tcase_add_checked_fixture (tcase, driver_fixture_set_up, driver_fixture_tear_down);
  tcase_set_timeout (tcase, 60);
  tcase_add_test (tcase, nothing_is_written_before_the_start);
  tcase_add_test (tcase, identity_and_capabilities);
  tcase_add_test (tcase, test_commands_that_fail_mean_the_note);
  tcase_add_test (tcase, a_smaller_send);
  tcase_add_test (tcase, a_larger_send_is_not_believed);
  tcase_add_loop_test (tcase, an_id_is_believed_when_it_works, 0, G_N_ELEMENTS (promises));
  tcase_add_test (tcase, another_model_is_refused);
  tcase_add_test (tcase, an_identity_that_is_too_short);
  tcase_add_test (tcase, the_echo_is_on);
  tcase_add_loop_test (tcase, bug_22_a_leftover_connection_is_closed, 0, G_N_ELEMENTS (leftovers));
  tcase_add_loop_test (tcase, a_restart_starts_over, 0, RESTART_STEPS);
  tcase_add_loop_test (tcase, a_loss_ends_the_start_once, 0, LOSS_STEPS);
  tcase_add_test (tcase, a_loss_at_the_leftover_close);
  tcase_add_test (tcase, freed_while_it_starts);
  suite_add_tcase (suite, tcase);
  runner = srunner_create (suite);
  srunner_run_all (runner, CK_ENV);
  failed = srunner_ntests_failed (runner);
  srunner_free (runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
