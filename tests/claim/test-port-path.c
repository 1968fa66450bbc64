/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Following the path of a port, in a directory laid out as udev lays out /dev.
 */
#include <check.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "port-path.h"
#include "scratch.h"

/* In each text, DIR stands for the directory of the test. */
typedef struct {
  const char *path;
  const char *target;      /* or NULL, and then */
  const char *missing;     /* a part of the sentence */
  const char *directories; /* in the order in which they are met */
} Case;

static const Case cases[] = {
  { "DIR/ttyUSB0", "DIR/ttyUSB0", NULL, "DIR" },
  { "DIR/./serial//../ttyUSB0", "DIR/ttyUSB0", NULL, "DIR" },
  { "DIR/serial/by-id/one", "DIR/ttyUSB0", NULL, "DIR/serial/by-id DIR" },
  { "DIR/serial/by-path/absolute", "DIR/ttyUSB0", NULL, "DIR/serial/by-path DIR" },
  { "DIR/serial/by-id/two-steps", "DIR/ttyUSB0", NULL, "DIR/serial/by-id DIR/serial/by-path DIR" },
  { "DIR/by-id/one", "DIR/ttyUSB0", NULL, "DIR DIR/serial/by-id" },
  { "DIR/ttyUSB7", NULL, "DIR/ttyUSB7 is not there", "DIR" },
  { "DIR/serial/by-id/none", NULL, "DIR/serial/by-id/none is not there", "DIR/serial/by-id" },
  { "DIR/serial/by-id/gone", NULL, "leads to DIR/ttyUSB9: that is not there", "DIR/serial/by-id DIR" },
  { "DIR/usb/by-id/one", NULL, "DIR/usb/by-id/one is not there: DIR/usb is not there", "DIR" },
  { "DIR/serial/by-id/loop", NULL, "Too many levels of symbolic links", "DIR/serial/by-id" },
  { "DIR/ttyUSB0/one", NULL, "Not a directory", "DIR" },
  { "DIR/serial/..", NULL, "is a directory", "" },
};

static char *directory;

static void
make_link (const char *target, const char *name)
{
  g_autofree char *path = g_build_filename (directory, name, NULL);

  ck_assert_int_eq (symlink (target, path), 0);
}

static void
setup (void)
{
  g_autofree char *scratch = scratch_new ();
  g_autofree char *absolute = NULL;

  directory = realpath (scratch, NULL);
  absolute = g_build_filename (directory, "ttyUSB0", NULL);
  scratch_write (directory, "ttyUSB0", "");
  scratch_write (directory, "serial/by-id/x", "");
  scratch_write (directory, "serial/by-path/x", "");
  make_link ("../../ttyUSB0", "serial/by-id/one");
  make_link ("../by-path/absolute", "serial/by-id/two-steps");
  make_link (absolute, "serial/by-path/absolute");
  make_link ("../../ttyUSB9", "serial/by-id/gone");
  make_link ("loop", "serial/by-id/loop");
  make_link ("serial/by-id", "by-id");
}

static void
teardown (void)
{
  scratch_free (directory);
}

static char *
put_directory (const char *text)
{
  g_auto (GStrv) parts = g_strsplit (text, "DIR", -1);

  return g_strjoinv (directory, parts);
}

START_TEST (follows)
{
  const Case *test = &cases[_i];
  g_autofree char *name = put_directory (test->path);
  g_autofree char *expected = put_directory (test->target != NULL ? test->target : test->missing);
  g_autofree char *directories = put_directory (test->directories);
  g_autofree char *found = NULL;
  g_autoptr (PortPath) path = port_path_follow (name);

  if (test->target != NULL) {
    ck_assert_str_eq (path->target, expected);
    ck_assert_ptr_null (path->missing);
  } else {
    ck_assert_ptr_null (path->target);
    ck_assert_msg (strstr (path->missing, expected) != NULL, "%s: %s", name, path->missing);
  }
  g_ptr_array_add (path->directories, NULL);
  found = g_strjoinv (" ", (char **) path->directories->pdata);
  ck_assert_str_eq (found, directories);
}
END_TEST

START_TEST (knows_a_port_again)
{
  g_autofree char *plain = put_directory ("DIR/ttyUSB0");
  g_autofree char *link = put_directory ("DIR/serial/by-id/one");
  g_autofree char *gone = put_directory ("DIR/serial/by-id/gone");
  g_autofree char *aside = put_directory ("DIR/aside");
  g_autoptr (PortPath) by_name = port_path_follow (plain);
  g_autoptr (PortPath) by_link = port_path_follow (link);
  g_autoptr (PortPath) missing = port_path_follow (gone);
  g_autoptr (PortPath) later = NULL;

  ck_assert (port_path_is_same_port (by_name, by_link));
  ck_assert (!port_path_is_same_port (by_name, missing));
  ck_assert (!port_path_is_same_port (missing, missing));
  /* The old one stays, so that its number is not given to the new one. */
  ck_assert_int_eq (g_rename (plain, aside), 0);
  scratch_write (directory, "ttyUSB0", "");
  later = port_path_follow (plain);
  ck_assert (!port_path_is_same_port (by_name, later));
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("port-path");
  TCase *tcase = tcase_create ("port-path");
  SRunner *runner;
  int failed;

  tcase_add_checked_fixture (tcase, setup, teardown);
  tcase_add_loop_test (tcase, follows, 0, G_N_ELEMENTS (cases));
  tcase_add_test (tcase, knows_a_port_again);
  suite_add_tcase (suite, tcase);
  runner = srunner_create (suite);
  srunner_run_all (runner, CK_NORMAL);
  failed = srunner_ntests_failed (runner);
  srunner_free (runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
