/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The state directory: whose it must be, and that a crash or a failing disk leaves the old file or the new
 * one.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mssl-error.h"
#include "scratch.h"
#include "state-dir.h"

#define SUB "sub"
#define NOBODY 65534

typedef char Scratch;
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Scratch, scratch_free)

static gboolean
write_text (StateDir *dir, const char *subdir, const char *name, const char *text, GError **error)
{
  g_autoptr (GBytes) content = g_bytes_new (text, strlen (text));

  return state_dir_write (dir, subdir, name, content, error);
}

static void
expect_text (StateDir *dir, const char *subdir, const char *name, const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) content = state_dir_read (dir, subdir, name, &error);
  g_autoptr (GBytes) expected = g_bytes_new_static (text, strlen (text));

  ck_assert_msg (content != NULL, "%s", error != NULL ? error->message : "");
  ck_assert (g_bytes_equal (content, expected));
}

static void
expect_list (StateDir *dir, const char *subdir, const char *names)
{
  g_auto (GStrv) list = state_dir_list (dir, subdir, NULL);
  g_autofree char *joined = NULL;

  ck_assert_ptr_nonnull (list);
  joined = g_strjoinv (" ", list);
  ck_assert_str_eq (joined, names);
}

static void
expect_refused (const char *path, const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (StateDir) dir = state_dir_open (path, &error);

  ck_assert_ptr_null (dir);
  ck_assert (g_error_matches (error, MSSL_ERROR, MSSL_ERROR_STORAGE));
  ck_assert_msg (strstr (error->message, text) != NULL, "%s", error->message);
}

static guint
get_mode (const char *path, const char *name)
{
  g_autofree char *file = g_build_filename (path, name, NULL);
  struct stat status;

  ck_assert_int_eq (lstat (file, &status), 0);
  return status.st_mode & 07777;
}

START_TEST (made_with_the_right_rights)
{
  g_autoptr (Scratch) scratch = scratch_new ();
  g_autofree char *path = g_build_filename (scratch, "state", NULL);
  g_autofree char *slashed = g_strconcat (path, "//", NULL);
  mode_t before = umask (0);

  {
    g_autoptr (StateDir) dir = state_dir_open (slashed, NULL);

    ck_assert_ptr_nonnull (dir);
    ck_assert (write_text (dir, SUB, "a", "text", NULL));
    ck_assert (write_text (dir, NULL, "b", "", NULL));
    expect_text (dir, SUB, "a", "text");
    expect_text (dir, NULL, "b", "");
  }
  umask (before);
  ck_assert_uint_eq (get_mode (scratch, "state"), 0700);
  ck_assert_uint_eq (get_mode (path, SUB), 0700);
  ck_assert_uint_eq (get_mode (path, SUB "/a"), 0600);
}
END_TEST

START_TEST (refused_directories)
{
  g_autoptr (Scratch) scratch = scratch_new ();
  g_autofree char *missing = g_build_filename (scratch, "missing", "state", NULL);
  g_autofree char *file = g_build_filename (scratch, "file", NULL);
  g_autofree char *open = g_build_filename (scratch, "open", NULL);
  g_autofree char *link = g_build_filename (scratch, "link", NULL);
  g_autofree char *link_slash = g_strconcat (link, "/", NULL);

  scratch_write (scratch, "file", "");
  g_mkdir (open, 0700);
  ck_assert_int_eq (symlink (open, link), 0);
  expect_refused (missing, "Make its parent");
  expect_refused (file, "must be a directory");
  expect_refused (link, "not a link");
  expect_refused (link_slash, "not a link");
  g_chmod (open, 0770);
  expect_refused (open, "Others can write");
  g_chmod (open, 0702);
  expect_refused (open, "Others can write");
  g_chmod (open, 0755);
  g_autoptr (StateDir) dir = state_dir_open (open, NULL);
  ck_assert_ptr_nonnull (dir);
}
END_TEST

START_TEST (of_another_user)
{
  g_autoptr (Scratch) scratch = scratch_new ();

  if (geteuid () != 0) {
    /* Only root can make such a directory; "/" is one. */
    expect_refused ("/", "belongs to user 0");
    return;
  }
  ck_assert_int_eq (chown (scratch, NOBODY, NOBODY), 0);
  expect_refused (scratch, "belongs to user 65534");
}
END_TEST

START_TEST (only_one_daemon)
{
  g_autoptr (Scratch) scratch = scratch_new ();
  StateDir *first = state_dir_open (scratch, NULL);

  ck_assert_ptr_nonnull (first);
  expect_refused (scratch, "in use by another daemon");
  state_dir_free (first);
  g_autoptr (StateDir) second = state_dir_open (scratch, NULL);
  ck_assert_ptr_nonnull (second);
}
END_TEST

START_TEST (replaced_listed_removed)
{
  g_autoptr (Scratch) scratch = scratch_new ();
  g_autoptr (StateDir) dir = state_dir_open (scratch, NULL);
  g_autoptr (GError) error = NULL;

  expect_list (dir, SUB, "");
  ck_assert_ptr_null (state_dir_read (dir, SUB, "b", &error));
  ck_assert (g_error_matches (error, MSSL_ERROR, MSSL_ERROR_NOT_FOUND));
  ck_assert (state_dir_remove (dir, SUB, "b", NULL));
  ck_assert (write_text (dir, SUB, "b", "a longer text", NULL));
  ck_assert (write_text (dir, SUB, "b", "short", NULL));
  ck_assert (write_text (dir, SUB, "a", "", NULL));
  expect_text (dir, SUB, "b", "short");
  expect_list (dir, SUB, "a b");
  expect_list (dir, NULL, "");
  ck_assert (state_dir_remove (dir, SUB, "b", NULL));
  ck_assert (state_dir_remove (dir, SUB, "b", NULL));
  expect_list (dir, SUB, "a");
  ck_assert (state_dir_set_aside (dir, SUB, "a", NULL));
  ck_assert (write_text (dir, SUB, "a", "again", NULL));
  ck_assert (state_dir_set_aside (dir, SUB, "a", NULL));
  expect_list (dir, SUB, "a" STATE_DIR_DAMAGED_SUFFIX);
  ck_assert (!state_dir_set_aside (dir, SUB, "a", NULL));
}
END_TEST

START_TEST (largest_file)
{
  g_autoptr (Scratch) scratch = scratch_new ();
  g_autoptr (StateDir) dir = state_dir_open (scratch, NULL);
  g_autofree char *most = g_strnfill (STATE_DIR_FILE_MAX_BYTES, 'x');
  g_autofree char *more = g_strnfill (STATE_DIR_FILE_MAX_BYTES + 1, 'x');
  g_autoptr (GError) error = NULL;

  ck_assert (write_text (dir, NULL, "most", most, NULL));
  expect_text (dir, NULL, "most", most);
  scratch_write (scratch, "more", more);
  ck_assert_ptr_null (state_dir_read (dir, NULL, "more", &error));
  ck_assert (g_error_matches (error, MSSL_ERROR, MSSL_ERROR_STORAGE));
}
END_TEST

/** A crash between the write and the rename leaves the old file and a temporary one, which nobody sees. */
START_TEST (left_over_temporary_file)
{
  g_autoptr (Scratch) scratch = scratch_new ();
  g_autoptr (StateDir) dir = state_dir_open (scratch, NULL);

  ck_assert (write_text (dir, SUB, "a", "old", NULL));
  scratch_write (scratch, SUB "/.new-a", "half of the n");
  expect_text (dir, SUB, "a", "old");
  ck_assert (write_text (dir, SUB, "a", "new", NULL));
  expect_text (dir, SUB, "a", "new");
  scratch_write (scratch, SUB "/.new-a", "half of the n");
  scratch_write (scratch, SUB "/.new-b", "");
  expect_list (dir, SUB, "a");
  ck_assert (!scratch_has (scratch, SUB "/.new-a"));
  ck_assert (!scratch_has (scratch, SUB "/.new-b"));
}
END_TEST

static void
expect_write_fails (StateDir *dir, const char *subdir, const char *name)
{
  g_autoptr (GError) error = NULL;

  ck_assert (!write_text (dir, subdir, name, "new", &error));
  ck_assert (g_error_matches (error, MSSL_ERROR, MSSL_ERROR_STORAGE));
  ck_assert_msg (strstr (error->message, "Check the disk") != NULL, "%s", error->message);
}

START_TEST (something_else_in_the_way)
{
  g_autoptr (Scratch) scratch = scratch_new ();
  g_autoptr (StateDir) dir = state_dir_open (scratch, NULL);
  g_autofree char *name = g_build_filename (scratch, SUB, "name", "x", NULL);
  g_autofree char *fifo = g_build_filename (scratch, SUB, "fifo", NULL);
  g_autofree char *link = g_build_filename (scratch, SUB, "link", NULL);
  g_autofree char *open = g_build_filename (scratch, "open", NULL);
  g_autofree char *link_directory = g_build_filename (scratch, "link", NULL);

  scratch_write (scratch, "file", "");
  g_mkdir_with_parents (name, 0700);
  ck_assert_int_eq (mkfifo (fifo, 0600), 0);
  ck_assert_int_eq (symlink ("/etc/hostname", link), 0);
  ck_assert_int_eq (symlink (name, link_directory), 0);
  g_mkdir (open, 0700);
  g_chmod (open, 0777);

  expect_write_fails (dir, "file", "a");
  expect_write_fails (dir, "link", "a");
  expect_write_fails (dir, "open", "a");
  expect_write_fails (dir, SUB, "name");
  ck_assert_ptr_null (state_dir_read (dir, SUB, "name", NULL));
  ck_assert_ptr_null (state_dir_read (dir, SUB, "fifo", NULL));
  ck_assert_ptr_null (state_dir_read (dir, SUB, "link", NULL));
  ck_assert_ptr_null (state_dir_list (dir, "open", NULL));
  ck_assert (!state_dir_remove (dir, SUB, "name", NULL));
  expect_list (dir, SUB, "");
  /* A link in place of a file is replaced, not followed. */
  ck_assert (write_text (dir, SUB, "link", "mine", NULL));
  ck_assert (!g_file_test (link, G_FILE_TEST_IS_SYMLINK));
}
END_TEST

/** The limit on a file's size stands in for a full disk. */
START_TEST (disk_full)
{
  g_autoptr (Scratch) scratch = scratch_new ();
  g_autoptr (StateDir) dir = state_dir_open (scratch, NULL);
  struct rlimit before, small;

  ck_assert (write_text (dir, SUB, "a", "old", NULL));
  signal (SIGXFSZ, SIG_IGN);
  ck_assert_int_eq (getrlimit (RLIMIT_FSIZE, &before), 0);
  small = before;
  small.rlim_cur = 1;
  ck_assert_int_eq (setrlimit (RLIMIT_FSIZE, &small), 0);
  expect_write_fails (dir, SUB, "a");
  ck_assert_int_eq (setrlimit (RLIMIT_FSIZE, &before), 0);
  expect_text (dir, SUB, "a", "old");
  ck_assert (!scratch_has (scratch, SUB "/.new-a"));
}
END_TEST

/** Root may write everywhere, so the test goes on as somebody else. */
START_TEST (read_only_directory)
{
  g_autoptr (Scratch) scratch = scratch_new ();
  g_autofree char *subdir = g_build_filename (scratch, SUB, NULL);
  gboolean root = geteuid () == 0;

  if (root) {
    ck_assert_int_eq (chown (scratch, NOBODY, NOBODY), 0);
    ck_assert_int_eq (seteuid (NOBODY), 0);
  }
  {
    g_autoptr (StateDir) dir = state_dir_open (scratch, NULL);

    ck_assert (write_text (dir, SUB, "a", "old", NULL));
    g_chmod (subdir, 0500);
    g_chmod (scratch, 0500);
    expect_write_fails (dir, SUB, "a");
    expect_write_fails (dir, SUB, "b");
    expect_write_fails (dir, "other", "a");
    ck_assert (!state_dir_remove (dir, SUB, "a", NULL));
    expect_text (dir, SUB, "a", "old");
    g_chmod (scratch, 0700);
    g_chmod (subdir, 0700);
  }
  if (root)
    ck_assert_int_eq (seteuid (0), 0);
}
END_TEST

/** Writes one of two contents after the other and tells each time, until it is killed. */
static void
write_for_ever (const char *path, int tell, GBytes *const *contents)
{
  StateDir *dir = state_dir_open (path, NULL);

  for (guint i = 0; dir != NULL && state_dir_write (dir, SUB, "a", contents[i % 2], NULL); i++) {
    if (write (tell, ".", 1) != 1)
      break;
  }
  _exit (1);
}

static void
kill_once (const char *path, GBytes *const *contents, guint after)
{
  int ends[2];
  char byte;
  pid_t child;

  ck_assert_int_eq (pipe (ends), 0);
  child = fork ();
  if (child == 0)
    write_for_ever (path, ends[1], contents);
  close (ends[1]);
  for (guint i = 0; i < after; i++)
    ck_assert_int_eq (read (ends[0], &byte, 1), 1);
  kill (child, SIGKILL);
  ck_assert_int_eq (waitpid (child, NULL, 0), child);
  close (ends[0]);
}

START_TEST (killed_at_any_instant)
{
  g_autoptr (Scratch) scratch = scratch_new ();
  g_autofree char *first_text = g_strnfill (40000, 'a');
  g_autofree char *second_text = g_strnfill (50000, 'b');
  g_autoptr (GBytes) first = g_bytes_new (first_text, 40000);
  g_autoptr (GBytes) second = g_bytes_new (second_text, 50000);
  GBytes *const contents[] = { first, second };

  for (guint i = 0; i < 20; i++) {
    kill_once (scratch, contents, 1 + i % 4);
    g_autoptr (StateDir) dir = state_dir_open (scratch, NULL);
    g_autoptr (GBytes) content = state_dir_read (dir, SUB, "a", NULL);

    ck_assert_ptr_nonnull (content);
    ck_assert (g_bytes_equal (content, first) || g_bytes_equal (content, second));
    expect_list (dir, SUB, "a");
  }
}
END_TEST

int
main (void)
{
  TCase *tests = tcase_create ("state-dir");
  Suite *suite = suite_create ("state-dir");
  SRunner *runner = srunner_create (suite);
  int failed;

  tcase_set_timeout (tests, 120);
  tcase_add_test (tests, made_with_the_right_rights);
  tcase_add_test (tests, refused_directories);
  tcase_add_test (tests, of_another_user);
  tcase_add_test (tests, only_one_daemon);
  tcase_add_test (tests, replaced_listed_removed);
  tcase_add_test (tests, largest_file);
  tcase_add_test (tests, left_over_temporary_file);
  tcase_add_test (tests, something_else_in_the_way);
  tcase_add_test (tests, disk_full);
  tcase_add_test (tests, read_only_directory);
  tcase_add_test (tests, killed_at_any_instant);
  suite_add_tcase (suite, tests);
  srunner_run_all (runner, CK_NORMAL);
  failed = srunner_ntests_failed (runner);
  srunner_free (runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
