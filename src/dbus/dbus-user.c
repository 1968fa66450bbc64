/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A call that waits until the bus has told whose it is.
 */
#include "dbus-user.h"

#include "dbus-error.h"

typedef struct {
  GDBusMethodInvocation *invocation;
  DBusUserFunc func;
  gpointer user_data;
  GCancellable *freed;
} Call;

static void
call_free (Call *call)
{
  g_object_unref (call->freed);
  g_free (call);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Call, call_free)

static void
on_uid (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Call) call = user_data;
  GError *error = NULL;
  guint uid;

  if (dbus_clients_lookup_finish (result, &uid, &error)
      && !g_cancellable_set_error_if_cancelled (call->freed, &error))
    call->func (call->invocation, uid, call->user_data);
  else
    dbus_error_return (call->invocation, error);
}

void
dbus_user_find (DBusClients *clients, GDBusMethodInvocation *invocation, DBusUserFunc func,
                gpointer user_data, GCancellable *freed)
{
  const char *sender = g_dbus_method_invocation_get_sender (invocation);
  Call *call;
  guint uid;

  if (dbus_clients_get_uid (clients, sender, &uid)) {
    func (invocation, uid, user_data);
    return;
  }
  call = g_new (Call, 1);
  *call = (Call){ invocation, func, user_data, g_object_ref (freed) };
  dbus_clients_lookup_async (clients, sender, on_uid, call);
}
