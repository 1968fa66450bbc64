/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A module that echoes in data mode: what comes back is no protocol, whatever stands in it.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "at-parser.h"

static gssize
get_payload_size (const char *line, gsize length, gpointer user_data)
{
  return 0;
}

static gsize
get_visible_length (const char *line, gsize length, gpointer user_data)
{
  return length;
}

static const AtFraming framing = { get_payload_size, get_visible_length };

#define ANSWER "\r\nOK\r\n"

/** @habit: what an earlier command has shown: 'y', 'n' or '?'. */
static const struct {
  const char *name;
  char habit;
  const char *payload;
  const char *answer;
  const char *lines;
} cases[] = {
  { "no echo", '?', "abc", ANSWER, "OK;" },
  { "echo", '?', "abc", "abc" ANSWER, "OK;" },
  { "echo behind a blank", '?', "abc", " abc" ANSWER, "OK;" },
  { "echo that looks like protocol", '?', "a\r\nOK\r\n+U: 1\r\n> \r\nERROR\r\n",
    " a\r\nOK\r\n+U: 1\r\n> \r\nERROR\r\n" ANSWER, "OK;" },
  { "no echo, the answer begins like the payload", '?', "OK then", ANSWER, "OK;" },
  { "no echo, a URC begins like the payload", '?', "+U: 1", "\r\n+U: 1\r\n" ANSWER, "+U: 1;OK;" },
  { "the payload is the answer, no echo", '?', ANSWER, ANSWER, "OK;" },
  { "the payload is the answer, a silent module", 'n', ANSWER, ANSWER, "OK;" },
  { "the payload is the answer, an echoing module", 'y', ANSWER, ANSWER ANSWER, "OK;" },
  { "the payload is the answer, an echoing module, a blank", 'y', ANSWER, " " ANSWER ANSWER, "OK;" },
  { "a payload of blanks, an echoing module", 'y', "   ", "   " ANSWER, "OK;" },
  { "a payload of blanks, a silent module", 'n', "   ", " " ANSWER, "OK;" },
  { "the echo was switched off", 'y', "abc", ANSWER, "OK;" },
  { "the echo is cut off by a line", '?', "abcdef", "abc\r\n+U: 1\r\n" ANSWER, "+U: 1;OK;" },
  { "the data look like an answer, an echoing module", '?', "\r\n+U: 1\r\n", "\r\n+U: 1\r\n" ANSWER, "OK;" },
  { "the data look like an answer, a silent module", '?', "\r\n+U: 1\r\n", ANSWER "\r\n+U: 1\r\n",
    "OK;+U: 1;" },
  { "the data begin like the answer", '?', "\r\nOK\r\nmore", ANSWER "\r\n+U: 1\r\n", "OK;+U: 1;" },
  { "the data begin like the answer, echo", '?', "\r\nOK\r\nmore", ANSWER "more" ANSWER, "OK;" },
  { "line ends only", '?', "\r\n\r", "\r\n\r" ANSWER, "OK;" },
  { "line ends only, no echo", '?', "\r\n\r", ANSWER, "OK;" },
  { "a NUL behind a line end", '?', "\r\n\x01", "\r\n\x01" ANSWER, "OK;" },
  { "data that begin with blanks, echo", '?', "  \r\nERROR\r\n", "  \r\nERROR\r\n" ANSWER, "OK;" },
  { "data that begin with blanks, late blank, echo", '?', "  \r\nERROR\r\n", "   \r\nERROR\r\n" ANSWER,
    "OK;" },
  { "data that begin with blanks, late blank", '?', "  \r\nERROR\r\n", " " ANSWER, "OK;" },
  { "data that begin with blanks, nothing", '?', "  \r\nERROR\r\n", ANSWER, "OK;" },
  { "data that begin with a blank, echo", '?', " x\r\nERROR\r\n", " x\r\nERROR\r\n" ANSWER, "OK;" },
  { "data that begin with a blank, late blank, echo", '?', " x\r\nERROR\r\n", "  x\r\nERROR\r\n" ANSWER,
    "OK;" },
  { "data that begin with a blank, late blank", '?', " x\r\nERROR\r\n", " " ANSWER, "OK;" },
  { "data that are a blank, echo", 'y', " ", " " ANSWER, "OK;" },
  { "data that are a blank, late blank, echo", 'y', " ", "  " ANSWER, "OK;" },
  { "a blank and an answer, late blank, a silent module", 'n', " \r\nERROR\r\n", " " ANSWER, "OK;" },
  { "a blank and an answer, an echoing module", 'y', " \r\nERROR\r\n", " \r\nERROR\r\n" ANSWER, "OK;" },
  { "a blank and an answer, late blank, an echoing module", 'y', " \r\nERROR\r\n", "  \r\nERROR\r\n" ANSWER,
    "OK;" },
  { "the echo has a Ctrl-Z", '?', "abc", "abc\x1a\r\n" ANSWER, "\x1a;OK;" },
};

/** The same behind a prompt, what came @before the data were written included. */
static const struct {
  const char *name;
  char habit;
  const char *before;
  const char *payload;
  const char *answer;
  const char *lines;
} prompts[] = {
  { "bare prompt, echo", '?', ">", " a\r\nERROR\r\n", " a\r\nERROR\r\n" ANSWER, "OK;" },
  { "prompt with its blank, echo", '?', "\r\n> ", " a\r\nERROR\r\n", " a\r\nERROR\r\n" ANSWER, "OK;" },
  { "prompt with its blank, echo of blanks and an answer", '?', "\r\n> ", " \r\nERROR\r\n",
    " \r\nERROR\r\n" ANSWER, "OK;" },
  { "prompt with its blank, no echo", '?', "\r\n> ", " \r\nERROR\r\n", ANSWER, "OK;" },
  { "a URC behind the prompt", '?', "\r\n>\r\n+U: 1\r\n", "a\r\nERROR\r\n", "a\r\nERROR\r\n" ANSWER,
    "+U: 1;OK;" },
  { "half of its end comes later", '?', "\r\n> \r\n+U: 1\r", "a\r\nERROR\r\n", "\na\r\nERROR\r\n" ANSWER,
    "+U: 1;OK;" },
};

static void
feed (AtParser *parser, const char *data, gsize size, GString *lines)
{
  const guint8 *bytes = (const guint8 *) data;

  while (size > 0) {
    AtEvent event;
    gsize used = at_parser_parse (parser, bytes, size, &event);

    bytes += used;
    size -= used;
    if (event.kind == AT_EVENT_LINE && lines != NULL)
      g_string_append_printf (lines, "%s;", event.line);
  }
}

static void
teach (AtParser *parser, char habit)
{
  g_autoptr (GBytes) payload = g_bytes_new_static ("x", 1);

  if (habit == '?')
    return;
  at_parser_expect_echo (parser, payload);
  feed (parser, habit == 'y' ? "x\r\n" : "\r\n", habit == 'y' ? 3 : 2, NULL);
}

START_TEST (echo)
{
  const char *answer = cases[_i].answer;
  gsize size = strlen (answer);

  for (gsize at = 0; at <= size; at++) {
    g_autoptr (AtParser) parser = at_parser_new (&framing, NULL);
    g_autoptr (GBytes) payload = g_bytes_new_static (cases[_i].payload, strlen (cases[_i].payload));
    g_autoptr (GString) lines = g_string_new (NULL);

    teach (parser, cases[_i].habit);
    at_parser_expect_echo (parser, payload);
    feed (parser, answer, at, lines);
    feed (parser, answer + at, size - at, lines);
    ck_assert_msg (strcmp (lines->str, cases[_i].lines) == 0, "%s, split at %d: %s", cases[_i].name, (int) at,
                   lines->str);
  }
}
END_TEST

START_TEST (prompt)
{
  const char *answer = prompts[_i].answer;
  gsize size = strlen (answer);

  for (gsize at = 0; at <= size; at++) {
    g_autoptr (AtParser) parser = at_parser_new (&framing, NULL);
    g_autoptr (GBytes) payload = g_bytes_new_static (prompts[_i].payload, strlen (prompts[_i].payload));
    g_autoptr (GString) lines = g_string_new (NULL);

    teach (parser, prompts[_i].habit);
    at_parser_expect_prompt (parser, TRUE);
    feed (parser, prompts[_i].before, strlen (prompts[_i].before), lines);
    at_parser_expect_echo (parser, payload);
    feed (parser, answer, at, lines);
    feed (parser, answer + at, size - at, lines);
    ck_assert_msg (strcmp (lines->str, prompts[_i].lines) == 0, "%s, split at %d: %s", prompts[_i].name,
                   (int) at, lines->str);
  }
}
END_TEST

START_TEST (no_echo_is_expected_any_more)
{
  g_autoptr (AtParser) parser = at_parser_new (&framing, NULL);
  g_autoptr (GBytes) payload = g_bytes_new_static ("OK", 2);
  g_autoptr (GString) lines = g_string_new (NULL);

  at_parser_expect_echo (parser, payload);
  at_parser_expect_echo (parser, NULL);
  feed (parser, "OK\r\n", 4, lines);
  ck_assert_str_eq (lines->str, "OK;");
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("at-parser-echo");
  TCase *tcase = tcase_create ("at-parser-echo");
  SRunner *runner;
  int failed;

  tcase_add_loop_test (tcase, echo, 0, G_N_ELEMENTS (cases));
  tcase_add_loop_test (tcase, prompt, 0, G_N_ELEMENTS (prompts));
  tcase_add_test (tcase, no_echo_is_expected_any_more);
  suite_add_tcase (suite, tcase);
  runner = srunner_create (suite);
  srunner_run_all (runner, CK_ENV);
  failed = srunner_ntests_failed (runner);
  srunner_free (runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
