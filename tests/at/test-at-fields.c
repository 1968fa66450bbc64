/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The field reader, by tables: what it understands, and what it must refuse.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "at-fields.h"

#define UNTOUCHED (-4711)

static AtFields
begin (const char *line)
{
  AtFields fields;

  ck_assert (at_fields_begin (&fields, line, "+X:"));
  return fields;
}

START_TEST (begin_wants_the_prefix)
{
  AtFields fields;

  ck_assert (at_fields_begin (&fields, "+X:", "+X:"));
  ck_assert (at_fields_begin (&fields, "+X:   1", "+X:"));
  ck_assert_str_eq (fields.next, "1");
  ck_assert (!at_fields_begin (&fields, "+X", "+X:"));
  ck_assert (!at_fields_begin (&fields, " +X:", "+X:"));
  ck_assert (!at_fields_begin (&fields, "", "+X:"));
}
END_TEST

static const struct {
  const char *line;
  gint64 min, max;
  gboolean understood;
  int value;
  gboolean at_end;
} ints[] = {
  { "+X: 5", 0, 9, TRUE, 5, TRUE },
  { "+X:5", 0, 9, TRUE, 5, TRUE },
  { "+X: 5,6", 0, 9, TRUE, 5, FALSE },
  { "+X: 5 , 6", 0, 9, TRUE, 5, FALSE },
  { "+X: 5,", 0, 9, TRUE, 5, FALSE },
  { "+X: -2", -9, 9, TRUE, -2, TRUE },
  { "+X: 007", 0, 9, TRUE, 7, TRUE },
  { "+X: 2147483647", G_MININT, G_MAXINT, TRUE, G_MAXINT, TRUE },
  { "+X: -2147483648", G_MININT, G_MAXINT, TRUE, G_MININT, TRUE },
  { "+X: 2147483648", G_MININT, G_MAXINT, FALSE, 0, FALSE },
  { "+X: 4294967296", G_MININT, G_MAXINT, FALSE, 0, FALSE },
  { "+X: 99999999999999999999999999", G_MININT, G_MAXINT, FALSE, 0, FALSE },
  { "+X: -99999999999999999999999999", G_MININT, G_MAXINT, FALSE, 0, FALSE },
  { "+X: 10", 0, 9, FALSE, 0, FALSE },
  { "+X: -1", 0, 9, FALSE, 0, FALSE },
  { "+X: +5", 0, 9, FALSE, 0, FALSE },
  { "+X: 5x", 0, 9, FALSE, 0, FALSE },
  { "+X: 0x5", 0, 9, FALSE, 0, FALSE },
  { "+X: 5.0", 0, 9, FALSE, 0, FALSE },
  { "+X: \"5\"", 0, 9, FALSE, 0, FALSE },
  { "+X: -", -9, 9, FALSE, 0, FALSE },
  { "+X: - 5", -9, 9, FALSE, 0, FALSE },
  { "+X: --5", -9, 9, FALSE, 0, FALSE },
  { "+X: ,5", 0, 9, FALSE, 0, FALSE },
  { "+X:", 0, 9, FALSE, 0, FALSE },
};

START_TEST (next_int)
{
  AtFields fields = begin (ints[_i].line);
  int value = UNTOUCHED;
  gboolean understood = at_fields_next_int (&fields, ints[_i].min, ints[_i].max, &value);

  ck_assert_msg (understood == ints[_i].understood, "%s", ints[_i].line);
  ck_assert_int_eq (value, understood ? ints[_i].value : UNTOUCHED);
  if (understood)
    ck_assert_int_eq (at_fields_at_end (&fields), ints[_i].at_end);
}
END_TEST

START_TEST (nothing_follows_the_last_field)
{
  AtFields fields = begin ("+X: 1");
  g_autofree char *text = NULL;
  int value, last;

  ck_assert (at_fields_next_int (&fields, 0, 9, &value));
  ck_assert (!at_fields_next_int (&fields, 0, 9, &value));
  ck_assert (!at_fields_next_is (&fields, "a"));
  ck_assert (!at_fields_next_string (&fields, &text));
  ck_assert (!at_fields_next_range (&fields, 9, &value, &last));
  ck_assert (at_fields_at_end (&fields));
}
END_TEST

static const struct {
  const char *line;
  gboolean understood;
} keywords[] = {
  { "+X: \"recv\"", TRUE },   { "+X: \"recv\",1", TRUE },  { "+X: \"recv\" ,1", TRUE }, { "+X: recv", FALSE },
  { "+X: \"recv", FALSE },    { "+X: \"recv2\"", FALSE },  { "+X: \"rec\"", FALSE },    { "+X: \"\"", FALSE },
  { "+X: \"recv\"x", FALSE }, { "+X: \"RECV\",1", FALSE }, { "+X: \"", FALSE },
};

START_TEST (next_is)
{
  AtFields fields = begin (keywords[_i].line);

  ck_assert_msg (at_fields_next_is (&fields, "recv") == keywords[_i].understood, "%s", keywords[_i].line);
}
END_TEST

static const struct {
  const char *line;
  const char *text; /* NULL: not understood */
} strings[] = {
  { "+X: \"a,b\",1", "a,b" }, { "+X: abc,1", "abc" },   { "+X: \"\"", "" },     { "+X: ", "" },
  { "+X: \"a", NULL },        { "+X: \"a\"b,1", NULL }, { "+X: a\"b", "a\"b" },
};

START_TEST (next_string)
{
  AtFields fields = begin (strings[_i].line);
  g_autofree char *text = NULL;
  gboolean understood = at_fields_next_string (&fields, &text);

  ck_assert_msg (understood == (strings[_i].text != NULL), "%s", strings[_i].line);
  ck_assert_pstr_eq (text, strings[_i].text);
}
END_TEST

static const struct {
  const char *line;
  gboolean understood;
  int first, last;
} ranges[] = {
  { "+X: (0-4)", TRUE, 0, 4 },
  { "+X: (0,1)", TRUE, 0, 1 },
  { "+X: (1-3,7)", TRUE, 1, 7 },
  { "+X: (3)", TRUE, 3, 3 },
  { "+X: (1-1024),2", TRUE, 1, 1024 },
  { "+X: (0-10)(1)", FALSE, 0, 0 },
  { "+X: (7,1)", TRUE, 1, 7 },
  { "+X: ()", FALSE, 0, 0 },
  { "+X: (", FALSE, 0, 0 },
  { "+X: (1", FALSE, 0, 0 },
  { "+X: (1-", FALSE, 0, 0 },
  { "+X: (1-)", FALSE, 0, 0 },
  { "+X: (-1)", FALSE, 0, 0 },
  { "+X: (1-5000)", FALSE, 0, 0 },
  { "+X: (99999999999999999999)", FALSE, 0, 0 },
  { "+X: 0-4", FALSE, 0, 0 },
  { "+X: <length>", FALSE, 0, 0 },
  { "+X:", FALSE, 0, 0 },
};

START_TEST (next_range)
{
  AtFields fields = begin (ranges[_i].line);
  int first = UNTOUCHED, last = UNTOUCHED;
  gboolean understood = at_fields_next_range (&fields, 2000, &first, &last);

  ck_assert_msg (understood == ranges[_i].understood, "%s", ranges[_i].line);
  ck_assert_int_eq (first, understood ? ranges[_i].first : UNTOUCHED);
  ck_assert_int_eq (last, understood ? ranges[_i].last : UNTOUCHED);
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("at-fields");
  TCase *tcase = tcase_create ("at-fields");
  SRunner *runner;
  int failed;

  tcase_add_test (tcase, begin_wants_the_prefix);
  tcase_add_loop_test (tcase, next_int, 0, G_N_ELEMENTS (ints));
  tcase_add_test (tcase, nothing_follows_the_last_field);
  tcase_add_loop_test (tcase, next_is, 0, G_N_ELEMENTS (keywords));
  tcase_add_loop_test (tcase, next_string, 0, G_N_ELEMENTS (strings));
  tcase_add_loop_test (tcase, next_range, 0, G_N_ELEMENTS (ranges));
  suite_add_tcase (suite, tcase);
  runner = srunner_create (suite);
  srunner_run_all (runner, CK_ENV);
  failed = srunner_ntests_failed (runner);
  srunner_free (runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
