/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Our end of the link to the holder: a held port is a port.
 */
#include <check.h>
#include <gio/gunixsocketaddress.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "held-port.h"
#include "holder-fixture.h"

static SerialPort *port; /* that is listened to, freed by who wants */
static GString *received;
static guint64 position; /* as it was inside the last call */
static guint hang_ups;
static gboolean frees;

static void
setup_listener (void)
{
  setup ();
  received = g_string_new (NULL);
  port = NULL;
  position = 0;
  hang_ups = 0;
  frees = FALSE;
}

static void
teardown_listener (void)
{
  g_string_free (received, TRUE);
  teardown ();
}

static void
on_received (const guint8 *data, gsize size, gpointer user_data)
{
  ck_assert_uint_gt (size, 0);
  g_string_append_len (received, (const char *) data, (gssize) size);
  position = serial_port_get_position (port);
  if (frees)
    g_clear_pointer (&port, serial_port_free);
}

static void
on_hung_up (const GError *error, gpointer user_data)
{
  hang_ups++;
}

static const SerialPortListener listener = { on_received, on_hung_up };

static void
on_opened (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;

  port = held_port_open_finish (result, NULL, &error);
  ck_assert_msg (port != NULL, "%s", error != NULL ? error->message : "");
}

/** Opens it, but does not listen yet. */
static void
open_silently (void)
{
  SerialPortSettings settings = { fixture.device, 115200, SERIAL_FLOW_CONTROL_NONE };

  held_port_open_async (fixture.path, NULL, "", &settings, on_opened, NULL);
  while (port == NULL)
    g_main_context_iteration (NULL, TRUE);
}

static void
open_held (void)
{
  open_silently ();
  serial_port_set_listener (port, &listener, NULL);
}

/** As a crash, but for what the kernel does itself. */
static void
die (void)
{
  serial_port_leave (port);
  g_clear_pointer (&port, serial_port_free);
  g_string_truncate (received, 0);
}

static void
wait_received (const char *text)
{
  while (received->len < strlen (text))
    g_main_context_iteration (NULL, TRUE);
  ck_assert_str_eq (received->str, text);
}

START_TEST (a_held_port_is_a_port)
{
  g_autoptr (GBytes) line = g_bytes_new_static ("AT+QSSLSEND=0,0,4\r", 18);
  g_autoptr (GBytes) payload = g_bytes_new_static ("data", 4);
  static const char *const farewell[] = { "AT+QSSLCLOSE=0,0", NULL };
  serve (&hasty);
  open_held ();
  serial_port_set_farewell (port, farewell);
  ck_assert (serial_port_write_command (port, line, payload));
  serial_port_note_prompt (port);
  ck_assert (serial_port_write_announced (port));
  expect_written ("AT+QSSLSEND=0,0,4\rdata");
  say ("\r\nOK\r\n");
  wait_received ("\r\nOK\r\n");
  serial_port_free (port);
  wait_idle ();
  run_what_is_ready ();
  ck_assert_uint_eq (fixture.written->len, 0); /* it was released: no farewell */
  ck_assert_uint_eq (hang_ups, 0);
}
END_TEST

START_TEST (what_was_missed_is_read_first)
{
  serve_daemon (&patient);
  tell (HOLDER_MESSAGE_FAREWELL, "AT+QSSLCLOSE=0,0\nAT+QSCLK=1\n");
  kill_daemon ();
  run_what_is_ready ();
  say ("\r\nRDY\r\n");
  run_what_is_ready ();
  open_held ();
  ck_assert_uint_eq (g_strv_length ((GStrv) serial_port_get_unsaid (port)), 2);
  ck_assert_str_eq (serial_port_get_unsaid (port)[1], "AT+QSCLK=1");
  say ("more");
  wait_received ("\r\nRDY\r\nmore");
  serial_port_free (port);
}
END_TEST

START_TEST (the_holder_dies)
{
  serve (&patient);
  open_held ();
  g_clear_pointer (&fixture.server, holder_server_free);
  while (hang_ups == 0)
    g_main_context_iteration (NULL, TRUE);
  serial_port_free (port);
  ck_assert_uint_eq (hang_ups, 1);
}
END_TEST

/** A killed one leaves the line as it was. */
static void
kill_holder (void)
{
  struct termios settings;

  ck_assert_int_eq (tcgetattr (fixture.slave, &settings), 0);
  g_clear_pointer (&fixture.server, holder_server_free);
  ck_assert_int_eq (tcsetattr (fixture.slave, TCSANOW, &settings), 0);
}

static void
begin_command (gboolean watched)
{
  g_autoptr (GBytes) line = g_bytes_new_static ("AT+QSSLSEND=0,0,4\r", 18);
  g_autoptr (GBytes) payload = g_bytes_new_static ("data", 4);

  serve (&patient);
  open_held ();
  if (watched)
    ck_assert (serial_port_watch (port));
  ck_assert (serial_port_write_command (port, line, payload));
}

static void
wait_hung_up (void)
{
  while (hang_ups == 0)
    g_main_context_iteration (NULL, TRUE);
  run_what_is_ready ();
  serial_port_free (port);
  ck_assert_uint_eq (fixture.written->len, 0);
  ck_assert_uint_eq (hang_ups, 1);
}

/** What the module waits for when the holder dies, and nobody else knows. */
START_TEST (the_holder_dies_behind_a_command)
{
  gboolean refused = _i == 0, noticed = _i != 2, watched = _i == 3;

  begin_command (watched);
  expect_written ("AT+QSSLSEND=0,0,4\r");
  kill_holder ();
  if (noticed)
    run_what_is_ready ();
  ck_assert_uint_eq (hang_ups, 0);
  say ("\r\n> ");
  if (noticed)
    wait_received ("\r\n> ");
  if (refused) {
    serial_port_forget_announced (port);
  } else {
    serial_port_note_prompt (port);
    ck_assert (serial_port_write_announced (port));
    expect_written ("data");
  }
  wait_hung_up ();
}
END_TEST

/** What it was told last and has not read is written by us: the payload, or the command, too. */
START_TEST (the_holder_dies_with_unread_words)
{
  gboolean in_time = _i == 1;

  begin_command (FALSE);
  if (in_time) {
    expect_written ("AT+QSSLSEND=0,0,4\r");
    ck_assert (serial_port_write_announced (port));
  }
  kill_holder ();
  run_what_is_ready ();
  ck_assert (in_time || serial_port_write_announced (port));
  expect_written (in_time ? "data" : "AT+QSSLSEND=0,0,4\rdata");
  wait_hung_up ();
}
END_TEST

static void
on_refused (GObject *source, GAsyncResult *result, gpointer user_data)
{
  ck_assert_ptr_null (held_port_open_finish (result, NULL, user_data));
}

START_TEST (there_is_no_holder)
{
  SerialPortSettings settings = { fixture.device, 115200, SERIAL_FLOW_CONTROL_NONE };
  g_autoptr (GError) error = NULL;

  held_port_open_async (fixture.path, NULL, "", &settings, on_refused, &error);
  while (error == NULL)
    g_main_context_iteration (NULL, TRUE);
  ck_assert (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED));
}
END_TEST

/* -- a port that is watched -------------------------------------------------------------------------- */

START_TEST (a_port_is_watched_over_two_deaths)
{
  const SerialPortHistory *history;

  serve (&patient);
  open_held ();
  history = serial_port_get_history (port);
  ck_assert (!history->held_over && !history->watched && history->complete && history->commands == 0);
  say ("read here ");
  wait_received ("read here ");
  ck_assert (serial_port_watch (port) && serial_port_watch (port));
  ck_assert (serial_port_is_watched (port));
  say ("one ");
  wait_received ("read here one ");
  ck_assert_uint_eq (position, 4); /* what is read here does not count */
  for (guint life = 0; life < 2; life++) {
    die ();
    say (life == 0 ? "two " : "three ");
    open_silently ();
    history = serial_port_get_history (port);
    ck_assert (history->held_over && history->watched && history->complete);
    ck_assert_uint_eq (history->log_begin, 0);
    ck_assert (serial_port_is_watched (port));
    ck_assert_uint_eq (serial_port_get_position (port), 0);
    run_what_is_ready (); /* what comes before somebody listens is not lost */
    serial_port_set_listener (port, &listener, NULL);
    wait_received (life == 0 ? "one two " : "one two three ");
    ck_assert_uint_eq (position, received->len);
  }
  serial_port_set_taken (port, 4);
  die ();
  open_held ();
  ck_assert_uint_eq (serial_port_get_history (port)->log_begin, 4);
  wait_received ("two three ");
  ck_assert_uint_eq (position, 14);
  serial_port_free (port);
}
END_TEST

/** The daemon reads itself again behind all that the holder has read; or does not, when it has changed its
 * mind before. */
START_TEST (the_end_of_a_watch)
{
  serve (&patient);
  open_held ();
  ck_assert (serial_port_watch (port));
  say ("one ");
  g_main_context_iteration (NULL, TRUE); /* the holder hears of it */
  serial_port_unwatch (port);
  serial_port_unwatch (port);
  ck_assert (!serial_port_is_watched (port));
  if (_i == 1)
    ck_assert (serial_port_watch (port));
  say ("two ");
  wait_received ("one two ");
  say ("three ");
  wait_received ("one two three ");
  run_what_is_ready ();
  say ("four ");
  wait_received ("one two three four ");
  die ();
  open_held ();
  ck_assert_int_eq (serial_port_get_history (port)->watched, _i == 1);
  say ("five ");
  while (!g_str_has_suffix (received->str, "five "))
    g_main_context_iteration (NULL, TRUE);
  if (_i == 0)
    ck_assert_str_eq (received->str, "five ");
  serial_port_free (port);
}
END_TEST

/** Each change is in force for what is said behind it, and nothing is lost or comes twice. */
START_TEST (many_changes_of_mind)
{
  g_autoptr (GString) said = g_string_new (NULL);

  serve (&patient);
  open_held ();
  for (guint i = 0; i < 200; i++) {
    char text[] = { (char) ('a' + i % 26), '\0' };

    say (text);
    g_string_append (said, text);
    if (i * 7 % 3 == 0)
      serial_port_unwatch (port);
    else
      ck_assert (serial_port_watch (port));
    if (i % 5 == 0)
      g_main_context_iteration (NULL, FALSE);
    if (i % 11 == 0)
      serial_port_set_taken (port, serial_port_get_position (port));
  }
  wait_received (said->str);
  run_what_is_ready ();
  ck_assert_str_eq (received->str, said->str);
  serial_port_free (port);
}
END_TEST

START_TEST (a_watched_port_is_freed_in_received)
{
  serve (&patient);
  open_held ();
  ck_assert (serial_port_watch (port));
  frees = TRUE;
  say ("abc");
  wait_idle (); /* it was released */
  ck_assert_ptr_null (port);
}
END_TEST

START_TEST (a_watched_port_hangs_up)
{
  serve (&patient);
  open_held ();
  ck_assert (serial_port_watch (port));
  if (_i == 0) {
    close (fixture.master);
    fixture.master = -1;
  } else {
    g_clear_pointer (&fixture.server, holder_server_free);
  }
  while (hang_ups == 0)
    g_main_context_iteration (NULL, TRUE);
  ck_assert (!serial_port_keep_journal (port, 0, -1));
  serial_port_set_taken (port, 1);
  serial_port_unwatch (port);
  ck_assert (!serial_port_watch (port));
  serial_port_free (port);
  ck_assert_uint_eq (hang_ups, 1);
}
END_TEST

/** What the listener has not got yet it never gets. */
START_TEST (what_is_taken_is_not_given)
{
  serve (&patient);
  open_held ();
  serial_port_watch (port);
  say ("known new");
  wait_received ("known new");
  die ();
  open_silently ();
  serial_port_set_taken (port, 6);
  serial_port_set_listener (port, &listener, NULL);
  wait_received ("new");
  ck_assert_uint_eq (position, 9);
  serial_port_free (port);
}
END_TEST

/** Also when somebody listens already: nothing is not given either. */
START_TEST (all_of_the_log_is_taken)
{
  serve (&patient);
  open_held ();
  serial_port_watch (port);
  say ("known");
  wait_received ("known");
  die ();
  open_held ();
  serial_port_set_taken (port, 5);
  run_what_is_ready ();
  say ("new");
  wait_received ("new");
  ck_assert_uint_eq (position, 8);
  serial_port_free (port);
}
END_TEST

START_TEST (a_port_that_is_left_is_held_over)
{
  serve (&patient);
  open_held ();
  die ();
  open_held ();
  ck_assert (serial_port_get_history (port)->held_over);
  ck_assert (!serial_port_is_watched (port));
  serial_port_free (port);
  wait_idle (); /* that one was released */
}
END_TEST

START_TEST (commands_are_counted_over_deaths)
{
  g_autoptr (GBytes) data = g_bytes_new_static ("data", 4);

  serve (&patient);
  for (guint64 life = 0; life < 3; life++) {
    open_held ();
    ck_assert_uint_eq (serial_port_get_history (port)->commands, life);
    ck_assert_uint_eq (serial_port_count_commands (port), life);
    serial_port_write (port, data);
    ck_assert_uint_eq (serial_port_count_commands (port), life);
    serial_port_write_command (port, data, data);
    serial_port_write_announced (port);
    serial_port_write (port, data);
    ck_assert_uint_eq (serial_port_count_commands (port), life + 1);
    die ();
  }
  open_held ();
  serial_port_free (port);
}
END_TEST

/** Nothing that the holder should not say does any harm. */
START_TEST (a_rude_holder)
{
  SerialPortSettings settings = { fixture.device, 115200, SERIAL_FLOW_CONTROL_NONE };
  g_autoptr (GSocket) socket =
      g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_SEQPACKET, G_SOCKET_PROTOCOL_DEFAULT, NULL);
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (fixture.path);
  g_autoptr (GSocket) holder = NULL;
  g_autoptr (GBytes) text = g_bytes_new_static ("text", 4);
  GVariant *value =
      g_variant_new ("(b@aybasssstbt)", FALSE, g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, NULL, 0, 1),
                     TRUE, NULL, "", "", "", G_GUINT64_CONSTANT (0), FALSE, G_GUINT64_CONSTANT (0));

  ck_assert (g_socket_bind (socket, address, FALSE, NULL) && g_socket_listen (socket, NULL));
  held_port_open_async (fixture.path, NULL, "", &settings, on_opened, NULL);
  holder = g_socket_accept (socket, NULL, NULL);
  ck_assert (holder_message_send_value (holder, HOLDER_MESSAGE_OPENED, value, fixture.slave, NULL));
  for (guint type = 0; type < 256; type++) {
    ck_assert (holder_message_send (holder, (HolderMessageType) type, NULL, -1, NULL));
    ck_assert (holder_message_send (holder, (HolderMessageType) type, text, fixture.slave, NULL));
    run_what_is_ready ();
  }
  while (port == NULL)
    g_main_context_iteration (NULL, TRUE);
  serial_port_set_listener (port, &listener, NULL);
  run_what_is_ready ();
  ck_assert_uint_eq (received->len, 0);
  serial_port_watch (port);
  ck_assert (holder_message_send (holder, HOLDER_MESSAGE_RECEIVED, NULL, -1, NULL));
  ck_assert (holder_message_send (holder, HOLDER_MESSAGE_UNWATCHED, NULL, -1, NULL));
  ck_assert (holder_message_send (holder, HOLDER_MESSAGE_RECEIVED, text, -1, NULL));
  wait_received ("text");
  ck_assert_uint_eq (position, 4);
  serial_port_free (port);
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("held-port");
  TCase *tcase = tcase_create ("held-port");
  SRunner *runner = srunner_create (suite);
  int failed;

  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_ERROR);
  suite_add_tcase (suite, tcase);
  tcase_add_checked_fixture (tcase, setup_listener, teardown_listener);
  tcase_add_test (tcase, a_held_port_is_a_port);
  tcase_add_test (tcase, what_was_missed_is_read_first);
  tcase_add_test (tcase, the_holder_dies);
  tcase_add_loop_test (tcase, the_holder_dies_behind_a_command, 0, 4);
  tcase_add_loop_test (tcase, the_holder_dies_with_unread_words, 0, 2);
  tcase_add_test (tcase, there_is_no_holder);
  tcase_add_test (tcase, a_port_is_watched_over_two_deaths);
  tcase_add_loop_test (tcase, the_end_of_a_watch, 0, 2);
  tcase_add_test (tcase, many_changes_of_mind);
  tcase_add_test (tcase, a_watched_port_is_freed_in_received);
  tcase_add_loop_test (tcase, a_watched_port_hangs_up, 0, 2);
  tcase_add_test (tcase, what_is_taken_is_not_given);
  tcase_add_test (tcase, all_of_the_log_is_taken);
  tcase_add_test (tcase, a_port_that_is_left_is_held_over);
  tcase_add_test (tcase, commands_are_counted_over_deaths);
  tcase_add_test (tcase, a_rude_holder);
  srunner_run_all (runner, CK_NORMAL);
  failed = srunner_ntests_failed (runner);
  srunner_free (runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
