/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The ladder, by tables: what happens is a small letter, what is done about it the capital letters behind it.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "recovery.h"

#define INTERVAL_MS 1000

/*
 * f: an open failed by the module's fault. d: in doubt. n: for a reason that says nothing. w: it worked.
 * s: the module is silent. a: it answers. +: the interval passes. .: nearly a tenth of it.
 * R C F Q P: RETRY, CLOSE, RADIO, RESTART, POWER. !: nothing is left.
 */
static const struct {
  RecoveryConfig config;
  const char *story;
} stories[] = {
  /* A stack where every open fails climbs rung by rung. */
  { { 1, INTERVAL_MS, 6, RECOVERY_RADIO, TRUE }, "fRfCfFfQfPf!ffff" },
  { { 2, INTERVAL_MS, 6, RECOVERY_RADIO, TRUE }, "fRffCffFffQffPff!ff" },
  { { 3, INTERVAL_MS, 6, RECOVERY_RADIO, TRUE }, "fRfffCfffFfffQfffPfff!fff" },
  { { 1, INTERVAL_MS, 6, RECOVERY_RADIO, FALSE }, "fRfCfFfQf!ff" },
  /* What works ends it, at any rung. */
  { { 1, INTERVAL_MS, 6, RECOVERY_RADIO, TRUE }, "fRwfRwwfRfCwfRfCfFwfRfCfFfQwfR" },
  { { 2, INTERVAL_MS, 6, RECOVERY_RADIO, TRUE }, "fRfwfRfwfRffCfwfRffCffFw" },
  /* Opens far apart climb all the same. */
  { { 1, INTERVAL_MS, 6, RECOVERY_RADIO, TRUE }, "fR+fC+fF+fQ+fP+fR" },
  { { 2, INTERVAL_MS, 6, RECOVERY_RADIO, TRUE }, "fR+f+fC+f+fF+f+fQ" },
  /* Climbed in vain, it is climbed again after the interval. */
  { { 1, INTERVAL_MS, 6, RECOVERY_RADIO, TRUE }, "fRfCfFfQfPf!ff+fRfCfFfQfPf!f" },
  { { 1, INTERVAL_MS, 6, RECOVERY_RADIO, FALSE }, "fRfCfFfQf!.........f..fRfCfFfQf!" },
  /* What says nothing changes nothing. */
  { { 1, INTERVAL_MS, 6, RECOVERY_RADIO, TRUE }, "nnnnfRnnfCnnfFnnnw" },
  /* Doubt climbs slowly, and not beyond its limit. */
  { { 1, INTERVAL_MS, 6, RECOVERY_RADIO, TRUE }, "dRdddCdddFddd!ddddddddd" },
  { { 2, INTERVAL_MS, 6, RECOVERY_RADIO, TRUE }, "dRddddddCddddddFdddddd!ddd" },
  { { 1, INTERVAL_MS, 6, RECOVERY_RADIO, TRUE }, "dRdddCdddFddd!ddd+dRdddCdddFddd!d" },
  { { 1, INTERVAL_MS, 6, RECOVERY_CLOSE, TRUE }, "dRdddCddd!ddddd" },
  { { 1, INTERVAL_MS, 6, RECOVERY_RETRY, TRUE }, "dRddd!ddddddddd" },
  { { 1, INTERVAL_MS, 6, RECOVERY_RESTART, TRUE }, "dRdddCdddFdddQddd!ddd" },
  { { 1, INTERVAL_MS, 6, RECOVERY_POWER, TRUE }, "dRdddCdddFdddQdddPddd!d" },
  { { 1, INTERVAL_MS, 6, RECOVERY_POWER, FALSE }, "dRdddCdddFdddQddd!d" },
  /* The same, when it becomes certain in the middle. */
  { { 1, INTERVAL_MS, 6, RECOVERY_RADIO, TRUE }, "dRdddCdddFddfQddfPf!ff" },
  { { 2, INTERVAL_MS, 6, RECOVERY_RADIO, TRUE }, "fRdddfCfdddFffQ" },
  { { 1, INTERVAL_MS, 6, RECOVERY_RADIO, TRUE }, "dRdddCdddFddd!dfQ" },
  /* Whatever works in between, there are only so many resets within the interval. */
  { { 1, INTERVAL_MS, 2, RECOVERY_RADIO, TRUE }, "fRfCfFwfRfCfFwfRfCf!fffff" },
  { { 1, INTERVAL_MS, 3, RECOVERY_RADIO, TRUE }, "fRfCfFfQwfRfCfFf!fff+QfPf!" },
  { { 1, INTERVAL_MS, 1, RECOVERY_RADIO, TRUE }, "fRfCfFwfRfCf!f+Ff!" },
  { { 1, INTERVAL_MS, 0, RECOVERY_RADIO, TRUE }, "fRfCf!ff+fRfCf!" },
  { { 1, INTERVAL_MS, 2, RECOVERY_RADIO, TRUE }, "fRfCfFw.....fRfCfFw.....fRfCf!.F..f!w" },
  /* Silence: tried again, then the power. */
  { { 1, INTERVAL_MS, 6, RECOVERY_RADIO, TRUE }, "sRsPs!sssss" },
  { { 2, INTERVAL_MS, 6, RECOVERY_RADIO, TRUE }, "sRssPss!sss" },
  { { 1, INTERVAL_MS, 6, RECOVERY_RADIO, FALSE }, "sRs!ssss" },
  { { 1, INTERVAL_MS, 6, RECOVERY_RADIO, TRUE }, "sRasRasRsPasRsPa" },
  { { 1, INTERVAL_MS, 6, RECOVERY_RADIO, TRUE }, "sRsPs!sss+sRsPs!" },
  { { 1, INTERVAL_MS, 2, RECOVERY_RADIO, TRUE }, "sRsPasRsPasRs!sss+Ps!" },
  { { 1, INTERVAL_MS, 0, RECOVERY_RADIO, TRUE }, "sRs!ss" },
  /* Silence in the middle of the other climb, which goes on behind it. */
  { { 1, INTERVAL_MS, 6, RECOVERY_RADIO, TRUE }, "fRfCfFsRsPafQwfR" },
  { { 1, INTERVAL_MS, 6, RECOVERY_RADIO, TRUE }, "afRfCafF" },
};

static void
happen (Recovery *recovery, char event, gint64 *now_us)
{
  switch (event) {
  case 'f':
    recovery_note_open (recovery, RECOVERY_FAULT, *now_us);
    break;
  case 'd':
    recovery_note_open (recovery, RECOVERY_DOUBT, *now_us);
    break;
  case 'n':
    recovery_note_open (recovery, RECOVERY_SAYS_NOTHING, *now_us);
    break;
  case 'w':
    recovery_note_open (recovery, RECOVERY_WORKS, *now_us);
    break;
  case 's':
    recovery_note_silent (recovery, *now_us);
    break;
  case 'a':
    recovery_note_answered (recovery);
    break;
  case '+':
    *now_us += INTERVAL_MS * 1000;
    break;
  case '.':
    *now_us += INTERVAL_MS * 99;
    break;
  }
}

START_TEST (a_story)
{
  static const char letters[] = "-RCFQP";
  g_autoptr (Recovery) recovery = recovery_new (&stories[_i].config);
  g_autoptr (GString) told = g_string_new (NULL);
  guint counts[RECOVERY_STEPS] = { 0 };
  gint64 now_us = 1;

  for (const char *event = stories[_i].story; *event != '\0'; event++) {
    RecoveryStep step;

    if (strchr ("fdnwsa+.", *event) == NULL)
      continue;
    now_us++;
    g_string_append_c (told, *event);
    happen (recovery, *event, &now_us);
    while ((step = recovery_get_due (recovery, now_us)) != RECOVERY_NONE) {
      recovery_take (recovery, step, now_us);
      g_string_append_c (told, letters[step]);
      ck_assert_int_ge (recovery_get_step (recovery), step);
      counts[step]++;
    }
    if (recovery_take_exhausted (recovery, now_us))
      g_string_append_c (told, '!');
  }
  ck_assert_str_eq (told->str, stories[_i].story);
  for (guint step = RECOVERY_RETRY; step < RECOVERY_STEPS; step++)
    ck_assert_uint_eq (recovery_count (recovery, step), counts[step]);
}
END_TEST

/* Whatever happens: never more resets within the interval than allowed, and none by doubt alone. */
START_TEST (any_story_keeps_to_the_budget)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (_i);
  RecoveryConfig config = { g_rand_int_range (random, 1, 4), INTERVAL_MS, g_rand_int_range (random, 0, 5),
                            RECOVERY_RADIO, g_rand_boolean (random) };
  g_autoptr (Recovery) recovery = recovery_new (&config);
  g_autoptr (GArray) resets_us = g_array_new (FALSE, FALSE, sizeof (gint64));
  gint64 now_us = 1;

  for (guint i = 0; i < 2000; i++) {
    RecoveryStep step;

    now_us += g_rand_int_range (random, 1, 20000);
    happen (recovery, "ffffdnwsa."[g_rand_int_range (random, 0, 10)], &now_us);
    step = recovery_get_due (recovery, now_us);
    if (step == RECOVERY_NONE)
      continue;
    ck_assert (step != RECOVERY_POWER || config.has_power);
    recovery_take (recovery, step, now_us);
    if (step >= RECOVERY_RADIO)
      g_array_append_val (resets_us, now_us);
  }
  for (guint i = config.max_resets; i < resets_us->len; i++)
    ck_assert_int_ge (g_array_index (resets_us, gint64, i)
                          - g_array_index (resets_us, gint64, i - config.max_resets),
                      INTERVAL_MS * 1000);
}
END_TEST

/* What says something; all other reasons must say nothing. */
static const struct {
  CloseReason reason;
  RecoveryVerdict verdict;
} judgements[] = {
  { CLOSE_REASON_NONE, RECOVERY_WORKS },           { CLOSE_REASON_SERVER_CLOSED, RECOVERY_DOUBT },
  { CLOSE_REASON_CONNECT_FAILED, RECOVERY_DOUBT }, { CLOSE_REASON_TIMEOUT, RECOVERY_DOUBT },
  { CLOSE_REASON_STATE, RECOVERY_FAULT },          { CLOSE_REASON_MODULE_ERROR, RECOVERY_FAULT },
  { CLOSE_REASON_SETTINGS, RECOVERY_FAULT },       { CLOSE_REASON_CREDENTIAL, RECOVERY_FAULT },
  { CLOSE_REASON_PROTOCOL, RECOVERY_FAULT },
};

static RecoveryVerdict
get_verdict (CloseReason reason)
{
  for (guint i = 0; i < G_N_ELEMENTS (judgements); i++)
    if (judgements[i].reason == reason)
      return judgements[i].verdict;
  return RECOVERY_SAYS_NOTHING;
}

START_TEST (every_reason_is_judged)
{
  for (CloseReason reason = CLOSE_REASON_NONE; reason <= CLOSE_REASON_LAST; reason++)
    ck_assert_msg (recovery_judge (reason, TRUE) == get_verdict (reason), "reason %s",
                   close_reason_get_name (reason));
}
END_TEST

START_TEST (without_a_network_no_failure_counts)
{
  ck_assert_int_eq (recovery_judge (CLOSE_REASON_NONE, FALSE), RECOVERY_WORKS);
  for (CloseReason reason = CLOSE_REASON_REQUESTED; reason <= CLOSE_REASON_LAST; reason++)
    ck_assert_int_eq (recovery_judge (reason, FALSE), RECOVERY_SAYS_NOTHING);
}
END_TEST

START_TEST (names)
{
  RecoveryStep step;

  for (guint i = 0; i < RECOVERY_STEPS; i++) {
    ck_assert (recovery_step_parse (recovery_step_get_name (i), &step));
    ck_assert_uint_eq (step, i);
  }
  ck_assert (!recovery_step_parse ("reboot", &step));
  ck_assert (!recovery_step_parse ("", &step));
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("recovery");
  TCase *tcase = tcase_create ("recovery");
  SRunner *runner;
  int failed;

  tcase_add_loop_test (tcase, a_story, 0, G_N_ELEMENTS (stories));
  tcase_add_loop_test (tcase, any_story_keeps_to_the_budget, 0, 50);
  tcase_add_test (tcase, every_reason_is_judged);
  tcase_add_test (tcase, without_a_network_no_failure_counts);
  tcase_add_test (tcase, names);
  suite_add_tcase (suite, tcase);
  runner = srunner_create (suite);
  srunner_run_all (runner, CK_ENV);
  failed = srunner_ntests_failed (runner);
  srunner_free (runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
