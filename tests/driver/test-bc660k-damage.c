/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What ends a connection without a word of the module about it: bytes that get lost or changed on the line,
 * since a stream never goes on with a hole, and deep sleep.
 */
#include <check.h>
#include <stdlib.h>

#include "driver-fixture.h"

/** @resync: the rest may follow, so the channel gets back into step first. */
static const struct {
  const char *said;
  gboolean resync;
} damages[] = {
  { "+QSSLURC: \"recv\",0,0,3,\"abcSECRET\"\r\n", TRUE },
  { "+QSSLURC: \"recv\",0,0,9999,\"SECRET\"\r\n", TRUE },
  { "+QSSLURC: \"recv\",0,0,0,\"\"\r\n", TRUE },
  { "+QSSLURC: \"recv\",0,0\r\n", FALSE },
  { "+QSSLURC: \"recv\",0,0,20,\"SECRET", TRUE },
  { "+QSSLURC: \"closed\",0\r\n", FALSE },
  /* The line stops. */
  { "+QSSLU", TRUE },
  { "+QSSLURC: \"recv\",0,0,1", TRUE },
  { "cv\",0,0,6,\"SECRET", TRUE },
  /* It was cut off, and its end is that of the next one. */
  { "+QSSLURC: \"re\r\n+CEREG: 5\r\n", FALSE },
  { "+Q\r\n+CEREG: 5\r\n", FALSE },
  /* Bytes of its head are others, or lost. */
  { "+QSSLURC: \"gecv\",0,0,6,\"SECRET\"\r\n", FALSE },
  { ">DFFY@GV/57gpvc79%9%!97SECRET7\r\n", FALSE },
  { "URC: \"recv\",0,0,6,\"SECRET\"\r\n", FALSE },
  { "SECRET\"\r\n", FALSE },
};

START_TEST (bug_06_damaged_data_ends_the_connection)
{
  driver_fixture_connect ();
  driver_fixture_say (damages[_i].said);
  if (damages[_i].resync)
    driver_fixture_script_probe ();
  driver_fixture_script_close ();
  driver_fixture_check ("closed protocol 0;");
}
END_TEST

static const char *const harmless[] = {
  "\r\n+QSSLURC: \"pdpdeact\",0\r\n",
  "\r\n+CSCON: 1\r\n",
  "\r\nNORMAL POWER DOWN\r\n",
  "\r\n\r\nOK\r\n",
};

START_TEST (bug_19_an_unknown_line_is_no_damage)
{
  driver_fixture_connect ();
  driver_fixture_say (harmless[_i]);
  driver_fixture_say ("\r\n+QSSLURC: \"recv\",0,0,1,\"a\"\r\n");
  driver_fixture_check ("received a;");
}
END_TEST

/** Where in its output the module restarts, and what it says then. */
static const struct {
  const char *said;
  const char *banner;
  const char *written; /* since it looks like damage first */
} restarts[] = {
  { "", "\r\nRDY\r\n", NULL },
  { "", "\n\rF1: 0000 0000\n\rV0: 0000 0000 [0001]\n\r", NULL },
  { "\r\n+QSSLU", "\r\nRDY\r\n", "AT+QSSLCLOSE=0,0\r" },
  { "\r\n+QSSLURC: \"re", "\n\rF1: 0000 0000\n\r", "AT+QSSLCLOSE=0,0\r" },
  { "\r\n+QSSLURC: \"recv\",0,0,80,", "\r\nRDY\r\n", NULL },
  { "\r\n+QSSLURC: \"recv\",0,0,80,\"SECRET", "\r\nRDY\r\n", NULL },
  { "\r\n+QSSLURC: \"recv\",0,0,80,\"SECRET", "\n\rF1: 0000 0000\n\r", NULL },
  { "\r\n+QSSLURC: \"recv\",0,0,6,\"SECRET", "\r\nRDY\r\n", "\x1b\rAT\r" },
};

START_TEST (a_restart_in_the_middle)
{
  g_autofree char *said = g_strconcat (restarts[_i].said, restarts[_i].banner, NULL);

  driver_fixture_connect ();
  driver_fixture_say (said);
  if (restarts[_i].written != NULL)
    scripted_module_expect (driver_fixture.module, restarts[_i].written);
  driver_fixture_script_probe ();
  driver_fixture_expect ("ATE0", "OK");
  driver_fixture_script_asleep ();
  driver_fixture_check ("closed module-restarted 0;restarted;");
}
END_TEST

/* It loses sockets and TLS, and needs to be told nothing. */
START_TEST (deep_sleep_ends_the_connection)
{
  driver_fixture_connect ();
  driver_fixture_say ("\r\n+QNBIOTEVENT: \"ENTER DEEPSLEEP\"\r\n");
  driver_fixture_check ("closed deep-sleep 0;");
  /* The sleep mode is given back when the module is woken anyway. */
  driver_fixture_script_asleep ();
  driver_fixture_expect ("AT", "OK");
  driver_fixture_stop ();
  driver_fixture_check ("stop;");
}
END_TEST

START_TEST (deep_sleep_ends_a_handshake)
{
  driver_fixture_start ();
  driver_fixture_script_open ();
  driver_fixture_say ("\r\n+QNBIOTEVENT: \"ENTER DEEPSLEEP\"\r\n");
  driver_fixture_open ();
  driver_fixture_check ("connecting;open failed deep-sleep 0;");
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("bc660k-damage");
  TCase *tcase = tcase_create ("bc660k-damage");
  SRunner *runner;
  int failed;

  tcase_add_checked_fixture (tcase, driver_fixture_set_up, driver_fixture_tear_down);
  tcase_set_timeout (tcase, 60);
  tcase_add_loop_test (tcase, bug_06_damaged_data_ends_the_connection, 0, G_N_ELEMENTS (damages));
  tcase_add_loop_test (tcase, bug_19_an_unknown_line_is_no_damage, 0, G_N_ELEMENTS (harmless));
  tcase_add_loop_test (tcase, a_restart_in_the_middle, 0, G_N_ELEMENTS (restarts));
  tcase_add_test (tcase, deep_sleep_ends_the_connection);
  tcase_add_test (tcase, deep_sleep_ends_a_handshake);
  suite_add_tcase (suite, tcase);
  runner = srunner_create (suite);
  srunner_run_all (runner, CK_ENV);
  failed = srunner_ntests_failed (runner);
  srunner_free (runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
