/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A skeleton for each credential, the Manager's methods that concern credentials, and the calls that wait for
 * a file descriptor or a module.
 */
#include "dbus-credential.h"

#include <gio/gunixfdlist.h>

#include "dbus-credential-parts.h"
#include "dbus-credential-skeleton.h"
#include "dbus-error.h"
#include "dbus-user.h"
#include "mssl-error.h"
#include "mssl-name.h"
#include "mssl-names.h"

struct DBusCredential {
  CredentialStore *store;
  ContextStore *contexts;
  GDBusObjectManagerServer *objects;
  DBusClients *clients;
  GCancellable *freed;
  DBusCredentialEraseFunc erase;
  gpointer erase_data;
  GHashTable *exports; /* name -> Export */
  GHashTable *calls;   /* set of Call, each freed by its own callback */
};

/** One exported object. */
typedef struct {
  DBusCredential *owner;
  Credential *credential;
  MsslDBusCredential *skeleton;
  char *path;
} Export;

/** A method that is not yet answered. */
typedef struct {
  DBusCredential *owner;             /* NULL when that was freed, and the call answered */
  GDBusMethodInvocation *invocation; /* NULL when it was answered */
  char *name;                        /* of the credential to be imported, else NULL */
  guint uid;                         /* whose it is to be */
  Credential *credential;            /* to be replaced or deleted, else NULL */
} Call;

static Call *
call_new (DBusCredential *owner, GDBusMethodInvocation *invocation, const char *name, guint uid,
          Credential *credential)
{
  Call *call = g_new0 (Call, 1);

  call->owner = owner;
  call->invocation = invocation;
  call->name = g_strdup (name);
  call->uid = uid;
  call->credential = credential != NULL ? g_object_ref (credential) : NULL;
  g_hash_table_add (owner->calls, call);
  return call;
}

static void
call_free (Call *call)
{
  if (call->owner != NULL)
    g_hash_table_remove (call->owner->calls, call);
  g_clear_object (&call->credential);
  g_free (call->name);
  g_free (call);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Call, call_free)

static void
fail (Call *call, GError *error)
{
  dbus_error_return (g_steal_pointer (&call->invocation), error);
}

/** The daemon ends: the callback, which still comes, has nothing to do but to free the call. */
static void
call_abandon (Call *call)
{
  fail (call, g_error_new_literal (MSSL_ERROR, MSSL_ERROR_FAILED, "The daemon is stopping."));
  call->owner = NULL;
}

static void
finish_import (Call *call, CredentialParts *parts)
{
  g_autofree char *path = mssl_name_to_path (MSSL_PATH_CREDENTIALS, call->name);
  GError *error = NULL;

  if (credential_store_import (call->owner->store, call->name, parts, call->uid, &error) == NULL)
    fail (call, error);
  else
    g_dbus_method_invocation_return_value (g_steal_pointer (&call->invocation), g_variant_new ("(o)", path));
}

static void
finish_replace (Call *call, CredentialParts *parts)
{
  GError *error = NULL;

  if (!credential_store_replace (call->owner->store, call->credential, parts, &error))
    fail (call, error);
  else
    g_dbus_method_invocation_return_value (g_steal_pointer (&call->invocation), NULL);
}

static void
on_parts_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Call) call = user_data;
  GError *error = NULL;
  g_autoptr (CredentialParts) parts = dbus_credential_parts_read_finish (result, &error);

  if (call->owner == NULL)
    g_clear_error (&error);
  else if (parts == NULL)
    fail (call, error);
  else if (call->credential != NULL)
    finish_replace (call, g_steal_pointer (&parts));
  else
    finish_import (call, g_steal_pointer (&parts));
}

/** Reads @parts for @invocation; @name or @credential says what for. */
static void
read_parts (DBusCredential *self, GDBusMethodInvocation *invocation, GVariant *parts, const char *name,
            guint uid, Credential *credential)
{
  GDBusMessage *message = g_dbus_method_invocation_get_message (invocation);

  if (g_hash_table_size (self->calls) >= DBUS_CREDENTIAL_CALLS_MAX) {
    dbus_error_return (invocation,
                       g_error_new (MSSL_ERROR, MSSL_ERROR_LIMIT_EXCEEDED,
                                    "%d credentials are being imported or deleted already: try again.",
                                    DBUS_CREDENTIAL_CALLS_MAX));
    return;
  }
  dbus_credential_parts_read_async (parts, g_dbus_message_get_unix_fd_list (message), on_parts_read,
                                    call_new (self, invocation, name, uid, credential));
}

static gboolean
handle_replace (MsslDBusCredential *skeleton, GDBusMethodInvocation *invocation, GVariant *parts,
                gpointer user_data)
{
  Export *export = user_data;

  read_parts (export->owner, invocation, parts, NULL, 0, export->credential);
  return TRUE;
}

static void
on_erased (gpointer user_data)
{
  g_autoptr (Call) call = user_data;
  g_auto (GStrv) modules = NULL;

  if (call->owner == NULL)
    return;
  modules = credential_store_list_modules (call->owner->store, call->credential);
  g_dbus_method_invocation_return_value (g_steal_pointer (&call->invocation),
                                         g_variant_new ("(^as)", modules));
}

static gboolean
delete_unused (DBusCredential *self, Credential *credential, GError **error)
{
  const char *name = credential_get_name (credential);
  Context *context = context_store_find_user_of_credential (self->contexts, name);

  if (context == NULL)
    return credential_store_delete (self->store, credential, error);
  g_set_error (error, MSSL_ERROR, MSSL_ERROR_IN_USE,
               "The context %s names the credential %s: change or delete the context first.",
               context_get_name (context), name);
  return FALSE;
}

static gboolean
handle_delete (MsslDBusCredential *skeleton, GDBusMethodInvocation *invocation, gpointer user_data)
{
  Export *export = user_data;
  DBusCredential *self = export->owner;
  g_autoptr (Credential) credential = g_object_ref (export->credential);
  GError *error = NULL;
  Call *call;

  /* Frees the export. */
  if (!delete_unused (self, credential, &error)) {
    dbus_error_return (invocation, error);
    return TRUE;
  }
  call = call_new (self, invocation, NULL, 0, credential);
  if (self->erase != NULL)
    self->erase (on_erased, call, self->erase_data);
  else
    on_erased (call);
  return TRUE;
}

static void
export_free (gpointer user_data)
{
  Export *export = user_data;

  g_dbus_object_manager_server_unexport (export->owner->objects, export->path);
  g_signal_handlers_disconnect_by_data (export->skeleton, export);
  g_object_unref (export->credential);
  g_object_unref (export->skeleton);
  g_free (export->path);
  g_free (export);
}

static void
on_added (Credential *credential, gpointer user_data)
{
  DBusCredential *self = user_data;
  Export *export = g_new0 (Export, 1);
  g_autoptr (MsslDBusObjectSkeleton) object = NULL;

  export->owner = self;
  export->credential = g_object_ref (credential);
  export->skeleton = dbus_credential_skeleton_new (credential, self->store);
  export->path = mssl_name_to_path (MSSL_PATH_CREDENTIALS, credential_get_name (credential));
  g_signal_connect (export->skeleton, "handle-replace", G_CALLBACK (handle_replace), export);
  g_signal_connect (export->skeleton, "handle-delete", G_CALLBACK (handle_delete), export);
  g_hash_table_insert (self->exports, g_strdup (credential_get_name (credential)), export);

  object = mssl_dbus_object_skeleton_new (export->path);
  mssl_dbus_object_skeleton_set_credential (object, export->skeleton);
  g_dbus_object_manager_server_export (self->objects, G_DBUS_OBJECT_SKELETON (object));
}

static void
on_removed (Credential *credential, gpointer user_data)
{
  DBusCredential *self = user_data;

  g_hash_table_remove (self->exports, credential_get_name (credential));
}

static const CredentialStoreListener listener = { .added = on_added, .removed = on_removed };

DBusCredential *
dbus_credential_new (CredentialStore *store, ContextStore *contexts, GDBusObjectManagerServer *objects,
                     DBusClients *clients, DBusCredentialEraseFunc erase, gpointer erase_data)
{
  DBusCredential *self = g_new0 (DBusCredential, 1);
  g_autoptr (GPtrArray) credentials = credential_store_list (store);

  self->store = store;
  self->contexts = contexts;
  self->objects = g_object_ref (objects);
  self->clients = clients;
  self->freed = g_cancellable_new ();
  self->erase = erase;
  self->erase_data = erase_data;
  self->exports = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, export_free);
  self->calls = g_hash_table_new (NULL, NULL);
  for (guint i = 0; i < credentials->len; i++)
    on_added (credentials->pdata[i], self);
  credential_store_set_listener (store, &listener, self);
  return self;
}

void
dbus_credential_free (DBusCredential *self)
{
  GHashTableIter iter;
  gpointer call;

  g_cancellable_cancel (self->freed);
  g_object_unref (self->freed);
  credential_store_set_listener (self->store, NULL, NULL);
  g_hash_table_iter_init (&iter, self->calls);
  while (g_hash_table_iter_next (&iter, &call, NULL))
    call_abandon (call);
  g_hash_table_unref (self->calls);
  g_hash_table_unref (self->exports);
  g_object_unref (self->objects);
  g_free (self);
}

static void
serve_import (GDBusMethodInvocation *invocation, guint uid, gpointer user_data)
{
  DBusCredential *self = user_data;
  g_autoptr (GVariant) parts = NULL;
  GError *error = NULL;
  const char *name;

  g_variant_get (g_dbus_method_invocation_get_parameters (invocation), "(&s@a{sv})", &name, &parts);
  /* Before anything is read; the store checks again, since much may happen until then. */
  if (!credential_store_check_new (self->store, name, uid, &error))
    dbus_error_return (invocation, error);
  else
    read_parts (self, invocation, parts, name, uid, NULL);
}

gboolean
dbus_credential_handle_import (MsslDBusManager *manager, GDBusMethodInvocation *invocation, const char *name,
                               GVariant *parts, gpointer user_data)
{
  DBusCredential *self = user_data;

  dbus_user_find (self->clients, invocation, serve_import, self, self->freed);
  return TRUE;
}

gboolean
dbus_credential_handle_get (MsslDBusManager *manager, GDBusMethodInvocation *invocation, const char *name,
                            gpointer user_data)
{
  DBusCredential *self = user_data;
  g_autofree char *path = NULL;

  if (credential_store_lookup (self->store, name) == NULL) {
    dbus_error_return (invocation, g_error_new_literal (MSSL_ERROR, MSSL_ERROR_NOT_FOUND,
                                                        "There is no credential of that name."));
    return TRUE;
  }
  path = mssl_name_to_path (MSSL_PATH_CREDENTIALS, name);
  mssl_dbus_manager_complete_get_credential (manager, invocation, path);
  return TRUE;
}

gboolean
dbus_credential_handle_list (MsslDBusManager *manager, GDBusMethodInvocation *invocation, gpointer user_data)
{
  DBusCredential *self = user_data;
  g_autoptr (GPtrArray) credentials = credential_store_list (self->store);
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_auto (GStrv) paths = NULL;

  for (guint i = 0; i < credentials->len; i++) {
    g_autofree char *path =
        mssl_name_to_path (MSSL_PATH_CREDENTIALS, credential_get_name (credentials->pdata[i]));

    g_strv_builder_add (builder, path);
  }
  paths = g_strv_builder_end (builder);
  mssl_dbus_manager_complete_get_credentials (manager, invocation, (const char *const *) paths);
  return TRUE;
}
