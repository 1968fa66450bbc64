/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A port that the holder reads for its daemon: what the module says arrives once and in order, whoever dies
 * when.
 */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "holder-fixture.h"
#include "holder-log.h"

#define MANY_BYTES 300000

static void
serve_watching_daemon (const HolderPortTiming *timing)
{
  serve_daemon (timing);
  ck_assert (!fixture.history.watched);
  tell (HOLDER_MESSAGE_WATCH, NULL);
  run_what_is_ready ();
}

static void
take (guint64 position)
{
  tell_value (HOLDER_MESSAGE_TAKEN, g_variant_new (HOLDER_MESSAGE_TAKEN_TYPE, position));
}

/** The next daemon gets a watched port, whose log is @text from @begin on. */
static void
expect_watched (const char *text, guint64 begin)
{
  expect_opened (TRUE, text);
  ck_assert (fixture.history.watched);
  ck_assert_uint_eq (fixture.history.log_begin, begin);
}

static void
expect_unwatched (void)
{
  g_auto (HolderMessage) message = { .fd = -1 };

  expect_message (&message);
  ck_assert_int_eq (message.type, HOLDER_MESSAGE_UNWATCHED);
}

/* -- one after the other ----------------------------------------------------------------------------- */

START_TEST (what_is_said_is_kept_over_two_deaths)
{
  serve_watching_daemon (&patient);
  say ("one ");
  expect_received ("one ");
  say ("two ");
  kill_daemon ();
  if (_i == 0)
    run_what_is_ready ();
  say ("three ");
  begin_daemon (115200);
  g_main_context_iteration (NULL, TRUE);
  say ("four ");
  read_opened ();
  ck_assert (fixture.history.held_over && fixture.history.watched && fixture.history.complete);
  {
    g_autofree char *rest = g_strdup (&"one two three four "[fixture.log->len]);

    /* What it has not brought comes behind it. */
    ck_assert (g_str_has_prefix ("one two three four ", fixture.log->str));
    expect_received (rest);
  }
  expect_silence ();
  kill_daemon ();
  begin_daemon (115200);
  expect_watched ("one two three four ", 0);
  take (8);
  say ("five");
  expect_received ("five");
  kill_daemon ();
  begin_daemon (115200);
  expect_watched ("three four five", 8);
  expect_silence ();
}
END_TEST

START_TEST (what_is_taken_is_not_kept)
{
  g_autoptr (GBytes) garbage = g_bytes_new_static ("\x01\x02\x03", 3);

  serve_watching_daemon (&patient);
  say ("0123456789");
  expect_received ("0123456789");
  take (4);
  take (2); /* it never goes back */
  ck_assert (holder_message_send (fixture.daemon, HOLDER_MESSAGE_TAKEN, garbage, -1, NULL));
  kill_daemon ();
  begin_daemon (115200);
  expect_watched ("456789", 4);
  take (G_MAXUINT64); /* nobody needs less than all */
  kill_daemon ();
  begin_daemon (115200);
  expect_watched ("", 10);
  say ("ab");
  expect_received ("ab");
  kill_daemon ();
  begin_daemon (115200);
  expect_watched ("ab", 10);
}
END_TEST

/** Also its bytes have positions, but they are given away. */
START_TEST (a_port_that_is_not_watched)
{
  serve_daemon (&patient);
  ck_assert_uint_eq (fixture.history.log_begin, 0);
  for (guint i = 0; i < 3; i++) {
    kill_daemon ();
    run_what_is_ready ();
    say ("abc");
    g_main_context_iteration (NULL, TRUE);
    begin_daemon (115200);
    expect_opened (TRUE, "abc");
    ck_assert (!fixture.history.watched);
    ck_assert_uint_eq (fixture.history.log_begin, 3 * i);
    take (3 * i + 1);
    say ("read by the daemon itself");
    expect_silence ();
    {
      char data[64];

      ck_assert_int_gt (read (fixture.slave, data, sizeof data), 0);
    }
  }
}
END_TEST

START_TEST (a_port_that_is_opened_again_begins_anew)
{
  serve_watching_daemon (&patient);
  say ("abc");
  expect_received ("abc");
  tell (HOLDER_MESSAGE_RELEASE, NULL);
  begin_daemon (115200);
  expect_opened (FALSE, "");
  ck_assert (!fixture.history.watched);
  ck_assert_uint_eq (fixture.history.log_begin, 0);
}
END_TEST

START_TEST (a_hang_up_ends_the_link)
{
  g_auto (HolderMessage) message = { .fd = -1 };
  g_autoptr (GError) error = NULL;

  serve_watching_daemon (&patient);
  close (fixture.master);
  fixture.master = -1;
  wait_idle ();
  ck_assert (!holder_message_receive (fixture.daemon, &message, &error));
  ck_assert (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CLOSED));
}
END_TEST

/* -- more than fits ---------------------------------------------------------------------------------- */

static guint8
make_byte (gsize position)
{
  return (guint8) (position * 7 + position / 251);
}

/** The module says as much as it can of MANY_BYTES, from @*position on. */
static void
say_much (gsize *position)
{
  guint8 block[1024];
  gsize size = MIN (sizeof block, MANY_BYTES - *position);
  ssize_t written;

  for (gsize i = 0; i < size; i++)
    block[i] = make_byte (*position + i);
  written = write (fixture.master, block, size);
  ck_assert (written >= 0 || errno == EAGAIN);
  if (written > 0)
    *position += (gsize) written;
  g_main_context_iteration (NULL, FALSE);
}

static void
check_bytes (const guint8 *data, gsize size, gsize position)
{
  for (gsize i = 0; i < size; i++)
    ck_assert_uint_eq (data[i], make_byte (position + i));
}

/** What has come for the daemon behind @*received. */
static void
receive_much (gsize *received)
{
  for (;;) {
    g_auto (HolderMessage) message = { .fd = -1 };
    gsize size;

    if (!holder_message_receive (fixture.daemon, &message, NULL))
      return;
    ck_assert_int_eq (message.type, HOLDER_MESSAGE_RECEIVED);
    size = g_bytes_get_size (message.data);
    check_bytes (g_bytes_get_data (message.data, NULL), size, *received);
    *received += size;
  }
}

START_TEST (the_module_waits_while_the_log_is_full)
{
  const gsize full = HOLDER_LOG_MAX_BYTES - SERIAL_PORT_READ_MAX_BYTES;
  gsize said = 0, received = 0;

  serve_watching_daemon (&patient);
  while (received < MANY_BYTES) {
    gsize taken = received;

    while (received - taken <= full && received < MANY_BYTES) {
      say_much (&said);
      receive_much (&received);
    }
    /* Nothing more comes, although there is more, until something is taken. */
    say_much (&said);
    run_what_is_ready ();
    receive_much (&received);
    ck_assert_uint_le (received - taken, HOLDER_LOG_MAX_BYTES);
    take (received);
  }
  ck_assert_uint_eq (received, MANY_BYTES);
  kill_daemon ();
  begin_daemon (115200);
  expect_watched ("", MANY_BYTES);
}
END_TEST

START_TEST (a_hang_up_is_noticed_while_the_log_is_full)
{
  gsize said = 0, received = 0;

  serve_watching_daemon (&patient);
  while (received <= HOLDER_LOG_MAX_BYTES - SERIAL_PORT_READ_MAX_BYTES) {
    say_much (&said);
    receive_much (&received);
  }
  close (fixture.master);
  fixture.master = -1;
  wait_idle ();
}
END_TEST

START_TEST (what_does_not_fit_is_dropped_while_nobody_is_there)
{
  gsize said = 0;

  serve_watching_daemon (&patient);
  kill_daemon ();
  run_what_is_ready ();
  while (said < MANY_BYTES)
    say_much (&said);
  begin_daemon (115200);
  read_opened ();
  ck_assert (fixture.history.watched && !fixture.history.complete);
  ck_assert_uint_eq (fixture.log->len, HOLDER_LOG_MAX_BYTES);
  check_bytes ((const guint8 *) fixture.log->str, fixture.log->len, 0);
  /* As long as what stands before the gap is needed, it is one. */
  take (HOLDER_LOG_MAX_BYTES - 1);
  kill_daemon ();
  begin_daemon (115200);
  read_opened ();
  ck_assert (!fixture.history.complete);
  ck_assert_uint_eq (fixture.history.log_begin, HOLDER_LOG_MAX_BYTES - 1);
  take (HOLDER_LOG_MAX_BYTES);
  kill_daemon ();
  begin_daemon (115200);
  read_opened ();
  ck_assert (fixture.history.complete);
  ck_assert_uint_eq (fixture.history.log_begin, HOLDER_LOG_MAX_BYTES);
}
END_TEST

/** So many messages that the link is full, each of one byte. */
static char *
fill_link (void)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < 1000; i++) {
    char byte[] = { (char) ('a' + i % 26), '\0' };

    g_string_append (text, byte);
    say (byte);
    g_main_context_iteration (NULL, TRUE);
  }
  return g_string_free (text, FALSE);
}

START_TEST (a_daemon_that_does_not_listen_gets_all_later)
{
  g_autofree char *text = NULL;

  serve_watching_daemon (&patient);
  text = fill_link ();
  tell (HOLDER_MESSAGE_WRITE, "AT\r");
  expect_written ("AT\r"); /* it is heard all the same */
  expect_received (text);
  say ("more");
  expect_received ("more");
  expect_silence ();
}
END_TEST

START_TEST (a_daemon_dies_that_does_not_listen)
{
  g_autofree char *text = NULL;

  serve_watching_daemon (&patient);
  text = fill_link ();
  tell_command ("AT+QSSLSEND=0,0,7\r", "payload");
  tell (HOLDER_MESSAGE_PROMPT, NULL);
  kill_daemon ();
  expect_written ("AT+QSSLSEND=0,0,7\rpayload");
  begin_daemon (115200);
  expect_watched (text, 0);
}
END_TEST

/* -- the end of a watch ------------------------------------------------------------------------------ */

START_TEST (the_end_of_a_watch_comes_behind_all_that_was_read)
{
  g_autofree char *text = NULL;

  serve_watching_daemon (&patient);
  text = _i == 0 ? g_strdup ("abc") : fill_link ();
  if (_i == 0)
    say (text);
  if (_i == 0)
    g_main_context_iteration (NULL, TRUE);
  tell (HOLDER_MESSAGE_UNWATCH, NULL);
  expect_received (text);
  expect_unwatched ();
  say ("for the daemon itself");
  expect_silence ();
  kill_daemon ();
  begin_daemon (115200);
  g_main_context_iteration (NULL, TRUE);
  read_opened ();
  ck_assert (!fixture.history.watched && fixture.history.complete);
  ck_assert_uint_eq (fixture.history.log_begin, strlen (text));
}
END_TEST

START_TEST (a_watch_counts_that_comes_before_the_end_of_the_last)
{
  g_autofree char *text = NULL;
  guint ends = 0;

  serve_watching_daemon (&patient);
  text = _i == 0 ? g_strdup ("") : fill_link ();
  tell (HOLDER_MESSAGE_UNWATCH, NULL);
  tell (HOLDER_MESSAGE_WATCH, NULL);
  tell (HOLDER_MESSAGE_UNWATCH, NULL);
  tell (HOLDER_MESSAGE_WATCH, NULL);
  run_what_is_ready ();
  expect_received (text);
  for (; ends < 2; ends++)
    expect_unwatched ();
  say ("abc");
  expect_received ("abc");
  expect_silence ();
  kill_daemon ();
  begin_daemon (115200);
  read_opened ();
  ck_assert (fixture.history.watched);
  ck_assert (g_str_has_suffix (fixture.log->str, "abc"));
  ck_assert_uint_eq (fixture.history.log_begin + fixture.log->len, strlen (text) + 3);
}
END_TEST

START_TEST (a_watch_whose_end_nobody_was_told_of_goes_on)
{
  g_autofree char *text = NULL;

  serve_watching_daemon (&patient);
  text = fill_link ();
  tell (HOLDER_MESSAGE_UNWATCH, NULL);
  run_what_is_ready ();
  kill_daemon ();
  begin_daemon (115200);
  expect_watched (text, 0);
  say ("abc");
  expect_received ("abc");
}
END_TEST

START_TEST (the_end_of_no_watch_is_told_too)
{
  serve_daemon (&patient);
  tell (HOLDER_MESSAGE_UNWATCH, NULL);
  expect_unwatched ();
  expect_silence ();
}
END_TEST

/** What stands in the log is then what no daemon has got, as if it had never been watched. */
START_TEST (the_farewell_ends_a_watch)
{
  serve_watching_daemon (&hasty);
  say ("abc");
  expect_received ("abc");
  kill_daemon ();
  run_what_is_ready ();
  say ("def\r\n");
  expect_written ("\rAT\r");
  begin_daemon (115200);
  read_opened ();
  ck_assert (fixture.history.held_over && !fixture.history.watched);
  ck_assert_uint_ge (fixture.history.log_begin, 3);
}
END_TEST

/* -- data mode --------------------------------------------------------------------------------------- */

START_TEST (the_prompt_was_read_before_the_death)
{
  serve_watching_daemon (&patient);
  say ("\r\n> ");
  expect_received ("\r\n> "); /* of an earlier command */
  tell_command ("AT+QSSLSEND=0,0,7\r", "payload");
  expect_written ("AT+QSSLSEND=0,0,7\r");
  if (_i == 0) {
    say ("\r\n> ");
    g_main_context_iteration (NULL, TRUE);
  }
  kill_daemon ();
  run_what_is_ready ();
  ck_assert_uint_eq (fixture.written->len, _i == 0 ? 7 : 0);
  if (_i > 0)
    say ("\r\n> ");
  expect_written ("payload");
}
END_TEST

static const struct {
  HolderMessageType words[6];
  guint64 commands;
} deaths[] = {
  { { 0 }, 0 },
  { { HOLDER_MESSAGE_WRITE }, 0 },
  { { HOLDER_MESSAGE_COMMAND }, 1 },
  { { HOLDER_MESSAGE_COMMAND, HOLDER_MESSAGE_PROMPT }, 1 },
  { { HOLDER_MESSAGE_COMMAND, HOLDER_MESSAGE_WRITE_ANNOUNCED }, 1 },
  { { HOLDER_MESSAGE_COMMAND, HOLDER_MESSAGE_WRITE_ANNOUNCED, HOLDER_MESSAGE_WRITE, HOLDER_MESSAGE_COMMAND },
    2 },
  { { HOLDER_MESSAGE_COMMAND, HOLDER_MESSAGE_FORGET }, 1 },
};

START_TEST (whether_the_last_words_were_written)
{
  serve_daemon (&patient);
  for (guint i = 0; i < G_N_ELEMENTS (deaths[_i].words) && deaths[_i].words[i] != 0; i++)
    if (deaths[_i].words[i] == HOLDER_MESSAGE_COMMAND)
      tell_command ("AT+QSSLSEND=0,0,7\r", "payload");
    else
      tell (deaths[_i].words[i], "text");
  /* It stays so until there is another one, whoever dies at once. */
  for (guint i = 0; i < 3; i++) {
    kill_daemon ();
    if (i == 0 && deaths[_i].commands > 0)
      say ("\r\n> ");
    begin_daemon (115200);
    read_opened ();
    ck_assert_uint_eq (fixture.history.commands, deaths[_i].commands);
    tell (HOLDER_MESSAGE_WRITE, "AT\r");
  }
}
END_TEST

/** None of what only the holder says, and none without sense, does any harm. */
START_TEST (a_rude_daemon)
{
  serve_watching_daemon (&patient);
  for (guint type = 0; type < 256; type++) {
    if (type == HOLDER_MESSAGE_RELEASE || type == HOLDER_MESSAGE_UNWATCH || type == HOLDER_MESSAGE_WRITE
        || type == HOLDER_MESSAGE_COMMAND || type == HOLDER_MESSAGE_WRITE_ANNOUNCED)
      continue;
    tell ((HolderMessageType) type, NULL);
    tell ((HolderMessageType) type, "\xff\x01");
    tell ((HolderMessageType) type, "0123456789abcdef");
    run_what_is_ready ();
  }
  say ("abc");
  expect_received ("abc");
  kill_daemon ();
  begin_daemon (115200);
  expect_watched ("abc", 0);
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("holder-watch");
  TCase *tcase = tcase_create ("holder-watch");
  SRunner *runner = srunner_create (suite);
  int failed;

  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_ERROR);
  suite_add_tcase (suite, tcase);
  tcase_add_checked_fixture (tcase, setup, teardown);
  tcase_add_loop_test (tcase, what_is_said_is_kept_over_two_deaths, 0, 2);
  tcase_add_test (tcase, what_is_taken_is_not_kept);
  tcase_add_test (tcase, a_port_that_is_not_watched);
  tcase_add_test (tcase, a_port_that_is_opened_again_begins_anew);
  tcase_add_test (tcase, a_hang_up_ends_the_link);
  tcase_add_test (tcase, the_module_waits_while_the_log_is_full);
  tcase_add_test (tcase, a_hang_up_is_noticed_while_the_log_is_full);
  tcase_add_test (tcase, what_does_not_fit_is_dropped_while_nobody_is_there);
  tcase_add_test (tcase, a_daemon_that_does_not_listen_gets_all_later);
  tcase_add_test (tcase, a_daemon_dies_that_does_not_listen);
  tcase_add_loop_test (tcase, the_end_of_a_watch_comes_behind_all_that_was_read, 0, 2);
  tcase_add_loop_test (tcase, a_watch_counts_that_comes_before_the_end_of_the_last, 0, 2);
  tcase_add_test (tcase, a_watch_whose_end_nobody_was_told_of_goes_on);
  tcase_add_test (tcase, the_end_of_no_watch_is_told_too);
  tcase_add_test (tcase, the_farewell_ends_a_watch);
  tcase_add_loop_test (tcase, the_prompt_was_read_before_the_death, 0, 2);
  tcase_add_loop_test (tcase, whether_the_last_words_were_written, 0, G_N_ELEMENTS (deaths));
  tcase_add_test (tcase, a_rude_daemon);
  srunner_run_all (runner, CK_NORMAL);
  failed = srunner_ntests_failed (runner);
  srunner_free (runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
