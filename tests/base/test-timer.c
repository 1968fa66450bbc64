/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A timer of the system's clock: rings once, moves, stops, and may be disposed of while it rings; and many of
 * them.
 */
#include <check.h>
#include <glib-unix.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

#define MANY 200

typedef struct {
  Timer timers[MANY];
  guint rings;
  gint64 last_due_us;
  gint64 due_us[MANY];
} Crowd;

typedef struct {
  Crowd *crowd;
  guint index;
} Member;

static void
on_member (gpointer user_data)
{
  Member *member = user_data;
  Crowd *crowd = member->crowd;

  ck_assert_int_ge (crowd->due_us[member->index], crowd->last_due_us);
  crowd->last_due_us = crowd->due_us[member->index];
  crowd->rings++;
}

/** Sets, moves and clears at random; those that are left ring in the order in which they are due. */
START_TEST (many_ring_in_order)
{
  Crowd crowd = { 0 };
  Member members[MANY];
  guint left = 0;

  for (guint i = 0; i < MANY; i++) {
    members[i] = (Member){ &crowd, i };
    timer_init (&crowd.timers[i], timer_clock_get_system (), on_member, &members[i]);
  }
  for (guint i = 0; i < 20 * MANY; i++) {
    Timer *timer = &crowd.timers[g_random_int_range (0, MANY)];

    if (g_random_int_range (0, 3) > 0)
      timer_set (timer, (guint64) g_random_int_range (0, 30));
    else
      timer_clear (timer);
  }
  for (guint i = 0; i < MANY; i++) {
    crowd.due_us[i] = crowd.timers[i].due_us;
    left += timer_is_set (&crowd.timers[i]);
  }
  while (crowd.rings < left)
    g_main_context_iteration (NULL, TRUE);
  g_usleep (2000);
  run_what_is_ready ();
  ck_assert_uint_eq (crowd.rings, left);
  for (guint i = 0; i < MANY; i++)
    timer_dispose (&crowd.timers[i]);
}
END_TEST

static gboolean
on_answer (int fd, GIOCondition condition, gpointer user_data)
{
  Fixture *fixture = user_data;

  timer_clear (&fixture->timer);
  return G_SOURCE_REMOVE;
}

/** The process did not run for a while: an answer came, and behind it the time-out. */
START_TEST (an_answer_in_time_counts)
{
  Fixture fixture = { 0 };
  int fds[2];

  timer_init (&fixture.timer, timer_clock_get_system (), on_ring, &fixture);
  ck_assert_int_eq (pipe (fds), 0);
  timer_set (&fixture.timer, 1);
  g_unix_fd_add (fds[0], G_IO_IN, on_answer, &fixture);
  ck_assert_int_eq (write (fds[1], "x", 1), 1);
  g_usleep (5000);
  run_what_is_ready ();
  ck_assert_uint_eq (fixture.rings, 0);
  ck_assert (!timer_is_set (&fixture.timer));
  timer_dispose (&fixture.timer);
  close (fds[0]);
  close (fds[1]);
}
END_TEST

/** The same between the two iterations that another timer takes to ring. */
START_TEST (an_answer_in_time_counts_behind_another_timer)
{
  Fixture other = { 0 };
  Fixture fixture = { 0 };
  int fds[2];

  timer_init (&other.timer, timer_clock_get_system (), on_ring, &other);
  timer_init (&fixture.timer, timer_clock_get_system (), on_ring, &fixture);
  ck_assert_int_eq (pipe (fds), 0);
  timer_set (&other.timer, 0);
  g_unix_fd_add (fds[0], G_IO_IN, on_answer, &fixture);
  g_usleep (1000);
  g_main_context_iteration (NULL, FALSE);
  ck_assert_uint_eq (other.rings, 0);
  /* The process stops here. */
  timer_set (&fixture.timer, 1);
  ck_assert_int_eq (write (fds[1], "x", 1), 1);
  g_usleep (5000);
  run_what_is_ready ();
  ck_assert_uint_eq (other.rings, 1);
  ck_assert_uint_eq (fixture.rings, 0);
  ck_assert (!timer_is_set (&fixture.timer));
  timer_dispose (&fixture.timer);
  timer_dispose (&other.timer);
  close (fds[0]);
  close (fds[1]);
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
  tcase_add_test (tcase, many_ring_in_order);
  tcase_add_test (tcase, an_answer_in_time_counts);
  tcase_add_test (tcase, an_answer_in_time_counts_behind_another_timer);
  suite_add_tcase (suite, tcase);
  runner = srunner_create (suite);
  srunner_run_all (runner, CK_ENV);
  failed = srunner_ntests_failed (runner);
  srunner_free (runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
