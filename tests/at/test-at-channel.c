/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The channel against a scripted module: answers, URCs, prompts and payload.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "channel-fixture.h"

static const struct {
  const char *answer;
  const char *result;
} answers[] = {
  { "\r\nOK\r\n", "" },
  { "\r\n+R: 1\r\n\r\nOK\r\n", "+R: 1" },
  { "\r\n+R: 1\r\n+R: 2\r\n\r\nOK\r\n", "+R: 1|+R: 2" },
  { "\r\nERROR\r\n", "!0" },
  { "\r\n+CME ERROR: 50\r\n", "!0" },
  { "\r\n+CMS ERROR: 50\r\n", "!0" },
  { "AT+C=1\r\r\nOK\r\n", "" },
  { "AT+C=1\r\r\n+R: 1\r\n\r\nOK\r\n", "+R: 1" },
  { "\r\n>\r\nOK\r\n", "" },
  { "\r\n+X: 5\r\n\r\nOK\r\n", "" },
  { "\r\nok\r\nOKAY\r\nERRORS\r\n\r\nOK\r\n", "" },
};

START_TEST (answer)
{
  channel_fixture_script_probe ();
  scripted_module_expect (fixture.module, "AT+C=1\r");
  scripted_module_answer (fixture.module, answers[_i].answer);
  channel_fixture_check_result (channel_fixture_run (channel_fixture_new_command ("AT+C=1", LONG_MS)),
                                answers[_i].result);
}
END_TEST

START_TEST (commands_run_in_order)
{
  channel_fixture_script_probe ();
  scripted_module_command (fixture.module, "AT+A", "OK");
  scripted_module_command (fixture.module, "AT+B", "+R: b\r\n\r\nOK");
  scripted_module_command (fixture.module, "AT+C", "ERROR");
  channel_fixture_run (channel_fixture_new_command ("AT+A", LONG_MS));
  channel_fixture_run (channel_fixture_new_command ("AT+B", LONG_MS));
  channel_fixture_run (channel_fixture_new_command ("AT+C", LONG_MS));
  channel_fixture_check_result (0, "");
  channel_fixture_check_result (1, "+R: b");
  channel_fixture_check_error (2, AT_ERROR_REFUSED);
}
END_TEST

START_TEST (any_response)
{
  AtCommand *command = at_command_new ("ATI", NULL, LONG_MS);

  command->any_response = TRUE;
  channel_fixture_script_probe ();
  scripted_module_command (fixture.module, "ATI",
                           "Maker\r\nModel\r\n+IP: 1\r\n+U: x\r\nRevision: 1\r\n\r\nOK");
  channel_fixture_check_result (channel_fixture_run (command), "Maker|Model|Revision: 1");
  ck_assert_str_eq (fixture.urcs->str, "U line +U: x;");
}
END_TEST

START_TEST (bug_03_a_urc_before_the_reply)
{
  channel_fixture_script_probe ();
  scripted_module_command (fixture.module, "AT+C", "+U: 1\r\n\r\nRDY!\r\n+R: 1\r\n\r\nOK");
  channel_fixture_check_result (channel_fixture_run (channel_fixture_new_command ("AT+C", LONG_MS)), "+R: 1");
  ck_assert_str_eq (fixture.urcs->str, "U line +U: 1;RDY line RDY!;");
}
END_TEST

START_TEST (bug_16_a_urc_behind_ok_comes_once)
{
  channel_fixture_script_probe ();
  scripted_module_command (fixture.module, "AT+C", "OK\r\n\r\n+U: 1\r\n+U: \"recv\",8,\"SECRET\r\n\"");
  channel_fixture_check_result (channel_fixture_run (channel_fixture_new_command ("AT+C", LONG_MS)), "");
  ck_assert_str_eq (fixture.urcs->str, "U line +U: 1;U payload +U: \"recv\",8,SECRET\r\n;");
}
END_TEST

START_TEST (bug_17_the_same_prefix_as_reply_and_urc)
{
  channel_fixture_script_probe ();
  scripted_module_command (fixture.module, "AT+CEREG?", "+CEREG: 0,5\r\n\r\nOK\r\n\r\n+CEREG: 1");
  channel_fixture_check_result (channel_fixture_run (at_command_new ("AT+CEREG?", "+CEREG:", LONG_MS)),
                                "+CEREG: 0,5");
  scripted_module_run_until (fixture.module, &fixture.urc_calls, 1);
  ck_assert_str_eq (fixture.urcs->str, "CEREG line +CEREG: 1;");
}
END_TEST

START_TEST (bug_19_an_unknown_urc_blocks_nothing)
{
  channel_fixture_script_probe ();
  scripted_module_command (fixture.module, "AT+C", "+UNKNOWN: 1\r\n+U: 1\r\nwhat?\r\n+U: 2\r\nOK");
  channel_fixture_check_result (channel_fixture_run (channel_fixture_new_command ("AT+C", LONG_MS)), "");
  ck_assert_str_eq (fixture.urcs->str, "U line +U: 1;U line +U: 2;");
}
END_TEST

static const char *const late_replies[] = {
  "\r\nOK\r\n", "\r\nERROR\r\n", "\r\n+R: late\r\n\r\nOK\r\n", "\r\n+R: late\r\n", "\r\n+CME ERROR: 3\r\n",
};

/* The reply comes when the probe has been sent; the module then answers the probe. */
START_TEST (bug_12_a_late_reply_is_nobodys)
{
  channel_fixture_script_probe ();
  scripted_module_expect (fixture.module, "AT+SLOW\r" PROBE);
  scripted_module_answer (fixture.module, late_replies[_i]);
  scripted_module_answer (fixture.module, OK);
  scripted_module_command (fixture.module, "AT+NEXT", "+R: next\r\n\r\nOK");
  channel_fixture_run (channel_fixture_new_command ("AT+SLOW", SHORT_MS));
  channel_fixture_run (channel_fixture_new_command ("AT+NEXT", LONG_MS));
  channel_fixture_check_error (0, AT_ERROR_TIMEOUT);
  channel_fixture_check_result (1, "+R: next");
}
END_TEST

/* The module sleeps over two probes and then answers everything. */
START_TEST (bug_12_late_replies_to_several_probes)
{
  static const AtTiming slow = { 60, 5, 60, 60, 100000 };

  channel_fixture_make_again (&slow);
  channel_fixture_script_probe ();
  scripted_module_expect (fixture.module, "AT+SLOW\r" PROBE PROBE PROBE);
  scripted_module_answer (fixture.module, late_replies[_i]);
  scripted_module_answer (fixture.module, OK);
  scripted_module_pause (fixture.module, 5);
  scripted_module_answer (fixture.module, OK);
  scripted_module_pause (fixture.module, 5);
  scripted_module_answer (fixture.module, OK);
  scripted_module_command (fixture.module, "AT+NEXT", "ERROR");
  channel_fixture_run (channel_fixture_new_command ("AT+SLOW", SHORT_MS));
  channel_fixture_run (channel_fixture_new_command ("AT+NEXT", LONG_MS));
  channel_fixture_check_error (0, AT_ERROR_TIMEOUT);
  channel_fixture_check_error (1, AT_ERROR_REFUSED);
}
END_TEST

START_TEST (bug_12_a_late_prompt_prompts_nothing)
{
  channel_fixture_script_probe ();
  scripted_module_expect (fixture.module, "AT+S=21\rthe SECRET\rAT+CFUN=0\r" PROBE);
  scripted_module_answer (fixture.module, "\r\n> \r\nOK\r\n" OK);
  scripted_module_command (fixture.module, "AT+NEXT", "OK");
  channel_fixture_run (channel_fixture_new_data_command (AT_DATA_COUNTED, SHORT_MS, LONG_MS));
  channel_fixture_run (channel_fixture_new_command ("AT+NEXT", LONG_MS));
  channel_fixture_check_error (0, AT_ERROR_TIMEOUT);
  channel_fixture_check_result (1, "");
}
END_TEST

START_TEST (a_talking_module_holds_nothing_up)
{
  static const AtTiming quiet = { 400, 3, 60, 60, 100000 };

  channel_fixture_make_again (&quiet);
  channel_fixture_script_probe ();
  for (guint i = 0; i < 20; i++) {
    scripted_module_answer (fixture.module, "\r\nDBG: talk\r\n");
    scripted_module_pause (fixture.module, 10);
  }
  scripted_module_command (fixture.module, "AT+C", "OK");
  channel_fixture_check_result (channel_fixture_run (channel_fixture_new_command ("AT+C", LONG_MS)), "");
}
END_TEST

static const char *const prompts[] = { ">", "\r\n>", "\r\n> ", "AT+S=21\r\r\n> ", "\r\n+U: 1\r\n\r\n> " };

START_TEST (prompt_forms)
{
  channel_fixture_script_probe ();
  scripted_module_expect (fixture.module, "AT+S=21\r");
  scripted_module_answer (fixture.module, prompts[_i]);
  scripted_module_expect (fixture.module, "the SECRET\rAT+CFUN=0\r");
  scripted_module_answer (fixture.module, OK);
  channel_fixture_check_result (
      channel_fixture_run (channel_fixture_new_data_command (AT_DATA_COUNTED, LONG_MS, LONG_MS)), "");
}
END_TEST

START_TEST (ctrl_z_ends_an_upload)
{
  channel_fixture_script_probe ();
  scripted_module_expect (fixture.module, "AT+S\r");
  scripted_module_answer (fixture.module, "\r\n> ");
  scripted_module_expect (fixture.module, "the SECRET\rAT+CFUN=0\r\x1a");
  scripted_module_answer (fixture.module, "\r\n+R: 21\r\n\r\nOK\r\n");
  channel_fixture_check_result (
      channel_fixture_run (channel_fixture_new_data_command (AT_DATA_CTRL_Z, LONG_MS, LONG_MS)), "+R: 21");
}
END_TEST

START_TEST (bug_04_a_payload_of_every_byte)
{
  guint8 bytes[1024];
  g_autoptr (GBytes) payload = NULL;
  AtCommand *command = channel_fixture_new_command ("AT+S=1024", LONG_MS);

  for (guint i = 0; i < sizeof bytes; i++)
    bytes[i] = (guint8) i;
  payload = g_bytes_new (bytes, sizeof bytes);
  at_command_set_payload (command, AT_DATA_COUNTED, payload);
  channel_fixture_script_probe ();
  scripted_module_expect (fixture.module, "AT+S=1024\r");
  scripted_module_answer (fixture.module, "\r\n> ");
  scripted_module_expect_bytes (fixture.module, bytes, sizeof bytes);
  scripted_module_answer (fixture.module, OK);
  channel_fixture_check_result (channel_fixture_run (command), "");
}
END_TEST

/* An echo in data mode is neither answer nor URC, and is not in the trace. */
START_TEST (bug_04_the_payload_is_echoed)
{
  static const char text[] = "SECRET\r\nERROR\r\nOK\r\n+U: 1\r\nAT+SECRET\r\n";
  g_autoptr (GBytes) payload = g_bytes_new_static (text, strlen (text));
  AtCommand *command = channel_fixture_new_command ("AT+S=1", LONG_MS);

  at_command_set_payload (command, AT_DATA_COUNTED, payload);
  channel_fixture_script_probe ();
  scripted_module_expect (fixture.module, "AT+S=1\r");
  scripted_module_answer (fixture.module, "\r\n> ");
  scripted_module_expect (fixture.module, text);
  scripted_module_answer (fixture.module, text);
  scripted_module_answer (fixture.module, "\r\n+R: 1\r\n" OK);
  channel_fixture_check_result (channel_fixture_run (command), "+R: 1");
  ck_assert_uint_eq (fixture.urc_calls, 0);
}
END_TEST

START_TEST (the_data_waits_after_the_prompt)
{
  AtCommand *command = channel_fixture_new_data_command (AT_DATA_COUNTED, LONG_MS, LONG_MS);
  gint64 begin = g_get_monotonic_time ();

  command->data_delay_ms = 50;
  channel_fixture_script_probe ();
  scripted_module_expect (fixture.module, "AT+S=21\r");
  scripted_module_answer (fixture.module, "\r\n> \r\n> ");
  scripted_module_expect (fixture.module, "the SECRET\rAT+CFUN=0\r");
  scripted_module_answer (fixture.module, OK);
  channel_fixture_check_result (channel_fixture_run (command), "");
  ck_assert_int_ge (g_get_monotonic_time () - begin, 50 * 1000);
}
END_TEST

START_TEST (the_next_command_waits_to_settle)
{
  AtCommand *command = channel_fixture_new_command ("AT+A", LONG_MS);
  gint64 begin = g_get_monotonic_time ();

  command->settle_ms = 50;
  channel_fixture_script_probe ();
  scripted_module_command (fixture.module, "AT+A", "OK");
  scripted_module_command (fixture.module, "AT+B", "OK");
  channel_fixture_run (command);
  channel_fixture_run (channel_fixture_new_command ("AT+B", LONG_MS));
  channel_fixture_check_result (0, "");
  channel_fixture_check_result (1, "");
  ck_assert_int_ge (g_get_monotonic_time () - begin, 50 * 1000);
}
END_TEST

START_TEST (a_refusal_instead_of_the_prompt)
{
  channel_fixture_script_probe ();
  scripted_module_command (fixture.module, "AT+S=21", "ERROR");
  scripted_module_command (fixture.module, "AT+NEXT", "OK");
  channel_fixture_run (channel_fixture_new_data_command (AT_DATA_COUNTED, LONG_MS, LONG_MS));
  channel_fixture_run (channel_fixture_new_command ("AT+NEXT", LONG_MS));
  channel_fixture_check_error (0, AT_ERROR_REFUSED);
  channel_fixture_check_result (1, "");
}
END_TEST

/* It was about something else: the module is in data mode, and the next command would become its data. */
static const char *const foreign_refusals[] = {
  "\r\nERROR\r\n\r\n> ",
  "\r\n+CME ERROR: 3\r\n\r\nERROR\r\n\r\nOK\r\n>",
  "\r\n> \r\nERROR\r\n",
};

START_TEST (bug_05_a_refusal_around_the_prompt)
{
  AtCommand *command = channel_fixture_new_data_command (AT_DATA_COUNTED, LONG_MS, LONG_MS);

  command->data_delay_ms = 30;
  channel_fixture_script_probe ();
  scripted_module_expect (fixture.module, "AT+S=21\r");
  scripted_module_answer (fixture.module, foreign_refusals[_i]);
  scripted_module_expect (fixture.module, "the SECRET\rAT+CFUN=0\r");
  scripted_module_answer (fixture.module, OK);
  scripted_module_command (fixture.module, "AT+NEXT", "OK");
  channel_fixture_run (command);
  channel_fixture_run (channel_fixture_new_command ("AT+NEXT", LONG_MS));
  channel_fixture_check_result (0, "");
  channel_fixture_check_result (1, "");
}
END_TEST

START_TEST (bug_05_a_prompt_some_time_after_a_refusal)
{
  static const AtTiming times = { 400, 3, 500, 60, 100000 };

  channel_fixture_make_again (&times);
  channel_fixture_script_probe ();
  scripted_module_command (fixture.module, "AT+S=21", "ERROR");
  scripted_module_pause (fixture.module, SHORT_MS);
  scripted_module_answer (fixture.module, "\r\n> ");
  scripted_module_expect (fixture.module, "the SECRET\rAT+CFUN=0\r");
  scripted_module_answer (fixture.module, "\r\nERROR\r\n");
  channel_fixture_run (channel_fixture_new_data_command (AT_DATA_COUNTED, LONG_MS, LONG_MS));
  scripted_module_run (fixture.module);
  channel_fixture_check_error (0, AT_ERROR_REFUSED);
}
END_TEST

START_TEST (a_refusal_behind_the_data_is_followed_by_a_probe)
{
  channel_fixture_script_probe ();
  scripted_module_command (fixture.module, "AT+S=21", "> ");
  scripted_module_expect (fixture.module, "the SECRET\rAT+CFUN=0\r");
  scripted_module_answer (fixture.module, "\r\nERROR\r\n");
  channel_fixture_script_probe ();
  scripted_module_command (fixture.module, "AT+NEXT", "OK");
  channel_fixture_run (channel_fixture_new_data_command (AT_DATA_COUNTED, LONG_MS, LONG_MS));
  channel_fixture_run (channel_fixture_new_command ("AT+NEXT", LONG_MS));
  channel_fixture_check_error (0, AT_ERROR_REFUSED);
  channel_fixture_check_result (1, "");
}
END_TEST

/* The module may be in data mode: the payload is completed, and nothing precedes it. */
START_TEST (bug_05_no_foreign_byte_in_a_counted_payload)
{
  channel_fixture_script_probe ();
  scripted_module_expect (fixture.module, "AT+S=21\rthe SECRET\rAT+CFUN=0\r" PROBE);
  scripted_module_answer (fixture.module, OK OK);
  scripted_module_command (fixture.module, "AT+NEXT", "OK");
  channel_fixture_run (channel_fixture_new_data_command (AT_DATA_COUNTED, SHORT_MS, LONG_MS));
  channel_fixture_run (channel_fixture_new_command ("AT+NEXT", LONG_MS));
  channel_fixture_check_error (0, AT_ERROR_TIMEOUT);
  channel_fixture_check_result (1, "");
}
END_TEST

START_TEST (an_upload_without_prompt_is_cancelled)
{
  channel_fixture_script_probe ();
  scripted_module_expect (fixture.module, "AT+S\r\x1b" PROBE);
  scripted_module_answer (fixture.module, OK);
  channel_fixture_run (channel_fixture_new_data_command (AT_DATA_CTRL_Z, SHORT_MS, LONG_MS));
  channel_fixture_check_error (0, AT_ERROR_TIMEOUT);
  scripted_module_run (fixture.module);
}
END_TEST

START_TEST (an_upload_without_answer_is_cancelled)
{
  channel_fixture_script_probe ();
  scripted_module_command (fixture.module, "AT+S", "> ");
  scripted_module_expect (fixture.module, "the SECRET\rAT+CFUN=0\r\x1a\x1b" PROBE);
  scripted_module_answer (fixture.module, OK);
  channel_fixture_run (channel_fixture_new_data_command (AT_DATA_CTRL_Z, LONG_MS, SHORT_MS));
  channel_fixture_check_error (0, AT_ERROR_TIMEOUT);
  scripted_module_run (fixture.module);
}
END_TEST

START_TEST (a_counted_send_without_answer_is_not_repeated)
{
  channel_fixture_script_probe ();
  scripted_module_command (fixture.module, "AT+S=21", "> ");
  scripted_module_expect (fixture.module, "the SECRET\rAT+CFUN=0\r" PROBE);
  scripted_module_answer (fixture.module, OK);
  channel_fixture_run (channel_fixture_new_data_command (AT_DATA_COUNTED, LONG_MS, SHORT_MS));
  channel_fixture_check_error (0, AT_ERROR_TIMEOUT);
  scripted_module_run (fixture.module);
}
END_TEST

START_TEST (an_answer_may_wait_behind_a_slow_payload)
{
  static const AtTiming patient = { 400, 3, 10, 1000, 100000 };

  channel_fixture_make_again (&patient);
  channel_fixture_script_probe ();
  scripted_module_expect (fixture.module, "AT+A\r");
  scripted_module_answer (fixture.module, "\r\n+U: \"recv\",9,\"SECRET");
  for (guint i = 0; i < 3; i++) {
    scripted_module_pause (fixture.module, 2 * SHORT_MS);
    scripted_module_answer (fixture.module, "x");
  }
  scripted_module_answer (fixture.module, "\"\r\n" OK);
  channel_fixture_check_result (channel_fixture_run (channel_fixture_new_command ("AT+A", SHORT_MS)), "");
}
END_TEST

START_TEST (bug_06_a_payload_that_stops)
{
  scripted_module_answer (fixture.module, "\r\n+U: \"recv\",20,\"SECRET");
  scripted_module_run_until (fixture.module, &fixture.urc_calls, 1);
  ck_assert_str_eq (fixture.urcs->str, "U broken +U: \"recv\",20,;");
  channel_fixture_script_probe ();
  scripted_module_command (fixture.module, "AT+C", "OK");
  channel_fixture_check_result (channel_fixture_run (channel_fixture_new_command ("AT+C", LONG_MS)), "");
}
END_TEST

START_TEST (bug_06_the_next_command_is_in_step_again)
{
  channel_fixture_script_probe ();
  scripted_module_command (fixture.module, "AT+A", "OK\r\n+U: \"recv\",9999,\"SECRET\"");
  channel_fixture_check_result (channel_fixture_run (channel_fixture_new_command ("AT+A", LONG_MS)), "");
  scripted_module_run_until (fixture.module, &fixture.urc_calls, 1);
  ck_assert_str_eq (fixture.urcs->str, "U broken +U: \"recv\",9999,;");
  channel_fixture_script_probe ();
  scripted_module_command (fixture.module, "AT+B", "OK");
  channel_fixture_check_result (channel_fixture_run (channel_fixture_new_command ("AT+B", LONG_MS)), "");
}
END_TEST

START_TEST (bug_18_an_overlong_line)
{
  g_autofree char *filler = g_strnfill (AT_PARSER_LINE_MAX_BYTES, 'x');
  g_autofree char *line = g_strconcat ("+U: ", filler, "\r\n+R: ", filler, "\r\n\r\nOK", NULL);

  channel_fixture_script_probe ();
  scripted_module_command (fixture.module, "AT+C", line);
  channel_fixture_check_result (channel_fixture_run (channel_fixture_new_command ("AT+C", LONG_MS)), "");
  ck_assert (g_str_has_prefix (fixture.urcs->str, "U overlong +U: xxx"));
}
END_TEST

START_TEST (the_queue_is_bounded)
{
  for (guint i = 0; i < AT_CHANNEL_QUEUE_MAX; i++)
    channel_fixture_run (channel_fixture_new_command ("AT+A", LONG_MS));
  channel_fixture_check_error (channel_fixture_run (channel_fixture_new_command ("AT+A", LONG_MS)),
                               AT_ERROR_BROKEN);
  ck_assert_uint_eq (fixture.completed, 1);
  scripted_module_expect (fixture.module, PROBE);
  scripted_module_run (fixture.module);
}
END_TEST

START_TEST (an_endless_response)
{
  channel_fixture_script_probe ();
  scripted_module_expect (fixture.module, "AT+A\r");
  for (guint i = 0; i < AT_CHANNEL_RESPONSE_MAX_LINES + 5; i++)
    scripted_module_answer (fixture.module, "+R: more\r\n");
  channel_fixture_script_probe ();
  scripted_module_command (fixture.module, "AT+B", "+R: b\r\n\r\nOK");
  channel_fixture_run (channel_fixture_new_command ("AT+A", LONG_MS));
  channel_fixture_run (channel_fixture_new_command ("AT+B", LONG_MS));
  channel_fixture_check_error (0, AT_ERROR_BROKEN);
  channel_fixture_check_result (1, "+R: b");
}
END_TEST

START_TEST (the_trace_tells_what_happened)
{
  g_autofree char *text = NULL;

  channel_fixture_script_probe ();
  scripted_module_command (fixture.module, "AT+S", "> ");
  scripted_module_expect (fixture.module, "the SECRET\rAT+CFUN=0\r\x1a");
  scripted_module_answer (fixture.module,
                          "\r\n+R: 21\r\n\r\nOK\r\n+U: \"recv\",6,\"SECRET\"\r\nSECRET\r\n\xff\x01\r\n");
  channel_fixture_check_result (
      channel_fixture_run (channel_fixture_new_data_command (AT_DATA_CTRL_Z, LONG_MS, LONG_MS)), "+R: 21");
  scripted_module_run_until (fixture.module, &fixture.urc_calls, 1);
  ck_assert (g_file_get_contents (fixture.trace_path, &text, NULL, NULL));
  ck_assert_ptr_nonnull (strstr (text, " one > AT+S\n"));
  ck_assert_ptr_nonnull (strstr (text, " one < >\n"));
  ck_assert_ptr_nonnull (strstr (text, " one > [21 bytes]\n"));
  ck_assert_ptr_nonnull (strstr (text, " one < +R: 21\n"));
  ck_assert_ptr_nonnull (strstr (text, " one < +U: \"recv\",6,[6 bytes]\n"));
  ck_assert_ptr_nonnull (strstr (text, " one < [6 characters]\n"));
}
END_TEST

static void
add_answer_tests (TCase *tcase)
{
  tcase_add_loop_test (tcase, answer, 0, G_N_ELEMENTS (answers));
  tcase_add_test (tcase, commands_run_in_order);
  tcase_add_test (tcase, any_response);
  tcase_add_test (tcase, bug_03_a_urc_before_the_reply);
  tcase_add_test (tcase, bug_16_a_urc_behind_ok_comes_once);
  tcase_add_test (tcase, bug_17_the_same_prefix_as_reply_and_urc);
  tcase_add_test (tcase, bug_19_an_unknown_urc_blocks_nothing);
  tcase_add_loop_test (tcase, bug_12_a_late_reply_is_nobodys, 0, G_N_ELEMENTS (late_replies));
  tcase_add_loop_test (tcase, bug_12_late_replies_to_several_probes, 0, G_N_ELEMENTS (late_replies));
  tcase_add_test (tcase, bug_12_a_late_prompt_prompts_nothing);
  tcase_add_test (tcase, a_talking_module_holds_nothing_up);
  tcase_add_test (tcase, bug_18_an_overlong_line);
  tcase_add_test (tcase, the_queue_is_bounded);
  tcase_add_test (tcase, an_endless_response);
  tcase_add_test (tcase, the_trace_tells_what_happened);
}

static void
add_data_tests (TCase *tcase)
{
  tcase_add_loop_test (tcase, prompt_forms, 0, G_N_ELEMENTS (prompts));
  tcase_add_test (tcase, ctrl_z_ends_an_upload);
  tcase_add_test (tcase, bug_04_a_payload_of_every_byte);
  tcase_add_test (tcase, bug_04_the_payload_is_echoed);
  tcase_add_test (tcase, the_data_waits_after_the_prompt);
  tcase_add_test (tcase, the_next_command_waits_to_settle);
  tcase_add_test (tcase, a_refusal_instead_of_the_prompt);
  tcase_add_loop_test (tcase, bug_05_a_refusal_around_the_prompt, 0, G_N_ELEMENTS (foreign_refusals));
  tcase_add_test (tcase, bug_05_a_prompt_some_time_after_a_refusal);
  tcase_add_test (tcase, a_refusal_behind_the_data_is_followed_by_a_probe);
  tcase_add_test (tcase, bug_05_no_foreign_byte_in_a_counted_payload);
  tcase_add_test (tcase, an_upload_without_prompt_is_cancelled);
  tcase_add_test (tcase, an_upload_without_answer_is_cancelled);
  tcase_add_test (tcase, a_counted_send_without_answer_is_not_repeated);
  tcase_add_test (tcase, an_answer_may_wait_behind_a_slow_payload);
  tcase_add_test (tcase, bug_06_a_payload_that_stops);
  tcase_add_test (tcase, bug_06_the_next_command_is_in_step_again);
}

int
main (void)
{
  Suite *suite = suite_create ("at-channel");
  TCase *tcase = tcase_create ("at-channel");
  SRunner *runner;
  int failed;

  tcase_add_checked_fixture (tcase, channel_fixture_set_up, channel_fixture_tear_down);
  tcase_set_timeout (tcase, 60);
  add_answer_tests (tcase);
  add_data_tests (tcase);
  suite_add_tcase (suite, tcase);
  runner = srunner_create (suite);
  srunner_run_all (runner, CK_ENV);
  failed = srunner_ntests_failed (runner);
  srunner_free (runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
