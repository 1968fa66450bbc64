/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the driver asks about SIM card, network and clock, what it does not ask again, and what URCs tell.
 */
#include <check.h>
#include <stdlib.h>

#include "driver-fixture.h"

static DriverFixture *const fixture = &driver_fixture;

static const ModuleStatus *
get_status (void)
{
  return module_driver_get_status (fixture->driver);
}

/** The whole first check of a module that is at home, with URCs off. */
static void
script_first_check (void)
{
  driver_fixture_expect ("AT+CPIN?", "+CPIN: READY\r\n\r\nOK");
  driver_fixture_expect ("AT+CEREG?", "+CEREG: 0,1\r\n\r\nOK");
  driver_fixture_expect ("AT+CEREG=1", "OK");
  driver_fixture_expect ("AT+CEREG?", "+CEREG: 1,1\r\n\r\nOK");
  driver_fixture_expect ("AT+CGATT?", "+CGATT: 1\r\n\r\nOK");
  driver_fixture_expect ("AT+CGPADDR=0", "+CGPADDR: 0,\"100.64.0.7\"\r\n\r\nOK");
  driver_fixture_expect ("AT+CESQ", "+CESQ: 41,0,255,255,20,41\r\n\r\nOK");
  driver_fixture_expect ("AT+CPSMS?", "+CPSMS: 1,,,\"00000100\",\"00000001\"\r\n\r\nOK");
  driver_fixture_expect ("AT+QNBIOTEVENT?", "+QNBIOTEVENT: 0,1\r\n\r\nOK");
  driver_fixture_expect ("AT+QNBIOTEVENT=1,1", "OK");
}

static void
check_network (void)
{
  driver_fixture_check_network (FALSE);
  driver_fixture_check ("check;");
}

static void
start_online (void)
{
  driver_fixture_start ();
  script_first_check ();
  check_network ();
  ck_assert (get_status ()->current);
  ck_assert (module_status_is_online (get_status ()));
}

/** Lets the module say something by itself. */
static void
hear (const char *text)
{
  guint before = fixture->status_changes;

  driver_fixture_say (text);
  scripted_module_run_until (fixture->module, &fixture->status_changes, before + 1);
  scripted_module_run_what_is_ready ();
}

START_TEST (first_check)
{
  const ModuleStatus *status = get_status ();

  ck_assert (!status->current);
  ck_assert (module_status_is_online (status)); /* it did not say otherwise */
  start_online ();
  ck_assert_str_eq (module_status_get_sim_name (status), "ready");
  ck_assert_str_eq (module_status_get_registration_name (status), "home");
  ck_assert_str_eq (module_status_get_sleep_name (status), "awake");
  ck_assert_str_eq (module_status_get_clock_name (status), "");
  ck_assert_str_eq (status->address, "100.64.0.7");
  ck_assert_int_eq (status->signal_dbm, -100);
  ck_assert_int_eq (status->power_saving, MODULE_ANSWER_YES);
  ck_assert_uint_ge (fixture->status_changes, 1);
}
END_TEST

START_TEST (what_changes_before_it_is_told_is_noticed)
{
  driver_fixture_start ();
  driver_fixture_expect ("AT+CPIN?", "+CPIN: READY\r\n\r\nOK");
  driver_fixture_expect ("AT+CEREG?", "+CEREG: 0,1\r\n\r\nOK");
  driver_fixture_expect ("AT+CEREG=1", "OK");
  driver_fixture_expect ("AT+CEREG?", "+CEREG: 1,2\r\n\r\nOK");
  driver_fixture_expect ("AT+CPSMS?", "+CPSMS: 0\r\n\r\nOK");
  driver_fixture_expect ("AT+QNBIOTEVENT?", "+QNBIOTEVENT: 1\r\n\r\nOK");
  check_network ();
  ck_assert (get_status ()->current);
  ck_assert (!module_status_is_online (get_status ()));
}
END_TEST

START_TEST (settings_are_given_back)
{
  start_online ();
  driver_fixture_expect ("AT+CEREG=0", "OK");
  driver_fixture_expect ("AT+QNBIOTEVENT=0,1", "OK");
  driver_fixture_expect ("AT", "OK");
  driver_fixture_stop ();
  driver_fixture_check ("stop;");
}
END_TEST

START_TEST (settings_of_others_are_left_alone)
{
  driver_fixture_start ();
  driver_fixture_expect ("AT+CPIN?", "+CPIN: READY\r\n\r\nOK");
  driver_fixture_expect ("AT+CEREG?", "+CEREG: 2,5,\"1A2B\",\"00C0FFEE\",9\r\n\r\nOK");
  driver_fixture_expect ("AT+CGATT?", "+CGATT: 1\r\n\r\nOK");
  driver_fixture_expect ("AT+CGPADDR=0", "+CGPADDR: 0,\"100.64.0.7\"\r\n\r\nOK");
  driver_fixture_expect ("AT+CESQ", "+CESQ: 99,99,255,255,255,255\r\n\r\nOK");
  driver_fixture_expect ("AT+CPSMS?", "+CPSMS: 0\r\n\r\nOK");
  driver_fixture_expect ("AT+QNBIOTEVENT?", "+QNBIOTEVENT: 1,1\r\n\r\nOK");
  check_network ();
  ck_assert (get_status ()->current);
  ck_assert_str_eq (module_status_get_registration_name (get_status ()), "roaming");
  ck_assert_int_eq (get_status ()->power_saving, MODULE_ANSWER_NO);
  driver_fixture_expect ("AT", "OK");
  driver_fixture_stop ();
  driver_fixture_check ("stop;");
}
END_TEST

START_TEST (a_firmware_that_knows_nothing_is_no_obstacle)
{
  driver_fixture_start ();
  driver_fixture_expect ("AT+CPIN?", "ERROR");
  driver_fixture_expect ("AT+CEREG?", "ERROR");
  driver_fixture_expect ("AT+CPSMS?", "ERROR");
  driver_fixture_expect ("AT+QNBIOTEVENT?", "ERROR");
  check_network ();
  ck_assert (module_status_is_online (get_status ()));
  ck_assert (!get_status ()->current); /* nobody tells when that changes, so it is to be asked again */
}
END_TEST

START_TEST (what_is_known_is_not_asked_again)
{
  start_online ();
  driver_fixture_expect ("AT+CEREG?", "+CEREG: 1,1\r\n\r\nOK");
  driver_fixture_expect ("AT+CGATT?", "+CGATT: 1\r\n\r\nOK");
  driver_fixture_expect ("AT+CGPADDR=0", "+CGPADDR: 0,\"100.64.0.8\"\r\n\r\nOK");
  driver_fixture_expect ("AT+CESQ", "+CESQ: 41,0,255,255,20,31\r\n\r\nOK");
  check_network ();
  ck_assert_str_eq (get_status ()->address, "100.64.0.8");
  ck_assert_int_eq (get_status ()->signal_dbm, -110);
}
END_TEST

START_TEST (lost_and_regained)
{
  start_online ();
  hear ("\r\n+CEREG: 2\r\n");
  ck_assert (!module_status_is_online (get_status ()));
  ck_assert_ptr_null (get_status ()->address);
  hear ("\r\n+CEREG: 1\r\n");
  ck_assert (module_status_is_online (get_status ()));
  ck_assert (!get_status ()->current); /* whether there is an address is not known */
  hear ("\r\n+IP: 100.64.0.9\r\n");
  ck_assert (get_status ()->current);
  ck_assert_str_eq (get_status ()->address, "100.64.0.9");
}
END_TEST

START_TEST (without_the_address_it_is_asked_for)
{
  start_online ();
  hear ("\r\n+CEREG: 3\r\n");
  ck_assert_str_eq (module_status_get_registration_name (get_status ()), "denied");
  driver_fixture_expect ("AT+CEREG?", "+CEREG: 1,5\r\n\r\nOK");
  driver_fixture_expect ("AT+CGATT?", "+CGATT: 1\r\n\r\nOK");
  driver_fixture_expect ("AT+CGPADDR=0", "+CGPADDR: 0\r\n\r\nOK");
  driver_fixture_expect ("AT+CESQ", "ERROR");
  check_network ();
  ck_assert (get_status ()->current);
  ck_assert (!module_status_is_online (get_status ()));
}
END_TEST

START_TEST (bug_17_a_urc_comes_before_the_answer)
{
  start_online ();
  hear ("\r\n+CEREG: 2\r\n");
  driver_fixture_expect ("AT+CEREG?",
                         "+CEREG: 1\r\n\r\n+CEREG: 2,2\r\n\r\n+CEREG: 5,\"1A2B\",\"00C0FFEE\",9\r\n\r\nOK");
  driver_fixture_expect ("AT+CGATT?", "+CGATT: 1\r\n\r\nOK");
  driver_fixture_expect ("AT+CGPADDR=0", "+CGPADDR: 0,\"100.64.0.7\"\r\n\r\nOK");
  driver_fixture_expect ("AT+CESQ", "+CESQ: 41,0,255,255,20,41\r\n\r\nOK");
  check_network ();
  ck_assert_str_eq (module_status_get_registration_name (get_status ()), "roaming");
}
END_TEST

START_TEST (bug_17_a_urc_is_not_the_answer_of_another_command)
{
  driver_fixture_start ();
  driver_fixture_expect ("AT+CPIN?", "+CEREG: 1\r\n\r\n+CPIN: READY\r\n\r\nOK");
  driver_fixture_expect ("AT+CEREG?", "+CPIN: READY\r\n\r\n+CEREG: 1,1\r\n\r\nOK");
  driver_fixture_expect ("AT+CGATT?", "+CEREG: 2\r\n\r\n+CGATT: 0\r\n\r\nOK");
  driver_fixture_expect ("AT+CPSMS?", "+CEREG: 2\r\n\r\n+CPSMS: 0\r\n\r\nOK");
  driver_fixture_expect ("AT+QNBIOTEVENT?", "+QNBIOTEVENT: \"ENTER PSM\"\r\n\r\n+QNBIOTEVENT: 1,1\r\n\r\nOK");
  check_network ();
  ck_assert_str_eq (module_status_get_registration_name (get_status ()), "searching");
}
END_TEST

START_TEST (no_card)
{
  driver_fixture_start ();
  driver_fixture_expect ("AT+CPIN?", "+CME ERROR: 10");
  driver_fixture_expect ("AT+CEREG?", "+CEREG: 1,0\r\n\r\nOK");
  driver_fixture_expect ("AT+CPSMS?", "+CPSMS: 0\r\n\r\nOK");
  driver_fixture_expect ("AT+QNBIOTEVENT?", "+QNBIOTEVENT: 1\r\n\r\nOK");
  check_network ();
  ck_assert (module_status_lacks_sim (get_status ()));
  hear ("\r\n+CPIN: SIM PIN\r\n");
  ck_assert_str_eq (module_status_get_sim_name (get_status ()), "locked");
  hear ("\r\n+CPIN: READY\r\n");
  ck_assert (!module_status_lacks_sim (get_status ()));
}
END_TEST

START_TEST (deep_sleep_is_shown_until_the_module_answers)
{
  start_online ();
  hear ("\r\n+QNBIOTEVENT: \"ENTER PSM\"\r\n");
  ck_assert_str_eq (module_status_get_sleep_name (get_status ()), "power-saving");
  hear ("\r\n+QNBIOTEVENT: \"ENTER DEEPSLEEP\"\r\n");
  ck_assert_str_eq (module_status_get_sleep_name (get_status ()), "deep-sleep");
  ck_assert (!get_status ()->current); /* it may have forgotten that it is to tell what changes */
  driver_fixture_expect ("AT+CEREG?", "+CEREG: 0,2\r\n\r\nOK");
  driver_fixture_expect ("AT+CEREG=1", "OK");
  driver_fixture_expect ("AT+CEREG?", "+CEREG: 1,2\r\n\r\nOK");
  check_network ();
  ck_assert_str_eq (module_status_get_sleep_name (get_status ()), "awake");
}
END_TEST

START_TEST (a_restart_makes_all_of_it_unknown)
{
  start_online ();
  driver_fixture_say ("\r\nRDY\r\n");
  driver_fixture_script_probe ();
  driver_fixture_expect ("ATE0", "OK");
  driver_fixture_check ("restarted;");
  ck_assert (!get_status ()->current);
  ck_assert_str_eq (module_status_get_sim_name (get_status ()), "");
  script_first_check ();
  check_network ();
  ck_assert (get_status ()->current);
}
END_TEST

START_TEST (a_failed_open_makes_it_doubtful)
{
  start_online ();
  driver_fixture_script_awake ();
  driver_fixture_script_list (&driver_fixture_defaults);
  driver_fixture_expect ("AT+QSSLOPEN=0,0,\"example.org\",8883,0", "OK");
  driver_fixture_say ("\r\n+QSSLOPEN: 0,0,-2\r\n");
  driver_fixture_script_asleep ();
  driver_fixture_open ();
  driver_fixture_check ("connecting;open failed connect-failed -2;");
  ck_assert (!get_status ()->current);
}
END_TEST

START_TEST (freed_during_a_check)
{
  driver_fixture_start ();
  driver_fixture_expect ("AT+CPIN?", NULL);
  driver_fixture_check_network (TRUE);
  scripted_module_run (fixture->module);
  g_clear_pointer (&fixture->driver, module_driver_free);
  driver_fixture_check ("check failed module-lost 0;");
}
END_TEST

/* -- the clock --------------------------------------------------------------------------------------- */

static const struct {
  const char *first;   /* answer to AT+CCLK? */
  const char *command; /* NULL: it is left alone */
  const char *answer;
  const char *second; /* NULL: it is not read again */
  const char *name;
  gint64 offset_s;
} clocks[] = {
  { "+CCLK: \"26/11/22,21:00:00+00\"\r\n\r\nOK", NULL, NULL, NULL, "right", 0 },
  { "+CCLK: \"26/11/22,23:01:00+08\"\r\n\r\nOK", NULL, NULL, NULL, "right", 60 },
  { "+CCLK: \"26/11/22,21:00:10+32\"\r\n\r\nOK", NULL, NULL, NULL, "right", 10 },
  { "+CCLK: \"26/11/22,20:58:59+00\"\r\n\r\nOK", "AT+CCLK=\"26/11/22,21:00:00+00\"", "OK",
    "+CCLK: \"26/11/22,21:00:01+00\"\r\n\r\nOK", "set", -61 },
  { "+CCLK: \"26/11/23,02:00:00-20\"\r\n\r\nOK", "AT+CCLK=\"26/11/22,16:00:00-20\"", "OK",
    "+CCLK: \"26/11/22,16:00:00-20\"\r\n\r\nOK", "set", 36000 },
  { "OK", "AT+CCLK=\"26/11/22,21:00:00+00\"", "OK", "+CCLK: \"26/11/22,21:00:00+00\"\r\n\r\nOK", "set", 0 },
  { "OK", "AT+CCLK=\"26/11/22,21:00:00+00\"", "ERROR", NULL, "wrong", 0 },
  { "+CCLK: \"26/11/22,19:00:00+00\"\r\n\r\nOK", "AT+CCLK=\"26/11/22,21:00:00+00\"", "OK",
    "+CCLK: \"26/11/22,19:00:01+00\"\r\n\r\nOK", "wrong", -7200 },
  { "ERROR", NULL, NULL, NULL, "", 0 },
};

START_TEST (clock_is_compared_and_set)
{
  start_online ();
  driver_fixture_expect ("AT+CEREG?", "+CEREG: 1,2\r\n\r\nOK");
  driver_fixture_expect ("AT+CCLK?", clocks[_i].first);
  if (clocks[_i].command != NULL)
    driver_fixture_expect (clocks[_i].command, clocks[_i].answer);
  if (clocks[_i].second != NULL)
    driver_fixture_expect ("AT+CCLK?", clocks[_i].second);
  driver_fixture_check_network (TRUE);
  driver_fixture_check ("check;");
  ck_assert_str_eq (module_status_get_clock_name (get_status ()), clocks[_i].name);
  ck_assert_int_eq (get_status ()->clock_offset_s, clocks[_i].offset_s);
}
END_TEST

START_TEST (a_host_without_a_clock_sets_nobodys)
{
  start_online ();
  fixture->unix_s = 1000;
  driver_fixture_expect ("AT+CEREG?", "+CEREG: 1,2\r\n\r\nOK");
  driver_fixture_expect ("AT+CCLK?", "+CCLK: \"26/11/22,21:00:00+00\"\r\n\r\nOK");
  driver_fixture_check_network (TRUE);
  driver_fixture_check ("check;");
  ck_assert_str_eq (module_status_get_clock_name (get_status ()), "");
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("bc660k-network");
  TCase *tcase = tcase_create ("bc660k-network");
  SRunner *runner;
  int failed;

  tcase_add_checked_fixture (tcase, driver_fixture_set_up, driver_fixture_tear_down);
  tcase_set_timeout (tcase, 60);
  tcase_add_test (tcase, first_check);
  tcase_add_test (tcase, what_changes_before_it_is_told_is_noticed);
  tcase_add_test (tcase, settings_are_given_back);
  tcase_add_test (tcase, settings_of_others_are_left_alone);
  tcase_add_test (tcase, a_firmware_that_knows_nothing_is_no_obstacle);
  tcase_add_test (tcase, what_is_known_is_not_asked_again);
  tcase_add_test (tcase, lost_and_regained);
  tcase_add_test (tcase, without_the_address_it_is_asked_for);
  tcase_add_test (tcase, bug_17_a_urc_comes_before_the_answer);
  tcase_add_test (tcase, bug_17_a_urc_is_not_the_answer_of_another_command);
  tcase_add_test (tcase, no_card);
  tcase_add_test (tcase, deep_sleep_is_shown_until_the_module_answers);
  tcase_add_test (tcase, a_restart_makes_all_of_it_unknown);
  tcase_add_test (tcase, a_failed_open_makes_it_doubtful);
  tcase_add_test (tcase, freed_during_a_check);
  tcase_add_loop_test (tcase, clock_is_compared_and_set, 0, G_N_ELEMENTS (clocks));
  tcase_add_test (tcase, a_host_without_a_clock_sets_nobodys);
  suite_add_tcase (suite, tcase);
  runner = srunner_create (suite);
  srunner_run_all (runner, CK_ENV);
  failed = srunner_ntests_failed (runner);
  srunner_free (runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
