/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Results of sends that come when nobody waits for them any more, or somebody else does.
 */
#include <check.h>
#include <stdlib.h>

#include "driver-fixture.h"

#define SENT "\r\n+QSSLSEND: 0,0,0\r\n"

static void
reopen (void)
{
  driver_fixture_script_open ();
  driver_fixture_say ("\r\n+QSSLOPEN: 0,0,0\r\n");
  driver_fixture_open ();
  driver_fixture_check ("connecting;open;");
}

/** A connection whose server closed during a send, which the module has not reported yet; and the next one.
 */
static void
owe_a_result (void)
{
  driver_fixture_connect ();
  driver_fixture_script_send ("old", OK "\r\n+QSSLURC: \"closed\",0,0\r\n");
  driver_fixture_script_asleep ();
  driver_fixture_send ("old");
  driver_fixture_check ("send failed server-closed 0;closed server-closed 0;");
  reopen ();
}

START_TEST (bug_12_the_result_of_an_aborted_send_confirms_no_other)
{
  owe_a_result ();
  driver_fixture_script_send ("new", OK SENT "\r\n+QSSLSEND: 0,0,-2\r\n");
  driver_fixture_script_close ();
  driver_fixture_send ("new");
  driver_fixture_check ("send failed connect-failed -2;closed connect-failed -2;");
}
END_TEST

START_TEST (bug_12_both_results_come)
{
  owe_a_result ();
  driver_fixture_script_send ("new", "\r\n+QSSLSEND: 0,0,-6\r\n" OK SENT);
  driver_fixture_send ("new");
  driver_fixture_check ("send;");
}
END_TEST

START_TEST (it_comes_before_the_next_send)
{
  owe_a_result ();
  driver_fixture_say (SENT);
  driver_fixture_script_send ("new", OK SENT);
  scripted_module_run_what_is_ready ();
  driver_fixture_send ("new");
  driver_fixture_check ("send;");
}
END_TEST

START_TEST (it_never_comes)
{
  owe_a_result ();
  driver_fixture_script_send ("new", OK SENT);
  driver_fixture_send ("new");
  driver_fixture_check ("send;");
  driver_fixture_script_send ("newer", OK SENT);
  driver_fixture_send ("newer");
  driver_fixture_check ("send;");
}
END_TEST

START_TEST (a_restart_forgets_it)
{
  owe_a_result ();
  driver_fixture_say ("\r\nRDY\r\n");
  driver_fixture_script_probe ();
  driver_fixture_expect ("ATE0", "OK");
  driver_fixture_script_asleep ();
  driver_fixture_check ("closed module-restarted 0;restarted;");
  reopen ();
  driver_fixture_script_send ("new", OK SENT);
  driver_fixture_send ("new");
  driver_fixture_check ("send;");
}
END_TEST

/* Then an earlier one may have been taken for the wrong send. */
START_TEST (one_too_many)
{
  driver_fixture_connect ();
  driver_fixture_say (SENT);
  driver_fixture_script_close ();
  driver_fixture_check ("closed protocol 0;");
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("bc660k-confirm");
  TCase *tcase = tcase_create ("bc660k-confirm");
  SRunner *runner;
  int failed;

  tcase_add_checked_fixture (tcase, driver_fixture_set_up, driver_fixture_tear_down);
  tcase_set_timeout (tcase, 60);
  tcase_add_test (tcase, bug_12_the_result_of_an_aborted_send_confirms_no_other);
  tcase_add_test (tcase, bug_12_both_results_come);
  tcase_add_test (tcase, it_comes_before_the_next_send);
  tcase_add_test (tcase, it_never_comes);
  tcase_add_test (tcase, a_restart_forgets_it);
  tcase_add_test (tcase, one_too_many);
  suite_add_tcase (suite, tcase);
  runner = srunner_create (suite);
  srunner_run_all (runner, CK_ENV);
  failed = srunner_ntests_failed (runner);
  srunner_free (runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
