/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The ledger: what is known, what is in doubt, what is to be overwritten, over a restart and on a failing
 * disk.
 */
#include <check.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger-entry.h"
#include "ledger.h"
#include "mssl-error.h"
#include "scratch.h"

#define IMEI "490154203237518"
#define OTHER_IMEI "356938035643809"
#define CA MODULE_CREDENTIAL_CA
#define KEY MODULE_CREDENTIAL_CLIENT_KEY

/* Digests: 64 times the same digit. */
#define A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define C "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"

/** A ledger that can be loaded again. */
typedef struct {
  char *path;
  StateDir *dir;
  Ledger *ledger;
} Fixture;

static Fixture *
fixture_new (void)
{
  Fixture *self = g_new0 (Fixture, 1);

  self->path = scratch_new ();
  self->dir = state_dir_open (self->path, NULL);
  self->ledger = ledger_new (self->dir, NULL);
  ck_assert_ptr_nonnull (self->ledger);
  return self;
}

static void
fixture_free (Fixture *self)
{
  ledger_free (self->ledger);
  state_dir_free (self->dir);
  scratch_free (self->path);
  g_free (self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Fixture, fixture_free)

static void
restart (Fixture *self)
{
  ledger_free (self->ledger);
  self->ledger = ledger_new (self->dir, NULL);
  ck_assert_ptr_nonnull (self->ledger);
}

/** A file where the ledger's directory should be: nothing can be written until it is taken away. */
static void
break_disk (Fixture *self)
{
  g_autofree char *from = g_build_filename (self->path, "ledger", NULL);
  g_autofree char *to = g_build_filename (self->path, "aside", NULL);

  g_rename (from, to);
  scratch_write (self->path, "ledger", "");
}

static void
mend_disk (Fixture *self)
{
  g_autofree char *from = g_build_filename (self->path, "aside", NULL);
  g_autofree char *to = g_build_filename (self->path, "ledger", NULL);

  g_remove (to);
  g_rename (from, to);
}

static gboolean
is_listed (const char *digest, gpointer wanted)
{
  return g_strv_contains (wanted, digest);
}

/** Marks all but @wanted, separated by blanks. */
static void
want_only (Fixture *self, const char *wanted)
{
  g_auto (GStrv) list = g_strsplit (wanted, " ", -1);

  ck_assert (ledger_update_marks (self->ledger, is_listed, list, NULL));
}

static void
expect_holders (Fixture *self, const char *digest, const char *imeis)
{
  g_auto (GStrv) list = ledger_list_holders (self->ledger, digest);
  g_autofree char *joined = g_strjoinv (" ", list);

  ck_assert_str_eq (joined, imeis);
}

static int
get_erasure (Fixture *self, const char *imei)
{
  ModuleCredentialPart part;

  return ledger_next_erasure (self->ledger, imei, &part) ? (int) part : -1;
}

START_TEST (known_over_a_restart)
{
  g_autoptr (Fixture) f = fixture_new ();

  ck_assert (!ledger_holds (f->ledger, IMEI, CA, A));
  ck_assert (ledger_set (f->ledger, IMEI, CA, A, NULL));
  ck_assert (ledger_set (f->ledger, IMEI, KEY, B, NULL));
  ck_assert (ledger_set (f->ledger, OTHER_IMEI, CA, A, NULL));
  for (int i = 0; i < 2; i++) {
    ck_assert (ledger_holds (f->ledger, IMEI, CA, A));
    ck_assert (ledger_holds (f->ledger, IMEI, KEY, B));
    ck_assert (!ledger_holds (f->ledger, IMEI, CA, B));
    ck_assert (!ledger_holds (f->ledger, IMEI, KEY, NULL));
    ck_assert (!ledger_holds (f->ledger, OTHER_IMEI, KEY, B));
    expect_holders (f, A, OTHER_IMEI " " IMEI);
    expect_holders (f, B, IMEI);
    expect_holders (f, C, "");
    restart (f);
  }
}
END_TEST

/** A crash in the middle of an upload: either may be there, so neither counts as there, and both count as
 * held. */
START_TEST (upload_without_an_end)
{
  g_autoptr (Fixture) f = fixture_new ();

  ck_assert (ledger_set (f->ledger, IMEI, CA, A, NULL));
  ck_assert (ledger_begin_upload (f->ledger, IMEI, CA, B, NULL));
  restart (f);
  ck_assert (!ledger_holds (f->ledger, IMEI, CA, A));
  ck_assert (!ledger_holds (f->ledger, IMEI, CA, B));
  expect_holders (f, A, IMEI);
  expect_holders (f, B, IMEI);
  ck_assert (ledger_begin_upload (f->ledger, IMEI, CA, A, NULL));
  ck_assert (ledger_set (f->ledger, IMEI, CA, A, NULL));
  ck_assert (ledger_holds (f->ledger, IMEI, CA, A));
  expect_holders (f, B, "");
  ck_assert (ledger_set (f->ledger, IMEI, CA, NULL, NULL));
  ck_assert (!ledger_holds (f->ledger, IMEI, CA, A));
  expect_holders (f, A, IMEI);
}
END_TEST

START_TEST (marked_until_overwritten)
{
  g_autoptr (Fixture) f = fixture_new ();

  ck_assert (ledger_set (f->ledger, IMEI, CA, A, NULL));
  ck_assert (ledger_set (f->ledger, IMEI, KEY, B, NULL));
  want_only (f, A " " B);
  ck_assert_int_eq (get_erasure (f, IMEI), -1);
  want_only (f, A);
  restart (f);
  ck_assert_int_eq (get_erasure (f, IMEI), KEY);
  ck_assert_int_eq (get_erasure (f, OTHER_IMEI), -1);
  /* The driver says that the part is unknown before it overwrites it. */
  ck_assert (ledger_set (f->ledger, IMEI, KEY, NULL, NULL));
  restart (f);
  ck_assert_int_eq (get_erasure (f, IMEI), KEY);
  ck_assert (ledger_set_erased (f->ledger, IMEI, KEY, NULL));
  restart (f);
  ck_assert_int_eq (get_erasure (f, IMEI), -1);
  expect_holders (f, B, "");
  expect_holders (f, A, IMEI);
}
END_TEST

START_TEST (marks_come_and_go)
{
  g_autoptr (Fixture) f = fixture_new ();

  ck_assert (ledger_set (f->ledger, IMEI, KEY, A, NULL));
  want_only (f, B);
  ck_assert_int_eq (get_erasure (f, IMEI), KEY);
  /* Imported again. */
  want_only (f, A);
  ck_assert_int_eq (get_erasure (f, IMEI), -1);
  /* Something else was uploaded over it. */
  want_only (f, B);
  ck_assert (ledger_begin_upload (f->ledger, IMEI, KEY, B, NULL));
  ck_assert_int_eq (get_erasure (f, IMEI), KEY);
  ck_assert (ledger_set (f->ledger, IMEI, KEY, B, NULL));
  ck_assert_int_eq (get_erasure (f, IMEI), -1);
  /* Deleted while it was being uploaded. */
  ck_assert (ledger_begin_upload (f->ledger, IMEI, KEY, C, NULL));
  want_only (f, B);
  ck_assert (ledger_set (f->ledger, IMEI, KEY, C, NULL));
  ck_assert_int_eq (get_erasure (f, IMEI), KEY);
}
END_TEST

START_TEST (names_of_modules)
{
  static const char *const wrong[] = {
    "", "49015420323751", "4901542032375180", "49015420323751x", "../../../../../x", " 90154203237518",
  };
  g_autoptr (Fixture) f = fixture_new ();

  for (gsize i = 0; i < G_N_ELEMENTS (wrong); i++) {
    g_autoptr (GError) error = NULL;
    ModuleCredentialPart part;

    ck_assert (!ledger_set (f->ledger, wrong[i], CA, A, &error));
    ck_assert (g_error_matches (error, MSSL_ERROR, MSSL_ERROR_INVALID_ARGUMENT));
    ck_assert (!ledger_begin_upload (f->ledger, wrong[i], CA, A, NULL));
    ck_assert (!ledger_set_erased (f->ledger, wrong[i], CA, NULL));
    ck_assert (!ledger_holds (f->ledger, wrong[i], CA, A));
    ck_assert (!ledger_next_erasure (f->ledger, wrong[i], &part));
  }
  ck_assert (!scratch_has (f->path, "ledger"));
}
END_TEST

START_TEST (as_many_modules_as_documented)
{
  g_autoptr (Fixture) f = fixture_new ();
  g_autoptr (GError) error = NULL;

  for (int i = 0; i < LEDGER_MODULES_MAX; i++) {
    g_autofree char *imei = g_strdup_printf ("%015d", i);
    g_autofree char *name = g_strdup_printf ("ledger/%s", imei);
    g_autoptr (GBytes) content = ledger_entry_save (&(LedgerEntry){ 0 });
    g_autofree char *text = g_strndup (g_bytes_get_data (content, NULL), g_bytes_get_size (content));

    scratch_write (f->path, name, text);
  }
  restart (f);
  ck_assert (!ledger_set (f->ledger, IMEI, CA, A, &error));
  ck_assert (g_error_matches (error, MSSL_ERROR, MSSL_ERROR_LIMIT_EXCEEDED));
  ck_assert (ledger_set (f->ledger, "000000000000007", CA, A, NULL));
}
END_TEST

/** What could not be noted does not count as known, and is noted as soon as it can be. */
START_TEST (failing_disk)
{
  g_autoptr (Fixture) f = fixture_new ();
  g_autoptr (GError) error = NULL;

  ck_assert (ledger_set (f->ledger, IMEI, CA, A, NULL));
  break_disk (f);
  ck_assert (!ledger_begin_upload (f->ledger, IMEI, CA, B, &error));
  ck_assert (g_error_matches (error, MSSL_ERROR, MSSL_ERROR_STORAGE));
  ck_assert (!ledger_holds (f->ledger, IMEI, CA, A));
  ck_assert (!ledger_set (f->ledger, IMEI, CA, B, NULL));
  ck_assert (!ledger_holds (f->ledger, IMEI, CA, B));
  expect_holders (f, B, IMEI);
  mend_disk (f);
  ck_assert (ledger_begin_upload (f->ledger, IMEI, CA, B, NULL));
  restart (f);
  ck_assert (!ledger_holds (f->ledger, IMEI, CA, A));
  expect_holders (f, B, IMEI);
}
END_TEST

START_TEST (flash_is_spared)
{
  g_autoptr (Fixture) f = fixture_new ();

  ck_assert (ledger_set (f->ledger, IMEI, CA, A, NULL));
  break_disk (f);
  ck_assert (ledger_set (f->ledger, IMEI, CA, A, NULL));
  want_only (f, A);
  mend_disk (f);
}
END_TEST

static void
expect_damaged (const char *content)
{
  g_autoptr (Fixture) f = fixture_new ();

  scratch_write (f->path, "ledger/" IMEI, content);
  g_test_expect_message (NULL, G_LOG_LEVEL_WARNING, "*" IMEI " is damaged*");
  restart (f);
  g_test_assert_expected_messages ();
  expect_holders (f, A, "");
  ck_assert (scratch_has (f->path, "ledger/" IMEI STATE_DIR_DAMAGED_SUFFIX));
  ck_assert (ledger_set (f->ledger, IMEI, CA, A, NULL));
  restart (f);
  ck_assert (ledger_holds (f->ledger, IMEI, CA, A));
}

#define REST "[certificate]\nknown=false\ncopies=\nunwanted=\n[key]\nknown=false\ncopies=\nunwanted=\n"

START_TEST (damaged_files)
{
  expect_damaged ("");
  expect_damaged ("not a key file");
  expect_damaged (REST);
  expect_damaged ("[ca]\ncopies=\nunwanted=\n" REST);
  expect_damaged ("[ca]\nknown=maybe\ncopies=\nunwanted=\n" REST);
  expect_damaged ("[ca]\nknown=true\ncopies=\nunwanted=\n" REST);
  expect_damaged ("[ca]\nknown=true\ncopies=" A ";" B ";\nunwanted=\n" REST);
  expect_damaged ("[ca]\nknown=false\ncopies=abc;\nunwanted=\n" REST);
  expect_damaged ("[ca]\nknown=false\ncopies=" A ";\nunwanted=" B ";\n" REST);
  expect_damaged ("[ca]\nknown=false\ncopies=" A ";\n" REST);
}
END_TEST

START_TEST (doubt_is_bounded)
{
  LedgerEntry entry = { 0 };

  for (int i = 0; i < 3 * LEDGER_ENTRY_COPIES_MAX; i++) {
    g_autofree char *digest = g_strdup_printf ("%064x", i);

    ledger_entry_add (&entry, CA, digest);
    ledger_entry_add (&entry, CA, digest);
    ck_assert_ptr_nonnull (ledger_entry_find (&entry, CA, digest));
  }
  ck_assert_uint_eq (entry.parts[CA].n_copies, LEDGER_ENTRY_COPIES_MAX);
}
END_TEST

static void
count (const char *imei, gpointer user_data)
{
  ck_assert_str_eq (imei, IMEI);
  ++*(guint *) user_data;
}

START_TEST (watchers)
{
  g_autoptr (Fixture) f = fixture_new ();
  guint first = 0, second = 0;

  ledger_watch (f->ledger, count, &first);
  ledger_watch (f->ledger, count, &second);
  ck_assert (ledger_set (f->ledger, IMEI, CA, A, NULL));
  ck_assert (ledger_set (f->ledger, IMEI, CA, A, NULL));
  ledger_unwatch (f->ledger, count, &first);
  want_only (f, B);
  ck_assert_uint_eq (first, 1);
  ck_assert_uint_eq (second, 2);
}
END_TEST

int
main (void)
{
  TCase *tests = tcase_create ("ledger");
  Suite *suite = suite_create ("ledger");
  SRunner *runner = srunner_create (suite);
  int failed;

  tcase_set_timeout (tests, 120);
  tcase_add_test (tests, known_over_a_restart);
  tcase_add_test (tests, upload_without_an_end);
  tcase_add_test (tests, marked_until_overwritten);
  tcase_add_test (tests, marks_come_and_go);
  tcase_add_test (tests, names_of_modules);
  tcase_add_test (tests, as_many_modules_as_documented);
  tcase_add_test (tests, failing_disk);
  tcase_add_test (tests, flash_is_spared);
  tcase_add_test (tests, damaged_files);
  tcase_add_test (tests, doubt_is_bounded);
  tcase_add_test (tests, watchers);
  suite_add_tcase (suite, tests);
  srunner_run_all (runner, CK_NORMAL);
  failed = srunner_ntests_failed (runner);
  srunner_free (runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
