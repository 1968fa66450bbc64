/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The Manager's own methods: lists of modules and connections.
 */
#include "dbus-manager.h"

#include "build-config.h"
#include "dbus-connection.h"
#include "dbus-error.h"
#include "mssl-error.h"
#include "mssl-name.h"
#include "mssl-names.h"

struct DBusManager {
  Manager *manager;
  MsslDBusManager *skeleton;
};

static gboolean
handle_get_modules (MsslDBusManager *skeleton, GDBusMethodInvocation *invocation, gpointer user_data)
{
  DBusManager *self = user_data;
  GPtrArray *modules = manager_get_modules (self->manager);
  g_autoptr (GPtrArray) paths = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; i < modules->len; i++)
    g_ptr_array_add (paths, mssl_name_to_path (MSSL_PATH_MODULES, module_get_name (modules->pdata[i])));
  g_ptr_array_add (paths, NULL);
  mssl_dbus_manager_complete_get_modules (skeleton, invocation, (const char *const *) paths->pdata);
  return TRUE;
}

static gboolean
handle_get_module (MsslDBusManager *skeleton, GDBusMethodInvocation *invocation, const char *name,
                   gpointer user_data)
{
  DBusManager *self = user_data;
  GError *error = NULL;
  g_autofree char *path = NULL;

  if (manager_find_module (self->manager, name, &error) == NULL) {
    dbus_error_return (invocation, error);
    return TRUE;
  }
  path = mssl_name_to_path (MSSL_PATH_MODULES, name);
  mssl_dbus_manager_complete_get_module (skeleton, invocation, path);
  return TRUE;
}

static gboolean
handle_get_connections (MsslDBusManager *skeleton, GDBusMethodInvocation *invocation, gpointer user_data)
{
  DBusManager *self = user_data;
  GPtrArray *connections = manager_get_connections (self->manager);
  g_autoptr (GPtrArray) paths = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; i < connections->len; i++)
    g_ptr_array_add (paths, dbus_connection_make_path (connection_get_number (connections->pdata[i])));
  g_ptr_array_add (paths, NULL);
  mssl_dbus_manager_complete_get_connections (skeleton, invocation, (const char *const *) paths->pdata);
  return TRUE;
}

static void
connect_signals (DBusManager *self, DBusContext *contexts, DBusCredential *credentials)
{
  MsslDBusManager *skeleton = self->skeleton;

  g_signal_connect (skeleton, "handle-get-modules", G_CALLBACK (handle_get_modules), self);
  g_signal_connect (skeleton, "handle-get-module", G_CALLBACK (handle_get_module), self);
  g_signal_connect (skeleton, "handle-get-connections", G_CALLBACK (handle_get_connections), self);
  g_signal_connect (skeleton, "handle-create-context", G_CALLBACK (dbus_context_handle_create), contexts);
  g_signal_connect (skeleton, "handle-get-context", G_CALLBACK (dbus_context_handle_get), contexts);
  g_signal_connect (skeleton, "handle-get-contexts", G_CALLBACK (dbus_context_handle_list), contexts);
  g_signal_connect (skeleton, "handle-import-credential", G_CALLBACK (dbus_credential_handle_import),
                    credentials);
  g_signal_connect (skeleton, "handle-get-credential", G_CALLBACK (dbus_credential_handle_get), credentials);
  g_signal_connect (skeleton, "handle-get-credentials", G_CALLBACK (dbus_credential_handle_list),
                    credentials);
}

void
dbus_manager_update_missing (DBusManager *self)
{
  GPtrArray *missing = manager_get_missing (self->manager);
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a(sss)"));

  for (guint i = 0; i < missing->len; i++) {
    const MissingModule *module = missing->pdata[i];

    g_variant_builder_add (&builder, "(sss)", module->name, module->device, module->why);
  }
  mssl_dbus_manager_set_missing_modules (self->skeleton, g_variant_builder_end (&builder));
  g_dbus_interface_skeleton_flush (G_DBUS_INTERFACE_SKELETON (self->skeleton));
}

DBusManager *
dbus_manager_new (GDBusConnection *bus, Manager *manager, DBusContext *contexts, DBusCredential *credentials,
                  GError **error)
{
  DBusManager *self = g_new0 (DBusManager, 1);

  self->manager = manager;
  self->skeleton = mssl_dbus_manager_skeleton_new ();
  mssl_dbus_manager_set_version (self->skeleton, MODEMSSL_VERSION);
  dbus_manager_update_missing (self);
  connect_signals (self, contexts, credentials);
  if (g_dbus_interface_skeleton_export (G_DBUS_INTERFACE_SKELETON (self->skeleton), bus, MSSL_PATH, error))
    return self;

  g_object_unref (self->skeleton);
  g_free (self);
  return NULL;
}

void
dbus_manager_free (DBusManager *self)
{
  g_dbus_interface_skeleton_unexport (G_DBUS_INTERFACE_SKELETON (self->skeleton));
  g_object_unref (self->skeleton);
  g_free (self);
}
