/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The channel against a module that sleeps, restarts and is lost, and with callers that free it.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "channel-fixture.h"

static const char *const sleepy[] = { "", "\r\n" };

START_TEST (bug_11_the_first_command_after_sleep_is_swallowed)
{
  static const AtTiming sleepy_timing = { 60, 3, 10, 60, 20 };

  channel_fixture_make_again (&sleepy_timing);
  channel_fixture_script_probe ();
  scripted_module_command (fixture.module, "AT+A", "OK");
  channel_fixture_check_result (channel_fixture_run (channel_fixture_new_command ("AT+A", LONG_MS)), "");
  scripted_module_pause (fixture.module, 40);
  scripted_module_run (fixture.module);
  scripted_module_expect (fixture.module, "AT\r");
  scripted_module_answer (fixture.module, sleepy[_i]);
  scripted_module_expect (fixture.module, "\rAT\r");
  scripted_module_answer (fixture.module, OK);
  scripted_module_command (fixture.module, "AT+B", "OK");
  channel_fixture_check_result (channel_fixture_run (channel_fixture_new_command ("AT+B", LONG_MS)), "");
}
END_TEST

START_TEST (bug_11_a_module_kept_awake_needs_no_probe)
{
  static const AtTiming sleepy_timing = { 400, 3, 10, 60, 20 };

  channel_fixture_make_again (&sleepy_timing);
  at_channel_set_may_sleep (fixture.channel, FALSE);
  channel_fixture_script_probe ();
  scripted_module_command (fixture.module, "AT+A", "OK");
  channel_fixture_check_result (channel_fixture_run (channel_fixture_new_command ("AT+A", LONG_MS)), "");
  scripted_module_pause (fixture.module, 40);
  scripted_module_run (fixture.module);
  scripted_module_command (fixture.module, "AT+B", "OK");
  channel_fixture_check_result (channel_fixture_run (channel_fixture_new_command ("AT+B", LONG_MS)), "");
}
END_TEST

/* The scripted module would fail the test if anything were written. */
START_TEST (bug_30_what_is_traced_causes_no_traffic)
{
  static const AtTiming sleepy_timing = { 400, 3, 10, 60, 20 };

  channel_fixture_make_again (&sleepy_timing);
  channel_fixture_script_probe ();
  scripted_module_command (fixture.module, "AT+A", "OK");
  channel_fixture_check_result (channel_fixture_run (channel_fixture_new_command ("AT+A", LONG_MS)), "");
  for (guint i = 0; i < 3; i++) {
    scripted_module_pause (fixture.module, 40);
    scripted_module_answer (fixture.module, "\r\n+QNBIOTEVENT: \"ENTER PSM\"\r\n\r\n+CSCON: 0\r\n");
  }
  scripted_module_pause (fixture.module, 40);
  scripted_module_run (fixture.module);
}
END_TEST

START_TEST (a_waking_module_that_answers_needs_no_quiet)
{
  static const AtTiming sleepy_timing = { 400, 3, 300, 60, 20 };

  channel_fixture_make_again (&sleepy_timing);
  channel_fixture_script_probe ();
  scripted_module_command (fixture.module, "AT+A", "OK");
  channel_fixture_check_result (channel_fixture_run (channel_fixture_new_command ("AT+A", LONG_MS)), "");
  scripted_module_pause (fixture.module, 40);
  scripted_module_run (fixture.module);
  scripted_module_command (fixture.module, "AT", "OK");
  scripted_module_command (fixture.module, "AT+B", "OK");
  channel_fixture_check_result (channel_fixture_run (channel_fixture_new_command ("AT+B", LONG_MS)), "");
}
END_TEST

START_TEST (probes_run_out)
{
  static const AtTiming impatient = { 20, 3, 10, 60, 100000 };

  channel_fixture_make_again (&impatient);
  scripted_module_expect (fixture.module, PROBE PROBE PROBE);
  channel_fixture_run (channel_fixture_new_command ("AT+A", LONG_MS));
  channel_fixture_run (channel_fixture_new_command ("AT+B", LONG_MS));
  scripted_module_run_until (fixture.module, &fixture.losses, 1);
  channel_fixture_check_error (0, AT_ERROR_LOST);
  channel_fixture_check_error (1, AT_ERROR_LOST);
  /* Nothing comes any more, whatever the module says. */
  scripted_module_answer (fixture.module, "\r\n+U: 1\r\nOK\r\n+U: \"recv\",9,\"SEC");
  scripted_module_run (fixture.module);
  scripted_module_run_what_is_ready ();
  ck_assert_uint_eq (fixture.losses, 1);
  ck_assert_uint_eq (fixture.urc_calls, 0);
  fixture.losses = 0; /* a command that comes later may still complete */
  channel_fixture_check_error (channel_fixture_run (channel_fixture_new_command ("AT+C", LONG_MS)),
                               AT_ERROR_LOST);
}
END_TEST

START_TEST (a_restart_fails_all_that_was_asked)
{
  channel_fixture_script_probe ();
  scripted_module_command (fixture.module, "AT+A", "RDY");
  scripted_module_expect (fixture.module, PROBE);
  fixture.on_urc = ACT_RESTART;
  channel_fixture_run (channel_fixture_new_command ("AT+A", LONG_MS));
  channel_fixture_run (channel_fixture_new_command ("AT+B", LONG_MS));
  scripted_module_run (fixture.module);
  channel_fixture_check_error (0, AT_ERROR_RESTARTED);
  channel_fixture_check_error (1, AT_ERROR_RESTARTED);
  scripted_module_answer (fixture.module, OK);
  scripted_module_command (fixture.module, "AT+C", "OK");
  channel_fixture_check_result (channel_fixture_run (channel_fixture_new_command ("AT+C", LONG_MS)), "");
}
END_TEST

START_TEST (a_restart_between_prompt_and_data)
{
  AtCommand *command = channel_fixture_new_data_command (AT_DATA_COUNTED, LONG_MS, LONG_MS);

  command->data_delay_ms = 1000;
  channel_fixture_script_probe ();
  scripted_module_command (fixture.module, "AT+S=21", "> \r\nRDY");
  channel_fixture_script_probe ();
  fixture.on_urc = ACT_RESTART;
  channel_fixture_check_error (channel_fixture_run (command), AT_ERROR_RESTARTED);
  scripted_module_run (fixture.module);
}
END_TEST

/* What has happened when the port is lost: the script up to there, and for which command. */
typedef struct {
  const char *name;
  const char *answers[4]; /* to what is written, one after the other; the last one is followed by the end */
  AtDataMode mode;
  guint data_delay_ms;
  guint settle_ms;
} LossCase;

static const LossCase losses[] = {
  { "probing", { NULL }, AT_DATA_NONE, 0, 0 },
  { "quiet after the probe", { OK, NULL }, AT_DATA_NONE, 0, 0 },
  { "response awaited", { OK, "", NULL }, AT_DATA_NONE, 0, 0 },
  { "response begun", { OK, "\r\n+R: 1\r\n", NULL }, AT_DATA_NONE, 0, 0 },
  { "prompt awaited", { OK, "", NULL }, AT_DATA_COUNTED, 0, 0 },
  { "data about to be sent", { OK, "\r\n> ", NULL }, AT_DATA_COUNTED, 1000, 0 },
  { "data sent", { OK, "\r\n> ", "", NULL }, AT_DATA_CTRL_Z, 0, 0 },
  { "settling", { OK, OK, NULL }, AT_DATA_NONE, 0, 1000 },
  { "in a payload", { OK, "\r\n+U: \"recv\",20,\"SECRET", NULL }, AT_DATA_NONE, 0, 0 },
};

static AtCommand *
new_loss_command (const LossCase *one)
{
  AtCommand *command = one->mode == AT_DATA_NONE
                           ? channel_fixture_new_command ("AT+A", LONG_MS)
                           : channel_fixture_new_data_command (one->mode, LONG_MS, LONG_MS);

  command->data_delay_ms = one->data_delay_ms;
  command->settle_ms = one->settle_ms;
  return command;
}

static const char *
get_written (const LossCase *one, guint step)
{
  if (step == 0)
    return PROBE;
  if (step == 2)
    return "the SECRET\rAT+CFUN=0\r\x1a";
  return one->mode == AT_DATA_NONE ? "AT+A\r" : one->mode == AT_DATA_COUNTED ? "AT+S=21\r" : "AT+S\r";
}

static void
script_loss (const LossCase *one)
{
  for (guint i = 0; one->answers[i] != NULL; i++) {
    scripted_module_expect (fixture.module, get_written (one, i));
    scripted_module_answer (fixture.module, one->answers[i]);
    scripted_module_pause (fixture.module, 5);
  }
  scripted_module_hang_up (fixture.module);
}

START_TEST (a_lost_port_ends_each_command_once)
{
  const LossCase *one = &losses[_i];
  gboolean settled = one->settle_ms > 0;

  channel_fixture_run (new_loss_command (one));
  channel_fixture_run (channel_fixture_new_command ("AT+QUEUED", LONG_MS));
  script_loss (one);
  scripted_module_run_until (fixture.module, &fixture.losses, 1);
  ck_assert_uint_eq (fixture.completed, 2);
  channel_fixture_check_result (0, settled ? "" : "!3");
  channel_fixture_check_error (1, AT_ERROR_LOST);
  scripted_module_run_what_is_ready ();
  ck_assert_uint_eq (fixture.losses, 1);
}
END_TEST

START_TEST (bug_15_freed_in_a_completion)
{
  channel_fixture_script_probe ();
  scripted_module_command (fixture.module, "AT+A", "OK\r\n+U: 1\r\n+U: 2");
  scripted_module_expect (fixture.module, "AT+B\r");
  fixture.on_done = ACT_FREE;
  channel_fixture_run (channel_fixture_new_command ("AT+A", LONG_MS));
  channel_fixture_run (channel_fixture_new_command ("AT+B", LONG_MS));
  channel_fixture_check_result (0, "");
  channel_fixture_check_error (1, AT_ERROR_LOST);
}
END_TEST

static const char *const freeing_urcs[] = {
  "\r\n+U: 1\r\n+U: 2\r\n+U: \"recv\",6,\"SECRET\"\r\n",
  "\r\n+U: \"recv\",6,\"SECRET\"\r\n+U: 2\r\n",
  "\r\n+U: \"recv\",0,\"\"\r\n+U: 2\r\n",
  "\r\n+U: \"recv\",20,\"SECRET",
  "\r\n+U: \"recv\",3,\"SECRET\"\r\nOK\r\n",
};

START_TEST (bug_15_freed_in_a_urc_handler)
{
  fixture.on_urc = ACT_FREE;
  channel_fixture_script_probe ();
  scripted_module_command (fixture.module, "AT+A", NULL);
  scripted_module_answer (fixture.module, freeing_urcs[_i]);
  channel_fixture_check_error (channel_fixture_run (channel_fixture_new_command ("AT+A", LONG_MS)),
                               AT_ERROR_LOST);
  ck_assert_uint_eq (fixture.urc_calls, 1);
}
END_TEST

START_TEST (bug_15_freed_in_the_completion_of_a_failure)
{
  channel_fixture_script_probe ();
  scripted_module_command (fixture.module, "AT+A", NULL);
  fixture.on_done = ACT_FREE;
  channel_fixture_run (channel_fixture_new_command ("AT+A", SHORT_MS));
  scripted_module_expect (fixture.module, PROBE);
  channel_fixture_check_error (0, AT_ERROR_TIMEOUT);
  scripted_module_run (fixture.module);
}
END_TEST

START_TEST (bug_15_freed_when_lost)
{
  fixture.on_lost = ACT_FREE;
  scripted_module_expect (fixture.module, PROBE);
  scripted_module_hang_up (fixture.module);
  channel_fixture_run (channel_fixture_new_command ("AT+A", LONG_MS));
  scripted_module_run_until (fixture.module, &fixture.losses, 1);
  channel_fixture_check_error (0, AT_ERROR_LOST);
  ck_assert_ptr_null (fixture.channel);
}
END_TEST

START_TEST (bug_15_freed_in_a_completion_when_lost)
{
  fixture.on_done = ACT_FREE;
  scripted_module_expect (fixture.module, PROBE);
  scripted_module_hang_up (fixture.module);
  channel_fixture_run (channel_fixture_new_command ("AT+A", LONG_MS));
  channel_fixture_run (channel_fixture_new_command ("AT+B", LONG_MS));
  channel_fixture_check_error (0, AT_ERROR_LOST);
  channel_fixture_check_error (1, AT_ERROR_LOST);
  scripted_module_run_what_is_ready ();
  ck_assert_uint_eq (fixture.losses, 0);
}
END_TEST

START_TEST (a_completion_may_run_the_next_command)
{
  channel_fixture_script_probe ();
  scripted_module_command (fixture.module, "AT+A", "OK");
  scripted_module_command (fixture.module, "AT+AGAIN", "+R: 2\r\n\r\nOK");
  fixture.on_done = ACT_RUN;
  channel_fixture_check_result (channel_fixture_run (channel_fixture_new_command ("AT+A", LONG_MS)), "");
  channel_fixture_check_result (1, "+R: 2");
}
END_TEST

START_TEST (a_urc_handler_may_run_a_command)
{
  fixture.on_urc = ACT_RUN;
  channel_fixture_script_probe ();
  scripted_module_command (fixture.module, "AT+A", "+U: 1\r\n\r\nOK");
  scripted_module_command (fixture.module, "AT+AGAIN", "ERROR");
  channel_fixture_check_result (channel_fixture_run (channel_fixture_new_command ("AT+A", LONG_MS)), "");
  channel_fixture_check_error (1, AT_ERROR_REFUSED);
}
END_TEST

static void
add_life_tests (TCase *tcase)
{
  tcase_add_loop_test (tcase, bug_11_the_first_command_after_sleep_is_swallowed, 0, G_N_ELEMENTS (sleepy));
  tcase_add_test (tcase, bug_11_a_module_kept_awake_needs_no_probe);
  tcase_add_test (tcase, bug_30_what_is_traced_causes_no_traffic);
  tcase_add_test (tcase, a_waking_module_that_answers_needs_no_quiet);
  tcase_add_test (tcase, probes_run_out);
  tcase_add_test (tcase, a_restart_fails_all_that_was_asked);
  tcase_add_test (tcase, a_restart_between_prompt_and_data);
  tcase_add_loop_test (tcase, a_lost_port_ends_each_command_once, 0, G_N_ELEMENTS (losses));
  tcase_add_test (tcase, bug_15_freed_in_a_completion);
  tcase_add_loop_test (tcase, bug_15_freed_in_a_urc_handler, 0, G_N_ELEMENTS (freeing_urcs));
  tcase_add_test (tcase, bug_15_freed_in_the_completion_of_a_failure);
  tcase_add_test (tcase, bug_15_freed_when_lost);
  tcase_add_test (tcase, bug_15_freed_in_a_completion_when_lost);
  tcase_add_test (tcase, a_completion_may_run_the_next_command);
  tcase_add_test (tcase, a_urc_handler_may_run_a_command);
}

int
main (void)
{
  Suite *suite = suite_create ("at-channel-life");
  TCase *tcase = tcase_create ("at-channel-life");
  SRunner *runner;
  int failed;

  tcase_add_checked_fixture (tcase, channel_fixture_set_up, channel_fixture_tear_down);
  tcase_set_timeout (tcase, 60);
  add_life_tests (tcase);
  suite_add_tcase (suite, tcase);
  runner = srunner_create (suite);
  srunner_run_all (runner, CK_ENV);
  failed = srunner_ntests_failed (runner);
  srunner_free (runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
