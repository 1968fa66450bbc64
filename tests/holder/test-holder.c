/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the holder does for a module whose daemon is killed, and when it lets go.
 */
#include <check.h>
#include <gio/gunixsocketaddress.h>
#include <stdlib.h>
#include <string.h>

#include "holder-fixture.h"

START_TEST (what_a_daemon_writes_reaches_the_module)
{
  serve_daemon (&patient);
  tell (HOLDER_MESSAGE_WRITE, "AT\r");
  tell_command ("AT+QSSLSEND=0,0,7\r", "payload");
  tell (HOLDER_MESSAGE_PROMPT, NULL);
  tell (HOLDER_MESSAGE_WRITE_ANNOUNCED, NULL);
  tell (HOLDER_MESSAGE_WRITE_ANNOUNCED, NULL); /* once is enough */
  tell (HOLDER_MESSAGE_WRITE, "AT\r");
  expect_written ("AT\rAT+QSSLSEND=0,0,7\rpayloadAT\r");
  ck_assert (!holder_server_is_idle (fixture.server));
  tell (HOLDER_MESSAGE_RELEASE, NULL);
  wait_idle ();
  ck_assert (holder_server_is_idle (fixture.server));
}
END_TEST

static const struct {
  const char *name;
  gboolean prompt;
  gboolean announced;
  const char *module_says;
  const char *expected;
} deaths[] = {
  { "before the prompt", FALSE, FALSE, "\r\n> ", "AT+QSSLSEND=0,0,7\rpayload" },
  { "behind the prompt", TRUE, FALSE, NULL, "AT+QSSLSEND=0,0,7\rpayload" },
  { "behind the payload", TRUE, TRUE, NULL, "AT+QSSLSEND=0,0,7\rpayload" },
};

START_TEST (data_mode_is_ended_for_a_dead_daemon)
{
  serve_daemon (&patient);
  tell_command ("AT+QSSLSEND=0,0,7\r", "payload");
  if (deaths[_i].prompt)
    tell (HOLDER_MESSAGE_PROMPT, NULL);
  if (deaths[_i].announced)
    tell (HOLDER_MESSAGE_WRITE_ANNOUNCED, NULL);
  kill_daemon ();
  run_what_is_ready ();
  begin_daemon (115200);
  run_what_is_ready ();
  if (deaths[_i].module_says != NULL)
    say (deaths[_i].module_says);
  expect_opened (TRUE, deaths[_i].module_says != NULL ? deaths[_i].module_says : "");
  tell (HOLDER_MESSAGE_WRITE, "|");
  {
    g_autofree char *expected = g_strconcat (deaths[_i].expected, "|", NULL);

    expect_written (expected);
  }
}
END_TEST

START_TEST (a_prompt_that_was_read_is_not_waited_for_for_ever)
{
  serve_daemon (&hasty);
  tell_command ("AT+QSSLSEND=0,0,7\r", "payload");
  kill_daemon ();
  expect_written ("AT+QSSLSEND=0,0,7\rpayload");
  expect_written ("\rAT\r");
}
END_TEST

START_TEST (a_refused_send_leaves_nothing_to_write)
{
  serve_daemon (&patient);
  tell_command ("AT+QSSLSEND=0,0,7\r", "payload");
  tell (HOLDER_MESSAGE_FORGET, NULL);
  kill_daemon ();
  begin_daemon (115200);
  expect_opened (TRUE, "");
  expect_written ("AT+QSSLSEND=0,0,7\r");
}
END_TEST

START_TEST (the_log_goes_to_the_next_daemon)
{
  serve_daemon (&patient);
  kill_daemon ();
  run_what_is_ready ();
  say ("\r\n+QSSLURC: \"recv\",0,0,4,\"ab\r\n\"\r\n");
  run_what_is_ready ();
  begin_daemon (115200);
  expect_opened (TRUE, "\r\n+QSSLURC: \"recv\",0,0,4,\"ab\r\n\"\r\n");
}
END_TEST

static void
expect_refused (GIOErrorEnum code, const char *says)
{
  g_auto (HolderMessage) message = { .fd = -1 };
  g_autoptr (GVariant) value = NULL;
  const char *text;
  int found;

  expect_message (&message);
  ck_assert_int_eq (message.type, HOLDER_MESSAGE_REFUSED);
  value = holder_message_get_value (&message, HOLDER_MESSAGE_REFUSED_TYPE);
  g_variant_get (value, "(i&s)", &found, &text);
  ck_assert_int_eq (found, code);
  ck_assert_ptr_nonnull (strstr (text, says));
}

/** Whether the holder has noticed the death of a daemon or not, the next one is heard. */
START_TEST (a_daemon_resumes)
{
  GSocket *guest;

  serve (&patient);
  guest = connect_guest ();
  run_what_is_ready ();
  begin_daemon (115200);
  expect_opened (FALSE, "");
  tell (HOLDER_MESSAGE_WRITE, "AT\r");
  kill_daemon ();
  if (_i == 0)
    run_what_is_ready ();
  resume_daemon (guest, "no"); /* which is heard before the end of the other */
  expect_opened (TRUE, "");
  expect_written ("AT\r");
}
END_TEST

/** Of the ports of several modules each life takes its own. */
START_TEST (a_port_with_another_note_is_not_resumed)
{
  serve (&patient);
  begin_daemon (115200);
  expect_opened (FALSE, "");
  kill_daemon ();
  resume_daemon (NULL, "note of another");
  expect_refused (G_IO_ERROR_NOT_FOUND, "held over");
}
END_TEST

/** A local socket tells of such a death ahead of what was said. */
START_TEST (last_words_count_also_of_a_daemon_that_has_not_listened)
{
  serve (&patient);
  begin_daemon (115200);
  run_what_is_ready ();
  tell_command ("AT+QSSLSEND=0,0,7\r", "payload");
  tell (HOLDER_MESSAGE_PROMPT, NULL);
  kill_daemon ();
  expect_written ("AT+QSSLSEND=0,0,7\rpayload");
}
END_TEST

START_TEST (a_daemon_that_waits_for_the_port_cannot_write)
{
  serve_daemon (&patient);
  tell_command ("AT+QSSLSEND=0,0,7\r", "payload");
  kill_daemon ();
  begin_daemon (115200);
  tell (HOLDER_MESSAGE_WRITE, "rude");
  tell (HOLDER_MESSAGE_RELEASE, NULL);
  run_what_is_ready ();
  say ("\r\n> ");
  expect_opened (TRUE, "\r\n> ");
  expect_written ("AT+QSSLSEND=0,0,7\rpayload");
}
END_TEST

START_TEST (a_farewell_of_no_lines_is_none)
{
  static const char rude[] = "\0\n\xff\n";
  g_autoptr (GBytes) data = g_bytes_new_static (rude, sizeof rude - 1);

  serve_daemon (&hasty);
  tell (HOLDER_MESSAGE_FAREWELL, "AT+QSCLK=1\n");
  ck_assert (holder_message_send (fixture.daemon, HOLDER_MESSAGE_FAREWELL, data, -1, NULL));
  tell (HOLDER_MESSAGE_FAREWELL, "AT");
  kill_daemon ();
  expect_written ("\rAT\r");
  say ("\r\nOK\r\n");
  expect_written ("AT+QSCLK=1\r");
}
END_TEST

START_TEST (nobody_comes_back)
{
  serve_daemon (&hasty);
  tell (HOLDER_MESSAGE_FAREWELL, "AT+QSSLCLOSE=0,0\nAT+QSCLK=1\n");
  kill_daemon ();
  expect_written ("\rAT\r");
  say ("\r\nOK\r\n");
  expect_written ("AT+QSSLCLOSE=0,0\r");
  say ("\r\nERROR\r\n");
  expect_written ("AT+QSCLK=1\r");
  ck_assert_uint_eq (fixture.idle, 0);
  say ("\r\nOK\r\n");
  wait_idle ();
  /* The port is free again. */
  begin_daemon (115200);
  expect_opened (FALSE, "");
}
END_TEST

START_TEST (a_daemon_comes_back_in_the_middle_of_the_farewell)
{
  serve_daemon (&hasty);
  tell (HOLDER_MESSAGE_FAREWELL, NULL);
  tell (HOLDER_MESSAGE_FAREWELL, "AT+QSSLCLOSE=0,0\n");
  kill_daemon ();
  expect_written ("\rAT\r");
  begin_daemon (115200);
  expect_opened (TRUE, "");
  say ("\r\nOK\r\n");
  run_what_is_ready ();
  tell (HOLDER_MESSAGE_WRITE, "ATI\r");
  expect_written ("ATI\r");
}
END_TEST

START_TEST (a_silent_module_is_let_go)
{
  serve_daemon (&deaf);
  tell (HOLDER_MESSAGE_FAREWELL, "AT+QSSLCLOSE=0,0\n");
  kill_daemon ();
  wait_idle ();
  expect_written ("\rAT\r\rAT\r");
}
END_TEST

START_TEST (a_stop_does_not_wait_for_the_grace)
{
  serve_daemon (&patient);
  kill_daemon ();
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
  serve_daemon (&patient);
  tell (HOLDER_MESSAGE_RELEASE, NULL);
  begin_daemon (115200);
  expect_opened (FALSE, "");
}
END_TEST

START_TEST (other_settings_open_the_port_again)
{
  serve_daemon (&patient);
  kill_daemon ();
  run_what_is_ready ();
  begin_daemon (9600);
  expect_opened (FALSE, "");
}
END_TEST

START_TEST (a_port_that_cannot_be_opened)
{
  g_strlcpy (fixture.device, "/dev/null", sizeof fixture.device);
  serve (&patient);
  begin_daemon (115200);
  expect_refused (G_IO_ERROR_NOT_SUPPORTED, "/dev/null");
}
END_TEST

/** After an upgrade: nothing of what it holds is given to a daemon that may not understand it, and its time
 * runs on. */
START_TEST (a_daemon_of_another_version)
{
  g_autoptr (GSocket) socket =
      g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_SEQPACKET, G_SOCKET_PROTOCOL_DEFAULT, NULL);
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (fixture.path);

  serve_daemon (&deaf);
  kill_daemon ();
  ck_assert (g_socket_connect (socket, address, NULL, NULL));
  g_socket_set_blocking (socket, FALSE);
  fixture.daemon = g_steal_pointer (&socket);
  if (_i == 0)
    tell_value (HOLDER_MESSAGE_PROTOCOL_IS,
                g_variant_new (HOLDER_MESSAGE_PROTOCOL_IS_TYPE, HOLDER_MESSAGE_PROTOCOL + 1));
  else
    tell (HOLDER_MESSAGE_RECALL, NULL); /* one that knows of no versions */
  expect_refused (G_IO_ERROR_NOT_SUPPORTED, "another version");
  wait_idle ();
}
END_TEST

/** Any bytes from a client that is not ours do no harm. */
START_TEST (a_rude_guest)
{
  static const char *const rude[] = { "", "\x01", "\x01garbage", "\004AT\r", "\xff", "\x02\x02\x02" };

  serve (&patient);
  for (guint i = 0; i < G_N_ELEMENTS (rude); i++) {
    GSocket *guest = connect_guest ();

    g_socket_send (guest, rude[i], strlen (rude[i]), NULL, NULL);
    g_object_unref (guest);
    fixture.idle = 0;
    wait_idle ();
  }
  begin_daemon (115200);
  expect_opened (FALSE, "");
  ck_assert_uint_eq (fixture.written->len, 0);
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
  tcase_add_loop_test (tcase, a_daemon_resumes, 0, 2);
  tcase_add_test (tcase, a_port_with_another_note_is_not_resumed);
  tcase_add_test (tcase, last_words_count_also_of_a_daemon_that_has_not_listened);
  tcase_add_test (tcase, a_daemon_that_waits_for_the_port_cannot_write);
  tcase_add_test (tcase, a_farewell_of_no_lines_is_none);
  tcase_add_test (tcase, nobody_comes_back);
  tcase_add_test (tcase, a_daemon_comes_back_in_the_middle_of_the_farewell);
  tcase_add_test (tcase, a_silent_module_is_let_go);
  tcase_add_loop_test (tcase, a_stop_does_not_wait_for_the_grace, 0, 2);
  tcase_add_test (tcase, a_released_port_is_asked_for_again_at_once);
  tcase_add_test (tcase, other_settings_open_the_port_again);
  tcase_add_test (tcase, a_port_that_cannot_be_opened);
  tcase_add_loop_test (tcase, a_daemon_of_another_version, 0, 2);
  tcase_add_test (tcase, a_rude_guest);
  srunner_run_all (runner, CK_NORMAL);
  failed = srunner_ntests_failed (runner);
  srunner_free (runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
