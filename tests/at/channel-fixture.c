/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A channel, its scripted module, its trace, and what came of each command.
 */
#include "channel-fixture.h"

#include <check.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

ChannelFixture fixture;

static gssize
get_payload_size (const char *line, gsize length, gpointer user_data)
{
  int size, end = 0;

  if (sscanf (line, "+U: \"recv\",%d,%n", &size, &end) != 1 || (gsize) end != length)
    return 0;
  return size >= 1 && size <= 1400 ? size : -1;
}

static gsize
get_visible_length (const char *line, gsize length, gpointer user_data)
{
  return strstr (line, "SECRET") == NULL ? length : 0;
}

static const AtFraming framing = { get_payload_size, get_visible_length };
static const AtTiming timing = { 400, 3, 10, 60, 100000 };

static void
act (Act what)
{
  switch (what) {
  case ACT_NOTHING:
    break;
  case ACT_FREE:
    g_clear_pointer (&fixture.channel, at_channel_free);
    break;
  case ACT_RESTART:
    at_channel_restart (fixture.channel);
    break;
  case ACT_RUN:
    channel_fixture_run (channel_fixture_new_command ("AT+AGAIN", LONG_MS));
    break;
  }
}

static void
on_done (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Result *slot = user_data;
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) lines = at_channel_run_finish (fixture.channel, result, &error);
  Act what = fixture.on_done;

  ck_assert (!fixture.in_call);
  ck_assert_uint_eq (slot->calls, 0);
  ck_assert_uint_eq (fixture.losses, 0);
  slot->calls++;
  fixture.completed++;
  slot->text = error != NULL ? g_strdup_printf ("!%d", error->code) : g_strjoinv ("|", lines);
  if (error != NULL)
    ck_assert (error->domain == AT_ERROR);
  fixture.on_done = ACT_NOTHING;
  if (fixture.channel != NULL)
    act (what);
}

guint
channel_fixture_run (AtCommand *command)
{
  fixture.in_call = TRUE;
  at_channel_run_async (fixture.channel, command, on_done, &fixture.results[fixture.runs]);
  fixture.in_call = FALSE;
  return fixture.runs++;
}

guint
channel_fixture_adopt (AtCommand *command, AtStage stage)
{
  fixture.in_call = TRUE;
  at_channel_adopt_async (fixture.channel, command, stage, on_done, &fixture.results[fixture.runs]);
  fixture.in_call = FALSE;
  return fixture.runs++;
}

static void
on_urc (const AtEvent *event, gpointer user_data)
{
  static const char *const names[] = { "", "line", "payload", "prompt", "overlong", "broken" };
  Act what = fixture.on_urc;

  fixture.urc_calls++;
  g_string_append_printf (fixture.urcs, "%s %s %s", (const char *) user_data, names[event->kind],
                          event->line);
  if (event->kind == AT_EVENT_PAYLOAD)
    g_string_append_len (fixture.urcs, g_bytes_get_data (event->payload, NULL),
                         (gssize) g_bytes_get_size (event->payload));
  g_string_append_c (fixture.urcs, ';');
  fixture.on_urc = ACT_NOTHING;
  act (what);
}

static void
on_lost (const GError *error, gpointer user_data)
{
  ck_assert (g_error_matches (error, AT_ERROR, AT_ERROR_LOST));
  fixture.losses++;
  act (fixture.on_lost);
}

static void
make_channel (const AtTiming *times)
{
  int fd;

  fixture.module = scripted_module_new (&fd);
  fixture.channel =
      at_channel_new (serial_port_new_for_fd (fd, 921600), &framing, NULL, times, "one", fixture.trace);
  at_channel_set_lost_func (fixture.channel, on_lost, NULL);
  at_channel_add_urc (fixture.channel, "+U:", on_urc, (gpointer) "U");
  at_channel_add_urc (fixture.channel, "+CEREG:", on_urc, (gpointer) "CEREG");
  at_channel_add_urc (fixture.channel, "RDY", on_urc, (gpointer) "RDY");
}

void
channel_fixture_set_up (void)
{
  GError *error = NULL;
  int fd;

  fixture = (ChannelFixture){ 0 };
  fd = g_file_open_tmp ("modemssl-trace-XXXXXX", &fixture.trace_path, NULL);
  ck_assert_int_ge (fd, 0);
  close (fd);
  fixture.trace = at_trace_open (fixture.trace_path, &error);
  ck_assert_ptr_nonnull (fixture.trace);
  fixture.urcs = g_string_new (NULL);
  make_channel (&timing);
}

/** For a test with other times than most. */
void
channel_fixture_make_again (const AtTiming *times)
{
  at_channel_free (fixture.channel);
  scripted_module_free (fixture.module);
  make_channel (times);
}

static void
check_trace (void)
{
  g_autofree char *text = NULL;

  ck_assert (g_file_get_contents (fixture.trace_path, &text, NULL, NULL));
  ck_assert_ptr_null (strstr (text, "SECRET"));
  g_unlink (fixture.trace_path);
}

void
channel_fixture_tear_down (void)
{
  g_clear_pointer (&fixture.channel, at_channel_free);
  scripted_module_run_what_is_ready ();
  for (guint i = 0; i < fixture.runs; i++) {
    ck_assert_uint_eq (fixture.results[i].calls, 1);
    g_free (fixture.results[i].text);
  }
  at_trace_unref (fixture.trace);
  check_trace ();
  scripted_module_free (fixture.module);
  g_free (fixture.trace_path);
  g_string_free (fixture.urcs, TRUE);
}

AtCommand *
channel_fixture_new_command (const char *line, guint timeout_ms)
{
  return at_command_new (line, "+R:", timeout_ms);
}

AtCommand *
channel_fixture_new_data_command (AtDataMode mode, guint prompt_timeout_ms, guint timeout_ms)
{
  g_autoptr (GBytes) payload = g_bytes_new_static ("the SECRET\rAT+CFUN=0\r", 21);
  AtCommand *command = channel_fixture_new_command (mode == AT_DATA_COUNTED ? "AT+S=21" : "AT+S", timeout_ms);

  command->prompt_timeout_ms = prompt_timeout_ms;
  at_command_set_payload (command, mode, payload);
  return command;
}

void
channel_fixture_script_probe (void)
{
  scripted_module_expect (fixture.module, PROBE);
  scripted_module_answer (fixture.module, OK);
}

/** Runs until command @number is over, and compares its result. */
void
channel_fixture_check_result (guint number, const char *text)
{
  scripted_module_run_until (fixture.module, &fixture.results[number].calls, 1);
  ck_assert_str_eq (fixture.results[number].text, text);
}

void
channel_fixture_check_error (guint number, AtError code)
{
  g_autofree char *text = g_strdup_printf ("!%d", (int) code);

  channel_fixture_check_result (number, text);
}
