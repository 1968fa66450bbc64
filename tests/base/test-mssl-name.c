/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The rule for names.
 */
#include <check.h>
#include <stdlib.h>

#include "mssl-error.h"
#include "mssl-name.h"

#define X63 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

static const char *const good[] = { "a", "0", "A.b_c-9", "x.", "9-", X63 };
static const char *const wrong[] = {
  "", ".", ".a", "_a", "-a", "a/b", "../a", "a b", "a\n", "a\"", "\xc3\xbc", "a\xc3\xbc", "a\x7f", X63 "x",
};

START_TEST (names)
{
  for (gsize i = 0; i < G_N_ELEMENTS (good); i++) {
    ck_assert_msg (mssl_name_is_valid (good[i]), "%s", good[i]);
    ck_assert (mssl_name_check (good[i], "context", NULL));
  }
  for (gsize i = 0; i < G_N_ELEMENTS (wrong); i++) {
    g_autoptr (GError) error = NULL;

    ck_assert_msg (!mssl_name_is_valid (wrong[i]), "%s", wrong[i]);
    ck_assert (!mssl_name_check (wrong[i], "context", &error));
    ck_assert (g_error_matches (error, MSSL_ERROR, MSSL_ERROR_INVALID_ARGUMENT));
  }
}
END_TEST

START_TEST (paths)
{
  g_autofree char *plain = mssl_name_to_path ("/a", "Name9");
  g_autofree char *escaped = mssl_name_to_path ("/a", "a.b-c_d");

  ck_assert_str_eq (plain, "/a/Name9");
  ck_assert_str_eq (escaped, "/a/a_2eb_2dc_5fd");
}
END_TEST

int
main (void)
{
  TCase *tests = tcase_create ("mssl-name");
  Suite *suite = suite_create ("mssl-name");
  SRunner *runner = srunner_create (suite);
  int failed;

  tcase_add_test (tests, names);
  tcase_add_test (tests, paths);
  suite_add_tcase (suite, tests);
  srunner_run_all (runner, CK_NORMAL);
  failed = srunner_ntests_failed (runner);
  srunner_free (runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
