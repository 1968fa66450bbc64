/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The keys of a context: defaults, every good and every wrong value, all or nothing, the file.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "context-settings.h"
#include "mssl-error.h"

#define DEFAULTS                                                                                          \
  "{'protocol': <'tls'>, 'tls-version': <'1.2'>, 'dtls-version': <'1.2'>, 'authentication': <'server'>, " \
  "'ca-certificate': <''>, "                                                                              \
  "'client-certificate': <''>, 'send-format': <'text'>, 'receive-format': <'text'>, 'timeout': <uint32 "  \
  "90>, "                                                                                                 \
  "'module-debug': <uint32 0>}"

static gboolean
update (ContextSettings *settings, const char *text, GError **error)
{
  g_autoptr (GVariant) changes = g_variant_parse (G_VARIANT_TYPE_VARDICT, text, NULL, NULL, NULL);

  ck_assert_msg (changes != NULL, "not a{sv}: %s", text);
  return context_settings_update (settings, changes, error);
}

static void
expect_settings (const ContextSettings *settings, const char *text)
{
  g_autoptr (GVariant) value = g_variant_ref_sink (context_settings_to_variant (settings));
  g_autofree char *printed = g_variant_print (value, TRUE);

  ck_assert_str_eq (printed, text);
}

START_TEST (defaults)
{
  g_autoptr (ContextSettings) settings = context_settings_new ();
  g_autoptr (ContextSettings) copy = context_settings_copy (settings);

  expect_settings (settings, DEFAULTS);
  expect_settings (copy, DEFAULTS);
  ck_assert (update (settings, "{}", NULL));
  expect_settings (settings, DEFAULTS);
}
END_TEST

static const char *const good[] = {
  "{'protocol': <'tls'>}",
  "{'protocol': <'dtls'>}",
  "{'dtls-version': <'negotiate'>}",
  "{'tls-version': <'1.0'>}",
  "{'tls-version': <'1.1'>}",
  "{'tls-version': <'1.2'>}",
  "{'tls-version': <'negotiate'>}",
  "{'authentication': <'none'>}",
  "{'authentication': <'server'>}",
  "{'authentication': <'mutual'>}",
  "{'ca-certificate': <'a'>}",
  "{'ca-certificate': <''>}",
  "{'client-certificate': <'A.b_c-9'>}",
  "{'send-format': <'hex'>}",
  "{'receive-format': <'hex'>}",
  "{'timeout': <uint32 10>}",
  "{'timeout': <uint32 300>}",
  "{'module-debug': <uint32 4>}",
};

/** Each value is taken, is read back, and comes through the file. */
START_TEST (good_values)
{
  for (gsize i = 0; i < G_N_ELEMENTS (good); i++) {
    g_autoptr (ContextSettings) settings = context_settings_new ();
    g_autoptr (GError) error = NULL;

    ck_assert_msg (update (settings, good[i], &error), "%s: %s", good[i],
                   error != NULL ? error->message : "");
    g_autoptr (GVariant) value = g_variant_ref_sink (context_settings_to_variant (settings));
    g_autofree char *printed = g_variant_print (value, TRUE);
    g_autofree char *inner = g_strndup (good[i] + 1, strlen (good[i]) - 2);
    ck_assert_msg (strstr (printed, inner) != NULL, "%s is not in %s", inner, printed);

    g_autoptr (GBytes) file = context_settings_save (settings);
    g_autoptr (ContextSettings) loaded = context_settings_load (file, NULL);
    ck_assert_ptr_nonnull (loaded);
    expect_settings (loaded, printed);
  }
}
END_TEST

typedef struct {
  const char *changes;
  const char *text;
} Case;

static const Case wrong[] = {
  { "{'dtls': <true>}", "There is no setting \"dtls\"; there are protocol, tls-version, " },
  { "{'': <'x'>}", "There is no setting \"\"" },
  { "{'Timeout': <uint32 20>}", "There is no setting \"Timeout\"" },
  { "{'protocol': <'ssl'>}",
    "The value 'ssl' (type s) of the setting \"protocol\" is wrong: it takes one of \"tls\", \"dtls\"." },
  { "{'dtls-version': <'1.1'>}", "The value '1.1' (type s) of the setting \"dtls-version\" is wrong: " },
  { "{'tls-version': <'1.3'>}", "it takes one of \"1.0\", \"1.1\", \"1.2\", \"negotiate\"." },
  { "{'tls-version': <1.2>}", "The value 1.2 (type d) of the setting \"tls-version\"" },
  { "{'tls-version': <''>}", "The value '' (type s)" },
  { "{'authentication': <'Mutual'>}", "it takes one of \"none\", \"server\", \"mutual\"." },
  { "{'authentication': <uint32 2>}", "The value 2 (type u)" },
  { "{'ca-certificate': <'../x'>}", "it takes the name of a credential, or \"\" for none." },
  { "{'ca-certificate': <b'x'>}", "(type ay) of the setting \"ca-certificate\"" },
  { "{'client-certificate': <'-x'>}", "the name of a credential" },
  { "{'send-format': <'binary'>}", "it takes one of \"text\", \"hex\"." },
  { "{'receive-format': <'TEXT'>}", "it takes one of \"text\", \"hex\"." },
  { "{'timeout': <uint32 9>}",
    "The value 9 (type u) of the setting \"timeout\" is wrong: it takes a number (u) from 10 to 300." },
  { "{'timeout': <uint32 301>}", "from 10 to 300" },
  { "{'timeout': <uint32 4294967295>}", "from 10 to 300" },
  { "{'timeout': <90>}", "The value 90 (type i)" },
  { "{'timeout': <'90'>}", "The value '90' (type s)" },
  { "{'module-debug': <uint32 5>}", "a number (u) from 0 to 4" },
  { "{'module-debug': <false>}", "The value false (type b)" },
  { "{'timeout': <uint32 20>, 'timeout': <uint32 20>}", "The setting \"timeout\" is given twice." },
};

/** A good key beside the wrong one, on either side, is not taken either. */
START_TEST (wrong_values)
{
  for (gsize i = 0; i < G_N_ELEMENTS (wrong); i++) {
    g_autofree char *inner = g_strndup (wrong[i].changes + 1, strlen (wrong[i].changes) - 2);
    g_autofree char *behind = g_strdup_printf ("{'send-format': <'hex'>, %s}", inner);
    g_autofree char *before = g_strdup_printf ("{%s, 'send-format': <'hex'>}", inner);
    const char *const all[] = { wrong[i].changes, behind, before };

    for (gsize j = 0; j < G_N_ELEMENTS (all); j++) {
      g_autoptr (ContextSettings) settings = context_settings_new ();
      g_autoptr (GError) error = NULL;

      ck_assert_msg (!update (settings, all[j], &error), "%s was taken", all[j]);
      ck_assert (g_error_matches (error, MSSL_ERROR, MSSL_ERROR_INVALID_ARGUMENT));
      ck_assert_msg (j > 0 || strstr (error->message, wrong[i].text) != NULL, "%s: %s", all[j],
                     error->message);
      expect_settings (settings, DEFAULTS);
    }
  }
}
END_TEST

/** An error does not carry a megabyte back, and what it carries is UTF-8. */
START_TEST (large_values)
{
  g_autoptr (ContextSettings) settings = context_settings_new ();
  g_autoptr (GString) large = g_string_new (NULL);
  g_autoptr (GError) key_error = NULL;
  g_autoptr (GError) value_error = NULL;

  for (int i = 0; i < 100000; i++)
    g_string_append (large, "\xc3\xbc");
  g_autofree char *as_key = g_strdup_printf ("{'%s': <'x'>}", large->str);
  g_autofree char *as_value = g_strdup_printf ("{'protocol': <'%s'>}", large->str);
  ck_assert (!update (settings, as_key, &key_error));
  ck_assert (!update (settings, as_value, &value_error));
  ck_assert_uint_lt (strlen (key_error->message), 500);
  ck_assert_uint_lt (strlen (value_error->message), 500);
  ck_assert (g_utf8_validate (key_error->message, -1, NULL));
  ck_assert (g_utf8_validate (value_error->message, -1, NULL));
}
END_TEST

START_TEST (names_are_let_go)
{
  g_autoptr (ContextSettings) settings = context_settings_new ();

  ck_assert (update (settings, "{'ca-certificate': <'one'>, 'client-certificate': <'two'>}", NULL));
  ck_assert_str_eq (settings->ca_certificate, "one");
  ck_assert_str_eq (settings->client_certificate, "two");
  ck_assert (update (settings, "{'ca-certificate': <''>, 'client-certificate': <'three'>}", NULL));
  ck_assert_ptr_null (settings->ca_certificate);
  ck_assert_str_eq (settings->client_certificate, "three");
}
END_TEST

static const Case damaged[] = {
  { "", "group" },
  { "\x01\x02", "" },
  { "[other]\n", "group" },
  { "[context]\nno-such=1\n", "There is no setting \"no-such\"" },
  { "[context]\ntimeout=ninety\n", "The value 'ninety'" },
  { "[context]\ntimeout=5\n", "from 10 to 300" },
  { "[context]\nauthentication=\n", "one of \"none\"" },
  { "[context]\nauthentication=\xff\n", "" },
};

START_TEST (damaged_files)
{
  for (gsize i = 0; i < G_N_ELEMENTS (damaged); i++) {
    g_autoptr (GBytes) file = g_bytes_new (damaged[i].changes, strlen (damaged[i].changes));
    g_autoptr (GError) error = NULL;

    ck_assert_msg (context_settings_load (file, &error) == NULL, "file %zu was taken", i);
    ck_assert (g_error_matches (error, MSSL_ERROR, MSSL_ERROR_INVALID_ARGUMENT));
    ck_assert_msg (strstr (error->message, damaged[i].text) != NULL, "file %zu: %s", i, error->message);
  }
}
END_TEST

/** A key that an older version did not write has its default. */
START_TEST (older_file)
{
  g_autoptr (GBytes) file = g_bytes_new_static ("[context]\n", 10);
  g_autoptr (ContextSettings) settings = context_settings_load (file, NULL);

  ck_assert_ptr_nonnull (settings);
  expect_settings (settings, DEFAULTS);
}
END_TEST

int
main (void)
{
  TCase *tests = tcase_create ("context-settings");
  Suite *suite = suite_create ("context-settings");
  SRunner *runner = srunner_create (suite);
  int failed;

  tcase_add_test (tests, defaults);
  tcase_add_test (tests, good_values);
  tcase_add_test (tests, wrong_values);
  tcase_add_test (tests, large_values);
  tcase_add_test (tests, names_are_let_go);
  tcase_add_test (tests, damaged_files);
  tcase_add_test (tests, older_file);
  suite_add_tcase (suite, tests);
  srunner_run_all (runner, CK_NORMAL);
  failed = srunner_ntests_failed (runner);
  srunner_free (runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
