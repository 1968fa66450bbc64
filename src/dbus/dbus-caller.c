/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The rule, and the wait for the caller's user id where the rule needs it.
 */
#include "dbus-caller.h"

#include "dbus-error.h"
#include "mssl-error.h"

typedef struct {
  GDBusMethodInvocation *invocation;
  Connection *connection;
  DBusCallerFunc func;
  gpointer adapter;
  GDestroyNotify free_adapter;
} Check;

static void
check_free (Check *check)
{
  g_object_unref (check->connection);
  check->free_adapter (check->adapter);
  g_free (check);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Check, check_free)

/* One that persists may be older than the bus, which then gives the name of its owner to anybody: only the
 * user counts. */
static gboolean
is_owner (Connection *connection, const char *sender)
{
  return !connection_get_config (connection)->persist
         && g_strcmp0 (sender, connection_get_owner (connection)) == 0;
}

static gboolean
may_use (Connection *connection, guint uid)
{
  const ConnectionConfig *config = connection_get_config (connection);

  if (uid == 0)
    return TRUE;
  return config->persist && uid == config->owner_uid;
}

static void
decide (const Check *check, guint uid)
{
  if (may_use (check->connection, uid)) {
    check->func (check->invocation, check->connection, check->adapter);
    return;
  }
  dbus_error_return (check->invocation,
                     g_error_new (MSSL_ERROR, MSSL_ERROR_ACCESS_DENIED,
                                  "Connection %" G_GUINT64_FORMAT " belongs to another %s",
                                  connection_get_number (check->connection),
                                  connection_get_config (check->connection)->persist ? "user" : "client"));
}

static void
on_uid (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Check) check = user_data;
  GError *error = NULL;
  guint uid;

  if (dbus_clients_lookup_finish (result, &uid, &error))
    decide (check, uid);
  else
    dbus_error_return (check->invocation, error);
}

void
dbus_caller_check (DBusClients *clients, GDBusMethodInvocation *invocation, Connection *connection,
                   DBusCallerFunc func, gpointer adapter, GDestroyNotify free_adapter)
{
  const char *sender = g_dbus_method_invocation_get_sender (invocation);
  Check *check;
  guint uid;

  if (is_owner (connection, sender)) {
    func (invocation, connection, adapter);
    free_adapter (adapter);
    return;
  }
  check = g_new (Check, 1);
  *check = (Check){ invocation, g_object_ref (connection), func, adapter, free_adapter };
  if (dbus_clients_get_uid (clients, sender, &uid)) {
    g_autoptr (Check) now = check;

    decide (now, uid);
    return;
  }
  dbus_clients_lookup_async (clients, sender, on_uid, check);
}
