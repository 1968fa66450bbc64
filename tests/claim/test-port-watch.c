/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Watching a path whose end, links and directories come and go.
 */
#include <check.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "fake-clock.h"
#include "port-path.h"
#include "port-watch.h"
#include "scratch.h"

#define PATIENCE_US (60 * G_USEC_PER_SEC)

typedef struct {
  char *directory;
  char *path; /* as configured: DIRECTORY/serial/by-id/one */
  FakeClock *clock;
  PortWatch *watch;
  guint n_changes;
} Fixture;

static Fixture fixture;

static void
on_changed (gpointer user_data)
{
  fixture.n_changes++;
}

static void
settle (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

static char *
in_directory (const char *name)
{
  return g_build_filename (fixture.directory, name, NULL);
}

static void
make_directory (const char *name)
{
  g_autofree char *path = in_directory (name);

  ck_assert_int_eq (g_mkdir (path, 0700), 0);
}

static void
make_link (const char *target, const char *name)
{
  g_autofree char *path = in_directory (name);
  g_autofree char *new = in_directory ("serial/by-id/.#new");

  /* As udev does it. */
  ck_assert_int_eq (symlink (target, new), 0);
  ck_assert_int_eq (g_rename (new, path), 0);
}

static void
remove_name (const char *name)
{
  g_autofree char *path = in_directory (name);

  ck_assert_int_eq (g_remove (path), 0);
}

/* What was done last must have been told, and the path leads to @target (or nowhere). */
static void
expect_told (const char *target)
{
  g_autofree char *expected = target != NULL ? in_directory (target) : NULL;
  g_autoptr (PortPath) path = NULL;

  settle ();
  ck_assert_uint_gt (fixture.n_changes, 0);
  fixture.n_changes = 0;
  path = port_path_follow (fixture.path);
  ck_assert_pstr_eq (path->target, expected);
}

static void
watch_path (void)
{
  const char *paths[] = { fixture.path, NULL };

  fixture.watch = port_watch_new (fake_clock_get (fixture.clock), on_changed, NULL);
  port_watch_set_paths (fixture.watch, paths);
}

static void
setup (void)
{
  g_autofree char *scratch = scratch_new ();

  fixture = (Fixture){ .directory = realpath (scratch, NULL), .clock = fake_clock_new () };
  fixture.path = in_directory ("serial/by-id/one");
}

static void
teardown (void)
{
  g_clear_pointer (&fixture.watch, port_watch_free);
  fake_clock_free (fixture.clock);
  scratch_free (fixture.directory);
  g_free (fixture.path);
}

static void
plug_in (void)
{
  scratch_write (fixture.directory, "ttyUSB0", "");
  make_directory ("serial");
  make_directory ("serial/by-id");
  make_link ("../../ttyUSB0", "serial/by-id/one");
}

static void
unplug (void)
{
  remove_name ("ttyUSB0");
  remove_name ("serial/by-id/one");
  remove_name ("serial/by-id");
  remove_name ("serial");
}

/* The directory exists only while there is a port, as /dev/serial. */
START_TEST (follows_each_step)
{
  watch_path ();
  scratch_write (fixture.directory, "ttyUSB0", "");
  expect_told (NULL);
  make_directory ("serial");
  expect_told (NULL);
  make_directory ("serial/by-id");
  expect_told (NULL);
  make_link ("../../ttyUSB0", "serial/by-id/one");
  expect_told ("ttyUSB0");
  scratch_write (fixture.directory, "ttyUSB1", "");
  make_link ("../../ttyUSB1", "serial/by-id/one");
  expect_told ("ttyUSB1");
  remove_name ("ttyUSB1");
  expect_told (NULL);
  remove_name ("serial/by-id/one");
  remove_name ("serial/by-id");
  expect_told (NULL);
  remove_name ("serial");
  expect_told (NULL);
}
END_TEST

START_TEST (follows_all_at_once_and_again)
{
  watch_path ();
  for (guint i = 0; i < 5; i++) {
    plug_in ();
    expect_told ("ttyUSB0");
    unplug ();
    expect_told (NULL);
  }
}
END_TEST

START_TEST (notices_that_nothing_is_left_as_it_was)
{
  plug_in ();
  watch_path ();
  unplug ();
  plug_in ();
  expect_told ("ttyUSB0");
  unplug ();
  expect_told (NULL);
}
END_TEST

START_TEST (tells_of_permissions)
{
  g_autofree char *port = NULL;

  plug_in ();
  port = in_directory ("ttyUSB0");
  watch_path ();
  ck_assert_int_eq (g_chmod (port, 0640), 0);
  expect_told ("ttyUSB0");
}
END_TEST

/* Or each byte that anybody writes to a port would wake the daemon up. */
START_TEST (sleeps_while_ports_are_used)
{
  g_autofree char *port = NULL;
  char byte = 0;
  int fd;

  plug_in ();
  port = in_directory ("ttyUSB0");
  watch_path ();
  fd = open (port, O_RDWR);
  ck_assert_int_eq (write (fd, "AT\r", 3), 3);
  ck_assert_int_eq (pread (fd, &byte, 1, 0), 1);
  close (fd);
  settle ();
  ck_assert_uint_eq (fixture.n_changes, 0);
  ck_assert_uint_eq (fake_clock_count (fixture.clock), 0);
}
END_TEST

START_TEST (forgets_paths)
{
  plug_in ();
  watch_path ();
  port_watch_set_paths (fixture.watch, (const char *const[]){ NULL });
  unplug ();
  settle ();
  ck_assert_uint_eq (fixture.n_changes, 0);
}
END_TEST

START_TEST (looks_again_and_again_without_inotify)
{
  struct rlimit limit, none;

  ck_assert_int_eq (getrlimit (RLIMIT_NOFILE, &limit), 0);
  none = limit;
  none.rlim_cur = 0;
  ck_assert_int_eq (setrlimit (RLIMIT_NOFILE, &none), 0);
  watch_path ();
  ck_assert_int_eq (setrlimit (RLIMIT_NOFILE, &limit), 0);
  plug_in ();
  settle ();
  ck_assert_uint_eq (fixture.n_changes, 0);
  fake_clock_advance (fixture.clock, PORT_WATCH_POLL_MS);
  expect_told ("ttyUSB0");
  fake_clock_advance (fixture.clock, PORT_WATCH_POLL_MS);
  expect_told ("ttyUSB0");
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("port-watch");
  TCase *tcase = tcase_create ("port-watch");
  SRunner *runner;
  int failed;

  tcase_add_checked_fixture (tcase, setup, teardown);
  tcase_add_test (tcase, follows_each_step);
  tcase_add_test (tcase, follows_all_at_once_and_again);
  tcase_add_test (tcase, notices_that_nothing_is_left_as_it_was);
  tcase_add_test (tcase, tells_of_permissions);
  tcase_add_test (tcase, sleeps_while_ports_are_used);
  tcase_add_test (tcase, forgets_paths);
  tcase_add_test (tcase, looks_again_and_again_without_inotify);
  suite_add_tcase (suite, tcase);
  runner = srunner_create (suite);
  srunner_run_all (runner, CK_NORMAL);
  failed = srunner_ntests_failed (runner);
  srunner_free (runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
