/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The breaker: when it stops opens, for how long, to whom.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "breaker.h"

static const BreakerConfig config = { 3, 10, 50 };

/*
 * f: an open failed. n: it ended otherwise, without a handshake. w: it worked. b: one begins. l: the pauses
 * are lifted. A digit: so many times 5 ms pass. Behind each the wait in ms, when there is one, in brackets.
 */
static const char *const stories[] = {
  "ffwffwffw",
  "fff(10)",
  "fff(10)1(5)1",
  "fff(10)2f(20)4f(40)8f(50)9(5)1f(50)",
  "fff(10)2wff",
  "fff(10)f(20)f(40)f(50)f(50)",
  "nfnfnf(10)n(10)2n",
  /* While one open is on trial, others wait. */
  "fff(10)2b(10)f(20)",
  "fff(10)2b(10)w",
  "fff(10)2b(10)n(10)2b(10)",
  "bbffbf(10)",
  /* Lifted: at once, but the next pause is none the shorter. */
  "fff(10)lf(20)lw",
  "ffl",
};

static void
happen (Breaker *breaker, char event, gint64 *now_us)
{
  switch (event) {
  case 'f':
    breaker_note (breaker, "peer", CLOSE_REASON_CONNECT_FAILED, *now_us);
    break;
  case 'n':
    breaker_note (breaker, "peer", CLOSE_REASON_REQUESTED, *now_us);
    break;
  case 'w':
    breaker_note (breaker, "peer", CLOSE_REASON_NONE, *now_us);
    break;
  case 'b':
    breaker_begin (breaker, "peer", *now_us);
    break;
  case 'l':
    breaker_lift (breaker);
    break;
  default:
    *now_us += (event - '0') * 5000;
    break;
  }
}

START_TEST (a_story)
{
  g_autoptr (Breaker) breaker = breaker_new (&config);
  g_autoptr (GString) told = g_string_new (NULL);
  gint64 now_us = 1;

  for (const char *event = stories[_i]; *event != '\0'; event++) {
    gint64 wait_us;

    if (*event == '(')
      event = strchr (event, ')') + 1;
    if (*event == '\0')
      break;
    happen (breaker, *event, &now_us);
    wait_us = breaker_get_wait_us (breaker, "peer", now_us);
    g_string_append_c (told, *event);
    if (wait_us > 0)
      g_string_append_printf (told, "(%d)", (int) (wait_us / 1000));
  }
  ck_assert_str_eq (told->str, stories[_i]);
}
END_TEST

START_TEST (it_can_be_off)
{
  const BreakerConfig off = { 0, 10, 50 };
  g_autoptr (Breaker) breaker = breaker_new (&off);

  for (guint i = 0; i < 100; i++)
    ck_assert (!breaker_note (breaker, "peer", CLOSE_REASON_CERTIFICATE, i));
  ck_assert_int_eq (breaker_get_wait_us (breaker, "peer", 0), 0);
}
END_TEST

static void
add_name (const char *peer, gint64 until_us, gpointer user_data)
{
  g_string_append_printf (user_data, "%s %d;", peer, (int) until_us);
}

START_TEST (peers_do_not_disturb_each_other)
{
  g_autoptr (Breaker) breaker = breaker_new (&config);
  g_autoptr (GString) names = g_string_new (NULL);

  for (guint i = 0; i < 3; i++) {
    breaker_note (breaker, "bad", CLOSE_REASON_CIPHER, 1);
    breaker_note (breaker, "good", CLOSE_REASON_NONE, 1);
  }
  ck_assert_int_gt (breaker_get_wait_us (breaker, "bad", 1), 0);
  ck_assert_int_eq (breaker_get_wait_us (breaker, "good", 1), 0);
  ck_assert_int_eq (breaker_get_wait_us (breaker, "unknown", 1), 0);
  ck_assert_int_eq (breaker_get_reason (breaker, "bad"), CLOSE_REASON_CIPHER);
  ck_assert_int_eq (breaker_get_reason (breaker, "good"), CLOSE_REASON_NONE);
  breaker_for_each (breaker, 1, add_name, names);
  ck_assert_str_eq (names->str, "bad 10001;");
  breaker_for_each (breaker, 10001, add_name, names);
  ck_assert_str_eq (names->str, "bad 10001;");
}
END_TEST

START_TEST (the_oldest_is_forgotten)
{
  g_autoptr (Breaker) breaker = breaker_new (&config);

  for (guint i = 0; i <= BREAKER_PEERS_MAX; i++) {
    g_autofree char *name = g_strdup_printf ("peer %u", i);

    for (guint failures = 0; failures < 3; failures++)
      breaker_note (breaker, name, CLOSE_REASON_TIMEOUT, 1 + i);
  }
  ck_assert_int_eq (breaker_get_wait_us (breaker, "peer 0", 1), 0);
  ck_assert_int_gt (breaker_get_wait_us (breaker, "peer 1", 1), 0);
  ck_assert_int_gt (breaker_get_wait_us (breaker, "peer 64", 1), 0);
}
END_TEST

START_TEST (what_counts)
{
  g_autoptr (GString) told = g_string_new (NULL);

  for (CloseReason reason = CLOSE_REASON_REQUESTED; reason <= CLOSE_REASON_LAST; reason++) {
    const BreakerConfig one = { 1, 10, 50 };
    g_autoptr (Breaker) breaker = breaker_new (&one);

    if (breaker_note (breaker, "peer", reason, 1))
      g_string_append_printf (told, "%s ", close_reason_get_name (reason));
  }
  ck_assert_str_eq (told->str, "server-closed connect-failed certificate key cipher state timeout "
                               "module-error settings credential protocol ");
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("breaker");
  TCase *tcase = tcase_create ("breaker");
  SRunner *runner;
  int failed;

  tcase_add_loop_test (tcase, a_story, 0, G_N_ELEMENTS (stories));
  tcase_add_test (tcase, it_can_be_off);
  tcase_add_test (tcase, peers_do_not_disturb_each_other);
  tcase_add_test (tcase, the_oldest_is_forgotten);
  tcase_add_test (tcase, what_counts);
  suite_add_tcase (suite, tcase);
  runner = srunner_create (suite);
  srunner_run_all (runner, CK_ENV);
  failed = srunner_ntests_failed (runner);
  srunner_free (runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
