/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What of the simulator has no input and output: switches, pace, command lines, data mode, hex. */
#include <check.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "sim-command.h"
#include "sim-hex.h"
#include "sim-line.h"
#include "sim-pace.h"
#include "sim-switch.h"

#define NS_PER_S G_GINT64_CONSTANT (1000000000)

START_TEST (switch_takes_every_kind_of_value)
{
  g_autoptr (SimSwitch) switches = sim_switch_new ();
  ck_assert_uint_eq (sim_switch_get (switches, SIM_SWITCH_PROMPT), SIM_PROMPT_CRLF);
  ck_assert_uint_eq (sim_switch_get (switches, SIM_SWITCH_SLOTS), 1);
  ck_assert_uint_eq (sim_switch_scale_ms (switches, 90000), 90000);

  ck_assert (sim_switch_set (switches, "prompt=crlf>space", NULL));
  ck_assert (sim_switch_set (switches, "slots=5", NULL));
  ck_assert (sim_switch_set (switches, "time-scale=0.01", NULL));
  ck_assert (sim_switch_set (switches, "seed=4294967295", NULL));
  ck_assert_uint_eq (sim_switch_get (switches, SIM_SWITCH_PROMPT), SIM_PROMPT_CRLF_SPACE);
  ck_assert_uint_eq (sim_switch_get (switches, SIM_SWITCH_SLOTS), 5);
  ck_assert_uint_eq (sim_switch_scale_ms (switches, 90000), 900);
  ck_assert_uint_eq (sim_switch_scale_ms (switches, 10), 1);
  ck_assert_uint_eq (sim_switch_get (switches, SIM_SWITCH_SEED), G_MAXUINT32);
}
END_TEST

static const char *const bad_assignments[] = {
  "",
  "prompt",
  "=>",
  "prompt=",
  "prompt=>>",
  "prompt=crlf",
  "Prompt=>",
  "promp=>",
  "slots=0",
  "slots=6",
  "slots=1.5",
  "slots=-1",
  "slots= 1",
  "slots=1 ",
  "slots=",
  "seed=4294967296",
  "slots=1x",
  "time-scale=",
  "time-scale=0",
  "time-scale=1e1",
  "time-scale=1.2.3",
  "time-scale=nan",
  "esc=ok|error",
};

START_TEST (switch_refuses_bad_assignments_and_keeps_its_value)
{
  g_autoptr (SimSwitch) switches = sim_switch_new ();
  g_autoptr (GError) error = NULL;
  ck_assert (!sim_switch_set (switches, bad_assignments[_i], &error));
  ck_assert (g_error_matches (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE));
  ck_assert_uint_eq (sim_switch_get (switches, SIM_SWITCH_PROMPT), SIM_PROMPT_CRLF);
  ck_assert_uint_eq (sim_switch_get (switches, SIM_SWITCH_SLOTS), 1);
}
END_TEST

START_TEST (switch_description_names_every_switch)
{
  g_autofree char *text = sim_switch_describe ();
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  ck_assert_uint_eq (g_strv_length (lines), 1 + 2 * SIM_SWITCH_COUNT + 1);
}
END_TEST

START_TEST (pace_is_exact_over_long_transfers)
{
  static const guint rates[] = { 2400, 115200, 460800 };
  SimPace pace;
  guint baud = rates[_i];
  sim_pace_init (&pace, baud);
  sim_pace_begin (&pace, 5 * NS_PER_S);
  ck_assert_uint_eq (sim_pace_due (&pace, 5 * NS_PER_S), 0);

  /* Six minutes and a bit, taken in uneven pieces and late each time. */
  guint64 total = 0;
  guint64 n_bytes = (guint64) baud / 10 * 361 + 7;
  gint64 now_ns = 5 * NS_PER_S;
  while (total < n_bytes) {
    guint64 piece = MIN (n_bytes - total, 1 + total % 997);
    now_ns = sim_pace_when (&pace, piece);
    ck_assert_uint_eq (sim_pace_due (&pace, now_ns - 1), piece - 1);
    ck_assert_uint_eq (sim_pace_due (&pace, now_ns), piece);
    ck_assert_uint_ge (sim_pace_due (&pace, now_ns + 300000), piece);
    sim_pace_take (&pace, piece);
    total += piece;
  }
  gint64 ideal_ns = 5 * NS_PER_S + (gint64) ((n_bytes * 10 * (guint64) NS_PER_S + baud - 1) / baud);
  ck_assert_int_eq (now_ns, ideal_ns);
}
END_TEST

START_TEST (pace_starts_when_the_line_is_free)
{
  SimPace pace;
  sim_pace_init (&pace, 10);
  sim_pace_begin (&pace, NS_PER_S);
  ck_assert_int_eq (sim_pace_when (&pace, 1), 2 * NS_PER_S);
  sim_pace_take (&pace, 2);

  /* Taken early: the next byte waits until the two have passed. */
  sim_pace_begin (&pace, 2 * NS_PER_S);
  ck_assert_int_eq (sim_pace_when (&pace, 1), 4 * NS_PER_S);
  sim_pace_begin (&pace, 10 * NS_PER_S);
  ck_assert_int_eq (sim_pace_when (&pace, 1), 11 * NS_PER_S);
}
END_TEST

static const struct {
  const char *line;
  const char *name; /* NULL: refused */
  SimForm form;
  guint count;
} command_rows[] = {
  { "", "", SIM_FORM_EXECUTE, 0 },
  { "e0", "E0", SIM_FORM_EXECUTE, 0 },
  { "&C1", "&C1", SIM_FORM_EXECUTE, 0 },
  { "+csq", "+CSQ", SIM_FORM_EXECUTE, 0 },
  { "+CPIN?", "+CPIN", SIM_FORM_READ, 0 },
  { "+CFUN=?", "+CFUN", SIM_FORM_TEST, 0 },
  { "+CFUN=1", "+CFUN", SIM_FORM_WRITE, 1 },
  { "+CFUN=", "+CFUN", SIM_FORM_WRITE, 1 },
  { "+A=1,,\"x,y\"", "+A", SIM_FORM_WRITE, 3 },
  { "+A=\"\"", "+A", SIM_FORM_WRITE, 1 },
  { "+A=\"x", NULL, 0, 0 },
  { "+A=x\"", NULL, 0, 0 },
  { "+A=\"x\"y", NULL, 0, 0 },
  { "+A=\"x\"\"y\"", NULL, 0, 0 },
  { "+A?x", NULL, 0, 0 },
};

START_TEST (command_is_taken_apart)
{
  g_autoptr (SimCommand) command = sim_command_parse (command_rows[_i].line);
  if (command_rows[_i].name == NULL) {
    ck_assert_ptr_null (command);
    return;
  }
  ck_assert_ptr_nonnull (command);
  ck_assert_str_eq (command->name, command_rows[_i].name);
  ck_assert_int_eq (command->form, command_rows[_i].form);
  ck_assert_uint_eq (sim_command_count (command), command_rows[_i].count);
}
END_TEST

START_TEST (command_arguments_have_types)
{
  g_autoptr (SimCommand) command = sim_command_parse ("+A=5,\"5\",x,,-1,99999999999999999999,\"a,B\"");
  gint value = 77;
  ck_assert (sim_command_get_number (command, 0, 0, 5, &value));
  ck_assert_int_eq (value, 5);
  ck_assert (sim_command_get_number (command, 4, -1, 5, &value));
  ck_assert_int_eq (value, -1);
  ck_assert (!sim_command_get_number (command, 0, 0, 4, &value));
  for (guint i = 1; i < 8; i++)
    ck_assert (i == 4 || !sim_command_get_number (command, i, G_MININT, G_MAXINT, &value));
  ck_assert_str_eq (sim_command_get_string (command, 1), "5");
  ck_assert_str_eq (sim_command_get_string (command, 6), "a,B");
  ck_assert_ptr_null (sim_command_get_string (command, 0));
  ck_assert_ptr_null (sim_command_get_string (command, 7));
}
END_TEST

/* What a line has told, as text. */
typedef struct {
  SimLine *line;
  GString *events;
} Listener;

static void
on_echo (const guint8 *data, gsize length, gpointer user_data)
{
  /* Echo is checked on the wire. */
}

static void
on_command (const char *line, gpointer user_data)
{
  Listener *listener = user_data;
  g_string_append_printf (listener->events, "<%s>", line != NULL ? line : "too long");
  if (g_strcmp0 (line, "fixed") == 0)
    sim_line_accept_data (listener->line, &(SimLineData){ .fixed_length = 5 });
  else if (g_strcmp0 (line, "cancel") == 0)
    sim_line_accept_data (listener->line, &(SimLineData){ .fixed_length = 5, .esc_cancels = TRUE });
  else if (g_strcmp0 (line, "data") == 0)
    sim_line_accept_data (listener->line, &(SimLineData){ .max_length = 5 });
  else if (g_strcmp0 (line, "hold") != 0)
    sim_line_accept_commands (listener->line);
}

static void
on_data (const GByteArray *data, SimLineEnd end, gpointer user_data)
{
  static const char *const ends[] = { [SIM_LINE_END_COMPLETE] = "",
                                      [SIM_LINE_END_CANCELLED] = " cancelled",
                                      [SIM_LINE_END_TOO_LONG] = " too long" };
  Listener *listener = user_data;
  g_string_append_c (listener->events, '[');
  if (end == SIM_LINE_END_COMPLETE)
    g_string_append_len (listener->events, (const char *) data->data, data->len);
  g_string_append_printf (listener->events, "%s]", ends[end]);
  sim_line_accept_commands (listener->line);
}

static const SimLineEvents line_events = { .echo = on_echo, .command = on_command, .data = on_data };

static const struct {
  const char *input;
  const char *events;
} conversations[] = {
  { "AT\r", "<AT>" },
  { "AT\r\nATI\r\r", "<AT><ATI><>" },
  { "half", "" },
  { "data\rabc\x1a"
    "AT\r",
    "<data>[abc]<AT>" },
  { "data\r\x1a\r", "<data>[]<>" },
  { "data\rabcde\x1a", "<data>[abcde]" },
  { "data\rabcdef\x1a"
    "AT\r",
    "<data>[ too long]<AT>" },
  { "data\rabcdefghijkl\x1b"
    "AT\r",
    "<data>[ cancelled]<AT>" },
  { "data\rAT\rAT\r", "<data>" },
  { "fixed\r\x1a\x1b\r\n>AT\r", "<fixed>[\x1a\x1b\r\n>]<AT>" },
  { "fixed\rabcde\x1b\r", "<fixed>[abcde]<\x1b>" },
  { "cancel\rab\x1b"
    "AT\r",
    "<cancel>[ cancelled]<AT>" },
  { "cancel\rabcde\x1b\r", "<cancel>[abcde]<\x1b>" },
  { "hold\rAT\r", "<hold>" },
};

static void
converse (const char *input, gsize split, const char *expected)
{
  Listener listener = { .events = g_string_new (NULL) };
  listener.line = sim_line_new (&line_events, &listener);
  sim_line_accept_commands (listener.line);
  sim_line_feed (listener.line, (const guint8 *) input, split);
  sim_line_feed (listener.line, (const guint8 *) input + split, strlen (input) - split);
  ck_assert_str_eq (listener.events->str, expected);
  sim_line_free (listener.line);
  g_string_free (listener.events, TRUE);
}

START_TEST (line_is_the_same_at_every_split)
{
  for (gsize split = 0; split <= strlen (conversations[_i].input); split++)
    converse (conversations[_i].input, split, conversations[_i].events);
}
END_TEST

START_TEST (hex_goes_both_ways)
{
  static const guint8 bytes[] = { 0x00, 0x1a, 0xab, 0xff };
  g_autoptr (GByteArray) text = g_byte_array_new ();
  sim_hex_append (text, bytes, sizeof bytes, TRUE);
  sim_hex_append (text, bytes, sizeof bytes, FALSE);
  ck_assert_mem_eq (text->data, "001AABFF001aabff", 16);

  g_autoptr (GByteArray) data = sim_hex_decode (text->data, text->len);
  ck_assert_uint_eq (data->len, 2 * sizeof bytes);
  ck_assert_mem_eq (data->data + sizeof bytes, bytes, sizeof bytes);
  ck_assert_ptr_null (sim_hex_decode ((const guint8 *) "abc", 3));
  ck_assert_ptr_null (sim_hex_decode ((const guint8 *) "0g", 2));
}
END_TEST

static Suite *
make_suite (void)
{
  Suite *suite = suite_create ("sim");
  TCase *tcase = tcase_create ("sim");
  tcase_add_test (tcase, switch_takes_every_kind_of_value);
  tcase_add_loop_test (tcase, switch_refuses_bad_assignments_and_keeps_its_value, 0,
                       (int) G_N_ELEMENTS (bad_assignments));
  tcase_add_test (tcase, switch_description_names_every_switch);
  tcase_add_loop_test (tcase, pace_is_exact_over_long_transfers, 0, 3);
  tcase_add_test (tcase, pace_starts_when_the_line_is_free);
  tcase_add_loop_test (tcase, command_is_taken_apart, 0, (int) G_N_ELEMENTS (command_rows));
  tcase_add_test (tcase, command_arguments_have_types);
  tcase_add_loop_test (tcase, line_is_the_same_at_every_split, 0, (int) G_N_ELEMENTS (conversations));
  tcase_add_test (tcase, hex_goes_both_ways);
  suite_add_tcase (suite, tcase);
  return suite;
}

int
main (void)
{
  SRunner *runner = srunner_create (make_suite ());
  srunner_run_all (runner, CK_ENV);
  int n_failed = srunner_ntests_failed (runner);
  srunner_free (runner);
  return n_failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
