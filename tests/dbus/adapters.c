/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the daemon puts together, without the modules.
 */
#include "adapters.h"

#include <string.h>

#include "mssl-names.h"
#include "scratch.h"

static void
must (gconstpointer made, GError *error)
{
  if (made == NULL)
    g_error ("%s", error != NULL ? error->message : "nothing was made");
}

static void
on_open (GDBusMethodInvocation *invocation, MsslDBusContext *skeleton, Context *context, const char *host,
         guint16 port, GVariant *options, gpointer user_data)
{
  g_autofree char *path = g_strdup_printf (MSSL_PATH_CONNECTIONS "/%s_%s_%u_%zu", context_get_name (context),
                                           host, port, g_variant_n_children (options));

  mssl_dbus_context_complete_open (skeleton, invocation, path);
}

static void
on_erase (DBusCredentialErasedFunc done, gpointer done_data, gpointer user_data)
{
  Adapters *self = user_data;

  if (!self->hold_erasure) {
    done (done_data);
    return;
  }
  self->erased = done;
  self->erased_data = done_data;
}

static void
on_signal (GDBusConnection *connection, const char *sender, const char *path, const char *interface,
           const char *member, GVariant *arguments, gpointer signals)
{
  g_autofree char *text = g_variant_print (arguments, FALSE);

  g_ptr_array_add (signals, g_strdup_printf ("%s %s %s", path, member, text));
}

static void
open_stores (Adapters *self)
{
  g_autoptr (GError) error = NULL;

  self->dir = state_dir_open (self->path, &error);
  must (self->dir, error);
  self->ledger = ledger_new (self->dir, NULL);
  self->credentials = credential_store_new (self->dir, self->ledger, NULL);
  self->contexts = context_store_new (self->dir, self->credentials, NULL);
}

static void
on_left (const char *name, gpointer user_data)
{
}

static void
export_all (Adapters *self)
{
  g_autoptr (MsslDBusObjectSkeleton) object = mssl_dbus_object_skeleton_new (MSSL_PATH "/manager");

  self->objects = g_dbus_object_manager_server_new (MSSL_PATH);
  self->clients = dbus_clients_new (self->bus->connection, on_left, NULL);
  self->manager = mssl_dbus_manager_skeleton_new ();
  self->dbus_context = dbus_context_new (self->contexts, self->objects, self->clients, on_open, self);
  self->dbus_credential =
      dbus_credential_new (self->credentials, self->contexts, self->objects, self->clients, on_erase, self);
  g_object_connect (self->manager, "signal::handle-create-context", dbus_context_handle_create,
                    self->dbus_context, "signal::handle-get-context", dbus_context_handle_get,
                    self->dbus_context, "signal::handle-get-contexts", dbus_context_handle_list,
                    self->dbus_context, "signal::handle-import-credential", dbus_credential_handle_import,
                    self->dbus_credential, "signal::handle-get-credential", dbus_credential_handle_get,
                    self->dbus_credential, "signal::handle-get-credentials", dbus_credential_handle_list,
                    self->dbus_credential, NULL);
  mssl_dbus_object_skeleton_set_manager (object, self->manager);
  g_dbus_object_manager_server_export (self->objects, G_DBUS_OBJECT_SKELETON (object));
  g_dbus_object_manager_server_set_connection (self->objects, self->bus->connection);
}

/** The shipped policy speaks of the name, not of whoever owns it. */
static void
own_name (Adapters *self)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = g_dbus_connection_call_sync (
      self->bus->connection, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
      "RequestName", g_variant_new ("(su)", MSSL_BUS_NAME, 0), NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL,
      &error);

  must (reply, error);
}

Adapters *
adapters_new (void)
{
  Adapters *self = g_new0 (Adapters, 1);

  self->path = scratch_new ();
  self->signals = g_ptr_array_new_with_free_func (g_free);
  self->bus = bus_new ();
  self->client = bus_connect (self->bus, NULL);
  open_stores (self);
  export_all (self);
  own_name (self);
  g_dbus_connection_signal_subscribe (self->client, MSSL_BUS_NAME, NULL, NULL, NULL, NULL,
                                      G_DBUS_SIGNAL_FLAGS_NONE, on_signal, self->signals, NULL);
  return self;
}

static void
close_stores (Adapters *self)
{
  context_store_free (self->contexts);
  credential_store_free (self->credentials);
  ledger_free (self->ledger);
  state_dir_free (self->dir);
}

void
adapters_free (Adapters *self)
{
  g_clear_pointer (&self->dbus_credential, dbus_credential_free);
  g_clear_pointer (&self->dbus_context, dbus_context_free);
  g_clear_pointer (&self->clients, dbus_clients_free);
  g_object_unref (self->objects);
  g_object_unref (self->manager);
  close_stores (self);
  g_dbus_connection_close_sync (self->client, NULL, NULL);
  g_object_unref (self->client);
  bus_free (self->bus);
  g_ptr_array_unref (self->signals);
  scratch_free (self->path);
  g_free (self);
}

static void
on_result (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GAsyncResult **ret_result = user_data;

  *ret_result = g_object_ref (result);
}

void
adapters_call_async (Adapters *self, const char *path, const char *method, GVariant *arguments,
                     GUnixFDList *fds, GAsyncResult **ret_result)
{
  const char *prefix = g_str_has_prefix (method, "org.") ? "" : MSSL_BUS_NAME ".";
  g_autofree char *full = g_strconcat (prefix, method, NULL);
  char *dot = strrchr (full, '.');

  *dot = '\0';
  *ret_result = NULL;
  g_dbus_connection_call_with_unix_fd_list (self->client, MSSL_BUS_NAME, path, full, dot + 1, arguments, NULL,
                                            G_DBUS_CALL_FLAGS_NONE, -1, fds, NULL, on_result, ret_result);
}

GVariant *
adapters_wait (Adapters *self, GAsyncResult **result, GError **error)
{
  g_autoptr (GAsyncResult) taken = NULL;

  while (*result == NULL)
    g_main_context_iteration (NULL, TRUE);
  taken = g_steal_pointer (result);
  return g_dbus_connection_call_with_unix_fd_list_finish (self->client, NULL, taken, error);
}

GVariant *
adapters_call (Adapters *self, const char *path, const char *method, GVariant *arguments, GError **error)
{
  GAsyncResult *result;

  adapters_call_async (self, path, method, arguments, NULL, &result);
  return adapters_wait (self, &result, error);
}

static char *
describe_error (GError *error)
{
  g_autofree char *name = g_dbus_error_get_remote_error (error);
  const char *short_name =
      g_str_has_prefix (name, MSSL_ERROR_PREFIX) ? name + strlen (MSSL_ERROR_PREFIX) : name;

  g_dbus_error_strip_remote_error (error);
  return g_strdup_printf ("%s: %s", short_name, error->message);
}

char *
adapters_ask (Adapters *self, const char *path, const char *method, GVariant *arguments)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = adapters_call (self, path, method, arguments, &error);

  return reply != NULL ? g_variant_print (reply, FALSE) : describe_error (error);
}

char *
adapters_get (Adapters *self, const char *path, const char *property)
{
  g_autofree char *interface = g_strconcat (MSSL_BUS_NAME ".", property, NULL);
  char *dot = strrchr (interface, '.');
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GVariant) value = NULL;

  *dot = '\0';
  reply = adapters_call (self, path, "org.freedesktop.DBus.Properties.Get",
                         g_variant_new ("(ss)", interface, dot + 1), NULL);
  if (reply == NULL)
    return NULL;
  g_variant_get (reply, "(v)", &value);
  return g_variant_print (value, FALSE);
}

gboolean
adapters_saw (Adapters *self, const char *text)
{
  /* What was sent before the reply to this comes before it. */
  g_free (adapters_ask (self, MSSL_PATH "/manager", "org.freedesktop.DBus.Peer.Ping", NULL));
  for (guint i = 0; i < self->signals->len; i++) {
    if (strstr (self->signals->pdata[i], text) != NULL)
      return TRUE;
  }
  return FALSE;
}
