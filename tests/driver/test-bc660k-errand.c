/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Commands of a person: which may be sent, what they answer, and that they never leave the module in data
 * mode.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "driver-fixture.h"

#define TIMEOUT_MS 2000

static DriverFixture *const fixture = &driver_fixture;

static const char *const allowed[] = {
  "AT",        "ATI",       "at+csq",     "AT+CSQ",           "AT+CGSN=1",
  "AT+CCLK?",  "AT+CFUN?",  "AT+CFUN=?",  "AT+QSSLCFG=?",     "AT+CEREG?",
  "AT+CMGS=?", "AT+CMEE=2", "AT+QISEND?", "AT+QPING=0,\"x\"", "AT+CPIN=\"1234\"",
};

static const char *const refused[] = {
  "",
  "CSQ",
  " AT",
  "AT+CSQ\r",
  "AT+CSQ\nAT+QRST=1",
  "AT+CSQ\x1b",
  "AT+CSQ\x1a",
  "AT+CSQ\xc3\xa4",
  "AT+CSQ;+QRST=1",
  "ATE1",
  "ATE0",
  "ATZ",
  "AT&F",
  "AT&W",
  "ATD*99#",
  "ATO",
  "AT+QRST=1",
  "at+qrst=1",
  "AT +QRST=1",
  "AT+CFUN=0",
  "AT+IPR=9600",
  "AT+QSCLK=1",
  "AT+CEREG=0",
  "AT+QSSLCFG=0,0",
  "AT+QSSLCFG=0,0,\"cacert\"",
  "AT+QSSLSEND=0,0",
  "AT+QSSLSEND=0,0,5",
  "AT+QSSLCLOSE=0,0",
  "AT+QSSLOPEN=0,0,\"a?\",1,0",
  "AT+QSSLOPEN=0,0,\"a\",1,0?",
  "AT+CMGS=5",
  "AT+QISEND=0,5",
  "AT+QMTOPEN=0,\"a\",1",
  "AT+QHTTPPOST=5",
};

START_TEST (what_may_be_sent)
{
  g_autoptr (GError) error = NULL;

  ck_assert_msg (module_driver_check_command (fixture->driver, allowed[_i], &error), "%s: %s", allowed[_i],
                 error != NULL ? error->message : "");
}
END_TEST

START_TEST (what_may_not_be_sent)
{
  g_autoptr (GError) error = NULL;

  ck_assert_msg (!module_driver_check_command (fixture->driver, refused[_i], &error), "%s", refused[_i]);
  ck_assert_int_eq (error->code, CLOSE_REASON_STATE);
  ck_assert_uint_gt (strlen (error->message), 20);
}
END_TEST

START_TEST (a_long_one_may_not_be_sent)
{
  g_autofree char *digits = g_strnfill (300, '1');
  g_autofree char *line = g_strconcat ("AT+X=", digits, NULL);

  ck_assert (!module_driver_check_command (fixture->driver, line, NULL));
}
END_TEST

static void
on_answered (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) lines = module_driver_run_command_finish (fixture->driver, result, &error);
  g_autofree char *text = lines != NULL ? g_strjoinv ("|", lines) : NULL;

  if (lines != NULL)
    g_string_append_printf (fixture->log, "answer %s;", text);
  else
    g_string_append_printf (fixture->log, "failed %s: %s;", close_reason_get_name (error->code),
                            error->message);
  fixture->entries++;
  fixture->tasks--;
}

static void
run (const char *line)
{
  fixture->tasks++;
  module_driver_run_command_async (fixture->driver, line, TIMEOUT_MS, on_answered, NULL);
}

static const struct {
  const char *line, *answer, *log;
} answers[] = {
  { "AT", "OK", "answer ;" },
  { "AT+CSQ", "+CSQ: 21,0\r\n\r\nOK", "answer +CSQ: 21,0;" },
  { "at+csq", "+CSQ: 21,0\r\n\r\nOK", "answer +CSQ: 21,0;" },
  { "AT+CIMI", "262011234567890\r\n\r\nOK", "answer 262011234567890;" },
  { "AT+QENG=0", "+QENG: 0\r\n+QENG: 1\r\n\r\nOK", "answer +QENG: 0|+QENG: 1;" },
  { "AT+CSQ", "+QIURC: \"x\"\r\n+CSQ: 21,0\r\n\r\nOK", "answer +CSQ: 21,0;" },
  { "AT+CPIN=\"1234\"", "+CME ERROR: incorrect password",
    "failed module-error: +CME ERROR: incorrect password;" },
  { "AT+X", "ERROR", "failed module-error: ERROR;" },
};

START_TEST (an_answer)
{
  driver_fixture_start ();
  driver_fixture_expect (answers[_i].line, answers[_i].answer);
  run (answers[_i].line);
  driver_fixture_check (answers[_i].log);
}
END_TEST

START_TEST (an_argument_is_not_traced)
{
  g_autofree char *trace = NULL;

  driver_fixture_start ();
  driver_fixture_expect ("AT+CPIN=\"SECRET\"", "SECRET\r\n\r\nOK");
  run ("AT+CPIN=\"SECRET\"");
  driver_fixture_check ("answer SECRET;");
  ck_assert (g_file_get_contents (fixture->trace_path, &trace, NULL, NULL));
  ck_assert_ptr_nonnull (strstr (trace, "AT+CPIN=..."));
}
END_TEST

static const char *const prompts[] = { "\r\n>", "\r\n> ", ">" };

START_TEST (a_prompt_is_cancelled)
{
  driver_fixture_start ();
  scripted_module_expect (fixture->module, "AT+QUNKNOWN=5\r");
  driver_fixture_say (prompts[_i]);
  driver_fixture_script_probe ();
  driver_fixture_expect ("AT", "OK");
  run ("AT+QUNKNOWN=5");
  run ("AT");
  driver_fixture_check (
      "failed protocol: Sending the command: the module asked for data, which was cancelled;answer ;");
}
END_TEST

START_TEST (no_answer_is_a_time_out_and_a_late_one_goes_to_nobody)
{
  driver_fixture_start ();
  scripted_module_expect (fixture->module, "AT+CSQ\r");
  scripted_module_expect (fixture->module, "\x1b\rAT\r");
  driver_fixture_say ("\r\n+CSQ: 1,1\r\n" OK OK);
  driver_fixture_expect ("AT", "OK");
  run ("AT+CSQ");
  run ("AT");
  driver_fixture_check ("failed timeout: the module did not answer in time;answer ;");
}
END_TEST

START_TEST (none_between_a_send_and_its_data)
{
  driver_fixture_connect ();
  driver_fixture_script_send ("data", OK "\r\n+QSSLSEND: 0,0,0\r\n");
  driver_fixture_expect ("AT", "OK");
  driver_fixture_send ("data");
  run ("AT");
  driver_fixture_wait (2);
  run ("AT");
  driver_fixture_check ("failed state: data is being sent to the module;send;answer ;");
}
END_TEST

START_TEST (a_lost_module_ends_it)
{
  driver_fixture_start ();
  scripted_module_expect (fixture->module, "AT+CSQ\r");
  scripted_module_hang_up (fixture->module);
  run ("AT+CSQ");
  driver_fixture_wait (2);
  ck_assert_ptr_nonnull (strstr (fixture->log->str, "failed module-lost"));
  ck_assert_ptr_nonnull (strstr (fixture->log->str, "lost;"));
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("bc660k-errand");
  TCase *tcase = tcase_create ("bc660k-errand");
  SRunner *runner;
  int failed;

  tcase_add_checked_fixture (tcase, driver_fixture_set_up, driver_fixture_tear_down);
  tcase_set_timeout (tcase, 60);
  tcase_add_loop_test (tcase, what_may_be_sent, 0, G_N_ELEMENTS (allowed));
  tcase_add_loop_test (tcase, what_may_not_be_sent, 0, G_N_ELEMENTS (refused));
  tcase_add_test (tcase, a_long_one_may_not_be_sent);
  tcase_add_loop_test (tcase, an_answer, 0, G_N_ELEMENTS (answers));
  tcase_add_test (tcase, an_argument_is_not_traced);
  tcase_add_loop_test (tcase, a_prompt_is_cancelled, 0, G_N_ELEMENTS (prompts));
  tcase_add_test (tcase, no_answer_is_a_time_out_and_a_late_one_goes_to_nobody);
  tcase_add_test (tcase, none_between_a_send_and_its_data);
  tcase_add_test (tcase, a_lost_module_ends_it);
  suite_add_tcase (suite, tcase);
  runner = srunner_create (suite);
  srunner_run_all (runner, CK_ENV);
  failed = srunner_ntests_failed (runner);
  srunner_free (runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
