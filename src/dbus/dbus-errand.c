/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See dbus-errand.h. Each call waits for the caller's user id, then for the module.
 */
#include "dbus-errand.h"

#include <unistd.h>

#include "dbus-error.h"
#include "mssl-error.h"

typedef struct {
  Module *module;
  DBusClients *clients;
} Server;

typedef struct {
  MsslDBusModule *skeleton;
  Module *module;
  GDBusMethodInvocation *invocation;
  char *command; /* NULL: a reset */
  guint timeout_ms;
} Call;

static void
call_free (Call *call)
{
  g_object_unref (call->skeleton);
  g_object_unref (call->module);
  g_free (call->command);
  g_free (call);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Call, call_free)

static void
on_reset (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Call) call = user_data;
  GError *error = NULL;

  if (module_reset_finish (call->module, result, &error))
    mssl_dbus_module_complete_reset (call->skeleton, call->invocation);
  else
    dbus_error_return (call->invocation, error);
}

static void
on_answered (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Call) call = user_data;
  GError *error = NULL;
  g_auto (GStrv) lines = module_send_command_finish (call->module, result, &error);

  if (lines == NULL) {
    dbus_error_return (call->invocation, error);
    return;
  }
  for (guint i = 0; lines[i] != NULL; i++) {
    char *valid = g_utf8_make_valid (lines[i], -1);

    g_free (lines[i]);
    lines[i] = valid;
  }
  mssl_dbus_module_complete_send_command (call->skeleton, call->invocation, (const char *const *) lines);
}

/** @call: taken. */
static void
run (Call *call)
{
  if (call->command == NULL)
    module_reset_async (call->module, on_reset, call);
  else
    module_send_command_async (call->module, call->command, call->timeout_ms, on_answered, call);
}

static void
decide (Call *call, guint uid)
{
  g_autoptr (Call) refused = NULL;

  if (uid == 0 || uid == geteuid ()) {
    run (call);
    return;
  }
  refused = call;
  dbus_error_return (refused->invocation,
                     g_error_new (MSSL_ERROR, MSSL_ERROR_ACCESS_DENIED, "Only root may do this"));
}

static void
on_uid (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Call *call = user_data;
  GError *error = NULL;
  guint uid;

  if (dbus_clients_lookup_finish (result, &uid, &error)) {
    decide (call, uid);
    return;
  }
  dbus_error_return (call->invocation, error);
  call_free (call);
}

static gboolean
begin (const Server *server, MsslDBusModule *skeleton, GDBusMethodInvocation *invocation, const char *command,
       guint timeout_ms)
{
  const char *sender = g_dbus_method_invocation_get_sender (invocation);
  Call *call = g_new (Call, 1);
  guint uid;

  *call = (Call){ g_object_ref (skeleton), g_object_ref (server->module), invocation, g_strdup (command),
                  timeout_ms };
  if (dbus_clients_get_uid (server->clients, sender, &uid))
    decide (call, uid);
  else
    dbus_clients_lookup_async (server->clients, sender, on_uid, call);
  return TRUE;
}

static gboolean
handle_reset (MsslDBusModule *skeleton, GDBusMethodInvocation *invocation, gpointer user_data)
{
  return begin (user_data, skeleton, invocation, NULL, 0);
}

static gboolean
handle_send_command (MsslDBusModule *skeleton, GDBusMethodInvocation *invocation, const char *command,
                     guint timeout_ms, gpointer user_data)
{
  return begin (user_data, skeleton, invocation, command, timeout_ms);
}

static void
server_free (gpointer data, GClosure *closure)
{
  Server *server = data;

  g_object_unref (server->module);
  g_free (server);
}

static Server *
server_new (Module *module, DBusClients *clients)
{
  Server *server = g_new (Server, 1);

  *server = (Server){ g_object_ref (module), clients };
  return server;
}

void
dbus_errand_serve (MsslDBusModule *skeleton, Module *module, DBusClients *clients)
{
  g_signal_connect_data (skeleton, "handle-reset", G_CALLBACK (handle_reset), server_new (module, clients),
                         server_free, 0);
  g_signal_connect_data (skeleton, "handle-send-command", G_CALLBACK (handle_send_command),
                         server_new (module, clients), server_free, 0);
}
