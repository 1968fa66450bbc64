/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What is noted is told by a later life: whole, after a death in the middle of any record, and after the file
 * was written anew.
 */
#include <check.h>
#include <gio/gio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "connection-journal.h"

#define STAGE 3

static int kept;
static guint times_kept;
static gboolean refuses;

static gboolean
keep (int fd, gpointer user_data)
{
  if (refuses)
    return FALSE;
  if (kept >= 0)
    close (kept);
  kept = fd >= 0 ? dup (fd) : -1;
  times_kept++;
  return TRUE;
}

static void
set_up (void)
{
  kept = -1;
  times_kept = 0;
  refuses = FALSE;
}

static void
tear_down (void)
{
  if (kept >= 0)
    close (kept);
}

static ConnectionJournal *
begin (void)
{
  ConnectionJournal *journal = connection_journal_new (g_variant_new_string ("facts"));

  ck_assert (!connection_journal_is_kept (journal));
  ck_assert (connection_journal_begin (journal, 100, keep, NULL));
  ck_assert (connection_journal_is_kept (journal));
  return journal;
}

static void
note_received (ConnectionJournal *journal, guint64 position, const char *text)
{
  g_autoptr (GBytes) data = g_bytes_new (text, strlen (text));

  connection_journal_note_received (journal, position, CONNECTION_JOURNAL_NO_STAGE, data);
}

static void
note_sending (ConnectionJournal *journal, guint64 position, const char *text, guint64 ordinal)
{
  g_autoptr (GBytes) data = g_bytes_new (text, strlen (text));

  connection_journal_note_sending (journal, position, STAGE, data, ordinal);
}

/** What @fd tells, as a line. */
static char *
tell (int fd)
{
  g_autoptr (ConnectionJournalPast) past = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (ConnectionJournal) journal = connection_journal_resume (dup (fd), &past, &error);
  g_autoptr (GString) text = g_string_new (NULL);

  ck_assert (error == NULL);
  ck_assert (journal != NULL);
  ck_assert_str_eq (g_variant_get_string (past->facts, NULL), "facts");
  ck_assert_uint_eq (connection_journal_get_position (journal), past->position);
  g_string_append_printf (text, "%" G_GUINT64_FORMAT "/%u confirmed %" G_GUINT64_FORMAT, past->position,
                          past->stage, past->confirmed);
  if (past->sending != NULL)
    g_string_append_printf (text, " sending %.*s %" G_GUINT64_FORMAT, (int) g_bytes_get_size (past->sending),
                            (const char *) g_bytes_get_data (past->sending, NULL), past->ordinal);
  g_string_append_printf (text, " received %" G_GUINT64_FORMAT, past->received);
  for (guint i = 0; i < past->pieces->len; i++)
    g_string_append_printf (text, " %.*s", (int) g_bytes_get_size (past->pieces->pdata[i]),
                            (const char *) g_bytes_get_data (past->pieces->pdata[i], NULL));
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static void
check_told (const char *expected)
{
  g_autofree char *text = tell (kept);

  ck_assert_str_eq (text, expected);
}

START_TEST (what_is_noted_is_told)
{
  g_autoptr (ConnectionJournal) journal = begin ();

  check_told ("100/0 confirmed 0 received 0");
  note_received (journal, 110, "one");
  note_received (journal, 120, "three");
  check_told ("120/0 confirmed 0 received 8 one three");
  note_sending (journal, 120, "abcd", 7);
  check_told ("120/3 confirmed 0 sending abcd 7 received 8 one three");
  connection_journal_note_position (journal, 130, STAGE + 1);
  check_told ("130/4 confirmed 0 sending abcd 7 received 8 one three");
  connection_journal_note_let_go (journal, 3);
  check_told ("130/4 confirmed 0 sending abcd 7 received 8 three");
  connection_journal_note_confirmed (journal, 140);
  check_told ("140/0 confirmed 4 received 8 three");
  connection_journal_note_let_go (journal, 5);
  check_told ("140/0 confirmed 4 received 8 ree");
  connection_journal_note_let_go (journal, 8);
  note_received (journal, 150, "x");
  check_told ("150/0 confirmed 4 received 9 x");
}
END_TEST

/** Or it would stand behind itself. */
START_TEST (what_comes_again_is_not_let_go_of)
{
  g_autoptr (ConnectionJournal) journal = begin ();

  note_received (journal, 110, "one");
  connection_journal_note_let_go (journal, 8);
  check_told ("110/0 confirmed 0 received 3");
  note_received (journal, 120, "three");
  check_told ("120/0 confirmed 0 received 8 three");
}
END_TEST

/** A later life goes on in the same file. */
START_TEST (a_later_life_goes_on)
{
  ConnectionJournal *journal = begin ();
  g_autoptr (ConnectionJournal) next = NULL;
  g_autoptr (ConnectionJournalPast) past = NULL;

  note_received (journal, 110, "one");
  note_sending (journal, 110, "abcd", 1);
  connection_journal_unref (journal);
  next = connection_journal_resume (dup (kept), &past, NULL);
  ck_assert (!connection_journal_is_kept (next));
  ck_assert (connection_journal_begin (next, 0, keep, NULL));
  ck_assert (connection_journal_is_kept (next));
  ck_assert_uint_eq (times_kept, 1); /* it is kept already */
  connection_journal_note_confirmed (next, 120);
  note_received (next, 130, "two");
  check_told ("130/0 confirmed 4 received 6 one two");
}
END_TEST

/** Dead in the middle of the last record, after any of its bytes. */
START_TEST (an_unfinished_record_is_none)
{
  g_autoptr (ConnectionJournal) journal = begin ();
  guint8 content[4096];
  off_t before, after;

  note_received (journal, 110, "one");
  before = lseek (kept, 0, SEEK_END);
  note_received (journal, 120, "two");
  after = lseek (kept, 0, SEEK_END);
  ck_assert_int_eq (pread (kept, content, sizeof content, 0), after);
  for (off_t size = after - 1; size >= before; size--) {
    ck_assert_int_eq (ftruncate (kept, 0), 0);
    ck_assert_int_eq (pwrite (kept, content, (size_t) size, 0), size);
    check_told ("110/0 confirmed 0 received 3 one");
  }
}
END_TEST

/** What comes takes the place of the unfinished one. */
START_TEST (an_unfinished_record_is_written_over)
{
  ConnectionJournal *journal = begin ();
  g_autoptr (ConnectionJournalPast) past = NULL;
  g_autoptr (ConnectionJournal) next = NULL;
  static const guint8 zeros[1000];
  g_autoptr (GBytes) data = g_bytes_new_static (zeros, sizeof zeros);

  note_received (journal, 110, "one");
  connection_journal_note_received (journal, 120, CONNECTION_JOURNAL_NO_STAGE, data);
  ck_assert_int_eq (ftruncate (kept, lseek (kept, 0, SEEK_END) - 1), 0);
  connection_journal_unref (journal);
  next = connection_journal_resume (dup (kept), &past, NULL);
  ck_assert (connection_journal_begin (next, 0, keep, NULL));
  note_received (next, 120, "2");
  check_told ("120/0 confirmed 0 received 4 one 2");
}
END_TEST

START_TEST (it_does_not_grow_for_ever)
{
  g_autoptr (ConnectionJournal) journal = begin ();
  g_autofree char *text = g_strnfill (1000, 'x');
  guint64 offset = 0;

  for (guint i = 1; i <= 2000; i++) {
    note_received (journal, 100 + i, text);
    note_sending (journal, 100 + i, text, i);
    if (i > 1)
      connection_journal_note_let_go (journal, offset += 1000);
    connection_journal_note_confirmed (journal, 100 + i);
    ck_assert_int_lt (lseek (kept, 0, SEEK_END), CONNECTION_JOURNAL_SLACK_BYTES + 20000);
  }
  ck_assert_uint_gt (times_kept, 5);
  ck_assert_uint_lt (times_kept, 100);
  g_autofree char *expected = g_strdup_printf ("2100/0 confirmed 2000000 received 2000000 %s", text);
  check_told (expected);
}
END_TEST

/** Many small pieces, and many of them let go of: the daemon must not stand still over that. */
START_TEST (many_pieces)
{
  g_autoptr (ConnectionJournal) journal = begin ();
  guint n = 200000;

  refuses = TRUE; /* to write it anew */
  for (guint i = 0; i < n; i++)
    note_received (journal, 100, "x");
  for (guint i = 0; i < n - 5; i++)
    connection_journal_note_let_go (journal, i + 1);
  check_told ("100/0 confirmed 0 received 200000 x x x x x");
}
END_TEST

/** While the new file is not kept, the old one goes on. */
START_TEST (a_new_file_that_is_not_kept_costs_nothing)
{
  g_autoptr (ConnectionJournal) journal = begin ();
  g_autofree char *text = g_strnfill (1000, 'x');

  refuses = TRUE;
  for (guint i = 0; i < 600; i++) {
    note_sending (journal, 200, text, i);
    connection_journal_note_confirmed (journal, 200);
  }
  ck_assert (connection_journal_is_kept (journal));
  check_told ("200/0 confirmed 600000 received 0");
}
END_TEST

START_TEST (the_end_is_the_end)
{
  g_autoptr (ConnectionJournal) journal = begin ();

  connection_journal_end (journal);
  ck_assert_int_eq (kept, -1);
  ck_assert (!connection_journal_is_kept (journal));
  note_received (journal, 110, "one");
  connection_journal_end (journal);
  ck_assert_uint_eq (times_kept, 2);
}
END_TEST

/** Also for who has the file in spite of it. */
START_TEST (the_end_is_told)
{
  ConnectionJournal *journal = begin ();
  g_autoptr (GError) error = NULL;
  ConnectionJournalPast *past = NULL;
  int same = dup (kept);

  note_received (journal, 110, "one");
  connection_journal_unref (journal);
  journal = connection_journal_resume (dup (same), &past, NULL); /* nobody could be told */
  ck_assert_ptr_nonnull (journal);
  connection_journal_past_free (g_steal_pointer (&past));
  connection_journal_end (journal);
  connection_journal_unref (journal);
  ck_assert_ptr_null (connection_journal_resume (same, &past, &error));
  ck_assert (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA));
}
END_TEST

START_TEST (what_is_left_goes_on)
{
  g_autoptr (ConnectionJournal) journal = begin ();

  note_received (journal, 110, "one");
  connection_journal_leave (journal);
  note_received (journal, 120, "two");
  connection_journal_end (journal);
  check_told ("110/0 confirmed 0 received 3 one");
}
END_TEST

START_TEST (one_that_is_not_kept_notes_nothing)
{
  g_autoptr (ConnectionJournal) journal = connection_journal_new (g_variant_new_string ("facts"));

  refuses = TRUE;
  note_received (journal, 1, "before the begin");
  ck_assert (!connection_journal_begin (journal, 2, keep, NULL));
  note_received (journal, 3, "after it");
  connection_journal_end (journal);
  ck_assert_uint_eq (times_kept, 0);
}
END_TEST

static const struct {
  const char *bytes;
  gsize size;
} nonsense[] = {
  { "", 0 },
  { "short", 5 },
  { "\x07\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 32 }, /* no such type */
  { "\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 32 }, /* facts without a value */
  { "\x02\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 32 }, /* no facts */
};

START_TEST (nonsense_is_refused)
{
  int fd = memfd_create ("nonsense", 0);
  ConnectionJournalPast *past = NULL;
  g_autoptr (GError) error = NULL;

  ck_assert_int_eq (write (fd, nonsense[_i].bytes, nonsense[_i].size), (ssize_t) nonsense[_i].size);
  ck_assert_ptr_null (connection_journal_resume (fd, &past, &error));
  ck_assert (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA));
  ck_assert_ptr_null (past);
}
END_TEST

START_TEST (what_is_no_file_is_refused)
{
  int fds[2];
  ConnectionJournalPast *past = NULL;
  g_autoptr (GError) error = NULL;

  ck_assert_int_eq (pipe (fds), 0);
  ck_assert_ptr_null (connection_journal_resume (fds[0], &past, &error));
  ck_assert (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA));
  close (fds[1]);
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("connection-journal");
  TCase *tcase = tcase_create ("all");
  SRunner *runner = srunner_create (suite);

  tcase_add_checked_fixture (tcase, set_up, tear_down);
  tcase_add_test (tcase, what_is_noted_is_told);
  tcase_add_test (tcase, what_comes_again_is_not_let_go_of);
  tcase_add_test (tcase, a_later_life_goes_on);
  tcase_add_test (tcase, an_unfinished_record_is_none);
  tcase_add_test (tcase, an_unfinished_record_is_written_over);
  tcase_add_test (tcase, it_does_not_grow_for_ever);
  tcase_add_test (tcase, many_pieces);
  tcase_add_test (tcase, a_new_file_that_is_not_kept_costs_nothing);
  tcase_add_test (tcase, the_end_is_the_end);
  tcase_add_test (tcase, the_end_is_told);
  tcase_add_test (tcase, what_is_left_goes_on);
  tcase_add_test (tcase, one_that_is_not_kept_notes_nothing);
  tcase_add_loop_test (tcase, nonsense_is_refused, 0, G_N_ELEMENTS (nonsense));
  tcase_add_test (tcase, what_is_no_file_is_refused);
  suite_add_tcase (suite, tcase);
  srunner_run_all (runner, CK_NORMAL);
  int failed = srunner_ntests_failed (runner);
  srunner_free (runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
