/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * An open is served when the caller's user id is known; by then the caller's leaving is watched for too.
 */
#include "dbus-open.h"

#include "dbus-connection.h"
#include "dbus-error.h"

struct DBusOpen {
  Manager *manager;
  DBusClients *clients;
};

typedef struct {
  DBusOpen *self;
  GDBusMethodInvocation *invocation;
  Context *context;
} Call;

static void
call_free (Call *call)
{
  g_object_unref (call->context);
  g_free (call);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Call, call_free)

static void
serve (const Call *call, guint uid)
{
  GDBusMethodInvocation *invocation = call->invocation;
  g_autoptr (GVariant) options = NULL;
  g_autofree char *path = NULL;
  GError *error = NULL;
  Connection *connection;
  const char *host;
  guint16 port;

  g_variant_get (g_dbus_method_invocation_get_parameters (invocation), "(&sq@a{sv})", &host, &port, &options);
  connection = manager_open (call->self->manager, call->context, host, port, options,
                             g_dbus_method_invocation_get_sender (invocation), uid, &error);
  if (connection == NULL) {
    dbus_error_return (invocation, error);
    return;
  }
  path = dbus_connection_make_path (connection_get_number (connection));
  g_dbus_method_invocation_return_value (invocation, g_variant_new ("(o)", path));
}

static void
on_uid (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Call) call = user_data;
  GError *error = NULL;
  guint uid;

  if (dbus_clients_lookup_finish (result, &uid, &error))
    serve (call, uid);
  else
    dbus_error_return (call->invocation, error);
}

void
dbus_open_handle (GDBusMethodInvocation *invocation, MsslDBusContext *skeleton, Context *context,
                  const char *host, guint16 port, GVariant *options, gpointer user_data)
{
  DBusOpen *self = user_data;
  Call *call = g_new (Call, 1);

  *call = (Call){ self, invocation, g_object_ref (context) };
  dbus_clients_lookup_async (self->clients, g_dbus_method_invocation_get_sender (invocation), on_uid, call);
}

DBusOpen *
dbus_open_new (Manager *manager, DBusClients *clients)
{
  DBusOpen *self = g_new (DBusOpen, 1);

  *self = (DBusOpen){ manager, clients };
  return self;
}

void
dbus_open_free (DBusOpen *self)
{
  g_free (self);
}
