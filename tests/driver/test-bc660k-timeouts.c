/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What never comes. The module's own time-out is set to 0, so that only the driver's margin passes.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "driver-fixture.h"

static DriverFixture *const fixture = &driver_fixture;

static void
script_opening (const char *answer)
{
  DriverFixtureList list = driver_fixture_defaults;

  list.timeout = 0;
  fixture->request.settings.timeout_s = 0;
  driver_fixture_start ();
  driver_fixture_script_awake ();
  driver_fixture_script_list (&list);
  driver_fixture_expect ("AT+QSSLOPEN=0,0,\"example.org\",8883,0", answer);
  driver_fixture_open ();
}

START_TEST (the_result_of_an_open_never_comes)
{
  script_opening ("OK");
  driver_fixture_script_close ();
  driver_fixture_check ("connecting;open failed timeout 0;");
}
END_TEST

/* The module can neither be made to close nor does it say how the open went. What it says later cannot be
 * told from the result of the next open, so that one is given up too. */
START_TEST (a_late_result_is_not_that_of_the_next_open)
{
  script_opening ("OK");
  driver_fixture_expect ("AT+QSSLCLOSE=0,0", "ERROR");
  driver_fixture_script_asleep ();
  driver_fixture_check ("connecting;open failed timeout 0;");
  driver_fixture_script_awake ();
  driver_fixture_script_list (&(DriverFixtureList){ 0, 4, 0, 0, 0, 0, 0, 0, 0, 0 });
  driver_fixture_expect ("AT+QSSLOPEN=0,0,\"example.org\",8883,0", "OK\r\n\r\n+QSSLOPEN: 0,0,0");
  driver_fixture_script_close ();
  driver_fixture_open ();
  driver_fixture_check ("connecting;open failed state 0;");
}
END_TEST

START_TEST (the_result_of_a_send_never_comes)
{
  script_opening ("OK\r\n\r\n+QSSLOPEN: 0,0,0");
  driver_fixture_check ("connecting;open;");
  driver_fixture_script_send ("abc", OK);
  driver_fixture_script_close ();
  driver_fixture_send ("abc");
  driver_fixture_check ("send failed timeout 0;closed timeout 0;");
}
END_TEST

START_TEST (the_result_of_a_close_never_comes)
{
  driver_fixture_connect ();
  driver_fixture_expect ("AT+QSSLCLOSE=0,0", "OK");
  driver_fixture_script_asleep ();
  driver_fixture_close ();
  driver_fixture_check ("close;");
}
END_TEST

START_TEST (an_upload_is_not_answered)
{
  driver_fixture_start ();
  driver_fixture_ask_for_mutual (FALSE);
  driver_fixture_script_awake ();
  driver_fixture_script_list (&driver_fixture_defaults);
  driver_fixture_expect ("AT+QSSLCFG=0,0,\"seclevel\",2", "OK");
  scripted_module_expect (driver_fixture.module, "AT+QSSLCFG=0,0,\"cacert\"\r\x1b");
  driver_fixture_script_probe ();
  driver_fixture_script_asleep ();
  driver_fixture_open ();
  driver_fixture_check ("credential 0 unknown;open failed credential 0;");
}
END_TEST

/* What it slept over is said again, both ways. */
START_TEST (bug_11_a_sleeping_module_swallows_the_sleep_mode)
{
  driver_fixture_start ();
  driver_fixture_expect ("AT+QSCLK?", "+QSCLK: 1\r\n\r\nOK");
  driver_fixture_expect ("AT+QSCLK=0", NULL);
  driver_fixture_script_probe ();
  driver_fixture_expect ("AT+QSCLK=0", "OK");
  driver_fixture_script_list (&driver_fixture_defaults);
  driver_fixture_expect ("AT+QSSLOPEN=0,0,\"example.org\",8883,0", "OK\r\n\r\n+QSSLOPEN: 0,0,-2");
  driver_fixture_expect ("AT+QSCLK=1", NULL);
  driver_fixture_script_probe ();
  driver_fixture_expect ("AT+QSCLK=1", "OK");
  driver_fixture_open ();
  driver_fixture_check ("connecting;open failed connect-failed -2;");
}
END_TEST

/* Nor does it forget its mode when it restarts in the meantime: the mode is in its flash memory. */
START_TEST (the_sleep_mode_survives_a_restart)
{
  driver_fixture_connect ();
  driver_fixture_expect ("AT+QSSLCLOSE=0,0", "OK\r\n\r\n+QSSLCLOSE: 0,0,0");
  driver_fixture_expect ("AT+QSCLK=1", "RDY");
  driver_fixture_script_probe ();
  driver_fixture_expect ("ATE0", "OK");
  driver_fixture_expect ("AT+QSCLK=1", "OK");
  driver_fixture_close ();
  driver_fixture_check ("close;restarted;");
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("bc660k-timeouts");
  TCase *tcase = tcase_create ("bc660k-timeouts");
  SRunner *runner;
  int failed;

  tcase_add_checked_fixture (tcase, driver_fixture_set_up, driver_fixture_tear_down);
  tcase_set_timeout (tcase, 60);
  tcase_add_test (tcase, the_result_of_an_open_never_comes);
  tcase_add_test (tcase, a_late_result_is_not_that_of_the_next_open);
  tcase_add_test (tcase, the_result_of_a_send_never_comes);
  tcase_add_test (tcase, the_result_of_a_close_never_comes);
  tcase_add_test (tcase, an_upload_is_not_answered);
  tcase_add_test (tcase, bug_11_a_sleeping_module_swallows_the_sleep_mode);
  tcase_add_test (tcase, the_sleep_mode_survives_a_restart);
  suite_add_tcase (suite, tcase);
  runner = srunner_create (suite);
  srunner_run_all (runner, CK_ENV);
  failed = srunner_ntests_failed (runner);
  srunner_free (runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
