/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A connection from open to Closed, in every order of events that a driver may bring.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "mssl-error.h"
#include "world.h"

/* What a connection told. Made right after the open; checks that nothing comes twice. */
typedef struct {
  Connection *connection;
  ConnectionState states[8];
  guint n_states;
  guint closed;
  guint released;
} Watch;

static void
on_changed (Connection *connection, gpointer user_data)
{
  Watch *watch = user_data;
  ConnectionState state = connection_get_state (connection);

  if (watch->n_states > 0 && watch->states[watch->n_states - 1] == state)
    return; /* another property */
  ck_assert_uint_eq (watch->closed, 0);
  watch->states[watch->n_states++] = state;
}

static void
on_closed (Connection *connection, gpointer user_data)
{
  Watch *watch = user_data;

  ck_assert_int_eq (connection_get_state (connection), CONNECTION_CLOSED);
  ck_assert_int_ne (connection_get_close_reason (connection), CLOSE_REASON_NONE);
  ck_assert_str_ne (connection_get_close_text (connection), "");
  watch->closed++;
}

static void
on_released (Connection *connection, gpointer user_data)
{
  Watch *watch = user_data;

  ck_assert_uint_eq (watch->closed, 1);
  watch->released++;
}

static Watch *
watch_new (Connection *connection)
{
  Watch *watch = g_new0 (Watch, 1);

  watch->connection = g_object_ref (connection);
  g_signal_connect (connection, "changed", G_CALLBACK (on_changed), watch);
  g_signal_connect (connection, "closed", G_CALLBACK (on_closed), watch);
  g_signal_connect (connection, "released", G_CALLBACK (on_released), watch);
  return watch;
}

static void
watch_free (Watch *watch)
{
  ck_assert_uint_le (watch->closed, 1);
  ck_assert_uint_le (watch->released, 1);
  g_signal_handlers_disconnect_by_data (watch->connection, watch);
  g_object_unref (watch->connection);
  g_free (watch);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Watch, watch_free)

static Watch *
open_watched (World *world, const char *options)
{
  g_autoptr (GError) error = NULL;
  Connection *connection = world_open (world, options, &error);

  ck_assert_msg (error == NULL, "%s", error != NULL ? error->message : "");
  return watch_new (connection);
}

static Watch *
connect_watched (World *world, const char *options)
{
  return watch_new (world_connect (world, options));
}

static void
expect_end (Watch *watch, CloseReason reason, int code)
{
  ck_assert_uint_eq (watch->closed, 1);
  ck_assert_str_eq (close_reason_get_name (connection_get_close_reason (watch->connection)),
                    close_reason_get_name (reason));
  ck_assert_int_eq (connection_get_close_code (watch->connection), code);
}

static void
expect_slot_free (World *world)
{
  g_autoptr (GArray) holders = module_list_holders (world->module);

  ck_assert_uint_eq (holders->len, 0);
  ck_assert (!context_is_used (world->context));
}

static ConnectionStatistics
get_statistics (Watch *watch)
{
  ConnectionStatistics statistics;

  connection_get_statistics (watch->connection, &statistics);
  return statistics;
}

/* -- the calls of Send -- */

typedef struct {
  guint64 confirmed;
  GError *error;
  guint answers;
  guint order; /* set by the answer */
} Sent;

static guint order;

static void
on_sent (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Sent *sent = user_data;

  sent->answers++;
  sent->order = ++order;
  connection_send_finish (MSSL_CONNECTION (source), result, &sent->confirmed, &sent->error);
}

static void
sent_clear (Sent *sent)
{
  g_clear_error (&sent->error);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Sent, sent_clear)

static void
send_bytes (Watch *watch, gsize size, Sent *sent)
{
  g_autofree guint8 *data = g_malloc (size + 1);
  g_autoptr (GBytes) bytes = NULL;

  for (gsize i = 0; i < size; i++)
    data[i] = i * 7;
  bytes = g_bytes_new (data, size);
  connection_send_async (watch->connection, bytes, on_sent, sent);
}

static void
expect_sent_error (const Sent *sent, MsslError code)
{
  ck_assert_uint_eq (sent->answers, 1);
  ck_assert (g_error_matches (sent->error, MSSL_ERROR, code));
}

static void
confirm (World *world)
{
  fake_port_finish (world->port, FAKE_SEND, 0, CLOSE_REASON_NONE);
  fake_port_settle ();
}

/* -- states -- */

START_TEST (the_plain_way)
{
  g_autoptr (World) world = world_new (TRUE);
  g_autoptr (Watch) watch = NULL;

  world_make_ready (world);
  watch = open_watched (world, NULL);
  ck_assert_int_eq (connection_get_state (watch->connection), CONNECTION_CONFIGURING);
  ck_assert (context_is_used (world->context));
  fake_port_settle ();
  ck_assert_str_eq (world->port->host, "example.org");
  ck_assert_uint_eq (world->port->port, 8883);
  ck_assert_int_eq (world->port->settings.authentication, TLS_AUTHENTICATION_NONE);
  fake_port_tell_connecting (world->port, 0);
  fake_port_finish (world->port, FAKE_OPEN, 0, CLOSE_REASON_NONE);
  fake_port_settle ();
  connection_close (watch->connection, CLOSE_REASON_REQUESTED);
  ck_assert_uint_eq (watch->closed, 0);
  fake_port_finish (world->port, FAKE_CLOSE, 0, CLOSE_REASON_NONE);
  fake_port_settle ();
  expect_end (watch, CLOSE_REASON_REQUESTED, 0);
  expect_slot_free (world);
  ck_assert_uint_eq (watch->n_states, 4);
  for (guint i = 0; i < 4; i++)
    ck_assert_int_eq (watch->states[i], CONNECTION_CONNECTING + i);
}
END_TEST

static const struct {
  CloseReason reason;
  int code;
} failures[] = {
  { CLOSE_REASON_CONNECT_FAILED, -2 }, { CLOSE_REASON_CERTIFICATE, -3 }, { CLOSE_REASON_KEY, -4 },
  { CLOSE_REASON_CIPHER, -5 },         { CLOSE_REASON_STATE, -6 },       { CLOSE_REASON_TIMEOUT, -7 },
  { CLOSE_REASON_MODULE_ERROR, -1 },   { CLOSE_REASON_SETTINGS, 0 },     { CLOSE_REASON_CREDENTIAL, 0 },
};

START_TEST (an_open_that_fails)
{
  g_autoptr (World) world = world_new (TRUE);
  g_autoptr (Watch) watch = NULL;

  world_make_ready (world);
  watch = open_watched (world, NULL);
  fake_port_settle ();
  fake_port_finish (world->port, FAKE_OPEN, 0, failures[_i].reason);
  fake_port_settle ();
  expect_end (watch, failures[_i].reason, failures[_i].code);
  ck_assert_ptr_nonnull (strstr (connection_get_close_text (watch->connection), "fake"));
  expect_slot_free (world);
  ck_assert_uint_eq (world->port->calls[FAKE_CLOSE], 0);
}
END_TEST

START_TEST (closed_before_its_open_began)
{
  g_autoptr (World) world = world_new (TRUE);
  g_autoptr (Watch) watch = NULL;

  world_make_ready (world);
  watch = open_watched (world, NULL);
  connection_close (watch->connection, CLOSE_REASON_REQUESTED);
  expect_end (watch, CLOSE_REASON_REQUESTED, 0);
  fake_port_settle ();
  expect_slot_free (world);
  ck_assert_uint_eq (world->port->calls[FAKE_OPEN], 0);
}
END_TEST

START_TEST (closed_while_opening)
{
  g_autoptr (World) world = world_new (TRUE);
  g_autoptr (Watch) watch = NULL;

  world_make_ready (world);
  watch = open_watched (world, NULL);
  fake_port_settle ();
  connection_close (watch->connection, CLOSE_REASON_REQUESTED);
  ck_assert_int_eq (connection_get_state (watch->connection), CONNECTION_CLOSING);
  fake_port_finish (world->port, FAKE_OPEN, 0, CLOSE_REASON_NONE); /* too late */
  fake_port_settle ();
  ck_assert_int_eq (connection_get_state (watch->connection), CONNECTION_CLOSING);
  fake_port_finish (world->port, FAKE_CLOSE, 0, CLOSE_REASON_NONE);
  fake_port_settle ();
  expect_end (watch, CLOSE_REASON_REQUESTED, 0);
  expect_slot_free (world);
}
END_TEST

/* Bug class 10: close of a connection that the module has closed already; close twice. */
START_TEST (bug_10_close_after_the_end_and_twice)
{
  g_autoptr (World) world = world_new (TRUE);
  g_autoptr (Watch) watch = NULL;

  world_make_ready (world);
  watch = connect_watched (world, NULL);
  fake_port_tell_closed (world->port, 0, CLOSE_REASON_SERVER_CLOSED, 0);
  expect_end (watch, CLOSE_REASON_SERVER_CLOSED, 0);
  connection_close (watch->connection, CLOSE_REASON_REQUESTED);
  connection_close (watch->connection, CLOSE_REASON_REQUESTED);
  fake_port_settle ();
  expect_end (watch, CLOSE_REASON_SERVER_CLOSED, 0);
  ck_assert_uint_eq (world->port->calls[FAKE_CLOSE], 0);
  expect_slot_free (world);
}
END_TEST

START_TEST (bug_10_server_closes_while_we_close)
{
  g_autoptr (World) world = world_new (TRUE);
  g_autoptr (Watch) watch = NULL;

  world_make_ready (world);
  watch = connect_watched (world, NULL);
  connection_close (watch->connection, CLOSE_REASON_REQUESTED);
  connection_close (watch->connection, CLOSE_REASON_IDLE_TIMEOUT);
  fake_port_tell_closed (world->port, 0, CLOSE_REASON_SERVER_CLOSED, 0);
  ck_assert_uint_eq (watch->closed, 0);
  fake_port_finish (world->port, FAKE_CLOSE, 0, CLOSE_REASON_STATE);
  fake_port_settle ();
  expect_end (watch, CLOSE_REASON_REQUESTED, 0);
  ck_assert_uint_eq (world->port->calls[FAKE_CLOSE], 1);
}
END_TEST

/* Bug class 15: the driver goes while one of its events is being handled. */
START_TEST (bug_15_module_lost)
{
  g_autoptr (World) world = world_new (TRUE);
  g_autoptr (Watch) watch = NULL;
  g_auto (Sent) sent = { 0 };

  world_make_ready (world);
  watch = connect_watched (world, NULL);
  send_bytes (watch, 10, &sent);
  fake_port_tell_lost (world->port, "hang-up");
  expect_end (watch, CLOSE_REASON_MODULE_LOST, 0);
  fake_port_settle ();
  expect_sent_error (&sent, MSSL_ERROR_SEND_FAILED);
  expect_slot_free (world);
}
END_TEST

START_TEST (module_lost_while_closing)
{
  g_autoptr (World) world = world_new (TRUE);
  g_autoptr (Watch) watch = NULL;

  world_make_ready (world);
  watch = connect_watched (world, NULL);
  connection_close (watch->connection, CLOSE_REASON_REQUESTED);
  fake_port_tell_lost (world->port, "hang-up");
  fake_port_settle ();
  expect_end (watch, CLOSE_REASON_REQUESTED, 0);
  expect_slot_free (world);
}
END_TEST

START_TEST (module_restarted)
{
  g_autoptr (World) world = world_new (TRUE);
  g_autoptr (Watch) watch = NULL;

  world_make_ready (world);
  watch = connect_watched (world, NULL);
  fake_port_tell_closed (world->port, 0, CLOSE_REASON_MODULE_RESTARTED, 0);
  fake_port_tell_restarted (world->port);
  expect_end (watch, CLOSE_REASON_MODULE_RESTARTED, 0);
  expect_slot_free (world);
}
END_TEST

/* -- sending -- */

START_TEST (send_answers_with_the_last_piece)
{
  g_autoptr (World) world = world_new (TRUE);
  g_autoptr (Watch) watch = NULL;
  g_auto (Sent) sent = { 0 };

  world_make_ready (world);
  watch = connect_watched (world, NULL);
  send_bytes (watch, 2500, &sent);
  ck_assert_uint_eq (world->port->last_send_bytes, 1024);
  confirm (world);
  confirm (world);
  ck_assert_uint_eq (world->port->last_send_bytes, 452);
  ck_assert_uint_eq (sent.answers, 0);
  ck_assert_uint_eq (get_statistics (watch).bytes_confirmed, 2048);
  confirm (world);
  ck_assert_uint_eq (sent.answers, 1);
  ck_assert_uint_eq (sent.confirmed, 2500);
  ck_assert_uint_eq (get_statistics (watch).bytes_sent, 2500);
  ck_assert_uint_eq (world->port->sent->len, 2500);
  for (guint i = 0; i < 2500; i++)
    ck_assert (world->port->sent->data[i] == (guint8) (i * 7));
}
END_TEST

START_TEST (sends_are_served_in_order)
{
  g_autoptr (World) world = world_new (TRUE);
  g_autoptr (Watch) watch = NULL;
  Sent sents[OUTBOX_MAX_CALLS + 1] = { 0 };

  world_make_ready (world);
  watch = connect_watched (world, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (sents); i++)
    send_bytes (watch, i + 1, &sents[i]);
  fake_port_settle ();
  expect_sent_error (&sents[OUTBOX_MAX_CALLS], MSSL_ERROR_LIMIT_EXCEEDED);
  sent_clear (&sents[OUTBOX_MAX_CALLS]);
  for (guint i = 0; i < OUTBOX_MAX_CALLS; i++) {
    confirm (world);
    ck_assert_uint_eq (sents[i].answers, 1);
    ck_assert_uint_eq (sents[i].confirmed, (i + 1) * (i + 2) / 2);
  }
}
END_TEST

START_TEST (send_refuses)
{
  g_autoptr (World) world = world_new (TRUE);
  g_autoptr (Watch) watch = NULL;
  g_auto (Sent) early = { 0 };
  g_auto (Sent) empty = { 0 };
  g_auto (Sent) large = { 0 };
  g_auto (Sent) late = { 0 };

  world_make_ready (world);
  watch = open_watched (world, NULL);
  send_bytes (watch, 1, &early);
  fake_port_settle ();
  expect_sent_error (&early, MSSL_ERROR_NOT_CONNECTED);
  fake_port_finish (world->port, FAKE_OPEN, 0, CLOSE_REASON_NONE);
  fake_port_settle ();
  send_bytes (watch, 0, &empty);
  send_bytes (watch, OUTBOX_CALL_MAX_BYTES + 1, &large);
  fake_port_settle ();
  expect_sent_error (&empty, MSSL_ERROR_INVALID_ARGUMENT);
  expect_sent_error (&large, MSSL_ERROR_INVALID_ARGUMENT);
  fake_port_tell_closed (world->port, 0, CLOSE_REASON_SERVER_CLOSED, 0);
  send_bytes (watch, 1, &late);
  fake_port_settle ();
  expect_sent_error (&late, MSSL_ERROR_NOT_CONNECTED);
  ck_assert_uint_eq (get_statistics (watch).bytes_sent, 0);
}
END_TEST

/* Bug class 8: the module says that the piece was not sent; nobody must believe that it was. */
START_TEST (bug_08_send_that_fails_ends_the_connection)
{
  g_autoptr (World) world = world_new (TRUE);
  g_autoptr (Watch) watch = NULL;
  g_auto (Sent) first = { 0 };
  g_auto (Sent) second = { 0 };

  world_make_ready (world);
  watch = connect_watched (world, NULL);
  send_bytes (watch, 2000, &first);
  send_bytes (watch, 5, &second);
  confirm (world);
  fake_port_finish (world->port, FAKE_SEND, 0, CLOSE_REASON_MODULE_ERROR);
  fake_port_settle ();
  expect_sent_error (&first, MSSL_ERROR_SEND_FAILED);
  expect_sent_error (&second, MSSL_ERROR_SEND_FAILED);
  ck_assert_uint_eq (get_statistics (watch).bytes_confirmed, 1024);
  fake_port_finish (world->port, FAKE_CLOSE, 0, CLOSE_REASON_NONE);
  fake_port_settle ();
  expect_end (watch, CLOSE_REASON_MODULE_ERROR, -1);
  /* Nothing was sent behind the hole. */
  ck_assert_uint_eq (world->port->sent->len, 2000);
}
END_TEST

START_TEST (bug_10_send_fails_beside_the_close)
{
  g_autoptr (World) world = world_new (TRUE);
  g_autoptr (Watch) watch = NULL;
  g_auto (Sent) sent = { 0 };

  world_make_ready (world);
  watch = connect_watched (world, NULL);
  send_bytes (watch, 5, &sent);
  fake_port_finish (world->port, FAKE_SEND, 0, CLOSE_REASON_CONNECT_FAILED);
  g_main_context_iteration (NULL, FALSE);
  fake_port_tell_closed (world->port, 0, CLOSE_REASON_SERVER_CLOSED, 0);
  fake_port_settle ();
  expect_sent_error (&sent, MSSL_ERROR_SEND_FAILED);
  expect_end (watch, CLOSE_REASON_SERVER_CLOSED, 0);
  ck_assert_uint_eq (world->port->calls[FAKE_CLOSE], 0);
}
END_TEST

START_TEST (close_fails_the_sends_that_wait)
{
  g_autoptr (World) world = world_new (TRUE);
  g_autoptr (Watch) watch = NULL;
  g_auto (Sent) first = { 0 };
  g_auto (Sent) second = { 0 };

  world_make_ready (world);
  watch = connect_watched (world, NULL);
  send_bytes (watch, 2000, &first);
  send_bytes (watch, 5, &second);
  connection_close (watch->connection, CLOSE_REASON_REQUESTED);
  fake_port_settle ();
  expect_sent_error (&first, MSSL_ERROR_SEND_FAILED);
  expect_sent_error (&second, MSSL_ERROR_SEND_FAILED);
  ck_assert_uint_lt (first.order, second.order);
  fake_port_finish (world->port, FAKE_SEND, 0, CLOSE_REASON_NONE); /* too late */
  fake_port_finish (world->port, FAKE_CLOSE, 0, CLOSE_REASON_NONE);
  fake_port_settle ();
  expect_end (watch, CLOSE_REASON_REQUESTED, 0);
}
END_TEST

/* -- receiving -- */

static void
on_received (GObject *source, GAsyncResult *result, gpointer user_data)
{
  gboolean *ret_eof = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) data = inbox_receive_finish (result, ret_eof, &error);

  ck_assert_ptr_nonnull (data);
}

/* Bug class 2: data and close arrive in one read. */
START_TEST (bug_02_data_and_close_together)
{
  g_autoptr (World) world = world_new (TRUE);
  g_autoptr (Watch) watch = NULL;
  gboolean eof = FALSE;

  world_make_ready (world);
  watch = connect_watched (world, NULL);
  fake_port_tell_received (world->port, 0, "last words", 10);
  fake_port_tell_closed (world->port, 0, CLOSE_REASON_SERVER_CLOSED, 0);
  expect_end (watch, CLOSE_REASON_SERVER_CLOSED, 0);
  connection_receive_async (watch->connection, 0, 100, 0, on_received, &eof);
  fake_port_settle ();
  ck_assert (eof);
  ck_assert_uint_eq (get_statistics (watch).bytes_delivered, 10);
}
END_TEST

static void
fill (World *world, Watch *watch)
{
  static const guint8 block[1400];

  while (get_statistics (watch).buffered_bytes + sizeof (block) <= INBOX_MAX_BYTES
         && connection_get_state (watch->connection) == CONNECTION_CONNECTED)
    fake_port_tell_received (world->port, 0, block, sizeof (block));
}

/* Bug class 7: a buffer fills and bytes are dropped in the middle of a stream. */
START_TEST (bug_07_overflow_closes)
{
  static const guint8 block[1400];
  g_autoptr (World) world = world_new (TRUE);
  g_autoptr (Watch) watch = NULL;
  gboolean eof = FALSE;
  guint64 kept;

  world_make_ready (world);
  watch = connect_watched (world, NULL);
  fill (world, watch);
  kept = get_statistics (watch).bytes_received;
  fake_port_tell_received (world->port, 0, block, sizeof (block));
  ck_assert_int_eq (connection_get_state (watch->connection), CONNECTION_CLOSING);
  fake_port_tell_received (world->port, 0, block, 1);
  fake_port_finish (world->port, FAKE_CLOSE, 0, CLOSE_REASON_NONE);
  fake_port_settle ();
  expect_end (watch, CLOSE_REASON_OVERFLOW, 0);
  connection_receive_async (watch->connection, 0, INBOX_MAX_BYTES, 0, on_received, &eof);
  fake_port_settle ();
  ck_assert (eof);
  ck_assert_uint_eq (get_statistics (watch).bytes_delivered, kept);
}
END_TEST

typedef struct {
  guint64 pushed;
  guint probes;
} Receiver;

static void
deliver (guint64 offset, GBytes *data, gpointer user_data)
{
  Receiver *receiver = user_data;

  ck_assert_uint_eq (offset, receiver->pushed);
  receiver->pushed += g_bytes_get_size (data);
}

static void
probe (gpointer user_data)
{
  ((Receiver *) user_data)->probes++;
}

static const InboxSink sink = { deliver, probe };

static void
start_receiving (Watch *watch, Receiver *receiver)
{
  ck_assert (connection_set_sink (watch->connection, &sink, receiver, NULL));
  ck_assert_int_eq (connection_get_receive_mode (watch->connection), RECEIVE_MODE_SIGNALS);
  connection_deliver (watch->connection);
}

START_TEST (closed_is_held_until_all_is_handed_out)
{
  g_autoptr (World) world = world_new (TRUE);
  g_autoptr (Watch) watch = NULL;
  Receiver receiver = { 0 };

  world_make_ready (world);
  watch = connect_watched (world, NULL);
  start_receiving (watch, &receiver);
  fill (world, watch);
  fake_port_tell_closed (world->port, 0, CLOSE_REASON_SERVER_CLOSED, 0);
  ck_assert_int_eq (connection_get_state (watch->connection), CONNECTION_CLOSING);
  /* The slot does not wait for a slow client. */
  ck_assert (module_has_free_slot (world->module));
  while (watch->closed == 0)
    connection_acknowledge (watch->connection);
  expect_end (watch, CLOSE_REASON_SERVER_CLOSED, 0);
  ck_assert_uint_eq (receiver.pushed, get_statistics (watch).bytes_received);
}
END_TEST

START_TEST (a_receiver_that_is_still_for_60_s)
{
  g_autoptr (World) world = world_new (TRUE);
  g_autoptr (Watch) watch = NULL;
  Receiver receiver = { 0 };

  world_make_ready (world);
  watch = connect_watched (world, NULL);
  start_receiving (watch, &receiver);
  fill (world, watch);
  fake_port_tell_closed (world->port, 0, CLOSE_REASON_SERVER_CLOSED, 0);
  world_advance (world, INBOX_PATIENCE_MS - 1);
  ck_assert_uint_eq (watch->closed, 0);
  world_advance (world, 1);
  expect_end (watch, CLOSE_REASON_OVERFLOW, 0);
  connection_acknowledge (watch->connection);
  expect_slot_free (world);
}
END_TEST

START_TEST (release_does_not_wait_for_the_receiver)
{
  g_autoptr (World) world = world_new (TRUE);
  g_autoptr (Watch) watch = NULL;
  Receiver receiver = { 0 };

  world_make_ready (world);
  watch = connect_watched (world, NULL);
  start_receiving (watch, &receiver);
  fill (world, watch);
  fake_port_tell_closed (world->port, 0, CLOSE_REASON_SERVER_CLOSED, 0);
  connection_release (watch->connection);
  expect_end (watch, CLOSE_REASON_SERVER_CLOSED, 0);
  ck_assert_uint_eq (watch->released, 1);
}
END_TEST

/* -- owner, idle, release -- */

START_TEST (owner_left)
{
  g_autoptr (World) world = world_new (TRUE);
  g_autoptr (Watch) watch = NULL;

  world_make_ready (world);
  watch = connect_watched (world, NULL);
  connection_owner_left (watch->connection);
  ck_assert_uint_eq (watch->released, 0);
  fake_port_finish (world->port, FAKE_CLOSE, 0, CLOSE_REASON_NONE);
  fake_port_settle ();
  expect_end (watch, CLOSE_REASON_OWNER_LEFT, 0);
  ck_assert_uint_eq (watch->released, 1);
  ck_assert_uint_eq (manager_get_connections (world->manager)->len, 0);
  ck_assert_uint_eq (fake_clock_count (world->clock), 0);
}
END_TEST

START_TEST (owner_left_after_the_end)
{
  g_autoptr (World) world = world_new (TRUE);
  g_autoptr (Watch) watch = NULL;

  world_make_ready (world);
  watch = connect_watched (world, NULL);
  fake_port_tell_closed (world->port, 0, CLOSE_REASON_SERVER_CLOSED, 0);
  connection_owner_left (watch->connection);
  expect_end (watch, CLOSE_REASON_SERVER_CLOSED, 0);
  ck_assert_uint_eq (watch->released, 1);
}
END_TEST

START_TEST (persist_outlives_its_owner)
{
  g_autoptr (World) world = world_new (TRUE);
  g_autoptr (Watch) watch = NULL;

  world_make_ready (world);
  watch = connect_watched (world, "{'persist': <true>}");
  connection_owner_left (watch->connection);
  fake_port_settle ();
  ck_assert_int_eq (connection_get_state (watch->connection), CONNECTION_CONNECTED);
  world_advance (world, 300 * 1000 - 1);
  ck_assert_int_eq (connection_get_state (watch->connection), CONNECTION_CONNECTED);
  world_advance (world, 1);
  fake_port_finish (world->port, FAKE_CLOSE, 0, CLOSE_REASON_NONE);
  fake_port_settle ();
  expect_end (watch, CLOSE_REASON_IDLE_TIMEOUT, 0);
  world_advance (world, CONNECTION_LINGER_MS);
  ck_assert_uint_eq (watch->released, 1);
}
END_TEST

START_TEST (idle_counts_from_the_last_byte)
{
  g_autoptr (World) world = world_new (TRUE);
  g_autoptr (Watch) watch = NULL;
  g_auto (Sent) sent = { 0 };

  world_make_ready (world);
  watch = connect_watched (world, "{'idle-timeout': <uint32 10>}");
  world_advance (world, 9000);
  fake_port_tell_received (world->port, 0, "x", 1);
  world_advance (world, 9000);
  send_bytes (watch, 1, &sent);
  world_advance (world, 9000);
  confirm (world);
  world_advance (world, 9999);
  ck_assert_int_eq (connection_get_state (watch->connection), CONNECTION_CONNECTED);
  world_advance (world, 1);
  ck_assert_int_eq (connection_get_state (watch->connection), CONNECTION_CLOSING);
  fake_port_finish (world->port, FAKE_CLOSE, 0, CLOSE_REASON_NONE);
  fake_port_settle ();
  expect_end (watch, CLOSE_REASON_IDLE_TIMEOUT, 0);
}
END_TEST

START_TEST (no_idle_timeout_no_timer)
{
  g_autoptr (World) world = world_new (TRUE);
  g_autoptr (Watch) watch = NULL;

  world_make_ready (world);
  watch = connect_watched (world, NULL);
  ck_assert_uint_eq (fake_clock_count (world->clock), 0);
}
END_TEST

START_TEST (released_60_s_after_the_end)
{
  g_autoptr (World) world = world_new (TRUE);
  g_autoptr (Watch) watch = NULL;

  world_make_ready (world);
  watch = connect_watched (world, NULL);
  fake_port_tell_closed (world->port, 0, CLOSE_REASON_SERVER_CLOSED, 0);
  world_advance (world, CONNECTION_LINGER_MS - 1);
  ck_assert_uint_eq (watch->released, 0);
  world_advance (world, 1);
  ck_assert_uint_eq (watch->released, 1);
  connection_release (watch->connection);
}
END_TEST

START_TEST (release_closes)
{
  g_autoptr (World) world = world_new (TRUE);
  g_autoptr (Watch) watch = NULL;

  world_make_ready (world);
  watch = open_watched (world, NULL);
  fake_port_settle ();
  connection_release (watch->connection);
  connection_release (watch->connection);
  ck_assert_uint_eq (watch->released, 0);
  fake_port_finish (world->port, FAKE_CLOSE, 0, CLOSE_REASON_NONE);
  fake_port_settle ();
  expect_end (watch, CLOSE_REASON_REQUESTED, 0);
  ck_assert_uint_eq (watch->released, 1);
}
END_TEST

START_TEST (release_before_the_open_began)
{
  g_autoptr (World) world = world_new (TRUE);
  g_autoptr (Watch) watch = NULL;

  world_make_ready (world);
  watch = open_watched (world, NULL);
  connection_release (watch->connection);
  expect_end (watch, CLOSE_REASON_REQUESTED, 0);
  ck_assert_uint_eq (watch->released, 1);
}
END_TEST

static void
add_state_tests (TCase *tcase)
{
  tcase_add_test (tcase, the_plain_way);
  tcase_add_loop_test (tcase, an_open_that_fails, 0, G_N_ELEMENTS (failures));
  tcase_add_test (tcase, closed_before_its_open_began);
  tcase_add_test (tcase, closed_while_opening);
  tcase_add_test (tcase, bug_10_close_after_the_end_and_twice);
  tcase_add_test (tcase, bug_10_server_closes_while_we_close);
  tcase_add_test (tcase, bug_15_module_lost);
  tcase_add_test (tcase, module_lost_while_closing);
  tcase_add_test (tcase, module_restarted);
}

static void
add_send_tests (TCase *tcase)
{
  tcase_add_test (tcase, send_answers_with_the_last_piece);
  tcase_add_test (tcase, sends_are_served_in_order);
  tcase_add_test (tcase, send_refuses);
  tcase_add_test (tcase, bug_08_send_that_fails_ends_the_connection);
  tcase_add_test (tcase, bug_10_send_fails_beside_the_close);
  tcase_add_test (tcase, close_fails_the_sends_that_wait);
}

static void
add_receive_tests (TCase *tcase)
{
  tcase_add_test (tcase, bug_02_data_and_close_together);
  tcase_add_test (tcase, bug_07_overflow_closes);
  tcase_add_test (tcase, closed_is_held_until_all_is_handed_out);
  tcase_add_test (tcase, a_receiver_that_is_still_for_60_s);
  tcase_add_test (tcase, release_does_not_wait_for_the_receiver);
}

static void
add_release_tests (TCase *tcase)
{
  tcase_add_test (tcase, owner_left);
  tcase_add_test (tcase, owner_left_after_the_end);
  tcase_add_test (tcase, persist_outlives_its_owner);
  tcase_add_test (tcase, idle_counts_from_the_last_byte);
  tcase_add_test (tcase, no_idle_timeout_no_timer);
  tcase_add_test (tcase, released_60_s_after_the_end);
  tcase_add_test (tcase, release_closes);
  tcase_add_test (tcase, release_before_the_open_began);
}

int
main (void)
{
  Suite *suite = suite_create ("connection");
  TCase *tcase = tcase_create ("connection");
  SRunner *runner = srunner_create (suite);
  int failed;

  add_state_tests (tcase);
  add_send_tests (tcase);
  add_receive_tests (tcase);
  add_release_tests (tcase);
  suite_add_tcase (suite, tcase);
  srunner_run_all (runner, CK_ENV);
  failed = srunner_ntests_failed (runner);
  srunner_free (runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
