/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The manager: what an open is checked for, numbers that are never used again, and the end of it all.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "mssl-error.h"
#include "pki.h"
#include "scratch.h"
#include "world.h"

static void
expect_open_error (World *world, const char *options, MsslError code, const char *says)
{
  g_autoptr (GError) error = NULL;

  ck_assert_ptr_null (world_open (world, options, &error));
  ck_assert_msg (g_error_matches (error, MSSL_ERROR, code), "%s", error->message);
  ck_assert_msg (strstr (error->message, says) != NULL, "%s", error->message);
}

static void
configure (World *world, const char *settings)
{
  g_autoptr (GVariant) parsed = g_variant_parse (G_VARIANT_TYPE_VARDICT, settings, NULL, NULL, NULL);
  g_autoptr (GError) error = NULL;

  ck_assert_msg (context_configure (world->context, parsed, &error), "%s",
                 error != NULL ? error->message : "");
}

/* Also when an open was refused or failed: nothing is left behind. */
static void
expect_nothing (World *world)
{
  ck_assert_uint_eq (manager_get_connections (world->manager)->len, 0);
  ck_assert (!context_is_used (world->context));
  ck_assert_uint_eq (world->port->calls[FAKE_OPEN], 0);
}

START_TEST (open_not_ready)
{
  g_autoptr (World) world = world_new (TRUE);

  expect_open_error (world, "{'queue-timeout': <uint32 0>}", MSSL_ERROR_NOT_READY, "absent");
  world->port->refusal = "no such port";
  manager_start (world->manager);
  expect_open_error (world, "{'module': <'m0'>, 'queue-timeout': <uint32 0>}", MSSL_ERROR_NOT_READY,
                     "no such port");
  expect_open_error (world, "{'module': <'m1'>}", MSSL_ERROR_NOT_FOUND, "m1");
  expect_open_error (world, "{'modul': <'m1'>}", MSSL_ERROR_INVALID_ARGUMENT, "modul");
  expect_nothing (world);
}
END_TEST

START_TEST (open_arguments)
{
  g_autoptr (World) world = world_new (TRUE);
  g_autoptr (GVariant) none = g_variant_ref_sink (g_variant_new_parsed ("@a{sv} {}"));
  g_autofree char *long_host = g_strnfill (151, 'h');
  g_autoptr (GError) error = NULL;

  world_make_ready (world);
  ck_assert_ptr_null (manager_open (world->manager, world->context, "h", 0, none, ":1.1", 0, &error));
  ck_assert (g_error_matches (error, MSSL_ERROR, MSSL_ERROR_INVALID_ARGUMENT));
  g_clear_error (&error);
  ck_assert_ptr_null (manager_open (world->manager, world->context, "a\"b", 1, none, ":1.1", 0, &error));
  ck_assert (g_error_matches (error, MSSL_ERROR, MSSL_ERROR_INVALID_ARGUMENT));
  g_clear_error (&error);
  ck_assert_ptr_null (manager_open (world->manager, world->context, long_host, 1, none, ":1.1", 0, &error));
  ck_assert (g_error_matches (error, MSSL_ERROR, MSSL_ERROR_INVALID_ARGUMENT));
  expect_nothing (world);
}
END_TEST

START_TEST (open_busy_names_the_holder)
{
  g_autoptr (World) world = world_new (TRUE);
  Connection *connection;
  g_autofree char *number = NULL;

  world_make_ready (world);
  connection = world_connect (world, NULL);
  number = g_strdup_printf ("connection %" G_GUINT64_FORMAT " ", connection_get_number (connection));
  expect_open_error (world, "{'queue-timeout': <uint32 0>}", MSSL_ERROR_BUSY, number);
  ck_assert_uint_eq (manager_get_connections (world->manager)->len, 1);
}
END_TEST

START_TEST (open_of_a_deleted_context)
{
  g_autoptr (World) world = world_new (TRUE);

  world_make_ready (world);
  ck_assert (context_store_delete (world->contexts, world->context, NULL));
  expect_open_error (world, NULL, MSSL_ERROR_NOT_FOUND, "c0");
}
END_TEST

START_TEST (open_after_open)
{
  g_autoptr (World) world = world_new (TRUE);

  world_make_ready (world);
  for (guint i = 0; i < 300; i++) {
    Connection *connection = world_connect (world, NULL);

    ck_assert_uint_eq (connection_get_number (connection), i + 1);
    fake_port_tell_closed (world->port, 0, CLOSE_REASON_SERVER_CLOSED, 0);
    connection_release (connection);
  }
  fake_port_settle ();
  ck_assert_uint_eq (manager_get_connections (world->manager)->len, 0);
}
END_TEST

START_TEST (unreleased_connections_are_limited)
{
  g_autoptr (World) world = world_new (TRUE);

  world_make_ready (world);
  for (guint i = 0; i < world->quotas.values[QUOTAS_CONNECTIONS_PER_USER]; i++) {
    world_connect (world, NULL);
    fake_port_tell_closed (world->port, 0, CLOSE_REASON_SERVER_CLOSED, 0);
  }
  expect_open_error (world, NULL, MSSL_ERROR_LIMIT_EXCEEDED, "max-connections-per-user=32");
  connection_release (manager_get_connections (world->manager)->pdata[0]);
  ck_assert_ptr_nonnull (world_open (world, NULL, NULL));
}
END_TEST

/* -- authentication -- */

static CredentialParts *
make_parts (gboolean ca, gboolean client)
{
  gint64 now = g_get_real_time () / G_USEC_PER_SEC;
  GBytes **parts = pki_make_parts (ca, client, now + 86400 * 365);
  g_autoptr (GError) error = NULL;
  CredentialParts *checked = credential_parts_new (parts[0], parts[1], parts[2], now, &error);

  ck_assert_msg (checked != NULL, "%s", error != NULL ? error->message : "");
  pki_free_parts (parts);
  return checked;
}

static Credential *
import (World *world, const char *name, gboolean ca, gboolean client)
{
  Credential *credential =
      credential_store_import (world->credentials, name, make_parts (ca, client), 0, NULL);

  ck_assert_ptr_nonnull (credential);
  return credential;
}

START_TEST (authentication_needs_credentials)
{
  g_autoptr (World) world = world_new (TRUE);

  world_make_ready (world);
  import (world, "ca", TRUE, FALSE);
  configure (world, "{'authentication': <'server'>}");
  expect_open_error (world, NULL, MSSL_ERROR_INVALID_ARGUMENT, "ca-certificate");
  configure (world, "{'authentication': <'mutual'>, 'ca-certificate': <'ca'>}");
  expect_open_error (world, NULL, MSSL_ERROR_INVALID_ARGUMENT, "client-certificate");
  expect_nothing (world);
}
END_TEST

START_TEST (authentication_with_a_credential_that_lost_its_part)
{
  g_autoptr (World) world = world_new (TRUE);
  Credential *credential;

  world_make_ready (world);
  credential = import (world, "both", TRUE, TRUE);
  configure (world, "{'authentication': <'server'>, 'ca-certificate': <'both'>}");
  ck_assert (credential_store_replace (world->credentials, credential, make_parts (FALSE, TRUE), NULL));
  expect_open_error (world, NULL, MSSL_ERROR_INVALID_ARGUMENT, "both");
  expect_nothing (world);
}
END_TEST

START_TEST (authentication_brings_the_credentials)
{
  g_autoptr (World) world = world_new (TRUE);
  Credential *credential;

  world_make_ready (world);
  import (world, "both", TRUE, TRUE);
  credential = credential_store_lookup (world->credentials, "both");
  ck_assert (ledger_set (world->ledger, FAKE_PORT_IMEI, MODULE_CREDENTIAL_CA,
                         credential_get_digest (credential, MODULE_CREDENTIAL_CA), NULL));
  configure (world, "{'authentication': <'mutual'>, 'ca-certificate': <'both'>, "
                    "'client-certificate': <'both'>}");
  world_connect (world, NULL);
  for (guint part = 0; part < MODULE_CREDENTIAL_PARTS; part++) {
    ck_assert (world->port->has_pem[part]);
    ck_assert_int_eq (world->port->in_module[part], part == MODULE_CREDENTIAL_CA);
  }
  ck_assert_int_eq (world->port->settings.authentication, TLS_AUTHENTICATION_MUTUAL);
}
END_TEST

START_TEST (authentication_none_brings_none)
{
  g_autoptr (World) world = world_new (TRUE);

  world_make_ready (world);
  import (world, "both", TRUE, TRUE);
  configure (world, "{'ca-certificate': <'both'>, 'client-certificate': <'both'>}");
  world_connect (world, NULL);
  for (guint part = 0; part < MODULE_CREDENTIAL_PARTS; part++)
    ck_assert (!world->port->has_pem[part]);
}
END_TEST

START_TEST (authentication_with_a_credential_that_has_vanished)
{
  g_autoptr (World) world = world_new (TRUE);
  Credential *credential;

  world_make_ready (world);
  import (world, "both", TRUE, TRUE);
  configure (world, "{'authentication': <'server'>, 'ca-certificate': <'both'>}");
  credential = credential_store_lookup (world->credentials, "both");
  ck_assert (credential_store_delete (world->credentials, credential, NULL));
  expect_open_error (world, NULL, MSSL_ERROR_NOT_FOUND, "both");
}
END_TEST

/* -- numbers -- */

static Manager *
make_manager (World *world, GError **error)
{
  ManagerConfig config = {
    world->state_dir, world->ledger, world->credentials, world->contexts, fake_clock_get (world->clock),
    world->quotas
  };

  return manager_new (&config, error);
}

START_TEST (numbers_go_on_after_a_restart)
{
  g_autoptr (World) world = world_new (TRUE);
  Connection *connection;

  world_make_ready (world);
  connection = world_connect (world, NULL);
  ck_assert_uint_eq (connection_get_number (connection), 1);
  /* As after a crash: a new manager on the same directory. */
  manager_free (world->manager);
  g_object_unref (world->module);
  fake_port_settle ();
  world->manager = make_manager (world, NULL);
  world->module =
      module_new (&(ModuleConfig){ "m0", "/dev/fake0", "device", fake_port_open, world->port, NULL },
                  world->ledger, fake_clock_get (world->clock));
  manager_add_module (world->manager, world->module);
  world_make_ready (world);
  connection = world_connect (world, NULL);
  ck_assert_uint_eq (connection_get_number (connection), 101);
}
END_TEST

START_TEST (numbers_that_cannot_be_read_are_not_guessed)
{
  g_autoptr (World) world = world_new (TRUE);
  g_autoptr (GError) error = NULL;

  scratch_write (world->directory, "connection-number", "12x\n");
  ck_assert_ptr_null (make_manager (world, &error));
  ck_assert (g_error_matches (error, MSSL_ERROR, MSSL_ERROR_STORAGE));
  ck_assert_ptr_nonnull (strstr (error->message, "connection-number"));
}
END_TEST

/* -- the end -- */

static void
on_stopped (GObject *source, GAsyncResult *result, gpointer user_data)
{
  ck_assert (manager_stop_finish (result, NULL));
  ++*(guint *) user_data;
}

/* -- modules that come and go -- */

static void
note_connection (Connection *connection, gpointer log)
{
}

static void
note_added (Module *module, gpointer log)
{
  g_string_append_printf (log, "added %s %s\n", module_get_name (module),
                          module_state_get_name (module_get_state (module)));
}

static void
note_removed (Module *module, gpointer log)
{
  g_string_append_printf (log, "removed %s %s\n", module_get_name (module),
                          module_state_get_name (module_get_state (module)));
}

static void
note_missing (gpointer log)
{
  g_string_append (log, "missing\n");
}

static const ManagerListener listener = {
  note_connection, note_connection, note_added, note_removed, note_missing,
};

START_TEST (a_module_that_goes_ends_its_connections)
{
  g_autoptr (World) world = world_new (TRUE);
  g_autoptr (GString) log = g_string_new (NULL);
  g_autoptr (Connection) connection = NULL;

  manager_set_listener (world->manager, &listener, log);
  world_make_ready (world);
  connection = g_object_ref (world_connect (world, NULL));
  manager_remove_module (world->manager, world->module, "/dev/fake0 is not there");
  ck_assert_int_eq (connection_get_state (connection), CONNECTION_CLOSED);
  ck_assert_int_eq (connection_get_close_reason (connection), CLOSE_REASON_MODULE_LOST);
  ck_assert_ptr_nonnull (strstr (connection_get_close_text (connection), "/dev/fake0 is not there"));
  ck_assert_str_eq (log->str, "removed m0 absent\n");
  ck_assert_ptr_null (manager_lookup_module (world->manager, "m0"));
  fake_port_finish (world->port, FAKE_STOP, FAKE_PORT_NO_SLOT, CLOSE_REASON_NONE);
  fake_port_settle ();
  ck_assert_ptr_null (world->port->driver);
  ck_assert_uint_eq (fake_clock_count (world->clock), 1); /* the connection waits for its release */
  manager_set_listener (world->manager, NULL, NULL);
}
END_TEST

START_TEST (a_module_that_comes_back_is_used_again)
{
  g_autoptr (World) world = world_new (TRUE);
  g_autoptr (GString) log = g_string_new (NULL);

  world_make_ready (world);
  ck_assert_uint_eq (connection_get_number (world_connect (world, NULL)), 1);
  manager_remove_module (world->manager, world->module, "it was unplugged");
  fake_port_settle ();
  manager_set_listener (world->manager, &listener, log);
  /* Announced before its port is opened, and started because the others were, but not before its former
   * driver has ended. */
  manager_add_module (world->manager, world->module);
  ck_assert_str_eq (log->str, "added m0 absent\n");
  ck_assert_str_eq (module_get_identity (world->module)->imei, "");
  ck_assert_uint_eq (world->port->opened, 1);
  fake_port_finish (world->port, FAKE_STOP, FAKE_PORT_NO_SLOT, CLOSE_REASON_MODULE_LOST);
  fake_port_settle ();
  ck_assert_int_eq (module_get_state (world->module), MODULE_STARTING);
  fake_port_finish (world->port, FAKE_START, FAKE_PORT_NO_SLOT, CLOSE_REASON_NONE);
  fake_port_settle ();
  ck_assert_uint_eq (connection_get_number (world_connect (world, NULL)), 2);
  manager_set_listener (world->manager, NULL, NULL);
}
END_TEST

START_TEST (removed_at_any_moment)
{
  static const FakeOperation pending[] = { FAKE_START, FAKE_OPEN, FAKE_CLOSE };
  g_autoptr (World) world = world_new (TRUE);

  if (pending[_i] == FAKE_START)
    manager_start (world->manager);
  else
    world_make_ready (world);
  if (pending[_i] == FAKE_OPEN)
    world_open (world, NULL, NULL);
  if (pending[_i] == FAKE_CLOSE)
    connection_close (world_connect (world, NULL), CLOSE_REASON_REQUESTED);
  fake_port_settle ();
  ck_assert (fake_port_is_pending (world->port, pending[_i], 0));
  manager_remove_module (world->manager, world->module, "it was unplugged");
  /* Its driver does not come to an end by itself. */
  world_advance (world, 1000);
  ck_assert_ptr_null (world->port->driver);
  ck_assert_int_eq (module_get_state (world->module), MODULE_ABSENT);
}
END_TEST

START_TEST (missing_modules)
{
  g_autoptr (World) world = world_new (TRUE);
  g_autoptr (GPtrArray) missing = missing_module_list_new ();
  g_autoptr (GPtrArray) same = missing_module_list_new ();
  g_autoptr (GString) log = g_string_new (NULL);

  manager_set_listener (world->manager, &listener, log);
  missing_module_list_add (missing, "m1", "/dev/fake1", "/dev/fake1 is not there");
  missing_module_list_add (same, "m1", "/dev/fake1", "/dev/fake1 is not there");
  manager_set_missing (world->manager, missing);
  manager_set_missing (world->manager, same);
  ck_assert_str_eq (log->str, "missing\n");
  expect_open_error (world, "{'module': <'m1'>, 'queue-timeout': <uint32 0>}", MSSL_ERROR_NOT_READY,
                     "/dev/fake1 is not there");
  manager_remove_module (world->manager, world->module, "it was unplugged");
  expect_open_error (world, "{'queue-timeout': <uint32 0>}", MSSL_ERROR_NOT_READY, "/dev/fake1 is not there");
  expect_nothing (world);
  manager_set_listener (world->manager, NULL, NULL);
}
END_TEST

/* -- the end -- */

START_TEST (stop_in_good_order)
{
  g_autoptr (World) world = world_new (TRUE);
  g_autoptr (Connection) connection = NULL;
  guint stopped = 0;

  world_make_ready (world);
  connection = g_object_ref (world_connect (world, NULL));
  manager_stop_async (world->manager, on_stopped, &stopped);
  fake_port_settle ();
  expect_open_error (world, NULL, MSSL_ERROR_NOT_READY, "ending");
  ck_assert_uint_eq (world->port->calls[FAKE_STOP], 0);
  fake_port_finish (world->port, FAKE_CLOSE, 0, CLOSE_REASON_NONE);
  fake_port_settle ();
  ck_assert_int_eq (connection_get_close_reason (connection), CLOSE_REASON_SHUTDOWN);
  ck_assert_uint_eq (stopped, 0);
  fake_port_finish (world->port, FAKE_STOP, 0, CLOSE_REASON_NONE);
  fake_port_settle ();
  ck_assert_uint_eq (stopped, 1);
}
END_TEST

START_TEST (stop_takes_5_s_at_most)
{
  g_autoptr (World) world = world_new (TRUE);
  g_autoptr (Connection) connection = NULL;
  guint stopped = 0;

  world_make_ready (world);
  connection = g_object_ref (world_connect (world, NULL));
  manager_stop_async (world->manager, on_stopped, &stopped);
  world_advance (world, MANAGER_STOP_MS - 1);
  ck_assert_uint_eq (world->port->calls[FAKE_STOP], 1);
  ck_assert_uint_eq (stopped, 0);
  world_advance (world, 1);
  ck_assert_uint_eq (stopped, 1);
  ck_assert_int_eq (connection_get_close_reason (connection), CLOSE_REASON_SHUTDOWN);
  ck_assert_ptr_null (world->port->driver);
}
END_TEST

START_TEST (stop_with_nothing)
{
  g_autoptr (World) world = world_new (TRUE);
  guint stopped = 0;

  manager_stop_async (world->manager, on_stopped, &stopped);
  ck_assert_uint_eq (stopped, 0);
  fake_port_settle ();
  ck_assert_uint_eq (stopped, 1);
}
END_TEST

static void
on_erased (GObject *source, GAsyncResult *result, gpointer user_data)
{
  ck_assert (manager_erase_credentials_finish (result, NULL));
  ++*(guint *) user_data;
}

START_TEST (erase_of_a_deleted_credential)
{
  g_autoptr (World) world = world_new (TRUE);
  Credential *credential;
  guint erased = 0;

  world_make_ready (world);
  import (world, "both", TRUE, TRUE);
  credential = credential_store_lookup (world->credentials, "both");
  ck_assert (ledger_set (world->ledger, FAKE_PORT_IMEI, MODULE_CREDENTIAL_CA,
                         credential_get_digest (credential, MODULE_CREDENTIAL_CA), NULL));
  ck_assert (credential_store_delete (world->credentials, credential, NULL));
  manager_erase_credentials_async (world->manager, on_erased, &erased);
  fake_port_settle ();
  ck_assert_int_eq (world->port->erased, MODULE_CREDENTIAL_CA);
  ck_assert_uint_eq (erased, 0);
  fake_port_finish (world->port, FAKE_ERASE, 0, CLOSE_REASON_NONE);
  fake_port_settle ();
  ck_assert_uint_eq (erased, 1);
}
END_TEST

static void
add_open_tests (TCase *tcase)
{
  tcase_add_test (tcase, open_not_ready);
  tcase_add_test (tcase, open_arguments);
  tcase_add_test (tcase, open_busy_names_the_holder);
  tcase_add_test (tcase, open_of_a_deleted_context);
  tcase_add_test (tcase, open_after_open);
  tcase_add_test (tcase, unreleased_connections_are_limited);
  tcase_add_test (tcase, authentication_needs_credentials);
  tcase_add_test (tcase, authentication_with_a_credential_that_lost_its_part);
  tcase_add_test (tcase, authentication_brings_the_credentials);
  tcase_add_test (tcase, authentication_none_brings_none);
  tcase_add_test (tcase, authentication_with_a_credential_that_has_vanished);
}

int
main (void)
{
  Suite *suite = suite_create ("manager");
  TCase *tcase = tcase_create ("manager");
  SRunner *runner = srunner_create (suite);
  int failed;

  add_open_tests (tcase);
  tcase_add_test (tcase, numbers_go_on_after_a_restart);
  tcase_add_test (tcase, numbers_that_cannot_be_read_are_not_guessed);
  tcase_add_test (tcase, a_module_that_goes_ends_its_connections);
  tcase_add_test (tcase, a_module_that_comes_back_is_used_again);
  tcase_add_loop_test (tcase, removed_at_any_moment, 0, 3);
  tcase_add_test (tcase, missing_modules);
  tcase_add_test (tcase, stop_in_good_order);
  tcase_add_test (tcase, stop_takes_5_s_at_most);
  tcase_add_test (tcase, stop_with_nothing);
  tcase_add_test (tcase, erase_of_a_deleted_credential);
  suite_add_tcase (suite, tcase);
  srunner_run_all (runner, CK_ENV);
  failed = srunner_ntests_failed (runner);
  srunner_free (runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
