/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The service as its clients see it: objects, calls, errors, the way of a connection, the end.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "mssl-error.h"
#include "mssl-names.h"

#define ERROR(name) MSSL_ERROR_PREFIX name
#define MODULE_PATH MSSL_PATH_MODULES "/m0"
#define CONTEXT_PATH MSSL_PATH_CONTEXTS "/c0"

static gboolean
get_boolean (Client *client, const char *path, const char *interface, const char *property)
{
  g_autoptr (GVariant) value = client_get (client, path, interface, property);

  return g_variant_get_boolean (value);
}

static void
expect_string (Client *client, const char *path, const char *interface, const char *property,
               const char *text)
{
  g_autoptr (GVariant) value = client_get (client, path, interface, property);

  ck_assert_str_eq (g_variant_get_string (value, NULL), text);
}

static void
expect_number (Client *client, const char *path, const char *property, guint64 number)
{
  g_autoptr (GVariant) value = client_get (client, path, MSSL_INTERFACE_CONNECTION, property);

  ck_assert_uint_eq (g_variant_get_uint64 (value), number);
}

static GVariant *
bytes_argument (gconstpointer data, gsize size)
{
  return g_variant_new ("(@ay)", g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, data, size, 1));
}

static void
begin_send (Client *client, const char *path, const char *text, Call *call)
{
  client_begin (client, path, MSSL_INTERFACE_CONNECTION, "Send", bytes_argument (text, strlen (text)), call);
}

static gboolean
is_sending (gpointer user_data)
{
  return fake_port_is_pending (user_data, FAKE_SEND, 0);
}

static gboolean
is_closing (gpointer user_data)
{
  return fake_port_is_pending (user_data, FAKE_CLOSE, 0);
}

static gboolean
is_without_driver (gpointer user_data)
{
  return ((FakePort *) user_data)->driver == NULL;
}

/* -- objects and lists -- */

typedef struct {
  Client *client;
  guint appeared;
  Call call;
} Early;

static void
on_appeared (GDBusConnection *connection, const char *name, const char *owner, gpointer user_data)
{
  Early *early = user_data;

  early->appeared++;
  client_begin (early->client, MSSL_PATH, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects", NULL,
                &early->call);
}

/* Bug class 28: clients see the bus name before the objects. */
START_TEST (bug_28_objects_are_there_before_the_name)
{
  g_autoptr (Bus) bus = bus_new ();
  g_autoptr (Client) client = client_new (bus, NULL);
  Early early = { client, 0, { 0 } };
  g_autoptr (GVariant) objects = NULL;
  g_autoptr (GVariant) object = NULL;
  guint id = g_bus_watch_name_on_connection (client->connection, MSSL_BUS_NAME, G_BUS_NAME_WATCHER_FLAGS_NONE,
                                             on_appeared, NULL, &early, NULL);

  world_make_ready (bus->world);
  bus_start_service (bus);
  objects = g_variant_get_child_value (call_expect_reply (&early.call), 0);
  ck_assert_uint_eq (early.appeared, 1);
  ck_assert_uint_eq (g_variant_n_children (objects), 2);
  object = g_variant_lookup_value (objects, MODULE_PATH, NULL);
  ck_assert_ptr_nonnull (object);
  ck_assert_ptr_null (g_variant_lookup_value (objects, MSSL_PATH, NULL));
  call_clear (&early.call);
  g_bus_unwatch_name (id);
}
END_TEST

START_TEST (name_is_owned_by_one)
{
  g_autoptr (Bus) bus = bus_new_ready ();
  g_autoptr (Client) other = client_new (bus, NULL);
  guint32 reply;
  g_autoptr (GVariant) answer = g_dbus_connection_call_sync (
      other->connection, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
      "RequestName", g_variant_new ("(su)", MSSL_BUS_NAME, 3u), NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL);

  /* Nobody can take it, and a second service is told so. */
  g_variant_get (answer, "(u)", &reply);
  ck_assert_uint_ne (reply, 1);
}
END_TEST

static void
on_second_name (gboolean owned, const char *text, gpointer user_data)
{
  ck_assert (!owned);
  ck_assert_ptr_nonnull (strstr (text, MSSL_BUS_NAME));
  ++*(guint *) user_data;
}

START_TEST (second_service_is_told)
{
  g_autoptr (Bus) bus = bus_new_ready ();
  g_autoptr (GDBusConnection) connection = bus_connect (bus, NULL);
  g_autoptr (World) world = world_new (TRUE);
  g_autoptr (DBusService) service = dbus_service_new (connection, world->manager, NULL);
  guint told = 0;

  dbus_service_own_name (service, on_second_name, &told);
  bus_wait_count (&told, 1);
  g_clear_pointer (&service, dbus_service_free);
  g_dbus_connection_close_sync (connection, NULL, NULL);
  fake_port_settle ();
}
END_TEST

START_TEST (bus_gone)
{
  g_autoptr (Bus) bus = bus_new_ready ();

  g_dbus_connection_set_exit_on_close (bus->connection, FALSE);
  g_subprocess_force_exit (bus->daemon);
  bus_wait_count (&bus->lost, 1);
}
END_TEST

static void
expect_one_path (GVariant *reply, const char *path)
{
  g_autofree const char **paths = NULL;

  g_variant_get (reply, "(^a&o)", &paths);
  ck_assert_str_eq (paths[0], path);
  ck_assert_ptr_null (paths[1]);
}

START_TEST (manager_lists)
{
  g_autoptr (Bus) bus = bus_new_ready ();
  g_autoptr (Client) client = client_new (bus, NULL);
  g_autoptr (GVariant) modules = client_call (client, MSSL_PATH, MSSL_INTERFACE_MANAGER, "GetModules", NULL);
  g_autoptr (GVariant) contexts =
      client_call (client, MSSL_PATH, MSSL_INTERFACE_MANAGER, "GetContexts", NULL);
  g_autoptr (GVariant) module =
      client_call (client, MSSL_PATH, MSSL_INTERFACE_MANAGER, "GetModule", g_variant_new ("(s)", "m0"));
  g_autoptr (GVariant) credentials G_GNUC_UNUSED =
      client_call (client, MSSL_PATH, MSSL_INTERFACE_MANAGER, "GetCredentials", NULL);
  g_autoptr (GVariant) connections = NULL;
  g_autofree char *path = NULL;
  const char *module_path;

  expect_one_path (modules, MODULE_PATH);
  expect_one_path (contexts, CONTEXT_PATH);
  g_variant_get (module, "(&o)", &module_path);
  ck_assert_str_eq (module_path, MODULE_PATH);
  client_expect_error (client, MSSL_PATH, MSSL_INTERFACE_MANAGER, "GetModule", g_variant_new ("(s)", "x\n"),
                       ERROR ("NotFound"));
  client_expect_error (client, MSSL_PATH, MSSL_INTERFACE_MANAGER, "GetContext", g_variant_new ("(s)", "x"),
                       ERROR ("NotFound"));
  expect_string (client, MSSL_PATH, MSSL_INTERFACE_MANAGER, "Version", "0.1.0");
  path = client_open (client, NULL);
  connections = client_call (client, MSSL_PATH, MSSL_INTERFACE_MANAGER, "GetConnections", NULL);
  expect_one_path (connections, path);
}
END_TEST

START_TEST (malformed_calls_get_the_errors_of_dbus)
{
  g_autoptr (Bus) bus = bus_new_ready ();
  g_autoptr (Client) client = client_new (bus, NULL);

  client_expect_error (client, MSSL_PATH, MSSL_INTERFACE_MANAGER, "GetModule", NULL,
                       "org.freedesktop.DBus.Error.InvalidArgs");
  client_expect_error (client, MSSL_PATH, MSSL_INTERFACE_MANAGER, "Nonsense", NULL,
                       "org.freedesktop.DBus.Error.UnknownMethod");
  client_expect_error (client, MSSL_PATH_CONNECTIONS "/77", MSSL_INTERFACE_CONNECTION, "Close", NULL,
                       "org.freedesktop.DBus.Error.UnknownMethod");
}
END_TEST

START_TEST (module_tells)
{
  g_autoptr (Bus) bus = bus_new_ready ();
  g_autoptr (Client) client = client_new (bus, NULL);
  g_autofree char *path = client_connect (client, bus, NULL);
  g_autoptr (GVariant) holders = client_get (client, MODULE_PATH, MSSL_INTERFACE_MODULE, "SlotHolders");
  g_autoptr (GVariant) capabilities = client_get (client, MODULE_PATH, MSSL_INTERFACE_MODULE, "Capabilities");
  g_autofree const char **paths = g_variant_get_objv (holders, NULL);
  guint slots;

  ck_assert_str_eq (paths[0], path);
  ck_assert (g_variant_lookup (capabilities, "slots", "u", &slots));
  ck_assert_uint_eq (slots, 1);
  ck_assert_uint_eq (g_variant_n_children (capabilities), 4);
  expect_string (client, MODULE_PATH, MSSL_INTERFACE_MODULE, "State", "ready");
  expect_string (client, MODULE_PATH, MSSL_INTERFACE_MODULE, "EquipmentIdentifier", FAKE_PORT_IMEI);
  expect_string (client, MODULE_PATH, MSSL_INTERFACE_MODULE, "Device", "/dev/fake0");
  fake_port_tell_lost (bus->world->port, "hang-up");
  expect_string (client, MODULE_PATH, MSSL_INTERFACE_MODULE, "State", "lost");
  expect_string (client, MODULE_PATH, MSSL_INTERFACE_MODULE, "StateText", "hang-up");
}
END_TEST

START_TEST (modules_come_and_go)
{
  g_autoptr (Bus) bus = bus_new_ready ();
  g_autoptr (Client) client = client_new (bus, NULL);
  g_autofree char *path G_GNUC_UNUSED = client_connect (client, bus, NULL);
  g_autoptr (GPtrArray) missing = missing_module_list_new ();
  g_autoptr (GVariant) told = NULL;
  g_autofree char *text = NULL;

  missing_module_list_add (missing, "m0", "/dev/fake0", "/dev/fake0 is not there");
  manager_remove_module (bus->world->manager, bus->world->module, "/dev/fake0 is not there");
  manager_set_missing (bus->world->manager, missing);
  client_expect (client, "closed 0 module-lost");
  client_expect (client, "removed " MODULE_PATH);
  ck_assert_str_eq (client->log->pdata[client->log->len - 1], "removed " MODULE_PATH);
  told = client_get (client, MSSL_PATH, MSSL_INTERFACE_MANAGER, "MissingModules");
  text = g_variant_print (told, FALSE);
  ck_assert_str_eq (text, "[('m0', '/dev/fake0', '/dev/fake0 is not there')]");
  client_expect_error (client, MSSL_PATH, MSSL_INTERFACE_MANAGER, "GetModule", g_variant_new ("(s)", "m0"),
                       ERROR ("NotReady"));
  fake_port_finish (bus->world->port, FAKE_STOP, FAKE_PORT_NO_SLOT, CLOSE_REASON_NONE);
  bus_wait (is_without_driver, bus->world->port);
  manager_add_module (bus->world->manager, bus->world->module);
  client_expect (client, "added " MODULE_PATH);
}
END_TEST

START_TEST (contexts_are_made_and_deleted)
{
  g_autoptr (Bus) bus = bus_new_ready ();
  g_autoptr (Client) client = client_new (bus, NULL);
  g_autoptr (GVariant) made = client_call (client, MSSL_PATH, MSSL_INTERFACE_MANAGER, "CreateContext",
                                           g_variant_new_parsed ("('c.1', {'authentication': <'none'>})"));
  g_autofree char *path G_GNUC_UNUSED = client_open (client, NULL);
  const char *context;

  g_variant_get (made, "(&o)", &context);
  client_expect (client, "added /org/modemssl1/contexts/c_2e1");
  ck_assert_str_eq (context, "/org/modemssl1/contexts/c_2e1");
  client_expect_error (client, CONTEXT_PATH, MSSL_INTERFACE_CONTEXT, "Delete", NULL, ERROR ("InUse"));
  g_variant_unref (client_call (client, context, MSSL_INTERFACE_CONTEXT, "Delete", NULL));
  client_expect (client, "removed /org/modemssl1/contexts/c_2e1");
}
END_TEST

/* -- the way of a connection -- */

static const char *const way[] = {
  "added %s",     "state connecting",   "state connected", "state closing",
  "state closed", "closed 0 requested", "removed %s",
};

START_TEST (each_step_is_told_once_and_in_order)
{
  g_autoptr (Bus) bus = bus_new_ready ();
  g_autoptr (Client) client = client_new (bus, NULL);
  g_autofree char *path = client_connect (client, bus, NULL);

  g_variant_unref (client_call (client, path, MSSL_INTERFACE_CONNECTION, "Close", NULL));
  g_variant_unref (client_call (client, path, MSSL_INTERFACE_CONNECTION, "Close", NULL));
  bus_wait (is_closing, bus->world->port);
  expect_string (client, path, MSSL_INTERFACE_CONNECTION, "CloseReason", "");
  fake_port_finish (bus->world->port, FAKE_CLOSE, 0, CLOSE_REASON_NONE);
  client_expect (client, "closed 0 requested");
  expect_string (client, path, MSSL_INTERFACE_CONNECTION, "State", "closed");
  expect_string (client, path, MSSL_INTERFACE_CONNECTION, "CloseReason", "requested");
  expect_string (client, path, MSSL_INTERFACE_CONNECTION, "CloseText",
                 close_reason_get_advice (CLOSE_REASON_REQUESTED));
  g_variant_unref (client_call (client, path, MSSL_INTERFACE_CONNECTION, "Release", NULL));
  client_sync (client);
  ck_assert_uint_eq (client->log->len, G_N_ELEMENTS (way));
  for (guint i = 0; i < G_N_ELEMENTS (way); i++) {
    g_auto (GStrv) parts = g_strsplit (way[i], "%s", 2);
    g_autofree char *line = parts[1] != NULL ? g_strconcat (parts[0], path, NULL) : g_strdup (parts[0]);

    ck_assert_str_eq (client->log->pdata[i], line);
  }
}
END_TEST

START_TEST (properties_of_a_connection)
{
  g_autoptr (Bus) bus = bus_new_ready ();
  g_autoptr (Client) client = client_new (bus, NULL);
  g_autofree char *path = client_open (client, "{'persist': <true>}");
  g_autoptr (GVariant) port = client_get (client, path, MSSL_INTERFACE_CONNECTION, "Port");

  ck_assert_uint_eq (g_variant_get_uint16 (port), 8883);
  expect_string (client, path, MSSL_INTERFACE_CONNECTION, "Context", "c0");
  expect_string (client, path, MSSL_INTERFACE_CONNECTION, "Module", MODULE_PATH);
  expect_string (client, path, MSSL_INTERFACE_CONNECTION, "Host", "example.org");
  expect_string (client, path, MSSL_INTERFACE_CONNECTION, "Owner",
                 g_dbus_connection_get_unique_name (client->connection));
  expect_string (client, path, MSSL_INTERFACE_CONNECTION, "ReceiveMode", "none");
  ck_assert (get_boolean (client, path, MSSL_INTERFACE_CONNECTION, "Persist"));
}
END_TEST

static const struct {
  CloseReason reason;
  const char *line;
} failures[] = {
  { CLOSE_REASON_CONNECT_FAILED, "closed -2 connect-failed" },
  { CLOSE_REASON_CERTIFICATE, "closed -3 certificate" },
  { CLOSE_REASON_SETTINGS, "closed 0 settings" },
};

START_TEST (an_open_that_fails)
{
  g_autoptr (Bus) bus = bus_new_ready ();
  g_autoptr (Client) client = client_new (bus, NULL);
  g_autofree char *path G_GNUC_UNUSED = client_open (client, NULL);

  fake_port_settle ();
  fake_port_finish (bus->world->port, FAKE_OPEN, 0, failures[_i].reason);
  client_expect (client, failures[_i].line);
  client_sync (client);
  ck_assert_uint_eq (client->closed_signals, 1);
}
END_TEST

static const struct {
  const char *arguments;
  const char *error;
} bad_opens[] = {
  { "('', uint16 1, @a{sv} {})", ERROR ("InvalidArgument") },
  { "('h\"', uint16 1, @a{sv} {})", ERROR ("InvalidArgument") },
  { "('h\\r\\n', uint16 1, @a{sv} {})", ERROR ("InvalidArgument") },
  { "('h', uint16 0, @a{sv} {})", ERROR ("InvalidArgument") },
  { "('h', uint16 1, {'priority': <uint32 1>})", ERROR ("InvalidArgument") },
  { "('h', uint16 1, {'patience': <1>})", ERROR ("InvalidArgument") },
  { "('h', uint16 1, {'persist': <1>})", ERROR ("InvalidArgument") },
  { "('h', uint16 1, {'module': <'m1'>})", ERROR ("NotFound") },
};

START_TEST (opens_that_are_refused)
{
  g_autoptr (Bus) bus = bus_new_ready ();
  g_autoptr (Client) client = client_new (bus, NULL);
  g_autofree char *path = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (bad_opens); i++)
    client_expect_error (client, CONTEXT_PATH, MSSL_INTERFACE_CONTEXT, "Open",
                         g_variant_new_parsed (bad_opens[i].arguments), bad_opens[i].error);
  path = client_open (client, NULL);
  client_expect_error (client, CONTEXT_PATH, MSSL_INTERFACE_CONTEXT, "Open",
                       g_variant_new_parsed ("('h', uint16 1, {'queue-timeout': <uint32 0>})"),
                       ERROR ("Busy"));
  fake_port_tell_lost (bus->world->port, "hang-up");
  client_expect_error (client, CONTEXT_PATH, MSSL_INTERFACE_CONTEXT, "Open",
                       g_variant_new_parsed ("('h', uint16 1, {'queue-timeout': <uint32 0>})"),
                       ERROR ("NotReady"));
  client_expect (client, "closed 0 module-lost");
}
END_TEST

/* -- Send -- */

START_TEST (send_answers_when_confirmed)
{
  g_autoptr (Bus) bus = bus_new_ready ();
  g_autoptr (Client) client = client_new (bus, NULL);
  g_autofree char *path = client_connect (client, bus, NULL);
  g_auto (Call) call = { 0 };
  guint64 confirmed;

  begin_send (client, path, "hello", &call);
  bus_wait (is_sending, bus->world->port);
  client_sync (client);
  ck_assert_uint_eq (call.answered, 0);
  expect_number (client, path, "BytesSent", 5);
  expect_number (client, path, "BytesConfirmed", 0);
  fake_port_finish (bus->world->port, FAKE_SEND, 0, CLOSE_REASON_NONE);
  g_variant_get (call_expect_reply (&call), "(t)", &confirmed);
  ck_assert_uint_eq (confirmed, 5);
  expect_number (client, path, "BytesConfirmed", 5);
  ck_assert_mem_eq (bus->world->port->sent->data, "hello", 5);
}
END_TEST

START_TEST (bug_04_any_byte_is_data)
{
  static const char payload[] = "\r\nOK\r\n>\"\0\x1a\x1b\xff";
  g_autoptr (Bus) bus = bus_new_ready ();
  g_autoptr (Client) client = client_new (bus, NULL);
  g_autofree char *path = NULL;
  g_auto (Call) send = { 0 };
  g_autoptr (GVariant) received = NULL;
  g_autoptr (GVariant) data = NULL;

  bus->world->port->automatic[FAKE_SEND] = TRUE;
  bus->world->port->echo = TRUE;
  path = client_connect (client, bus, NULL);
  client_begin (client, path, MSSL_INTERFACE_CONNECTION, "Send", bytes_argument (payload, sizeof (payload)),
                &send);
  call_expect_reply (&send);
  received = client_call (client, path, MSSL_INTERFACE_CONNECTION, "Receive",
                          g_variant_new ("(tuu)", G_GUINT64_CONSTANT (0), 100u, 1000u));
  data = g_variant_get_child_value (received, 1);
  ck_assert_uint_eq (g_variant_get_size (data), sizeof (payload));
  ck_assert_mem_eq (g_variant_get_data (data), payload, sizeof (payload));
}
END_TEST

START_TEST (bug_08_send_fails)
{
  g_autoptr (Bus) bus = bus_new_ready ();
  g_autoptr (Client) client = client_new (bus, NULL);
  g_autofree char *path = client_open (client, NULL);
  g_auto (Call) early = { 0 };
  g_auto (Call) call = { 0 };
  g_auto (Call) empty = { 0 };

  begin_send (client, path, "hello", &early);
  call_expect_error (&early, ERROR ("NotConnected"));
  fake_port_finish (bus->world->port, FAKE_OPEN, 0, CLOSE_REASON_NONE);
  client_expect (client, "state connected");
  begin_send (client, path, "", &empty);
  call_expect_error (&empty, ERROR ("InvalidArgument"));
  begin_send (client, path, "hello", &call);
  bus_wait (is_sending, bus->world->port);
  fake_port_finish (bus->world->port, FAKE_SEND, 0, CLOSE_REASON_MODULE_ERROR);
  call_expect_error (&call, ERROR ("SendFailed"));
  bus_wait (is_closing, bus->world->port);
  fake_port_finish (bus->world->port, FAKE_CLOSE, 0, CLOSE_REASON_NONE);
  client_expect (client, "closed -1 module-error");
}
END_TEST

START_TEST (seventeenth_send_is_refused)
{
  g_autoptr (Bus) bus = bus_new_ready ();
  g_autoptr (Client) client = client_new (bus, NULL);
  g_autofree char *path = client_connect (client, bus, NULL);
  Call calls[OUTBOX_MAX_CALLS + 1] = { 0 };

  for (guint i = 0; i < G_N_ELEMENTS (calls); i++)
    begin_send (client, path, "x", &calls[i]);
  call_expect_error (&calls[OUTBOX_MAX_CALLS], ERROR ("LimitExceeded"));
  g_variant_unref (client_call (client, path, MSSL_INTERFACE_CONNECTION, "Close", NULL));
  for (guint i = 0; i < OUTBOX_MAX_CALLS; i++)
    call_expect_error (&calls[i], ERROR ("SendFailed"));
  for (guint i = 0; i < G_N_ELEMENTS (calls); i++)
    call_clear (&calls[i]);
}
END_TEST

/* -- Receive -- */

static void
expect_received (GVariant *reply, guint64 offset, const char *text, gboolean eof)
{
  g_autoptr (GVariant) data = NULL;
  guint64 got_offset;
  gboolean got_eof;

  g_variant_get (reply, "(t@ayb)", &got_offset, &data, &got_eof);
  ck_assert_uint_eq (got_offset, offset);
  ck_assert_uint_eq (g_variant_get_size (data), strlen (text));
  ck_assert (*text == 0 || memcmp (g_variant_get_data (data), text, strlen (text)) == 0);
  ck_assert_int_eq (got_eof, eof);
}

static GVariant *
receive_arguments (guint64 offset, guint max_bytes, guint timeout_ms)
{
  return g_variant_new ("(tuu)", offset, max_bytes, timeout_ms);
}

START_TEST (receive_by_offset)
{
  g_autoptr (Bus) bus = bus_new_ready ();
  g_autoptr (Client) client = client_new (bus, NULL);
  g_autofree char *path = client_connect (client, bus, NULL);
  g_autoptr (GVariant) first = NULL;
  g_autoptr (GVariant) again = NULL;
  g_auto (Call) waiting = { 0 };
  g_auto (Call) second = { 0 };

  fake_port_tell_received (bus->world->port, 0, "abc", 3);
  first = client_call (client, path, MSSL_INTERFACE_CONNECTION, "Receive", receive_arguments (0, 2, 0));
  expect_received (first, 0, "ab", FALSE);
  again = client_call (client, path, MSSL_INTERFACE_CONNECTION, "Receive", receive_arguments (1, 9, 0));
  expect_received (again, 1, "bc", FALSE);
  expect_string (client, path, MSSL_INTERFACE_CONNECTION, "ReceiveMode", "receive");
  client_expect_error (client, path, MSSL_INTERFACE_CONNECTION, "Receive", receive_arguments (0, 1, 0),
                       ERROR ("Offset"));
  client_expect_error (client, path, MSSL_INTERFACE_CONNECTION, "Receive", receive_arguments (3, 262145, 0),
                       ERROR ("InvalidArgument"));
  client_expect_error (client, path, MSSL_INTERFACE_CONNECTION, "StartReceiving", NULL,
                       ERROR ("ReceiveMode"));
  client_begin (client, path, MSSL_INTERFACE_CONNECTION, "Receive", receive_arguments (3, 9, 20000),
                &waiting);
  client_expect_error (client, path, MSSL_INTERFACE_CONNECTION, "Receive", receive_arguments (3, 9, 0),
                       ERROR ("LimitExceeded"));
  fake_port_tell_received (bus->world->port, 0, "d", 1);
  expect_received (call_expect_reply (&waiting), 3, "d", FALSE);
  client_begin (client, path, MSSL_INTERFACE_CONNECTION, "Receive", receive_arguments (4, 9, 20000), &second);
  client_sync (client);
  fake_port_tell_closed (bus->world->port, 0, CLOSE_REASON_SERVER_CLOSED, 0);
  expect_received (call_expect_reply (&second), 4, "", TRUE);
}
END_TEST

START_TEST (bug_02_data_and_close_together)
{
  g_autoptr (Bus) bus = bus_new_ready ();
  g_autoptr (Client) client = client_new (bus, NULL);
  g_autofree char *path = client_connect (client, bus, NULL);
  g_autoptr (GVariant) reply = NULL;

  fake_port_tell_received (bus->world->port, 0, "last words", 10);
  fake_port_tell_closed (bus->world->port, 0, CLOSE_REASON_SERVER_CLOSED, 0);
  client_expect (client, "closed 0 server-closed");
  reply = client_call (client, path, MSSL_INTERFACE_CONNECTION, "Receive", receive_arguments (0, 100, 1000));
  expect_received (reply, 0, "last words", TRUE);
  client_sync (client);
  ck_assert_uint_eq (client->closed_signals, 1);
}
END_TEST

START_TEST (statistics_are_fresh)
{
  g_autoptr (Bus) bus = bus_new_ready ();
  g_autoptr (Client) client = client_new (bus, NULL);
  g_autofree char *path = client_connect (client, bus, NULL);
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GVariant) statistics = NULL;
  guint64 received = 0;
  guint buffered = 0;

  fake_port_tell_received (bus->world->port, 0, "abc", 3);
  reply = client_call (client, path, MSSL_INTERFACE_CONNECTION, "GetStatistics", NULL);
  statistics = g_variant_get_child_value (reply, 0);
  ck_assert_uint_eq (g_variant_n_children (statistics), 6);
  ck_assert (g_variant_lookup (statistics, "bytes-received", "t", &received));
  ck_assert (g_variant_lookup (statistics, "buffered-bytes", "u", &buffered));
  ck_assert_uint_eq (received, 3);
  ck_assert_uint_eq (buffered, 3);
  expect_number (client, path, "BytesReceived", 3);
  expect_number (client, path, "BytesDelivered", 0);
}
END_TEST

/* -- the end -- */

static void
on_stopped (GObject *source, GAsyncResult *result, gpointer user_data)
{
  manager_stop_finish (result, NULL);
  ++*(guint *) user_data;
}

START_TEST (shutdown_closes_with_its_reason)
{
  g_autoptr (Bus) bus = bus_new_ready ();
  g_autoptr (Client) client = client_new (bus, NULL);
  g_autofree char *path G_GNUC_UNUSED = client_connect (client, bus, NULL);
  guint stopped = 0;

  bus->world->port->automatic[FAKE_CLOSE] = TRUE;
  bus->world->port->automatic[FAKE_STOP] = TRUE;
  manager_stop_async (bus->world->manager, on_stopped, &stopped);
  client_expect (client, "closed 0 shutdown");
  bus_wait_count (&stopped, 1);
  client_expect_error (client, CONTEXT_PATH, MSSL_INTERFACE_CONTEXT, "Open",
                       g_variant_new_parsed ("('h', uint16 1, @a{sv} {})"), ERROR ("NotReady"));
}
END_TEST

START_TEST (freed_in_the_middle_of_it)
{
  g_autoptr (Bus) bus = bus_new_ready ();
  g_autoptr (Client) client = client_new (bus, NULL);
  g_autofree char *path = client_connect (client, bus, NULL);
  g_auto (Call) send = { 0 };
  g_auto (Call) open = { 0 };

  begin_send (client, path, "hello", &send);
  bus_wait (is_sending, bus->world->port);
  client_begin (client, CONTEXT_PATH, MSSL_INTERFACE_CONTEXT, "Open",
                g_variant_new_parsed ("('h', uint16 1, @a{sv} {})"), &open);
  g_clear_pointer (&bus->service, dbus_service_free);
  world_free (g_steal_pointer (&bus->world));
  bus_wait_count (&send.answered, 1);
  bus_wait_count (&open.answered, 1);
  bus->world = world_new (TRUE);
}
END_TEST

static void
add_object_tests (TCase *tcase)
{
  tcase_add_test (tcase, bug_28_objects_are_there_before_the_name);
  tcase_add_test (tcase, name_is_owned_by_one);
  tcase_add_test (tcase, second_service_is_told);
  tcase_add_test (tcase, bus_gone);
  tcase_add_test (tcase, manager_lists);
  tcase_add_test (tcase, malformed_calls_get_the_errors_of_dbus);
  tcase_add_test (tcase, module_tells);
  tcase_add_test (tcase, modules_come_and_go);
  tcase_add_test (tcase, contexts_are_made_and_deleted);
}

static void
add_connection_tests (TCase *tcase)
{
  tcase_add_test (tcase, each_step_is_told_once_and_in_order);
  tcase_add_test (tcase, properties_of_a_connection);
  tcase_add_loop_test (tcase, an_open_that_fails, 0, G_N_ELEMENTS (failures));
  tcase_add_test (tcase, opens_that_are_refused);
  tcase_add_test (tcase, send_answers_when_confirmed);
  tcase_add_test (tcase, bug_04_any_byte_is_data);
  tcase_add_test (tcase, bug_08_send_fails);
  tcase_add_test (tcase, seventeenth_send_is_refused);
  tcase_add_test (tcase, receive_by_offset);
  tcase_add_test (tcase, bug_02_data_and_close_together);
  tcase_add_test (tcase, statistics_are_fresh);
}

int
main (void)
{
  Suite *suite = suite_create ("service");
  TCase *tcase = tcase_create ("service");
  SRunner *runner = srunner_create (suite);
  int failed;

  tcase_set_timeout (tcase, 120);
  add_object_tests (tcase);
  add_connection_tests (tcase);
  tcase_add_test (tcase, shutdown_closes_with_its_reason);
  tcase_add_test (tcase, freed_in_the_middle_of_it);
  suite_add_tcase (suite, tcase);
  srunner_run_all (runner, CK_ENV);
  failed = srunner_ntests_failed (runner);
  srunner_free (runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
