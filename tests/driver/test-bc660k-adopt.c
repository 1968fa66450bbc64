/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What is noted of a connection while it lives, and a driver of the next life that goes on with it.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "driver-fixture.h"

#define SENT "\r\n+QSSLSEND: 0,0,0\r\n"
#define RECV(n, data) "\r\n+QSSLURC: \"recv\",0,0," #n ",\"" data "\"\r\n"

/** Where a past ends: the log of the next life begins here. */
#define POSITION 1000

static const char *const unsaid[] = { "AT+QSSLCLOSE=0,0", "AT+QSCLK=1", "AT+CEREG=0", NULL };

static ConnectionJournal *journal;
static ConnectionJournalPast *past;
static int file;

static gboolean
keep (int fd, gpointer user_data)
{
  file = fd >= 0 ? dup (fd) : -1;
  return TRUE;
}

static void
set_up (void)
{
  driver_fixture_set_up ();
  journal = NULL;
  past = NULL;
}

static void
tear_down (void)
{
  driver_fixture_tear_down ();
  g_clear_pointer (&past, connection_journal_past_free);
  g_clear_pointer (&journal, connection_journal_unref);
}

/** @stage: 0 for nothing, else one more than the AtStage. */
static void
make_past (guint stage, const char *piece, guint64 ordinal)
{
  ConnectionJournal *former = connection_journal_new (g_variant_new_string ("facts"));
  g_autoptr (GBytes) data = g_bytes_new (piece, strlen (piece));

  ck_assert (connection_journal_begin (former, POSITION, keep, NULL));
  if (stage > 0)
    connection_journal_note_sending (former, POSITION, stage, data, ordinal);
  connection_journal_unref (former);
  journal = connection_journal_resume (file, &past, NULL);
  ck_assert_ptr_nonnull (journal);
}

static void
on_adopted (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  gssize confirmed = module_driver_adopt_finish (NULL, result, &error);

  driver_fixture.tasks--;
  if (confirmed >= 0)
    driver_fixture_add_entry ("adopted %d", (int) confirmed);
  else
    driver_fixture_add_entry ("adopt failed %s", close_reason_get_name (error->code));
}

static gboolean
adopt (const char *log, guint64 commands)
{
  const SerialPortHistory history = { TRUE, TRUE, TRUE, commands, POSITION };
  const ModuleAdoption adoption = { driver_fixture.request.settings, journal, past };
  g_autoptr (GError) error = NULL;

  driver_fixture_make_kept (&history, log, unsaid);
  if (!module_driver_adopt (driver_fixture.driver, 0, &adoption, on_adopted, NULL, &error)) {
    ck_assert (g_error_matches (error, MODULE_ERROR, CLOSE_REASON_MODULE_LOST));
    return FALSE;
  }
  driver_fixture.tasks++;
  return TRUE;
}

/** It goes on, also after the start; and then ends as it should. */
static void
check_goes_on (void)
{
  driver_fixture_script_send ("more", OK SENT);
  driver_fixture_send ("more");
  driver_fixture_check ("send;");
  driver_fixture_say (RECV (4, "data"));
  driver_fixture_check ("received data;");
  ck_assert_str_eq (driver_fixture.kept->farewell->str, "AT+QSSLCLOSE=0,0;AT+QSCLK=1;AT+CEREG=0;");
  driver_fixture_expect ("AT+QSSLCLOSE=0,0", "OK\r\n\r\n+QSSLCLOSE: 0,0,0");
  driver_fixture_script_asleep ();
  driver_fixture_expect ("AT+CEREG=0", "OK");
  driver_fixture_expect ("AT", "OK");
  driver_fixture_stop ();
  driver_fixture_check ("stop;");
  ck_assert_int_eq (driver_fixture.kept->journal, -1);
  ck_assert (!driver_fixture.kept->watched);
}

static const struct {
  guint stage;
  const char *log;
  const char *entries; /* before the start */
} pasts[] = {
  { 0, "", "adopted 0;" },
  { 0, RECV (3, "one") RECV (3, "two"), "adopted 0;received one;received two;" },
  { 0, "\r\nOK\r\n", "adopted 0;" }, /* of a command that was under way */
  { 1, "\r\n> \r\nOK\r\n" SENT, "adopted 5;" },
  { 1, "\r\n> SECRE\r\nOK\r\n" SENT, "adopted 5;" },
  { 1, RECV (3, "one") "\r\n> " SENT "\r\nOK\r\n" RECV (3, "two"), "received one;adopted 5;received two;" },
  { 2, "\r\nOK\r\n" SENT, "adopted 5;" },
  { 2, SENT "\r\nOK\r\n", "adopted 5;" },
  { 2, RECV (3, "one") "\r\nOK\r\n" SENT, "received one;adopted 5;" },
  { 3, SENT, "adopted 5;" },
  { 3, RECV (3, "one") SENT, "received one;adopted 5;" },
};

START_TEST (a_connection_goes_on)
{
  make_past (pasts[_i].stage, "SECRE", 3);
  ck_assert (adopt (pasts[_i].log, 3));
  driver_fixture_script_steps ();
  driver_fixture_begin_start ();
  g_autofree char *entries = g_strconcat (pasts[_i].entries, "start;", NULL);
  driver_fixture_check (entries);
  check_goes_on ();
}
END_TEST

/** The module says back what it was sent, behind something that was noted behind the prompt. */
START_TEST (an_echo_is_no_answer)
{
  static const char *const piece = "x\r\nERROR\r\n";

  make_past (2, piece, 3);
  ck_assert (adopt (piece, 3));
  scripted_module_run_what_is_ready ();
  driver_fixture_say (OK SENT);
  driver_fixture_script_steps ();
  driver_fixture_begin_start ();
  driver_fixture_check ("adopted 10;start;");
}
END_TEST

/** Its command never reached the port, which the holder knows. */
START_TEST (a_send_that_was_not_written_is_none)
{
  g_autoptr (ConnectionJournalPast) told = NULL;
  g_autoptr (ConnectionJournal) copy = NULL;

  make_past (1, "SECRE", 3);
  ck_assert (adopt ("", 2));
  copy = connection_journal_resume (dup (file), &told, NULL);
  ck_assert_uint_eq (told->stage, CONNECTION_JOURNAL_NO_STAGE); /* whatever is written from now on */
  driver_fixture_script_steps ();
  driver_fixture_begin_start ();
  driver_fixture_check ("adopted 0;start;");
  check_goes_on ();
}
END_TEST

static const struct {
  guint stage;
  const char *log;
  const char *entries;
} ends[] = {
  { 0, "\r\n+QSSLURC: \"closed\",0,0\r\n", "closed server-closed 0;" },
  { 0, RECV (3, "one") "\r\n+QSSLURC: \"closed\",0,0\r\n", "received one;closed server-closed 0;" },
  { 0, "\r\n+QSSLURC: \"closed\",0,0\r\n" RECV (3, "one"), "received one;closed server-closed 0;" },
  { 0, "\r\nRDY\r\n", "closed module-restarted 0;" },
  { 0, "\r\n+QNBIOTEVENT: \"ENTER DEEPSLEEP\"\r\n", "closed deep-sleep 0;" },
  { 2, "\r\nOK\r\n\r\n+QSSLSEND: 0,0,-2\r\n", "closed connect-failed -2;" },
};

START_TEST (a_connection_has_ended_meanwhile)
{
  g_autofree char *found = NULL;

  make_past (ends[_i].stage, "SECRE", 3);
  ck_assert (adopt (ends[_i].log, 3));
  driver_fixture.kept->mute = TRUE;
  while (strstr (driver_fixture.log->str, "closed") == NULL)
    g_main_context_iteration (NULL, TRUE);
  found = g_strdup (driver_fixture.log->str);
  ck_assert_msg (strstr (found, ends[_i].entries) != NULL, "%s", found);
  ck_assert_int_eq (driver_fixture.kept->journal, -1);
}
END_TEST

START_TEST (data_were_damaged_meanwhile)
{
  make_past (0, "", 0);
  ck_assert (adopt (RECV (3, "one") "\r\n+QSSLURC: \"recv\",0,0,3,\"on\r\n\r\nERROR\r\n" RECV (3, "two"), 0));
  driver_fixture_script_probe ();
  driver_fixture_expect ("AT+QSSLCLOSE=0,0", "OK\r\n\r\n+QSSLCLOSE: 0,0,0");
  driver_fixture_script_asleep ();
  driver_fixture_check ("adopted 0;received one;closed protocol 0;");
}
END_TEST

static const SerialPortHistory insufficient[] = {
  { FALSE, FALSE, FALSE, 0, 0 },         /* another port, or another holder */
  { TRUE, FALSE, TRUE, 0, POSITION },    /* the farewell has begun */
  { TRUE, TRUE, FALSE, 0, POSITION },    /* more was said than could be kept */
  { TRUE, TRUE, TRUE, 0, POSITION + 1 }, /* a hole */
};

/** Then all is as after any other death. */
START_TEST (what_cannot_be_proved_is_not_adopted)
{
  ModuleAdoption adoption = { .settings = driver_fixture.request.settings };
  g_autoptr (GError) error = NULL;

  make_past (0, "", 0);
  driver_fixture_make_kept (&insufficient[_i], "", unsaid);
  adoption.journal = journal;
  adoption.past = past;
  ck_assert (!module_driver_adopt (driver_fixture.driver, 0, &adoption, on_adopted, NULL, &error));
  ck_assert (g_error_matches (error, MODULE_ERROR, CLOSE_REASON_MODULE_LOST));
  driver_fixture_script_steps ();
  driver_fixture_expect ("AT+QSSLCLOSE=0,0", "OK\r\n\r\n+QSSLCLOSE: 0,0,0");
  driver_fixture_expect ("AT+QSCLK=1", "OK");
  driver_fixture_expect ("AT+CEREG=0", "OK");
  driver_fixture_expect ("AT+QSSLCLOSE=0,0", "ERROR");
  driver_fixture_begin_start ();
  driver_fixture_check ("start;");
  ck_assert (!driver_fixture.kept->watched);
}
END_TEST

/** It was closed before the port was there, or cannot be gone on with: nobody shall find it any more. */
START_TEST (what_is_not_adopted_is_not_kept)
{
  const SerialPortHistory history = { TRUE, TRUE, TRUE, 0, POSITION };

  driver_fixture_make_kept (&history, "", unsaid);
  driver_fixture.kept->mute = TRUE;
  driver_fixture.kept->journal = memfd_create ("journal", 0);
  driver_fixture_begin_start ();
  ck_assert_int_eq (driver_fixture.kept->journal, -1);
  ck_assert (!driver_fixture.kept->watched);
  g_clear_pointer (&driver_fixture.driver, module_driver_free);
  driver_fixture_check ("start failed module-lost 0;");
}
END_TEST

/* -- what is noted -- */

/** What a next life would be told now. */
static void
check_noted (const char *expected)
{
  g_autoptr (ConnectionJournalPast) told = NULL;
  g_autoptr (ConnectionJournal) copy =
      connection_journal_resume (dup (driver_fixture.kept->journal), &told, NULL);
  g_autoptr (GString) text = g_string_new (NULL);

  ck_assert_ptr_nonnull (copy);
  g_string_append_printf (text, "stage %u confirmed %d", told->stage, (int) told->confirmed);
  if (told->sending != NULL)
    g_string_append_printf (text, " sending %d ordinal %d", (int) g_bytes_get_size (told->sending),
                            (int) told->ordinal);
  for (guint i = 0; i < told->pieces->len; i++)
    g_string_append_printf (text, " %.*s", (int) g_bytes_get_size (told->pieces->pdata[i]),
                            (const char *) g_bytes_get_data (told->pieces->pdata[i], NULL));
  ck_assert_str_eq (text->str, expected);
}

static void
note (gpointer data, gpointer user_data)
{
  check_noted (user_data);
}

static void
connect_noted (void)
{
  static const SerialPortHistory none = { .complete = TRUE };
  static const char *const nothing[] = { NULL };

  driver_fixture_make_kept (&none, "", nothing);
  journal = connection_journal_new (g_variant_new_string ("facts"));
  driver_fixture.request.journal = journal;
  driver_fixture_connect ();
  ck_assert (connection_journal_is_kept (journal));
  ck_assert (driver_fixture.kept->watched);
}

START_TEST (each_step_is_noted_before_it_is_seen)
{
  connect_noted ();
  check_noted ("stage 0 confirmed 0");
  driver_fixture_say (RECV (3, "one"));
  driver_fixture_check ("received one;");
  check_noted ("stage 0 confirmed 0 one");
  scripted_module_expect (driver_fixture.module, "AT+QSSLSEND=0,0,4\r");
  scripted_module_call (driver_fixture.module, note,
                        (gpointer) "stage 1 confirmed 0 sending 4 ordinal 1 one");
  driver_fixture_say (RECV (3, "two") "\r\n> ");
  scripted_module_expect (driver_fixture.module, "data");
  scripted_module_call (driver_fixture.module, note,
                        (gpointer) "stage 1 confirmed 0 sending 4 ordinal 1 one two");
  driver_fixture_say (RECV (5, "three") OK RECV (4, "four") SENT);
  driver_fixture_send ("data");
  driver_fixture_check ("received two;received three;received four;send;");
  check_noted ("stage 0 confirmed 4 one two three four");
  driver_fixture_script_send ("more", OK SENT);
  driver_fixture_send ("more");
  driver_fixture_check ("send;");
  check_noted ("stage 0 confirmed 8 one two three four");
}
END_TEST

START_TEST (a_close_is_noted_before_it_is_written)
{
  connect_noted ();
  driver_fixture_expect ("AT+QSSLCLOSE=0,0", "OK\r\n\r\n+QSSLCLOSE: 0,0,0");
  driver_fixture_script_asleep ();
  driver_fixture_close ();
  ck_assert_int_eq (driver_fixture.kept->journal, -1);
  driver_fixture_check ("close;");
  ck_assert (!driver_fixture.kept->watched);
}
END_TEST

/** What is noted need not be kept by whoever reads the port; nor what needs no note. */
START_TEST (what_is_noted_is_let_go_of)
{
  g_autofree char *data = g_strnfill (1400, 'x');
  g_autofree char *urc = g_strdup_printf ("\r\n+QSSLURC: \"recv\",0,0,1400,\"%s\"\r\n", data);
  guint64 taken;

  connect_noted ();
  for (guint i = 0; i < 20; i++) {
    driver_fixture_say (urc);
    driver_fixture_wait (i + 1);
  }
  g_string_truncate (driver_fixture.log, 0);
  driver_fixture.entries = 0;
  taken = driver_fixture.kept->taken;
  ck_assert_uint_gt (taken, 15000);
  for (guint i = 0; i < 1000; i++) {
    driver_fixture_say ("\r\n+CSCON: 1\r\n+CSCON: 0\r\n");
    scripted_module_run_what_is_ready ();
  }
  while (driver_fixture.kept->taken < taken + 10000)
    g_main_context_iteration (NULL, TRUE);
}
END_TEST

/** By whoever has the connection, when its data go where they cannot be told again. */
START_TEST (a_port_whose_journal_has_ended_is_watched_no_more)
{
  connect_noted ();
  connection_journal_end (journal);
  driver_fixture_say (RECV (3, "one"));
  driver_fixture_check ("received one;");
  ck_assert (!driver_fixture.kept->watched);
  scripted_module_run_what_is_ready ();
  driver_fixture_say (RECV (3, "two"));
  driver_fixture_check ("received two;");
}
END_TEST

/** What was read before the port was watched has no position, and the first that comes then may be no line.
 */
START_TEST (what_is_noted_is_let_go_of_from_the_first_byte_on)
{
  static const SerialPortHistory none = { .complete = TRUE };
  static const char *const nothing[] = { NULL };

  driver_fixture_make_kept (&none, "", nothing);
  journal = connection_journal_new (g_variant_new_string ("facts"));
  driver_fixture.request.journal = journal;
  driver_fixture_start ();
  scripted_module_expect (driver_fixture.module, "AT+QSCLK?\r");
  driver_fixture_open ();
  driver_fixture_say ("\r\n");
  scripted_module_run_what_is_ready ();
  ck_assert (driver_fixture.kept->watched);
  ck_assert_uint_eq (driver_fixture.kept->taken, 0);
  g_clear_pointer (&driver_fixture.driver, module_driver_free);
  driver_fixture_check ("open failed module-lost 0;");
}
END_TEST

/** Nobody keeps the port: then nobody goes on. */
START_TEST (without_a_keeper_nothing_is_noted)
{
  journal = connection_journal_new (g_variant_new_string ("facts"));
  driver_fixture.request.journal = journal;
  driver_fixture_connect ();
  ck_assert (!connection_journal_is_kept (journal));
}
END_TEST

/** The port is closed a little later. */
START_TEST (what_is_written_after_it_was_left_is_noted)
{
  connect_noted ();
  module_driver_leave (driver_fixture.driver);
  driver_fixture_script_send ("data", OK SENT);
  driver_fixture_send ("data");
  driver_fixture_check ("send;");
  g_clear_pointer (&driver_fixture.driver, module_driver_free);
  check_noted ("stage 0 confirmed 4");
}
END_TEST

START_TEST (left_as_it_is)
{
  connect_noted ();
  module_driver_leave (driver_fixture.driver);
  g_clear_pointer (&driver_fixture.driver, module_driver_free);
  ck_assert (driver_fixture.kept->left);
  ck_assert_int_ge (driver_fixture.kept->journal, 0);
  check_noted ("stage 0 confirmed 0");
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("bc660k-adopt");
  TCase *tcase = tcase_create ("bc660k-adopt");
  SRunner *runner;
  int failed;

  tcase_add_checked_fixture (tcase, set_up, tear_down);
  tcase_set_timeout (tcase, 60);
  tcase_add_loop_test (tcase, a_connection_goes_on, 0, G_N_ELEMENTS (pasts));
  tcase_add_test (tcase, an_echo_is_no_answer);
  tcase_add_test (tcase, a_send_that_was_not_written_is_none);
  tcase_add_loop_test (tcase, a_connection_has_ended_meanwhile, 0, G_N_ELEMENTS (ends));
  tcase_add_test (tcase, data_were_damaged_meanwhile);
  tcase_add_loop_test (tcase, what_cannot_be_proved_is_not_adopted, 0, G_N_ELEMENTS (insufficient));
  tcase_add_test (tcase, what_is_not_adopted_is_not_kept);
  tcase_add_test (tcase, each_step_is_noted_before_it_is_seen);
  tcase_add_test (tcase, a_close_is_noted_before_it_is_written);
  tcase_add_test (tcase, what_is_noted_is_let_go_of);
  tcase_add_test (tcase, what_is_noted_is_let_go_of_from_the_first_byte_on);
  tcase_add_test (tcase, a_port_whose_journal_has_ended_is_watched_no_more);
  tcase_add_test (tcase, without_a_keeper_nothing_is_noted);
  tcase_add_test (tcase, what_is_written_after_it_was_left_is_noted);
  tcase_add_test (tcase, left_as_it_is);
  suite_add_tcase (suite, tcase);
  runner = srunner_create (suite);
  srunner_run_all (runner, CK_ENV);
  failed = srunner_ntests_failed (runner);
  srunner_free (runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
