/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The options of Context.Open and the host name: tables of what is taken and what is refused.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "mssl-error.h"
#include "open-options.h"

static OpenOptions *
parse (const char *text, GError **error)
{
  g_autoptr (GVariant) options = g_variant_parse (G_VARIANT_TYPE_VARDICT, text, NULL, NULL, NULL);

  ck_assert_ptr_nonnull (options);
  return open_options_new (options, error);
}

static const struct {
  const char *text;
  const char *module;
  gboolean persist;
  int priority;
  gint64 queue_timeout_s;
  gint64 idle_timeout_s;
  gint64 max_hold_s;
} good[] = {
  { "{}", NULL, FALSE, 0, -1, -1, -1 },
  { "{'persist': <true>}", NULL, TRUE, 0, -1, -1, -1 },
  { "{'persist': <false>}", NULL, FALSE, 0, -1, -1, -1 },
  { "{'persist': <true>, 'idle-timeout': <uint32 0>}", NULL, TRUE, 0, -1, 0, -1 },
  { "{'idle-timeout': <uint32 4294967295>, 'persist': <true>}", NULL, TRUE, 0, -1, G_MAXUINT32, -1 },
  { "{'module': <'m1'>}", "m1", FALSE, 0, -1, -1, -1 },
  { "{'priority': <-3>}", NULL, FALSE, -3, -1, -1, -1 },
  { "{'queue-timeout': <uint32 0>, 'max-hold': <uint32 60>}", NULL, FALSE, 0, 0, -1, 60 },
  { "{'queue-timeout': <uint32 4294967295>}", NULL, FALSE, 0, G_MAXUINT32, -1, -1 },
};

START_TEST (taken)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (OpenOptions) options = parse (good[_i].text, &error);

  ck_assert_ptr_null (error);
  ck_assert_pstr_eq (options->module, good[_i].module);
  ck_assert_int_eq (options->persist, good[_i].persist);
  ck_assert_int_eq (options->priority, good[_i].priority);
  ck_assert_int_eq (options->queue_timeout_s, good[_i].queue_timeout_s);
  ck_assert_int_eq (options->idle_timeout_s, good[_i].idle_timeout_s);
  ck_assert_int_eq (options->max_hold_s, good[_i].max_hold_s);
}
END_TEST

static const struct {
  const char *text;
  const char *says;
} bad[] = {
  { "{'Persist': <true>}", "\"Persist\"" },
  { "{'': <true>}", "\"\"" },
  { "{'persist': <1>}", "\"persist\"" },
  { "{'persist': <'true'>}", "\"persist\"" },
  { "{'idle-timeout': <7>}", "\"idle-timeout\"" },
  { "{'module': <true>}", "\"module\"" },
  { "{'priority': <uint32 1>}", "\"priority\"" },
  { "{'queue-timeout': <1>}", "\"queue-timeout\"" },
  { "{'max-hold': <1>}", "\"max-hold\"" },
  { "{'module': <'a'>, 'queue': <1>}", "\"queue\"" },
  { "{'module': <'a'>, 'module': <'b'>}", "twice" },
};

START_TEST (refused)
{
  g_autoptr (GError) error = NULL;

  ck_assert_ptr_null (parse (bad[_i].text, &error));
  ck_assert (g_error_matches (error, MSSL_ERROR, MSSL_ERROR_INVALID_ARGUMENT));
  ck_assert_msg (strstr (error->message, bad[_i].says) != NULL, "%s", error->message);
}
END_TEST

static const char *const good_hosts[] = { "a",           "example.org", "192.0.2.1",
                                          "2001:db8::1", "x_y-z",       "0123456789" };

START_TEST (hosts_taken)
{
  g_autoptr (GError) error = NULL;

  ck_assert_msg (open_options_check_host (good_hosts[_i], 11, &error), "%s", good_hosts[_i]);
}
END_TEST

/* Bug class 14: CR or a quote in an argument injects a command. */
static const char *const bad_hosts[] = {
  "",     "0123456789ab", "a b",   "a\"b",  "a\rb",     "a\nb", "a\tb", "a'b",
  "a\\b", "a\x1a",        "a\x1b", "a\x7f", "\xc3\xa9", " a",   "a ",
};

START_TEST (bug_14_hosts_refused)
{
  g_autoptr (GError) error = NULL;

  ck_assert (!open_options_check_host (bad_hosts[_i], 11, &error));
  ck_assert (g_error_matches (error, MSSL_ERROR, MSSL_ERROR_INVALID_ARGUMENT));
  ck_assert_ptr_nonnull (strstr (error->message, bad_hosts[_i][0] == '\0' ? "host is empty" : "host"));
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("open-options");
  TCase *tcase = tcase_create ("open-options");
  SRunner *runner = srunner_create (suite);
  int failed;

  tcase_add_loop_test (tcase, taken, 0, G_N_ELEMENTS (good));
  tcase_add_loop_test (tcase, refused, 0, G_N_ELEMENTS (bad));
  tcase_add_loop_test (tcase, hosts_taken, 0, G_N_ELEMENTS (good_hosts));
  tcase_add_loop_test (tcase, bug_14_hosts_refused, 0, G_N_ELEMENTS (bad_hosts));
  suite_add_tcase (suite, tcase);
  srunner_run_all (runner, CK_ENV);
  failed = srunner_ntests_failed (runner);
  srunner_free (runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
