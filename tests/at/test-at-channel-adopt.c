/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Data commands that an earlier life has written, and how far those of this life are: every answer, at every
 * split.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "channel-fixture.h"

#define PAYLOAD "the SECRET\rAT+CFUN=0\r"

static const struct {
  AtStage stage;
  const char *says;
  const char *result; /* or an error */
  const char *urcs;
} pasts[] = {
  { AT_STAGE_PROMPT, "\r\n>\r\nOK\r\n", "", "" },
  { AT_STAGE_PROMPT, "\r\n> \r\nOK\r\n", "", "" },
  { AT_STAGE_PROMPT, ">" PAYLOAD "\r\nOK\r\n", "", "" },
  { AT_STAGE_PROMPT, "> " PAYLOAD "\r\nOK\r\n", "", "" },
  { AT_STAGE_PROMPT, "\r\n+U: 1\r\n\r\n> \r\nOK\r\n\r\n+U: 2\r\n", "", "U line +U: 1;U line +U: 2;" },
  { AT_STAGE_PROMPT, "\r\nOK\r\n\r\n>\r\nOK\r\n", "", "" }, /* late, of the command before */
  { AT_STAGE_PROMPT, "\r\nERROR\r\n\r\n>\r\nOK\r\n", "", "" },
  { AT_STAGE_PROMPT, "\r\n>\r\nERROR\r\n", "!0", "" },
  { AT_STAGE_PROMPT, "\r\nERROR\r\n", "!0", "" },
  { AT_STAGE_PROMPT, "", "!1", "" },
  { AT_STAGE_PROMPT, "\r\n>", "!1", "" },
  { AT_STAGE_ANSWER, "\r\nOK\r\n", "", "" },
  { AT_STAGE_ANSWER, " " PAYLOAD "\r\nOK\r\n", "", "" },
  { AT_STAGE_ANSWER, "\r\n+U: 1\r\n\r\nOK\r\n", "", "U line +U: 1;" },
  { AT_STAGE_ANSWER, "\r\nERROR\r\n", "!0", "" },
  { AT_STAGE_ANSWER, "", "!1", "" },
};

/** Says @text, in two pieces. */
static void
say (const char *text, gsize split)
{
  if (split > 0)
    scripted_module_answer_bytes (fixture.module, text, split);
  if (strlen (text) > split)
    scripted_module_answer (fixture.module, text + split);
}

static void
check_past (guint which, gsize split)
{
  gboolean times_out = strcmp (pasts[which].result, "!1") == 0;
  guint ms = times_out ? SHORT_MS : LONG_MS;
  guint number =
      channel_fixture_adopt (channel_fixture_new_data_command (AT_DATA_COUNTED, ms, ms), pasts[which].stage);

  say (pasts[which].says, split);
  /* Nothing is written for it: what comes next is the probe. */
  channel_fixture_script_probe ();
  scripted_module_command (fixture.module, "AT+C=1", "+R: 1\r\n\r\nOK");
  channel_fixture_run (channel_fixture_new_command ("AT+C=1", LONG_MS));
  channel_fixture_check_result (number, pasts[which].result);
  channel_fixture_check_result (number + 1, "+R: 1");
  ck_assert_str_eq (fixture.urcs->str, pasts[which].urcs);
}

START_TEST (what_an_earlier_life_has_written)
{
  check_past (_i, 0);
}
END_TEST

START_TEST (what_an_earlier_life_has_written_in_two_reads)
{
  for (gsize split = 1; split < strlen (pasts[_i].says); split++) {
    check_past (_i, split);
    channel_fixture_tear_down ();
    channel_fixture_set_up ();
  }
}
END_TEST

/** Two cannot have been under way. */
START_TEST (a_second_one_is_refused)
{
  guint first = channel_fixture_adopt (channel_fixture_new_data_command (AT_DATA_COUNTED, LONG_MS, LONG_MS),
                                       AT_STAGE_ANSWER);
  guint second = channel_fixture_adopt (channel_fixture_new_data_command (AT_DATA_COUNTED, LONG_MS, LONG_MS),
                                        AT_STAGE_PROMPT);

  channel_fixture_check_error (second, AT_ERROR_BROKEN);
  say (OK, 0);
  channel_fixture_check_result (first, "");
}
END_TEST

/* -- how far it is -- */

static void
on_stage (AtStage stage, gpointer user_data)
{
  g_string_append_c (user_data, (char) ('0' + (int) stage));
}

static AtCommand *
new_followed (AtDataMode mode, GString *stages)
{
  AtCommand *command = channel_fixture_new_data_command (mode, SHORT_MS, LONG_MS);

  command->stage_func = on_stage;
  command->stage_data = stages;
  return command;
}

START_TEST (a_data_command_tells_how_far_it_is)
{
  g_autoptr (GString) stages = g_string_new (NULL);

  channel_fixture_script_probe ();
  scripted_module_expect (fixture.module, "AT+S=21\r");
  scripted_module_answer (fixture.module, "\r\n> ");
  scripted_module_expect (fixture.module, PAYLOAD);
  scripted_module_answer (fixture.module, OK);
  channel_fixture_run (new_followed (AT_DATA_COUNTED, stages));
  ck_assert_str_eq (stages->str, ""); /* it waits for the probe */
  channel_fixture_check_result (0, "");
  ck_assert_str_eq (stages->str, "012");
}
END_TEST

START_TEST (one_that_fails_does_not_come_to_its_end)
{
  g_autoptr (GString) stages = g_string_new (NULL);

  channel_fixture_script_probe ();
  scripted_module_expect (fixture.module, "AT+S=21\r");
  scripted_module_answer (fixture.module, "\r\n> ");
  scripted_module_expect (fixture.module, PAYLOAD);
  scripted_module_answer (fixture.module, "\r\nERROR\r\n");
  channel_fixture_run (new_followed (AT_DATA_COUNTED, stages));
  channel_fixture_check_error (0, AT_ERROR_REFUSED);
  ck_assert_str_eq (stages->str, "01");
}
END_TEST

START_TEST (an_adopted_one_goes_on_from_where_it_is)
{
  g_autoptr (GString) stages = g_string_new (NULL);

  say ("\r\n> \r\nOK\r\n", 0);
  channel_fixture_adopt (new_followed (AT_DATA_COUNTED, stages), AT_STAGE_PROMPT);
  channel_fixture_check_result (0, "");
  ck_assert_str_eq (stages->str, "12");
}
END_TEST

/* -- all that has come was looked at -- */

static void
on_read (gpointer user_data)
{
  GString *urcs = user_data;

  g_string_append_c (urcs, '.');
}

START_TEST (a_piece_of_input_has_an_end)
{
  at_channel_set_read_func (fixture.channel, on_read, fixture.urcs);
  say ("\r\n+U: 1\r\n+U: 2\r\n", 0);
  scripted_module_run (fixture.module);
  scripted_module_run_until (fixture.module, &fixture.urc_calls, 2);
  ck_assert_str_eq (fixture.urcs->str, "U line +U: 1;U line +U: 2;.");
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("at-channel-adopt");
  TCase *tcase = tcase_create ("at-channel-adopt");
  SRunner *runner;
  int failed;

  tcase_add_checked_fixture (tcase, channel_fixture_set_up, channel_fixture_tear_down);
  tcase_set_timeout (tcase, 60);
  tcase_add_loop_test (tcase, what_an_earlier_life_has_written, 0, G_N_ELEMENTS (pasts));
  tcase_add_loop_test (tcase, what_an_earlier_life_has_written_in_two_reads, 0, G_N_ELEMENTS (pasts));
  tcase_add_test (tcase, a_second_one_is_refused);
  tcase_add_test (tcase, a_data_command_tells_how_far_it_is);
  tcase_add_test (tcase, one_that_fails_does_not_come_to_its_end);
  tcase_add_test (tcase, an_adopted_one_goes_on_from_where_it_is);
  tcase_add_test (tcase, a_piece_of_input_has_an_end);
  suite_add_tcase (suite, tcase);
  runner = srunner_create (suite);
  srunner_run_all (runner, CK_ENV);
  failed = srunner_ntests_failed (runner);
  srunner_free (runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
