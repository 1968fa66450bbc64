/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Bringing a module back: slots, radio, restart, and waiting for one that somebody else has restarted.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "driver-fixture.h"

static DriverFixture *const fixture = &driver_fixture;

/* What is said after a restart: a probe, no echo, and the question whether it answers. */
static void
script_return (void)
{
  driver_fixture_script_probe ();
  driver_fixture_expect ("ATE0", "OK");
  driver_fixture_expect ("AT", "OK");
}

/* The same, and the connection that ended no longer keeps it awake. */
static void
script_return_asleep (void)
{
  driver_fixture_script_probe ();
  driver_fixture_expect ("ATE0", "OK");
  driver_fixture_script_asleep ();
  driver_fixture_expect ("AT", "OK");
}

START_TEST (slots_are_closed_after_a_probe)
{
  driver_fixture_start ();
  driver_fixture_script_probe ();
  driver_fixture_expect ("AT+QSSLCLOSE=0,0", "OK\r\n\r\n+QSSLCLOSE: 0,0,-6");
  driver_fixture_reset (MODULE_RESET_SLOTS);
  driver_fixture_check ("reset;");
  ck_assert_uint_eq (module_driver_get_sleep_locks (fixture->driver), 0);
}
END_TEST

START_TEST (a_refused_close_is_enough)
{
  driver_fixture_start ();
  driver_fixture_script_probe ();
  driver_fixture_expect ("AT+QSSLCLOSE=0,0", "ERROR");
  driver_fixture_reset (MODULE_RESET_SLOTS);
  driver_fixture_check ("reset;");
}
END_TEST

static const ModuleReset gentle[] = { MODULE_RESET_SLOTS, MODULE_RESET_RADIO };

START_TEST (a_taken_slot_is_left_alone)
{
  driver_fixture_connect ();
  driver_fixture_reset (gentle[_i]);
  driver_fixture_check ("reset failed state 0;");
  driver_fixture_script_close ();
  driver_fixture_close ();
  driver_fixture_check ("close;");
}
END_TEST

static const struct {
  const char *off;
  const char *on[5]; /* each try; the last answer is the one that counts */
  const char *log;
} radios[] = {
  { "OK", { "OK" }, "reset;" },
  { "OK\r\n\r\n+CEREG: 0", { "OK\r\n\r\n+CEREG: 1" }, "reset;" },
  { "ERROR", { NULL }, "reset failed module-error 0;" },
  { "+CME ERROR: 50", { NULL }, "reset failed module-error 0;" },
  { "OK", { "ERROR", "OK" }, "reset;" },
  { "OK", { "ERROR", "ERROR", "+CME ERROR: 1", "ERROR", "OK" }, "reset;" },
};

START_TEST (the_radio_goes_off_and_on)
{
  driver_fixture_start ();
  driver_fixture_expect ("AT+CFUN=0", radios[_i].off);
  for (guint i = 0; i < G_N_ELEMENTS (radios[_i].on) && radios[_i].on[i] != NULL; i++)
    driver_fixture_expect ("AT+CFUN=1", radios[_i].on[i]);
  driver_fixture_reset (MODULE_RESET_RADIO);
  driver_fixture_check (radios[_i].log);
}
END_TEST

START_TEST (stopped_with_the_radio_off)
{
  driver_fixture_start ();
  scripted_module_expect (fixture->module, "AT+CFUN=0\r");
  scripted_module_pause (fixture->module, 100); /* the end is asked for meanwhile */
  driver_fixture_say (OK);
  driver_fixture_expect ("AT", "OK");
  driver_fixture_expect ("AT+CFUN=1", "OK");
  driver_fixture_expect ("AT", "OK");
  driver_fixture_reset (MODULE_RESET_RADIO);
  driver_fixture_stop ();
  driver_fixture_check ("reset;stop;");
}
END_TEST

/* It is not left without its radio. */
START_TEST (a_radio_that_stays_off)
{
  driver_fixture_start ();
  driver_fixture_expect ("AT+CFUN=0", "OK");
  for (guint i = 0; i < 5; i++)
    driver_fixture_expect ("AT+CFUN=1", "ERROR");
  scripted_module_expect (fixture->module, "AT+QRST=1\r");
  driver_fixture_say (OK "\r\nRDY\r\n");
  script_return ();
  driver_fixture_reset (MODULE_RESET_RADIO);
  driver_fixture_check ("restarted;reset;");
}
END_TEST

START_TEST (a_restart_with_the_radio_off)
{
  driver_fixture_start ();
  driver_fixture_expect ("AT+CFUN=0", NULL);
  driver_fixture_say ("\r\nRDY\r\n");
  driver_fixture_script_probe ();
  driver_fixture_expect ("ATE0", "OK");
  driver_fixture_expect ("AT+CFUN=1", "OK");
  driver_fixture_reset (MODULE_RESET_RADIO);
  driver_fixture_check ("restarted;reset;");
}
END_TEST

static const char *const restarts[] = {
  OK "\r\nRDY\r\n",
  "\r\nRDY\r\n", /* the OK got lost */
  OK "\n\rF1: 0000 0000\n\rV0: 0000 0000 [0001]\n\r",
};

START_TEST (a_restart)
{
  driver_fixture_start ();
  scripted_module_expect (fixture->module, "AT+QRST=1\r");
  driver_fixture_say (restarts[_i]);
  script_return ();
  driver_fixture_reset (MODULE_RESET_RESTART);
  driver_fixture_check ("restarted;reset;");
}
END_TEST

START_TEST (a_restart_that_is_told_twice)
{
  driver_fixture_start ();
  scripted_module_expect (fixture->module, "AT+QRST=1\r");
  driver_fixture_say (OK "\n\rF1: 0000 0000\n\r");
  scripted_module_expect (fixture->module, "\x1b\rAT\r");
  driver_fixture_say ("\r\nRDY\r\n");
  script_return ();
  driver_fixture_reset (MODULE_RESET_RESTART);
  driver_fixture_check ("restarted;restarted;reset;");
}
END_TEST

START_TEST (a_port_that_goes_with_the_module)
{
  driver_fixture_start ();
  driver_fixture_expect ("AT+QRST=1", "OK");
  scripted_module_hang_up (fixture->module);
  driver_fixture_reset (MODULE_RESET_RESTART);
  driver_fixture_wait (2);
  ck_assert_ptr_nonnull (strstr (fixture->log->str, "lost;"));
  ck_assert_ptr_nonnull (strstr (fixture->log->str, "reset failed module-lost 0;"));
}
END_TEST

START_TEST (a_silent_restart_is_told)
{
  driver_fixture_start ();
  driver_fixture_expect ("AT+QRST=1", "OK");
  driver_fixture_expect ("AT", "OK");
  driver_fixture_script_probe ();
  driver_fixture_expect ("ATE0", "OK");
  driver_fixture_reset (MODULE_RESET_RESTART);
  driver_fixture_check ("restarted;reset;");
}
END_TEST

START_TEST (a_refused_restart)
{
  driver_fixture_start ();
  driver_fixture_expect ("AT+QRST=1", "ERROR");
  driver_fixture_reset (MODULE_RESET_RESTART);
  driver_fixture_check ("reset failed module-error 0;");
}
END_TEST

START_TEST (a_restart_ends_connections)
{
  driver_fixture_connect ();
  scripted_module_expect (fixture->module, "AT+QRST=1\r");
  driver_fixture_say (OK "\r\nRDY\r\n");
  script_return_asleep ();
  driver_fixture_reset (MODULE_RESET_RESTART);
  driver_fixture_check ("closed module-restarted 0;restarted;reset;");
}
END_TEST

/* The data of a send is written whole before the restart is asked for. */
START_TEST (a_restart_waits_for_a_send)
{
  driver_fixture_connect ();
  driver_fixture_script_send ("abc", OK "\r\n+QSSLSEND: 0,0,0\r\n");
  scripted_module_expect (fixture->module, "AT+QRST=1\r");
  driver_fixture_say (OK "\r\nRDY\r\n");
  script_return_asleep ();
  driver_fixture_send ("abc");
  driver_fixture_reset (MODULE_RESET_RESTART);
  driver_fixture_check ("send;closed module-restarted 0;restarted;reset;");
}
END_TEST

START_TEST (awaited_after_its_power_was_cut)
{
  driver_fixture_start ();
  scripted_module_expect (fixture->module, "\x1b\rAT\r");
  driver_fixture_say ("\r\nRDY\r\n");
  script_return ();
  driver_fixture_reset (MODULE_RESET_AWAIT);
  driver_fixture_check ("restarted;reset;");
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("bc660k-recovery");
  TCase *tcase = tcase_create ("bc660k-recovery");
  SRunner *runner;
  int failed;

  tcase_add_checked_fixture (tcase, driver_fixture_set_up, driver_fixture_tear_down);
  tcase_set_timeout (tcase, 60);
  tcase_add_test (tcase, slots_are_closed_after_a_probe);
  tcase_add_test (tcase, a_refused_close_is_enough);
  tcase_add_loop_test (tcase, a_taken_slot_is_left_alone, 0, G_N_ELEMENTS (gentle));
  tcase_add_loop_test (tcase, the_radio_goes_off_and_on, 0, G_N_ELEMENTS (radios));
  tcase_add_test (tcase, stopped_with_the_radio_off);
  tcase_add_test (tcase, a_radio_that_stays_off);
  tcase_add_test (tcase, a_restart_with_the_radio_off);
  tcase_add_loop_test (tcase, a_restart, 0, G_N_ELEMENTS (restarts));
  tcase_add_test (tcase, a_restart_that_is_told_twice);
  tcase_add_test (tcase, a_port_that_goes_with_the_module);
  tcase_add_test (tcase, a_silent_restart_is_told);
  tcase_add_test (tcase, a_refused_restart);
  tcase_add_test (tcase, a_restart_ends_connections);
  tcase_add_test (tcase, a_restart_waits_for_a_send);
  tcase_add_test (tcase, awaited_after_its_power_was_cut);
  suite_add_tcase (suite, tcase);
  runner = srunner_create (suite);
  srunner_run_all (runner, CK_ENV);
  failed = srunner_ntests_failed (runner);
  srunner_free (runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
