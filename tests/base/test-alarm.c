/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The alarm: rings once, moves, stops, and may be freed while it rings.
 */
#include <check.h>
#include <stdlib.h>

#include "alarm.h"

typedef struct {
  Alarm *alarm;
  guint rings;
  guint again; /* how often it sets itself again */
  gboolean free_it;
} Fixture;

static void
on_ring (gpointer user_data)
{
  Fixture *fixture = user_data;

  fixture->rings++;
  ck_assert (!alarm_is_set (fixture->alarm));
  if (fixture->again > 0) {
    fixture->again--;
    alarm_set (fixture->alarm, 0);
  }
  if (fixture->free_it)
    g_clear_pointer (&fixture->alarm, alarm_free);
}

static void
run_until_rings (Fixture *fixture, guint rings)
{
  while (fixture->rings < rings)
    g_main_context_iteration (NULL, TRUE);
}

static void
run_what_is_ready (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

START_TEST (rings_once)
{
  Fixture fixture = { 0 };

  fixture.alarm = alarm_new (on_ring, &fixture);
  run_what_is_ready ();
  ck_assert_uint_eq (fixture.rings, 0);
  ck_assert (!alarm_is_set (fixture.alarm));
  alarm_set (fixture.alarm, 1);
  ck_assert (alarm_is_set (fixture.alarm));
  run_until_rings (&fixture, 1);
  run_what_is_ready ();
  ck_assert_uint_eq (fixture.rings, 1);
  alarm_free (fixture.alarm);
}
END_TEST

START_TEST (does_not_ring_early)
{
  Fixture fixture = { 0 };
  gint64 begin = g_get_monotonic_time ();

  fixture.alarm = alarm_new (on_ring, &fixture);
  alarm_set (fixture.alarm, 20);
  run_until_rings (&fixture, 1);
  ck_assert_int_ge (g_get_monotonic_time () - begin, 20 * 1000);
  alarm_free (fixture.alarm);
}
END_TEST

START_TEST (moves_both_ways)
{
  Fixture fixture = { 0 };

  fixture.alarm = alarm_new (on_ring, &fixture);
  alarm_set (fixture.alarm, 0);
  alarm_set (fixture.alarm, G_MAXUINT);
  run_what_is_ready ();
  ck_assert_uint_eq (fixture.rings, 0);
  alarm_set (fixture.alarm, 0);
  run_until_rings (&fixture, 1);
  alarm_free (fixture.alarm);
}
END_TEST

START_TEST (clears)
{
  Fixture fixture = { 0 };

  fixture.alarm = alarm_new (on_ring, &fixture);
  alarm_set (fixture.alarm, 0);
  alarm_clear (fixture.alarm);
  alarm_clear (fixture.alarm);
  ck_assert (!alarm_is_set (fixture.alarm));
  run_what_is_ready ();
  ck_assert_uint_eq (fixture.rings, 0);
  alarm_free (fixture.alarm);
}
END_TEST

START_TEST (sets_itself_again)
{
  Fixture fixture = { .again = 3 };

  fixture.alarm = alarm_new (on_ring, &fixture);
  alarm_set (fixture.alarm, 0);
  run_until_rings (&fixture, 4);
  run_what_is_ready ();
  ck_assert_uint_eq (fixture.rings, 4);
  alarm_free (fixture.alarm);
}
END_TEST

START_TEST (is_freed_while_it_rings)
{
  Fixture fixture = { .free_it = TRUE };

  fixture.alarm = alarm_new (on_ring, &fixture);
  alarm_set (fixture.alarm, 0);
  run_until_rings (&fixture, 1);
  run_what_is_ready ();
  ck_assert_uint_eq (fixture.rings, 1);
  ck_assert_ptr_null (fixture.alarm);
}
END_TEST

START_TEST (is_freed_while_set)
{
  Fixture fixture = { 0 };

  fixture.alarm = alarm_new (on_ring, &fixture);
  alarm_set (fixture.alarm, 0);
  alarm_free (fixture.alarm);
  run_what_is_ready ();
  ck_assert_uint_eq (fixture.rings, 0);
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("alarm");
  TCase *tcase = tcase_create ("alarm");
  SRunner *runner;
  int failed;

  tcase_add_test (tcase, rings_once);
  tcase_add_test (tcase, does_not_ring_early);
  tcase_add_test (tcase, moves_both_ways);
  tcase_add_test (tcase, clears);
  tcase_add_test (tcase, sets_itself_again);
  tcase_add_test (tcase, is_freed_while_it_rings);
  tcase_add_test (tcase, is_freed_while_set);
  suite_add_tcase (suite, tcase);
  runner = srunner_create (suite);
  srunner_run_all (runner, CK_ENV);
  failed = srunner_ntests_failed (runner);
  srunner_free (runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
