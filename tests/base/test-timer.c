/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A timer of the system's clock: rings once, moves, stops, and may be disposed of while it rings.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "timer.h"

typedef struct {
  Timer timer;
  guint rings;
  guint again; /* how often it sets itself again */
  gboolean dispose;
} Fixture;

static void
on_ring (gpointer user_data)
{
  Fixture *fixture = user_data;

  fixture->rings++;
  ck_assert (!timer_is_set (&fixture->timer));
  if (fixture->again > 0) {
    fixture->again--;
    timer_set (&fixture->timer, 0);
  }
  if (!fixture->dispose)
    return;
  timer_dispose (&fixture->timer);
  memset (&fixture->timer, 0xee, sizeof (Timer));
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

  timer_init (&fixture.timer, timer_clock_get_system (), on_ring, &fixture);
  run_what_is_ready ();
  ck_assert_uint_eq (fixture.rings, 0);
  ck_assert (!timer_is_set (&fixture.timer));
  timer_set (&fixture.timer, 1);
  ck_assert (timer_is_set (&fixture.timer));
  run_until_rings (&fixture, 1);
  run_what_is_ready ();
  ck_assert_uint_eq (fixture.rings, 1);
  timer_dispose (&fixture.timer);
}
END_TEST

START_TEST (does_not_ring_early)
{
  Fixture fixture = { 0 };
  gint64 begin = g_get_monotonic_time ();

  timer_init (&fixture.timer, timer_clock_get_system (), on_ring, &fixture);
  timer_set (&fixture.timer, 20);
  run_until_rings (&fixture, 1);
  ck_assert_int_ge (g_get_monotonic_time () - begin, 20 * 1000);
  timer_dispose (&fixture.timer);
}
END_TEST

START_TEST (moves_both_ways)
{
  Fixture fixture = { 0 };

  timer_init (&fixture.timer, timer_clock_get_system (), on_ring, &fixture);
  timer_set (&fixture.timer, 0);
  timer_set (&fixture.timer, G_MAXUINT);
  run_what_is_ready ();
  ck_assert_uint_eq (fixture.rings, 0);
  timer_set (&fixture.timer, 0);
  run_until_rings (&fixture, 1);
  timer_dispose (&fixture.timer);
}
END_TEST

START_TEST (clears)
{
  Fixture fixture = { 0 };

  timer_init (&fixture.timer, timer_clock_get_system (), on_ring, &fixture);
  timer_set (&fixture.timer, 0);
  timer_clear (&fixture.timer);
  timer_clear (&fixture.timer);
  ck_assert (!timer_is_set (&fixture.timer));
  run_what_is_ready ();
  ck_assert_uint_eq (fixture.rings, 0);
  timer_dispose (&fixture.timer);
}
END_TEST

START_TEST (sets_itself_again)
{
  Fixture fixture = { .again = 3 };

  timer_init (&fixture.timer, timer_clock_get_system (), on_ring, &fixture);
  timer_set (&fixture.timer, 0);
  run_until_rings (&fixture, 4);
  run_what_is_ready ();
  ck_assert_uint_eq (fixture.rings, 4);
  timer_dispose (&fixture.timer);
}
END_TEST

START_TEST (is_disposed_of_while_it_rings)
{
  Fixture fixture = { .dispose = TRUE };

  timer_init (&fixture.timer, timer_clock_get_system (), on_ring, &fixture);
  timer_set (&fixture.timer, 0);
  run_until_rings (&fixture, 1);
  run_what_is_ready ();
  ck_assert_uint_eq (fixture.rings, 1);
}
END_TEST

START_TEST (is_disposed_of_while_set)
{
  Fixture fixture = { 0 };

  timer_init (&fixture.timer, timer_clock_get_system (), on_ring, &fixture);
  timer_set (&fixture.timer, 0);
  timer_dispose (&fixture.timer);
  run_what_is_ready ();
  ck_assert_uint_eq (fixture.rings, 0);
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("timer");
  TCase *tcase = tcase_create ("timer");
  SRunner *runner;
  int failed;

  tcase_add_test (tcase, rings_once);
  tcase_add_test (tcase, does_not_ring_early);
  tcase_add_test (tcase, moves_both_ways);
  tcase_add_test (tcase, clears);
  tcase_add_test (tcase, sets_itself_again);
  tcase_add_test (tcase, is_disposed_of_while_it_rings);
  tcase_add_test (tcase, is_disposed_of_while_set);
  suite_add_tcase (suite, tcase);
  runner = srunner_create (suite);
  srunner_run_all (runner, CK_ENV);
  failed = srunner_ntests_failed (runner);
  srunner_free (runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
