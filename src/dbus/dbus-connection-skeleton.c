/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Four properties of the generated skeleton, overridden.
 */
#include "dbus-connection-skeleton.h"

#define DBUS_CONNECTION_SKELETON_TYPE (dbus_connection_skeleton_get_type ())
G_DECLARE_FINAL_TYPE (DBusConnectionSkeleton, dbus_connection_skeleton, DBUS, CONNECTION_SKELETON,
                      MsslDBusConnectionSkeleton)

struct _DBusConnectionSkeleton {
  MsslDBusConnectionSkeleton parent_instance;
  Connection *connection;
};

G_DEFINE_FINAL_TYPE (DBusConnectionSkeleton, dbus_connection_skeleton, MSSL_DBUS_TYPE_CONNECTION_SKELETON)

enum {
  PROPERTY_BYTES_SENT = 1,
  PROPERTY_BYTES_CONFIRMED,
  PROPERTY_BYTES_RECEIVED,
  PROPERTY_BYTES_DELIVERED,
};

static void
get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  DBusConnectionSkeleton *self = DBUS_CONNECTION_SKELETON (object);
  ConnectionStatistics statistics;

  connection_get_statistics (self->connection, &statistics);
  switch (id) {
  case PROPERTY_BYTES_SENT:
    g_value_set_uint64 (value, statistics.bytes_sent);
    return;
  case PROPERTY_BYTES_CONFIRMED:
    g_value_set_uint64 (value, statistics.bytes_confirmed);
    return;
  case PROPERTY_BYTES_RECEIVED:
    g_value_set_uint64 (value, statistics.bytes_received);
    return;
  case PROPERTY_BYTES_DELIVERED:
    g_value_set_uint64 (value, statistics.bytes_delivered);
    return;
  }
  G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
finalize (GObject *object)
{
  DBusConnectionSkeleton *self = DBUS_CONNECTION_SKELETON (object);

  g_clear_object (&self->connection);
  G_OBJECT_CLASS (dbus_connection_skeleton_parent_class)->finalize (object);
}

static void
dbus_connection_skeleton_class_init (DBusConnectionSkeletonClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = get_property;
  object_class->set_property = set_property;
  object_class->finalize = finalize;
  g_object_class_override_property (object_class, PROPERTY_BYTES_SENT, "bytes-sent");
  g_object_class_override_property (object_class, PROPERTY_BYTES_CONFIRMED, "bytes-confirmed");
  g_object_class_override_property (object_class, PROPERTY_BYTES_RECEIVED, "bytes-received");
  g_object_class_override_property (object_class, PROPERTY_BYTES_DELIVERED, "bytes-delivered");
}

static void
dbus_connection_skeleton_init (DBusConnectionSkeleton *self)
{
}

MsslDBusConnection *
dbus_connection_skeleton_new (Connection *connection)
{
  DBusConnectionSkeleton *self = g_object_new (DBUS_CONNECTION_SKELETON_TYPE, NULL);

  self->connection = g_object_ref (connection);
  return MSSL_DBUS_CONNECTION (self);
}
