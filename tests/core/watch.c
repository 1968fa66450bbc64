/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The handlers of what a connection tells, and the checks on what they have seen.
 */
#include "watch.h"

#include <check.h>
#include <string.h>

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

Watch *
watch_new (Connection *connection)
{
  Watch *watch = g_new0 (Watch, 1);

  watch->connection = g_object_ref (connection);
  g_signal_connect (connection, "changed", G_CALLBACK (on_changed), watch);
  g_signal_connect (connection, "closed", G_CALLBACK (on_closed), watch);
  g_signal_connect (connection, "released", G_CALLBACK (on_released), watch);
  return watch;
}

void
watch_free (Watch *watch)
{
  ck_assert_uint_le (watch->closed, 1);
  ck_assert_uint_le (watch->released, 1);
  g_signal_handlers_disconnect_by_data (watch->connection, watch);
  g_object_unref (watch->connection);
  g_free (watch);
}

Watch *
watch_open (World *world, const char *options)
{
  g_autoptr (GError) error = NULL;
  Connection *connection = world_open (world, options, &error);

  ck_assert_msg (error == NULL, "%s", error != NULL ? error->message : "");
  return watch_new (connection);
}

Watch *
watch_connect (World *world, const char *options)
{
  return watch_new (world_connect (world, options));
}

void
watch_expect_end (Watch *watch, CloseReason reason, int code)
{
  ck_assert_uint_eq (watch->closed, 1);
  ck_assert_str_eq (close_reason_get_name (connection_get_close_reason (watch->connection)),
                    close_reason_get_name (reason));
  ck_assert_int_eq (connection_get_close_code (watch->connection), code);
}

void
watch_expect_slot_free (World *world)
{
  g_autoptr (GArray) holders = module_list_holders (world->module);

  ck_assert_uint_eq (holders->len, 0);
  ck_assert (!context_is_used (world->context));
}

ConnectionStatistics
watch_get_statistics (Watch *watch)
{
  ConnectionStatistics statistics;

  connection_get_statistics (watch->connection, &statistics);
  return statistics;
}

static void
on_sent (GObject *source, GAsyncResult *result, gpointer user_data)
{
  static guint answers;
  WatchSend *sent = user_data;

  sent->answers++;
  sent->order = ++answers;
  connection_send_finish (MSSL_CONNECTION (source), result, &sent->confirmed, &sent->error);
}

void
watch_send_clear (WatchSend *sent)
{
  g_clear_error (&sent->error);
}

void
watch_send (Watch *watch, gsize size, WatchSend *sent)
{
  g_autofree guint8 *data = g_malloc (size + 1);
  g_autoptr (GBytes) bytes = NULL;

  for (gsize i = 0; i < size; i++)
    data[i] = i * 7;
  bytes = g_bytes_new (data, size);
  connection_send_async (watch->connection, bytes, on_sent, sent);
}

void
watch_send_expect_error (const WatchSend *sent, MsslError code)
{
  ck_assert_uint_eq (sent->answers, 1);
  ck_assert (g_error_matches (sent->error, MSSL_ERROR, code));
}
