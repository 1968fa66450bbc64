/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Puts the adapters together. The order is what counts: objects are there before the name is asked for.
 */
#include "dbus-service.h"

#include "dbus-clients.h"
#include "dbus-connection.h"
#include "dbus-context.h"
#include "dbus-credential.h"
#include "dbus-manager.h"
#include "dbus-module.h"
#include "dbus-open.h"
#include "mssl-names.h"

struct DBusService {
  GDBusConnection *bus;
  Manager *manager;
  GDBusObjectManagerServer *objects;
  DBusClients *clients;
  DBusOpen *open;
  DBusContext *contexts;
  DBusCredential *credentials;
  GHashTable *modules;     /* Module -> DBusModule */
  GHashTable *connections; /* Connection -> DBusConnection */
  DBusManager *root;

  guint name_id;
  DBusServiceNameFunc name_func;
  gpointer name_data;
};

static void
add_connection (Connection *connection, gpointer user_data)
{
  DBusService *self = user_data;

  g_hash_table_insert (self->connections, connection,
                       dbus_connection_new (connection, self->objects, self->bus, self->clients));
}

static void
remove_connection (Connection *connection, gpointer user_data)
{
  DBusService *self = user_data;

  g_hash_table_remove (self->connections, connection);
}

static void
add_module (Module *module, gpointer user_data)
{
  DBusService *self = user_data;

  g_hash_table_insert (self->modules, module, dbus_module_new (module, self->objects, self->clients));
}

static void
remove_module (Module *module, gpointer user_data)
{
  DBusService *self = user_data;

  g_hash_table_remove (self->modules, module);
}

static void
update_missing (gpointer user_data)
{
  DBusService *self = user_data;

  dbus_manager_update_missing (self->root);
}

static const ManagerListener manager_listener = {
  add_connection, remove_connection, add_module, remove_module, update_missing,
};

static void
on_client_left (const char *name, gpointer user_data)
{
  DBusService *self = user_data;
  g_autoptr (GList) connections = g_hash_table_get_keys (self->connections);

  for (GList *link = connections; link != NULL; link = link->next) {
    /* One that leaves may take only its own along, but each look is at what is there now. */
    DBusConnection *connection = g_hash_table_lookup (self->connections, link->data);

    if (connection != NULL)
      dbus_connection_client_left (connection, name);
  }
}

typedef struct {
  DBusCredentialErasedFunc done;
  gpointer done_data;
} Erasure;

static void
on_erased (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autofree Erasure *erasure = user_data;

  manager_erase_credentials_finish (result, NULL);
  erasure->done (erasure->done_data);
}

static void
erase_credentials (DBusCredentialErasedFunc done, gpointer done_data, gpointer user_data)
{
  DBusService *self = user_data;
  Erasure *erasure = g_new (Erasure, 1);

  *erasure = (Erasure){ done, done_data };
  manager_erase_credentials_async (self->manager, on_erased, erasure);
}

static void
export_modules (DBusService *self)
{
  GPtrArray *modules = manager_get_modules (self->manager);

  for (guint i = 0; i < modules->len; i++)
    add_module (modules->pdata[i], self);
}

static void
export_connections (DBusService *self)
{
  GPtrArray *connections = manager_get_connections (self->manager);

  for (guint i = 0; i < connections->len; i++)
    add_connection (connections->pdata[i], self);
}

DBusService *
dbus_service_new (GDBusConnection *bus, Manager *manager, GError **error)
{
  g_autoptr (DBusService) self = g_new0 (DBusService, 1);

  self->bus = g_object_ref (bus);
  self->manager = manager;
  self->objects = g_dbus_object_manager_server_new (MSSL_PATH);
  self->clients = dbus_clients_new (bus, on_client_left, self);
  self->open = dbus_open_new (manager, self->clients);
  self->modules = g_hash_table_new_full (NULL, NULL, NULL, (GDestroyNotify) dbus_module_free);
  self->connections = g_hash_table_new_full (NULL, NULL, NULL, (GDestroyNotify) dbus_connection_free);
  g_dbus_object_manager_server_set_connection (self->objects, bus);
  self->contexts = dbus_context_new (manager_get_contexts (manager), self->objects, self->clients,
                                     dbus_open_handle, self->open);
  self->credentials = dbus_credential_new (manager_get_credentials (manager), manager_get_contexts (manager),
                                           self->objects, self->clients, erase_credentials, self);
  export_modules (self);
  export_connections (self);
  self->root = dbus_manager_new (bus, manager, self->contexts, self->credentials, error);
  if (self->root == NULL)
    return NULL;

  manager_set_listener (manager, &manager_listener, self);
  return g_steal_pointer (&self);
}

void
dbus_service_free (DBusService *self)
{
  g_clear_handle_id (&self->name_id, g_bus_unown_name);
  manager_set_listener (self->manager, NULL, NULL);
  g_clear_pointer (&self->root, dbus_manager_free);
  dbus_context_free (self->contexts);
  dbus_credential_free (self->credentials);
  g_hash_table_unref (self->connections);
  g_hash_table_unref (self->modules);
  dbus_clients_free (self->clients);
  dbus_open_free (self->open);
  g_dbus_object_manager_server_set_connection (self->objects, NULL);
  g_object_unref (self->objects);
  g_object_unref (self->bus);
  g_free (self);
}

static void
on_name_acquired (GDBusConnection *bus, const char *name, gpointer user_data)
{
  DBusService *self = user_data;

  self->name_func (TRUE, "", self->name_data);
}

static void
on_name_lost (GDBusConnection *bus, const char *name, gpointer user_data)
{
  DBusService *self = user_data;

  if (bus == NULL || g_dbus_connection_is_closed (bus))
    self->name_func (FALSE, "The message bus is gone.", self->name_data);
  else
    self->name_func (FALSE,
                     "The bus name " MSSL_BUS_NAME
                     " cannot be owned. Another modemssld may be running, or the "
                     "bus policy " MSSL_BUS_NAME ".conf is not installed.",
                     self->name_data);
}

void
dbus_service_own_name (DBusService *self, DBusServiceNameFunc func, gpointer user_data)
{
  self->name_func = func;
  self->name_data = user_data;
  self->name_id = g_bus_own_name_on_connection (self->bus, MSSL_BUS_NAME, G_BUS_NAME_OWNER_FLAGS_DO_NOT_QUEUE,
                                                on_name_acquired, on_name_lost, self, NULL);
}
