/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Whose a connection is: who may use it, who gets its data, and what happens when somebody leaves or stops
 * reading.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client.h"
#include "connection-record.h"
#include "mssl-error.h"
#include "mssl-names.h"

#define ERROR(name) MSSL_ERROR_PREFIX name
#define CONTEXT_PATH MSSL_PATH_CONTEXTS "/c0"
#define BLOCK_BYTES 1400

/* Root may do everything, so the clients are somebody else where that is possible. */
static const char *
member (void)
{
  return geteuid () == 0 ? BUS_USER_MEMBER : NULL;
}

static GVariant *
one_byte (void)
{
  return g_variant_new_parsed ("(@ay [1],)");
}

/* One call of each method that a connection has. */
static const struct {
  const char *method;
  const char *arguments;
} methods[] = {
  { "Send", "(@ay [1],)" },  { "Receive", "(@t 0, @u 1, @u 0)" }, { "StartReceiving", NULL },
  { "AcquireStream", NULL }, { "GetStatistics", NULL },           { "Close", NULL },
  { "Release", NULL },
};

static void
expect_denied (Client *client, const char *path)
{
  for (guint i = 0; i < G_N_ELEMENTS (methods); i++)
    client_expect_error (client, path, MSSL_INTERFACE_CONNECTION, methods[i].method,
                         methods[i].arguments != NULL ? g_variant_new_parsed (methods[i].arguments) : NULL,
                         ERROR ("AccessDenied"));
}

static void
call (Client *client, const char *path, const char *method)
{
  g_variant_unref (client_call (client, path, MSSL_INTERFACE_CONNECTION, method, NULL));
}

static gboolean
is_closing (gpointer user_data)
{
  return fake_port_is_pending (user_data, FAKE_CLOSE, 0);
}

static void
finish_close (Bus *bus)
{
  bus_wait (is_closing, bus->world->port);
  fake_port_finish (bus->world->port, FAKE_CLOSE, 0, CLOSE_REASON_NONE);
}

static void
tell_blocks (Bus *bus, guint slot, guint count)
{
  static const guint8 block[BLOCK_BYTES];

  for (guint i = 0; i < count; i++)
    fake_port_tell_received (bus->world->port, slot, block, sizeof (block));
}

/* -- who may -- */

START_TEST (another_client_is_denied)
{
  g_autoptr (Bus) bus = bus_new_ready ();
  g_autoptr (Client) owner = client_new (bus, member ());
  g_autoptr (Client) other = client_new (bus, member ());
  g_autofree char *path = client_connect (owner, bus, NULL);

  expect_denied (other, path);
  expect_denied (other, path); /* now that its user is known */
  ck_assert_uint_eq (bus->world->port->calls[FAKE_SEND], 0);
  call (owner, path, "GetStatistics");
}
END_TEST

START_TEST (persist_is_for_the_user)
{
  g_autoptr (Bus) bus = bus_new_ready ();
  g_autoptr (Client) owner = client_new (bus, member ());
  g_autoptr (Client) same = client_new (bus, member ());
  g_autofree char *path = client_connect (owner, bus, "{'persist': <true>}");

  call (same, path, "GetStatistics");
  client_free (g_steal_pointer (&owner));
  fake_port_tell_received (bus->world->port, 0, "abc", 3);
  g_variant_unref (client_call (same, path, MSSL_INTERFACE_CONNECTION, "Receive",
                                g_variant_new_parsed ("(@t 0, @u 100, @u 1000)")));
  ck_assert (!fake_port_is_pending (bus->world->port, FAKE_CLOSE, 0));
  call (same, path, "Release");
  finish_close (bus);
  client_expect (same, "closed 0 requested");
}
END_TEST

START_TEST (root_only_persist_is_not_for_another_user)
{
  g_autoptr (Bus) bus = bus_new_ready ();
  g_autoptr (Client) owner = client_new (bus, BUS_USER_MEMBER);
  g_autoptr (Client) other = client_new (bus, BUS_USER_OTHER);
  g_autofree char *path = client_connect (owner, bus, "{'persist': <true>}");

  expect_denied (other, path);
}
END_TEST

static gboolean
keep (int fd, gpointer user_data)
{
  *(int *) user_data = fd >= 0 ? dup (fd) : -1;
  return TRUE;
}

/** The bus may have been started anew in between, and begun with the same names. */
START_TEST (the_name_of_an_owner_of_an_earlier_life_is_nobody)
{
  g_autoptr (Bus) bus = bus_new_ready ();
  g_autoptr (Client) client = client_new (bus, member ());
  const ConnectionTimes times = { 0 };
  ConnectionConfig config = {
    .number = 99,
    .context = bus->world->context,
    .host = "example.org",
    .port = 8883,
    .owner = g_dbus_connection_get_unique_name (client->connection),
    .owner_uid = 12345,
    .receive_buffer_bytes = 65536,
  };
  ConnectionJournal *journal;
  int fd;

  config.settings = context_get_settings (config.context)->tls;
  journal = connection_journal_new (connection_record_save (&config, "m0", &times));
  ck_assert (connection_journal_begin (journal, 0, keep, &fd));
  connection_journal_unref (journal);
  manager_resume (bus->world->manager, "/dev/other", 0, fd);
  expect_denied (client, MSSL_PATH_CONNECTIONS "/99");
}
END_TEST

START_TEST (root_only_root_may)
{
  g_autoptr (Bus) bus = bus_new_ready ();
  g_autoptr (Client) owner = client_new (bus, BUS_USER_MEMBER);
  g_autoptr (Client) root = client_new (bus, NULL);
  g_autofree char *path = client_connect (owner, bus, NULL);

  call (root, path, "GetStatistics");
  call (root, path, "Close");
  finish_close (bus);
  client_expect (owner, "closed 0 requested");
}
END_TEST

START_TEST (root_only_outsider_is_refused_by_the_bus)
{
  g_autoptr (Bus) bus = bus_new_ready ();
  g_autoptr (Client) owner = client_new (bus, BUS_USER_MEMBER);
  g_autoptr (Client) outsider = client_new (bus, BUS_USER_OUTSIDER);
  g_autofree char *path = client_connect (owner, bus, NULL);

  client_expect_error (outsider, MSSL_PATH, MSSL_INTERFACE_MANAGER, "GetModules", NULL,
                       "org.freedesktop.DBus.Error.AccessDenied");
  client_expect_error (outsider, path, MSSL_INTERFACE_CONNECTION, "Close", NULL,
                       "org.freedesktop.DBus.Error.AccessDenied");
  client_sync (owner);
  ck_assert_uint_eq (outsider->log->len, 0);
}
END_TEST

/* -- leaving -- */

START_TEST (owner_leaves)
{
  g_autoptr (Bus) bus = bus_new_ready ();
  g_autoptr (Client) owner = client_new (bus, member ());
  g_autoptr (Client) other = client_new (bus, member ());
  g_autofree char *path = client_connect (owner, bus, NULL);
  g_autofree char *removed = g_strconcat ("removed ", path, NULL);
  g_autofree char *next = NULL;

  client_free (g_steal_pointer (&owner));
  finish_close (bus);
  client_expect (other, removed);
  ck_assert (client_has (other, "closed 0 owner-left"));
  ck_assert_uint_eq (other->closed_signals, 1);
  next = client_connect (other, bus, NULL);
}
END_TEST

START_TEST (owner_leaves_while_opening)
{
  g_autoptr (Bus) bus = bus_new_ready ();
  g_autoptr (Client) owner = client_new (bus, member ());
  g_autoptr (Client) other = client_new (bus, member ());
  g_autofree char *path G_GNUC_UNUSED = client_open (owner, NULL);

  client_free (g_steal_pointer (&owner));
  finish_close (bus);
  client_expect (other, "closed 0 owner-left");
}
END_TEST

/* It asks for a connection and is gone before the answer: the slot must not stay taken. */
START_TEST (owner_leaves_at_once)
{
  g_autoptr (Bus) bus = bus_new_ready ();
  g_autoptr (Client) other = client_new (bus, member ());

  bus->world->port->automatic[FAKE_CLOSE] = TRUE;
  for (guint i = 0; i < 20; i++) {
    g_autoptr (Client) hasty = client_new (bus, member ());

    g_dbus_connection_call (hasty->connection, MSSL_BUS_NAME, CONTEXT_PATH, MSSL_INTERFACE_CONTEXT, "Open",
                            g_variant_new_parsed ("('h', uint16 1, @a{sv} {})"), NULL, G_DBUS_CALL_FLAGS_NONE,
                            -1, NULL, NULL, NULL);
    g_dbus_connection_flush_sync (hasty->connection, NULL, NULL);
    client_free (g_steal_pointer (&hasty));
    client_sync (other);
  }
  while (!module_has_free_slot (bus->world->module))
    g_main_context_iteration (NULL, TRUE);
  ck_assert_uint_eq (manager_get_connections (bus->world->manager)->len, 0);
}
END_TEST

/* Does not run the main context: the service hears nothing yet. */
static void
wait_gone (Client *other, const char *name)
{
  gboolean there = TRUE;

  while (there) {
    g_autoptr (GVariant) reply = g_dbus_connection_call_sync (
        other->connection, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
        "NameHasOwner", g_variant_new ("(s)", name), NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL);

    g_variant_get (reply, "(b)", &there);
  }
}

/* The same of one whose user is known already: the service finds the call and the leaving side by side. */
START_TEST (owner_who_is_known_leaves_at_once)
{
  g_autoptr (Bus) bus = bus_new_ready ();
  g_autoptr (Client) other = client_new (bus, member ());

  bus->world->port->automatic[FAKE_CLOSE] = TRUE;
  for (guint i = 0; i < 60; i++) {
    g_autoptr (Client) hasty = client_new (bus, member ());
    g_autofree char *name = g_strdup (g_dbus_connection_get_unique_name (hasty->connection));
    g_autofree char *path = client_open (hasty, NULL);

    call (hasty, path, "Release");
    for (guint n = 0; n < 3; n++)
      g_dbus_connection_call (hasty->connection, MSSL_BUS_NAME, CONTEXT_PATH, MSSL_INTERFACE_CONTEXT, "Open",
                              g_variant_new_parsed ("('h', uint16 1, @a{sv} {})"), NULL,
                              G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL, NULL);
    g_dbus_connection_close_sync (hasty->connection, NULL, NULL);
    wait_gone (other, name);
    client_sync (other);
  }
  while (!module_has_free_slot (bus->world->module))
    g_main_context_iteration (NULL, TRUE);
  ck_assert_uint_eq (manager_get_connections (bus->world->manager)->len, 0);
}
END_TEST

/* -- the queue -- */

static void
expect_place (Client *client, const char *path, const char *state, guint position, const char *module)
{
  g_autoptr (GVariant) found_state = client_get (client, path, MSSL_INTERFACE_CONNECTION, "State");
  g_autoptr (GVariant) found_position = client_get (client, path, MSSL_INTERFACE_CONNECTION, "QueuePosition");
  g_autoptr (GVariant) found_module = client_get (client, path, MSSL_INTERFACE_CONNECTION, "Module");

  ck_assert_str_eq (g_variant_get_string (found_state, NULL), state);
  ck_assert_uint_eq (g_variant_get_uint32 (found_position), position);
  ck_assert_str_eq (g_variant_get_string (found_module, NULL), module);
}

START_TEST (the_queue_shows_and_belongs_to_its_owners)
{
  g_autoptr (Bus) bus = bus_new_ready ();
  g_autoptr (Client) holder = client_new (bus, member ());
  g_autoptr (Client) next = client_new (bus, member ());
  g_autoptr (Client) last = client_new (bus, member ());
  g_autofree char *held = client_connect (holder, bus, NULL);
  g_autofree char *second = client_open (next, NULL);
  g_autofree char *third = client_open (last, NULL);

  bus->world->port->automatic[FAKE_CLOSE] = TRUE;
  expect_place (next, second, "queued", 1, "/");
  expect_place (last, third, "queued", 2, "/");
  client_expect_error (last, second, MSSL_INTERFACE_CONNECTION, "Close", NULL, ERROR ("AccessDenied"));
  client_free (g_steal_pointer (&next));
  client_expect (last, "closed 0 owner-left");
  expect_place (last, third, "queued", 1, "/");
  call (holder, held, "Close");
  client_expect (last, "state configuring");
  expect_place (last, third, "configuring", 0, MSSL_PATH_MODULES "/m0");
}
END_TEST

/* -- Received -- */

START_TEST (received_goes_to_the_owner_alone)
{
  g_autoptr (Bus) bus = bus_new_ready ();
  g_autoptr (Client) owner = client_new (bus, member ());
  g_autoptr (Client) spy = client_new (bus, member ());
  g_autofree char *path = client_connect (owner, bus, NULL);
  g_autoptr (GVariant) mode = NULL;

  /* It has subscribed to everything; and it asks to hear what is for others. */
  g_dbus_connection_call (spy->connection, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                          "org.freedesktop.DBus", "AddMatch",
                          g_variant_new ("(s)", "type='signal',member='Received',eavesdrop='true'"), NULL,
                          G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL, NULL);
  fake_port_tell_received (bus->world->port, 0, "before", 6);
  call (owner, path, "StartReceiving");
  call (owner, path, "StartReceiving");
  fake_port_tell_received (bus->world->port, 0, "after", 5);
  client_expect (owner, "received 0 6");
  client_expect (owner, "received 6 5");
  fake_port_tell_closed (bus->world->port, 0, CLOSE_REASON_SERVER_CLOSED, 0);
  client_expect (spy, "closed 0 server-closed");
  ck_assert_uint_eq (spy->received_signals, 0);
  mode = client_get (owner, path, MSSL_INTERFACE_CONNECTION, "ReceiveMode");
  ck_assert_str_eq (g_variant_get_string (mode, NULL), "signals");
  client_expect_error (owner, path, MSSL_INTERFACE_CONNECTION, "Receive",
                       g_variant_new_parsed ("(@t 0, @u 1, @u 0)"), ERROR ("ReceiveMode"));
}
END_TEST

START_TEST (bug_02_received_comes_before_closed)
{
  g_autoptr (Bus) bus = bus_new_ready ();
  g_autoptr (Client) owner = client_new (bus, member ());
  g_autofree char *path = client_connect (owner, bus, NULL);
  guint last;

  call (owner, path, "StartReceiving");
  tell_blocks (bus, 0, 150);
  fake_port_tell_closed (bus->world->port, 0, CLOSE_REASON_SERVER_CLOSED, 0);
  ck_assert (module_has_free_slot (bus->world->module));
  client_expect (owner, "closed 0 server-closed");
  last = owner->log->len - 1;
  ck_assert_str_eq (owner->log->pdata[last], "closed 0 server-closed");
  ck_assert_str_eq (owner->log->pdata[last - 1], "state closed");
  ck_assert_uint_eq (owner->received_bytes, 150 * BLOCK_BYTES);
}
END_TEST

START_TEST (persist_another_goes_on_receiving)
{
  g_autoptr (Bus) bus = bus_new_ready ();
  g_autoptr (Client) owner = client_new (bus, member ());
  g_autoptr (Client) next = client_new (bus, member ());
  g_autofree char *path = client_connect (owner, bus, "{'persist': <true>}");

  call (owner, path, "StartReceiving");
  client_expect_error (next, path, MSSL_INTERFACE_CONNECTION, "StartReceiving", NULL, ERROR ("ReceiveMode"));
  fake_port_tell_received (bus->world->port, 0, "abc", 3);
  client_expect (owner, "received 0 3");
  client_free (g_steal_pointer (&owner));
  /* The bus has told of the leaving before it answers. */
  client_sync (next);
  fake_port_tell_received (bus->world->port, 0, "defg", 4);
  next->received_bytes = 3;
  call (next, path, "StartReceiving");
  client_expect (next, "received 3 4");
}
END_TEST

/* -- a client that does not read -- */

static gboolean
is_pinged (gpointer user_data)
{
  return g_atomic_int_get (&((Client *) user_data)->pings) > 0;
}

static Client *
new_deaf_client (Bus *bus)
{
  Client *client = client_new (bus, member ());

  g_atomic_int_set (&client->deaf, TRUE);
  return client;
}

START_TEST (bug_07_a_client_that_stops_reading_overflows_alone)
{
  g_autoptr (Bus) bus = bus_new ();
  g_autoptr (Client) deaf = new_deaf_client (bus);
  g_autoptr (Client) good = client_new (bus, member ());
  g_autofree char *deaf_path = NULL;
  g_autofree char *good_path = NULL;

  bus->world->port->capabilities.slots = 2;
  bus->world->port->automatic[FAKE_OPEN] = TRUE;
  bus->world->port->automatic[FAKE_CLOSE] = TRUE;
  world_make_ready (bus->world);
  bus_start_service (bus);
  deaf_path = client_open (deaf, NULL);
  client_expect (deaf, "state connected");
  good_path = client_open (good, NULL);
  bus_wait_count (&bus->world->port->calls[FAKE_OPEN], 2);
  call (deaf, deaf_path, "StartReceiving");
  call (good, good_path, "StartReceiving");
  for (guint i = 0; i < 300; i++) {
    tell_blocks (bus, 0, 1);
    tell_blocks (bus, 1, 1);
    client_sync (good);
  }
  bus_wait (is_pinged, deaf);
  client_sync (deaf);
  ck_assert_uint_le (deaf->received_bytes, INBOX_WINDOW_BYTES);
  ck_assert_uint_gt (deaf->received_bytes, INBOX_WINDOW_BYTES / 2);
  ck_assert_uint_eq (good->received_bytes, 300 * BLOCK_BYTES);
  ck_assert_uint_eq (deaf->closed_signals, 0);
  world_advance (bus->world, INBOX_PATIENCE_MS);
  client_expect (deaf, "closed 0 overflow");
  client_sync (good);
  ck_assert_uint_eq (good->received_bytes, 300 * BLOCK_BYTES);
}
END_TEST

START_TEST (a_client_that_leaves_while_closed_is_held)
{
  g_autoptr (Bus) bus = bus_new_ready ();
  g_autoptr (Client) slow = new_deaf_client (bus);
  g_autofree char *path = client_connect (slow, bus, NULL);

  call (slow, path, "StartReceiving");
  tell_blocks (bus, 0, 30);
  bus_wait (is_pinged, slow);
  tell_blocks (bus, 0, 100);
  fake_port_tell_closed (bus->world->port, 0, CLOSE_REASON_SERVER_CLOSED, 0);
  client_sync (slow);
  ck_assert_uint_eq (slow->closed_signals, 0);
  /* What it did not answer is lost, but it leaves and so ends it. */
  client_free (g_steal_pointer (&slow));
  while (manager_get_connections (bus->world->manager)->len > 0)
    g_main_context_iteration (NULL, TRUE);
}
END_TEST

START_TEST (every_echo_comes_back)
{
  g_autoptr (Bus) bus = bus_new_ready ();
  g_autoptr (Client) owner = client_new (bus, member ());
  g_autofree char *path = client_connect (owner, bus, NULL);

  bus->world->port->automatic[FAKE_SEND] = TRUE;
  bus->world->port->echo = TRUE;
  call (owner, path, "StartReceiving");
  for (guint i = 0; i < 200; i++)
    g_variant_unref (client_call (owner, path, MSSL_INTERFACE_CONNECTION, "Send", one_byte ()));
  client_expect (owner, "received 199 1");
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("ownership");
  TCase *tcase = tcase_create ("ownership");
  SRunner *runner = srunner_create (suite);
  int failed;

  tcase_set_timeout (tcase, 120);
  tcase_add_test (tcase, another_client_is_denied);
  tcase_add_test (tcase, persist_is_for_the_user);
  tcase_add_test (tcase, the_name_of_an_owner_of_an_earlier_life_is_nobody);
  tcase_add_test (tcase, owner_leaves);
  tcase_add_test (tcase, owner_leaves_while_opening);
  tcase_add_test (tcase, owner_leaves_at_once);
  tcase_add_test (tcase, owner_who_is_known_leaves_at_once);
  tcase_add_test (tcase, the_queue_shows_and_belongs_to_its_owners);
  tcase_add_test (tcase, received_goes_to_the_owner_alone);
  tcase_add_test (tcase, bug_02_received_comes_before_closed);
  tcase_add_test (tcase, persist_another_goes_on_receiving);
  tcase_add_test (tcase, bug_07_a_client_that_stops_reading_overflows_alone);
  tcase_add_test (tcase, a_client_that_leaves_while_closed_is_held);
  tcase_add_test (tcase, every_echo_comes_back);
  if (geteuid () == 0) {
    tcase_add_test (tcase, root_only_persist_is_not_for_another_user);
    tcase_add_test (tcase, root_only_root_may);
    tcase_add_test (tcase, root_only_outsider_is_refused_by_the_bus);
  }
  suite_add_tcase (suite, tcase);
  srunner_run_all (runner, CK_ENV);
  failed = srunner_ntests_failed (runner);
  srunner_free (runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
