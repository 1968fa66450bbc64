/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A connection that outlives the daemon: one world notes it, the next one goes on with it.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "mssl-error.h"
#include "watch.h"

#define PERSIST "{'persist': <true>, 'max-hold': <uint32 10>}"
#define RESUME_MS 60000

/** The holder of the port, who has the file. */
static int kept;

static gboolean
keep (int fd, gpointer user_data)
{
  if (kept >= 0)
    close (kept);
  kept = fd >= 0 ? dup (fd) : -1;
  return TRUE;
}

static void
set_up (void)
{
  kept = -1;
}

static void
tear_down (void)
{
  keep (-1, NULL);
}

static void
on_received (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GString *text = user_data;
  gboolean eof;
  g_autoptr (GBytes) data = inbox_receive_finish (result, &eof, NULL);
  gsize size = 0;
  const char *bytes = data != NULL ? g_bytes_get_data (data, &size) : "";

  g_string_append_len (text, bytes, (gssize) size);
}

/** Receives at @offset; what comes must be @expected. */
static void
expect_received (Watch *watch, guint64 offset, const char *expected)
{
  g_autoptr (GString) text = g_string_new (NULL);

  connection_receive_async (watch->connection, offset, 1000, 0, on_received, text);
  fake_port_settle ();
  ck_assert_str_eq (text->str, expected);
}

static void
receive (World *world, const char *text)
{
  g_autoptr (GBytes) data = g_bytes_new (text, strlen (text));

  connection_journal_note_received (world->port->journal, 200, 0, data);
  fake_port_tell_received (world->port, 0, text, strlen (text));
}

/** What the driver does before it sends. */
static void
note_sending (World *world, gsize size)
{
  g_autofree char *text = g_strnfill (size, 'x');
  g_autoptr (GBytes) data = g_bytes_new (text, size);

  connection_journal_note_sending (world->port->journal, 200, 1, data, 1);
}

static Watch *
connect_kept (World *world)
{
  Watch *watch;

  world_make_ready (world);
  watch = watch_connect (world, PERSIST);
  ck_assert_ptr_nonnull (world->port->journal);
  ck_assert (connection_journal_begin (world->port->journal, 100, keep, NULL));
  return watch;
}

/** What is in the file now: who is killed does nothing more to it. */
static int
copy_kept (void)
{
  guint8 content[16384];
  ssize_t size = pread (kept, content, sizeof content, 0);
  int fd = memfd_create ("copy", 0);

  ck_assert_int_eq (write (fd, content, (size_t) size), size);
  return fd;
}

/** A life that is killed: 3 bytes sent and confirmed, "onetwo" received, of which "one" was let go of.
 * @sending: bytes of a send that is under way. */
static int
make_past (gsize sending)
{
  g_autoptr (World) world = world_new (TRUE);
  g_autoptr (Watch) watch = connect_kept (world);
  g_auto (WatchSend) sent = { 0 };

  receive (world, "one");
  receive (world, "two");
  expect_received (watch, 3, "two");
  note_sending (world, 3);
  connection_journal_note_confirmed (world->port->journal, 210);
  watch_send (watch, 3, &sent);
  fake_port_finish (world->port, FAKE_SEND, 0, CLOSE_REASON_NONE);
  fake_port_settle ();
  if (sending > 0)
    note_sending (world, sending);
  world_advance (world, 4000);
  return copy_kept ();
}

/** The next life, before its module is there. */
static Watch *
resume (World *world, int fd)
{
  GPtrArray *connections = manager_get_connections (world->manager);

  manager_resume (world->manager, "/dev/fake0", 0, fd);
  ck_assert_uint_eq (connections->len, 1);
  ck_assert_int_eq (connection_get_state (connections->pdata[0]), CONNECTION_RESUMING);
  return watch_new (connections->pdata[0]);
}

/** And when it is. */
static void
go_on (World *world)
{
  manager_start (world->manager);
  fake_port_finish (world->port, FAKE_ADOPT, 0, CLOSE_REASON_NONE);
  fake_port_finish (world->port, FAKE_START, FAKE_PORT_NO_SLOT, CLOSE_REASON_NONE);
  fake_port_settle ();
}

START_TEST (it_goes_on_where_it_was)
{
  int fd = make_past (0);
  g_autoptr (World) world = world_new (TRUE);
  g_autoptr (Watch) watch = resume (world, fd);
  const ConnectionConfig *config = connection_get_config (watch->connection);
  ConnectionStatistics statistics = watch_get_statistics (watch);
  g_auto (WatchSend) sent = { 0 };

  ck_assert_str_eq (config->host, "example.org");
  ck_assert_uint_eq (config->port, 8883);
  ck_assert_str_eq (config->owner, ":1.7");
  ck_assert_uint_eq (config->owner_uid, 1000);
  ck_assert (config->persist);
  ck_assert_str_eq (connection_get_module_name (watch->connection), "m0");
  ck_assert (context_is_used (world->context));
  ck_assert_uint_eq (statistics.bytes_confirmed, 3);
  ck_assert_uint_eq (statistics.bytes_sent, 3);
  ck_assert_uint_eq (statistics.bytes_received, 6);
  ck_assert_uint_eq (statistics.buffered_bytes, 3);
  expect_received (watch, 3, "two"); /* also while it resumes */
  watch_send (watch, 5, &sent);
  fake_port_settle ();
  watch_send_expect_error (&sent, MSSL_ERROR_NOT_CONNECTED);
  go_on (world);
  ck_assert_int_eq (connection_get_state (watch->connection), CONNECTION_CONNECTED);
  receive (world, "three");
  expect_received (watch, 6, "three");
  g_auto (WatchSend) next = { 0 };
  watch_send (watch, 5, &next);
  fake_port_finish (world->port, FAKE_SEND, 0, CLOSE_REASON_NONE);
  fake_port_settle ();
  ck_assert_uint_eq (next.confirmed, 8);
}
END_TEST

/** The piece that was under way counts, when it is known. */
START_TEST (what_became_of_the_last_send_is_waited_for)
{
  int fd = make_past (40);
  g_autoptr (World) world = world_new (TRUE);
  g_autoptr (Watch) watch = resume (world, fd);

  manager_start (world->manager);
  fake_port_finish (world->port, FAKE_START, FAKE_PORT_NO_SLOT, CLOSE_REASON_NONE);
  fake_port_settle ();
  ck_assert_int_eq (connection_get_state (watch->connection), CONNECTION_RESUMING);
  ck_assert_int_eq (module_get_state (world->module), MODULE_READY);
  world_advance (world, RESUME_MS - 1);
  fake_port_finish (world->port, FAKE_ADOPT, 0, CLOSE_REASON_NONE);
  fake_port_settle ();
  ck_assert_int_eq (connection_get_state (watch->connection), CONNECTION_CONNECTED);
  ck_assert_uint_eq (watch_get_statistics (watch).bytes_confirmed, 43);
}
END_TEST

/** How much it can send at a time is known only then. */
START_TEST (it_waits_for_the_start)
{
  int fd = make_past (0);
  g_autoptr (World) world = world_new (TRUE);
  g_autoptr (Watch) watch = resume (world, fd);

  manager_start (world->manager);
  fake_port_finish (world->port, FAKE_ADOPT, 0, CLOSE_REASON_NONE);
  fake_port_settle ();
  ck_assert_int_eq (connection_get_state (watch->connection), CONNECTION_RESUMING);
  receive (world, "three");
  expect_received (watch, 3, "twothree");
  fake_port_finish (world->port, FAKE_START, FAKE_PORT_NO_SLOT, CLOSE_REASON_NONE);
  fake_port_settle ();
  ck_assert_int_eq (connection_get_state (watch->connection), CONNECTION_CONNECTED);
}
END_TEST

START_TEST (what_cannot_be_proved_ends)
{
  int fd = make_past (0);
  g_autoptr (World) world = world_new (TRUE);
  g_autoptr (Watch) watch = resume (world, fd);

  world->port->refuses_adoption = TRUE;
  manager_start (world->manager);
  fake_port_settle ();
  watch_expect_end (watch, CLOSE_REASON_MODULE_LOST, 0);
  expect_received (watch, 3, "two"); /* what was received is whole */
  fake_port_finish (world->port, FAKE_START, FAKE_PORT_NO_SLOT, CLOSE_REASON_NONE);
  fake_port_settle ();
  watch_expect_slot_free (world);
}
END_TEST

START_TEST (it_ends_like_any_other)
{
  int fd = make_past (0);
  g_autoptr (World) world = world_new (TRUE);
  g_autoptr (Watch) watch = resume (world, fd);

  manager_start (world->manager);
  fake_port_tell_closed (world->port, 0, CLOSE_REASON_MODULE_RESTARTED, 0);
  watch_expect_end (watch, CLOSE_REASON_MODULE_RESTARTED, 0);
  fake_port_finish (world->port, FAKE_START, FAKE_PORT_NO_SLOT, CLOSE_REASON_NONE);
  fake_port_settle ();
  watch_expect_slot_free (world);
  ck_assert_int_eq (kept, -1);
}
END_TEST

START_TEST (its_module_does_not_come)
{
  int fd = make_past (0);
  g_autoptr (World) world = world_new (TRUE);
  g_autoptr (Watch) watch = resume (world, fd);

  world->port->refusal = "no";
  manager_start (world->manager);
  world_advance (world, RESUME_MS - 1);
  ck_assert_uint_eq (watch->closed, 0);
  world_advance (world, 1);
  watch_expect_end (watch, CLOSE_REASON_MODULE_LOST, 0);
}
END_TEST

/** Another module is not its own. */
START_TEST (its_module_is_lost_before_it_is_ready)
{
  int fd = make_past (0);
  g_autoptr (World) world = world_new (TRUE);
  g_autoptr (Watch) watch = resume (world, fd);

  manager_start (world->manager);
  fake_port_tell_lost (world->port, "gone");
  fake_port_settle ();
  watch_expect_end (watch, CLOSE_REASON_MODULE_LOST, 0);
}
END_TEST

START_TEST (closed_before_its_module_is_there)
{
  int fd = make_past (0);
  g_autoptr (World) world = world_new (TRUE);
  g_autoptr (Watch) watch = resume (world, fd);

  connection_close (watch->connection, CLOSE_REASON_REQUESTED);
  watch_expect_end (watch, CLOSE_REASON_REQUESTED, 0);
  manager_start (world->manager);
  ck_assert_uint_eq (world->port->calls[FAKE_ADOPT], 0);
}
END_TEST

/** Whoever keeps the file cannot be told while the port is not there; the next life finds it all the same. */
START_TEST (closed_before_its_module_is_there_is_closed_for_ever)
{
  int fd = make_past (0);
  int same = dup (fd);
  g_autoptr (World) world = world_new (TRUE);
  g_autoptr (World) next = world_new (TRUE);
  g_autoptr (Watch) watch = resume (world, fd);

  connection_close (watch->connection, CLOSE_REASON_REQUESTED);
  watch_expect_end (watch, CLOSE_REASON_REQUESTED, 0);
  manager_resume (next->manager, "/dev/fake0", 0, same);
  ck_assert_uint_eq (manager_get_connections (next->manager)->len, 0);
}
END_TEST

START_TEST (closed_while_it_resumes)
{
  int fd = make_past (0);
  g_autoptr (World) world = world_new (TRUE);
  g_autoptr (Watch) watch = resume (world, fd);

  manager_start (world->manager);
  connection_close (watch->connection, CLOSE_REASON_REQUESTED);
  ck_assert_uint_eq (watch->closed, 0);
  fake_port_finish (world->port, FAKE_CLOSE, 0, CLOSE_REASON_NONE);
  fake_port_settle ();
  watch_expect_end (watch, CLOSE_REASON_REQUESTED, 0);
}
END_TEST

/** The time that it had its slot in the former life counts. */
START_TEST (max_hold_goes_on)
{
  int fd = make_past (0); /* 4 s */
  g_autoptr (World) world = world_new (TRUE);
  g_autoptr (Watch) watch = NULL;
  g_autoptr (Watch) other = NULL;

  world_advance (world, 6000); /* each world has a clock of its own; a real one goes on */
  watch = resume (world, fd);
  go_on (world);
  other = watch_open (world, NULL);
  world_advance (world, 3999);
  ck_assert_int_eq (connection_get_state (watch->connection), CONNECTION_CONNECTED);
  world_advance (world, 1);
  ck_assert_int_eq (connection_get_state (watch->connection), CONNECTION_CLOSING);
  fake_port_finish (world->port, FAKE_CLOSE, 0, CLOSE_REASON_NONE);
  fake_port_settle ();
  watch_expect_end (watch, CLOSE_REASON_PREEMPTED, 0);
}
END_TEST

/** Then it is closed, and a context of the same name does not bring it back. */
START_TEST (its_context_was_deleted)
{
  int fd = make_past (0);
  g_autoptr (World) next = world_new (TRUE);
  g_autoptr (World) world = world_new (TRUE);
  g_autoptr (GError) error = NULL;

  context_store_delete (world->contexts, world->context, &error);
  ck_assert (error == NULL);
  manager_resume (world->manager, "/dev/fake0", 0, dup (fd));
  ck_assert_uint_eq (manager_get_connections (world->manager)->len, 0);
  manager_resume (next->manager, "/dev/fake0", 0, fd);
  ck_assert_uint_eq (manager_get_connections (next->manager)->len, 0);
}
END_TEST

/** The former life died before it could say so. */
START_TEST (more_came_than_has_room)
{
  g_autoptr (World) former = world_new (TRUE);
  g_autoptr (World) world = world_new (TRUE);
  g_autoptr (Watch) begun = NULL;
  g_autofree char *text = g_strnfill (3000, 'x');
  g_autoptr (GBytes) data = g_bytes_new (text, 3000);
  Connection *connection;

  world_make_ready (former);
  begun = watch_connect (former, "{'persist': <true>, 'receive-buffer': <uint32 4096>}");
  ck_assert (connection_journal_begin (former->port->journal, 100, keep, NULL));
  connection_journal_note_received (former->port->journal, 200, 0, data);
  connection_journal_note_received (former->port->journal, 300, 0, data);
  manager_resume (world->manager, "/dev/fake0", 0, copy_kept ());
  connection = manager_get_connections (world->manager)->pdata[0];
  ck_assert_int_eq (connection_get_state (connection), CONNECTION_CLOSED);
  ck_assert_int_eq (connection_get_close_reason (connection), CLOSE_REASON_OVERFLOW);
  manager_start (world->manager);
  ck_assert_uint_eq (world->port->calls[FAKE_ADOPT], 0);
}
END_TEST

START_TEST (nonsense_is_no_connection)
{
  g_autoptr (World) world = world_new (TRUE);

  manager_resume (world->manager, "/dev/fake0", 0, memfd_create ("nonsense", 0));
  ck_assert_uint_eq (manager_get_connections (world->manager)->len, 0);
}
END_TEST

/* -- when nothing outlives the daemon -- */

START_TEST (one_that_does_not_persist_is_not_noted)
{
  g_autoptr (World) world = world_new (TRUE);
  g_autoptr (Watch) watch = NULL;

  world_make_ready (world);
  watch = watch_connect (world, NULL);
  ck_assert_ptr_null (world->port->journal);
}
END_TEST

static void
deliver (guint64 offset, GBytes *data, gpointer user_data)
{
}

static void
probe (gpointer user_data)
{
}

START_TEST (signals_do_not_outlive_it)
{
  static const InboxSink sink = { deliver, probe };
  g_autoptr (World) world = world_new (TRUE);
  g_autoptr (Watch) watch = connect_kept (world);

  ck_assert_int_ge (kept, 0);
  ck_assert (connection_set_sink (watch->connection, &sink, NULL, NULL));
  ck_assert_int_eq (kept, -1);
}
END_TEST

/** Asked for while it waits for its slot. */
START_TEST (signals_from_the_beginning_are_not_noted)
{
  static const InboxSink sink = { deliver, probe };
  g_autoptr (World) world = world_new (TRUE);
  g_autoptr (Watch) watch = watch_open (world, PERSIST);

  ck_assert (connection_set_sink (watch->connection, &sink, NULL, NULL));
  world_make_ready (world);
  fake_port_settle ();
  ck_assert (fake_port_is_pending (world->port, FAKE_OPEN, 0));
  ck_assert_ptr_null (world->port->journal);
}
END_TEST

/** Who had not asked for them before may do so while it resumes. */
START_TEST (signals_while_it_resumes)
{
  static const InboxSink sink = { deliver, probe };
  int fd = make_past (0);
  g_autoptr (World) world = world_new (TRUE);
  g_autoptr (Watch) watch = resume (world, fd);

  ck_assert (connection_set_sink (watch->connection, &sink, NULL, NULL));
  go_on (world);
  ck_assert_int_eq (connection_get_state (watch->connection), CONNECTION_CONNECTED);
  ck_assert (!connection_leave (watch->connection));
}
END_TEST

START_TEST (a_stream_does_not_outlive_it)
{
  g_autoptr (World) world = world_new (TRUE);
  g_autoptr (Watch) watch = connect_kept (world);
  int fd;

  ck_assert (connection_acquire_stream (watch->connection, &fd, NULL));
  ck_assert_int_ge (kept, 0); /* it may be taken back */
  connection_start_stream (watch->connection);
  ck_assert_int_eq (kept, -1);
  close (fd);
}
END_TEST

START_TEST (what_is_closed_does_not_outlive_it)
{
  g_autoptr (World) world = world_new (TRUE);
  g_autoptr (Watch) watch = connect_kept (world);

  connection_close (watch->connection, CLOSE_REASON_REQUESTED);
  ck_assert_int_eq (kept, -1); /* before the module is told */
}
END_TEST

/* -- the end in good order -- */

static void
on_stopped (GObject *source, GAsyncResult *result, gpointer user_data)
{
  ++*(guint *) user_data;
}

START_TEST (at_the_end_it_is_left)
{
  g_autoptr (World) world = world_new (TRUE);
  g_autoptr (Watch) watch = connect_kept (world);
  guint stops = 0;

  manager_stop_async (world->manager, on_stopped, &stops);
  fake_port_settle ();
  ck_assert_uint_eq (stops, 1);
  ck_assert (world->port->left);
  ck_assert_uint_eq (world->port->calls[FAKE_STOP], 0);
  ck_assert_uint_eq (world->port->calls[FAKE_CLOSE], 0);
  ck_assert_uint_eq (watch->closed, 0);
  ck_assert_int_ge (kept, 0);
  g_clear_pointer (&world->manager, manager_free);
  ck_assert_int_ge (kept, 0);
}
END_TEST

/** One that is left, while another one, which is closed, still holds up the end. */
static Watch *
leave_slowly (World *world, Watch **ret_other, guint *stops)
{
  Watch *watch;

  world->port->capabilities.slots = 2;
  watch = connect_kept (world);
  *ret_other = watch_open (world, NULL);
  fake_port_settle ();
  fake_port_finish (world->port, FAKE_OPEN, 1, CLOSE_REASON_NONE);
  fake_port_settle ();
  ck_assert_int_eq (connection_get_state ((*ret_other)->connection), CONNECTION_CONNECTED);
  manager_stop_async (world->manager, on_stopped, stops);
  fake_port_settle ();
  ck_assert_uint_eq (*stops, 0);
  return watch;
}

static void
end_slowly (World *world, guint *stops)
{
  fake_port_finish (world->port, FAKE_CLOSE, 1, CLOSE_REASON_NONE);
  fake_port_settle ();
  fake_port_finish (world->port, FAKE_STOP, FAKE_PORT_NO_SLOT, CLOSE_REASON_NONE);
  fake_port_settle ();
  ck_assert_uint_eq (*stops, 1);
  ck_assert (!world->port->left);
  ck_assert_int_eq (kept, -1);
}

START_TEST (one_to_be_left_ends_by_itself)
{
  g_autoptr (World) world = world_new (TRUE);
  g_autoptr (Watch) other = NULL;
  guint stops = 0;
  g_autoptr (Watch) watch = leave_slowly (world, &other, &stops);

  fake_port_tell_closed (world->port, 0, CLOSE_REASON_SERVER_CLOSED, 0);
  watch_expect_end (watch, CLOSE_REASON_SERVER_CLOSED, 0);
  end_slowly (world, &stops);
}
END_TEST

START_TEST (one_to_be_left_is_closed)
{
  g_autoptr (World) world = world_new (TRUE);
  g_autoptr (Watch) other = NULL;
  guint stops = 0;
  g_autoptr (Watch) watch = leave_slowly (world, &other, &stops);

  connection_close (watch->connection, CLOSE_REASON_REQUESTED);
  fake_port_finish (world->port, FAKE_CLOSE, 0, CLOSE_REASON_NONE);
  fake_port_settle ();
  watch_expect_end (watch, CLOSE_REASON_REQUESTED, 0);
  end_slowly (world, &stops);
}
END_TEST

/** A module without such a connection ends as ever. */
START_TEST (at_the_end_others_are_closed)
{
  g_autoptr (World) world = world_new (TRUE);
  g_autoptr (Watch) watch = NULL;
  guint stops = 0;

  world_make_ready (world);
  watch = watch_connect (world, PERSIST); /* nobody keeps the port */
  manager_stop_async (world->manager, on_stopped, &stops);
  fake_port_finish (world->port, FAKE_CLOSE, 0, CLOSE_REASON_NONE);
  fake_port_settle ();
  watch_expect_end (watch, CLOSE_REASON_SHUTDOWN, 0);
  fake_port_finish (world->port, FAKE_STOP, FAKE_PORT_NO_SLOT, CLOSE_REASON_NONE);
  fake_port_settle ();
  ck_assert_uint_eq (stops, 1);
  ck_assert (!world->port->left);
}
END_TEST

/** Two restarts behind each other. */
START_TEST (at_the_end_one_that_resumes_is_left)
{
  int fd = make_past (0);
  g_autoptr (World) world = world_new (TRUE);
  g_autoptr (Watch) watch = resume (world, fd);
  guint stops = 0;

  manager_start (world->manager);
  manager_stop_async (world->manager, on_stopped, &stops);
  fake_port_settle ();
  ck_assert_uint_eq (stops, 1);
  ck_assert (world->port->left);
  ck_assert_uint_eq (watch->closed, 0);
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("resume");
  TCase *tcase = tcase_create ("all");
  SRunner *runner;
  int failed;

  tcase_add_checked_fixture (tcase, set_up, tear_down);
  tcase_add_test (tcase, it_goes_on_where_it_was);
  tcase_add_test (tcase, what_became_of_the_last_send_is_waited_for);
  tcase_add_test (tcase, it_waits_for_the_start);
  tcase_add_test (tcase, what_cannot_be_proved_ends);
  tcase_add_test (tcase, it_ends_like_any_other);
  tcase_add_test (tcase, its_module_does_not_come);
  tcase_add_test (tcase, its_module_is_lost_before_it_is_ready);
  tcase_add_test (tcase, closed_before_its_module_is_there);
  tcase_add_test (tcase, closed_before_its_module_is_there_is_closed_for_ever);
  tcase_add_test (tcase, closed_while_it_resumes);
  tcase_add_test (tcase, max_hold_goes_on);
  tcase_add_test (tcase, its_context_was_deleted);
  tcase_add_test (tcase, more_came_than_has_room);
  tcase_add_test (tcase, nonsense_is_no_connection);
  tcase_add_test (tcase, one_that_does_not_persist_is_not_noted);
  tcase_add_test (tcase, signals_do_not_outlive_it);
  tcase_add_test (tcase, signals_from_the_beginning_are_not_noted);
  tcase_add_test (tcase, signals_while_it_resumes);
  tcase_add_test (tcase, a_stream_does_not_outlive_it);
  tcase_add_test (tcase, what_is_closed_does_not_outlive_it);
  tcase_add_test (tcase, at_the_end_it_is_left);
  tcase_add_test (tcase, one_to_be_left_ends_by_itself);
  tcase_add_test (tcase, one_to_be_left_is_closed);
  tcase_add_test (tcase, at_the_end_others_are_closed);
  tcase_add_test (tcase, at_the_end_one_that_resumes_is_left);
  suite_add_tcase (suite, tcase);
  runner = srunner_create (suite);
  srunner_run_all (runner, CK_ENV);
  failed = srunner_ntests_failed (runner);
  srunner_free (runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
