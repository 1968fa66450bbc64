/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A subclass: GDBus reads a property of a skeleton by g_object_get_property().
 */
#include "dbus-credential-skeleton.h"

#define DBUS_CREDENTIAL_SKELETON_TYPE (dbus_credential_skeleton_get_type ())
G_DECLARE_FINAL_TYPE (DBusCredentialSkeleton, dbus_credential_skeleton, DBUS, CREDENTIAL_SKELETON,
                      MsslDBusCredentialSkeleton)

struct _DBusCredentialSkeleton {
  MsslDBusCredentialSkeleton parent_instance;
  Credential *credential;
  CredentialStore *store;
};

G_DEFINE_FINAL_TYPE (DBusCredentialSkeleton, dbus_credential_skeleton, MSSL_DBUS_TYPE_CREDENTIAL_SKELETON)

enum {
  PROPERTY_WARNINGS = 1,
};

static void
update (DBusCredentialSkeleton *self)
{
  MsslDBusCredential *skeleton = MSSL_DBUS_CREDENTIAL (self);
  g_auto (GStrv) modules = credential_store_list_modules (self->store, self->credential);

  mssl_dbus_credential_set_ca_certificate (skeleton,
                                           credential_describe (self->credential, MODULE_CREDENTIAL_CA));
  mssl_dbus_credential_set_client_certificate (
      skeleton, credential_describe (self->credential, MODULE_CREDENTIAL_CLIENT_CERTIFICATE));
  mssl_dbus_credential_set_modules (skeleton, (const char *const *) modules);
  g_dbus_interface_skeleton_flush (G_DBUS_INTERFACE_SKELETON (self));
}

static void
dbus_credential_skeleton_get_property (GObject *object, guint id, GValue *value, GParamSpec *spec)
{
  DBusCredentialSkeleton *self = DBUS_CREDENTIAL_SKELETON (object);

  if (id != PROPERTY_WARNINGS) {
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, spec);
    return;
  }
  g_value_take_boxed (value, credential_get_warnings (self->credential, g_get_real_time () / G_USEC_PER_SEC));
}

/** The generated class declares the property as writable, so GObject wants to see this. */
static void
dbus_credential_skeleton_set_property (GObject *object, guint id, const GValue *value, GParamSpec *spec)
{
  G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, spec);
}

static void
dbus_credential_skeleton_finalize (GObject *object)
{
  DBusCredentialSkeleton *self = DBUS_CREDENTIAL_SKELETON (object);

  g_signal_handlers_disconnect_by_data (self->credential, self);
  g_object_unref (self->credential);
  G_OBJECT_CLASS (dbus_credential_skeleton_parent_class)->finalize (object);
}

static void
dbus_credential_skeleton_class_init (DBusCredentialSkeletonClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = dbus_credential_skeleton_get_property;
  object_class->set_property = dbus_credential_skeleton_set_property;
  object_class->finalize = dbus_credential_skeleton_finalize;
  g_object_class_override_property (object_class, PROPERTY_WARNINGS, "warnings");
}

static void
dbus_credential_skeleton_init (DBusCredentialSkeleton *self)
{
}

MsslDBusCredential *
dbus_credential_skeleton_new (Credential *credential, CredentialStore *store)
{
  DBusCredentialSkeleton *self = g_object_new (DBUS_CREDENTIAL_SKELETON_TYPE, NULL);

  self->credential = g_object_ref (credential);
  self->store = store;
  mssl_dbus_credential_set_name (MSSL_DBUS_CREDENTIAL (self), credential_get_name (credential));
  update (self);
  g_signal_connect_swapped (credential, "changed", G_CALLBACK (update), self);
  return MSSL_DBUS_CREDENTIAL (self);
}
