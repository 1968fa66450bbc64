/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Our end of the link to the holder: a held port is a port.
 */
#include <check.h>
#include <stdlib.h>

#include "held-port.h"
#include "holder-fixture.h"

static GString *received;
static guint hang_ups;

static void
setup_listener (void)
{
  setup ();
  received = g_string_new (NULL);
  hang_ups = 0;
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
  g_string_append_len (received, (const char *) data, (gssize) size);
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
  while (received->len < 6)
    g_main_context_iteration (NULL, TRUE);
  ck_assert_str_eq (received->str, "\r\nOK\r\n");
  serial_port_free (port);
  wait_idle ();
  run_what_is_ready ();
  ck_assert_uint_eq (fixture.written->len, 0); /* it was released: no farewell */
  ck_assert_uint_eq (hang_ups, 0);
}
END_TEST

START_TEST (what_was_missed_is_read_first)
{
  SerialPort *port;

  serve_daemon (&patient);
  tell (HOLDER_MESSAGE_FAREWELL, "AT+QSSLCLOSE=0,0\nAT+QSCLK=1\n");
  kill_daemon ();
  run_what_is_ready ();
  say ("\r\nRDY\r\n");
  run_what_is_ready ();
  port = open_held ();
  ck_assert_uint_eq (g_strv_length ((GStrv) serial_port_get_unsaid (port)), 2);
  ck_assert_str_eq (serial_port_get_unsaid (port)[1], "AT+QSCLK=1");
  say ("more");
  while (received->len < 11)
    g_main_context_iteration (NULL, TRUE);
  ck_assert_str_eq (received->str, "\r\nRDY\r\nmore");
  serial_port_free (port);
}
END_TEST

START_TEST (the_holder_dies)
{
  SerialPort *port;

  serve (&patient);
  port = open_held ();
  g_clear_pointer (&fixture.server, holder_server_free);
  while (hang_ups == 0)
    g_main_context_iteration (NULL, TRUE);
  serial_port_free (port);
  ck_assert_uint_eq (hang_ups, 1);
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
  tcase_add_test (tcase, there_is_no_holder);
  srunner_run_all (runner, CK_NORMAL);
  failed = srunner_ntests_failed (runner);
  srunner_free (runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
