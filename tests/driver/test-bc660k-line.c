/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Which lines that nobody expects are sound and which are the remains of received data, by a table.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "bc660k-line.h"

static const struct {
  const char *line;
  gboolean sound;
} cases[] = {
  { "+CEREG: 5", TRUE },
  { "+IP: 100.64.0.7", TRUE },
  { "+QNBIOTEVENT: \"ENTER DEEPSLEEP\"", TRUE },
  { "+CME ERROR: 3", TRUE },
  { "+QSSLCFG: 0,0,\"seclevel\",0", TRUE },
  { "+QSSLURC: \"pdpdeact\",0", TRUE },
  { "+CSCON", TRUE },
  { "NORMAL POWER DOWN", TRUE },
  { "V0: 0000 0000 [0001]", TRUE },
  { "Leaving the BROM", TRUE },
  { "[SSL 4] received 10", TRUE },
  { "AT+QSSLOPEN=0,0,\"host\",1,0", TRUE },
  { ">", TRUE },
  { "> ", TRUE },
  { "\x1a", TRUE },
  /* Cut off. */
  { "+", FALSE },
  { "+QSS", FALSE },
  { "+QSSLURC", FALSE },
  { "+QSSLURC: \"re", FALSE },
  { "+QSSLURC:", FALSE },
  { "+QSSLURC: \"closed\"", FALSE },
  /* The beginning is lost. */
  { "SLURC: \"recv\",0,0,4,\"data\"", FALSE },
  { "cv\",0,0,4,\"data\"", FALSE },
  { "0,4,\"data\"", FALSE },
  { "data\"", FALSE },
  { "4,41424344", FALSE },
  /* Something in between is lost. */
  { "+QSSLURC: ,0,0,4,\"data\"", FALSE },
  { "+QSSLURC: \"rv\",0,0,4,\"data\"", FALSE },
  { "+QSRC: \"recv\",0,0,4,\"data\"", FALSE },
  { "+QSLUR: 0", FALSE },
  { "+Q \"recv\",0,0,4,\"data\"", FALSE },
  /* A byte or all of them are others. */
  { "+QSSLUGC: \"recv\",0,0,4,\"data\"", FALSE },
  { "+QSSLURC/ \"recv\",0,0,4,\"data\"", FALSE },
  { "+QSSLURC: \"gecv\",0,0,4,\"data\"", FALSE },
  { "+QSSLURC: \"closep\",0,0", FALSE },
  { ">QSSLURC: \"recv\",0,0,4,\"data\"", FALSE },
  { ">DFFY@GV/57gpvc79%9%!97qtat7", FALSE },
  { "Z^", FALSE },
  { "da\x01ta", FALSE },
  { "d\xe4ta", FALSE },
  { "", FALSE },
};

START_TEST (line)
{
  gboolean sound = bc660k_line_is_sound (cases[_i].line, strlen (cases[_i].line), FALSE);

  ck_assert_msg (sound == cases[_i].sound, "%s", cases[_i].line);
}
END_TEST

START_TEST (nul)
{
  ck_assert (!bc660k_line_is_sound ("data\0data", 9, FALSE));
}
END_TEST

START_TEST (debug_lines_have_any_form)
{
  static const char debug[] = "ssl_tls.c:4711: |3| => handshake, \"x\"";

  ck_assert (!bc660k_line_is_sound (debug, strlen (debug), FALSE));
  ck_assert (bc660k_line_is_sound (debug, strlen (debug), TRUE));
  ck_assert (!bc660k_line_is_sound ("RC: \"recv\",0,0,4,\"data\"", 23, TRUE));
  ck_assert (!bc660k_line_is_sound ("+QSSLUGC: 0", 11, TRUE));
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("bc660k-line");
  TCase *tcase = tcase_create ("bc660k-line");
  SRunner *runner;
  int failed;

  tcase_add_loop_test (tcase, line, 0, G_N_ELEMENTS (cases));
  tcase_add_test (tcase, nul);
  tcase_add_test (tcase, debug_lines_have_any_form);
  suite_add_tcase (suite, tcase);
  runner = srunner_create (suite);
  srunner_run_all (runner, CK_ENV);
  failed = srunner_ntests_failed (runner);
  srunner_free (runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
