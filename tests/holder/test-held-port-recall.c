/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Journals: what one life of the daemon gives to the holder the next one gets, at its start.
 */
#include <check.h>
#include <gio/gunixsocketaddress.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "held-port.h"
#include "holder-fixture.h"

#define PATIENCE_MS 60000

G_STATIC_ASSERT (HOLDER_MESSAGE_JOURNAL == 0x12); /* as below */

typedef struct {
  GPtrArray *journals;
  GStrv notes;
  GError *error;
  gint done;
} Recall;

static gpointer
run_recall (gpointer data)
{
  Recall *self = data;

  self->journals = held_port_recall (fixture.path, PATIENCE_MS, &self->notes, &self->error);
  g_atomic_int_set (&self->done, TRUE);
  g_main_context_wakeup (NULL);
  return NULL;
}

static char *noted; /* the notes that came with the last recall */

/** It is waited for, so that somebody else has to be the daemon here. */
static GPtrArray *
recall (void)
{
  Recall self = { 0 };
  GThread *thread = g_thread_new ("recall", run_recall, &self);

  while (!g_atomic_int_get (&self.done))
    g_main_context_iteration (NULL, TRUE);
  g_thread_join (thread);
  ck_assert_msg (self.journals != NULL, "%s", self.error != NULL ? self.error->message : "");
  g_free (noted);
  noted = g_strjoinv (";", self.notes);
  g_strfreev (self.notes);
  return self.journals;
}

static void
expect_journals (guint count)
{
  g_autoptr (GPtrArray) journals = recall ();

  ck_assert_uint_eq (journals->len, count);
}

/** A new journal with @text in it, which is forgotten here. */
static void
keep (guint slot, const char *text)
{
  int fd = memfd_create ("journal", MFD_CLOEXEC);
  GVariant *value = g_variant_new (HOLDER_MESSAGE_JOURNAL_TYPE, "", slot);

  ck_assert_int_eq (write (fd, text, strlen (text)), strlen (text));
  ck_assert (holder_message_send_value (fixture.daemon, HOLDER_MESSAGE_JOURNAL, value, fd, NULL));
  close (fd);
}

static void
drop (guint slot)
{
  tell_value (HOLDER_MESSAGE_JOURNAL, g_variant_new (HOLDER_MESSAGE_JOURNAL_TYPE, "", slot));
}

static void
expect_journal (const HeldJournal *journal, guint slot, const char *text)
{
  char data[64] = "";

  ck_assert_str_eq (journal->device, fixture.device);
  ck_assert_uint_eq (journal->slot, slot);
  ck_assert_int_ge (pread (journal->fd, data, sizeof data - 1, 0), 0);
  ck_assert_str_eq (data, text);
}

/** Also in the moment after the death, and again after another one. */
START_TEST (journals_are_recalled)
{
  serve_daemon (&patient);
  keep (0, "zero");
  keep (3, "gone");
  keep (5, "five");
  keep (3, "three");
  drop (5);
  drop (6);
  keep (HOLDER_MESSAGE_JOURNALS_MAX, "nowhere");
  kill_daemon ();
  if (_i == 0)
    run_what_is_ready ();
  for (guint life = 0; life < 3; life++) {
    g_autoptr (GPtrArray) journals = recall ();

    ck_assert_uint_eq (journals->len, 2);
    expect_journal (journals->pdata[0], 0, "zero");
    expect_journal (journals->pdata[1], 3, "three");
    ck_assert_str_eq (noted, "note");
    begin_daemon (115200);
    expect_opened (TRUE, "");
    kill_daemon ();
  }
}
END_TEST

/** A guest that was there before is heard before the end of the link. */
START_TEST (a_death_that_was_not_noticed_yet)
{
  g_auto (HolderMessage) journal = { .fd = -1 };
  g_auto (HolderMessage) end = { .fd = -1 };
  GSocket *guest;

  serve (&patient);
  guest = connect_guest ();
  run_what_is_ready ();
  begin_daemon (115200);
  expect_opened (FALSE, "");
  keep (0, "zero");
  kill_daemon ();
  fixture.daemon = guest;
  tell (HOLDER_MESSAGE_RECALL, NULL);
  expect_message (&journal);
  ck_assert_int_eq (journal.type, HOLDER_MESSAGE_JOURNAL);
  expect_message (&end);
  ck_assert_int_eq (end.type, HOLDER_MESSAGE_RECALLED);
}
END_TEST

START_TEST (there_are_no_journals)
{
  serve (&patient);
  expect_journals (0);
  begin_daemon (115200);
  expect_opened (FALSE, "");
  expect_journals (0);
  keep (0, "zero");
  run_what_is_ready ();
  expect_journals (0); /* that one is alive */
  drop (0);
  kill_daemon ();
  expect_journals (0);
}
END_TEST

START_TEST (journals_end_with_the_port)
{
  serve_daemon (&patient);
  keep (0, "zero");
  tell (HOLDER_MESSAGE_RELEASE, NULL);
  begin_daemon (115200);
  expect_opened (FALSE, "");
  kill_daemon ();
  expect_journals (0);
}
END_TEST

START_TEST (journals_end_with_the_farewell)
{
  serve_daemon (&hasty);
  keep (0, "zero");
  kill_daemon ();
  expect_written ("\rAT\r");
  expect_journals (0);
  begin_daemon (115200);
  expect_opened (TRUE, "");
  kill_daemon ();
  expect_journals (0);
}
END_TEST

/* -- through a port ---------------------------------------------------------------------------------- */

static void
on_opened (GObject *source, GAsyncResult *result, gpointer user_data)
{
  SerialPort **port = user_data;

  *port = held_port_open_finish (result, NULL, NULL);
  ck_assert_ptr_nonnull (*port);
}

START_TEST (a_port_keeps_journals)
{
  SerialPortSettings settings = { fixture.device, 115200, SERIAL_FLOW_CONTROL_NONE };
  int fd = memfd_create ("journal", MFD_CLOEXEC);
  SerialPort *port = NULL;

  serve (&patient);
  held_port_open_async (fixture.path, NULL, "", &settings, on_opened, &port);
  while (port == NULL)
    g_main_context_iteration (NULL, TRUE);
  ck_assert (serial_port_keep_journal (port, 0, fd));
  ck_assert (serial_port_keep_journal (port, 1, fd));
  ck_assert (serial_port_keep_journal (port, 0, -1));
  ck_assert (!serial_port_keep_journal (port, HOLDER_MESSAGE_JOURNALS_MAX, fd));
  ck_assert_int_eq (write (fd, "later", 5), 5); /* it is the same file */
  close (fd);
  serial_port_leave (port);
  serial_port_free (port);
  {
    g_autoptr (GPtrArray) journals = recall ();

    ck_assert_uint_eq (journals->len, 1);
    expect_journal (journals->pdata[0], 1, "later");
  }
}
END_TEST

/* -- a holder that does not do its part -------------------------------------------------------------- */

START_TEST (there_is_no_holder)
{
  g_auto (GStrv) notes = NULL;
  g_autoptr (GError) error = NULL;

  ck_assert_ptr_null (held_port_recall (fixture.path, PATIENCE_MS, &notes, &error));
  ck_assert (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED));
}
END_TEST

static const struct {
  const char *answer; /* NULL: none, and the link stays */
  gsize size;
  int code;
} answers[] = {
  { NULL, 0, G_IO_ERROR_TIMED_OUT },
  { "", 0, G_IO_ERROR_CLOSED },
  { "\xff", 1, G_IO_ERROR_FAILED },
  { "\x12", 1, G_IO_ERROR_FAILED },
  { "\x12"
    "\0\0\0\0\0\x01",
    7, G_IO_ERROR_FAILED },
};

START_TEST (the_holder_is_rude)
{
  g_autoptr (GSocket) socket =
      g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_SEQPACKET, G_SOCKET_PROTOCOL_DEFAULT, NULL);
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (fixture.path);
  g_autoptr (GSocket) link = NULL;
  g_auto (GStrv) notes = NULL;
  g_autoptr (GError) error = NULL;
  Recall self = { 0 };
  GThread *thread;
  char question[8];

  ck_assert (g_socket_bind (socket, address, FALSE, NULL) && g_socket_listen (socket, NULL));
  if (answers[_i].answer == NULL) {
    ck_assert_ptr_null (held_port_recall (fixture.path, 1, &notes, &error));
    ck_assert_msg (g_error_matches (error, G_IO_ERROR, answers[_i].code), "%s", error->message);
    return;
  }
  thread = g_thread_new ("recall", run_recall, &self);
  link = g_socket_accept (socket, NULL, NULL);
  ck_assert_int_eq (g_socket_receive (link, question, sizeof question, NULL, NULL), 5); /* the protocol */
  ck_assert_int_eq (g_socket_receive (link, question, sizeof question, NULL, NULL), 1);
  if (answers[_i].size > 0)
    g_socket_send (link, answers[_i].answer, answers[_i].size, NULL, NULL);
  g_socket_close (link, NULL);
  g_thread_join (thread);
  ck_assert_ptr_null (self.journals);
  ck_assert_msg (g_error_matches (self.error, G_IO_ERROR, answers[_i].code), "%s", self.error->message);
  g_error_free (self.error);
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("held-port-recall");
  TCase *tcase = tcase_create ("held-port-recall");
  SRunner *runner = srunner_create (suite);
  int failed;

  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_ERROR);
  suite_add_tcase (suite, tcase);
  tcase_add_checked_fixture (tcase, setup, teardown);
  tcase_add_loop_test (tcase, journals_are_recalled, 0, 2);
  tcase_add_test (tcase, a_death_that_was_not_noticed_yet);
  tcase_add_test (tcase, there_are_no_journals);
  tcase_add_test (tcase, journals_end_with_the_port);
  tcase_add_test (tcase, journals_end_with_the_farewell);
  tcase_add_test (tcase, a_port_keeps_journals);
  tcase_add_test (tcase, there_is_no_holder);
  tcase_add_loop_test (tcase, the_holder_is_rude, 0, G_N_ELEMENTS (answers));
  srunner_run_all (runner, CK_NORMAL);
  failed = srunner_ntests_failed (runner);
  srunner_free (runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
