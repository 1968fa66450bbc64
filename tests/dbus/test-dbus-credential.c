/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * org.modemssl1.Credential and the Manager's methods for credentials, as a client sees them.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "adapters.h"
#include "mssl-names.h"
#include "pki.h"
#include "scratch.h"

#define MANAGER MSSL_PATH "/manager"
#define METER MSSL_PATH_CREDENTIALS "/meter"
#define IMEI "490154203237518"
#define LATE_S 4102444800 /* the year 2100 */
#define SOON_S (g_get_real_time () / G_USEC_PER_SEC + 10 * 24 * 60 * 60)

/** The parts of new certificates; a{sv}, floating. */
static GVariant *
make_parts (gboolean ca, gboolean client, gint64 end_s)
{
  static const char *const names[] = { MSSL_PART_CA, MSSL_PART_CERTIFICATE, MSSL_PART_KEY };
  GBytes **files = pki_make_parts (ca, client, end_s);
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++) {
    if (files[i] != NULL)
      g_variant_dict_insert_value (&dict, names[i],
                                   g_variant_new_from_bytes (G_VARIANT_TYPE_BYTESTRING, files[i], TRUE));
  }
  pki_free_parts (files);
  return g_variant_dict_end (&dict);
}

/** Calls, and compares the beginning of what comes. */
static void
expect (Adapters *a, const char *path, const char *method, GVariant *arguments, const char *reply)
{
  g_autofree char *text = adapters_ask (a, path, method, arguments);

  ck_assert_msg (g_str_has_prefix (text, reply), "%s: %s", method, text);
}

static void
expect_property (Adapters *a, const char *path, const char *property, const char *part)
{
  g_autofree char *text = adapters_get (a, path, property);

  ck_assert_msg (text != NULL && strstr (text, part) != NULL, "%s: %s", property, text);
}

static Credential *
import (Adapters *a, const char *name, GVariant *parts)
{
  g_autofree char *reply = g_strdup_printf ("('" MSSL_PATH_CREDENTIALS "/%s',)", name);

  expect (a, MANAGER, "Manager.ImportCredential", g_variant_new ("(s@a{sv})", name, parts), reply);
  return credential_store_lookup (a->credentials, name);
}

static void
upload (Adapters *a, Credential *credential, ModuleCredentialPart part)
{
  ck_assert (ledger_set (a->ledger, IMEI, part, credential_get_digest (credential, part), NULL));
}

START_TEST (imported_found_deleted)
{
  g_autoptr (Adapters) a = adapters_new ();

  expect (a, MANAGER, "Manager.GetCredentials", NULL, "([],)");
  import (a, "meter", make_parts (TRUE, TRUE, LATE_S));
  import (a, "ca", make_parts (TRUE, FALSE, LATE_S));
  ck_assert (adapters_saw (a, MSSL_PATH " InterfacesAdded ('" METER "'"));
  expect (a, MANAGER, "Manager.GetCredentials", NULL, "(['" MSSL_PATH_CREDENTIALS "/ca', '" METER "'],)");
  expect (a, MANAGER, "Manager.GetCredential", g_variant_new ("(s)", "meter"), "('" METER "',)");
  expect (a, MANAGER, "Manager.GetCredential", g_variant_new ("(s)", "nobody"), "NotFound: ");
  expect_property (a, METER, "Credential.Name", "'meter'");
  expect_property (a, METER, "Credential.CaCertificate", "'subject': <'CN=ca'>");
  expect_property (a, METER, "Credential.ClientCertificate", "'key-bits': <uint32 1024>");
  expect_property (a, MSSL_PATH_CREDENTIALS "/ca", "Credential.ClientCertificate", "{}");
  expect_property (a, METER, "Credential.Warnings", "[]");
  expect_property (a, METER, "Credential.Modules", "[]");
  expect (a, METER, "Credential.Delete", NULL, "([],)");
  ck_assert (adapters_saw (a, MSSL_PATH " InterfacesRemoved ('" METER "'"));
  ck_assert_ptr_null (adapters_get (a, METER, "Credential.Name"));
  import (a, "meter", make_parts (FALSE, TRUE, LATE_S));
}
END_TEST

START_TEST (bug_25_a_path_is_no_credential)
{
  g_autoptr (Adapters) a = adapters_new ();
  GVariant *text = g_variant_parse (G_VARIANT_TYPE_VARDICT, "{'ca': <'/etc/ca.pem'>}", NULL, NULL, NULL);
  GVariant *number = g_variant_parse (G_VARIANT_TYPE_VARDICT, "{'key': <uint32 1>}", NULL, NULL, NULL);

  expect (a, MANAGER, "Manager.ImportCredential",
          g_variant_new ("(s@a{sv})", "/etc/x", make_parts (TRUE, FALSE, LATE_S)),
          "InvalidArgument: The name of a credential");
  expect (a, MANAGER, "Manager.ImportCredential", g_variant_new ("(s@a{sv})", "x", text),
          "InvalidCredential: The part \"ca\" is no PEM file");
  expect (a, MANAGER, "Manager.ImportCredential", g_variant_new ("(s@a{sv})", "x", number),
          "InvalidArgument: The part \"key\" is of the type u");
  expect (a, MANAGER, "Manager.ImportCredential",
          g_variant_new ("(s@a{sv})", "x", make_parts (TRUE, TRUE, 1000000000)),
          "InvalidCredential: The part \"ca\" is a certificate that ended on 2001-09-09");
  import (a, "meter", make_parts (TRUE, FALSE, LATE_S));
  expect (a, MANAGER, "Manager.ImportCredential",
          g_variant_new ("(s@a{sv})", "meter", make_parts (TRUE, FALSE, LATE_S)), "Exists: ");
  g_variant_unref (text);
  g_variant_unref (number);
  ck_assert (!scratch_has (a->path, "credentials/x.credential"));
}
END_TEST

START_TEST (by_file_descriptor)
{
  g_autoptr (Adapters) a = adapters_new ();
  g_autoptr (GUnixFDList) fds = g_unix_fd_list_new ();
  GBytes **files = pki_make_parts (TRUE, FALSE, LATE_S);
  gssize size = g_bytes_get_size (files[0]);
  GVariantDict dict;
  GAsyncResult *result;
  int ends[2];

  ck_assert_int_eq (pipe (ends), 0);
  ck_assert_int_eq (write (ends[1], g_bytes_get_data (files[0], NULL), size), size);
  close (ends[1]);
  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "ca", "h", g_unix_fd_list_append (fds, ends[0], NULL));
  close (ends[0]);
  adapters_call_async (a, MANAGER, "Manager.ImportCredential",
                       g_variant_new ("(s@a{sv})", "meter", g_variant_dict_end (&dict)), fds, &result);
  g_autoptr (GVariant) reply = adapters_wait (a, &result, NULL);
  ck_assert_ptr_nonnull (reply);
  expect_property (a, METER, "Credential.CaCertificate", "'subject': <'CN=ca'>");
  pki_free_parts (files);
}
END_TEST

START_TEST (replaced)
{
  g_autoptr (Adapters) a = adapters_new ();
  Credential *credential = import (a, "meter", make_parts (TRUE, TRUE, LATE_S));

  upload (a, credential, MODULE_CREDENTIAL_CLIENT_KEY);
  expect (a, METER, "Credential.Replace", g_variant_new ("(@a{sv})", make_parts (FALSE, TRUE, SOON_S)), "()");
  ck_assert (adapters_saw (a, METER " PropertiesChanged ('org.modemssl1.Credential', "));
  ck_assert (adapters_saw (a, "'CaCertificate': <@a{sv} {}>"));
  expect_property (a, METER, "Credential.CaCertificate", "{}");
  expect_property (a, METER, "Credential.Modules", "[]");
  expect (a, METER, "Credential.Replace", g_variant_new ("(@a{sv})", make_parts (FALSE, FALSE, LATE_S)),
          "InvalidArgument: No part is given");
  expect_property (a, METER, "Credential.ClientCertificate", "'subject': <'CN=client'>");
}
END_TEST

/** Warnings are right whenever they are read, in every way of reading. */
START_TEST (warnings_are_computed)
{
  g_autoptr (Adapters) a = adapters_new ();

  import (a, "meter", make_parts (TRUE, FALSE, SOON_S));
  expect_property (a, METER, "Credential.Warnings", "The CA certificate ends on ");
  expect_property (a, METER, "Credential.Warnings", " days: replace it soon.");
  g_autofree char *all = adapters_ask (a, METER, "org.freedesktop.DBus.Properties.GetAll",
                                       g_variant_new ("(s)", MSSL_INTERFACE_CREDENTIAL));
  ck_assert_ptr_nonnull (strstr (all, "replace it soon."));
  g_autofree char *objects =
      adapters_ask (a, MSSL_PATH, "org.freedesktop.DBus.ObjectManager.GetManagedObjects", NULL);
  ck_assert_ptr_nonnull (strstr (objects, "replace it soon."));
}
END_TEST

/** No call and no signal gives a key back. */
START_TEST (keys_stay_inside)
{
  g_autoptr (Adapters) a = adapters_new ();

  import (a, "meter", make_parts (TRUE, TRUE, LATE_S));
  g_autofree char *objects =
      adapters_ask (a, MSSL_PATH, "org.freedesktop.DBus.ObjectManager.GetManagedObjects", NULL);
  ck_assert_ptr_nonnull (strstr (objects, METER));
  ck_assert_ptr_null (strstr (objects, "PRIVATE"));
  ck_assert_ptr_null (strstr (objects, "BEGIN"));
  ck_assert (!adapters_saw (a, "BEGIN"));
}
END_TEST

START_TEST (modules_are_announced)
{
  g_autoptr (Adapters) a = adapters_new ();
  Credential *credential = import (a, "meter", make_parts (TRUE, FALSE, LATE_S));

  upload (a, credential, MODULE_CREDENTIAL_CA);
  ck_assert (adapters_saw (a, "{'Modules': <['" IMEI "']>}"));
  expect_property (a, METER, "Credential.Modules", "['" IMEI "']");
}
END_TEST

START_TEST (named_by_a_context)
{
  g_autoptr (Adapters) a = adapters_new ();

  import (a, "meter", make_parts (TRUE, FALSE, LATE_S));
  expect (a, MANAGER, "Manager.CreateContext",
          g_variant_new_parsed ("('field', {'ca-certificate': <'meter'>})"), "(");
  expect (a, METER, "Credential.Delete", NULL, "InUse: The context field names the credential meter");
  expect_property (a, METER, "Credential.Name", "'meter'");
  expect (a, MSSL_PATH_CONTEXTS "/field", "Context.Delete", NULL, "()");
  expect (a, METER, "Credential.Delete", NULL, "([],)");
}
END_TEST

/** Delete waits for the modules that can be reached, and names those that still hold a copy. */
START_TEST (deleted_from_the_modules)
{
  g_autoptr (Adapters) a = adapters_new ();
  Credential *credential = import (a, "meter", make_parts (TRUE, FALSE, LATE_S));
  GAsyncResult *result;

  upload (a, credential, MODULE_CREDENTIAL_CA);
  a->hold_erasure = TRUE;
  adapters_call_async (a, METER, "Credential.Delete", NULL, NULL, &result);
  while (a->erased == NULL)
    g_main_context_iteration (NULL, TRUE);
  ck_assert_ptr_null (result);
  ck_assert (ledger_set_erased (a->ledger, IMEI, MODULE_CREDENTIAL_CA, NULL));
  a->erased (a->erased_data);
  g_autoptr (GVariant) reply = adapters_wait (a, &result, NULL);
  g_autofree char *text = g_variant_print (reply, FALSE);
  ck_assert_str_eq (text, "([],)");

  credential = import (a, "meter", make_parts (TRUE, FALSE, LATE_S));
  upload (a, credential, MODULE_CREDENTIAL_CA);
  a->hold_erasure = FALSE;
  expect (a, METER, "Credential.Delete", NULL, "(['" IMEI "'],)");
}
END_TEST

/** Calls that wait when the daemon ends are answered. */
START_TEST (stopped_while_calls_wait)
{
  g_autoptr (Adapters) a = adapters_new ();
  g_autoptr (GUnixFDList) fds = g_unix_fd_list_new ();
  GAsyncResult *deleting, *importing;
  g_autoptr (GError) delete_error = NULL;
  g_autoptr (GError) import_error = NULL;
  GVariantDict dict;
  int ends[2];

  import (a, "meter", make_parts (TRUE, FALSE, LATE_S));
  ck_assert_int_eq (pipe (ends), 0);
  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "ca", "h", g_unix_fd_list_append (fds, ends[0], NULL));
  close (ends[0]);
  a->hold_erasure = TRUE;
  adapters_call_async (a, MANAGER, "Manager.ImportCredential",
                       g_variant_new ("(s@a{sv})", "new", g_variant_dict_end (&dict)), fds, &importing);
  adapters_call_async (a, METER, "Credential.Delete", NULL, NULL, &deleting);
  while (a->erased == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_clear_pointer (&a->dbus_credential, dbus_credential_free);
  ck_assert_ptr_null (adapters_wait (a, &deleting, &delete_error));
  ck_assert_ptr_null (adapters_wait (a, &importing, &import_error));
  ck_assert_ptr_nonnull (strstr (delete_error->message, "The daemon is stopping."));
  ck_assert_ptr_nonnull (strstr (import_error->message, "org.modemssl1.Error.Failed"));
  /* What comes late does no harm. */
  a->erased (a->erased_data);
  close (ends[1]);
  while (g_main_context_iteration (NULL, FALSE))
    continue;
  ck_assert_ptr_null (credential_store_lookup (a->credentials, "new"));
}
END_TEST

/** More calls than are served at a time: the others are refused, and none is forgotten. */
START_TEST (many_calls)
{
  g_autoptr (Adapters) a = adapters_new ();
  GAsyncResult *results[DBUS_CREDENTIAL_CALLS_MAX + 1];
  guint refused_calls = 0;
  int ends[2];

  ck_assert_int_eq (pipe (ends), 0);
  for (guint i = 0; i < G_N_ELEMENTS (results); i++) {
    g_autoptr (GUnixFDList) fds = g_unix_fd_list_new ();
    g_autofree char *name = g_strdup_printf ("n%u", i);
    GVariantDict dict;

    g_variant_dict_init (&dict, NULL);
    g_variant_dict_insert (&dict, "ca", "h", g_unix_fd_list_append (fds, ends[0], NULL));
    adapters_call_async (a, MANAGER, "Manager.ImportCredential",
                         g_variant_new ("(s@a{sv})", name, g_variant_dict_end (&dict)), fds, &results[i]);
  }
  ck_assert (!adapters_saw (a, "n0"));
  close (ends[1]);
  for (guint i = 0; i < G_N_ELEMENTS (results); i++) {
    g_autoptr (GError) error = NULL;

    ck_assert_ptr_null (adapters_wait (a, &results[i], &error));
    refused_calls += strstr (error->message, "LimitExceeded") != NULL;
  }
  ck_assert_uint_eq (refused_calls, 1);
  close (ends[0]);
}
END_TEST

int
main (void)
{
  TCase *tests = tcase_create ("dbus-credential");
  Suite *suite = suite_create ("dbus-credential");
  SRunner *runner = srunner_create (suite);
  int failed;

  tcase_set_timeout (tests, 60);
  tcase_add_test (tests, imported_found_deleted);
  tcase_add_test (tests, bug_25_a_path_is_no_credential);
  tcase_add_test (tests, by_file_descriptor);
  tcase_add_test (tests, replaced);
  tcase_add_test (tests, warnings_are_computed);
  tcase_add_test (tests, keys_stay_inside);
  tcase_add_test (tests, modules_are_announced);
  tcase_add_test (tests, named_by_a_context);
  tcase_add_test (tests, deleted_from_the_modules);
  tcase_add_test (tests, stopped_while_calls_wait);
  tcase_add_test (tests, many_calls);
  suite_add_tcase (suite, tests);
  srunner_run_all (runner, CK_NORMAL);
  failed = srunner_ntests_failed (runner);
  srunner_free (runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
