/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A skeleton for each context, and the Manager's methods that concern contexts.
 */
#include "dbus-context.h"

#include "dbus-error.h"
#include "dbus-user.h"
#include "mssl-error.h"
#include "mssl-name.h"
#include "mssl-names.h"
#include "tls-security.h"

struct DBusContext {
  ContextStore *store;
  GDBusObjectManagerServer *objects;
  DBusClients *clients;
  GCancellable *freed;
  DBusContextOpenFunc open;
  gpointer open_data;
  GHashTable *exports; /* name -> Export */
};

/** One exported object. */
typedef struct {
  DBusContext *owner;
  Context *context;
  MsslDBusContext *skeleton;
  char *path;
} Export;

static void
export_free (gpointer user_data)
{
  Export *export = user_data;

  g_dbus_object_manager_server_unexport (export->owner->objects, export->path);
  g_signal_handlers_disconnect_by_data (export->context, export);
  g_signal_handlers_disconnect_by_data (export->skeleton, export);
  g_object_unref (export->context);
  g_object_unref (export->skeleton);
  g_free (export->path);
  g_free (export);
}

static void
on_changed (Context *context, gpointer user_data)
{
  Export *export = user_data;
  const ContextSettings *settings = context_get_settings (context);
  g_auto (GStrv) warnings = tls_security_get_warnings (&settings->tls);

  mssl_dbus_context_set_settings (export->skeleton, context_settings_to_variant (settings));
  mssl_dbus_context_set_warnings (export->skeleton, (const char *const *) warnings);
  g_dbus_interface_skeleton_flush (G_DBUS_INTERFACE_SKELETON (export->skeleton));
}

static gboolean
handle_configure (MsslDBusContext *skeleton, GDBusMethodInvocation *invocation, GVariant *settings,
                  gpointer user_data)
{
  Export *export = user_data;
  GError *error = NULL;

  if (!context_configure (export->context, settings, &error))
    dbus_error_return (invocation, error);
  else
    mssl_dbus_context_complete_configure (skeleton, invocation);
  return TRUE;
}

static gboolean
handle_open (MsslDBusContext *skeleton, GDBusMethodInvocation *invocation, const char *host, guint16 port,
             GVariant *options, gpointer user_data)
{
  Export *export = user_data;

  export->owner->open (invocation, skeleton, export->context, host, port, options, export->owner->open_data);
  return TRUE;
}

static gboolean
handle_delete (MsslDBusContext *skeleton, GDBusMethodInvocation *invocation, gpointer user_data)
{
  Export *export = user_data;
  GError *error = NULL;

  /* Frees the export. */
  if (!context_store_delete (export->owner->store, export->context, &error))
    dbus_error_return (invocation, error);
  else
    mssl_dbus_context_complete_delete (skeleton, invocation);
  return TRUE;
}

static void
on_added (Context *context, gpointer user_data)
{
  DBusContext *self = user_data;
  Export *export = g_new0 (Export, 1);
  g_autoptr (MsslDBusObjectSkeleton) object = NULL;

  export->owner = self;
  export->context = g_object_ref (context);
  export->skeleton = mssl_dbus_context_skeleton_new ();
  export->path = mssl_name_to_path (MSSL_PATH_CONTEXTS, context_get_name (context));
  mssl_dbus_context_set_name (export->skeleton, context_get_name (context));
  on_changed (context, export);
  g_signal_connect (context, "changed", G_CALLBACK (on_changed), export);
  g_signal_connect (export->skeleton, "handle-configure", G_CALLBACK (handle_configure), export);
  g_signal_connect (export->skeleton, "handle-open", G_CALLBACK (handle_open), export);
  g_signal_connect (export->skeleton, "handle-delete", G_CALLBACK (handle_delete), export);
  g_hash_table_insert (self->exports, g_strdup (context_get_name (context)), export);

  object = mssl_dbus_object_skeleton_new (export->path);
  mssl_dbus_object_skeleton_set_context (object, export->skeleton);
  g_dbus_object_manager_server_export (self->objects, G_DBUS_OBJECT_SKELETON (object));
}

static void
on_removed (Context *context, gpointer user_data)
{
  DBusContext *self = user_data;

  g_hash_table_remove (self->exports, context_get_name (context));
}

static const ContextStoreListener listener = { .added = on_added, .removed = on_removed };

DBusContext *
dbus_context_new (ContextStore *store, GDBusObjectManagerServer *objects, DBusClients *clients,
                  DBusContextOpenFunc open, gpointer open_data)
{
  DBusContext *self = g_new0 (DBusContext, 1);
  g_autoptr (GPtrArray) contexts = context_store_list (store);

  self->store = store;
  self->objects = g_object_ref (objects);
  self->clients = clients;
  self->freed = g_cancellable_new ();
  self->open = open;
  self->open_data = open_data;
  self->exports = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, export_free);
  for (guint i = 0; i < contexts->len; i++)
    on_added (contexts->pdata[i], self);
  context_store_set_listener (store, &listener, self);
  return self;
}

void
dbus_context_free (DBusContext *self)
{
  g_cancellable_cancel (self->freed);
  g_object_unref (self->freed);
  context_store_set_listener (self->store, NULL, NULL);
  g_hash_table_unref (self->exports);
  g_object_unref (self->objects);
  g_free (self);
}

static void
serve_create (GDBusMethodInvocation *invocation, guint uid, gpointer user_data)
{
  DBusContext *self = user_data;
  g_autoptr (GVariant) settings = NULL;
  g_autofree char *path = NULL;
  GError *error = NULL;
  const char *name;

  g_variant_get (g_dbus_method_invocation_get_parameters (invocation), "(&s@a{sv})", &name, &settings);
  if (context_store_create (self->store, name, settings, uid, &error) == NULL) {
    dbus_error_return (invocation, error);
    return;
  }
  path = mssl_name_to_path (MSSL_PATH_CONTEXTS, name);
  g_dbus_method_invocation_return_value (invocation, g_variant_new ("(o)", path));
}

gboolean
dbus_context_handle_create (MsslDBusManager *manager, GDBusMethodInvocation *invocation, const char *name,
                            GVariant *settings, gpointer user_data)
{
  DBusContext *self = user_data;

  dbus_user_find (self->clients, invocation, serve_create, self, self->freed);
  return TRUE;
}

gboolean
dbus_context_handle_get (MsslDBusManager *manager, GDBusMethodInvocation *invocation, const char *name,
                         gpointer user_data)
{
  DBusContext *self = user_data;
  g_autofree char *path = NULL;

  if (context_store_lookup (self->store, name) == NULL) {
    dbus_error_return (invocation, g_error_new_literal (MSSL_ERROR, MSSL_ERROR_NOT_FOUND,
                                                        "There is no context of that name."));
    return TRUE;
  }
  path = mssl_name_to_path (MSSL_PATH_CONTEXTS, name);
  mssl_dbus_manager_complete_get_context (manager, invocation, path);
  return TRUE;
}

gboolean
dbus_context_handle_list (MsslDBusManager *manager, GDBusMethodInvocation *invocation, gpointer user_data)
{
  DBusContext *self = user_data;
  g_autoptr (GPtrArray) contexts = context_store_list (self->store);
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_auto (GStrv) paths = NULL;

  for (guint i = 0; i < contexts->len; i++) {
    g_autofree char *path = mssl_name_to_path (MSSL_PATH_CONTEXTS, context_get_name (contexts->pdata[i]));

    g_strv_builder_add (builder, path);
  }
  paths = g_strv_builder_end (builder);
  mssl_dbus_manager_complete_get_contexts (manager, invocation, (const char *const *) paths);
  return TRUE;
}
