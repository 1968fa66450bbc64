/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * org.modemssl1.Context and the Manager's methods for contexts, as a client sees them.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "adapters.h"
#include "mssl-names.h"

#define MANAGER MSSL_PATH "/manager"
#define FIELD MSSL_PATH_CONTEXTS "/field_2d1"

static GVariant *
make (const char *type, const char *text)
{
  GVariant *value = g_variant_parse (G_VARIANT_TYPE (type), text, NULL, NULL, NULL);

  ck_assert_msg (value != NULL, "not %s: %s", type, text);
  return value;
}

/** Calls, and compares the beginning of what comes. */
static void
expect (Adapters *a, const char *path, const char *method, const char *type, const char *arguments,
        const char *reply)
{
  g_autoptr (GVariant) value = make (type, arguments);
  g_autofree char *text = adapters_ask (a, path, method, value);

  ck_assert_msg (g_str_has_prefix (text, reply), "%s: %s", method, text);
}

static void
expect_property (Adapters *a, const char *path, const char *property, const char *part)
{
  g_autofree char *text = adapters_get (a, path, property);

  ck_assert_msg (text != NULL && strstr (text, part) != NULL, "%s: %s", property, text);
}

static void
create_field (Adapters *a)
{
  expect (a, MANAGER, "Manager.CreateContext", "(sa{sv})", "('field-1', {'timeout': <uint32 20>})",
          "('" FIELD "',)");
}

START_TEST (created_found_deleted)
{
  g_autoptr (Adapters) a = adapters_new ();

  expect (a, MANAGER, "Manager.GetContexts", "()", "()", "([],)");
  create_field (a);
  ck_assert (adapters_saw (a, MSSL_PATH " InterfacesAdded ('" FIELD "'"));
  expect (a, MANAGER, "Manager.CreateContext", "(sa{sv})", "('a', {})", "('" MSSL_PATH_CONTEXTS "/a',)");
  expect (a, MANAGER, "Manager.GetContexts", "()", "()", "(['" MSSL_PATH_CONTEXTS "/a', '" FIELD "'],)");
  expect (a, MANAGER, "Manager.GetContext", "(s)", "('field-1',)", "('" FIELD "',)");
  expect (a, MANAGER, "Manager.GetContext", "(s)", "('nobody',)", "NotFound: ");
  expect_property (a, FIELD, "Context.Name", "'field-1'");
  expect_property (a, FIELD, "Context.Settings", "'timeout': <uint32 20>");
  expect (a, FIELD, "Context.Delete", "()", "()", "()");
  ck_assert (adapters_saw (a, MSSL_PATH " InterfacesRemoved ('" FIELD "'"));
  expect (a, MANAGER, "Manager.GetContext", "(s)", "('field-1',)", "NotFound: ");
  ck_assert_ptr_null (adapters_get (a, FIELD, "Context.Name"));
  create_field (a);
}
END_TEST

START_TEST (refused)
{
  g_autoptr (Adapters) a = adapters_new ();

  expect (a, MANAGER, "Manager.CreateContext", "(sa{sv})", "('../x', {})",
          "InvalidArgument: The name of a context");
  expect (a, MANAGER, "Manager.CreateContext", "(sa{sv})", "('x', {'dtls': <true>})",
          "InvalidArgument: There is no setting \"dtls\"");
  expect (a, MANAGER, "Manager.CreateContext", "(sa{sv})", "('x', {'ca-certificate': <'y'>})",
          "NotFound: There is no credential y");
  create_field (a);
  expect (a, MANAGER, "Manager.CreateContext", "(sa{sv})", "('field-1', {})", "Exists: ");
  expect (a, FIELD, "Context.Configure", "(a{sv})", "({'timeout': <'20'>},)",
          "InvalidArgument: The value '20' (type s) of the setting \"timeout\"");
  context_begin_use (context_store_lookup (a->contexts, "field-1"));
  expect (a, FIELD, "Context.Delete", "()", "()", "InUse: ");
  expect (a, MANAGER, "Manager.GetContexts", "()", "()", "(['" FIELD "'],)");
}
END_TEST

START_TEST (configured)
{
  g_autoptr (Adapters) a = adapters_new ();

  create_field (a);
  expect (a, FIELD, "Context.Configure", "(a{sv})", "({'timeout': <uint32 30>, 'send-format': <'hex'>},)",
          "()");
  ck_assert (adapters_saw (a, FIELD " PropertiesChanged ('org.modemssl1.Context'"));
  expect_property (a, FIELD, "Context.Settings", "'timeout': <uint32 30>");
  expect_property (a, FIELD, "Context.Settings", "'send-format': <'hex'>");
  expect (a, FIELD, "Context.Configure", "(a{sv})", "({'timeout': <uint32 40>, 'send-format': <'bin'>},)",
          "InvalidArgument: ");
  expect_property (a, FIELD, "Context.Settings", "'timeout': <uint32 30>");
}
END_TEST

/** Each change is announced by itself, or a client would miss the first of two. */
START_TEST (each_change_is_announced)
{
  g_autoptr (Adapters) a = adapters_new ();
  g_autoptr (GVariant) first = make ("a{sv}", "{'timeout': <uint32 30>}");
  g_autoptr (GVariant) second = make ("a{sv}", "{'timeout': <uint32 40>}");
  Context *context;

  create_field (a);
  context = context_store_lookup (a->contexts, "field-1");
  ck_assert (context_configure (context, first, NULL));
  ck_assert (context_configure (context, second, NULL));
  ck_assert (adapters_saw (a, "'timeout': <uint32 30>"));
  ck_assert (adapters_saw (a, "'timeout': <uint32 40>"));
}
END_TEST

START_TEST (open_is_handed_on)
{
  g_autoptr (Adapters) a = adapters_new ();

  create_field (a);
  expect (a, MANAGER, "Manager.CreateContext", "(sa{sv})", "('a', {})", "(");
  expect (a, MSSL_PATH_CONTEXTS "/a", "Context.Open", "(sqa{sv})", "('host', 8883, {'persist': <true>})",
          "('" MSSL_PATH_CONNECTIONS "/a_host_8883_1',)");
}
END_TEST

/** What was there at the start is exported before anybody can ask. */
START_TEST (loaded_are_exported)
{
  g_autoptr (Adapters) a = adapters_new ();

  create_field (a);
  g_clear_pointer (&a->dbus_context, dbus_context_free);
  ck_assert_ptr_null (adapters_get (a, FIELD, "Context.Name"));
  a->dbus_context = dbus_context_new (a->contexts, a->objects, a->clients, NULL, NULL);
  expect_property (a, FIELD, "Context.Name", "'field-1'");
}
END_TEST

int
main (void)
{
  TCase *tests = tcase_create ("dbus-context");
  Suite *suite = suite_create ("dbus-context");
  SRunner *runner = srunner_create (suite);
  int failed;

  tcase_set_timeout (tests, 60);
  tcase_add_test (tests, created_found_deleted);
  tcase_add_test (tests, refused);
  tcase_add_test (tests, configured);
  tcase_add_test (tests, each_change_is_announced);
  tcase_add_test (tests, open_is_handed_on);
  tcase_add_test (tests, loaded_are_exported);
  suite_add_tcase (suite, tests);
  srunner_run_all (runner, CK_NORMAL);
  failed = srunner_ntests_failed (runner);
  srunner_free (runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
