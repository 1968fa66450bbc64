/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Connection.AcquireStream over a bus: the descriptor arrives and carries the data, it outlives its client's
 * leaving, and a client that leaves too early leaves no trace.
 */
#include <check.h>
#include <errno.h>
#include <gio/gunixfdlist.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client.h"
#include "mssl-error.h"
#include "mssl-names.h"

#define ERROR(name) MSSL_ERROR_PREFIX name

/* Root may do everything, so the clients are somebody else where that is possible. */
static const char *
member (void)
{
  return geteuid () == 0 ? BUS_USER_MEMBER : NULL;
}

static void
on_acquired (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GUnixFDList) fds = NULL;
  g_autoptr (GVariant) reply =
      g_dbus_connection_call_with_unix_fd_list_finish (G_DBUS_CONNECTION (source), &fds, result, &error);

  ck_assert_msg (reply != NULL, "%s", error != NULL ? error->message : "");
  ck_assert_int_eq (g_unix_fd_list_get_length (fds), 1);
  *(int *) user_data = g_unix_fd_list_get (fds, 0, NULL);
}

static gboolean
is_acquired (gpointer user_data)
{
  return *(int *) user_data >= 0;
}

static int
acquire (Client *client, const char *path)
{
  int fd = -1;

  g_dbus_connection_call_with_unix_fd_list (
      client->connection, MSSL_BUS_NAME, path, MSSL_INTERFACE_CONNECTION, "AcquireStream", NULL,
      G_VARIANT_TYPE ("(h)"), G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL, on_acquired, &fd);
  bus_wait (is_acquired, &fd);
  /* It goes on once the bus has said that the client is there. */
  client_sync (client);
  return fd;
}

static void
expect_read (int fd, const char *text)
{
  char data[100];
  gssize size;

  while ((size = recv (fd, data, sizeof data, MSG_DONTWAIT)) < 0 && errno == EAGAIN)
    g_main_context_iteration (NULL, TRUE);
  ck_assert_int_eq (size, strlen (text));
  ck_assert (memcmp (data, text, size) == 0);
}

static void
expect_mode (Client *client, const char *path, const char *mode)
{
  g_autoptr (GVariant) value = client_get (client, path, MSSL_INTERFACE_CONNECTION, "ReceiveMode");

  ck_assert_str_eq (g_variant_get_string (value, NULL), mode);
}

static gboolean
has_sent (gpointer user_data)
{
  return ((World *) user_data)->port->sent->len >= 4;
}

START_TEST (data_goes_through_it)
{
  g_autoptr (Bus) bus = bus_new_ready ();
  g_autoptr (Client) owner = client_new (bus, member ());
  g_autofree char *path = client_connect (owner, bus, NULL);
  int fd;

  expect_mode (owner, path, "none");
  fake_port_tell_received (bus->world->port, 0, "before ", 7);
  fd = acquire (owner, path);
  fake_port_tell_received (bus->world->port, 0, "and after", 9);
  expect_read (fd, "before and after");
  ck_assert_int_eq (write (fd, "data", 4), 4);
  bus_wait (has_sent, bus->world);
  expect_mode (owner, path, "stream");
  client_expect_error (owner, path, MSSL_INTERFACE_CONNECTION, "AcquireStream", NULL, ERROR ("Acquired"));
  client_expect_error (owner, path, MSSL_INTERFACE_CONNECTION, "StartReceiving", NULL, ERROR ("Acquired"));
  client_expect_error (owner, path, MSSL_INTERFACE_CONNECTION, "Send", g_variant_new_parsed ("(@ay [1],)"),
                       ERROR ("Acquired"));
  client_expect_error (owner, path, MSSL_INTERFACE_CONNECTION, "Receive",
                       g_variant_new_parsed ("(@t 0, @u 1, @u 0)"), ERROR ("Acquired"));
  ck_assert_uint_eq (owner->received_signals, 0);
  close (fd);
}
END_TEST

START_TEST (the_end_tells_why)
{
  g_autoptr (Bus) bus = bus_new_ready ();
  g_autoptr (Client) owner = client_new (bus, member ());
  g_autofree char *path = client_connect (owner, bus, NULL);
  g_autoptr (GVariant) reason = NULL;
  int fd = acquire (owner, path);

  fake_port_tell_received (bus->world->port, 0, "bye", 3);
  fake_port_tell_closed (bus->world->port, 0, CLOSE_REASON_SERVER_CLOSED, 0);
  expect_read (fd, "bye");
  expect_read (fd, "");
  reason = client_get (owner, path, MSSL_INTERFACE_CONNECTION, "CloseReason");
  ck_assert_str_eq (g_variant_get_string (reason, NULL), "server-closed");
  client_expect (owner, "closed 0 server-closed");
  close (fd);
}
END_TEST

START_TEST (it_outlives_its_client)
{
  g_autoptr (Bus) bus = bus_new_ready ();
  g_autoptr (Client) owner = client_new (bus, member ());
  g_autoptr (Client) other = client_new (bus, member ());
  g_autofree char *path = client_connect (owner, bus, NULL);
  int fd = acquire (owner, path);

  client_free (g_steal_pointer (&owner));
  client_sync (other);
  fake_port_tell_received (bus->world->port, 0, "still here", 10);
  expect_read (fd, "still here");
  close (fd);
  bus->world->port->automatic[FAKE_CLOSE] = TRUE;
  client_expect (other, "closed 0 requested");
}
END_TEST

START_TEST (only_while_connected)
{
  g_autoptr (Bus) bus = bus_new_ready ();
  g_autoptr (Client) owner = client_new (bus, member ());
  g_autofree char *path = client_open (owner, NULL);

  client_expect_error (owner, path, MSSL_INTERFACE_CONNECTION, "AcquireStream", NULL, ERROR ("NotConnected"));
  expect_mode (owner, path, "none");
}
END_TEST

static gboolean
is_taken (gpointer user_data)
{
  return connection_get_receive_mode (user_data) == RECEIVE_MODE_STREAM;
}

static gboolean
is_given_back (gpointer user_data)
{
  return connection_get_receive_mode (user_data) == RECEIVE_MODE_NONE;
}

/* Bug class 27. The call is served when its caller has left, so the answer never arrives. */
START_TEST (bug_27_a_client_that_leaves_before_the_answer)
{
  g_autoptr (Bus) bus = bus_new_ready ();
  g_autoptr (Client) owner = client_new (bus, member ());
  g_autoptr (Client) next = client_new (bus, member ());
  g_autofree char *path = client_connect (owner, bus, "{'persist': <true>}");
  Connection *connection = manager_get_connections (bus->world->manager)->pdata[0];
  int fd;

  g_dbus_connection_call (owner->connection, MSSL_BUS_NAME, path, MSSL_INTERFACE_CONNECTION, "AcquireStream",
                          NULL, NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL, NULL);
  ck_assert (g_dbus_connection_flush_sync (owner->connection, NULL, NULL));
  ck_assert (g_dbus_connection_close_sync (owner->connection, NULL, NULL));
  bus_wait (is_taken, connection);
  fake_port_tell_received (bus->world->port, 0, "not lost", 8);
  bus_wait (is_given_back, connection);
  fd = acquire (next, path);
  expect_read (fd, "not lost");
  close (fd);
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("acquire-stream");
  TCase *tcase = tcase_create ("acquire-stream");
  SRunner *runner = srunner_create (suite);
  int failed;

  tcase_set_timeout (tcase, 120);
  tcase_add_test (tcase, data_goes_through_it);
  tcase_add_test (tcase, the_end_tells_why);
  tcase_add_test (tcase, it_outlives_its_client);
  tcase_add_test (tcase, only_while_connected);
  tcase_add_test (tcase, bug_27_a_client_that_leaves_before_the_answer);
  suite_add_tcase (suite, tcase);
  srunner_run_all (runner, CK_ENV);
  failed = srunner_ntests_failed (runner);
  srunner_free (runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
