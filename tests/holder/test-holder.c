/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The holder in this process: a pseudo-terminal whose other end the test holds is the module, a socket that
 * is closed without a word is a daemon that was killed.
 */
#include <check.h>
#include <fcntl.h>
#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>
#include <pty.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "held-port.h"
#include "holder-message.h"
#include "holder-server.h"

typedef struct {
  int master;
  int slave;
  char device[64];
  char *dir;
  char *path;
  HolderServer *server;
  guint idle;
  GString *written; /* what the module got */
  GString *received;
  guint hang_ups;
} Fixture;

static Fixture fixture;

/* Short, but for the grace, which a test that waits for it makes short itself. */
static const HolderPortTiming patient = { 60000, 60000, 60000, { 60000, 1, 2 } };
static const HolderPortTiming hasty = { 1, 1, 1, { 60000, 1, 2 } };
static const HolderPortTiming deaf = { 1, 1, 1, { 1, 1, 2 } };

static void
on_idle (gpointer user_data)
{
  fixture.idle++;
}

static void
setup (void)
{
  fixture = (Fixture){ 0 };
  ck_assert_int_eq (openpty (&fixture.master, &fixture.slave, fixture.device, NULL, NULL), 0);
  ck_assert_int_eq (fcntl (fixture.master, F_SETFL, O_NONBLOCK), 0);
  fixture.dir = g_dir_make_tmp ("modemssl-test-XXXXXX", NULL);
  fixture.path = g_build_filename (fixture.dir, "holder.sock", NULL);
  fixture.written = g_string_new (NULL);
  fixture.received = g_string_new (NULL);
}

static void
teardown (void)
{
  g_clear_pointer (&fixture.server, holder_server_free);
  if (fixture.master >= 0)
    close (fixture.master);
  close (fixture.slave);
  g_unlink (fixture.path);
  g_rmdir (fixture.dir);
  g_free (fixture.dir);
  g_free (fixture.path);
  g_string_free (fixture.written, TRUE);
  g_string_free (fixture.received, TRUE);
}

static void
serve (const HolderPortTiming *timing)
{
  g_autoptr (GSocket) socket =
      g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_SEQPACKET, G_SOCKET_PROTOCOL_DEFAULT, NULL);
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (fixture.path);

  ck_assert (g_socket_bind (socket, address, FALSE, NULL));
  ck_assert (g_socket_listen (socket, NULL));
  fixture.server = holder_server_new (socket, NULL, timing, on_idle, NULL);
}

/* -- the module ------------------------------------------------------------------------------------- */

static void
read_module (void)
{
  char data[4096];
  ssize_t size = read (fixture.master, data, sizeof data);

  if (size > 0)
    g_string_append_len (fixture.written, data, size);
}

/** Until the module got exactly @text; it has got nothing else meanwhile. */
static void
expect_written (const char *text)
{
  while (fixture.written->len < strlen (text)) {
    read_module ();
    g_main_context_iteration (NULL, FALSE);
  }
  ck_assert_str_eq (fixture.written->str, text);
  g_string_truncate (fixture.written, 0);
}

static void
say (const char *text)
{
  ck_assert_int_eq (write (fixture.master, text, strlen (text)), strlen (text));
}

static void
wait_idle (void)
{
  while (fixture.idle == 0)
    g_main_context_iteration (NULL, TRUE);
}

static void
run_what_is_ready (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
  read_module ();
}

/* -- a daemon that can be killed --------------------------------------------------------------------- */

static GSocket *
daemon_new (guint baud_rate)
{
  GSocket *socket =
      g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_SEQPACKET, G_SOCKET_PROTOCOL_DEFAULT, NULL);
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (fixture.path);

  g_socket_set_blocking (socket, FALSE);
  ck_assert (g_socket_connect (socket, address, NULL, NULL));
  ck_assert (holder_message_send_value (
      socket, HOLDER_MESSAGE_OPEN,
      g_variant_new (HOLDER_MESSAGE_OPEN_TYPE, fixture.device, baud_rate, 0, "", "note"), -1, NULL));
  return socket;
}

static void
expect_message (GSocket *socket, HolderMessage *ret_message)
{
  g_autoptr (GError) error = NULL;

  while (!holder_message_receive (socket, ret_message, &error)) {
    ck_assert_msg (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK), "%s", error->message);
    g_clear_error (&error);
    g_main_context_iteration (NULL, FALSE);
  }
}

static void
expect_opened (GSocket *socket, gboolean expected_held, const char *expected_log)
{
  g_auto (HolderMessage) message = { .fd = -1 };
  g_autoptr (GVariant) value = NULL;
  g_autoptr (GVariant) log = NULL;
  g_autofree char *text = NULL;
  g_auto (GStrv) unsaid = NULL;
  gboolean held, complete;

  expect_message (socket, &message);
  ck_assert_int_eq (message.type, HOLDER_MESSAGE_OPENED);
  ck_assert_int_ge (message.fd, 0);
  value = holder_message_get_value (&message, HOLDER_MESSAGE_OPENED_TYPE);
  ck_assert_ptr_nonnull (value);
  g_variant_get (value, "(b@ayb^assss)", &held, &log, &complete, &unsaid, NULL, NULL, NULL);
  text =
      g_strndup (g_variant_get_data (log) != NULL ? g_variant_get_data (log) : "", g_variant_get_size (log));
  ck_assert_int_eq (held, expected_held);
  ck_assert_str_eq (text, expected_log);
  ck_assert (complete);
}

static void
tell (GSocket *socket, HolderMessageType type, const char *text)
{
  g_autoptr (GBytes) data = text != NULL ? g_bytes_new (text, strlen (text)) : NULL;

  ck_assert (holder_message_send (socket, type, data, -1, NULL));
}

static void
kill_daemon (GSocket *socket)
{
  g_socket_close (socket, NULL);
  g_object_unref (socket);
}

/* -- tests ------------------------------------------------------------------------------------------- */

START_TEST (what_a_daemon_writes_reaches_the_module)
{
  GSocket *socket;

  serve (&patient);
  socket = daemon_new (115200);
  expect_opened (socket, FALSE, "");
  tell (socket, HOLDER_MESSAGE_WRITE, "AT\r");
  tell (socket, HOLDER_MESSAGE_ANNOUNCE, "payload");
  tell (socket, HOLDER_MESSAGE_WRITE, "AT+QSSLSEND=0,0,7\r");
  tell (socket, HOLDER_MESSAGE_PROMPT, NULL);
  tell (socket, HOLDER_MESSAGE_WRITE_ANNOUNCED, NULL);
  tell (socket, HOLDER_MESSAGE_WRITE_ANNOUNCED, NULL); /* once is enough */
  tell (socket, HOLDER_MESSAGE_WRITE, "AT\r");
  expect_written ("AT\rAT+QSSLSEND=0,0,7\rpayloadAT\r");
  ck_assert (!holder_server_is_idle (fixture.server));
  tell (socket, HOLDER_MESSAGE_RELEASE, NULL);
  wait_idle ();
  ck_assert (holder_server_is_idle (fixture.server));
  kill_daemon (socket);
}
END_TEST

static const struct {
  const char *name;
  gboolean command;
  gboolean prompt;
  gboolean announced;
  const char *module_says;
  const char *expected;
} deaths[] = {
  { "before the command", FALSE, FALSE, FALSE, NULL, "" },
  { "before the prompt", TRUE, FALSE, FALSE, "\r\n> ", "AT+QSSLSEND=0,0,7\rpayload" },
  { "behind the prompt", TRUE, TRUE, FALSE, NULL, "AT+QSSLSEND=0,0,7\rpayload" },
  { "behind the payload", TRUE, TRUE, TRUE, NULL, "AT+QSSLSEND=0,0,7\rpayload" },
};

START_TEST (data_mode_is_ended_for_a_dead_daemon)
{
  GSocket *socket, *next;

  serve (&patient);
  socket = daemon_new (115200);
  expect_opened (socket, FALSE, "");
  tell (socket, HOLDER_MESSAGE_ANNOUNCE, "payload");
  if (deaths[_i].command)
    tell (socket, HOLDER_MESSAGE_WRITE, "AT+QSSLSEND=0,0,7\r");
  if (deaths[_i].prompt)
    tell (socket, HOLDER_MESSAGE_PROMPT, NULL);
  if (deaths[_i].announced)
    tell (socket, HOLDER_MESSAGE_WRITE_ANNOUNCED, NULL);
  kill_daemon (socket);
  run_what_is_ready ();
  next = daemon_new (115200);
  run_what_is_ready ();
  if (deaths[_i].module_says != NULL)
    say (deaths[_i].module_says);
  expect_opened (next, TRUE, deaths[_i].module_says != NULL ? deaths[_i].module_says : "");
  tell (next, HOLDER_MESSAGE_WRITE, "|");
  {
    g_autofree char *expected = g_strconcat (deaths[_i].expected, "|", NULL);

    expect_written (expected);
  }
  kill_daemon (next);
}
END_TEST

START_TEST (a_prompt_that_was_read_is_not_waited_for_for_ever)
{
  GSocket *socket;

  serve (&hasty);
  socket = daemon_new (115200);
  expect_opened (socket, FALSE, "");
  tell (socket, HOLDER_MESSAGE_ANNOUNCE, "payload");
  tell (socket, HOLDER_MESSAGE_WRITE, "AT+QSSLSEND=0,0,7\r");
  kill_daemon (socket);
  expect_written ("AT+QSSLSEND=0,0,7\rpayload");
  expect_written ("\rAT\r");
}
END_TEST

START_TEST (a_refused_send_leaves_nothing_to_write)
{
  GSocket *socket, *next;

  serve (&patient);
  socket = daemon_new (115200);
  expect_opened (socket, FALSE, "");
  tell (socket, HOLDER_MESSAGE_ANNOUNCE, "payload");
  tell (socket, HOLDER_MESSAGE_WRITE, "AT+QSSLSEND=0,0,7\r");
  tell (socket, HOLDER_MESSAGE_ANNOUNCE, NULL);
  kill_daemon (socket);
  next = daemon_new (115200);
  expect_opened (next, TRUE, "");
  expect_written ("AT+QSSLSEND=0,0,7\r");
  kill_daemon (next);
}
END_TEST

START_TEST (the_log_goes_to_the_next_daemon)
{
  GSocket *socket, *next;

  serve (&patient);
  socket = daemon_new (115200);
  expect_opened (socket, FALSE, "");
  kill_daemon (socket);
  run_what_is_ready ();
  say ("\r\n+QSSLURC: \"recv\",0,0,4,\"ab\r\n\"\r\n");
  run_what_is_ready ();
  next = daemon_new (115200);
  expect_opened (next, TRUE, "\r\n+QSSLURC: \"recv\",0,0,4,\"ab\r\n\"\r\n");
  kill_daemon (next);
}
END_TEST

START_TEST (nobody_comes_back)
{
  GSocket *socket;

  serve (&hasty);
  socket = daemon_new (115200);
  expect_opened (socket, FALSE, "");
  tell (socket, HOLDER_MESSAGE_FAREWELL, "AT+QSSLCLOSE=0,0\nAT+QSCLK=1\n");
  kill_daemon (socket);
  expect_written ("\rAT\r");
  say ("\r\nOK\r\n");
  expect_written ("AT+QSSLCLOSE=0,0\r");
  say ("\r\nERROR\r\n");
  expect_written ("AT+QSCLK=1\r");
  ck_assert_uint_eq (fixture.idle, 0);
  say ("\r\nOK\r\n");
  wait_idle ();
  /* The port is free again. */
  socket = daemon_new (115200);
  expect_opened (socket, FALSE, "");
  kill_daemon (socket);
}
END_TEST

START_TEST (a_daemon_comes_back_in_the_middle_of_the_farewell)
{
  GSocket *socket;

  serve (&hasty);
  socket = daemon_new (115200);
  expect_opened (socket, FALSE, "");
  tell (socket, HOLDER_MESSAGE_FAREWELL, NULL);
  tell (socket, HOLDER_MESSAGE_FAREWELL, "AT+QSSLCLOSE=0,0\n");
  kill_daemon (socket);
  expect_written ("\rAT\r");
  socket = daemon_new (115200);
  expect_opened (socket, TRUE, "");
  say ("\r\nOK\r\n");
  run_what_is_ready ();
  tell (socket, HOLDER_MESSAGE_WRITE, "ATI\r");
  expect_written ("ATI\r");
  kill_daemon (socket);
}
END_TEST

START_TEST (a_silent_module_is_let_go)
{
  GSocket *socket;

  serve (&deaf);
  socket = daemon_new (115200);
  expect_opened (socket, FALSE, "");
  tell (socket, HOLDER_MESSAGE_FAREWELL, "AT+QSSLCLOSE=0,0\n");
  kill_daemon (socket);
  wait_idle ();
  expect_written ("\rAT\r\rAT\r");
}
END_TEST

START_TEST (a_stop_does_not_wait_for_the_grace)
{
  GSocket *socket;

  serve (&patient);
  socket = daemon_new (115200);
  expect_opened (socket, FALSE, "");
  kill_daemon (socket);
  if (_i == 0) /* else the end of the daemon is noticed behind the stop */
    run_what_is_ready ();
  holder_server_stop (fixture.server);
  expect_written ("\rAT\r");
  say ("\r\nOK\r\n");
  wait_idle ();
}
END_TEST

START_TEST (a_released_port_is_asked_for_again_at_once)
{
  GSocket *socket, *next;

  serve (&patient);
  socket = daemon_new (115200);
  expect_opened (socket, FALSE, "");
  tell (socket, HOLDER_MESSAGE_RELEASE, NULL);
  next = daemon_new (115200);
  expect_opened (next, FALSE, "");
  kill_daemon (socket);
  kill_daemon (next);
}
END_TEST

START_TEST (other_settings_open_the_port_again)
{
  GSocket *socket, *next;

  serve (&patient);
  socket = daemon_new (115200);
  expect_opened (socket, FALSE, "");
  kill_daemon (socket);
  run_what_is_ready ();
  next = daemon_new (9600);
  expect_opened (next, FALSE, "");
  kill_daemon (next);
}
END_TEST

START_TEST (a_port_that_cannot_be_opened)
{
  g_auto (HolderMessage) message = { .fd = -1 };
  g_autoptr (GVariant) value = NULL;
  GSocket *socket;
  const char *text;
  int code;

  g_strlcpy (fixture.device, "/dev/null", sizeof fixture.device);
  serve (&patient);
  socket = daemon_new (115200);
  expect_message (socket, &message);
  ck_assert_int_eq (message.type, HOLDER_MESSAGE_REFUSED);
  value = holder_message_get_value (&message, HOLDER_MESSAGE_REFUSED_TYPE);
  g_variant_get (value, "(i&s)", &code, &text);
  ck_assert_int_eq (code, G_IO_ERROR_NOT_SUPPORTED);
  ck_assert_ptr_nonnull (strstr (text, "/dev/null"));
  kill_daemon (socket);
}
END_TEST

/** Any bytes from a client that is not ours do no harm. */
START_TEST (a_rude_guest)
{
  static const char *const rude[] = { "", "\x01", "\x01garbage", "\004AT\r", "\xff", "\x02\x02\x02" };
  GSocket *socket;

  serve (&patient);
  for (guint i = 0; i < G_N_ELEMENTS (rude); i++) {
    g_autoptr (GSocketAddress) address = g_unix_socket_address_new (fixture.path);

    socket = g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_SEQPACKET, G_SOCKET_PROTOCOL_DEFAULT, NULL);
    ck_assert (g_socket_connect (socket, address, NULL, NULL));
    g_socket_send (socket, rude[i], strlen (rude[i]), NULL, NULL);
    kill_daemon (socket);
    fixture.idle = 0;
    wait_idle ();
  }
  socket = daemon_new (115200);
  expect_opened (socket, FALSE, "");
  ck_assert_uint_eq (fixture.written->len, 0);
  kill_daemon (socket);
}
END_TEST

/* -- our end of the link ----------------------------------------------------------------------------- */

static void
on_received (const guint8 *data, gsize size, gpointer user_data)
{
  g_string_append_len (fixture.received, (const char *) data, (gssize) size);
}

static void
on_hung_up (const GError *error, gpointer user_data)
{
  fixture.hang_ups++;
}

static const SerialPortListener listener = { on_received, on_hung_up };

static void
on_opened (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  SerialPort **port = user_data;

  *port = held_port_open_finish (result, NULL, &error);
  ck_assert_msg (*port != NULL, "%s", error != NULL ? error->message : "");
}

static SerialPort *
open_held (void)
{
  SerialPortSettings settings = { fixture.device, 115200, SERIAL_FLOW_CONTROL_NONE };
  SerialPort *port = NULL;

  held_port_open_async (fixture.path, NULL, "", &settings, on_opened, &port);
  while (port == NULL)
    g_main_context_iteration (NULL, TRUE);
  serial_port_set_listener (port, &listener, NULL);
  return port;
}

START_TEST (a_held_port_is_a_port)
{
  g_autoptr (GBytes) line = g_bytes_new_static ("AT+QSSLSEND=0,0,4\r", 18);
  g_autoptr (GBytes) payload = g_bytes_new_static ("data", 4);
  static const char *const farewell[] = { "AT+QSSLCLOSE=0,0", NULL };
  SerialPort *port;

  serve (&hasty);
  port = open_held ();
  serial_port_set_farewell (port, farewell);
  serial_port_announce (port, payload);
  ck_assert (serial_port_write (port, line));
  serial_port_note_prompt (port);
  ck_assert (serial_port_write_announced (port));
  expect_written ("AT+QSSLSEND=0,0,4\rdata");
  say ("\r\nOK\r\n");
  while (fixture.received->len < 6)
    g_main_context_iteration (NULL, TRUE);
  ck_assert_str_eq (fixture.received->str, "\r\nOK\r\n");
  serial_port_free (port);
  wait_idle ();
  run_what_is_ready ();
  ck_assert_uint_eq (fixture.written->len, 0); /* it was released: no farewell */
  ck_assert_uint_eq (fixture.hang_ups, 0);
}
END_TEST

START_TEST (what_was_missed_is_read_first)
{
  GSocket *socket;
  SerialPort *port;

  serve (&patient);
  socket = daemon_new (115200);
  expect_opened (socket, FALSE, "");
  tell (socket, HOLDER_MESSAGE_FAREWELL, "AT+QSSLCLOSE=0,0\nAT+QSCLK=1\n");
  kill_daemon (socket);
  run_what_is_ready ();
  say ("\r\nRDY\r\n");
  run_what_is_ready ();
  port = open_held ();
  ck_assert_uint_eq (g_strv_length ((GStrv) serial_port_get_unsaid (port)), 2);
  ck_assert_str_eq (serial_port_get_unsaid (port)[1], "AT+QSCLK=1");
  say ("more");
  while (fixture.received->len < 11)
    g_main_context_iteration (NULL, TRUE);
  ck_assert_str_eq (fixture.received->str, "\r\nRDY\r\nmore");
  serial_port_free (port);
}
END_TEST

START_TEST (the_holder_dies)
{
  SerialPort *port;

  serve (&patient);
  port = open_held ();
  g_clear_pointer (&fixture.server, holder_server_free);
  while (fixture.hang_ups == 0)
    g_main_context_iteration (NULL, TRUE);
  serial_port_free (port);
  ck_assert_uint_eq (fixture.hang_ups, 1);
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

int
main (void)
{
  Suite *suite = suite_create ("holder");
  TCase *tcase = tcase_create ("holder");
  SRunner *runner = srunner_create (suite);
  int failed;

  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_ERROR);
  suite_add_tcase (suite, tcase);
  tcase_add_checked_fixture (tcase, setup, teardown);
  tcase_add_test (tcase, what_a_daemon_writes_reaches_the_module);
  tcase_add_loop_test (tcase, data_mode_is_ended_for_a_dead_daemon, 0, G_N_ELEMENTS (deaths));
  tcase_add_test (tcase, a_prompt_that_was_read_is_not_waited_for_for_ever);
  tcase_add_test (tcase, a_refused_send_leaves_nothing_to_write);
  tcase_add_test (tcase, the_log_goes_to_the_next_daemon);
  tcase_add_test (tcase, nobody_comes_back);
  tcase_add_test (tcase, a_daemon_comes_back_in_the_middle_of_the_farewell);
  tcase_add_test (tcase, a_silent_module_is_let_go);
  tcase_add_loop_test (tcase, a_stop_does_not_wait_for_the_grace, 0, 2);
  tcase_add_test (tcase, a_released_port_is_asked_for_again_at_once);
  tcase_add_test (tcase, other_settings_open_the_port_again);
  tcase_add_test (tcase, a_port_that_cannot_be_opened);
  tcase_add_test (tcase, a_rude_guest);
  tcase_add_test (tcase, a_held_port_is_a_port);
  tcase_add_test (tcase, what_was_missed_is_read_first);
  tcase_add_test (tcase, the_holder_dies);
  tcase_add_test (tcase, there_is_no_holder);
  srunner_run_all (runner, CK_NORMAL);
  failed = srunner_ntests_failed (runner);
  srunner_free (runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
